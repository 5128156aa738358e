"""Modules as values: who brings them, what they are on disk, and where they are looked for."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


OWN_PACKAGE = "edgeroutes"


class Origin(StrEnum):
    """Who brings a module."""

    PROJECT = "project"
    EDGEROUTES = "edgeroutes"
    DISTRIBUTION = "distribution"
    STDLIB = "standard library"
    MISSING = "missing"


class Form(StrEnum):
    """What kind of thing on disk a module is."""

    SOURCE = "module"
    PACKAGE = "package"
    NAMESPACE = "namespace package"
    EXTENSION = "extension module"
    NONE = "no file"

    @property
    def is_file(self) -> bool:
        """Whether there is one file that holds it."""
        return self in {Form.SOURCE, Form.PACKAGE, Form.EXTENSION}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPath:
    """Where modules are looked for.

    Args:
        project_root: Absolute; first, as `/var/task` is on Lambda.
        site_packages: Then, in this order; their editable installs after each.
        edgeroutes_root: The directory that holds the `edgeroutes` package to ship: by default the one that runs this.
    """

    project_root: Path
    site_packages: tuple[Path, ...] = ()
    edgeroutes_root: Path = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One module, found or not.

    Args:
        name: Dotted; with slashes if its folders cannot be written with dots; as written for a relative one that is
            missing.
        path: Its file: a package's `__init__`, a namespace package's directory; None for the standard library and what
            is missing.
        root: The directory of the search path that it was found in.
        archive_path: Its path below that root, with slashes.
        distribution: The normalised name of the distribution that brings it; empty where none does.
    """

    name: str
    origin: Origin
    form: Form = Form.NONE
    path: Path | None = None
    root: Path | None = None
    archive_path: str = ""
    distribution: str = ""

    @property
    def key(self) -> str:
        """What tells it from every other module: its file, else its name."""
        return self.name if self.path is None else str(self.path)

    @property
    def file(self) -> Path:
        """Its path, for a module that has one.

        Raises:
            ValueError: It has none.
        """
        if self.path is None:
            raise ValueError(f"{self.name!r} has no file: {self.origin}")
        return self.path


def normalize_name(name: str) -> str:
    """The distribution's name as indexes and lock files spell it: `PyYAML` → `pyyaml`, `a_b` → `a-b`.

    Source: PEP 503, "Normalized Names".
    """
    return re.sub(r"[-_.]+", "-", name).lower()


_EXTENSION_ENDINGS = (".so", ".pyd")
_FILE_ENDINGS = (".py", *_EXTENSION_ENDINGS)

UNSETTLED_NS = 50_000_000
"""What is written twice in one tick of its file system's clock keeps its mtime: anything younger is read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What of a directory can be imported; a directory that is not there is empty.

    Other names are left out, so that an editor's temporary file changes nothing.

    Args:
        directories: Names of the directories in it.
        files: Names of the source files and extension modules in it.
        extensions: File name of each extension module, by the module's name.
    """

    directories: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    extensions: Mapping[str, str] = field(default_factory=dict)

    def module_file(self, name: str) -> str:
        """The file that holds the module, source before extension module; empty where there is none."""
        source = f"{name}.py"
        return source if source in self.files else self.extensions.get(name, "")


class Directories:
    """Lists directories, each once until it changes."""

    def __init__(self) -> None:
        self._listings: dict[str, Listing] = {}
        self._stamps: dict[str, int] = {}

    def listing(self, directory: str) -> Listing:
        """What the directory holds."""
        found = self._listings.get(directory)
        if found is None:
            self._stamps[directory] = _stamp(directory)
            found = self._listings[directory] = _read_listing(directory)
        return found

    @property
    def known(self) -> list[Path]:
        """The directories that were looked up."""
        return [Path(directory) for directory in self._stamps]

    def refresh(self) -> bool:
        """Look at every known directory again; True when a name was added or taken away somewhere."""
        changed = False
        for directory, stamp in self._stamps.items():
            now = _stamp(directory)
            if now == stamp:
                continue
            self._stamps[directory] = now
            listing = _read_listing(directory)
            if listing != self._listings[directory]:
                self._listings[directory] = listing
                changed = True
        return changed


def _stamp(directory: str) -> int:
    """The directory's mtime in ns; while that is too young to be trusted, the present time, which equals no other."""
    try:
        mtime_ns = Path(directory).stat().st_mtime_ns
    except OSError:
        return -1
    return mtime_ns if time.time_ns() - mtime_ns > UNSETTLED_NS else time.time_ns()


def _read_listing(directory: str) -> Listing:
    directories: set[str] = set()
    files: set[str] = set()
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name.endswith(_FILE_ENDINGS):
                    files.add(entry.name)
                elif entry.name.isidentifier() and entry.is_dir():
                    directories.add(entry.name)
    except OSError:
        return Listing()
    extensions = {name.partition(".")[0]: name for name in sorted(files) if name.endswith(_EXTENSION_ENDINGS)}
    return Listing(directories=frozenset(directories - {"__pycache__"}), files=frozenset(files), extensions=extensions)
