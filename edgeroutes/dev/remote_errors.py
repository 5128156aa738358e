"""Exceptions from another process, with their traceback, causes and messages, but without their classes.

Unpickling an exception of the project would import the project's module, and a traceback cannot be pickled at all. So what crosses is
strings and numbers, and here an exception is made of them that prints the same.
"""

from __future__ import annotations

import builtins
from types import TracebackType
from typing import Any

from edgeroutes.errors import EdgeroutesError

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
