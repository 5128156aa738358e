"""The module that Lambda loads in each bundle, written out as Python. Floor 2; renders text, imports nothing of what it names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edgeroutes.plan.model import ENTRY_MODULE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgeroutes.config import Config
    from edgeroutes.http.cors import CORS
    from edgeroutes.plan.model import FunctionPlan
    from edgeroutes.routing.scan import RouteFile

    Setting = str | bool | int | CORS | None

ENTRY_FILE = f"{ENTRY_MODULE}.py"


def entry_imports(function: FunctionPlan) -> tuple[str, ...]:
    """Files of edgeroutes that a function's entry imports: the trace of its bundle begins at them, too."""
    adapter = "adapters/streaming/handler.py" if function.streams else "adapters/proxy.py"
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
    settings: dict[str, tuple[Setting, Setting]] = {
        "base_path": (config.base_path, ""),
        "trailing_slash": (config.trailing_slash, False),
        "tag_header": (config.cdn.tag_header, "x-cache-tag"),
        "stream_margin_ms": (config.stream_margin_ms if function.streams else 1000, 1000),
        "cors": (config.cors, None),
    }
    arguments = "".join(
        f", {name}={_literal(value)}" for name, (value, default) in settings.items() if value != default
    )
    module, handler = ("streaming.handler", "StreamingHandler") if function.streams else ("proxy", "LambdaHandler")
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
    more = ""
    if route.middleware_files:
        more = f", middleware_files=[{', '.join(_literal(file) for file in route.middleware_files)}]"
    more += f", needs_loop={needs_loop}"
    if cors is not None:
        more += f", cors={cors!r}"
        more += ", has_options=True" if "OPTIONS" in route.exports.method_names else ""
    return f"ManifestRoute({_literal(route.route_path)}, {_literal(route.source_file)}{more})"


def _literal(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
