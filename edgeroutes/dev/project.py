"""A project on disk, and what is loaded of it: settings and routes, the manifest and the handler that Lambda would have.

A request uses the loaded project that it began with, whatever is saved meanwhile.
"""

from __future__ import annotations

import os
import re
import sys
import time
from contextlib import contextmanager
from functools import cache, cached_property, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.config import load_config
from edgeroutes.dev.reports import RouteLine
from edgeroutes.errors import ConfigError, LayoutError, ProjectError, require_no_problems
from edgeroutes.plan.manifest import manifest_arguments, read_cors, route_arguments
from edgeroutes.routing.conventions import METHODS
from edgeroutes.routing.reading import DiskTree, outside, read_project_file, read_text
from edgeroutes.routing.route_guards import check_guards
from edgeroutes.routing.scan import scan
from edgeroutes.runtime.manifest import Manifest, ManifestRoute
from edgeroutes.services.revalidation import stay_local
from edgeroutes.template.cors import gateway_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from edgeroutes.build.trace import Tracer
    from edgeroutes.dev.reload import ImportGuard
    from edgeroutes.http.cors import CORS
    from edgeroutes.routing.reading import FileTree
    from edgeroutes.routing.scan import RouteFile, RouteScan


CACHE_FOLDER = ".edgeroutes/cache"


class LazyRoute(ManifestRoute):
    """A route whose `needs_loop` is found out at its first request: tracing all routes would delay every reload."""

    __slots__ = ("_find_out",)

    def __init__(self, route_path: str, source_file: str, find_out: Callable[[], bool], **arguments: Any) -> None:
        super().__init__(route_path, source_file, **arguments)
        self._find_out = find_out
        del self.needs_loop

    def __getattr__(self, name: str) -> Any:
        if name != "needs_loop":
            raise AttributeError(name)
        self.needs_loop = self._find_out()
        return self.needs_loop


class Project:
    """A project on disk, read once.

    Args:
        root: Its folder, absolute. It is put on `sys.path`, as `/var/task` is on Lambda.
        tree: Reads its folders; by default as they are on disk now.
        scanned: The scan of its routes, where it is known.

    Raises:
        ProjectError: The settings cannot be read.
    """

    def __init__(self, root: Path, *, tree: FileTree | None = None, scanned: RouteScan | None = None) -> None:
        self.root = root
        self.config = load_config(root)
        self._tree = tree or DiskTree(root)
        self._cors_problems: list[ProjectError] = []
        self.scan = scanned or scan(self._tree, self.config.app_dir)
        if str(root) not in sys.path:
            sys.path.insert(0, str(root))

    @property
    def tracer(self) -> Tracer:
        """Finds what files of the project import; one for all readings of it."""
        return _tracer(self.root)

    def manifest(self, *, strict: bool = True) -> Manifest:
        """All routes in one manifest.

        Args:
            strict: Whether any problem raises; otherwise the caller must not call routes with one.

        Raises:
            ProjectError: Problems of the layout, of route files or of the CORS in function.yaml files; all at once.
        """
        if strict:
            require_no_problems([*self.scan.blocking_problems, *self.cors_problems])
        return Manifest(
            [
                LazyRoute(
                    route.route_path,
                    route.source_file,
                    partial(self.needs_loop, route),
                    **route_arguments(route, self.cors.get(route.route_path)),
                )
                for route in self.scan.routes
            ],
            **manifest_arguments(self.config),
        )

    @cached_property
    def cors(self) -> dict[str, CORS]:
        """Route path → its CORS."""
        return read_cors(self.scan.routes, self.config.cors, self._tree.read_text, self._cors_problems)

    @property
    def cors_problems(self) -> tuple[ProjectError, ...]:
        """The problems of function.yaml files that declare CORS."""
        _ = self.cors  # reads them
        return tuple(self._cors_problems)

    @cached_property
    def route_lines(self) -> tuple[RouteLine, ...]:
        return tuple(
            RouteLine(
                methods=METHODS if route.exports.app is not None else tuple(route.exports.method_names),
                path=self.config.base_path + route.route_path,
                source_file=route.source_file,
            )
            for route in self.scan.routes
        )

    @property
    def cors_policies(self) -> tuple[CORS, ...]:
        """Every route's CORS, and the project's own."""
        own = () if self.config.cors is None else (self.config.cors,)
        return (*own, *self.cors.values())

    @property
    def gateway_fields(self) -> list[tuple[str, str]]:
        """The CORS headers of API Gateway's own errors."""
        return gateway_fields(self.config.cors, self.cors.values())

    def handler(self, *, strict: bool = True, debug: bool = True) -> LambdaHandler:
        """The handler of every route.

        Args:
            strict: As for `manifest`.
            debug: Whether errors contain their cause.
        """
        stay_local()
        return LambdaHandler(self.manifest(strict=strict), str(self.root), debug=debug)

    def needs_loop(self, route: RouteFile) -> bool:
        """Whether the route runs on an event loop, as the build decides it; True for a file with a syntax error."""
        from edgeroutes.build.entry import needs_loop  # only once a request comes in

        try:
            return needs_loop(route, self.tracer)
        except ProjectError:
            return True  # loading the file reports the error better


@cache
def _tracer(root: Path) -> Tracer:
    from edgeroutes.build.modules import SearchPath
    from edgeroutes.build.trace import Tracer

    site_packages = tuple(Path(entry) for entry in sys.path if entry.endswith(("site-packages", "dist-packages")))
    return Tracer(SearchPath(project_root=root, site_packages=site_packages), cache_directory=root / CACHE_FOLDER)


class _Listing(NamedTuple):
    mtime_ns: int
    names: tuple[str, ...]
    folders: frozenset[str]
    links: frozenset[str]


class _Text(NamedTuple):
    stamp: tuple[int, int]
    text: str


class RememberedTree:
    """A `FileTree` on this machine's disk that reads folders and files again only where they changed.

    mtime and size show a change, except of what the watcher saw change: two saves within one tick of the file system's clock have the
    same mtime.

    Args:
        root: The project's folder, absolute.
    """

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._real = os.path.realpath(root)
        self._listings: dict[str, _Listing] = {}
        self._texts: dict[str, _Text] = {}
        self._tops: dict[str, str] = {}

    def drop(self, changed: Iterable[Path]) -> None:
        """Read these paths and their folders again."""
        self._tops.clear()
        for path in changed:
            name = os.path.relpath(path, self._root)
            self._texts.pop(name, None)
            self._listings.pop(name, None)
            self._listings.pop(name.rpartition("/")[0], None)

    def list_names(self, directory: str) -> Sequence[str]:
        """The names in a folder, sorted.

        Raises:
            OSError: The folder cannot be read.
        """
        path = f"{self._root}/{directory}"
        mtime_ns = os.stat(path).st_mtime_ns  # noqa: PTH116  # pathlib would take most of a reload's time
        listing = self._listings.get(directory)
        if listing is None or listing.mtime_ns != mtime_ns:
            with os.scandir(path) as entries:
                found = sorted((entry.name, entry.is_dir(), entry.is_symlink()) for entry in entries)
            names = tuple(name for name, _, _ in found)
            folders = frozenset(name for name, is_folder, _ in found if is_folder)
            links = frozenset(name for name, _, is_link in found if is_link)
            listing = self._listings[directory] = _Listing(mtime_ns, names, folders, links)
        return listing.names

    def is_directory(self, path: str) -> bool:
        above, _, name = path.rpartition("/")
        listing = self._listings.get(above)
        return name in listing.folders if listing else os.path.isdir(f"{self._root}/{path}")  # noqa: PTH112

    def resolve(self, directory: str) -> str:
        """The real path of a folder: the same for a link to it."""
        if not directory:
            return self._real
        above, _, name = directory.rpartition("/")
        listing = self._listings.get(above)
        if listing is None and not above:  # the folder of routes itself, needed for each folder in it
            known = self._tops.get(name)
            if known is None:
                known = self._tops[name] = os.path.realpath(f"{self._root}/{name}")
            return known
        if listing is None or name in listing.links:
            return os.path.realpath(f"{self._root}/{directory}")
        return f"{self.resolve(above)}/{name}"

    def leads_out(self, path: str) -> str:
        """Where a link on this path leads outside the project; empty for a path inside."""
        return outside(self.resolve(path), self._real)

    def read_text(self, path: str) -> str:
        """A file's text; a Python file's in the encoding that it declares.

        Raises:
            OSError: There is no such file.
            ProjectError: It cannot be read.
        """
        full = f"{self._root}/{path}"
        try:
            status = os.stat(full)  # noqa: PTH116
        except OSError:  # gone, or a broken link: reading reports which
            return read_project_file(full, path)
        stamp = (status.st_mtime_ns, status.st_size)
        known = self._texts.get(path)
        if known is None or known.stamp != stamp:
            known = self._texts[path] = _Text(stamp, read_project_file(full, path))
        return known.text


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
    wraps = [each.source_file for each in route.wraps]
    folders = sorted((*wraps, *route.function_yaml_files), key=lambda file: -file.count("/"))
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
    files = (*route.files, *route.function_yaml_files)
    return tuple(problem for file in files for problem in by_file.get(file, ()))


def layout_problems(scan: RouteScan) -> tuple[ProjectError, ...]:
    """The problems with folders, whose routes may not be in the table."""
    return tuple(problem for problem in scan.problems if isinstance(problem, LayoutError))


def _faults(route: RouteFile, layout: tuple[ProjectError, ...]) -> tuple[ProjectError, ...]:
    own = [problem for problem in layout if _concerns(problem, route)]
    files = (route.exports.problems, *(middleware.problems for middleware in route.wraps))
    return (*own, *(problem for problems in files for problem in problems), *check_guards(route))


def _concerns(problem: ProjectError, route: RouteFile) -> bool:
    """Whether a layout problem is at this route's file, or names a folder of it."""
    named = problem.problem.split()
    return problem.where == route.source_file or any(
        route.directory == folder or route.directory.startswith(f"{folder}/") for folder in named if "/" in folder
    )
