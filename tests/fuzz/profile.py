"""How long the fuzz tests run: in CI the same few examples each time; `make fuzz` sets EDGEROUTES_FUZZ to run that many new ones."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings


def fuzzed(examples: int) -> settings:
    """Settings for a test with so many examples in CI."""
    more = int(os.environ.get("EDGEROUTES_FUZZ", "0"))
    return settings(
        max_examples=more or examples,
        deadline=None,
        derandomize=not more,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
