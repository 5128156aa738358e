"""The import graph of a route's files: the result of the trace as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from edgeroutes.build.imports import ImportKind
from edgeroutes.build.modules import Module, Origin, normalize_name
from edgeroutes.errors import ModuleMissingError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from edgeroutes.build.imports import ImportSite
    from edgeroutes.build.texts import SettingsTexts


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One import that reaches a module: file, 1-based line, kind."""

    importer: Path
    line: int
    kind: ImportKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachedModule:
    """A module and every import that reaches it, the one nearest to an entry first; an entry may have none."""

    module: Module
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One step of a chain: line `line` of `file` imports `module`."""

    file: Path
    line: int
    kind: ImportKind
    module: str


Chain = tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedImport:
    """An import that was seen and not followed.

    It is type-checking or script only, or edgeroutes' own import of a distribution for a feature: what the route uses
    decides whether that is needed.

    Args:
        importer: The importing file.
        line: 1-based.
        kind: Why, except for edgeroutes' own.
        module: As written.
        distribution: Who would bring it; empty where nobody does.
    """

    importer: Path
    line: int
    kind: ImportKind
    module: str
    distribution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingModule:
    """A module that a file of the project imports and that is nowhere.

    Args:
        importer: The importing file.
        line: 1-based.
        kind: Never optional: those may be missing.
        module: As written, for relative ones; else the first part of the dotted name that is not there.
        hint: What to do about it, as an imperative.
    """

    importer: Path
    line: int
    kind: ImportKind
    module: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryImports:
    """A file of a shipped distribution that imports edgeroutes.

    Args:
        module: The file.
        sites: Its imports.
        uses: Names of edgeroutes' methods that it uses, each with its first line.
    """

    module: Module
    sites: tuple[ImportSite, ...]
    uses: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportGraph:
    """All modules that the entries reach.

    Args:
        project_root: Paths are shown relative to it.
        entries: The files from which the trace began.
        modules: By `Module.key`, in the order in which they were reached: nearest first.
        skipped: Imports of the project and of edgeroutes that were not followed.
        missing: What the project imports and nobody has.
        warnings: What could not be found out.
        settings: What settings and configuration files name.
        unsure: The keys of modules that are reached through a folder scan alone, and so may never be loaded.
        is_complete: False when the trace stopped at the module that it looked for.
    """

    project_root: Path
    entries: tuple[Path, ...]
    modules: Mapping[str, ReachedModule] = field(default_factory=dict)
    skipped: tuple[SkippedImport, ...] = ()
    missing: tuple[MissingModule, ...] = ()
    warnings: tuple[Problem, ...] = ()
    settings: tuple[SettingsTexts, ...] = ()
    unsure: frozenset[str] = frozenset()
    is_complete: bool = True

    @property
    def project_modules(self) -> tuple[Module, ...]:
        """The project's own files, entries included; a namespace package has none."""
        return self._files(Origin.PROJECT)

    @property
    def edgeroutes_modules(self) -> tuple[Module, ...]:
        """The files of edgeroutes itself."""
        return self._files(Origin.EDGEROUTES)

    @property
    def distributions(self) -> tuple[str, ...]:
        """The normalised names of the distributions, sorted."""
        return tuple(sorted({m.distribution for m in self._of(Origin.DISTRIBUTION)} - {""}))

    @property
    def stdlib(self) -> tuple[str, ...]:
        """The standard library's modules as imported, sorted."""
        return tuple(sorted(module.name for module in self._of(Origin.STDLIB)))

    def why(self, name: str) -> Chain:
        """The shortest chain of imports from an entry to the module, file or distribution.

        Args:
            name: A dotted module, a distribution, or a file relative to the project's root or absolute.

        Returns:
            From the entry on, each link importing the next; empty for an entry itself and for what is not reached.
        """
        file, distribution = self.project_root / name, normalize_name(name)
        reached = self.modules.values()
        by_name = (r for r in reached if r.module.name == name)
        by_file = (r for r in reached if r.module.path == file)
        by_distribution = (r for r in reached if r.module.distribution == distribution)
        found = next(chain(by_name, by_file, by_distribution), None)
        return () if found is None else self.chain(found)

    def chain(self, reached: ReachedModule) -> Chain:
        """The shortest chain of imports from an entry to one of the graph's modules."""
        links: list[Link] = []
        while reached.reasons and reached.module.path not in self.entries:
            reason = reached.reasons[0]
            links.append(Link(file=reason.importer, line=reason.line, kind=reason.kind, module=reached.module.name))
            reached = self.modules[str(reason.importer)]
        return tuple(reversed(links))

    def problems(self) -> tuple[ModuleMissingError, ...]:
        """The missing modules as errors."""
        return tuple(
            ModuleMissingError(
                f"no module named {missing.module!r}",
                where=self.where(missing.importer, missing.line),
                hint=missing.hint,
            )
            for missing in self.missing
        )

    def where(self, file: Path, line: int) -> str:
        """`show_place` in the graph's project."""
        return show_place(self.project_root, file, line)

    def render_chain(self, chain: Chain) -> str:
        """The chain as lines of text: `functions/route.py:1 imports lib.db`."""
        return "\n".join(f"{self.where(link.file, link.line)} {_render_link(link)}" for link in chain)

    def _of(self, origin: Origin) -> Iterator[Module]:
        return (reached.module for reached in self.modules.values() if reached.module.origin is origin)

    def _files(self, origin: Origin) -> tuple[Module, ...]:
        return tuple(m for m in self._of(origin) if m.path is not None and m.form.is_file)


def _render_link(link: Link) -> str:
    if link.kind is ImportKind.TEXT:
        return f"names {link.module} in a string"
    if link.kind is ImportKind.FOLDER:
        return f"looks into the folder of {link.module}"
    return f"imports {link.module}" + ("" if link.kind is ImportKind.MODULE else f" ({link.kind})")


def show_place(project_root: Path, file: Path, line: int) -> str:
    """The place as a message shows it: relative to the project where it is inside."""
    shown = file.relative_to(project_root) if file.is_relative_to(project_root) else file
    return f"{shown.as_posix()}:{line}"
