"""What the dev server tells whoever runs it: values, which the command line prints and a console may show. Floor 3; prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.errors import EdgeroutesError, ProjectError


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteLine:
    """One route of the list: its methods, its path with the base path, its file."""

    methods: tuple[str, ...]
    path: str
    source_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The server takes requests.

    Args:
        url: Where.
        routes: How many there are.
        problems: What is wrong with the project.
        warnings: What else the reader should know.
        table: The routes.
    """

    url: str
    routes: int
    problems: tuple[ProjectError, ...] = ()
    warnings: tuple[str, ...] = ()
    table: tuple[RouteLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One request is done: a line of the access log.

    Args:
        method: As it came.
        path: With its query, as it came.
        status: Of the answer; 0 where none was sent.
        duration_ms: From the request's head to the answer's last byte.
        body_bytes: That were sent.
        source_file: The route's; empty where no route was asked.
        note: What was unusual about it: the client left, the connection was cut.
        cache: What the CDN did: `hit`, `miss`, `stale`, `refreshed`, `uncached`; empty where it did nothing.
    """

    method: str
    path: str
    status: int
    duration_ms: float
    body_bytes: int
    source_file: str = ""
    note: str = ""
    cache: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Something was raised that nobody caught.

    Args:
        message: What was being done.
        error: What was raised.
        is_repeated: Whether it was reported before: by `logger.exception`, and raised again.
    """

    message: str
    error: BaseException
    is_repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A line that edgeroutes' runtime logged, or that the server says of a request.

    Args:
        level: `ERROR`, `WARNING`, `INFO` or `DEBUG`.
        message: A sentence.
        fields: More of it, such as `route`.
    """

    level: str
    message: str
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """The project was read again.

    Args:
        changed: What had changed, relative to the project.
        duration_ms: From the save until requests got the new code.
        routes: How many there are now.
        problems: What is wrong with the project now.
    """

    changed: tuple[str, ...]
    duration_ms: float
    routes: int
    problems: tuple[ProjectError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudReady:
    """The resources of infra/ are there, in moto: made now, or changed.

    Args:
        url: What stands for AWS.
        resources: Those that infra/ declares, logical id → type.
        added: Those that were not there before.
        removed: Those that are there no more.
        duration_ms: From the start, or the save, until requests could use them.
        warnings: What is there by name alone, and what else should be known.
    """

    url: str
    resources: Mapping[str, str]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    duration_ms: float = 0.0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudFailed:
    """The resources of infra/ could not be made, or not be changed.

    Args:
        problems: Why.
        is_working: Whether there are those of before, with which requests go on.
    """

    problems: tuple[EdgeroutesError, ...]
    is_working: bool


REPORTED = "_edgeroutes_is_reported"


def is_reported(error: BaseException) -> bool:
    """Whether this was called for the error before."""
    was_reported = hasattr(error, REPORTED)
    with suppress(AttributeError, TypeError):
        setattr(error, REPORTED, True)
    return was_reported


Report = Started | Answered | Failed | Logged | Reloaded | CloudReady | CloudFailed
Reporter = Callable[[Report], None]
