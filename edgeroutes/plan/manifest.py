"""What a function's manifest contains, for dev, the build and `edgeroutes.asgi`: settings, and the CORS of each route.

A route file declares `cors = CORS(…)`. A folder declares the same in middleware.py, or under `cors` in function.yaml, and the project in
`[tool.edgeroutes.cors]`. The nearest declaration applies as a whole; False is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError, ProjectError, require_no_problems
from edgeroutes.http.cors import CORS
from edgeroutes.routing.conventions import METHODS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from edgeroutes.config import Config
    from edgeroutes.routing.exports import RouteExports
    from edgeroutes.routing.scan import RouteFile

    Declared = CORS | bool | None


def route_arguments(route: RouteFile, cors: CORS | None) -> dict[str, Any]:
    """The keyword arguments of a route's `ManifestRoute`, without `needs_loop`: `build.loops.needs_loop` decides that."""
    return {
        "middleware_files": route.middleware_files,
        "cors": cors,
        "has_options": "OPTIONS" in route.exports.method_names,
        "guards": dict(route.guards.files) if route.guards is not None else None,
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


def plan_cors(
    routes: Iterable[RouteFile], default: CORS | None, folders: Mapping[str, Declared], problems: list[ProjectError]
) -> dict[str, CORS]:
    """Route path → its CORS, with the methods that it allows; a route without any is not in it.

    Args:
        routes: The project's.
        default: The project's.
        folders: The declarations of function.yaml files, by file.
        problems: Gets a problem for a folder that declares it twice.
    """
    found: dict[str, CORS] = {}
    for route in routes:
        declared = _declared(route, folders, problems)
        cors = default if declared is None else declared
        if isinstance(cors, CORS):
            found[route.route_path] = cors.with_methods(allowed_methods(route.exports))
    return found


def read_cors(
    routes: Sequence[RouteFile],
    default: CORS | None,
    read_text: Callable[[str], str],
    problems: list[ProjectError] | None = None,
) -> dict[str, CORS]:
    """The same for callers that do not plan: only the CORS of function.yaml files is read.

    Args:
        routes: The project's.
        default: The project's.
        read_text: Reads a file of the project.
        problems: Gets the problems; without a list they are raised.

    Raises:
        ProjectError: For all problems.
    """
    found_problems: list[ProjectError] = []
    folders: dict[str, Declared] = {}
    for file in sorted({file for route in routes for file in route.function_yaml_files}):
        text = read_text(file)
        if "cors" in text:
            from edgeroutes.plan.function_yaml import parse_function_yaml

            folders[file] = parse_function_yaml(text, file, found_problems).cors
    found = plan_cors(routes, default, folders, found_problems)
    if problems is None:
        require_no_problems([problem for problem in found_problems if "cors" in str(problem)])
    else:
        problems += found_problems
    return found


def allowed_methods(exports: RouteExports) -> tuple[str, ...]:
    """The methods of a route: its exports, HEAD with GET; all for an app."""
    if exports.app is not None:
        return METHODS
    names = exports.method_names
    return tuple(method for method in METHODS if method in names or (method == "HEAD" and "GET" in names))


def _declared(route: RouteFile, folders: Mapping[str, Declared], problems: list[ProjectError]) -> Declared:
    """The nearest declaration for the route; None without any."""
    if route.config.cors is not None:
        return route.config.cors
    by_file = {file: folders.get(file) for file in route.function_yaml_files}
    by_file |= {each.source_file: each.cors for each in route.wraps}
    declared = {file: cors for file, cors in by_file.items() if cors is not None}
    if not declared:
        return None
    nearest = max(map(_folder, declared), key=len)
    files = [file for file in declared if _folder(file) == nearest]
    if len(files) > 1:
        hint = "Remove one of them"
        problems.append(ConfigError(f"cors is declared here and in {files[1]}", where=files[0], hint=hint))
    return declared[files[0]]


def _folder(file: str) -> str:
    return file.rpartition("/")[0]
