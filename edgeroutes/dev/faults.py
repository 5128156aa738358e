"""Which routes cannot answer, and why: the scan's problems, told route by route, so that all others keep working."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgeroutes.errors import ConfigError, LayoutError, ProjectError
from edgeroutes.routing.reading import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from edgeroutes.routing.scan import RouteFile, RouteScan


def faults_by_route(scan: RouteScan) -> dict[str, tuple[ProjectError, ...]]:
    """For each route path that cannot be answered, what must be mended: its file, its middleware, the folders it shares.

    A route file that exports nothing is no fault: it answers 405.
    """
    layout = layout_problems(scan)
    found = {route.route_path: _faults(route, layout) for route in scan.routes}
    return {route_path: faults for route_path, faults in found.items() if faults}


def faults_by_file(
    routes: Iterable[RouteFile], problems: Iterable[ProjectError]
) -> dict[str, tuple[ProjectError, ...]]:
    """Route path → the problems in its route file, or in a middleware file or function.yaml of its folders."""
    by_file: dict[str, list[ProjectError]] = {}
    for problem in problems:
        by_file.setdefault(file_of(problem.where), []).append(problem)
    found = {route.route_path: _of_files(route, by_file) for route in routes}
    return {route_path: faults for route_path, faults in found.items() if faults}


def file_of(where: str) -> str:
    """The file of a place, `infra/tables.yaml` of `infra/tables.yaml:12`."""
    file, _, line = where.rpartition(":")
    return file if line.isdigit() else where


def cors_fault(problem: ProjectError, root: Path, route: RouteFile) -> ProjectError:
    """A problem with the origins of a route, at the line that declares its CORS."""
    folders = sorted((*route.middleware_files, *route.function_yaml_files), key=lambda file: -file.count("/"))
    for file in (route.source_file, *folders):
        try:
            lines = read_text(root / file, file).splitlines()
        except (OSError, ProjectError):
            continue
        for number, line in enumerate(lines, 1):
            if re.match(r"cors\b", line):
                return ConfigError(problem.problem, where=f"{file}:{number}", hint=problem.hint)
    return ConfigError(problem.problem, where="pyproject.toml: [tool.edgeroutes.cors]", hint=problem.hint)


def _of_files(route: RouteFile, by_file: Mapping[str, list[ProjectError]]) -> tuple[ProjectError, ...]:
    files = (route.source_file, *route.middleware_files, *route.function_yaml_files)
    return tuple(problem for file in files for problem in by_file.get(file, ()))


def layout_problems(scan: RouteScan) -> tuple[ProjectError, ...]:
    """The problems with folders; the route of such a one may not be in the table, so that its URL is not found."""
    return tuple(problem for problem in scan.problems if isinstance(problem, LayoutError))


def _faults(route: RouteFile, layout: tuple[ProjectError, ...]) -> tuple[ProjectError, ...]:
    own = [problem for problem in layout if _concerns(problem, route)]
    files = (route.exports.problems, *(middleware.problems for middleware in route.wraps))
    return (*own, *(problem for problems in files for problem in problems))


def _concerns(problem: ProjectError, route: RouteFile) -> bool:
    """Whether a layout problem is about this route: it stands at its file, or its sentence names a folder that the route is in."""
    named = problem.problem.split()
    return problem.where == route.source_file or any(
        route.directory == folder or route.directory.startswith(f"{folder}/") for folder in named if "/" in folder
    )
