"""What one source file imports and names, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from edgeroutes.build.arguments import Arguments

if TYPE_CHECKING:
    from edgeroutes.build.folder_scans import FolderScan
    from edgeroutes.build.lazy_exports import LazyExport
    from edgeroutes.build.path_texts import PathText
    from edgeroutes.build.texts import Text


class ImportKind(StrEnum):
    """How surely an import happens when its file is loaded."""

    MODULE = "module-level"
    FUNCTION = "function-level"
    OPTIONAL = "optional"
    """In a `try` that catches ImportError, or on a branch that only some machines or versions of Python take."""
    DYNAMIC = "dynamic"
    """`import_module("literal")` and `__import__("literal")`."""
    TYPE_CHECKING = "type-checking"
    """Never happens at run time."""
    SCRIPT = "script"
    """Under `if __name__ == "__main__"`: does not happen when the file is imported."""
    TEXT = "string"
    """A string literal names the module: `"lib.tasks:run"`."""
    FOLDER = "folder scan"
    """The file looks into the module's folder: `pkgutil.iter_modules(plugins.__path__)`, `f"lib.plugins.{name}"`."""


NEVER_RUN = frozenset({ImportKind.TYPE_CHECKING, ImportKind.SCRIPT})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSite:
    """One imported module at one line.

    Args:
        module: Dotted name as written, without its leading dots; empty in `from . import x`.
        level: The number of leading dots; 0 is absolute.
        names: The names in `from module import …`; empty for `import module`.
        binds: The variables that the statement sets: one for `import module`, else one per name; empty for a call.
        line: 1-based.
        in_function: Whether it is inside a function body, whatever its kind.
        asks: The attributes that the file asks of asyncio, where that is the module; None where it may ask for any, and
            for every other module.
    """

    module: str
    level: int = 0
    names: tuple[str, ...] = ()
    binds: tuple[str, ...] = ()
    line: int
    kind: ImportKind = ImportKind.MODULE
    in_function: bool = False
    asks: tuple[str, ...] | None = None

    @property
    def written(self) -> str:
        """The module as the file spells it, dots included."""
        return "." * self.level + self.module


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownImport:
    """A dynamic import whose module only running the file would tell; `text` is the call as written."""

    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileImports:
    """All that one file imports, in the order of its lines.

    Args:
        sites: Every import whose module is known.
        unknown: Every dynamic import whose module is not.
        lazy: For a PEP 562 façade, the modules that stand behind each name.
        exports: The literal `__all__`.
        texts: String literals that may name modules; of the project's files alone.
        paths: String literals that may be paths from the project's root; of the project's files alone.
        scans: Folders whose modules it loads; of the project's files alone.
        uses: Names of edgeroutes' methods and settings that it uses, each with its first line.
        has_fields: Whether it defines a class with annotated fields, whose annotations a library may evaluate.
        arguments: What the handlers in it take, if it is a route file.
    """

    sites: tuple[ImportSite, ...] = ()
    unknown: tuple[UnknownImport, ...] = ()
    lazy: tuple[LazyExport, ...] = ()
    exports: tuple[str, ...] = ()
    texts: tuple[Text, ...] = ()
    paths: tuple[PathText, ...] = ()
    scans: tuple[FolderScan, ...] = ()
    uses: tuple[tuple[str, int], ...] = ()
    has_fields: bool = False
    arguments: Arguments = Arguments.ANY
