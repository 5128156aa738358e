"""Modules as values: who brings them, what they are on disk, and where they are looked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

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
