"""One reading of the project, from a save to the next: what answers, and what cannot. Floor 3.

A request keeps the generation it began with, whatever is saved meanwhile.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from edgeroutes.dev.faults import faults_by_file, faults_by_route, layout_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgeroutes.dev.import_guard import ImportGuard
    from edgeroutes.dev.project import Project
    from edgeroutes.errors import ProjectError
    from edgeroutes.routing.scan import RouteFile
    from edgeroutes.runtime.manifest import ManifestRoute

# Editors empty a file before they write it: so long may what is wrong be only that, and the watcher, on a busy machine, need to say so.
SETTLING_S = 0.3


class Generation:
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
