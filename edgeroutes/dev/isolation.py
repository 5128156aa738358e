"""Separates the project's code from the process that it runs in: closed standard streams, `os._exit`, and its modules.

`drop_modules` removes the project's modules from `sys.modules`; installed packages stay.
"""

from __future__ import annotations

import importlib
import importlib.util
import linecache
import os
import sys
import sysconfig
import threading
import time
from contextlib import contextmanager, suppress
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import ModuleType


_DESCRIPTORS = {"stdout": 1, "stderr": 2}


class StandardStreams:
    """Restores `sys.stdout` and `sys.stderr`, which all routes share."""

    def __init__(self) -> None:
        self._at_first = {name: getattr(sys, name) for name in _DESCRIPTORS}

    def restore(self) -> list[str]:
        """Replace closed and broken streams, and return their names."""
        broken = [name for name in _DESCRIPTORS if self._at_first[name] is not None and not _works(getattr(sys, name))]
        for name in broken:
            setattr(sys, name, self._usable(name))
        return [f"sys.{name}" for name in broken]

    def _usable(self, name: str) -> IO[str] | None:
        at_first = self._at_first[name]
        if _works(at_first):
            return at_first  # type: ignore[no-any-return]  # of sys
        # Closing `sys.stdout` leaves its descriptor open. Source: CPython's `create_stdio` (Python/pylifecycle.c).
        with suppress(OSError):
            self._at_first[name] = open(  # noqa: SIM115
                _DESCRIPTORS[name], "w", buffering=1, encoding=at_first.encoding, errors=at_first.errors, closefd=False
            )
            return self._at_first[name]  # type: ignore[no-any-return]
        return None  # then `print` does nothing


def _works(stream: Any) -> bool:
    try:
        stream.write("")
    except Exception:  # noqa: BLE001  # a handler may have put anything there
        return False
    return True


@contextmanager
def exits_contained() -> Iterator[None]:
    """Make `os._exit` raise SystemExit in handlers, which becomes the 502 of a function that has ended.

    The main thread runs only the server. In a forked process of the handler's own, `os._exit` ends that process.
    """
    exit_process, server = os._exit, os.getpid()

    def contained_exit(status: int) -> NoReturn:
        if os.getpid() != server or threading.current_thread() is threading.main_thread():
            exit_process(status)
        raise SystemExit(status)

    os._exit = contained_exit
    try:
        yield
    finally:
        os._exit = exit_process


_STANDARD_LIBRARY = tuple(
    {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), str(Path(os.__file__).parent)}
)
# How long a reload waits for an import that another thread is in the middle of.
_IMPORT_WAIT_S = 2.0


def drop_modules(root: Path, changed: Iterable[Path] = ()) -> list[str]:
    """Remove the project's modules, so that the next import reads their files.

    Python uses a `.pyc` with the source's size and its mtime in whole seconds: of two saves in one second, the first one's may pass for
    the second's. So those of changed files are deleted, too.

    Args:
        root: The project's folder.
        changed: Files whose bytecode is deleted.

    Returns:
        The names of the removed modules.
    """
    _wait_for_imports(root)
    for path in changed:
        if path.suffix == ".py":
            with suppress(OSError, NotImplementedError):
                Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)
    names = [name for name, _ in _project_modules(root)]
    for name in names:
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
    linecache.checkcache()
    return names


def loaded_files(root: Path) -> Iterator[str]:
    for _, module in _project_modules(root):
        yield from _paths(module)


def loaded_modules() -> tuple[list[str], list[str]]:
    """The names of the loaded modules that no save changes, in the order of their imports, and the files of all others."""
    installed, files = [], []
    for name, module in sys.modules.copy().items():  # one step: another thread may import meanwhile
        if is_installed(name, module):
            installed.append(name)
        else:
            files += _paths(module)
    return installed, files


def is_installed(name: str, module: ModuleType | None) -> bool:
    """Whether a module is of an installed package, the standard library or edgeroutes, and so the same after every save."""
    if name.partition(".")[0] in ("edgeroutes", "__main__", "__mp_main__") or module is None:
        return True
    file = getattr(module, "__file__", None)
    return all(
        path.startswith(_STANDARD_LIBRARY) or {"site-packages", "dist-packages"}.intersection(path.split("/"))
        for path in ([file] if isinstance(file, str) else _paths(module))
    )


def _wait_for_imports(root: Path) -> None:
    """Wait, with a time limit, for modules that are being imported: without them their import would fail."""
    until = time.monotonic() + _IMPORT_WAIT_S
    while time.monotonic() < until and any(_is_initializing(module) for _, module in _project_modules(root)):
        time.sleep(0.005)


def _is_initializing(module: ModuleType) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def _project_modules(root: Path) -> Iterator[tuple[str, ModuleType]]:
    environments = _environments(root)
    for name, module in sys.modules.copy().items():  # one step: another thread may import meanwhile
        if name == "__main__" or name.partition(".")[0] == "edgeroutes":
            continue
        paths = _paths(module)
        if paths and all(is_project_file(path, str(root), environments) for path in paths):
            yield name, module


def _paths(module: ModuleType) -> list[str]:
    """The file of a module; the folders of a package without `__init__`; nothing for an extension module, which loads only once."""
    if isinstance(getattr(module, "__loader__", None), ExtensionFileLoader):
        return []
    file = getattr(module, "__file__", None)
    if isinstance(file, str):
        return [file]
    try:
        return [str(path) for path in getattr(module, "__path__", ())]
    except Exception:  # noqa: BLE001  # what stands in sys.modules may be anything
        return []


def is_project_file(path: str, root: str, environments: Sequence[str] = ()) -> bool:
    """Whether a file is the project's own: below its folder, and not in an environment inside it."""
    return (
        path.startswith(f"{root}/")
        and not any(path.startswith(f"{environment}/") for environment in environments)
        and not {"site-packages", "dist-packages"}.intersection(path.split("/"))
    )


def _environments(root: Path) -> list[str]:
    """The Python installations inside the project."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix}
    return [prefix for prefix in prefixes if prefix.startswith(f"{root}/")]
