"""How long the fuzz tests look: a share in CI, as long as wanted by `make fuzz` (FUZZ_SECONDS for each test).

A failing example is shrunk and printed; the seed is fixed, so that CI tries the same examples each time.
"""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import HealthCheck, settings

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
_QUIET = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture)

settings.register_profile("fuzz-ci", derandomize=True, deadline=None, database=None, suppress_health_check=_QUIET)
settings.register_profile("fuzz-long", deadline=None, max_examples=100_000, database=None, suppress_health_check=_QUIET)


@pytest.fixture
def fuzz_seconds() -> float:
    """How many seconds a test of its own loop has."""
    return SECONDS or 8.0


@pytest.fixture
def fuzz_random() -> random.Random:
    """The source of chance: the same each time in CI, another one in a long run, whose seed is printed."""
    seed = random.SystemRandom().randrange(2**32) if SECONDS else 20_261_130
    print(f"seed {seed}")  # shown by pytest where the test fails
    return random.Random(seed)
