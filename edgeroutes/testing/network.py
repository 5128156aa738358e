"""What keeps tests from AWS: nothing of it can be reached while a fixture of ours is in use. Roof."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Source: docs.aws.amazon.com/general "AWS service endpoints", botocore's endpoints.json (read 2026-11-21).
_SUFFIXES = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".on.aws", ".aws.dev")


class RealAwsError(BaseException):
    """A test was about to ask AWS itself. A BaseException, so that no retry and no `except Exception` hides it."""


@contextmanager
def without_aws() -> Iterator[None]:
    """For as long as it lasts, no name of AWS's resolves; whoever asks for one is told which, and what to do."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **more: Any) -> Any:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
        if name.lower().rstrip(".").endswith(_SUFFIXES):
            raise RealAwsError(
                f"{name}: the test would have asked AWS itself. Allowed is AWS on the desk. Ask for the fixture 'aws'"
            )
        return resolve(host, *args, **more)

    socket.getaddrinfo = getaddrinfo
    try:
        yield
    finally:
        socket.getaddrinfo = resolve
