"""Which cached value a call means: the function, as it is written now, and its arguments. Request wing, floor 2."""

from __future__ import annotations

import json

from edgeroutes.errors import HandlerError
from edgeroutes.http.json_text import render_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import CodeType
    from typing import Any

_PLAIN = (str, int, float, bool, type(None))
_HAS_EXTRA_POSITIONAL = 0x04  # CO_VARARGS


def function_name(function: Callable[..., Any]) -> str:
    """How messages and keys call it: `functions.api.products.route.find_product`."""
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    return f"{getattr(function, '__module__', '')}.{name}"


def function_key(function: Callable[..., Any]) -> str:
    """The function's name and a digest of how it is written: a function that was changed has none of its old values.

    What it calls is not seen.
    """
    code = getattr(_innermost(function), "__code__", None)
    return f"{function_name(function)}:{digest(repr(_written(code)))}" if code is not None else function_name(function)


def digest(text: str) -> str:
    """A short text for a long one."""
    from hashlib import blake2b

    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def call_key(function: Callable[..., Any], args: Sequence[object], arguments: Mapping[str, object]) -> str:
    """A text for these arguments: the same ones, by name or by place, the same text.

    Raises:
        HandlerError: For an argument that no text stands for.
    """
    rest, named = _bound(function, args, arguments)
    where = function_name(function)
    found: dict[str, object] = {name: _canonical(value, f"argument {name!r}", where) for name, value in named.items()}
    if rest:
        found["*"] = [_canonical(value, "an argument", where) for value in rest]
    return _text(found)


def value_key(value: object, where: str) -> str:
    """A text for one value: what `key=` has given.

    Raises:
        HandlerError: When there is none.
    """
    return _text(_canonical(value, "what key= returned", where))


def _bound(
    function: Callable[..., Any], args: Sequence[object], arguments: Mapping[str, object]
) -> tuple[Sequence[object], dict[str, object]]:
    """The arguments by name, with defaults; before them those that have no name."""
    own_self = getattr(function, "__self__", None)
    inner = _innermost(function)
    code: CodeType | None = getattr(inner, "__code__", None)
    if code is None:
        return args, dict(arguments)
    if own_self is not None:
        args = (own_self, *args)
    names = code.co_varnames[: code.co_argcount]
    given = inner.__defaults__ or ()
    named: dict[str, object] = dict(zip(names[len(names) - len(given) :], given, strict=True))
    named.update(inner.__kwdefaults__ or {})
    named.update(zip(names, args, strict=False))
    named.update(arguments)
    return args[len(names) :] if code.co_flags & _HAS_EXTRA_POSITIONAL else (), named


def _innermost(function: Any) -> Any:
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function


def _written(code: CodeType) -> object:
    """What a function's code says, the same in every process."""
    constants = [
        _written(each) if hasattr(each, "co_code") else sorted(map(repr, each)) if isinstance(each, frozenset) else each
        for each in code.co_consts
    ]
    return code.co_code, code.co_names, code.co_varnames, constants


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _canonical(value: object, what: str, where: str) -> object:
    """Something that is the same JSON for the same value, and other JSON for another."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in (list, tuple):
        return [_canonical(each, what, where) for each in value]  # type: ignore[attr-defined]
    if kind is dict and all(type(name) is str for name in value):  # type: ignore[attr-defined]
        return {name: _canonical(each, what, where) for name, each in value.items()}  # type: ignore[attr-defined]
    tag = f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(value, type):
        return {"!type": f"{value.__module__}.{value.__qualname__}"}
    if kind in (set, frozenset):
        return {f"!{tag}": sorted(_text(_canonical(each, what, where)) for each in value)}  # type: ignore[attr-defined]
    if kind is bytes:
        return {"!bytes": value.hex()}  # type: ignore[attr-defined]
    try:
        return {f"!{tag}": render_json(value)}  # dates, UUIDs, Decimals, enums, dataclasses, models
    except (TypeError, ValueError, RecursionError) as error:
        problem = f"{what} is {value!r:.60} of type {kind.__name__}, which cannot be part of a cache key"
        hint = "Give plain values, or say what tells calls apart: key=lambda …: …"
        raise HandlerError(problem, where=where, hint=hint) from error
