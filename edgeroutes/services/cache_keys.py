"""Cache keys of calls: the function's name and source, and its arguments."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import partial
from types import BuiltinFunctionType, CellType, FunctionType, ModuleType

from edgeroutes.errors import HandlerError
from edgeroutes.http.json_text import render_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import CodeType
    from typing import Any

_PLAIN = (str, int, float, bool, type(None))
_HAS_EXTRA_POSITIONAL = 0x04  # CO_VARARGS
_UNSET = CellType()


def function_name(function: Callable[..., Any]) -> str:
    """The name in messages and keys: `functions.api.products.route.find_product`."""
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    return f"{getattr(function, '__module__', '')}.{name}"


def function_key(function: Callable[..., Any]) -> str:
    """The function's name and a digest of its code: a changed function does not reuse its old values.

    Variables of an enclosing function count, too: strings, numbers, functions and classes by value, as arguments do. With anything else,
    such as a connection, the key belongs to this function object, so two functions of one `def` share nothing. Global names
    do not count.
    """
    made_of = _code_and_captures(function, ())
    return f"{function_name(function)}:{digest(repr(made_of))}" if made_of else function_name(function)


def written_key(function: Callable[..., Any]) -> str:
    """The function's name and a digest of its code, without captured variables: for functions with `key=`."""
    code = getattr(_innermost(function), "__code__", None)
    return f"{function_name(function)}:{digest(repr(_written(code)))}" if code is not None else function_name(function)


def digest(text: str) -> str:
    """A short digest of a string."""
    from hashlib import blake2b

    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def call_key(function: Callable[..., Any], args: Sequence[object], arguments: Mapping[str, object]) -> str:
    """A string for these arguments, the same for positional and keyword arguments.

    Raises:
        HandlerError: For an argument that cannot be part of a key.
    """
    rest, named = _bound(function, args, arguments)
    where = function_name(function)
    found: dict[str, object] = {name: _canonical(value, f"argument {name!r}", where) for name, value in named.items()}
    if rest:
        found["*"] = [_canonical(value, "an argument", where) for value in rest]
    return _text(found)


def value_key(value: object, where: str) -> str:
    """A string for one value, the result of `key=`.

    Raises:
        HandlerError: The value cannot be part of a key.
    """
    return _text(_canonical(value, "what key= returned", where))


def _bound(
    function: Callable[..., Any], args: Sequence[object], arguments: Mapping[str, object]
) -> tuple[Sequence[object], dict[str, object]]:
    """The unnamed arguments, and the others by name, with defaults."""
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


def _code_and_captures(function: Any, within: tuple[object, ...]) -> list[object]:
    """A function's code and captured variables, through its decorators; empty for a builtin."""
    layers: list[object] = []
    while not any(function is each for each in within):  # a function may capture itself
        within = (*within, function)
        inner = getattr(function, "__wrapped__", None)
        is_for_all = inner is not None and "<locals>" not in function_name(function)
        layers += [_captured(value, within, is_for_all=is_for_all) for value in _around(function)]
        if hasattr(function, "__code__"):
            layers.append(_written(function.__code__))
        if inner is None:
            break
        function = inner
    return layers


def _around(function: Any) -> list[object]:
    """The state of a callable besides its code and its arguments."""
    if hasattr(function, "__code__"):
        return [cell.cell_contents for cell in function.__closure__ or () if cell != _UNSET]
    if isinstance(function, partial):
        return [function.func, *function.args, *(item for pair in function.keywords.items() for item in pair)]
    # A callable object, or a method that is not written in Python, has no stable string.
    return [] if hasattr(function, "__wrapped__") or _is_builtin(function) else [function]


def _captured(value: Any, within: tuple[object, ...], *, is_for_all: bool) -> object:
    """A string for a captured value: the same for equal values, a unique one for a value without a stable string.

    Args:
        value: The captured value.
        within: The functions that are being read.
        is_for_all: Whether a decorator at module level uses it for every call, like a logger or a client: then its type counts.
    """
    kind = type(value)
    if kind in _PLAIN or kind is ModuleType:
        return repr(value)
    if kind is tuple:
        return [_captured(each, within, is_for_all=is_for_all) for each in value]
    if isinstance(value, type) or _is_builtin(value):
        return function_name(value)
    if kind is FunctionType:
        defaults = (*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values())
        return (
            function_name(value),
            _code_and_captures(value, within),
            _captured(defaults, within, is_for_all=is_for_all),
        )
    return kind.__qualname__ if is_for_all else os.urandom(16).hex()


def _is_builtin(value: object) -> bool:
    return type(value) is BuiltinFunctionType and isinstance(value.__self__, ModuleType)


def _written(code: CodeType) -> object:
    """A function's code in a form that is the same in every process."""
    constants = [
        _written(each) if hasattr(each, "co_code") else sorted(map(repr, each)) if isinstance(each, frozenset) else each
        for each in code.co_consts
    ]
    return code.co_code, code.co_names, code.co_varnames, constants


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _canonical(value: object, what: str, where: str) -> object:
    """JSON data that is equal if and only if the values are equal."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in (list, tuple):
        return [_canonical(each, what, where) for each in value]  # type: ignore[attr-defined]
    if kind is dict and all(type(name) is str for name in value):  # type: ignore[attr-defined]
        return {name: _canonical(each, what, where) for name, each in value.items()}  # type: ignore[attr-defined]
    tag = f"!{kind.__module__}.{kind.__qualname__}"
    if isinstance(value, type):
        return {"!type": f"{value.__module__}.{value.__qualname__}"}
    if kind is bytes:
        return {tag: value.hex()}  # type: ignore[attr-defined]
    parts = _parts(value)
    if parts is not None:
        found = [_canonical(part, what, where) for part in parts]
        return {tag: found if isinstance(value, (list, tuple)) else sorted(map(_text, found))}
    try:
        return {tag: render_json(value)}  # dates, UUIDs, Decimals, enums
    except (TypeError, ValueError, RecursionError) as error:
        problem = f"{what} is {value!r:.60} of type {kind.__name__}, which cannot be part of a cache key"
        hint = "Give plain values, or set the key: key=lambda …: …"
        raise HandlerError(problem, where=where, hint=hint) from error


def _parts(value: Any) -> Iterable[object] | None:
    """The parts of a value; None for an atomic one. Not its JSON: a model may leave fields out of that, or mask secrets."""
    if hasattr(value, "__json__"):
        return None
    for names in ("model_fields", "__dataclass_fields__", "__struct_fields__"):
        fields = getattr(type(value), names, None)
        if fields is not None:
            undeclared = (getattr(value, each, None) or {} for each in ("__pydantic_extra__", "__pydantic_private__"))
            declared = {name: getattr(value, name, None) for name in fields}
            return [item for part in (declared, *undeclared) for item in part.items()]
    if isinstance(value, Mapping):
        return value.items()
    return value if isinstance(value, (list, tuple, AbstractSet)) else None
