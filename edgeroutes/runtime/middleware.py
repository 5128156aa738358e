"""The middleware of a route's folders, outermost first. Request wing, floor 2."""

from __future__ import annotations

from edgeroutes.errors import RouteFileError
from edgeroutes.http.interrupts import HTTPError, Redirect
from edgeroutes.routing.table import PathEncodingError, RouteTable
from edgeroutes.runtime.loader import load_module
from edgeroutes.runtime.results import to_response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from edgeroutes.http.request import Request
    from edgeroutes.http.response import Response
    from edgeroutes.types import CallNext, Middleware

    Interrupted = Callable[[HTTPError | Redirect], Response]


class Layer:
    """One `middleware.py`: its function, and the paths that it is for."""

    __slots__ = ("_function", "_matcher", "where")

    def __init__(self, function: Middleware, matcher: list[str], where: str) -> None:
        self._function = function
        self._matcher = RouteTable((pattern, True) for pattern in dict.fromkeys(matcher)) if matcher else None
        self.where = where

    def covers(self, path: str) -> bool:
        """Whether it runs for this path: always, unless it has a `matcher`."""
        if self._matcher is None:
            return True
        try:
            return self._matcher.match(path) is not None
        except PathEncodingError:
            return False

    async def run(self, request: Request, call_next: CallNext) -> Response:
        """What the middleware answers; it may be a plain function, too."""
        result = self._function(request, call_next)
        if hasattr(result, "__await__"):
            result = await result
        return to_response(result, self.where)


def load_layers(root: str, source_files: tuple[str, ...]) -> list[Layer]:
    """The middleware in these files, in their order.

    Raises:
        RouteImportError: When one does not import.
        RouteFileError: When it has no function `middleware`.
    """
    layers = []
    for source_file in source_files:
        module = load_module(root, source_file)
        function = getattr(module, "middleware", None)
        if not callable(function):
            hint = "Define 'async def middleware(request, call_next)'"
            raise RouteFileError("there is no function 'middleware'", where=source_file, hint=hint)
        matcher = getattr(module, "matcher", [])
        layers.append(Layer(function, [matcher] if isinstance(matcher, str) else list(matcher), f"{source_file}, middleware"))
    return layers


async def run_layers(
    layers: list[Layer],
    request: Request,
    handler: Callable[[Request], Awaitable[Response]],
    interrupted: Interrupted,
) -> Response:
    """The answer, through each layer that covers the path.

    `call_next` gives a Response for redirects and HTTPErrors raised inside, and raises everything else.

    Args:
        layers: Outermost first.
        request: For the outermost.
        handler: What the innermost calls.
        interrupted: Makes the Response of a redirect or HTTPError.
    """
    place = next((place for place, layer in enumerate(layers) if layer.covers(request.path)), None)
    if place is None:
        try:
            return await handler(request)
        except (HTTPError, Redirect) as interrupt:
            return interrupted(interrupt)

    async def call_next(passed: Request) -> Response:
        return await run_layers(layers[place + 1 :], passed, handler, interrupted)

    try:
        return await layers[place].run(request, call_next)
    except (HTTPError, Redirect) as interrupt:
        return interrupted(interrupt)
