"""The CORS of each route: the nearest declaration in its file, its folders or the project.

A route file has `cors = CORS(…)`; a folder has the same in middleware.py, or `cors` in function.yaml; the project
has `[tool.edgeroutes.cors]`. The nearest wins as a whole, and False disables CORS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeroutes.errors import ConfigError, ProjectError, require_no_problems
from edgeroutes.http.cors import CORS
from edgeroutes.http.origins import ANY
from edgeroutes.routing.conventions import METHODS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from edgeroutes.routing.exports import RouteExports
    from edgeroutes.routing.scan import RouteFile

    Said = CORS | bool | None


def plan_cors(
    routes: Iterable[RouteFile], default: CORS | None, folders: Mapping[str, Said], problems: list[ProjectError]
) -> dict[str, CORS]:
    """Route path → its CORS, with the methods that it allows; a route without any is not in it.

    Args:
        routes: The project's routes.
        default: The project's CORS.
        folders: The CORS in function.yaml files, by file.
        problems: Gets folders with two declarations.
    """
    found: dict[str, CORS] = {}
    for route in routes:
        said = _said(route, folders, problems)
        cors = default if said is None else said
        if isinstance(cors, CORS):
            found[route.route_path] = cors.with_methods(allowed_methods(route.exports))
    return found


def read_cors(
    routes: Sequence[RouteFile],
    default: CORS | None,
    read_text: Callable[[str], str],
    problems: list[ProjectError] | None = None,
) -> dict[str, CORS]:
    """The same for servers, which plan nothing: only the `cors` of function.yaml files is read.

    Args:
        routes: The project's routes.
        default: The project's CORS.
        read_text: Reads a file of the project.
        problems: Gets the problems; without a list they are raised.

    Raises:
        ProjectError: For all problems together.
    """
    found_problems: list[ProjectError] = []
    folders: dict[str, Said] = {}
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
    """The methods of a route: its exports, and HEAD if it exports GET; all methods for an app."""
    if exports.app is not None:
        return METHODS
    names = exports.method_names
    return tuple(method for method in METHODS if method in names or (method == "HEAD" and "GET" in names))


def _said(route: RouteFile, folders: Mapping[str, Said], problems: list[ProjectError]) -> Said:
    """The declaration nearest to the route; None if there is none."""
    if route.config.cors is not None:
        return route.config.cors
    by_file = {file: folders.get(file) for file in route.function_yaml_files}
    by_file |= {each.source_file: each.cors for each in route.wraps}
    said = {file: cors for file, cors in by_file.items() if cors is not None}
    if not said:
        return None
    nearest = max(map(_folder, said), key=len)
    files = [file for file in said if _folder(file) == nearest]
    if len(files) > 1:
        hint = "Take one of them out"
        problems.append(ConfigError(f"cors is set here and in {files[1]}", where=files[0], hint=hint))
    return said[files[0]]


def _folder(file: str) -> str:
    return file.rpartition("/")[0]


def gateway_fields(default: CORS | None, routes: Iterable[CORS]) -> list[tuple[str, str]]:
    """The CORS headers of API Gateway's own errors, which are the same for every request.

    Args:
        default: The project's CORS, which decides if there is one.
        routes: The routes' CORS: there are headers only if all allow the same single origin.

    Returns:
        Header fields; none if the response would depend on the origin.
    """
    policies = [default] if default is not None else [*routes]
    origins = {policy.static_origin for policy in policies}
    origin = origins.pop() if len(origins) == 1 else None
    if origin is None:
        return []
    fields = [("Access-Control-Allow-Origin", origin)]
    if any(policy.credentials for policy in policies) and origin != ANY:
        fields.append(("Access-Control-Allow-Credentials", "true"))
    return fields
