"""The middleware of a route's folders, outermost first."""

from __future__ import annotations

from edgeroutes.errors import HandlerError, LayoutError, ProblemsError, RouteFileError
from edgeroutes.routing.table import RouteTable
from edgeroutes.runtime.context import call_outside_loop
from edgeroutes.runtime.responses import to_response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType
    from typing import Any

    from edgeroutes.http.request import Request
    from edgeroutes.http.response import Response
    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.types import CallNext, Middleware

    Respond = Callable[[RequestScope], Awaitable[Response]]
    Interrupted = Callable[[Exception], Response]


# Source: inspect.CO_VARARGS, CO_GENERATOR and CO_ASYNC_GENERATOR.
_TAKES_MORE = 0x04
_GENERATORS = 0x20 | 0x200
_RETURN = "End it with 'return await call_next(request)'"


class FolderMiddleware:
    """One `middleware.py`: its function, and the paths that it is for."""

    __slots__ = ("_function", "matcher", "where")

    def __init__(self, function: Middleware, matcher: RouteTable[bool] | None, where: str) -> None:
        self._function = function
        self.matcher = matcher
        self.where = where

    async def run(self, request: Request, call_next: CallNext) -> Response:
        """The middleware's response; it may be a plain function, too."""
        result = await call_outside_loop(self._function, request, call_next)
        if result is None or hasattr(result, "__await__"):
            problem = "the middleware returned None"
            if result is not None:
                getattr(result, "close", bool)()  # else Python warns of a coroutine that was never awaited
                problem = "the middleware returned call_next(request) without awaiting it"
            raise HandlerError(f"{problem}. Allowed is a response", where=self.where, hint=_RETURN)
        return to_response(result, self.where)


def read_middleware(module: ModuleType, source_file: str) -> FolderMiddleware:
    """The middleware of a loaded file.

    Raises:
        RouteFileError: When it has no function `middleware`, or a `matcher` that cannot be read.
    """
    function = getattr(module, "middleware", None)
    if not callable(function):
        hint = "Define 'async def middleware(request, call_next)'"
        raise RouteFileError("the function 'middleware' is missing", where=source_file, hint=hint)
    line = getattr(getattr(function, "__code__", None), "co_firstlineno", 0)
    where = f"{source_file}:{line}, middleware" if line else f"{source_file}, middleware"
    _require_two_arguments(function, where)
    return FolderMiddleware(function, _matcher_table(getattr(module, "matcher", None), source_file), where)


def _require_two_arguments(function: Middleware, where: str) -> None:
    """Raise RouteFileError for a function that cannot be called with a request and `call_next`."""
    code = getattr(function, "__code__", None)
    if code is None:
        return  # a callable object: Python raises at its first call if it is wrong
    count = code.co_argcount - (getattr(function, "__self__", None) is not None)
    least = count - len(function.__defaults__ or ())
    if least > 2 or (count < 2 and not code.co_flags & _TAKES_MORE):
        names = ", ".join(code.co_varnames[code.co_argcount - count : code.co_argcount])
        problem = f"the middleware takes ({names}). Allowed are the request and call_next"
        hint = f"Write 'async def middleware(request, call_next)'. {_RETURN}"
        raise RouteFileError(problem, where=where, hint=hint)
    if code.co_flags & _GENERATORS:
        problem = "the middleware is a generator. Allowed is a function that returns a response"
        raise RouteFileError(problem, where=where, hint=f"{_RETURN} instead of 'yield'")


def _matcher_table(matcher: object, where: str) -> RouteTable[bool] | None:
    """The paths that a `matcher` names; None where there is none.

    Raises:
        RouteFileError: When it is neither a pattern nor a list of patterns.
    """
    if matcher is None:
        return None
    patterns: list[Any] = list(matcher) if isinstance(matcher, (list, tuple)) else [matcher]
    if not patterns or not all(isinstance(pattern, str) and pattern.startswith("/") for pattern in patterns):
        hint = "Write a pattern from the URL root, such as '/admin/[[...rest]]', or a list of them"
        raise RouteFileError(f"matcher is {matcher!r}", where=where, hint=hint)
    from edgeroutes.routing.patterns import parse_pattern  # the same reading of a pattern as at build time

    try:
        return RouteTable((path, True) for path in dict.fromkeys(parse_pattern(text).route_path for text in patterns))
    except (LayoutError, ProblemsError, ValueError) as error:
        raise RouteFileError(f"matcher cannot be read: {error}", where=where) from error


def matching_middleware(chain: list[FolderMiddleware], path: str) -> list[FolderMiddleware]:
    """Those of the middleware that run for a path.

    Args:
        chain: Outermost first.
        path: As the client sent it, without base path.
    """
    if not any(each.matcher for each in chain):
        return chain
    from edgeroutes.routing.patterns import path_readings

    readings = path_readings(path)
    if readings is None:
        return chain
    # One reading that matches is enough: it runs for at least every request that reaches the code its `matcher` names.
    return [each for each in chain if each.matcher is None or any(map(each.matcher.has_match, readings))]


async def run_middleware(
    chain: list[FolderMiddleware], scope: RequestScope, respond: Respond, interrupted: Interrupted
) -> Response:
    """The response, through each middleware of the chain.

    `call_next` gives a Response for redirects and HTTPErrors raised inside, and raises everything else. The request that
    it is given is the one that all further in sees, `headers()` and `cookies()` too.

    Args:
        chain: Those that cover the path, outermost first.
        scope: With the request for the outermost.
        respond: What the innermost calls.
        interrupted: Makes the Response of a redirect or HTTPError, and raises any other error again.
    """

    async def call_next(passed: Request) -> Response:
        scope.request = passed
        return await run_middleware(chain[1:], scope, respond, interrupted)

    try:
        return await chain[0].run(scope.request, call_next) if chain else await respond(scope)
    except Exception as error:  # noqa: BLE001  # `interrupted` raises others again
        return interrupted(error)
