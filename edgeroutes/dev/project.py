"""What there is to serve: the project's settings and routes, as the manifest and handler that Lambda would have. Floor 3."""

from __future__ import annotations

import sys
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.config import load_config
from edgeroutes.dev.reports import RouteLine
from edgeroutes.errors import ProjectError, require_no_problems
from edgeroutes.plan.manifest import manifest_arguments, read_cors, route_arguments
from edgeroutes.routing.conventions import METHODS
from edgeroutes.routing.scan import DiskTree, scan
from edgeroutes.runtime.manifest import Manifest, ManifestRoute
from edgeroutes.services.revalidation import stay_local
from edgeroutes.template.cors import gateway_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeroutes.build.trace import Tracer
    from edgeroutes.http.cors import CORS
    from edgeroutes.routing.scan import FileTree, RouteFile, RouteScan

CACHE_FOLDER = ".edgeroutes/cache"


class TracedRoute(ManifestRoute):
    """A route of which is found out when it is first asked for, whether it needs a loop: tracing all would delay every reload.

    Args:
        route: As it was scanned.
        cors: That holds for it.
        find_out: The answer.
    """

    __slots__ = ("_find_out",)

    def __init__(self, route: RouteFile, cors: CORS | None, find_out: Callable[[RouteFile], bool]) -> None:
        super().__init__(route.route_path, route.source_file, **route_arguments(route, cors))
        self._find_out = (find_out, route)
        del self.needs_loop

    def __getattr__(self, name: str) -> Any:
        """`needs_loop`, whose slot is empty until now."""
        if name != "needs_loop":
            raise AttributeError(name)
        find_out, route = self._find_out
        self.needs_loop = find_out(route)
        return self.needs_loop


class Project:
    """A project on disk, read once.

    Args:
        root: Its folder, absolute. It is put on `sys.path`, as `/var/task` is on Lambda.
        tree: Through which its folders are seen; by default as they are on disk now.
        scanned: What its folders say, where that is known.

    Raises:
        ProjectError: For settings that cannot be read.
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
            strict: Whether a problem anywhere is refused; otherwise it is the caller's to ask no route that has one.

        Raises:
            ProjectError: When the layout, a route file, or what a function.yaml says of CORS has something wrong; all of it at once.
        """
        if strict:
            require_no_problems([*self.scan.blocking_problems, *self.cors_problems])
        return Manifest(
            [TracedRoute(route, self.cors.get(route.route_path), self.needs_loop) for route in self.scan.routes],
            **manifest_arguments(self.config),
        )

    @cached_property
    def cors(self) -> dict[str, CORS]:
        """Route path → its CORS."""
        return read_cors(self.scan.routes, self.config.cors, self._tree.read_text, self._cors_problems)

    @property
    def cors_problems(self) -> tuple[ProjectError, ...]:
        """What is wrong with the function.yaml files that declare CORS."""
        _ = self.cors  # reads them
        return tuple(self._cors_problems)

    @cached_property
    def route_lines(self) -> tuple[RouteLine, ...]:
        """The routes as a list shows them."""
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
        """What API Gateway says to pages of other origins in errors of its own."""
        return gateway_fields(self.config.cors, self.cors.values())

    def handler(self, *, strict: bool = True, debug: bool = True) -> LambdaHandler:
        """The handler that answers every route.

        Args:
            strict: As for `manifest`.
            debug: Whether it tells the client what went wrong when a route fails.
        """
        stay_local()
        return LambdaHandler(self.manifest(strict=strict), str(self.root), debug=debug)

    def needs_loop(self, route: RouteFile) -> bool:
        """Whether the route runs on an event loop, as the build decides it; True for a file that is not valid Python."""
        from edgeroutes.build.loops import needs_loop  # only once a request comes in

        try:
            return needs_loop(route, self.tracer)
        except ProjectError:
            return True  # loading the file reports the error better


@cache
def _tracer(root: Path) -> Tracer:
    """One for all readings of a project: it remembers every file until that changes."""
    from edgeroutes.build.modules import SearchPath
    from edgeroutes.build.trace import Tracer

    site_packages = tuple(Path(entry) for entry in sys.path if entry.endswith(("site-packages", "dist-packages")))
    return Tracer(SearchPath(project_root=root, site_packages=site_packages), cache_directory=root / CACHE_FOLDER)
