"""Which modules a route's files reach: a worklist over what each file imports.

Two questions, one walk. For the bundle, distributions are leaves and edgeroutes' own modules are followed one by one;
for the event loop, distributions are followed, edgeroutes is the leaf, and what `steps` knows to be waitless is
left out. Type-checking imports are seen and not followed.

What edgeroutes itself imports inside functions is walked last and apart ("late"): its own files ship, while the
distributions behind them are features, which the route's source decides about; they are reported as skipped.
"""

from __future__ import annotations

import sys
from collections import defaultdict, deque
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from edgeroutes.build.graph import ImportGraph, MissingModule, ReachedModule, Reason, SkippedImport, show_place
from edgeroutes.build.imports import NEVER_RUN, FileImports, ImportKind
from edgeroutes.build.modules import OWN_PACKAGE, Form, Module, Origin, SearchPath, normalize_name
from edgeroutes.build.resolve import Resolver
from edgeroutes.build.sources import SourceReader
from edgeroutes.build.steps import EDGEROUTES_LOOP_NAMES, LOOP_PACKAGES, StepReader, event_loop_reason
from edgeroutes.errors import ImportRaisedError, Problem, require_no_problems

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from edgeroutes.build.graph import Chain, LibraryImports
    from edgeroutes.build.steps import Step
    from edgeroutes.build.texts import SettingsTexts

    Reached = tuple[Module, Sequence[Reason]]


class Question(NamedTuple):
    """The names that an importer takes from one module that its step loads: followed once that module is read."""

    importer: Module
    step: Step
    position: int
    late: bool


class Core(NamedTuple):
    """A walk over what every function has, as it is before the function's own files."""

    modules: dict[str, tuple[Module, tuple[Reason, ...]]]
    has_lazy_names: dict[str, bool]
    questions: dict[str, tuple[Question, ...]]
    unfolded: frozenset[tuple[str, str, bool]]
    skipped: tuple[SkippedImport, ...]
    late_only: frozenset[str]


def _sure_modules(modules: Mapping[str, Reached], guards: Container[ImportKind]) -> set[str]:
    """The keys of the modules that are loaded for sure, by imports of other kinds than these."""
    sure = {key for key, (_, reasons) in modules.items() if not reasons}
    waiting = True
    while waiting:
        found = {
            key
            for key, (_, reasons) in modules.items()
            if key not in sure and any(each.kind not in guards and str(each.importer) in sure for each in reasons)
        }
        sure |= found
        waiting = bool(found)
    return sure


def _missing_modules(
    modules: Mapping[str, Reached], steps: StepReader, sure: Container[str]
) -> Iterator[MissingModule]:
    """What files of the project that are loaded for sure import, and nobody has."""
    for module, reason, importer in _missing(modules):
        if importer.key in sure:
            yield MissingModule(
                importer=reason.importer,
                line=reason.line,
                kind=reason.kind,
                module=module.name,
                hint=steps.missing_hint(importer, module.name),
            )


def _perhaps_missing(modules: Mapping[str, Reached], steps: StepReader, sure: Container[str]) -> Iterator[Problem]:
    """The same for files that may never be loaded, or whose failure to load is caught."""
    for module, reason, importer in _missing(modules):
        if importer.key not in sure:
            _, reasons = modules[importer.key]
            is_scanned = any(each.kind is ImportKind.FOLDER for each in reasons)
            how = "a scan of its folder may load this file" if is_scanned else "this file is imported behind a guard"
            problem = f"no module named {module.name!r}, and {how}"
            where = show_place(steps.project_root, reason.importer, reason.line)
            yield Problem(problem, where=where, hint=steps.missing_hint(importer, module.name))


def _oddities(modules: Iterable[Reached], project_root: Path) -> Iterator[Problem]:
    """Modules that are found, and may not be what the author means."""
    for module, reasons in modules:
        if not reasons or not module.form.is_file:
            continue
        where = show_place(project_root, reasons[0].importer, reasons[0].line)
        if module.origin is Origin.PROJECT and module.name in sys.stdlib_module_names:
            problem = f"{module.archive_path} hides the standard library's {module.name!r}"
            yield Problem(problem, where=where, hint="Rename it")
        elif module.origin is Origin.DISTRIBUTION and not module.distribution:
            problem = f"{module.name!r} is installed, but no distribution says that it brings it"
            hint = "Install it from a distribution, or move it into the project"
            yield Problem(problem, where=where, hint=hint)


def _missing(modules: Mapping[str, Reached]) -> Iterator[tuple[Module, Reason, Module]]:
    """What files of the project import without a guard, and nobody has, with the importer."""
    for module, reasons in modules.values():
        if module.origin is Origin.MISSING:
            for reason in reasons:
                importer = modules[str(reason.importer)][0]
                if importer.origin is Origin.PROJECT and reason.kind is not ImportKind.OPTIONAL:
                    yield module, reason, importer


class _Walk:
    """One trace: the modules reached so far, and those still to be read."""

    def __init__(
        self,
        steps: StepReader,
        *,
        followed: frozenset[Origin],
        stop_at: frozenset[str],
        loop_names: frozenset[str],
        within: frozenset[str] | None,
        cores: dict[tuple[Path, ...], Core] | None = None,
    ) -> None:
        self._steps = steps
        self._cores = {} if cores is None else cores
        self._within = within
        self._followed = followed
        self._stop_at = stop_at
        self._loop_names = loop_names
        self._modules: dict[str, tuple[Module, list[Reason]]] = {}
        self._queue: deque[Module] = deque()
        self._late: deque[tuple[str, Module, Reason]] = deque()
        self._core: frozenset[str] = frozenset()
        self._has_scans = False
        self._late_only: set[str] = set()
        self._has_lazy_names: dict[str, bool] = {}
        self._questions: defaultdict[str, list[Question]] = defaultdict(list)
        self._unfolded: set[tuple[str, str, bool]] = set()
        self._skipped: list[SkippedImport] = []
        self._warnings: list[Problem] = []
        self._problems: list[ImportRaisedError] = []
        self._stopped = False

    def trace(
        self,
        entries: tuple[Path, ...],
        core: tuple[Path, ...] = (),
        libraries: Sequence[LibraryImports] = (),
        settings: Sequence[SettingsTexts] = (),
    ) -> ImportGraph:
        """All modules that these files reach; see `Tracer.trace`."""
        if core:
            self._walk_core(core)
        self._enter(entries)
        self._drain()
        for library in libraries:
            self._visit_library(library)
        for each in settings:
            self._modules.setdefault(each.module.key, (each.module, []))
            for step in (
                *self._steps.text_steps(each.module, each.texts),
                *self._steps.path_steps(each.module, each.paths),
            ):
                self._follow(each.module, step, late=False)
        self._drain()
        sure = _sure_modules(self._modules, {ImportKind.FOLDER}) if self._has_scans else self._modules.keys()
        certain = _sure_modules(self._modules, {ImportKind.FOLDER, ImportKind.OPTIONAL})
        graph = ImportGraph(
            project_root=self._steps.project_root,
            entries=(*entries, *core),
            modules={key: ReachedModule(module=m, reasons=tuple(rs)) for key, (m, rs) in self._modules.items()},
            skipped=tuple(self._skipped),
            missing=tuple(_missing_modules(self._modules, self._steps, certain)),
            warnings=(
                *self._warnings,
                *_perhaps_missing(self._modules, self._steps, certain),
                *_oddities(self._modules.values(), self._steps.project_root),
            ),
            settings=tuple(settings),
            unsure=frozenset(self._modules.keys() - sure),
            is_complete=not self._stopped,
        )
        if self._problems:
            require_no_problems([*self._problems, *graph.problems()])
        return graph

    def _walk_core(self, core: tuple[Path, ...]) -> None:
        """Walk what every function has; the same for all, so that it is walked once."""
        known = self._cores.get(core)
        if known is None:
            self._enter(core)
            self._drain()
            known = self._cores[core] = Core(
                {key: (module, tuple(reasons)) for key, (module, reasons) in self._modules.items()},
                dict(self._has_lazy_names),
                {key: tuple(questions) for key, questions in self._questions.items()},
                frozenset(self._unfolded),
                tuple(self._skipped),
                frozenset(self._late_only),
            )
        else:
            self._modules = {key: (module, [*reasons]) for key, (module, reasons) in known.modules.items()}
            self._has_lazy_names = dict(known.has_lazy_names)
            self._questions.update({key: [*questions] for key, questions in known.questions.items()})
            self._unfolded = set(known.unfolded)
            self._skipped = [*known.skipped]
            self._late_only = set(known.late_only)
        self._core = frozenset(known.modules)

    def _enter(self, files: tuple[Path, ...]) -> None:
        for path in files:
            module = self._steps.resolver.entry(path)
            if module.key not in self._modules:
                self._modules[module.key] = (module, [])
                self._queue.append(module)

    def _drain(self) -> None:
        while self._queue and not self._stopped:
            self._visit(self._queue.popleft(), late=False)
        while self._late and not self._stopped:
            key, module, reason = self._late.popleft()
            if self._record(key, module, reason) and self._is_followed(module):
                self._late_only.add(key)
                self._visit(module, late=True)

    def _visit_library(self, library: LibraryImports) -> None:
        """What a file of a distribution imports of edgeroutes; its other imports are the distribution's own matter."""
        self._modules.setdefault(library.module.key, (library.module, []))
        for step in self._steps.steps(library.module, FileImports(sites=library.sites)):
            if not step.site.level and step.site.module.partition(".")[0] == OWN_PACKAGE:
                self._follow(library.module, step, late=False)

    def _visit(self, module: Module, *, late: bool) -> None:
        try:
            imports = self._steps.imports(module)
        except ImportRaisedError as problem:
            self._problems.append(problem)
            return
        self._has_lazy_names[module.key] = bool(imports.lazy)
        for step in self._steps.steps(module, imports):
            in_feature = step.site.in_function and module.origin is Origin.EDGEROUTES and self._is_core(module)
            self._follow(module, step, late=late or in_feature)
            if self._stopped:
                return
        for question in self._questions.pop(module.key, ()):
            if imports.lazy or question.step.is_star:
                self._follow_names(question)
        if module.origin is Origin.PROJECT:
            self._warnings.extend(
                Problem(
                    f"{call.text} names its module only when it runs, so that the bundle may lack it",
                    where=show_place(self._steps.project_root, module.file, call.line),
                    hint="Write the module's name as a literal, or list its files under include in function.yaml",
                )
                for call in imports.unknown
            )

    def _follow(self, importer: Module, step: Step, *, late: bool) -> None:
        if step.site.kind in NEVER_RUN:
            if importer.origin is Origin.PROJECT and step.loads:
                self._skip(step.loads[-1], step.reason, step.site.written)
            return
        self._has_scans = self._has_scans or step.reason.kind is ImportKind.FOLDER
        if step.is_waitless and Origin.DISTRIBUTION in self._followed:
            return
        if late and step.loads and step.loads[-1].origin in {Origin.DISTRIBUTION, Origin.MISSING}:
            self._skip(step.loads[-1], step.reason, step.site.written, is_own=True)
        for position, (key, module) in enumerate(zip(step.keys, step.loads, strict=True)):
            self._reach(key, module, step.reason, late=late)
            if module.origin not in self._followed:
                continue
            has_lazy_names = self._has_lazy_names.get(key)
            if has_lazy_names is None:
                self._questions[key].append(Question(importer, step, position, late))
            elif has_lazy_names or step.is_star:
                self._follow_names(Question(importer, step, position, late))
        if self._loop_names and self._loop_names & self._steps.dotted_names(importer, step):
            self._reach("asyncio", Module(name="asyncio", origin=Origin.STDLIB), step.reason, late=late)

    def _follow_names(self, question: Question) -> None:
        """Follow names of a lazy façade, or of a package for `import *`, to their modules."""
        step, facade = question.step, question.step.loads[question.position]
        imports = self._steps.imports(facade)
        is_star = step.is_star and question.position == len(step.target.modules) - 1
        asked = frozenset(imports.exports) if is_star else self._steps.asked(question.importer, step, question.position)
        names = {export.name for export in imports.lazy} if asked is None else asked
        for name in sorted(names):
            self._unfold(facade, name, step.reason, late=question.late)

    def _unfold(self, facade: Module, name: str, reason: Reason, *, late: bool) -> None:
        """Reach the module behind one name of a façade, and what that module has behind it in turn."""
        key = (facade.key, name, late)
        if key in self._unfolded or not self._is_followed(facade):
            return
        self._unfolded.add(key)
        export = next((export for export in self._steps.imports(facade).lazy if export.name == name), None)
        found = self._steps.behind(facade, name, export)
        if not found.missing:
            line = reason.line if export is None else export.line
            reason = reason if export is None else Reason(importer=facade.file, line=line, kind=reason.kind)
            for module in found.modules:
                self._reach(module.key, module, reason, late=late)
            if found.modules and export is not None:
                self._unfold(found.modules[-1], name, reason, late=late)

    def _reach(self, key: str, module: Module, reason: Reason, *, late: bool) -> None:
        if (
            self._within is not None
            and module.origin is Origin.DISTRIBUTION
            and module.distribution not in self._within
        ):
            return
        if not late:
            is_new = self._record(key, module, reason) or key in self._late_only
            self._late_only.discard(key)
            if is_new and self._is_followed(module):
                self._queue.append(module)
        elif module.origin not in {Origin.DISTRIBUTION, Origin.MISSING}:
            self._late.append((key, module, reason))

    def _record(self, key: str, module: Module, reason: Reason) -> bool:
        """Whether the module is new."""
        known = self._modules.get(key)
        if known is not None:
            known[1].append(reason)
            return False
        self._modules[key] = (module, [reason])
        if module.name.partition(".")[0] in self._stop_at:
            self._stopped = True
        return True

    def _is_followed(self, module: Module) -> bool:
        return module.origin in self._followed and module.form in {Form.SOURCE, Form.PACKAGE}

    def _skip(self, module: Module, reason: Reason, written: str, *, is_own: bool = False) -> None:
        self._skipped.append(
            SkippedImport(
                importer=reason.importer,
                line=reason.line,
                kind=reason.kind,
                module=written,
                distribution=module.distribution or (_likely_distribution(module) if is_own else ""),
            )
        )

    def _is_core(self, module: Module) -> bool:
        """Whether every function has the module, whatever it uses: then what its functions import is not wanted by that alone."""
        return not self._core or module.key in self._core


def _likely_distribution(module: Module) -> str:
    """The distribution that would have a module that is not installed here."""
    return normalize_name(module.name.partition(".")[0]) if module.origin is Origin.MISSING else ""


_WORTH_SAVING = 16


class Tracer:
    """Traces entry files of one project; keep it between traces, for it remembers what did not change.

    Args:
        search_path: Where modules are looked for.
        cache_directory: Where to keep what files import between processes; None keeps it in memory.
        saves: Whether a trace that read many files writes the cache; else only `save` does.
        scans_once: Whether each file is looked at once and for all, as one build does; else again in each trace.
        loop_names: Names of edgeroutes that need an event loop.
    """

    def __init__(
        self,
        search_path: SearchPath,
        *,
        cache_directory: Path | None = None,
        saves: bool = True,
        scans_once: bool = False,
        loop_names: frozenset[str] = EDGEROUTES_LOOP_NAMES,
    ) -> None:
        self._project_root = search_path.project_root
        self._sources = SourceReader(cache_directory)
        self._steps = StepReader(Resolver(search_path), self._sources)
        self._loop_names = loop_names
        self._saves = saves
        self._scans_once, self._has_scanned = scans_once, False
        self._lock = Lock()
        self._cores: dict[tuple[Path, ...], Core] = {}

    def trace(
        self,
        entry_files: Iterable[Path],
        *,
        into_distributions: bool = False,
        stop_at: frozenset[str] = frozenset(),
        within: frozenset[str] | None = None,
        core: Iterable[Path] = (),
        libraries: Sequence[LibraryImports] = (),
        settings: Sequence[SettingsTexts] = (),
    ) -> ImportGraph:
        """All modules that the files reach.

        Args:
            entry_files: Absolute, or relative to the project's root.
            core: Files of edgeroutes that every function imports. What they import inside functions is there for features, and is
                wanted only if something else imports it.
            libraries: What files of distributions import of edgeroutes.
            settings: What settings and configuration files name.
            into_distributions: Follow distributions and take edgeroutes as a leaf, not the other way round.
            stop_at: Top-level names; once one is reached, the graph is left as it is.
            within: The distributions that are there at run time; None for all.

        Raises:
            ImportRaisedError: A file of the project is not Python.
            ProblemsError: Several are not.
        """
        followed = frozenset({Origin.PROJECT, Origin.DISTRIBUTION if into_distributions else Origin.EDGEROUTES})
        loop_names = self._loop_names if into_distributions else frozenset()
        with self._lock:
            if not (self._scans_once and self._has_scanned):
                self._has_scanned = True
                if self._steps.start_scan():
                    self._cores.clear()
            walk = _Walk(
                self._steps,
                followed=followed,
                stop_at=stop_at,
                loop_names=loop_names,
                within=within,
                cores=self._cores,
            )
            graph = walk.trace(
                tuple(self._project_root / path for path in entry_files),
                tuple(self._project_root / path for path in core),
                libraries,
                settings,
            )
            if self._saves:
                self._sources.save(at_least=_WORTH_SAVING)
        return graph

    def imports(self, file: Path) -> FileImports:
        """What a file of the project imports, as the last trace read it."""
        return self._sources.read(file, where=self._steps.where(file))

    @property
    def read_files(self) -> list[Path]:
        """All files that the traces looked at."""
        return self._sources.read_files

    @property
    def listed_directories(self) -> list[Path]:
        """All directories that they looked into."""
        return self._steps.resolver.directories.known

    def save(self) -> None:
        """Write all that was learnt to the cache directory; a trace does so itself only after reading many files."""
        with self._lock:
            self._sources.save()

    def event_loop_reason(self, entry_files: Iterable[Path], within: frozenset[str] | None = None) -> Chain | None:
        """The chain by which the files reach asyncio, anyio or trio; None when they reach none. Stops at the first."""
        graph = self.trace(entry_files, into_distributions=True, stop_at=LOOP_PACKAGES, within=within)
        return event_loop_reason(graph)
