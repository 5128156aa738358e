"""Watches the files that matter to a project.

The project's folder is watched by itself, and each folder in it with everything below. Folders without code of the project
(environments, caches, `node_modules`) are not watched: they cost most (this repository with its `.venv`: 410 ms; without: 1 ms).
"""

from __future__ import annotations

import os
import platform
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from watchfiles._rust_notify import RustNotify

from edgeroutes.build.distributions import installed_site_packages, read_pth
from edgeroutes.errors import ToolError
from edgeroutes.names import CONFIG_FILE, DECLARING_FILES, ENV_FILES, INFRA_FOLDER, SAM_CONFIG_FILE
from edgeroutes.routing.conventions import FUNCTION_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    OnChange = Callable[[frozenset[Path]], None]
    HadCode = Callable[[Path], bool]

_IGNORED_FOLDERS = frozenset(
    {"__pycache__", "build", "dist", "env", "htmlcov", "node_modules", "site-packages", "venv"}
)
_INFRA_SUFFIXES = frozenset({".json", ".yaml", ".yml"})
_FILES = frozenset({*ENV_FILES, *DECLARING_FILES, FUNCTION_FILE, SAM_CONFIG_FILE})
# Milliseconds: how often is looked, how long it must be quiet, and how long a burst of saves may grow.
_STEP_MS = 8
_BURST_MS = 80
_POLL_MS = 100


class Watcher:
    """Calls `on_change` with the changed files that matter, from a thread of its own, one call at a time.

    No change after its creation is missed.

    Args:
        root: The project's folder.
        on_change: Must not raise.
        had_code: Whether a path that is gone was a folder with code of the project.
        app_dir: The folder of routes; all of its folders are watched, whatever their names.
        files: More files that matter, such as the lock of a workspace.
        beside: Folders of packages outside the project; by default those of editable installs.

    Raises:
        ToolError: This machine cannot watch so many folders.
    """

    def __init__(
        self,
        root: Path,
        on_change: OnChange,
        had_code: HadCode,
        *,
        app_dir: Callable[[], str] = lambda: "",
        files: Callable[[], Iterable[Path]] = tuple,
        beside: Iterable[Path] | None = None,
    ) -> None:
        self._root = root
        self._on_change = on_change
        self._had_code = had_code
        self._app_dir = app_dir
        self._files = files
        self._beside = folders_beside(root, installed_site_packages()) if beside is None else tuple(beside)
        self._own: tuple[Path, ...] = ()
        self._calling = threading.Lock()
        self._watching = threading.Lock()
        self._stops: list[threading.Event] = [threading.Event(), threading.Event(), threading.Event()]
        self._watched: list[tuple[str, ...]] = [(), (), ()]
        self._threads: list[threading.Thread] = []
        self._watch(0, (str(root),), self._on_shallow)
        self.refresh()

    def close(self) -> None:
        """Stop, and wait for a running call."""
        for stop in self._stops:
            stop.set()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(2)

    def refresh(self) -> None:
        """Find the folders to watch again."""
        with self._watching:
            if self._stops[0].is_set():
                return
            app_dir = self._root / self._app_dir()
            links = _linked_folders(app_dir) if app_dir != self._root else []
            own = (app_dir, *map(Path, links)) if app_dir != self._root else ()
            code = {each for folder in self._beside for each in watched_folders(folder)}
            top = {str(self._root / app_dir.relative_to(self._root).parts[0])} if own and app_dir.is_dir() else set()
            self._own = own
            self._watch(1, tuple(sorted({*watched_folders(self._root), *top, *links, *code})), self._on_deep)
            self._watch(2, tuple(sorted({str(file.parent) for file in self._outer_files()})), self._on_deep)

    def _outer_files(self) -> list[Path]:
        return [file for file in self._files() if not file.is_relative_to(self._root) and file.parent.is_dir()]

    def _watch(self, index: int, folders: tuple[str, ...], on_paths: Callable[[Iterable[str]], None]) -> None:
        """Watch these folders instead of the earlier ones; only the second list includes everything below."""
        if folders == self._watched[index]:
            return
        before, self._stops[index], self._watched[index] = self._stops[index], threading.Event(), folders
        if folders:
            self._start(_notifier(list(folders), is_recursive=index == 1), self._stops[index], on_paths)
        before.set()

    def _start(self, notifier: RustNotify, stop: threading.Event, on_paths: Callable[[Iterable[str]], None]) -> None:
        def watch() -> None:
            with notifier:
                while not stop.is_set():
                    changes = notifier.watch(_BURST_MS, _STEP_MS, 0, stop)
                    if isinstance(changes, set):
                        on_paths({path for _, path in changes})

        thread = threading.Thread(target=watch, name="edgeroutes-watch", daemon=True)
        self._threads = [each for each in self._threads if each.is_alive()]
        self._threads.append(thread)
        thread.start()

    def _on_shallow(self, paths: Iterable[str]) -> None:
        self.refresh()
        self._on_deep(paths)

    def _on_deep(self, paths: Iterable[str]) -> None:
        found = [Path(path) for path in paths]
        if any(path.is_symlink() or path.name == CONFIG_FILE for path in found):
            self.refresh()
        files = frozenset(self._files())
        changed = frozenset(path for path in found if self._matters(path, files))
        with self._calling:
            if changed and not self._stops[0].is_set():
                self._on_change(changed)

    def _matters(self, path: Path, files: frozenset[Path]) -> bool:
        beside = next((folder for folder in self._beside if path.is_relative_to(folder)), None)
        if path in files:
            return True
        if beside is not None and not path.is_relative_to(self._root):
            return path.suffix == ".py" and matters(path, beside, self._had_code)
        return matters(path, self._root, self._had_code, self._own)


def watched_folders(root: Path) -> list[str]:
    """The folders directly in the project that may contain its code."""
    try:
        with os.scandir(root) as entries:
            return sorted(
                entry.path
                for entry in entries
                if not _is_ignored(entry.name) and entry.is_dir() and not Path(entry.path, "pyvenv.cfg").is_file()
            )
    except OSError:  # a package beside the project that was moved away
        return []


def _linked_folders(app_dir: Path) -> list[str]:
    """The targets of links below the folder of routes."""
    links = []
    for folder, names, _ in os.walk(app_dir):
        links += [path for name in names if os.path.islink(path := os.path.join(folder, name))]  # noqa: PTH114, PTH118
    return sorted({os.path.realpath(link) for link in links})


def folders_beside(root: Path, installed: Iterable[Path]) -> tuple[Path, ...]:
    """The folders of editable installs outside the project: members of its workspace, and packages that it depends on by a path.

    Args:
        root: The project's folder.
        installed: The site-packages directories.
    """
    own = Path(__file__).parents[1]
    found: dict[Path, None] = {}
    for site_packages in installed:
        for pth in sorted(site_packages.glob("*.pth")):
            editable = read_pth(pth)
            places = (*editable.folders, *(place.parent for place in editable.modules.values()))
            found.update(dict.fromkeys(place for place in places if place.is_dir()))
    return tuple(
        place
        for place in found
        if place != own.parent and not place.is_relative_to(root) and not {"site-packages"} & set(place.parts)
    )


def matters(path: Path, root: Path, had_code: HadCode, own: Iterable[Path] = ()) -> bool:
    """Whether a change of this path can change a response: code, settings, variables, infra/, or a folder with code.

    A folder or file that a handler creates is none of these, so that no request makes the project reload.

    Args:
        path: The changed path.
        root: The project's folder.
        had_code: Whether a path that is gone was a folder with code.
        own: Folders in which any folder may be a route's, such as `functions/build`.
    """
    folder = next((each for each in own if path.is_relative_to(each)), None)
    ignores = _is_ignored if folder is None else _is_hidden
    try:
        parts = path.relative_to(folder or root).parts
    except ValueError:
        return False
    if any(ignores(part) for part in parts[:-1]):
        return False
    if not parts:
        return folder is not None
    name = parts[-1]
    if parts[0] == INFRA_FOLDER and folder is None:
        return path.suffix in _INFRA_SUFFIXES
    if name in _FILES or name.endswith(".py"):
        return True
    if path.is_dir():
        return not ignores(name) and any(path.rglob("*.py"))
    return not path.exists() and had_code(path)


def _is_hidden(name: str) -> bool:
    return name == "__pycache__" or name.startswith(".")


def _is_ignored(name: str) -> bool:
    return name in _IGNORED_FOLDERS or (name.startswith(".") and name not in ENV_FILES)


def _notifier(paths: list[str], *, is_recursive: bool) -> RustNotify:
    """Watches from now on; polls where the kernel reports nothing (WSL's and Docker's mounts), or with `WATCHFILES_FORCE_POLLING`."""
    forced = os.environ.get("WATCHFILES_FORCE_POLLING", "")
    is_polling = forced.lower() not in ("", "0", "false", "off") or (
        not forced and "microsoft-standard" in platform.release()
    )
    try:
        return RustNotify(paths, False, is_polling, _POLL_MS, is_recursive, True)
    except FileNotFoundError:  # gone between listing and watching; the next change lists again
        return RustNotify(
            [path for path in paths if Path(path).exists()], False, is_polling, _POLL_MS, is_recursive, True
        )
    except OSError as error:
        hint = "Raise fs.inotify.max_user_watches, or set WATCHFILES_FORCE_POLLING=1"
        raise ToolError(f"the project's files cannot be watched: {error}", hint=hint) from error
