"""What surrounds a test: `os.environ` with fake credentials, restored in the end, and no connection to AWS."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from edgeroutes.names import SECRET_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime, timedelta

# Source: docs.aws.amazon.com/sdkref "environment variables" (read 2026-11-21).
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
# Functions check the origin secret on AWS only.
NOT_IN_TESTS = (SECRET_VARIABLE, "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL")


class FrozenTime(Protocol):
    """The type of the fixture `frozen_time`: two methods of time-machine."""

    def move_to(self, destination: float | str | datetime | date | timedelta, *, tick: bool | None = None) -> None:
        """Set the time: seconds since the epoch, an ISO 8601 string, a date, or a timedelta from now.

        Args:
            destination: The new time.
            tick: Whether time continues from there; None changes nothing.
        """
        ...

    def shift(self, delta: float | timedelta) -> None:
        """Move the time by seconds or a timedelta."""
        ...


def fake_account() -> None:
    """Give the environment the fake account only."""
    os.environ.update(FAKE_CREDENTIALS)
    for name in NOT_IN_TESTS:
        os.environ.pop(name, None)


@contextmanager
def restored_environment() -> Iterator[None]:
    """Restore the environment after the block."""
    before = dict(os.environ)
    try:
        yield
    finally:
        put_environment(before)


def put_environment(wanted: Mapping[str, str]) -> None:
    """Make the environment equal to `wanted`."""
    for name in [name for name in os.environ if name not in wanted]:
        del os.environ[name]
    for name, value in wanted.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


# Source: docs.aws.amazon.com/general "AWS service endpoints", botocore's endpoints.json (read 2026-11-21).
_SUFFIXES = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".on.aws", ".aws.dev")


class RealAwsError(BaseException):
    """A test was about to send a request to AWS. A BaseException, so that no retry and no `except Exception` hides it."""


@contextmanager
def without_aws() -> Iterator[None]:
    """Resolve no host name of AWS in the block; an attempt is an error that names the host."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **more: Any) -> Any:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
        if name.lower().rstrip(".").endswith(_SUFFIXES):
            raise RealAwsError(f"{name}: a test sends no request to AWS. Use local AWS: the fixture 'aws'")
        return resolve(host, *args, **more)

    socket.getaddrinfo = getaddrinfo
    try:
        yield
    finally:
        socket.getaddrinfo = resolve
