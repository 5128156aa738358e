"""What the fuzz tests with loops of their own take: their time and their source of chance."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.profile import SECONDS


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
