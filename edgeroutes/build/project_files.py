"""The project's files that no import names: data beside modules, and what function.yaml includes. Floor 2; lists folders.

A bundled module brings the files beside it, and the folders beside it in which there is no Python at all: templates, queries,
certificates. Not at the project's root, where everything else lies; nothing hidden (`.env`), no caches, no `function.yaml`.
"""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PYTHON_ENDINGS = (".py", ".pyc", ".pyo", ".pyi", ".so", ".pyd")
_NEVER = frozenset({"__pycache__", "function.yaml", "node_modules", "py.typed"})
_GLOB_MARKS = frozenset("*?[")


class DataFiles:
    """The data of one project, each folder listed once.

    Args:
        root: The project.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._beside: dict[str, tuple[str, ...]] = {}

    def beside(self, archive_paths: Iterable[str]) -> list[str]:
        """The data that these modules bring, as paths relative to the root, sorted."""
        folders = {path.rpartition("/")[0] for path in archive_paths} - {""}
        return sorted({path for folder in folders for path in self._data_in(folder)})

    def _data_in(self, folder: str) -> tuple[str, ...]:
        found = self._beside.get(folder)
        if found is None:
            found = self._beside[folder] = tuple(self._list(folder))
        return found

    def _list(self, folder: str) -> Iterator[str]:
        with os.scandir(self._root / folder) as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}"
                if not _is_data(entry.name):
                    continue
                if entry.is_file():
                    yield path
                elif entry.is_dir(follow_symlinks=False):
                    inside = list(_files_below(self._root, path))
                    if not any(name.endswith(".py") for name in inside):
                        yield from (name for name in inside if _is_data(name.rpartition("/")[2]))


def included_files(root: Path, entry: str, *, where: str) -> list[str]:
    """The files that an `include` of function.yaml names: a file, a folder, or a pattern such as `templates/**/*.html`.

    Args:
        root: The project.
        entry: As written.
        where: The file and key, for the error.

    Returns:
        Paths relative to the root, sorted; empty where there is no such file.

    Raises:
        ConfigError: It leads out of the project.
    """
    path = Path(entry)
    if path.is_absolute() or ".." in path.parts:
        raise ConfigError(
            f"{entry!r} leads out of the project", where=where, hint="Name a file below the project's root"
        )
    if (root / path).is_file():
        return [path.as_posix()]
    if (root / path).is_dir() and not _is_pattern(root, entry):
        return sorted(_files_below(root, path.as_posix()))
    if not _GLOB_MARKS.intersection(entry):
        return []
    matched = [each for each in root.glob(entry) if each.is_file()]
    paths = [each.relative_to(root).as_posix() for each in matched]
    return sorted(each for each in paths if not _is_hidden(each))


def matches(archive_path: str, entry: str) -> bool:
    """Whether an `exclude` of function.yaml means this file: its path, a folder above it, a pattern, or its dotted module."""
    dotted = archive_path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    folder = f"{entry.rstrip('/')}/"
    return (
        archive_path == entry
        or archive_path.startswith(folder)
        or dotted == entry
        or dotted.startswith(f"{entry}.")
        or (bool(_GLOB_MARKS.intersection(entry)) and fnmatchcase(archive_path, entry))
    )


def _files_below(root: Path, folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(root / folder):
        folders[:] = sorted(name for name in folders if _is_kept(name))
        below = Path(parent).relative_to(root).as_posix()
        yield from (f"{below}/{name}" for name in names if _is_kept(name))


def _is_pattern(root: Path, entry: str) -> bool:
    """Whether the entry has marks of a pattern and is no folder by that very name (`[id]`)."""
    return bool(_GLOB_MARKS.intersection(entry)) and not (root / entry).exists()


def _is_kept(name: str) -> bool:
    return not name.startswith(".") and name not in _NEVER and not name.endswith((".dist-info", ".egg-info", ".pyc"))


def _is_data(name: str) -> bool:
    return _is_kept(name) and not name.endswith(_PYTHON_ENDINGS)


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") or part in _NEVER for part in path.split("/"))
