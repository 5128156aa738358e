"""A project on disk: its settings and routes, with the manifest and the handler that Lambda would have."""

from __future__ import annotations

import os
import sys
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.config import load_config
from edgeroutes.dev.reports import RouteLine
from edgeroutes.errors import ProjectError, require_no_problems
from edgeroutes.plan.manifest import manifest_arguments, read_cors, route_arguments
from edgeroutes.routing.conventions import METHODS
from edgeroutes.routing.reading import DiskTree, outside, read_project_file
from edgeroutes.routing.scan import scan
from edgeroutes.runtime.manifest import Manifest, ManifestRoute
from edgeroutes.services.revalidation import stay_local
from edgeroutes.template.cors import gateway_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from edgeroutes.build.trace import Tracer
    from edgeroutes.http.cors import CORS
    from edgeroutes.routing.reading import FileTree
    from edgeroutes.routing.scan import RouteFile, RouteScan


CACHE_FOLDER = ".edgeroutes/cache"


class _TracedRoute(ManifestRoute):
    """A route whose `needs_loop` is found out at its first request: tracing all routes would delay every reload."""

    __slots__ = ("_find_out",)

    def __init__(self, route: RouteFile, cors: CORS | None, find_out: Callable[[RouteFile], bool]) -> None:
        super().__init__(route.route_path, route.source_file, **route_arguments(route, cors))
        self._find_out = (find_out, route)
        del self.needs_loop

    def __getattr__(self, name: str) -> Any:
        if name != "needs_loop":
            raise AttributeError(name)
        find_out, route = self._find_out
        self.needs_loop = find_out(route)
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
            [_TracedRoute(route, self.cors.get(route.route_path), self.needs_loop) for route in self.scan.routes],
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
