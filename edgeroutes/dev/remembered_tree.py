"""A project's folders and files, read again only where they changed. Floor 3.

A save changes one file of a thousand. What is remembered is believed while mtime and size are the same; what the watcher saw change is
never believed, since two saves within one tick of the file system's clock have the same mtime.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from edgeroutes.routing.reading import outside, read_project_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


class _Listing(NamedTuple):
    mtime_ns: int
    names: tuple[str, ...]
    folders: frozenset[str]
    links: frozenset[str]


class _Text(NamedTuple):
    stamp: tuple[int, int]
    text: str


class RememberedTree:
    """A `FileTree` on this machine's disk.

    Args:
        root: The project's folder, absolute.
    """

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._real = os.path.realpath(root)
        self._listings: dict[str, _Listing] = {}
        self._texts: dict[str, _Text] = {}
        self._tops: dict[str, str] = {}

    def forget(self, changed: Iterable[Path]) -> None:
        """Believe nothing of what is remembered of these paths, nor of the folders that they are in."""
        self._tops.clear()
        for path in changed:
            name = os.path.relpath(path, self._root)
            self._texts.pop(name, None)
            self._listings.pop(name, None)
            self._listings.pop(name.rpartition("/")[0], None)

    def list_names(self, directory: str) -> Sequence[str]:
        """The names in a folder, sorted.

        Raises:
            OSError: The folder cannot be read.
        """
        path = f"{self._root}/{directory}"
        mtime_ns = os.stat(path).st_mtime_ns  # noqa: PTH116  # pathlib would take most of a reload's time
        listing = self._listings.get(directory)
        if listing is None or listing.mtime_ns != mtime_ns:
            with os.scandir(path) as entries:
                found = sorted((entry.name, entry.is_dir(), entry.is_symlink()) for entry in entries)
            names = tuple(name for name, _, _ in found)
            folders = frozenset(name for name, is_folder, _ in found if is_folder)
            links = frozenset(name for name, _, is_link in found if is_link)
            listing = self._listings[directory] = _Listing(mtime_ns, names, folders, links)
        return listing.names

    def is_directory(self, path: str) -> bool:
        """Whether this is a folder, or a link to one."""
        above, _, name = path.rpartition("/")
        listing = self._listings.get(above)
        return name in listing.folders if listing else os.path.isdir(f"{self._root}/{path}")  # noqa: PTH112

    def resolve(self, directory: str) -> str:
        """What tells two folders apart: the same text for a folder and for a link to it."""
        above, _, name = directory.rpartition("/")
        listing = self._listings.get(above)
        if listing is None and not above:  # the folder of routes itself: asked for with each folder in it
            known = self._tops.get(name)
            if known is None:
                known = self._tops[name] = os.path.realpath(f"{self._root}/{name}")
            return known
        if listing is None or name in listing.links:
            return os.path.realpath(f"{self._root}/{directory}")
        return f"{self.resolve(above)}/{name}"

    def leads_out(self, path: str) -> str:
        """Where a link on this path leads outside the project; empty for a path inside."""
        return outside(self.resolve(path), self._real)

    def read_text(self, path: str) -> str:
        """A file's text; a Python file's in the encoding that it declares.

        Raises:
            OSError: There is no such file.
            ProjectError: It cannot be read.
        """
        full = f"{self._root}/{path}"
        try:
            status = os.stat(full)  # noqa: PTH116
        except OSError:  # gone, or a link that leads nowhere: reading says which
            return read_project_file(full, path)
        stamp = (status.st_mtime_ns, status.st_size)
        known = self._texts.get(path)
        if known is None or known.stamp != stamp:
            known = self._texts[path] = _Text(stamp, read_project_file(full, path))
        return known.text
