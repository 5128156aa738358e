"""Files' imports with what each of them loads: the tracer's steps, kept while nothing changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.build.event_loop import is_waitless
from edgeroutes.build.graph import Reason
from edgeroutes.build.hints import missing_hint
from edgeroutes.build.import_values import ImportKind, ImportSite
from edgeroutes.build.modules import Form, Module, Origin
from edgeroutes.build.naming import Naming
from edgeroutes.build.path_texts import possible_paths
from edgeroutes.build.resolve import Resolution
from edgeroutes.build.syntax import attribute_uses, parse_source
from edgeroutes.errors import ImportRaisedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from edgeroutes.build.import_values import FileImports
    from edgeroutes.build.lazy_exports import LazyExport
    from edgeroutes.build.path_texts import PathText
    from edgeroutes.build.resolve import Resolver
    from edgeroutes.build.sources import SourceReader
    from edgeroutes.build.texts import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One import site, resolved.

    Args:
        site: As read.
        target: What its module is.
        loads: Every module that it loads, outermost package first, submodules imported by name last; missing ones too.
        keys: The key of each of them.
        reason: What the graph says of it.
        is_star: Whether it is `from module import *`.
        is_waitless: Whether it is known to lead to nothing that waits on an event loop.
    """

    site: ImportSite
    target: Resolution
    loads: tuple[Module, ...]
    keys: tuple[str, ...]
    reason: Reason
    is_star: bool
    is_waitless: bool


class StepReader:
    """The imports of files, resolved, each kept until it or a directory changes."""

    def __init__(self, resolver: Resolver, sources: SourceReader) -> None:
        self.resolver = resolver
        self.sources = sources
        self.project_root = resolver.search_path.project_root
        self._naming = Naming(resolver)
        self._steps: dict[str, tuple[FileImports, tuple[Step, ...]]] = {}
        self._places: dict[str, str] = {}
        self._uses: dict[str, tuple[FileImports, dict[str, frozenset[str] | None]]] = {}

    def start_scan(self) -> bool:
        """Look at every file and directory again from here on; whether a name has come or gone since."""
        has_changed = self.resolver.refresh()
        if has_changed:
            self._steps.clear()
        self.sources.start_scan()
        return has_changed

    def where(self, path: Path) -> str:
        """The file as a message shows it."""
        root = self.project_root
        return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()

    def imports(self, module: Module) -> FileImports:
        """What the module's file imports.

        Raises:
            ImportRaisedError: It is a file of the project, and not Python.
        """
        lenient = module.origin is Origin.DISTRIBUTION
        where = "" if lenient else self._places.get(module.key, "")
        if not lenient and not where:
            where = self._places[module.key] = self.where(module.file)
        return self.sources.read(module.file, where=where, lenient=lenient, reads_names=module.origin is Origin.PROJECT)

    def steps(self, module: Module, imports: FileImports) -> tuple[Step, ...]:
        """The same, each with what it loads."""
        known = self._steps.get(module.key)
        if known is None or known[0] is not imports:
            steps = [self._step(module, site) for site in imports.sites]
            if module.origin is Origin.PROJECT:
                steps += self._named_steps(module, imports)
            known = self._steps[module.key] = (imports, tuple(steps))
        return known[1]

    def asked(self, importer: Module, step: Step, position: int) -> frozenset[str] | None:
        """The attributes that the importer asks of one module that its step loads; None when it may ask for any."""
        site, last = step.site, len(step.target.modules) - 1
        if site.names and position <= last:
            return frozenset(site.names if position == last else ())
        if not site.binds:
            return None if position == last else frozenset()
        bound, prefix = _bound(step, position)
        uses = self._uses_of(importer).get(bound, frozenset()) if bound else frozenset()
        if uses is None:
            return None
        return frozenset(use.removeprefix(prefix).partition(".")[0] for use in uses if use.startswith(prefix))

    def dotted_names(self, importer: Module, step: Step) -> frozenset[str]:
        """The module and, with its dots, each name that the importer asks of it."""
        site = step.site
        names = site.names or (self._uses_of(importer).get(site.binds[0]) if site.binds else ())
        return frozenset({site.module, *(f"{site.module}.{name}" for name in names or ())})

    def behind(self, facade: Module, name: str, export: LazyExport | None) -> Resolution:
        """The first of a name's candidates that is there; without any, the package's submodule of that name."""
        for candidate in export.modules if export is not None else ():
            bare = candidate.lstrip(".")
            level = len(candidate) - len(bare)
            found = self.resolver.resolve_relative(facade, level or 1, bare)
            if found.missing and not level:
                found = self.resolver.resolve(bare)
            if not found.missing:
                return found
        if facade.form is not Form.PACKAGE:
            return Resolution(missing=name)
        return self.resolver.resolve_relative(facade, 1, name)

    def missing_hint(self, importer: Module, name: str) -> str:
        """What to do about a module that the importer's file misses."""
        bare = name.lstrip(".")
        package = bare.rpartition(".")[0]
        if name != bare:
            parent = self.resolver.resolve_relative(importer, len(name) - len(bare), package)
        elif package:
            parent = self.resolver.resolve(package)
        elif hook := self.resolver.unreadable_editable(name):
            return f"{hook!r} has it by an import hook that edgeroutes cannot read: install {hook!r} without -e"
        else:
            return missing_hint(name, self.resolver.top_level_names(), in_project=False)
        in_project = bool(parent.modules) and parent.modules[-1].origin is Origin.PROJECT
        return missing_hint(name, self.resolver.siblings(parent), in_project=in_project)

    def _uses_of(self, module: Module) -> dict[str, frozenset[str] | None]:
        imports = self.imports(module)
        known = self._uses.get(module.key)
        if known is None or known[0] is not imports:
            uses = attribute_uses(parse_source(module.file.read_bytes(), where=self.where(module.file)))
            known = self._uses[module.key] = (imports, uses)
        return known[1]

    def _step(self, module: Module, site: ImportSite) -> Step:
        resolver = self.resolver
        target = (
            resolver.resolve_relative(module, site.level, site.module) if site.level else resolver.resolve(site.module)
        )
        loads = list(target.modules)
        if target.missing:
            loads.append(Module(name=target.missing, origin=Origin.MISSING))
        else:
            loads.extend(self._named(site, target))
        reason = Reason(importer=module.file, line=site.line, kind=site.kind)
        keys = tuple(module.key for module in loads)
        return Step(
            site=site,
            target=target,
            loads=tuple(loads),
            keys=keys,
            reason=reason,
            is_star=site.names == ("*",),
            is_waitless=is_waitless(module.name, site),
        )

    def text_steps(self, importer: Module, texts: Iterable[Text]) -> Iterator[Step]:
        """Steps to the modules of the project that these texts name."""
        for text in texts:
            found = self._naming.named(text)
            if found:
                yield _step_to(importer, found, written=text.text, line=text.line, kind=ImportKind.TEXT)

    def _named_steps(self, module: Module, imports: FileImports) -> Iterator[Step]:
        """The modules of the project that the file names in strings, and those in the folders that it looks into."""
        yield from self.text_steps(module, imports.texts)
        for scan in imports.scans:
            found = self._naming.scanned(module, scan)
            if found:
                yield _step_to(module, found, written=scan.module, line=scan.line, kind=ImportKind.FOLDER)
        yield from self.path_steps(module, imports.paths)

    def path_steps(self, importer: Module, paths: Iterable[PathText]) -> Iterator[Step]:
        """Steps to the modules of the project that these paths lead to; a file that is not Python is data."""
        folder = self.where(importer.file).rpartition("/")[0]
        for text in (each for each in paths if each.names_code):
            for path in possible_paths(text.path, folder):
                found = tuple(each for each in self._naming.scripts(path) if self._is_python(each))
                if found:
                    yield _step_to(importer, found, written=path, line=text.line, kind=ImportKind.FOLDER)

    def _is_python(self, module: Module) -> bool:
        try:
            self.imports(module)
        except ImportRaisedError:
            return False
        return True

    def _named(self, site: ImportSite, target: Resolution) -> Iterator[Module]:
        """The submodules among the names that the site imports; in a namespace package, they can be nothing else."""
        is_namespace = not target.modules or target.modules[-1].form is Form.NAMESPACE
        for name in site.names:
            found = self.resolver.submodule(target, name)
            if found is not None:
                yield found
            elif is_namespace and name != "*":
                dotted = f"{site.written}.{name}" if site.module else site.written + name
                yield Module(name=dotted, origin=Origin.MISSING)


def _step_to(importer: Module, modules: tuple[Module, ...], *, written: str, line: int, kind: ImportKind) -> Step:
    """A step to these modules, whose own names nobody reads through it."""
    return Step(
        site=ImportSite(module=written, line=line, kind=kind),
        target=Resolution(modules=modules),
        loads=modules,
        keys=tuple(module.key for module in modules),
        reason=Reason(importer=importer.file, line=line, kind=kind),
        is_star=False,
        is_waitless=False,
    )


def _bound(step: Step, position: int) -> tuple[str, str]:
    """The variable that holds one of the step's modules, and the attributes that lead from it to that module."""
    site = step.site
    if site.names:  # a submodule
        last_name = step.loads[position].name.replace("/", ".").rpartition(".")[2]
        return dict(zip(site.names, site.binds, strict=True)).get(last_name, ""), ""
    parts = site.module.split(".")
    if site.binds[0] == parts[0]:
        return parts[0], "".join(f"{part}." for part in parts[1 : position + 1])
    return (site.binds[0], "") if position == len(parts) - 1 else ("", "")
