"""The project as it is on disk now: read again at every save, and replaced in one step.

A request in flight continues with the loaded project that it began with. Nothing is imported here: a route is loaded at its next
request, so a save costs the same in a project of any size.

`ImportGuard` finds imports of a route that its bundle would lack: what `sam build` refuses is refused here, in the same words. It
traces the source when a route is first requested after a save, so it does not see `importlib.import_module(name)`.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes.dev.function_environment import Environment, FunctionEnvironment
from edgeroutes.dev.isolation import StandardStreams, drop_modules, loaded_files
from edgeroutes.dev.project import LoadedProject, Project, RememberedTree
from edgeroutes.dev.reports import Failed, Logged, Reloaded
from edgeroutes.errors import EdgeroutesError, LayoutError, ProjectError
from edgeroutes.names import CONFIG_FILE, DECLARING_FILES
from edgeroutes.routing.conventions import FUNCTION_FILE, MIDDLEWARE_FILE, ROUTE_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, MutableMapping

    from edgeroutes.build.graph import ImportGraph
    from edgeroutes.build.pins import Pins
    from edgeroutes.dev.reports import Reporter
    from edgeroutes.routing.scan import RouteFile


# How long a save waits for a route that is being loaded; one that never ends must not block its own fix.
_LOADING_WAIT_S = 1.0
# A file whose mtime is older was not just saved, but moved or copied here.
_OLD_SAVE_S = 5.0


class LiveProject:
    """A project, with its newest reading in `loaded`.

    Args:
        root: The project's folder, absolute.
        report: Receives every reload.
        environ: `os.environ`, or a stand-in.
        on_replaced: Receives each loaded project that gets no new requests any more.

    Raises:
        ProjectError: The settings cannot be read, or there is no folder of routes.
    """

    def __init__(
        self,
        root: Path,
        report: Reporter,
        environ: MutableMapping[str, str],
        on_replaced: Callable[[LoadedProject], None] = lambda _: None,
    ) -> None:
        self.root = root
        self.loaded_files: Callable[[], Iterable[str]] = lambda: loaded_files(root)
        """The files that the loaded modules come from; of other processes, where these run the routes."""
        self._report = report
        self._on_replaced = on_replaced
        self._reloading = threading.Lock()
        self._swapped = threading.Condition()
        self._environment = Environment(root, environ)
        self.function_environment = FunctionEnvironment(root, self._environment, report)
        self.standard_streams = StandardStreams()
        self._tree = RememberedTree(root)
        self.guard = ImportGuard(root, report)
        project = Project(root, tree=self._tree)
        require_app_folder(project)
        self._environment.load(_function_settings(project))
        self.guard.start(project)
        self.loaded = LoadedProject(project, threading.Lock(), guard=self.guard)

    def reload(self, changed: Iterable[Path]) -> None:
        """Read the project again; where that fails, every request gets the problem."""
        began = time.perf_counter()
        paths = sorted(changed)
        with self._reloading:
            try:
                loaded = self._swap(paths)
            except Exception as error:  # noqa: BLE001  # the watcher must live on, and the old code with it
                self._report(Failed(message="the project could not be read again", error=error))
                return
        duration_ms = (time.perf_counter() - began) * 1000
        self._report(
            Reloaded(
                changed=tuple(Path(os.path.relpath(path, self.root)).as_posix() for path in paths),
                duration_ms=max(duration_ms, _since_save_ms(paths)),
                routes=loaded.route_count,
                problems=loaded.problems,
            )
        )

    def wait_before_loading(self, route: RouteFile, method: str) -> None:
        """Wait for variables before the route is loaded, where waiting later would block other routes.

        Raises:
            ProjectError: A variable gets no value.
        """
        from edgeroutes.dev.function_plan import wait_before_loading

        wait_before_loading(self.function_environment, self.loaded.project, route, method)

    def refresh(self) -> None:
        """Load everything again although no file has changed, because modules have read other variables."""
        with self._reloading:
            self._swap([])

    def wait_for_newer(self, loaded: object, timeout_s: float) -> bool:
        """Whether another one has replaced this loaded project, now or soon."""
        with self._swapped:
            return self._swapped.wait_for(lambda: self.loaded is not loaded, timeout_s)

    def had_code(self, folder: Path) -> bool:
        """Whether a folder that is gone contained code of the project."""
        below = f"{folder}/"
        scanned = (f"{self.root}/{route.source_file}" for route in self.loaded.project.scan.routes)
        return any(path.startswith(below) for path in (*scanned, *self.loaded_files()))

    def _swap(self, changed: list[Path]) -> LoadedProject:
        """Read the project and replace the loaded one while no module is being loaded."""
        loading = self.loaded.loading
        is_free = loading.acquire(timeout=_LOADING_WAIT_S)
        try:
            loaded = self._read(changed, loading if is_free else threading.Lock())
            drop_modules(self.root, changed)
        finally:
            if is_free:
                loading.release()
        with self._swapped:
            before, self.loaded = self.loaded, loaded
            self._swapped.notify_all()
        self._on_replaced(before)
        return loaded

    def _read(self, changed: list[Path], loading: threading.Lock) -> LoadedProject:
        self._tree.drop(changed)
        before = self.loaded.project
        app_dir = self.root / before.config.app_dir
        scanned = None if any(_may_be_scanned(path, app_dir) for path in changed) else before.scan
        try:
            project = Project(self.root, tree=self._tree, scanned=scanned)
            self._environment.load(_function_settings(project))
            return LoadedProject(project, loading, guard=self.guard)
        except ProjectError as error:
            return LoadedProject(before, loading, error)


def _function_settings(project: Project) -> dict[str, str]:
    """The variables that the template gives to all functions: without a name, Powertools uses `service_undefined`."""
    return {"POWERTOOLS_SERVICE_NAME": project.config.name, **project.config.env}


def require_app_folder(project: Project) -> None:
    """Raise LayoutError for a project without a folder of routes."""
    app_dir = project.config.app_dir
    if not (project.root / app_dir).is_dir():
        hint = f"Create '{app_dir}/hello/route.py', go to your project's folder, or name it with --root"
        raise LayoutError(f"there is no folder '{app_dir}' with routes", where=str(project.root), hint=hint)


def _may_be_scanned(path: Path, app_dir: Path) -> bool:
    """Whether a change of this path may change the scan of the routes; modules that routes import are not part of it.

    A route's folder may be a link to a folder elsewhere in the project, so a route file counts wherever it is.
    """
    if path.name in (CONFIG_FILE, ROUTE_FILE, MIDDLEWARE_FILE, FUNCTION_FILE) or path in app_dir.parents:
        return True
    return path.suffix != ".py" or path.is_dir() if path.is_relative_to(app_dir) else path.is_dir()


def _since_save_ms(paths: Iterable[Path]) -> float:
    """Milliseconds since the last of the files was written; 0 where that is not known."""
    saved = 0.0
    for path in paths:
        with suppress(OSError):
            saved = max(saved, path.stat().st_mtime if path.is_file() else 0.0)
    since = time.time() - saved
    return since * 1000 if 0 <= since < _OLD_SAVE_S else 0.0


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
            graph = project.tracer.trace(map(Path, route.files))
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
