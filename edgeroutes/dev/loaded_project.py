"""One reading of the project, from a save to the next: what answers, and what cannot. Floor 3.

A request keeps the loaded it began with, whatever is saved meanwhile.
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


# Editors empty a file before they write it: so long may what is wrong be only that, and the watcher, on a busy machine, need to say so.
SETTLING_S = 0.3


class LoadedProject:
    """A project as it was read, with its handler.

    Args:
        project: As it was read.
        loading: Held while a module is loaded: two threads must not run a half-loaded one. Generations share it, since they
            share `sys.modules`.
        broken: What keeps all of it from answering, such as settings that cannot be read; `project` is then the last good one.
        guard: Finds imports that a bundle would lack; None where nobody looks for them.
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
        """For as long as a request is answered by it."""
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
        """Have `callback` called once no request is answered by it; to be asked of one that gets no new ones."""
        with self._counting:
            is_idle = not self._in_use
            if not is_idle:
                self._when_idle.append(callback)
        if is_idle:
            callback()

    @property
    def route_count(self) -> int:
        """How many routes there are, those that cannot answer among them."""
        return len(self.routes)

    def route_file(self, route: ManifestRoute | None) -> RouteFile | None:
        """What the scan says of a route."""
        return None if route is None else self.routes[route.route_path]

    def may_be_half_read(self, route: ManifestRoute | None) -> bool:
        """Whether what is wrong with a route may be that its file was being written when it was read."""
        if time.monotonic() - self.read_at > SETTLING_S or route is None:
            return False
        return bool(self.faults(route)) or self.routes[route.route_path].exports.nothing_exported is not None

    def faults(self, route: ManifestRoute | RouteFile | None) -> tuple[ProjectError, ...]:
        """What keeps a route from answering."""
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
        """Whether `faults` is all that is wrong with a route; not while the project's declarations are still being read."""
        path = route.route_path
        return self._broken is not None or self._guard is None or path in self._faults or path in self._guarded

    def faults_behind_404(self) -> tuple[ProjectError, ...]:
        """What may be the reason that a path is not found."""
        return self._layout_problems


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
