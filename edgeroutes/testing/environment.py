"""`os.environ` around what runs: fake credentials in, and all as before in the end. Roof."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime, timedelta

# A developer's own account is nobody's business here. Source: docs.aws.amazon.com/sdkref "environment variables" (read 2026-11-21).
FAKE_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
}
# The origin secret is asked for on AWS alone.
NOT_IN_TESTS = ("EDGEROUTES_ORIGIN_SECRET", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL")


class FrozenTime(Protocol):
    """The type of the fixture `frozen_time`: these two methods of time-machine."""

    def move_to(self, destination: float | str | datetime | date | timedelta, *, tick: bool | None = None) -> None:
        """Set the time: seconds since the epoch, an ISO 8601 string, a date, or a timedelta from now.

        Args:
            destination: The new time.
            tick: Whether time runs on from there; None leaves it as it is.
        """
        ...

    def shift(self, delta: float | timedelta) -> None:
        """Move the time by seconds or a timedelta."""
        ...


def fake_account() -> None:
    """Have the environment name no account but the fake one."""
    os.environ.update(FAKE_CREDENTIALS)
    for name in NOT_IN_TESTS:
        os.environ.pop(name, None)


@contextmanager
def restored_environment() -> Iterator[None]:
    """Whatever happens to the environment meanwhile, it is as before in the end."""
    before = dict(os.environ)
    try:
        yield
    finally:
        put_environment(before)


def put_environment(wanted: Mapping[str, str]) -> None:
    """Have the environment be this, and nothing else."""
    for name in [name for name in os.environ if name not in wanted]:
        del os.environ[name]
    for name, value in wanted.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
