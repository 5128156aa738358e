"""What there is to serve: the project's settings and routes, as the manifest and handler that Lambda would have. Floor 3."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.config import load_config
from edgeroutes.errors import require_no_problems
from edgeroutes.routing.scan import DiskTree, scan
from edgeroutes.runtime.manifest import Manifest, ManifestRoute

if TYPE_CHECKING:
    from pathlib import Path

    from edgeroutes.routing.scan import RouteFile


class Project:
    """A project on disk, read once.

    Args:
        root: Its folder, absolute. It is put on `sys.path`, as `/var/task` is on Lambda.

    Raises:
        ProjectError: For settings that cannot be read.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config = load_config(root)
        self.scan = scan(DiskTree(root), self.config.app_dir)
        if str(root) not in sys.path:
            sys.path.insert(0, str(root))

    def manifest(self) -> Manifest:
        """All routes in one manifest.

        Raises:
            ProjectError: When the layout, or a route file, has something wrong; all of it at once.
        """
        require_no_problems(self.scan.blocking_problems)
        return Manifest(
            [self._manifest_route(route) for route in self.scan.routes],
            base_path=self.config.base_path,
            trailing_slash=self.config.trailing_slash,
            tag_header=self.config.cdn.tag_header,
        )

    def handler(self) -> LambdaHandler:
        """The handler that answers every route, telling what went wrong when one fails."""
        return LambdaHandler(self.manifest(), str(self.root), debug=True)

    def _manifest_route(self, route: RouteFile) -> ManifestRoute:
        return ManifestRoute(
            route.route_path, route.source_file, middleware_files=route.middleware_files, needs_loop=self.needs_loop(route)
        )

    def needs_loop(self, route: RouteFile) -> bool:  # noqa: ARG002
        """Whether the route's import graph holds asyncio, anyio or trio."""
        return True
