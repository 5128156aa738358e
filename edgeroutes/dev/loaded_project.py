"""The project as it was read at one save, with its handler and the problems of its routes.

A request uses the loaded project that it began with, whatever is saved meanwhile.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from edgeroutes.errors import ConfigError, LayoutError, ProjectError
from edgeroutes.routing.reading import read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from edgeroutes.dev.import_guard import ImportGuard
    from edgeroutes.dev.project import Project
    from edgeroutes.routing.scan import RouteFile, RouteScan
    from edgeroutes.runtime.manifest import ManifestRoute


# Editors empty a file before they write it; so long, a problem may be only that.
SETTLING_S = 0.3


class LoadedProject:
    """A project as it was read.

    Args:
        project: The project.
        loading: Held while a module is loaded, by one thread at a time. All loaded projects share it, since they share `sys.modules`.
        broken: The problem of the whole project, such as unreadable settings; `project` is then the last good one.
        guard: Finds imports that a bundle would lack; None for no check.
    """

    def __init__(
        self,
        project: Project,
        loading: Lock | None = None,
        broken: ProjectError | None = None,
        guard: ImportGuard | None = None,
    ) -> None:
        self.project = project
        self.handler = project.handler(strict=False)
        self.problems: tuple[ProjectError, ...] = (broken,) if broken is not None else project.scan.problems
        self.loading = loading or Lock()
        self.warned: set[str] = set()
        self.read_at = time.monotonic()
        self._in_use = 0
        self._counting = Lock()
        self._when_idle: list[Callable[[], None]] = []
        self._broken = broken
        self._faults = {
            **faults_by_file(project.scan.routes, project.cors_problems),
            **faults_by_route(project.scan),
        }
        self._guard = guard
        self._guarded: dict[str, tuple[ProjectError, ...]] = {}
        self._layout_problems = layout_problems(project.scan)
        self.routes: dict[str, RouteFile] = {route.route_path: route for route in project.scan.routes}

    @contextmanager
    def in_use(self) -> Iterator[None]:
        with self._counting:
            self._in_use += 1
        try:
            yield
        finally:
            with self._counting:
                self._in_use -= 1
                waiting = [] if self._in_use else self._when_idle
                self._when_idle = self._when_idle if self._in_use else []
            for callback in waiting:
                callback()

    def when_idle(self, callback: Callable[[], None]) -> None:
        """Call `callback` when no request uses it; for one that gets no new requests."""
        with self._counting:
            is_idle = not self._in_use
            if not is_idle:
                self._when_idle.append(callback)
        if is_idle:
            callback()

    @property
    def route_count(self) -> int:
        return len(self.routes)

    def route_file(self, route: ManifestRoute | None) -> RouteFile | None:
        return None if route is None else self.routes[route.route_path]

    def may_be_half_read(self, route: ManifestRoute | None) -> bool:
        """Whether a route's problem may be that its file was being written when it was read."""
        if time.monotonic() - self.read_at > SETTLING_S or route is None:
            return False
        return bool(self.faults(route)) or self.routes[route.route_path].exports.nothing_exported is not None

    def faults(self, route: ManifestRoute | RouteFile | None) -> tuple[ProjectError, ...]:
        """The problems that keep a route from responding."""
        if self._broken is not None:
            return (self._broken,)
        if route is None:
            return ()
        return self._faults.get(route.route_path) or self._import_faults(self.routes[route.route_path])

    def _import_faults(self, route: RouteFile) -> tuple[ProjectError, ...]:
        found = self._guarded.get(route.route_path)
        if found is None and self._guard is not None:
            found = self._guard.problems(self.project, route)
            if found is not None:
                self._guarded[route.route_path] = found
        return found or ()

    def has_judged(self, route: RouteFile) -> bool:
        """Whether `faults` is complete for a route; not while the project's declarations are being read."""
        path = route.route_path
        return self._broken is not None or self._guard is None or path in self._faults or path in self._guarded

    def faults_behind_404(self) -> tuple[ProjectError, ...]:
        """The problems that may cause a 404."""
        return self._layout_problems


def faults_by_route(scan: RouteScan) -> dict[str, tuple[ProjectError, ...]]:
    """Route path → the problems that keep it from responding, in its file, its middleware or its folders.

    A route file without exports is not one of them: it responds with 405.
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
    """The problems with folders, whose routes may not be in the table."""
    return tuple(problem for problem in scan.problems if isinstance(problem, LayoutError))


def _faults(route: RouteFile, layout: tuple[ProjectError, ...]) -> tuple[ProjectError, ...]:
    own = [problem for problem in layout if _concerns(problem, route)]
    files = (route.exports.problems, *(middleware.problems for middleware in route.wraps))
    return (*own, *(problem for problems in files for problem in problems))


def _concerns(problem: ProjectError, route: RouteFile) -> bool:
    """Whether a layout problem is at this route's file, or names a folder of it."""
    named = problem.problem.split()
    return problem.where == route.source_file or any(
        route.directory == folder or route.directory.startswith(f"{folder}/") for folder in named if "/" in folder
    )
