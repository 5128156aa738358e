"""All routes of a function behind the one matcher: from what an adapter was given to a response.

It knows no event and no server. An adapter calls `open`, runs the call's coroutine on a loop where the route needs one, and turns
the response into what its place expects.
"""

from __future__ import annotations

import threading

from edgeroutes.errors import ProjectError
from edgeroutes.http.caching import UNCACHED
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.response import Response
from edgeroutes.routing.table import PathEncodingError, RouteTable, canonical_path
from edgeroutes.runtime.context import RequestScope, call_outside_loop
from edgeroutes.runtime.endpoint import Endpoint
from edgeroutes.runtime.loop import is_fatal
from edgeroutes.runtime.responses import complete_headers, finalize_body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import Any

    from edgeroutes.http.cors import CORS
    from edgeroutes.runtime.manifest import Manifest, ManifestRoute
    from edgeroutes.types import AsgiApp, Incoming, Params

    Mount = Callable[[AsgiApp, RequestScope], Awaitable[Response]]


class Application:
    """The routes of a manifest, each loaded at its first request.

    Args:
        manifest: What there is.
        root: The project's folder.
        mount: How a route that exports `app` is called; each adapter has its own.
        debug: Whether a 500 shows the client what happened: in `dev`, never on Lambda.
    """

    def __init__(self, manifest: Manifest, root: str, mount: Mount, *, debug: bool = False) -> None:
        self.manifest = manifest
        self.root = root
        self.debug = debug
        self._home = f"{manifest.base_path}/" if manifest.trailing_slash else manifest.base_path or "/"
        self._mount = mount
        self._table = RouteTable((route.route_path, route) for route in manifest.routes)
        self.endpoints: dict[str, Endpoint] = {}  # that are loaded, by route path
        self._loading = threading.RLock()  # a thread must not use a module that another one still runs
        self._cors = None
        if manifest.cors is not None or any(route.cors is not None for route in manifest.routes):
            from edgeroutes.runtime.cors import CorsGate

            self._cors = CorsGate(manifest, self._table, is_late=debug)

    def endpoint(self, route: ManifestRoute) -> Endpoint:
        """The route, loaded.

        Raises:
            ProjectError: When it cannot be; the next call tries again.
        """
        path = route.route_path
        if path in self.endpoints:
            return self.endpoints[path]
        with self._loading:
            endpoint = self.endpoints.get(path)  # another thread may have been faster
            if endpoint is None:
                endpoint = Endpoint(route, self.manifest, self.root, self._mount)
                self.endpoints[path] = endpoint
            return endpoint

    async def load(self, route: ManifestRoute) -> Endpoint:
        """The route, imported outside the event loop: a file may call `asyncio.run` at its top level.

        Raises:
            ProjectError: When it cannot be loaded; the next call tries again.
        """
        endpoint: Endpoint = await call_outside_loop(self.endpoint, route)
        return endpoint

    def cors_problem(self, route: ManifestRoute) -> ProjectError | None:
        """What is wrong with the environment variables that hold the origins of a route, after it was requested."""
        return None if self._cors is None else self._cors.problems.get(route.route_path)

    def route_behind(self, path: str) -> ManifestRoute | None:
        """The route of a path in any spelling, where CORS decides by it; else None."""
        return None if self._cors is None else self._cors.route_behind(path)

    def open(self, incoming: Incoming) -> Call:
        """The call that handles this request; none of the author's code has run yet."""
        call = self._routed(incoming)
        return call if self._cors is None else self._cors.pass_through(call)

    def _routed(self, incoming: Incoming) -> Call:
        path, base = incoming.path, self.manifest.base_path
        if base:
            target = self._moved_to_base(path)
            if target is not None:
                early = self._moved(target, incoming.query_string()) if target else HTTPError(404)
                return Call(self, incoming, early=early)
            path = path[len(base) :] or "/"
        canonical = canonical_path(path, trailing_slash=self.manifest.trailing_slash)
        if canonical is not None and not self._is_in_app(path, canonical):
            target = self._home if canonical == "/" else f"{base}{canonical}"
            return Call(self, incoming, early=self._moved(target, incoming.query_string()))
        path = canonical or path
        try:
            match = self._table.match(path)
        except PathEncodingError as error:
            return Call(self, incoming, early=HTTPError(400, str(error)))
        if match is None:
            return Call(self, incoming, early=HTTPError(404))
        return Call(self, incoming, path, match.value, match.params)

    def _moved_to_base(self, path: str) -> str | None:
        """Where a path belongs that only repeated slashes keep outside the base path; "" for nowhere, None for a path below it."""
        base = self.manifest.base_path
        canonical: str | None = path
        if not f"{path}/".startswith(f"{base}/"):
            canonical = canonical_path(path, trailing_slash=self.manifest.trailing_slash) if "//" in path else None
            if canonical is None or not f"{canonical}/".startswith(f"{base}/"):
                return ""
        if canonical in (base, f"{base}/"):
            canonical = self._home
        return None if canonical == path else canonical

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
            ProjectError: When it cannot be loaded.
        """
        return self.endpoint(route).app is not None


class Call:
    """One request on its way to its response.

    Args:
        application: What it was opened by.
        incoming: The request.
        path: Without the base path.
        route: What matched.
        params: What the path captured.
        early: The response that needs no route.
    """

    __slots__ = (
        "_application",
        "_scope",
        "cors",
        "early",
        "failure",
        "incoming",
        "needs_loop",
        "params",
        "path",
        "route",
    )

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
        self.needs_loop = route is not None and route.needs_loop  # whether its coroutines must run on an event loop
        self._application = application
        self.path = path
        self.params = params or {}
        self.early = early
        self._scope: RequestScope | None = None
        self.failure: BaseException | None = None  # of the response, or of its stream on the way
        self.cors: CORS | None = None  # what pages of other origins may do with the response

    def responding_early(self, early: Response | HTTPError) -> Call:
        """A call for the same request that has this response instead of the route's."""
        call = Call(self._application, self.incoming, early=early)
        call.cors = self.cors
        return call

    @property
    def after(self) -> Sequence[tuple[object, tuple[Any, ...]]]:
        """What was given to `after`: functions and their arguments."""
        return () if self._scope is None else self._scope.after

    @property
    def has_after(self) -> bool:
        """Whether something is left to run once the response is sent."""
        return self._scope is not None and bool(self._scope.after or self._scope.cleanups)

    @property
    def dynamic_reasons(self) -> tuple[str, ...]:
        """What the handler read that is one user's: headers, cookies, client, aws_event."""
        return () if self._scope is None else tuple(self._scope.dynamic_reasons)

    @property
    def is_starting(self) -> bool:
        """Whether `respond` waits for a stream's first chunk: then a client that has left is to be waited for no longer."""
        return self._scope is not None and self._scope.is_starting

    async def respond(self) -> Response:
        """The response with its head complete, never an exception.

        A stream has its first chunk at hand; its body is then an async iterator of bytes, to be read in the same coroutine.
        """
        route = self.route
        try:
            if route is None:
                response = self._unrouted()
            else:
                application = self._application
                endpoint = application.endpoints.get(route.route_path) or await application.load(route)
                scope = self._scope = RequestScope(self.incoming, self.path, self.params, endpoint)
                response = await endpoint.respond(scope)
                if response.is_stream:
                    response = await self._started(response, scope, endpoint)
                if response.background is not None:
                    scope.after.append((response.background, ()))
                response = complete_headers(response, scope)
                if response.is_stream:
                    from edgeroutes.runtime.streams import compressed

                    response = compressed(response, self.incoming.header("accept-encoding") or "")
        except BaseException as error:  # whatever it is, the client gets a response and the log the cause
            if is_fatal(error):
                raise
            response = self.fail(error)
        if self._scope is not None and self._scope.on_response:
            for add in self._scope.on_response:
                add(response)
        finalize_body(response, self.incoming.method)
        if self._scope is not None and self._scope.streams and not response.is_stream:
            await self.close_streams()  # of a 304, of HEAD, of a stream that middleware has replaced
        return response if self.cors is None else self._allowed(response)

    def _allowed(self, response: Response) -> Response:
        if self.cors is not None:
            from edgeroutes.runtime.cors import allow

            allow(response, self.cors, self.incoming)
        return response

    async def _started(self, response: Response, scope: RequestScope, endpoint: Endpoint) -> Response:
        """A stream whose head can be written: what middleware made may not have begun; HEAD and 304 want none of it."""
        from edgeroutes.runtime.streams import start_body

        try:
            response = await start_body(response, scope)
        except Exception as error:  # noqa: BLE001  # `interrupted` raises others again
            return endpoint.interrupted(scope, error)
        scope.sealed = "after the stream had begun"
        return response

    def enter_app(self) -> tuple[AsgiApp, RequestScope] | None:
        """The route's app and the request's scope, for a server that calls the app directly.

        None where `respond` must be used: `bare_app` is None, or the route cannot be loaded.
        """
        if self.route is None:
            return None
        try:
            endpoint = self._application.endpoint(self.route)
        except ProjectError:
            return None
        app = endpoint.bare_app(self.incoming)
        if app is None:
            return None
        self._scope = RequestScope(self.incoming, self.path, self.params, endpoint)
        return app, self._scope

    def complete(self, response: Response) -> Response:
        """The response that an app sends directly, with the headers that every response has, or the 304 that stands for it."""
        scope = self._scope
        if scope is None:
            return response
        return self._allowed(complete_headers(response, scope))

    def _unrouted(self) -> Response:
        early = self.early or HTTPError(404)
        if not isinstance(early, Response):
            from edgeroutes.http.problem import problem_response

            early = problem_response(early, instance=self.incoming.path, request_id=self.incoming.request_id)
        early.headers.setdefault("cache-control", UNCACHED)
        return early

    def fail(self, error: BaseException) -> Response:
        """A 500 without the cause, which is logged."""
        from edgeroutes.runtime.failures import failure_response

        response = failure_response(error, self, self._application.root if self._application.debug else "")
        response.headers["cache-control"] = UNCACHED
        return self._allowed(response)

    async def close_streams(self) -> None:
        """Close what produces the body, now, in the coroutine that read it; what fails in that is logged, for the response is settled."""
        if self._scope is not None and self._scope.streams:
            from edgeroutes.runtime.streams import close_all

            await close_all(self._scope.streams, self)

    async def finish(self) -> None:
        """Run what `after` was given, then end dependencies; to be called once, when the last byte is sent."""
        scope = self._scope
        if scope is not None and scope.after:
            from edgeroutes.runtime.after import run_after

            await run_after(scope)
        if scope is not None and scope.cleanups:
            from edgeroutes.runtime.dependencies import unwind_after_response

            await unwind_after_response(scope, self)
