"""The project in the current folder as an ASGI app: `uvicorn edgeroutes.asgi:app`.

`app` is created at its first use (PEP 562), so that the server reports a problem of the project, not an import of this module.
"""

from __future__ import annotations

import sys
from pathlib import Path

from edgeroutes.adapters.asgi import AsgiApplication, asgi_application
from edgeroutes.config import load_config
from edgeroutes.errors import require_no_problems
from edgeroutes.plan.manifest import manifest_arguments, read_cors, route_arguments
from edgeroutes.routing.reading import DiskTree
from edgeroutes.routing.scan import scan
from edgeroutes.runtime.manifest import Manifest, ManifestRoute

TYPE_CHECKING = False
if TYPE_CHECKING:
    app: AsgiApplication

__all__ = ["app", "make_app"]


def make_app(root: str | Path = ".", *, debug: bool = False) -> AsgiApplication:
    """All routes of a project as one ASGI app.

    Args:
        root: The project's folder, which is added to `sys.path`, as on Lambda.
        debug: Whether a 500 contains the traceback.

    Raises:
        ProjectError: For all problems of its settings, layout and route files.
    """
    folder = Path(root).resolve()
    config = load_config(folder)
    tree = DiskTree(folder)
    found = scan(tree, config.app_dir)
    require_no_problems(found.blocking_problems)
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    cors = read_cors(found.routes, config.cors, tree.read_text)
    routes = [
        ManifestRoute(
            route.route_path, route.source_file, **route_arguments(route, cors.get(route.route_path)), needs_loop=True
        )
        for route in found.routes
    ]
    manifest = Manifest(routes, **manifest_arguments(config))
    return asgi_application(manifest, str(folder), debug=debug)


if not TYPE_CHECKING:  # a type checker that sees a module's __getattr__ accepts every name

    def __getattr__(name: str) -> object:
        if name != "app":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        made = globals()["app"] = make_app()
        return made
