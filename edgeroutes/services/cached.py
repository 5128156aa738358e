"""`cached`: a function whose results are cached."""

from __future__ import annotations

from functools import wraps
from threading import Lock

from edgeroutes.errors import HandlerError
from edgeroutes.http.caching import YEAR_SECONDS
from edgeroutes.runtime.cache_policy import require_tags
from edgeroutes.runtime.context import collecting, find_scope
from edgeroutes.services.cache_entries import Recipe
from edgeroutes.services.cache_keys import call_key, function_key, function_name, value_key, written_key
from edgeroutes.services.data_cache import data_cache, run_blocking

TYPE_CHECKING = False
if not TYPE_CHECKING:

    def overload(function: object) -> object:
        """`typing.overload` without importing typing, which costs milliseconds of a cold start."""


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
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
    """A function with the settings of its cache."""

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
        self._where = function_name(function)
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
        return value_key(self._key_of(*args, **arguments), self._where)

    def _prefix(self) -> str:
        with _naming:  # once: for a function that captured a connection, each key is different
            if not self._key:
                self._key = (function_key if self._key_of is None else written_key)(self._function)
            return self._key


def _flags(function: Any) -> int:
    """The flags of the function's code, also through a partial; 0 without code."""
    while hasattr(function, "func"):
        function = function.func
    code = getattr(function, "__code__", None)
    return code.co_flags if code is not None else 0
