"""`cached`: a function whose results are cached, under a key of the function's name and source, and its arguments."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import partial, wraps
from threading import Lock
from types import BuiltinFunctionType, CellType, FunctionType, ModuleType

from edgeroutes.errors import HandlerError
from edgeroutes.http.caching import YEAR_SECONDS
from edgeroutes.http.json_text import render_json
from edgeroutes.runtime.cache_policy import require_tags
from edgeroutes.runtime.context import collecting, find_scope
from edgeroutes.services.cache_stores import PLAIN_TYPES, Recipe, digest
from edgeroutes.services.data_cache import data_cache, run_blocking

TYPE_CHECKING = False
if not TYPE_CHECKING:

    def overload(function: object) -> object:
        """`typing.overload` without importing typing, which costs milliseconds of a cold start."""


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import CodeType
    from typing import Any, ParamSpec, TypeVar, overload  # noqa: TC004  # at run time it is the function above

    P = ParamSpec("P")
    R = TypeVar("R")
    V = TypeVar("V")
    # One alternative per number of arguments: pyright in strict mode infers a lambda's parameters only from this form.
    OfArguments = (
        Callable[[Any], V] | Callable[[Any, Any], V] | Callable[[Any, Any, Any], V] | Callable[[Any, Any, Any, Any], V]
    )


_naming = Lock()
_COROUTINE, _GENERATOR, _ASYNC_GENERATOR = 0x80, 0x20, 0x200  # Source: CPython's code.h, CO_*


@overload
def cached(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def cached(
    *,
    revalidate: int = False,
    tags: Sequence[str] | OfArguments[Sequence[str]] = (),
    key: OfArguments[object] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
@overload
def cached(  # type: ignore[overload-cannot-match]  # it matches a function with keyword-only arguments
    *,
    revalidate: int = False,
    tags: Sequence[str] | Callable[..., Sequence[str]] = (),
    key: Callable[..., object] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def cached(
    function: Callable[P, R] | None = None,
    /,
    *,
    revalidate: int = False,
    tags: Sequence[str] | Callable[..., Sequence[str]] = (),
    key: Callable[..., object] | None = None,
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Cache the function's result per arguments. Every caller gets a copy.

    ::

        @cached(revalidate=60, tags=["products"])
        async def find_products(category: str) -> list[dict[str, object]]: ...

    Args:
        function: For `@cached` without parentheses, which is `@cached()`.
        revalidate: Seconds until the value is computed again; False for until one of its tags is revalidated.
        tags: The tags with which `revalidate_tag` invalidates the value; or a function of the arguments that returns them.
        key: A function of the arguments that returns the cache key, for arguments and captured variables that cannot be part of it.

    Raises:
        HandlerError: For another `revalidate`, a tag that CloudFront does not accept, a generator, or anything but a function.
    """
    lifetime_seconds = YEAR_SECONDS if revalidate is False else revalidate
    if type(lifetime_seconds) is not int or lifetime_seconds < 1:
        problem = f"revalidate is {revalidate!r}. Allowed: whole seconds from 1, and False for as long as possible"
        raise HandlerError(problem, where="cached()")
    if not callable(tags):
        require_tags(tags, "cached()")

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        remembered = _CachedFunction(function, lifetime_seconds, tags, key)
        if not remembered.is_async:

            @wraps(function)
            def call(*args: P.args, **arguments: P.kwargs) -> R:
                value: R = run_blocking(remembered.call(args, arguments))
                return value

            return call

        @wraps(function)
        async def call_async(*args: P.args, **arguments: P.kwargs) -> object:
            return await remembered.call(args, arguments)

        return call_async  # type: ignore[return-value]  # R is the awaited type

    return decorate if function is None else decorate(function)


class _CachedFunction:
    __slots__ = ("_function", "_key", "_key_of", "_lifetime_seconds", "_tags", "_where", "is_async")

    def __init__(
        self,
        function: Callable[..., Any],
        lifetime_seconds: int,
        tags: Sequence[str] | Callable[..., Sequence[str]],
        key_of: Callable[..., object] | None,
    ) -> None:
        if not callable(function):
            problem = f"{function!r:.60} is not a function"  # type: ignore[unreachable]
            raise HandlerError(problem, where="cached()", hint="Name the option: @cached(revalidate=60)")
        if isinstance(function, (staticmethod, classmethod)):
            problem = f"a {type(function).__name__} cannot be cached"
            raise HandlerError(problem, where="cached()", hint=f"Write @{type(function).__name__} above @cached(…)")
        flags = _flags(function)
        self._where = _function_name(function)
        if flags & (_GENERATOR | _ASYNC_GENERATOR):
            raise HandlerError("a generator has no value that can be cached", where=self._where, hint="Return a list")
        self._function = function
        self._lifetime_seconds = lifetime_seconds
        self._tags = tags
        self._key_of = key_of
        self._key = ""
        self.is_async = bool(flags & _COROUTINE)

    async def call(self, args: Sequence[Any], arguments: Mapping[str, Any]) -> Any:
        """The cached or computed value for these arguments."""
        scope = find_scope()
        if scope is not None and scope.endpoint.config.fetch_cache == "force-no-store":
            if collecting.get(None) is None:
                scope.record_read("uncached data")
            value = self._function(*args, **arguments)
            return await value if self.is_async else value
        return await data_cache().recall(self._recipe(args, arguments))

    def _recipe(self, args: Sequence[Any], arguments: Mapping[str, Any]) -> Recipe:
        tags = self._tags
        if callable(tags):
            tags = tags(*args, **arguments)
            require_tags(tags, f"{self._where}, tags")
        function = self._function
        return Recipe(
            f"{self._prefix()}{self._call_key(args, arguments)}",
            self._where,
            lambda: function(*args, **arguments),
            lifetime_seconds=self._lifetime_seconds,
            tags=tags,
            blocking=not self.is_async,
        )

    def _call_key(self, args: Sequence[Any], arguments: Mapping[str, Any]) -> str:
        if self._key_of is None:
            return call_key(self._function, args, arguments)
        return _value_key(self._key_of(*args, **arguments), self._where)

    def _prefix(self) -> str:
        with _naming:  # once: for a function that captured a connection, each key is different
            if not self._key:
                self._key = (function_key if self._key_of is None else _written_key)(self._function)
            return self._key


def _flags(function: Any) -> int:
    """The flags of the function's code, also through a partial; 0 without code."""
    while hasattr(function, "func"):
        function = function.func
    code = getattr(function, "__code__", None)
    return code.co_flags if code is not None else 0


_HAS_EXTRA_POSITIONAL = 0x04  # CO_VARARGS
_UNSET = CellType()


def _function_name(function: Callable[..., Any]) -> str:
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
    return f"{_function_name(function)}:{digest(repr(made_of))}" if made_of else _function_name(function)


def _written_key(function: Callable[..., Any]) -> str:
    """The function's name and a digest of its code, without captured variables: for functions with `key=`."""
    code = getattr(_innermost(function), "__code__", None)
    return (
        f"{_function_name(function)}:{digest(repr(_written(code)))}" if code is not None else _function_name(function)
    )


def call_key(function: Callable[..., Any], args: Sequence[object], arguments: Mapping[str, object]) -> str:
    """A string for these arguments, the same for positional and keyword arguments.

    Raises:
        HandlerError: For an argument that cannot be part of a key.
    """
    rest, named = _bound(function, args, arguments)
    where = _function_name(function)
    found: dict[str, object] = {name: _canonical(value, f"argument {name!r}", where) for name, value in named.items()}
    if rest:
        found["*"] = [_canonical(value, "an argument", where) for value in rest]
    return _text(found)


def _value_key(value: object, where: str) -> str:
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
        is_for_all = inner is not None and "<locals>" not in _function_name(function)
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
    if kind in PLAIN_TYPES or kind is ModuleType:
        return repr(value)
    if kind is tuple:
        return [_captured(each, within, is_for_all=is_for_all) for each in value]
    if isinstance(value, type) or _is_builtin(value):
        return _function_name(value)
    if kind is FunctionType:
        defaults = (*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values())
        return (
            _function_name(value),
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
    if kind in PLAIN_TYPES:
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
