"""Sees files change. Floor 3; knows which changes matter to a project, not what they mean.

The project's folder is watched by itself, and each folder in it with all that is below; those that hold no code of the project
(environments, caches, `node_modules`) not at all: watching them costs most of all (this repo with its `.venv`: 410 ms; without: 1 ms).
"""

from __future__ import annotations

import os
import platform
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from watchfiles._rust_notify import RustNotify

from edgeroutes.config import ENV_FILES, INFRA_FOLDER
from edgeroutes.dev.import_guard import DECLARING_FILES
from edgeroutes.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    OnChange = Callable[[frozenset[Path]], None]
    HadCode = Callable[[Path], bool]

_IGNORED_FOLDERS = frozenset(
    {"__pycache__", "build", "dist", "env", "htmlcov", "node_modules", "site-packages", "venv"}
)
_INFRA_SUFFIXES = frozenset({".json", ".yaml", ".yml"})
_FILES = frozenset({*ENV_FILES, *DECLARING_FILES, "function.yaml", "samconfig.toml"})
# Milliseconds: how often is looked, how long it must be quiet, and how long a burst of saves may grow.
_STEP_MS = 8
_BURST_MS = 80
_POLL_MS = 100


class Watcher:
    """Calls `on_change` with the files that matter, from a thread of its own, one call at a time.

    From the moment this is made nothing is missed.

    Args:
        root: The project's folder.
        on_change: What to call; must not raise.
        had_code: Whether a path that is gone was a folder with code of the project.

    Raises:
        ToolError: When this machine cannot watch so many folders.
    """

    def __init__(self, root: Path, on_change: OnChange, had_code: HadCode) -> None:
        self._root = root
        self._on_change = on_change
        self._had_code = had_code
        self._calling = threading.Lock()
        self._stop = threading.Event()
        self._stop_deep = threading.Event()
        self._folders: tuple[str, ...] = ()
        self._threads: list[threading.Thread] = []
        self._start(_notifier([str(root)], is_recursive=False), self._stop, self._on_shallow)
        self._watch_folders()

    def close(self) -> None:
        """Stop; a call that is on its way is waited for."""
        self._stop.set()
        self._stop_deep.set()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(2)

    def _watch_folders(self) -> None:
        folders = tuple(watched_folders(self._root))
        if folders == self._folders:
            return
        before, self._stop_deep = self._stop_deep, threading.Event()
        self._folders = folders
        if folders:
            self._start(_notifier(list(folders), is_recursive=True), self._stop_deep, self._on_deep)
        before.set()

    def _start(self, notifier: RustNotify, stop: threading.Event, tell: Callable[[Iterable[str]], None]) -> None:
        def watch() -> None:
            with notifier:
                while not stop.is_set():
                    changes = notifier.watch(_BURST_MS, _STEP_MS, 0, stop)
                    if isinstance(changes, set):
                        tell({path for _, path in changes})

        thread = threading.Thread(target=watch, name="edgeroutes-watch", daemon=True)
        self._threads = [each for each in self._threads if each.is_alive()]
        self._threads.append(thread)
        thread.start()

    def _on_shallow(self, paths: Iterable[str]) -> None:
        self._watch_folders()
        self._on_deep(paths)

    def _on_deep(self, paths: Iterable[str]) -> None:
        changed = frozenset(path for path in map(Path, paths) if matters(path, self._root, self._had_code))
        with self._calling:
            if changed and not self._stop.is_set():
                self._on_change(changed)


def watched_folders(root: Path) -> list[str]:
    """The folders directly in the project that may hold its code."""
    with os.scandir(root) as entries:
        return sorted(
            entry.path
            for entry in entries
            if not _is_ignored(entry.name) and entry.is_dir() and not Path(entry.path, "pyvenv.cfg").is_file()
        )


def matters(path: Path, root: Path, had_code: HadCode) -> bool:
    """Whether a change of this path can change what the project answers: code, settings, variables, infra/, or a folder with code.

    A folder or file that a handler makes while it answers is none of these, so that no request makes the project be read again.
    """
    try:
        parts = path.relative_to(root).parts
    except ValueError:
        return False
    if any(_is_ignored(part) for part in parts[:-1]) or not parts:
        return False
    name = parts[-1]
    if parts[0] == INFRA_FOLDER:
        return path.suffix in _INFRA_SUFFIXES
    if name in _FILES or name.endswith(".py"):
        return True
    if path.is_dir():
        return not _is_ignored(name) and any(path.rglob("*.py"))
    return not path.exists() and had_code(path)


def _is_ignored(name: str) -> bool:
    return name in _IGNORED_FOLDERS or (name.startswith(".") and name not in ENV_FILES)


def _notifier(paths: list[str], *, is_recursive: bool) -> RustNotify:
    """Watches from now on. Where the kernel tells nothing (WSL's and Docker's mounts), `WATCHFILES_FORCE_POLLING` makes it look."""
    told = os.environ.get("WATCHFILES_FORCE_POLLING", "")
    is_polling = told.lower() not in ("", "0", "false", "off") or (
        not told and "microsoft-standard" in platform.release()
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
