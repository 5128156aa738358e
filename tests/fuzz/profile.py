"""How long the fuzz tests look: a share in CI, the same examples each time; as long as wanted by `make fuzz` (FUZZ_SECONDS)."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
# Of the slowest test, on an idle machine.
_EXAMPLES_PER_SECOND = 20


def fuzzed(examples: int) -> settings:
    """Settings for a test with so many examples in CI, and as many new ones as take about FUZZ_SECONDS where that is set."""
    return settings(
        max_examples=max(1, int(SECONDS * _EXAMPLES_PER_SECOND)) if SECONDS else examples,
        derandomize=not SECONDS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
