"""The module that Lambda loads in each bundle, written out as Python."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from edgeroutes.plan.manifest import manifest_arguments, route_arguments
from edgeroutes.plan.model import ENTRY_MODULE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgeroutes.config import Config
    from edgeroutes.http.cors import CORS
    from edgeroutes.plan.model import FunctionPlan
    from edgeroutes.routing.scan import RouteFile

ENTRY_FILE = f"{ENTRY_MODULE}.py"
# The defaults of runtime.manifest, which the build side may not import; a test compares them. `needs_loop` is always written.
_ROUTE_DEFAULTS: Mapping[str, Any] = {"middleware_files": (), "cors": None, "has_options": False}
_MANIFEST_DEFAULTS: Mapping[str, Any] = {
    "base_path": "",
    "trailing_slash": False,
    "tag_header": "x-cache-tag",
    "stream_margin_ms": 1000,
    "cors": None,
}


def entry_imports(function: FunctionPlan) -> tuple[str, ...]:
    """Files of edgeroutes that a function's entry imports: the trace of its bundle begins at them, too."""
    adapter = "adapters/streaming.py" if function.streams else "adapters/proxy.py"
    return adapter, "runtime/manifest.py"


def render_entry(function: FunctionPlan, config: Config, needs_loop: Mapping[str, bool]) -> str:
    """The source of a function's entry module; the same text for the same plan.

    Args:
        function: Its routes, none for the fallback.
        config: The settings that the runtime needs.
        needs_loop: By route path, whether the route's imports reach asyncio, anyio or trio.
    """
    names = ["Manifest", *(["ManifestRoute"] if function.routes else [])]
    routes = "".join(
        f"    {_render_route(route, function.cors.get(route.route_path), needs_loop=needs_loop[route.route_path])},\n"
        for route in function.routes
    )
    settings = manifest_arguments(config)
    if not function.streams:
        del settings["stream_margin_ms"]
    arguments = "".join(f", {each}" for each in _differing(settings, _MANIFEST_DEFAULTS))
    module, handler = ("streaming", "StreamingHandler") if function.streams else ("proxy", "LambdaHandler")
    lines = [
        f'"""What Lambda calls for {function.logical_id}. Written by edgeroutes: every build writes it anew."""',
        "",
        f"from edgeroutes.adapters.{module} import {handler}",
        *(["from edgeroutes.http.cors import CORS"] if function.cors or config.cors is not None else []),
        f"from edgeroutes.runtime.manifest import {', '.join(names)}",
        "",
        f"routes = [\n{routes}]" if routes else "routes = []",
        f'handler = {handler}(Manifest(routes{arguments}), __file__.rpartition("/")[0])',
        "",
    ]
    return "\n".join(lines)


def _render_route(route: RouteFile, cors: CORS | None, *, needs_loop: bool) -> str:
    settings = {**route_arguments(route, cors), "needs_loop": needs_loop}
    if cors is None:  # only CORS reads it
        del settings["has_options"]
    written = (_literal(route.route_path), _literal(route.source_file), *_differing(settings, _ROUTE_DEFAULTS))
    return f"ManifestRoute({', '.join(written)})"


def _differing(arguments: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[str]:
    return [
        f"{name}={_literal(value)}"
        for name, value in arguments.items()
        if name not in defaults or defaults[name] != value
    ]


def _literal(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_literal, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
