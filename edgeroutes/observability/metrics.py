"""`metrics`: Powertools' CloudWatch metrics (EMF), written out once the answer has gone out. Request wing, floor 2."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Metrics

from edgeroutes.runtime.context import find_scope

if TYPE_CHECKING:
    from aws_lambda_powertools.metrics import MetricResolution, MetricUnit


class RequestMetrics(Metrics):
    """Metrics with the route as a dimension; what a request adds is written by itself, after its answer.

    Outside a request nothing is written before `flush_metrics` is called.
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


# CloudWatch needs a namespace: POWERTOOLS_METRICS_NAMESPACE names the project's own.
metrics = RequestMetrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "edgeroutes"))
