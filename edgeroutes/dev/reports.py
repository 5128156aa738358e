"""What the dev server reports: values, which the command line prints."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import EdgeroutesError

if TYPE_CHECKING:
    from edgeroutes.errors import ProjectError


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteLine:
    """One route of the list; its path includes the base path."""

    methods: tuple[str, ...]
    path: str
    source_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The server accepts requests.

    Args:
        url: Its address.
        routes: How many there are.
        problems: The project's.
        warnings: The server's.
        table: The routes.
    """

    url: str
    routes: int
    problems: tuple[ProjectError, ...] = ()
    warnings: tuple[str, ...] = ()
    table: tuple[RouteLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Responded:
    """One response: a line of the access log.

    Args:
        method: The request's.
        path: Path and query, as they were sent.
        status: The response's; 0 without one.
        duration_ms: From the request's headers to the response's last byte.
        body_bytes: That were sent.
        source_file: The route's; empty without one.
        note: Anything unusual: the client left, the connection was closed.
        cache: What the CDN did: `hit`, `miss`, `stale`, `refreshed`, `uncached`; empty without a CDN.
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
    """An unhandled exception.

    Args:
        message: What failed.
        error: The exception.
        is_repeated: Whether `logger.exception` has reported it before.
    """

    message: str
    error: BaseException
    is_repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A line that the runtime or the server logs.

    Args:
        level: `ERROR`, `WARNING`, `INFO` or `DEBUG`.
        message: A sentence.
        fields: More, such as `route`.
    """

    level: str
    message: str
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """The project was read again.

    Args:
        changed: The changed files, relative to the project.
        duration_ms: From the save until requests get the new code.
        routes: How many there are now.
        problems: The project's.
    """

    changed: tuple[str, ...]
    duration_ms: float
    routes: int
    problems: tuple[ProjectError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudReady:
    """The resources of infra/ are created or changed.

    Args:
        url: The endpoint.
        resources: The ones of infra/, logical id → type.
        added: The new ones.
        removed: The ones that are gone.
        duration_ms: From the start, or the save, until requests can use them.
        warnings: Resources without a model, and others.
    """

    url: str
    resources: Mapping[str, str]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    duration_ms: float = 0.0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudFailed:
    """The resources of infra/ could not be created or changed.

    Args:
        problems: The reasons.
        is_working: Whether requests go on with the earlier ones.
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


Report = Started | Responded | Failed | Logged | Reloaded | CloudReady | CloudFailed
Reporter = Callable[[Report], None]


def log_writer(report: Reporter) -> Callable[[str, str, Mapping[str, object], BaseException | None], None]:
    """A writer for `runtime.log.add_writer` that reports what the runtime would write as a JSON line on Lambda."""

    def write(level: str, message: str, fields: Mapping[str, object], error: BaseException | None) -> None:
        if error is not None:
            report(Failed(message=message, error=error))
        else:
            report(Logged(level=level, message=message, fields=fields))

    return write


# A chain of causes that is longer, or goes in a circle, is cut.
_MOST_CAUSES = 16
_PLAIN = (str, int, float, bool, bytes, type(None))


def pack_error(error: BaseException, depth: int = 0) -> dict[str, Any]:
    """The argument of `unpack_error`: an exception as strings and numbers, for another process.

    Unpickling an exception would import the project's module, and a traceback cannot be pickled.
    """
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append((code.co_filename, code.co_name, trace.tb_lineno))
        trace = trace.tb_next
    causes = (error.__cause__, error.__context__) if depth < _MOST_CAUSES else (None, None)
    return {
        "module": type(error).__module__,
        "name": type(error).__qualname__,
        "string": _string_of(error),
        "args": plain_value(error.args),
        "own": error
        if isinstance(error, EdgeroutesError) and type(error).__module__.startswith("edgeroutes.")
        else None,
        "group": [pack_error(each, depth + 1) for each in error.exceptions]
        if isinstance(error, BaseExceptionGroup)
        else None,
        "frames": frames,
        "notes": plain_value(getattr(error, "__notes__", ())),
        "cause": pack_error(causes[0], depth + 1) if causes[0] is not None else None,
        "context": pack_error(causes[1], depth + 1) if causes[1] is not None and causes[0] is None else None,
        "suppress": error.__suppress_context__,
    }


def unpack_error(packed: dict[str, Any]) -> BaseException:
    """An exception with the same type name, message, traceback and causes."""
    error = packed["own"] if packed["own"] is not None else _made(packed)
    for note in packed["notes"]:
        error.add_note(note)
    if packed["context"] is not None:
        error.__context__ = unpack_error(packed["context"])
    if packed["cause"] is not None:
        error.__cause__ = unpack_error(packed["cause"])
    error.__suppress_context__ = packed["suppress"]
    trace: TracebackType | None = None
    for filename, name, line in reversed(packed["frames"]):
        trace = _traceback(filename, name, line, trace)
    return error.with_traceback(trace)


def plain_value(value: object) -> Any:
    """The value in built-in types; for others their `repr`."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, (tuple, list)):
        return tuple(plain_value(each) for each in value)
    if isinstance(value, dict):
        return {str(name): plain_value(each) for name, each in value.items()}
    try:
        return repr(value)
    except Exception:  # noqa: BLE001  # `repr` is the project's code
        return f"<{type(value).__name__}>"


def _string_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  # `__str__` is the project's code
        return "<exception str() failed>"


def _made(packed: dict[str, Any]) -> BaseException:
    if packed["group"]:
        return BaseExceptionGroup(str(packed["args"][0]), [unpack_error(each) for each in packed["group"]])
    builtin = getattr(builtins, packed["name"], None) if packed["module"] == "builtins" else None
    if isinstance(builtin, type) and issubclass(builtin, SyntaxError):  # its message includes its place
        return builtin(*packed["args"])
    members = {"__module__": packed["module"], "__str__": lambda _: packed["string"]}
    made: BaseException = type(packed["name"], (Exception,), members)()
    return made


def _traceback(filename: str, name: str, line: int, following: TracebackType | None) -> TracebackType:
    """A traceback entry of a frame with this file, function name and line."""
    code = compile("raise ValueError", filename, "exec").replace(co_name=name, co_firstlineno=max(line, 1))
    try:
        exec(code, {})  # noqa: S102  # the constant above
    except ValueError as error:
        own = error.__traceback__.tb_next if error.__traceback__ is not None else None
    assert own is not None  # noqa: S101  # it has been raised
    return TracebackType(following, own.tb_frame, own.tb_lasti, line)
