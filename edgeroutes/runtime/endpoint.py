"""One loaded route: its file as a module, which of its handlers runs, and what its segment config adds.

A route's folder may be called `[id]`, `[...slug]` or `rss.xml`, which no import statement can name. The file is loaded by
its path, under a module name made of its folders; a folder whose name has a dot gets a package made for it, so that
`from .schemas import X` finds the files beside the route.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import ModuleType

from edgeroutes.errors import RouteFileError
from edgeroutes.http.caching import lifetime_seconds
from edgeroutes.http.interrupts import Redirect, find_interrupt
from edgeroutes.http.request import FORM_TYPES
from edgeroutes.http.response import Response, current_request
from edgeroutes.routing.conventions import APP_EXPORT, GUARD_NAMES, METHODS, STATIC_PARAMS_EXPORT, SegmentConfig
from edgeroutes.runtime.loop import is_fatal, running_loop, starts_nothing
from edgeroutes.runtime.responses import to_response
from edgeroutes.runtime.signature import ABSENT, return_annotation, takes_nothing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from edgeroutes.runtime.application import Mount
    from edgeroutes.runtime.binding import Binding, Segments
    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.runtime.dependencies import Dependencies
    from edgeroutes.runtime.guards import Guards
    from edgeroutes.runtime.manifest import Manifest, ManifestRoute
    from edgeroutes.runtime.middleware import FolderMiddleware
    from edgeroutes.types import AsgiApp, Handler, Incoming

    Respond = Callable[[RequestScope], Awaitable[Response]]


# Stands for a dot inside a folder's name, which would part a module's name: U+2024 looks like one in a traceback.
_DOT = "\u2024"


class _BoundHandler:
    """A handler with the way in which it is called."""

    __slots__ = ("_binding", "_dependencies", "_function", "_is_sync", "_write", "where")

    def __init__(self, function: Handler, segments: Segments, where: str, root: str) -> None:
        self._function = function
        self._binding: Binding | None = None
        if not takes_nothing(function):
            from edgeroutes.runtime.binding import bind

            self._binding = bind(function, segments, where)
        self._is_sync = not starts_nothing(function)
        self._dependencies: Dependencies | None = None
        self._write = None
        annotation, annotated = return_annotation(function)
        if annotation is not ABSENT:
            from edgeroutes.runtime.returns import find_writer

            self._write = find_writer(annotation, annotated, where)
        self.where = where
        if self._binding is not None and self._binding.dependencies:
            from edgeroutes.runtime.dependencies import Dependencies

            self._dependencies = Dependencies(self._binding.dependencies, segments, where, root)

    def __call__(self, scope: RequestScope) -> Awaitable[Response]:
        """The response for whatever the handler returns."""
        binding = self._binding
        if binding is None:
            return self._respond({})
        if self._dependencies is not None:
            return self._dependencies.respond(self._respond, binding, scope)
        if not binding.may_read_form:
            return self._respond(binding.arguments(scope))
        from edgeroutes.runtime.bodies import respond_with_body

        return respond_with_body(self._respond, binding, scope)

    async def _respond(self, arguments: dict[str, Any]) -> Response:
        current_request.get().has_begun = True
        if self._is_sync and running_loop() is not None:
            from edgeroutes.runtime.offload import call_sync

            result: Any = await call_sync(lambda: self._function(**arguments))
        else:
            result = self._function(**arguments)
        if hasattr(result, "__await__"):
            result = await result
        return to_response(result, self.where) if self._write is None else self._write(result)


class Endpoint:
    """A route file, loaded.

    Args:
        route: Where it lies and what is known of it from the build.
        manifest: Of the function, for its settings.
        root: The project's folder.
        mount: How an `app` is called.

    Raises:
        RouteImportError: When the file, or one of its middleware files, does not import.
        RouteFileError: When an export cannot be used.
    """

    __slots__ = (
        "_guards",
        "_middleware",
        "_responders",
        "app",
        "config",
        "lifetime_seconds",
        "manifest",
        "mount",
        "root",
        "route",
        "static_params",
    )

    def __init__(self, route: ManifestRoute, manifest: Manifest, root: str, mount: Mount) -> None:
        self.route = route
        self.manifest = manifest
        self.root = root
        self.mount = mount
        namespace = vars(load_module(root, route.source_file))
        self.config = SegmentConfig.from_namespace(namespace, route.source_file)
        self.app: AsgiApp | None = namespace.get(APP_EXPORT)
        self.static_params = namespace.get(STATIC_PARAMS_EXPORT)
        self._responders = self._dispatch_table(namespace)
        self._guards: Guards | None = None
        if self.config.auth or self.config.limit or self.config.idempotent:
            self._require_known_guards()
        if route.guards:
            from edgeroutes.runtime.guards import read_guards

            self._guards = read_guards({name: load_module(root, file) for name, file in route.guards.items()}, route)
            self._responders = self._guards.running_once(self._responders)
        self._middleware = _load_middleware(root, route.middleware_files)
        self.lifetime_seconds = lifetime_seconds(
            self.config.dynamic, self.config.revalidate, has_static_params=self.static_params is not None
        )

    def _require_known_guards(self) -> None:
        """Raise RouteFileError for a guard of the loaded file that its source does not show: it would protect nothing."""
        for name in GUARD_NAMES:
            if getattr(self.config, name) and (self.route.guards or {}).get(name) != self.route.source_file:
                problem = f"{name} has a guard, and the source of the file does not declare it at the top level"
                raise RouteFileError(problem, where=self.route.source_file, hint=f"Write '{name} = …' with literals")

    def _dispatch_table(self, namespace: dict[str, object]) -> dict[str, Respond]:
        """What handles each method: what is exported, GET for HEAD, and what every route does by itself; an app handles all."""
        if self.app is not None:
            return {}
        segments = self.route.parameters()
        exported: dict[str, Respond] = {
            method: self._handler(method, namespace[method], segments)
            for method in METHODS
            if namespace.get(method) is not None
        }
        if "GET" in exported:
            exported.setdefault("HEAD", exported["GET"])
        allow = {"allow": ", ".join(sorted({*exported, "OPTIONS"}))}

        async def not_allowed(_: RequestScope) -> Response:
            return Response(None, 405, allow)

        async def options(_: RequestScope) -> Response:
            return Response(None, 204, allow)

        responders = {**dict.fromkeys(METHODS, not_allowed), "OPTIONS": options, **exported}
        if self.static_params is None or self.config.dynamic_params:
            return responders
        return {method: self._if_listed(respond) for method, respond in responders.items()}

    def _handler(self, method: str, function: object, segments: Segments) -> Respond:
        where = f"{self.route.source_file}, {method}"
        if not callable(function):
            hint = f"Define 'async def {method}(…)'"
            raise RouteFileError(f"it is a {type(function).__name__}, not a function", where=where, hint=hint)
        return _BoundHandler(function, segments, where, self.root)

    def _if_listed(self, respond: Respond) -> Respond:
        """The response for paths that the route generates; the others do not exist, whatever the method (facts C28)."""

        async def listed(scope: RequestScope) -> Response:
            from edgeroutes.runtime.static_params import require_listed

            await require_listed(self, scope.params)
            return await respond(scope)

        return listed

    def bare_app(self, incoming: Incoming) -> AsgiApp | None:
        """The route's app, for a server that calls it directly.

        None without an app, with guards, where middleware covers the request's path, and where `Host` is not one, which `respond` refuses.
        """
        if self.app is None or self._guards is not None or self._covering(incoming):
            return None
        from edgeroutes.http.url import has_valid_host

        return self.app if has_valid_host(incoming.header_items()) else None

    def _covering(self, incoming: Incoming) -> list[FolderMiddleware]:
        """The middleware for a request: chosen by the path as it was sent, which is what an app reads."""
        if not self._middleware:
            return []
        from edgeroutes.runtime.middleware import matching_middleware

        return matching_middleware(self._middleware, incoming.path[len(self.manifest.base_path) :] or "/")

    def challenge(self, scope: RequestScope) -> str:
        """The `WWW-Authenticate` of the route's auth; empty without any."""
        return self._guards.challenge(scope) if self._guards is not None else ""

    async def respond(self, scope: RequestScope) -> Response:
        """The response to a request, through guards and middleware; other exceptions than responses pass through."""
        if self._guards is not None:
            try:
                await self._guards.admit(scope)
            except Exception as error:  # noqa: BLE001  # `interrupted` raises others again
                return self.interrupted(scope, error)
        respond = self._responders.get(scope.incoming.method)
        if respond is None:
            if self.app is None:
                return Response(None, 400)  # a method that HTTP does not know, or that no route can export
            respond = self._mounted
        if self._middleware:
            return await self._respond_with_middleware(scope, respond)
        try:
            return await respond(scope)
        except Exception as error:  # noqa: BLE001  # `interrupted` raises others again
            return self.interrupted(scope, error)

    async def _respond_with_middleware(self, scope: RequestScope, respond: Respond) -> Response:
        async def started(scope: RequestScope) -> Response:
            response = await respond(scope)
            if not response.is_stream:
                return response
            from edgeroutes.runtime.streams import start_body

            return await start_body(response, scope)

        def interrupted(error: Exception) -> Response:
            return self.interrupted(scope, error)

        from edgeroutes.runtime.middleware import run_middleware

        return await run_middleware(self._covering(scope.incoming), scope, started, interrupted)

    async def _mounted(self, scope: RequestScope) -> Response:
        assert self.app is not None  # noqa: S101  # only a route with an app is given this response
        return await self.mount(self.app, scope)

    def interrupted(self, scope: RequestScope, error: Exception) -> Response:
        """The response for a raised redirect or HTTPError, which has no cookies of `cookies()`; any other error is raised again."""
        interrupt = find_interrupt(error)
        if interrupt is None:
            raise error
        if isinstance(interrupt, Redirect):
            request = scope.request
            is_form_post = request.method == "POST" and request.content_type() in FORM_TYPES
            return Response.redirect(interrupt.location, interrupt.form_status if is_form_post else interrupt.status)
        from edgeroutes.http.problem import problem_response

        scope.jar = None
        return problem_response(interrupt, instance=scope.incoming.path, request_id=scope.incoming.request_id)


def _load_middleware(root: str, source_files: tuple[str, ...]) -> list[FolderMiddleware]:
    if not source_files:
        return []
    from edgeroutes.runtime.middleware import read_middleware

    return [read_middleware(load_module(root, source_file), source_file) for source_file in source_files]


def load_module(root: str, source_file: str) -> ModuleType:
    """The module of a route or middleware file; the same one when it is loaded already.

    Args:
        root: The project's folder, or `/var/task`.
        source_file: Relative to it, with `/`: `functions/users/[id]/route.py`.

    Raises:
        RouteImportError: When it does not import: a module missing, a name missing, or an error of its own.
    """
    *folders, file_name = source_file.split("/")
    package = ".".join(folder.replace(".", _DOT) for folder in folders)
    name = f"{package}.{file_name.removesuffix('.py')}"
    path = f"{root}/{source_file}"
    loaded = sys.modules.get(name)
    if loaded is not None and loaded.__file__ == path:  # another project in this process may have a file of that name
        return loaded
    _make_packages(root, folders)
    module = ModuleType(name)
    loader = SourceFileLoader(name, path)
    module.__spec__ = ModuleSpec(name, loader, origin=path)
    module.__spec__.has_location = True
    module.__file__ = path
    module.__package__ = package
    module.__loader__ = loader
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if is_fatal(error):
            raise
        from edgeroutes.runtime.failures import import_error

        raise import_error(error, root, source_file) from error
    return module


def _make_packages(root: str, folders: list[str]) -> None:
    """Packages for the folders from the first one on whose name no import statement could find."""
    for depth, folder in enumerate(folders, start=1):
        if "." not in folder:
            continue
        name = ".".join(part.replace(".", _DOT) for part in folders[:depth])
        path = ["/".join([root, *folders[:depth]])]
        if name not in sys.modules or sys.modules[name].__path__ != path:
            package = ModuleType(name)
            package.__path__ = path
            package.__package__ = name
            sys.modules[name] = package
