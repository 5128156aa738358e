"""Whether a route imports only what its bundle will contain: what `sam build` refuses is refused here, in the same words.

The import graph is traced from the source when a route is first requested after a save. Imports that the source does not show, such
as `importlib.import_module(name)`, are not seen.
"""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes.dev.reports import Logged
from edgeroutes.errors import EdgeroutesError, ProjectError
from edgeroutes.names import CONFIG_FILE

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeroutes.build.graph import ImportGraph
    from edgeroutes.build.pins import Pins
    from edgeroutes.dev.project import Project
    from edgeroutes.dev.reports import Reporter
    from edgeroutes.routing.scan import RouteFile

DECLARING_FILES = (CONFIG_FILE, "uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "requirements.txt")
# uv reads a lock in a tenth of a second; only for requirements.txt it may use an index, at the first start.
_PATIENCE_S = 2.0

_Stamp = tuple[tuple[int, int], ...]


class ImportGuard:
    """Finds imports of what the project does not declare.

    Args:
        root: The project's folder.
        report: Gets a warning where the declarations cannot be read.
    """

    def __init__(self, root: Path, report: Reporter) -> None:
        self._root = root
        self._report = report
        self._lock = threading.Lock()
        self._pins: Future[Pins] = Future()
        self._stamp: _Stamp | None = None
        self._files = tuple(root / name for name in DECLARING_FILES)
        self.on_files: Callable[[], None] = lambda: None

    def problems(self, project: Project, route: RouteFile) -> tuple[ProjectError, ...] | None:
        """The problems of the route's bundle; None where they are not known yet."""
        from edgeroutes.build.bundle import check_imports

        pins = self._known_pins(project)
        try:
            declared = pins.result(_PATIENCE_S)
        except NotYet:
            return None
        except EdgeroutesError:
            return ()  # already reported
        try:
            graph = project.tracer.trace(map(Path, (*route.middleware_files, route.source_file)))
        except ProjectError:
            return ()  # loading reports it better
        return (*check_imports(graph, declared), *self._links_out(graph))

    def _links_out(self, graph: ImportGraph) -> list[ProjectError]:
        """The modules that a link takes out of the project, which no bundle may contain."""
        from edgeroutes.build.project_folders import ProjectFolders

        folders = ProjectFolders(self._root)
        problems: dict[str, ProjectError] = {}
        for module in graph.project_modules:
            try:
                folders.require_inside(module.file.relative_to(self._root).as_posix())
            except ProjectError as error:
                problems[str(error)] = error
            except ValueError:  # of an editable install, which is not the project's
                continue
        return list(problems.values())

    def files(self) -> tuple[Path, ...]:
        """The files that declare what functions contain; those of a workspace and of included requirements once they are known."""
        return self._files

    def start(self, project: Project) -> None:
        """Read the declarations before the first request needs them."""
        self._known_pins(project)

    def _known_pins(self, project: Project) -> Future[Pins]:
        stamp = tuple(map(_stamp, self._files))
        with self._lock:
            if stamp != self._stamp:
                self._stamp, self._pins = stamp, Future()
                arguments = (project, self._pins)
                threading.Thread(target=self._read_pins, args=arguments, name="edgeroutes-pins", daemon=True).start()
            return self._pins

    def _read_pins(self, project: Project, found: Future[Pins]) -> None:
        try:
            from edgeroutes.build.distributions import installed_site_packages
            from edgeroutes.build.installer import UvInstaller
            from edgeroutes.build.pins import read_pins
            from edgeroutes.build.store import FOLDER
            from edgeroutes.build.target import Target

            cache = self._root / FOLDER / "texts"
            target = Target.of(project.config)
            pins = read_pins(self._root, UvInstaller(), target, installed_site_packages(), cache)
            self._add_files(pins)
            found.set_result(pins)
        except BaseException as err:  # noqa: BLE001  # for the requests that wait for it
            found.set_exception(err if isinstance(err, EdgeroutesError) else EdgeroutesError(repr(err)))
            message = f"what routes import is not compared with what the project declares: {err}"
            with contextlib.suppress(OSError, ValueError):  # the server is ending, and its output is closed
                self._report(Logged(level="WARNING", message=message))

    def _add_files(self, pins: Pins) -> None:
        files = tuple(dict.fromkeys((*self._files, *(self._root / name for name in pins.files))))
        with self._lock:
            if files == self._files:
                return
            self._files = files
            self._stamp = tuple(map(_stamp, files))
        self.on_files()


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)
