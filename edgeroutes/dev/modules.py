"""The project's own modules in `sys.modules`: which they are, and how they are removed. Installed packages stay."""

from __future__ import annotations

import importlib
import importlib.util
import linecache
import os
import sys
import sysconfig
import time
from contextlib import suppress
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import ModuleType

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
