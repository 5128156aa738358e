"""All routes of a function behind the one matcher: from what an adapter was given to an answer. Request wing, floor 2.

It knows no event and no server. An adapter calls `open`, runs the call's coroutine on a loop where the route needs one, and turns
the answer into what its place expects.
"""

from __future__ import annotations

from edgeroutes.errors import ProjectError
from edgeroutes.http.caching import UNCACHED
from edgeroutes.http.interrupts import HTTPError, Redirect
from edgeroutes.http.response import CONNECTION_HEADERS, Response
from edgeroutes.routing.table import PathEncodingError, RouteTable, canonical_path
from edgeroutes.runtime.context import RequestScope
from edgeroutes.runtime.endpoint import Endpoint
from edgeroutes.runtime.head import complete_head
from edgeroutes.runtime.loop import ends_more_than_the_call, explain_missing_loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from edgeroutes.runtime.manifest import Manifest, ManifestRoute
    from edgeroutes.types import AsgiApp, Incoming, Params, Threads

    Mount = Callable[[AsgiApp, RequestScope], Awaitable[Response]]


class Application:
    """The routes of a manifest, each loaded when it is first asked for.

    Args:
        manifest: What there is.
        root: The project's folder.
        mount: How a route that exports `app` is asked for its answer; each adapter has its way.
        debug: Whether a 500 tells the client what happened: in `dev`, never on Lambda.
        threads: Where code that blocks runs, on a server that answers many requests at once; None calls it directly.
    """

    def __init__(
        self, manifest: Manifest, root: str, mount: Mount, *, debug: bool = False, threads: Threads | None = None
    ) -> None:
        self.manifest = manifest
        self.root = root
        self.debug = debug
        self.threads = threads
        self._home = (
            manifest.base_path if manifest.base_path and not manifest.trailing_slash else f"{manifest.base_path}/"
        )
        self._mount = mount
        self._table = RouteTable((route.route_path, route) for route in manifest.routes)
        self._endpoints: dict[str, Endpoint] = {}

    def endpoint(self, route: ManifestRoute) -> Endpoint:
        """The route, loaded.

        Raises:
            ProjectError: When it cannot be; the next call tries again.
        """
        endpoint = self._endpoints.get(route.route_path)
        if endpoint is None:
            endpoint = self._endpoints[route.route_path] = Endpoint(
                route,
                self.root,
                self._mount,
                base_path=self.manifest.base_path,
                trailing_slash=self.manifest.trailing_slash,
                threads=self.threads,
            )
        return endpoint

    def open(self, incoming: Incoming) -> Call:
        """The call that will answer this request; nothing of the author's runs yet."""
        path = incoming.path
        if self.manifest.base_path:
            below = self._below_base(path)
            if below is None:
                return Call(self, incoming, early=self._outside_base(path, incoming.query_string()))
            if below == "/" and path != self._home:
                return Call(self, incoming, early=self._moved(self._home, incoming.query_string()))
            path = below
        canonical = canonical_path(path, trailing_slash=self.manifest.trailing_slash)
        if canonical is not None and not self._is_in_app(path, canonical):
            target = self._home if canonical == "/" else f"{self.manifest.base_path}{canonical}"
            return Call(self, incoming, early=self._moved(target, incoming.query_string()))
        path = canonical or path
        try:
            match = self._table.match(path)
        except PathEncodingError as error:
            return Call(self, incoming, early=HTTPError(400, str(error)))
        if match is None:
            return Call(self, incoming, early=HTTPError(404))
        return Call(self, incoming, path, match.value, match.params)

    def _outside_base(self, path: str, query: str) -> Response | HTTPError:
        """What is not under the base path is not there, unless repeated slashes alone keep it out."""
        canonical = canonical_path(path, trailing_slash=self.manifest.trailing_slash) if "//" in path else None
        below = canonical and self._below_base(canonical)
        if not canonical or not below:
            return HTTPError(404)
        return self._moved(self._home if below == "/" else canonical, query)

    @staticmethod
    def _moved(target: str, query: str) -> Response | HTTPError:
        try:
            return Response.redirect(f"{target}?{query}" if query else target, 308)
        except ValueError as error:
            return HTTPError(400, str(error))

    def _is_in_app(self, path: str, canonical: str) -> bool:
        """Whether the path's odd slashes are inside the subtree of a mounted app, which has redirects of its own.

        With ours on top, an app that wants `/items/` and a project that wants `/items` would send the client to and fro.
        """
        try:
            match = self._table.match(canonical)
            if match is None:
                return False
            own_path = match.value.own_path(canonical)
            return (path == own_path or path.startswith(f"{own_path}/")) and self.has_app(match.value)
        except (PathEncodingError, ProjectError):
            return False

    def has_app(self, route: ManifestRoute) -> bool:
        """Whether the route exports an app; it is loaded for that.

        Raises:
            ProjectError: When it cannot be.
        """
        return self.endpoint(route).app is not None

    def _below_base(self, path: str) -> str | None:
        """The path without the base path; None when it is outside: `/apikeys` is not below `/api`."""
        base = self.manifest.base_path
        if path == base:
            return "/"
        return path[len(base) :] if path.startswith(f"{base}/") else None


class Call:
    """One request on its way to its answer.

    Args:
        application: What it was opened by.
        incoming: The request.
        path: Without the base path.
        route: What matched.
        params: What the path captured.
        early: The answer where no route is asked.
    """

    __slots__ = ("_application", "_scope", "early", "incoming", "params", "path", "route")

    def __init__(
        self,
        application: Application,
        incoming: Incoming,
        path: str = "",
        route: ManifestRoute | None = None,
        params: Params | None = None,
        *,
        early: Response | HTTPError | None = None,
    ) -> None:
        self.incoming = incoming
        self.route = route
        self._application = application
        self.path = path
        self.params = params or {}
        self.early = early
        self._scope: RequestScope | None = None

    @property
    def needs_loop(self) -> bool:
        """Whether its coroutines must run on an event loop."""
        return self.route is not None and self.route.needs_loop

    @property
    def has_after(self) -> bool:
        """Whether something is left to run once the answer has gone out."""
        return self._scope is not None and bool(self._scope.after)

    @property
    def asked_for(self) -> tuple[str, ...]:
        """What of the request that is one user's was asked for: headers, cookies, client, aws_event."""
        return () if self._scope is None else tuple(self._scope.asked_for)

    @property
    def is_starting(self) -> bool:
        """Whether `respond` waits for a stream's first chunk: then a client that has left is to be waited for no longer."""
        return self._scope is not None and self._scope.is_starting

    async def respond(self) -> Response:
        """The answer with its head complete, never an exception.

        A stream has its first chunk at hand; its body is then an async iterator of bytes, to be read in the same coroutine.
        """
        route = self.route
        try:
            if route is None:
                response = self._unrouted()
            else:
                endpoint = self._application.endpoint(route)
                scope = self._scope = RequestScope(self.incoming, self.path, self.params, endpoint)
                response = await endpoint.respond(scope)
                if response.is_stream:
                    response = await self._started(response, scope, endpoint)
                if response.background is not None:
                    scope.after.append((response.background, ()))
                head = complete_head(response, scope, endpoint, self._application.manifest.tag_header)
                if head is not response:  # a 304 stands for it
                    await _drop_body(response)
                response = self._encoded(head) if head.is_stream else head
        except Exception as error:  # noqa: BLE001  # whatever it is, the client gets an answer and the log the cause
            response = self.fail(error)
        except BaseException as error:
            if ends_more_than_the_call(error):
                raise
            response = self.fail(error)
        if self.incoming.method == "HEAD":
            await _drop_body(response)
        return response

    async def _started(self, response: Response, scope: RequestScope, endpoint: Endpoint) -> Response:
        """A stream whose head can be written: what middleware made may not have begun; HEAD and 304 want none of it."""
        try:
            response = await endpoint.primed(response, scope)
        except (HTTPError, Redirect) as interrupt:
            return endpoint.interrupted(scope, interrupt)
        scope.sealed = "after the stream had begun"
        return response

    def _encoded(self, response: Response) -> Response:
        from edgeroutes.runtime.compression import compressed

        return compressed(response, self.incoming.header("accept-encoding") or "")

    def enter_app(self) -> tuple[AsgiApp, RequestScope] | None:
        """The route's app and the request's scope, for a server that calls the app directly.

        None where `respond` is to be asked: no app answers, middleware stands before it, or the route cannot be loaded.
        """
        if self.route is None:
            return None
        try:
            endpoint = self._application.endpoint(self.route)
        except ProjectError:
            return None
        app = endpoint.bare_app(self.path)
        if app is None:
            return None
        self._scope = RequestScope(self.incoming, self.path, self.params, endpoint)
        return app, self._scope

    def complete(self, response: Response) -> Response:
        """What an app has answered directly, with what belongs to every head, or the 304 that stands for it."""
        scope = self._scope
        if scope is None:
            return response
        return complete_head(response, scope, scope.endpoint, self._application.manifest.tag_header)

    def _unrouted(self) -> Response:
        if not isinstance(self.early, Response):
            return self._problem(self.early or HTTPError(404))
        self.early.headers["cache-control"] = UNCACHED
        return self.early

    def _problem(self, error: HTTPError) -> Response:
        from edgeroutes.http.problem import problem_response

        response = problem_response(error, instance=self.incoming.path, request_id=self.incoming.request_id)
        response.headers.setdefault("cache-control", UNCACHED)
        return response

    def fail(self, error: BaseException) -> Response:
        """A 500 that says nothing of the cause, and a line in the log that does."""
        from edgeroutes.runtime.failures import failure_response

        debug_root = self._application.root if self._application.debug else ""
        route_path = self.route.route_path if self.route is not None else ""
        if not self.needs_loop:
            error = explain_missing_loop(error)
        response = failure_response(error, self.incoming, route_path, debug_root)
        response.headers["cache-control"] = UNCACHED
        return response

    def log_broken_stream(self, error: BaseException) -> None:
        """Write the line for a stream that failed on its way: the head is out, so no client can be told."""
        from edgeroutes.runtime.log import log_exception

        route_path = self.route.route_path if self.route is not None else ""
        message = f"{self.incoming.method} {route_path} failed while it streamed"
        log_exception(
            error if self.needs_loop else explain_missing_loop(error), message, self.incoming, route=route_path
        )

    async def finish(self) -> None:
        """Run what `after` was given; to be called once, when the last byte has gone out."""
        if self._scope is not None and self._scope.after:
            from edgeroutes.runtime.after import run_after

            await run_after(self._scope, self._application.threads)


async def _drop_body(response: Response) -> None:
    """Leave the head alone, as HEAD asks; what would have produced the rest is closed."""
    if response.is_stream:
        from edgeroutes.runtime.chunks import close_stream

        await close_stream(response)
        response.headers.discard(CONNECTION_HEADERS)
    response.body = None
