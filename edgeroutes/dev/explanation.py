"""How the project's files decide on a request: its handler and its caching. Runs none of the project's code.

The matcher and redirects are the runtime's, the functions the plan's, the cache rules those of `http/caching`, the key the CDN's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgeroutes.adapters.events import read_event
from edgeroutes.dev.cdn_cache import keyed_headers, make_key
from edgeroutes.dev.gateway import rest_event
from edgeroutes.http.caching import UNCACHED, lifetime_seconds, path_tag, render_cache_control
from edgeroutes.http.headers import Headers
from edgeroutes.http.response import Response
from edgeroutes.routing.exports import config_lines, find_dynamic_reads
from edgeroutes.runtime.application import Application

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from edgeroutes.dev.gateway import HttpRequest
    from edgeroutes.dev.project import Project
    from edgeroutes.plan.model import ProjectPlan
    from edgeroutes.routing.scan import RouteFile
    from edgeroutes.runtime.application import Call
    from edgeroutes.runtime.manifest import ManifestRoute

_CACHED_METHODS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caching:
    """How the CDN caches a response.

    Args:
        key: CloudFront's cache key; empty where it does not cache.
        cache_control: A 200's.
        lifetime_seconds: How long it is fresh; None where it is not cached.
        source: The lines of the project that decide this.
        exceptions: What would change it, and is known only when it runs.
        tags: The response's, as far as the file has them.
    """

    key: str = ""
    cache_control: str = UNCACHED
    lifetime_seconds: int | None = None
    source: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What happens with a request.

    Args:
        method: Its method.
        target: Path and query.
        logical_id: The function's.
        handler: In words.
        status: Where it is known without running anything.
        location: Of a redirect.
        allow: The route's methods.
        route_path: The route that matched.
        source_file: The route's file.
        params: The path parameters.
        middleware_files: Around the route, outermost first.
        guards: What runs before the handler, in that order, with the place of each.
        caching: Of the response.
        cors: The route's CORS, in words.
    """

    method: str
    target: str
    logical_id: str
    handler: str
    status: int | None = None
    location: str = ""
    allow: str = ""
    route_path: str = ""
    source_file: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    middleware_files: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    caching: Caching
    cors: str = ""


def explain(project: Project, plan: ProjectPlan, request: HttpRequest, read: Callable[[str], str]) -> Explanation:
    """Explain a request.

    Args:
        project: The project.
        plan: Its functions.
        request: The request.
        read: Reads a file of the project.
    """
    application = _Unloaded(project)
    call = application.open(read_event(rest_event(request), None))
    target = f"{request.path}?{request.query}" if request.query else request.path
    if call.route is None:
        return _unrouted(call, request.method, target, plan)
    route = application.scanned[call.route.route_path]
    logical_id = next(each.logical_id for each in plan.functions if route in each.routes)
    status, handler = _handler(route, request.method)
    is_cached = request.method in _CACHED_METHODS and status is None
    why_not = (
        f"{request.method} is never cached" if request.method not in _CACHED_METHODS else f"{status} is never cached"
    )
    return Explanation(
        method=request.method,
        target=target,
        logical_id=logical_id,
        handler=handler,
        status=status,
        allow="" if route.exports.app is not None else ", ".join(_methods(route)),
        route_path=route.route_path,
        source_file=route.source_file,
        params=call.params,
        middleware_files=route.middleware_files,
        guards=tuple(_guards(route, request.method)),
        caching=_caching(project, route, call, request, read) if is_cached else Caching(source=(why_not,)),
        cors=_cors(project, route, read),
    )


class _Unloaded(Application):
    """The runtime's routing, which here reads the source of a route instead of loading it."""

    def __init__(self, project: Project) -> None:
        super().__init__(project.manifest(strict=False), str(project.root), _no_mount)
        self.scanned = {route.route_path: route for route in project.scan.routes}

    def has_app(self, route: ManifestRoute) -> bool:
        return self.scanned[route.route_path].exports.app is not None


async def _no_mount(*_: object) -> Response:
    raise NotImplementedError  # nothing is run here


def _unrouted(call: Call, method: str, target: str, plan: ProjectPlan) -> Explanation:
    early = call.early
    location, status, handler = "", 404, "no route has this path"
    if isinstance(early, Response):
        location, status = early.headers["location"], early.status
        handler = "edgeroutes: the path is not canonical, so it redirects"
    elif early is not None:
        status, handler = early.status, early.detail if early.status != 404 else handler
    return Explanation(
        method=method,
        target=target,
        logical_id=plan.fallback.logical_id,
        handler=handler,
        status=status,
        location=location,
        caching=Caching(source=(f"a {status} of edgeroutes is never cached",)),
    )


def _handler(route: RouteFile, method: str) -> tuple[int | None, str]:
    """The status where it is known, and the handler."""
    if route.exports.app is not None:
        return None, f"app in {route.source_file}:{route.exports.app.line}"
    exports = {export.name: export for export in route.exports.methods}
    export = exports.get(method) or (exports.get("GET") if method == "HEAD" else None)
    if export is not None:
        headless = " without its body" if method == "HEAD" and export.name == "GET" else ""
        return None, f"{export.name} in {route.source_file}:{export.line}{headless}"
    if method == "OPTIONS":
        return 204, "edgeroutes, with the route's methods"
    if method not in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        return 400, f"edgeroutes: {method} is not a method that a route can export"
    return 405, f"edgeroutes: {route.source_file} does not export {method}"


def _methods(route: RouteFile) -> list[str]:
    names = {*route.exports.method_names, "OPTIONS"}
    return sorted(names | {"HEAD"} if "GET" in names else names)


def _caching(
    project: Project, route: RouteFile, call: Call, request: HttpRequest, read: Callable[[str], str]
) -> Caching:
    config = route.config
    has_params = route.exports.generate_static_params is not None
    lifetime = lifetime_seconds(config.dynamic, config.revalidate, has_static_params=has_params)
    keyed = keyed_headers(project.config, project.cors_policies)
    key = make_key(request, Headers(request.headers), keyed)
    is_shared = lifetime is not None
    return Caching(
        key=str(key) if project.config.cdn.enabled else "",
        cache_control=UNCACHED if lifetime is None else render_cache_control(lifetime),
        lifetime_seconds=lifetime,
        source=tuple(_reasons(route, read)),
        exceptions=tuple(_conditions(route, request.method, read)) if is_shared else (_OWN_HEADER,),
        tags=(*config.tags, path_tag(call.path)) if is_shared else (),
    )


def _reasons(route: RouteFile, read: Callable[[str], str]) -> Iterator[str]:
    """The lines of the route file that decide."""
    lines = config_lines(read(route.source_file))
    for name in ("dynamic", "revalidate"):
        if name in lines:
            yield f"{route.source_file}:{lines[name]} sets {name} = {getattr(route.config, name)!r}"
    if route.exports.generate_static_params is not None:
        yield f"{route.source_file}:{route.exports.generate_static_params.line} has generate_static_params"
    if not {"dynamic", "revalidate"} & lines.keys() and route.exports.generate_static_params is None:
        yield f"{route.source_file} has neither revalidate nor dynamic nor generate_static_params"


_OWN_HEADER = "the handler sets its own Cache-Control"


def _conditions(route: RouteFile, method: str, read: Callable[[str], str]) -> Iterator[str]:
    """What is known only when it runs."""
    then = {
        "error": "reads {}, which is an error under dynamic = 'error'",
        "force-static": "reads {}, and gets none under dynamic = 'force-static'",
    }.get(route.config.dynamic, "reads {}: then the response is not cached")
    others = set(route.exports.method_names) - {method, "GET"}
    for file in route.files:
        for found in find_dynamic_reads(read(file)):
            if found.function not in others:
                yield f"{file}:{found.line} {then.format(found.what)}"
    if route.exports.generate_static_params is not None and not route.config.dynamic_params:
        yield "generate_static_params does not list the path: 404"
    yield "the response sets a cookie, or has a status that is not cached"
    yield "a fetch() or cached() in it has a shorter lifetime; their tags are added"
    yield _OWN_HEADER


def _guards(route: RouteFile, method: str) -> Iterator[str]:
    """The guards of a request, in the order in which they run."""
    guards = route.guards
    if guards is None:
        return
    counted = [(each, f"{each} in {guards.place('limit')}") for each in guards.limits if each.at == "function"]
    yield from (text for limit, text in counted if limit.key != "caller")
    if guards.auth is not None:
        yield f"{guards.auth!r} in {guards.place('auth')}"
    yield from (text for limit, text in counted if limit.key == "caller")
    if guards.idempotent is not None and method in guards.idempotent.methods:
        yield f"{guards.idempotent!r} in {guards.place('idempotent')}"


def _cors(project: Project, route: RouteFile, read: Callable[[str], str]) -> str:
    """The CORS of a route, in words."""
    policy = project.cors.get(route.route_path)
    if policy is not None:
        line = config_lines(read(route.source_file)).get("cors")
        where = f"{route.source_file}:{line}" if line else "a folder of the route, or [tool.edgeroutes.cors],"
        return f"{where} sets {policy!r}"
    return "none: pages of other origins cannot read the response"
