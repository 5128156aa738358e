"""What belongs to the request in progress: `cookies()`, `headers()`, `after()`, `RouteContext`.

Each request has a scope of its own in a context variable, so concurrent ones never see each other's.
"""

from __future__ import annotations

from contextvars import ContextVar
from types import GenericAlias

from edgeroutes.errors import HandlerError
from edgeroutes.http.request import LARGE_BODY_BYTES, Request
from edgeroutes.http.response import current_request
from edgeroutes.runtime.loop import running_loop, starts_nothing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any, TypeVarTuple

    from starlette.datastructures import FormData

    from edgeroutes.http.cookies import ResponseCookies
    from edgeroutes.http.headers import Headers
    from edgeroutes.http.request_bodies import FormLimits
    from edgeroutes.http.response import Response
    from edgeroutes.runtime.cache_policy import CacheUsage
    from edgeroutes.runtime.endpoint import Endpoint
    from edgeroutes.runtime.request_cookies import Cookies
    from edgeroutes.runtime.streams import StartedStream
    from edgeroutes.types import Event, Incoming, Params

    Cleanup = Callable[[BaseException | None], Awaitable[object]]
    Arguments = TypeVarTuple("Arguments")

# Set while the value of a cached function is made: what it uses counts for the value, and it must not depend on the user.
collecting: ContextVar[CacheUsage | None] = ContextVar("edgeroutes_cache_usage")


class RequestScope:
    """One request on its way through the runtime.

    Making one makes it the scope of the running context.

    Args:
        incoming: What the adapter was given.
        path: Without the base path.
        params: What the path captured.
        endpoint: The route that matched.
    """

    __slots__ = (
        "_request",
        "after",
        "caller",
        "claim_event",
        "cleanups",
        "dynamic_reasons",
        "endpoint",
        "has_begun",
        "incoming",
        "is_shared",
        "is_starting",
        "jar",
        "on_response",
        "params",
        "path",
        "sealed",
        "streams",
        "usage",
    )

    def __init__(self, incoming: Incoming, path: str, params: Params, endpoint: Endpoint) -> None:
        self.incoming = incoming
        self.path = path
        self.params = params
        self.endpoint = endpoint
        self._request: Request | None = None
        self.jar: ResponseCookies | None = None
        self.after: list[tuple[Any, tuple[object, ...]]] = []
        self.dynamic_reasons: list[str] = []  # why the response is dynamic, where the route's config would have it kept
        self.usage: CacheUsage | None = None
        self.sealed = ""
        self.is_shared = False  # whether caches may store a stream that is still being produced
        self.is_starting = False  # whether a stream's first chunk is waited for
        self.cleanups: list[Cleanup] | None = None  # of generators that are dependencies
        self.caller: Any = None  # whom the route's auth has found
        self.has_begun = False  # whether the handler was called
        self.claim_event: Callable[[str], None] | None = None  # what `webhooks.verify` gives the id of an event to
        # What guards add to the response, whatever it is; these functions raise nothing.
        self.on_response: list[Callable[[Response], object]] | None = None
        self.streams: list[
            StartedStream
        ] = []  # to be closed, innermost first in the list: middleware may put one around another
        current_request.set(self)

    @property
    def root(self) -> str:
        """The project's folder."""
        return self.endpoint.root

    @property
    def request(self) -> Request:
        """The request, as the handler sees it; middleware may put another in its place."""
        if self._request is None:
            self._request = Request(self.incoming, self.path, self.params, self)
        return self._request

    @request.setter
    def request(self, request: Request) -> None:
        self._request = request

    @property
    def dynamic(self) -> str:
        """The effect of reading headers, cookies or client.

        `auto` counts it, `error` refuses it, `force-static` gives empty ones.
        """
        return self.endpoint.config.dynamic if self.incoming.method in ("GET", "HEAD") else "auto"

    @property
    def where(self) -> str:
        """The route file, for messages."""
        return self.endpoint.route.source_file

    @property
    def may_be_shared(self) -> bool:
        """Whether the response will, as far as is known by now, be kept and given to others."""
        is_kept = self.endpoint.lifetime_seconds is not None and self.incoming.method in ("GET", "HEAD")
        return is_kept and not self.sealed and not self.dynamic_reasons

    def record_read(self, what: str) -> bool:
        """Record that the handler reads `what`; True when it gets an empty one.

        Raises:
            HandlerError: Under `dynamic = "error"`, inside a cached function, and in a stream that caches may store.
        """
        dynamic = self.dynamic
        if dynamic == "force-static":
            return True
        reason = hint = ""
        if dynamic == "error":
            reason = 'dynamic = "error" promises a response that is the same for everyone'
            hint = f'Do not read {what}, or set dynamic = "auto"'
        elif collecting.get(None) is not None:
            reason = "all users share the result of a cached function"
            hint = "Read it outside, and pass the value as an argument"
        elif self.is_shared:
            reason = "the stream has begun, and caches may store it"
            hint = "Read it before the first chunk"
        if reason:
            raise HandlerError(f"{what} were read, but {reason}", where=self.where, hint=hint)
        self.dynamic_reasons.append(what)
        return False

    async def read_form(self, request: Request, limits: FormLimits) -> FormData:
        """The form in the request's body, read by Starlette."""
        from edgeroutes.runtime.starlette_bridge import read_form

        form: FormData = await self.compute(lambda _: read_form(request, limits), request.peek_body())
        return form

    async def compute(self, function: Callable[[bytes], Any], body: bytes) -> Any:
        """`function(body)`; of a large body outside the event loop, which other requests may share."""
        return function(body) if len(body) < LARGE_BODY_BYTES else await call_outside_loop(function, body)


async def call_outside_loop(function: Callable[..., Any], *args: object) -> Any:
    """The value of a function: an async one is awaited, a sync one is called where no event loop runs."""
    if running_loop() is None or starts_nothing(function):
        result = function(*args)
    else:
        from edgeroutes.runtime.offload import call_sync

        result = await call_sync(lambda: function(*args))
    return await result if hasattr(result, "__await__") else result


def find_scope() -> RequestScope | None:
    """The scope of the request in progress; None outside one."""
    scope: RequestScope | None = current_request.get(None)
    return scope


def current_scope(asker: str) -> RequestScope:
    """The scope of the request in progress.

    Raises:
        HandlerError: Outside a request, naming `asker`.
    """
    scope = find_scope()
    if scope is None:
        hint = "Call it in a handler or in what a handler calls"
        raise HandlerError(f"{asker} was called outside a request", hint=hint)
    return scope


def cookies() -> Cookies:
    """The cookies of the current request, name → value; `.set(…)` and `.delete(…)` go onto its response."""
    from edgeroutes.runtime.request_cookies import Cookies

    return Cookies(current_scope("cookies()"))


def headers() -> Headers:
    """The header fields of the current request, read-only, names in any case."""
    return current_scope("headers()").request.headers


def after(function: Callable[[*Arguments], object], *args: *Arguments) -> None:
    """Run `function(*args)` once the response is sent, before the sandbox freezes.

    Several start in the order given. One that fails is logged; the client never learns of it.

    Args:
        function: Sync or async.
        args: For the function.
    """
    if not callable(function):
        raise TypeError(f"after() takes a function and its arguments, not {function!r}")
    current_scope("after()").after.append((function, args))


if TYPE_CHECKING:
    from typing import Generic

    from typing_extensions import TypeVar

    P = TypeVar("P", default=Params)

    class _OfParams(Generic[P]):
        """What type checkers see: the type of `params`."""

else:

    class _OfParams:
        """typing is not loaded for a request."""

        __slots__ = ()

        def __class_getitem__(cls, params):
            return GenericAlias(cls, params)


class RouteContext(_OfParams["P"]):
    """What is known of the invocation besides the request: declare a parameter `context: RouteContext` to get it.

    With `RouteContext[Params]`, a TypedDict, dataclass or other model, `params` has the segments converted.
    """

    __slots__ = ("_params", "_scope")

    def __init__(self, scope: RequestScope, params: P | None = None) -> None:
        self._scope = scope
        self._params = params

    @property
    def route(self) -> str:
        """The route's path, `/users/[id]`."""
        return self._scope.endpoint.route.route_path

    @property
    def params(self) -> P:
        """The captured segments, decoded."""
        return self._scope.params if self._params is None else self._params  # type: ignore[return-value]  # bare: Params

    @property
    def request_id(self) -> str:
        """By which the platform's logs have this request."""
        return self._scope.incoming.request_id

    @property
    def remaining_ms(self) -> int | None:
        """Milliseconds until Lambda ends the invocation; None outside Lambda."""
        context = self._scope.incoming.aws_context
        return context.get_remaining_time_in_millis() if context is not None else None

    @property
    def aws_event(self) -> Event | None:
        """The Lambda event as it came; None outside Lambda.

        Reading it makes the response dynamic, because it contains the headers.
        """
        return None if self._scope.record_read("aws_event") else self._scope.incoming.event

    @property
    def aws_context(self) -> Any:
        """The Lambda context as it came; None outside Lambda."""
        return self._scope.incoming.aws_context
