"""A clock that stands still until it is moved: the `Clock` that tests give."""

from __future__ import annotations


class FakeClock:
    """Seconds since the epoch.

    Args:
        now: Where it starts.
    """

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        self.now += 0.001  # two things never happen at once
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds
