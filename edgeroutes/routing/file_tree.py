"""The port through which a project's folders are seen, and the disk behind it.

 Paths are POSIX and relative to the project's root, such as
'functions/users/[id]/route.py'.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from edgeroutes.routing.reading import outside, read_project_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class FileTree(Protocol):
    """A project's folders and files."""

    def list_names(self, directory: str) -> Sequence[str]:
        """The names in a folder, sorted.

        Raises:
            OSError: The folder cannot be read.
        """

    def is_directory(self, path: str) -> bool:
        """Whether this is a folder, or a link to one."""

    def resolve(self, directory: str) -> str:
        """The identity of a folder: the same string for a folder and for a link to it."""

    def leads_out(self, path: str) -> str:
        """Where a link on this path leads outside the project; empty for a path inside."""

    def read_text(self, path: str) -> str:
        """A file's text; a Python file's in the encoding that it declares.

        Raises:
            OSError: The file does not exist.
            ProjectError: It cannot be read.
        """


class DiskTree:
    """The folders below a directory of this machine.

    Args:
        root: The project's root, where pyproject.toml lies.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._real = os.path.realpath(root)

    def list_names(self, directory: str) -> Sequence[str]:
        """The names in a folder, sorted."""
        return sorted(os.listdir(self.root / directory))  # noqa: PTH208

    def is_directory(self, path: str) -> bool:
        """Whether this is a folder, or a link to one; not where its parent may not be searched."""
        return os.path.isdir(self.root / path)  # noqa: PTH112 - pathlib's raises PermissionError

    def resolve(self, directory: str) -> str:
        """The folder's real path."""
        return os.path.realpath(self.root / directory)

    def leads_out(self, path: str) -> str:
        """Where a link on this path leads outside the project; empty for a path inside."""
        return outside(self.resolve(path), self._real)

    def read_text(self, path: str) -> str:
        """A file's text; a Python file's in the encoding that it declares."""
        return read_project_file(self.root / path, path)
