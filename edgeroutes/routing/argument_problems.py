"""Why arguments cannot be filled, in the same words where a route file is read and where it is loaded. Loaded with the first problem."""

from __future__ import annotations

from edgeroutes.routing.patterns import RESERVED_NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Literal

POSITIONAL_ONLY = ("a handler's arguments are given by name", "Remove the '/' from its signature")
NO_FIXED_NUMBER = ("repeated values have no fixed number", "Write tuple[T, ...] or list[T]")
IMPORT_IT = "Import it outside 'if TYPE_CHECKING:', because it is needed when the route runs"


def unfillable(name: str, segments: Iterable[str]) -> tuple[str, str]:
    """Of an argument without annotation and default; the problem's subject is the argument."""
    known = [*(segment for segment in segments if segment.isidentifier()), *RESERVED_NAMES]
    return "is not a captured segment and has neither annotation nor default", _alternative(name, list(segments), known)


def _alternative(name: str, segments: Sequence[str], known: Sequence[str]) -> str:
    for segment in segments:
        if segment != name and segment.replace("-", "_") == name:
            return f"Take 'params' and read params[{segment!r}]"
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1)
    if close:
        return f"Rename it to {close[0]!r}, or annotate it as a query parameter or a body"
    return f"Annotate it as a query parameter or a body, or take {', '.join(known[:-1])} or {known[-1]}"


def variadic(name: str) -> tuple[str, str]:
    """Of `*args` or `**kwargs`; the problem's subject is the function."""
    hint = "Name each argument. A decorator's wrapper that takes *args and **kwargs needs '@functools.wraps(function)'"
    return f"takes {name}, which nothing in a request can fill", hint


def refused_by_wrapper(name: str) -> tuple[str, str]:
    """Of an argument that a decorator's wrapper reports and does not take."""
    return f"decorator's wrapper does not take the argument {name!r}", "Give the wrapper **kwargs, and pass them on"


def required_by_wrapper(name: str) -> tuple[str, str]:
    """Of an argument that a decorator's wrapper requires and does not report."""
    hint = "Set the wrapper's __signature__ to one with it, or take the argument in the handler, too"
    return f"decorator's wrapper requires the argument {name!r}, which the signature does not report", hint


def several_bodies(names: Iterable[str]) -> tuple[str, str]:
    """Of arguments that are all the body; the problem's subject is the body."""
    hint = "Make one model with a field for each, or mark single fields with Form()"
    return f"cannot be {' and '.join(names)} at once", hint


def cycle(names: Sequence[str]) -> tuple[str, str]:
    """Of dependencies that need each other; the first name is also the last."""
    return f"the dependencies are a cycle: {' → '.join(names)}", "Move the part that both need into a third function"


def bad_default(default: str, write: str) -> tuple[str, str]:
    """Of a default that is a marker; the problem's subject is the default."""
    return f"is {default}. Allowed are values", f"Write '{write}: Annotated[T, …] = value'"


def unsupported(label: str, kind: Literal["parameter", "body"]) -> tuple[str, str]:
    """Of a type that no string, or no JSON, becomes."""
    hint = "Use str, int, float, bool, UUID, date, datetime, Decimal, an Enum, a Literal or, for a body, a model"
    if kind == "body":
        hint = "Use JSON's own types, dataclasses, TypedDicts, NamedTuples, pydantic models or msgspec structs"
    return f"{label} is not a supported {kind} type", hint
