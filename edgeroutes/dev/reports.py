"""What the dev server tells whoever runs it: values, which the command line prints and a console may show. Floor 3; prints nothing."""

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


# A chain of causes that is longer, or goes in a circle, is cut.
_MOST_CAUSES = 16
_PLAIN = (str, int, float, bool, bytes, type(None))


def pack_error(error: BaseException, depth: int = 0) -> dict[str, Any]:
    """What `unpack_error` makes the exception of: built-in types and edgeroutes' own errors only."""
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
    """The value in built-in types; of anything else its `repr`."""
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
    """A traceback entry of a frame that has this file, function name and line."""
    code = compile("raise ValueError", filename, "exec").replace(co_name=name, co_firstlineno=max(line, 1))
    try:
        exec(code, {})  # noqa: S102  # the constant above
    except ValueError as error:
        own = error.__traceback__.tb_next if error.__traceback__ is not None else None
    assert own is not None  # noqa: S101  # it has been raised
    return TracebackType(following, own.tb_frame, own.tb_lasti, line)
