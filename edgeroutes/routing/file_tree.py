"""The port through which a project's folders are seen, and the disk behind it.

Ground floor, build wing; reads, decides nothing. Paths are POSIX and relative to the project's root, such as
'functions/users/[id]/route.py'.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Protocol

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
        """What tells two folders apart: the same text for a folder and for a link to it."""

    def read_text(self, path: str) -> str:
        """A Python file's text.

        Raises:
            OSError: The file cannot be read.
            SyntaxError: Its first lines name an encoding that does not exist.
            ValueError: It is not written in its encoding.
        """


class DiskTree:
    """The folders below a directory of this machine.

    Args:
        root: The project's root, where pyproject.toml lies.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def list_names(self, directory: str) -> Sequence[str]:
        """The names in a folder, sorted."""
        return sorted(entry.name for entry in (self.root / directory).iterdir())

    def is_directory(self, path: str) -> bool:
        """Whether this is a folder, or a link to one."""
        return (self.root / path).is_dir()

    def resolve(self, directory: str) -> str:
        """The folder's real path."""
        return str((self.root / directory).resolve())

    def read_text(self, path: str) -> str:
        """A Python file's text, in the encoding that it declares."""
        return importlib.util.decode_source((self.root / path).read_bytes())
