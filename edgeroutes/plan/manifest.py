"""The arguments of a function's manifest, shared by dev, the build and `edgeroutes.asgi`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgeroutes.config import Config
    from edgeroutes.http.cors import CORS
    from edgeroutes.routing.scan import RouteFile


def route_arguments(route: RouteFile, cors: CORS | None) -> dict[str, Any]:
    """The keyword arguments of a route's `ManifestRoute`, without `needs_loop`: `build.loops.needs_loop` decides that."""
    return {
        "middleware_files": route.middleware_files,
        "cors": cors,
        "has_options": "OPTIONS" in route.exports.method_names,
    }


def manifest_arguments(config: Config) -> dict[str, Any]:
    """The keyword arguments of a `Manifest`, without its routes."""
    return {
        "base_path": config.base_path,
        "trailing_slash": config.trailing_slash,
        "tag_header": config.cdn.tag_header,
        "stream_margin_ms": config.stream_margin_ms,
        "cors": config.cors,
    }
