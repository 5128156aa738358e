"""What surrounds a function in a test: `os.environ` with fake credentials, no connection to AWS, and its captured log and metrics."""

from __future__ import annotations

import io
import json
import logging
import os
import socket
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric of CloudWatch.

    Args:
        name: Its name.
        values: The measured values.
        unit: `Count`, `Milliseconds`, …
        namespace: Its namespace in CloudWatch.
        dimensions: Name → value.
    """

    name: str
    values: tuple[float, ...]
    unit: str = "None"
    namespace: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)


class Output:
    """Log and metrics since the last `clear`."""

    def __init__(self) -> None:
        self.logs: list[dict[str, Any]] = []
        self.metrics: list[Metric] = []
        self._stdout = _Tee(self)
        self._root = _RootHandler(self)
        self._depth = 0

    def clear(self) -> None:
        self.logs.clear()
        self.metrics.clear()

    @contextmanager
    def captured(self) -> Iterator[None]:
        """Capture the output of a function in the block."""
        if self._depth:  # invoked by another function
            yield
            return
        there = sys.stdout
        self._stdout.underneath = there
        _redirect_handlers(there, self._stdout)
        sys.stdout = self._stdout
        logging.root.addHandler(self._root)
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            logging.root.removeHandler(self._root)
            self._stdout.end_line()
            if sys.stdout is self._stdout:
                sys.stdout = there

    def write_line(self, line: str) -> None:
        try:
            document = json.loads(line)
        except ValueError:
            document = line
        if isinstance(document, dict) and isinstance(document.get("_aws"), dict):
            self.metrics += _read_metrics(document)
        else:
            self.logs.append(document if isinstance(document, dict) else {"message": line})

    def has_handler_for(self, logger: logging.Logger) -> bool:
        """Whether a handler below the root writes a logger's records to standard output."""
        walked: logging.Logger | None = logger
        while walked is not None and walked is not logging.root:
            if any(getattr(handler, "stream", None) is self._stdout for handler in walked.handlers):
                return True
            walked = walked.parent if walked.propagate else None
        return False


def _read_metrics(document: Mapping[str, Any]) -> list[Metric]:
    """The metrics in a line of CloudWatch's embedded metric format.

    Source: docs.aws.amazon.com/AmazonCloudWatch "CloudWatch_Embedded_Metric_Format_Specification" (read 2026-11-21).
    """
    found = []
    for directive in document["_aws"].get("CloudWatchMetrics", ()):
        names = {name for group in directive.get("Dimensions", ()) for name in group}
        dimensions = {name: str(document[name]) for name in sorted(names) if name in document}
        for metric in directive.get("Metrics", ()):
            value = document.get(metric["Name"], ())
            found.append(
                Metric(
                    name=metric["Name"],
                    values=tuple(value) if isinstance(value, list) else (value,),
                    unit=metric.get("Unit", "None"),
                    namespace=directive.get("Namespace", ""),
                    dimensions=dimensions,
                )
            )
    return found


class _Tee(io.TextIOBase):
    """Captured standard output. A handler that still has it after the block writes to the original stream."""

    def __init__(self, output: Output) -> None:
        self.underneath: Any = sys.__stdout__
        self._output = output
        self._begun = ""

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a str there, too
        return str(self.underneath.encoding)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return bool(self.underneath.isatty())

    def fileno(self) -> int:
        return int(self.underneath.fileno())

    def write(self, text: str) -> int:
        """Capture whole lines, and pass everything on."""
        if sys.stdout is self:
            *lines, self._begun = (self._begun + text).split("\n")
            for line in lines:
                self._output.write_line(line)
        (self.underneath if sys.stdout is self else sys.stdout).write(text)
        return len(text)

    def flush(self) -> None:
        self.underneath.flush()

    def close(self) -> None:
        """Do nothing: pytest closes the original stream, and garbage collection would flush it after that."""

    def end_line(self) -> None:
        """Capture a line without a line end."""
        if self._begun:
            self._output.write_line(self._begun)
            self._begun = ""


class _RootHandler(logging.Handler):
    """Captures records that would reach Lambda's own handler at the root."""

    def __init__(self, output: Output) -> None:
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        if self._output.has_handler_for(logging.getLogger(record.name)):
            return
        line: dict[str, Any] = {"level": record.levelname, "message": record.getMessage(), "logger": record.name}
        if record.exc_info:
            line["exception"] = logging.Formatter().formatException(record.exc_info)
        self._output.logs.append(line)


def _redirect_handlers(there: Any, stdout: _Tee) -> None:
    """Redirect older handlers, such as those of a Powertools logger in a module that the test imports."""
    for logger in list(logging.root.manager.loggerDict.values()):
        for handler in getattr(logger, "handlers", ()):
            if type(handler) is logging.StreamHandler and handler.stream is there:
                handler.setStream(stdout)
