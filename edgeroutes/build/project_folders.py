"""The folders of a project, each listed once in a build, and where the links in them lead."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from edgeroutes.errors import BundleError
from edgeroutes.routing.reading import link_problem, outside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_MAX_LINKS = 40
"""On one path. Source: Linux's MAXSYMLINKS."""


class Entry(NamedTuple):
    """What a name in a folder stands for, links followed; neither file nor folder is a pipe, a socket, a device or a broken link."""

    is_file: bool
    is_folder: bool
    is_link: bool


class ProjectFolders:
    """The folders of one project. Paths are relative to its root, with slashes; `""` is the root.

    Args:
        root: The project.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._real_root = os.path.realpath(root)
        self._entries: dict[str, Mapping[str, Entry]] = {}
        self._real: dict[str, str] = {"": self._real_root}

    @property
    def listed(self) -> list[Path]:
        """All folders that were listed."""
        return [self.root / folder for folder in self._entries]

    def entries(self, folder: str) -> Mapping[str, Entry]:
        """What the folder holds, by name, sorted; nothing for one that is not there.

        Raises:
            BundleError: It may not be read.
        """
        found = self._entries.get(folder)
        if found is None:
            found = self._entries[folder] = dict(self._list(folder))
        return found

    def entry(self, path: str) -> Entry | None:
        """What a path stands for; None where nothing is."""
        if not path:
            return Entry(is_file=False, is_folder=True, is_link=False)
        folder, _, name = path.rpartition("/")
        above = self.entry(folder)
        return self.entries(folder).get(name) if above is not None and above.is_folder else None

    def other_case(self, path: str) -> str:
        """The path as the project writes it, where it differs in upper and lower case alone; empty where there is none."""
        found = ""
        for name in path.split("/"):
            names = self.entries(found)
            match = name if name in names else next((each for each in names if each.casefold() == name.casefold()), "")
            if not match:
                return ""
            found = f"{found}/{match}" if found else match
        return found if found != path else ""

    def real(self, path: str) -> str:
        """The absolute path without links."""
        found = self._real.get(path)
        if found is None:
            folder, _, name = path.rpartition("/")
            entry = self.entry(path)
            plain = f"{self.real(folder)}/{name}"
            found = self._real[path] = os.path.realpath(plain) if entry is None or entry.is_link else plain
        return found

    def require_inside(self, path: str) -> None:
        """Raise for a path that a link on it takes out of the project.

        Raises:
            BundleError: It does.
        """
        if not outside(self.real(path), self._real_root):
            return
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            link = "/".join(parts[:depth])
            target = outside(self.real(link), self._real_root)
            if target:
                raise link_problem(link, target, BundleError)

    def inner_path(self, path: str) -> str:
        """The path without links, relative to the project's root."""
        return self.real(path)[len(self._real_root) + 1 :]

    def files_below(self, folder: str, counts: Callable[[str], bool]) -> Iterator[tuple[str, Entry]]:
        """All that is not a folder, in this folder and below, also through links; a link that leads back up is not followed.

        Args:
            folder: To begin with.
            counts: Whether a name is looked at.
        """
        yield from self._below(folder, counts, (self.real(folder),))

    def _below(self, folder: str, counts: Callable[[str], bool], above: tuple[str, ...]) -> Iterator[tuple[str, Entry]]:
        for name, entry in self.entries(folder).items():
            path = f"{folder}/{name}" if folder else name
            if not counts(name):
                continue
            if not entry.is_folder:
                yield path, entry
                continue
            if entry.is_link:
                self.require_inside(path)
            real = self.real(path)
            if real not in above and len(above) < _MAX_LINKS * 10:
                yield from self._below(path, counts, (*above, real))

    def _list(self, folder: str) -> Iterator[tuple[str, Entry]]:
        try:
            with os.scandir(self.root / folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as err:
            problem = f"the folder cannot be read ({err.strerror or err})"
            raise BundleError(problem, where=folder or ".", hint="Make it readable, or move it away") from err
        for entry in entries:
            yield entry.name, Entry(_is(entry.is_file), _is(entry.is_dir), entry.is_symlink())


def _is(ask: Callable[[], bool]) -> bool:
    try:
        return ask()
    except OSError:  # a link loop
        return False
