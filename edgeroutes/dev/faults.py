"""Which routes cannot answer, and why: the scan's problems, told route by route, so that all others keep working. Floor 3; no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeroutes.errors import LayoutError

if TYPE_CHECKING:
    from edgeroutes.errors import ProjectError
    from edgeroutes.routing.scan import RouteFile, RouteScan


def faults_by_route(scan: RouteScan) -> dict[str, tuple[ProjectError, ...]]:
    """For each route path that cannot be answered, what must be mended: its file, its middleware, the folders it shares.

    A route file that exports nothing is no fault: it answers 405.
    """
    layout = layout_problems(scan)
    found = {route.route_path: _faults(route, layout) for route in scan.routes}
    return {route_path: faults for route_path, faults in found.items() if faults}


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
