"""`metrics`: Powertools' CloudWatch metrics (EMF), written after the response has been sent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Metrics

from edgeroutes.runtime.context import find_scope
from edgeroutes.runtime.log import current_writer

if TYPE_CHECKING:
    from aws_lambda_powertools.metrics import MetricResolution, MetricUnit


class _RequestMetrics(Metrics):
    """Metrics with the route as a dimension, written automatically after the response.

    Outside a request they are written by `flush_metrics`.
    """

    def add_metric(
        self, name: str, unit: MetricUnit | str, value: float, resolution: MetricResolution | int = 60
    ) -> None:
        """Count `value` under `name`; see Powertools for units and resolutions."""
        scope = find_scope()
        flush: tuple[Any, tuple[()]] = (self.flush_metrics, ())
        if scope is not None and flush not in scope.after:
            self.add_dimension("route", scope.endpoint.route.route_path)
            scope.after.append(flush)
        super().add_metric(name, unit, value, resolution)

    def flush_metrics(self, raise_on_empty_metrics: bool = False) -> None:  # noqa: FBT001, FBT002  # as Powertools has it
        """Write the added metrics as one line of JSON; in dev, as a readable line."""
        writer = current_writer()
        if writer is None or not self.provider.metric_set:
            super().flush_metrics(raise_on_empty_metrics)
            return
        values = ", ".join(
            f"{name} {'+'.join(f'{value:g}' for value in each['Value'])} {each['Unit']}"
            for name, each in self.provider.metric_set.items()
        )
        writer("INFO", f"metrics: {values}", dict(self.provider.dimension_set), None)
        self.clear_metrics()


# CloudWatch requires a namespace; POWERTOOLS_METRICS_NAMESPACE overrides this one.
metrics = _RequestMetrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "edgeroutes"))
