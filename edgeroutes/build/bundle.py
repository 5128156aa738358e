"""What goes into one function, and why: decided on what was traced.

Project modules go in one by one, edgeroutes' own likewise (only its runtime side, also from a checkout), distributions whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from edgeroutes.build.dependencies import (
    LAMBDA_HAS,
    LAMBDA_HAS_FOR_BOTO3,
    Root,
    check_declared,
    excluded_imports,
    imported_roots,
)
from edgeroutes.build.entry import entry_imports
from edgeroutes.build.imports import ImportKind
from edgeroutes.build.modules import OWN_PACKAGE, Form, Origin, normalize_name
from edgeroutes.build.own_parts import feature_roots, file_uses, own_requirements, unused_parts, unused_without_loops
from edgeroutes.build.project_files import NEVER_BUNDLED, DataFiles, FoundFiles, NamedPath, is_environment_file, matches
from edgeroutes.build.project_folders import ProjectFolders
from edgeroutes.build.steps import Naming, likely_distribution
from edgeroutes.build.texts import possible_paths, settings_texts
from edgeroutes.errors import BundleError, ConfigError, ModuleMissingError, Problem, ProjectError, require_no_problems
from edgeroutes.routing.conventions import FUNCTION_FILE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from edgeroutes.build.graph import ImportGraph, LibraryImports
    from edgeroutes.build.imports import Arguments
    from edgeroutes.build.modules import Module
    from edgeroutes.build.own_parts import FileUses
    from edgeroutes.build.pins import Pins
    from edgeroutes.build.resolve import Resolver
    from edgeroutes.build.trace import Tracer
    from edgeroutes.config import Config
    from edgeroutes.plan.model import FunctionPlan

# Rooms of edgeroutes that never ship.
_BUILD_SIDE = frozenset({"build", "cli", "config", "dev", "pipeline", "plan", "template", "testing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFile:
    """A file of the project in a bundle. `why` shows its `reason`, which is empty for an imported file; no import reaches data."""

    archive_path: str
    source: Path
    reason: str
    is_data: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """One function's contents, distributions still by name, without its entry module.

    Args:
        function: The plan.
        files: Of the project.
        roots: The distributions that it needs by itself.
        exclude: Names of distributions that stay out.
        local_tops: Of distributions outside the project that are linked to: the top-level modules that are imported.
        graph: What was traced.
        unused: Of edgeroutes itself, what the function cannot use: paths in the package.
        libraries: What files of its distributions import of edgeroutes.
        warnings: What may be wrong.
        left_out: Files of the project that are not in it though they lie beside what is, with the reasons.
    """

    function: FunctionPlan
    files: tuple[BundleFile, ...]
    roots: tuple[Root, ...]
    exclude: frozenset[str]
    local_tops: Mapping[str, tuple[Path, ...]]
    graph: ImportGraph
    unused: frozenset[str] = frozenset()
    libraries: tuple[LibraryImports, ...] = ()
    warnings: tuple[Problem, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)


def check_imports(graph: ImportGraph, pins: Pins) -> list[ProjectError]:
    """What the files of a function import and its bundle cannot hold."""
    missing = [
        _declared_missing(error, each.module, pins) or error
        for error, each in zip(graph.problems(), graph.missing, strict=True)
    ]
    return [*missing, *check_declared(graph, pins), *_wrong_side(graph)]


def _declared_missing(error: ModuleMissingError, module: str, pins: Pins) -> ModuleMissingError | None:
    """The error for a module whose distribution is declared and not installed; None for any other."""
    name = likely_distribution(module)
    if not name or not (name in pins.by_name or any(each.name == name for each in pins.distributions)):
        return None
    how = "Run 'uv sync'" if pins.source == "uv.lock" else "Install the project's dependencies"
    problem = f"{error.problem}: {name!r} is declared, and is not installed in this environment"
    return ModuleMissingError(problem, where=error.where, hint=how)


def without_loop_parts(bundle: Bundle) -> Bundle:
    """The bundle of a function whose routes need no event loop."""
    return replace(bundle, unused=unused_without_loops(bundle.unused))


class Collector:
    """Decides what goes into the functions of one project.

    Args:
        root: The project.
        config: Its settings.
        pins: Its versions.
        tracer: Traces.
        resolver: Finds what function.yaml includes by module name.
        own_root: The directory that holds the `edgeroutes` package.
    """

    def __init__(
        self, root: Path, config: Config, pins: Pins, tracer: Tracer, *, resolver: Resolver, own_root: Path
    ) -> None:
        self._root = root
        self._config = config
        self._pins = pins
        self._tracer = tracer
        self._resolver = resolver
        self._own_root = own_root
        self._tops = resolver.top_level_names()
        self.folders = ProjectFolders(root)
        self._data = DataFiles(self.folders)
        self._naming = Naming(resolver)
        self._code: dict[str, bool] = {}
        self._idle: dict[str, bool] = {}

    def collect(self, function: FunctionPlan, libraries: Sequence[LibraryImports] = ()) -> Bundle:
        """What goes into a function.

        Args:
            function: The plan.
            libraries: What its distributions import of edgeroutes.

        Raises:
            ProjectError: For the one thing that is wrong; ProblemsError for several.
        """
        included = self._included(function)
        paths = tuple(path for found, _ in included for path in found.paths)
        entries = [self._root / file for file in function.source_files]
        entries += [self._root / path for path in paths if path.endswith(".py")]
        core = [self._own_root / OWN_PACKAGE / file for file in entry_imports(function)]
        graph = self._traced(function, entries, core, libraries, paths)
        require_no_problems(check_imports(graph, self._pins))
        used = file_uses(graph, self._tracer, libraries)
        data = self._data_of(graph)
        files = tuple(self._files(graph, function, paths, data))
        self._check_files(files)
        names = {self._place(each.source) for each in files}
        exclude = frozenset(self._excluded_names(graph, function))
        # A layer may have what the function excludes.
        lacking = () if "Layers" in function.properties else excluded_imports(graph, exclude)
        left_out = {
            path: reason for found in (data, *(each for each, _ in included)) for path, reason in found.left_out.items()
        }
        return Bundle(
            function=function,
            files=files,
            roots=tuple(self._roots(graph, function, [root for _, roots in included for root in roots], used)),
            exclude=exclude,
            local_tops=self._local_tops(graph),
            graph=graph,
            unused=unused_parts(
                function,
                self._config,
                {*(name for each in used for name, _ in each.uses), *graph.distributions},
                self._arguments(function),
            ),
            libraries=tuple(libraries),
            warnings=(*graph.warnings, *self._idle_excludes(function), *lacking),
            left_out={
                path: reason
                for path, reason in left_out.items()
                if not _is_excluded(path, function) and not _ships(path, names)
            },
        )

    def _traced(
        self,
        function: FunctionPlan,
        entries: Sequence[Path],
        core: Sequence[Path],
        libraries: Sequence[LibraryImports],
        included: Sequence[str],
    ) -> ImportGraph:
        """The trace, repeated while the configuration files beside what it reaches name more modules."""
        settings = settings_texts(self._root, included, function, self._config, self._tops, exists=self._exists)
        while True:
            graph = self._tracer.trace(entries, core=core, libraries=libraries, settings=settings)
            data = self._data_of(graph)
            files = dict.fromkeys((*included, *data.paths))
            found = settings_texts(self._root, files, function, self._config, self._tops, exists=self._exists)
            if found == settings:
                return graph
            settings = found

    def _data_of(self, graph: ImportGraph) -> FoundFiles:
        """The data beside the function's modules, and the files and folders of the project that these name in strings."""
        modules = [module for module in graph.project_modules if module.file.suffix == ".py"]
        places = {self._place(module.file) for module in graph.project_modules}
        beside = self._data.beside((*places, *self._named_spaces(graph)))
        named = self._data.named(self._named_paths(graph, modules))
        code = {path: why for path, why in named.left_out.items() if f"{path}/__init__.py" not in places}
        stubs = [*self._stubs(modules)]
        paths = dict.fromkeys((*beside.paths, *named.paths, *stubs))
        reasons = {**named.reasons, **dict.fromkeys(stubs, "a stub that its package reads")}
        return FoundFiles(paths=tuple(paths), left_out={**beside.left_out, **code}, reasons=reasons)

    def _named_spaces(self, graph: ImportGraph) -> Iterator[str]:
        """A path in each folder without `__init__.py` that a string names as a package: `files("lib.assets")`."""
        for reached in graph.modules.values():
            module = reached.module
            is_named = any(each.kind is ImportKind.TEXT for each in reached.reasons)
            if (
                is_named
                and module.origin is Origin.PROJECT
                and module.form is Form.NAMESPACE
                and module.path is not None
            ):
                yield f"{self._place(module.path)}/"

    def _named_paths(self, graph: ImportGraph, modules: Iterable[Module]) -> dict[str, NamedPath]:
        """Where the paths may lead that a function's files name, by the path in the project."""
        found: dict[str, NamedPath] = {}
        texts = [(module.file, self._tracer.imports(module.file).paths) for module in modules]
        texts += [(each.module.file, each.paths) for each in graph.settings]
        for file, paths in texts:
            folder = self._place(file).rpartition("/")[0]
            for each in paths:
                for path in possible_paths(each.path, folder):
                    known = found.get(path)
                    if known is None or (each.names_code and not known.is_code):
                        is_code = each.names_code and self._is_code(path)
                        where = graph.where(file, each.line)
                        found[path] = NamedPath(
                            where=where, is_code=is_code, is_from_root=path == each.path, is_default=each.is_default
                        )
        return found

    def _exists(self, path: str) -> bool:
        return self.folders.entry(path) is not None

    def _is_code(self, path: str) -> bool:
        if path not in self._code:
            self._code[path] = bool(self._naming.scripts(path))
        return self._code[path]

    def _stubs(self, modules: Iterable[Module]) -> Iterator[str]:
        """The stubs of packages that load their modules lazily: `lazy_loader.attach_stub` reads them at run time."""
        for module in modules:
            if any(scan.is_whole_package for scan in self._tracer.imports(module.file).scans):
                stub = f"{self._place(module.file)}i"
                if self.folders.entry(stub) is not None:
                    yield stub

    def _arguments(self, function: FunctionPlan) -> set[Arguments]:
        files = (self._root / route.source_file for route in function.routes if route.exports.app is None)
        return {self._tracer.imports(file).arguments for file in files}

    def _included(self, function: FunctionPlan) -> list[tuple[FoundFiles, list[Root]]]:
        found: list[tuple[FoundFiles, list[Root]]] = []
        problems: list[ProjectError] = []
        for entry in function.include:
            try:
                found.append(self._include(function, entry))
            except ProjectError as error:
                problems.append(error)
        require_no_problems(problems)
        return found

    def _idle_excludes(self, function: FunctionPlan) -> Iterator[Problem]:
        """Entries of `exclude` that name nothing that any function could have."""
        for entry in function.exclude:
            if entry not in self._idle:
                name = normalize_name(entry)
                is_distribution = self._pins.is_declared(name) or name in LAMBDA_HAS | LAMBDA_HAS_FOR_BOTO3
                is_module = (
                    all(part.isidentifier() for part in entry.split(".")) and self._resolver.resolve(entry).modules
                )
                self._idle[entry] = not (is_distribution or is_module or self._data.matches_any(entry))
            if self._idle[entry]:
                file = self._root / _settings_file(function)
                lines = enumerate(file.read_text("utf-8", "replace").splitlines(), start=1)
                line = next((number for number, text in lines if entry in text), 1)
                hint = "Name a file, a pattern, a module or a distribution, or remove it"
                yield Problem(
                    f"exclude has no effect for {entry!r}", where=f"{_settings_file(function)}:{line}", hint=hint
                )

    def _include(self, function: FunctionPlan, entry: str) -> tuple[FoundFiles, list[Root]]:
        """The files and the distributions that one `include` of function.yaml means.

        Raises:
            ConfigError: It means nothing.
        """
        where = f"{_settings_file(function)}, include"
        files = self._data.included(entry, where=where)
        if files.paths or files.left_out:
            return files, []
        name = normalize_name(entry)
        reason = f"include in {_settings_file(function)}"
        if all(part.isidentifier() for part in entry.split(".")):
            found = self._resolver.resolve(entry)
            if found.modules and not found.missing:
                module = found.modules[-1]
                if module.origin is Origin.PROJECT:
                    return FoundFiles(paths=tuple(self._module_files(module))), []
                name = module.distribution or name
        if self._pins.is_declared(name):
            return FoundFiles(), [Root(name=name, extras=self._pins.extras_of(name), reason=reason, where=where)]
        known = [*self._pins.by_name, *self._resolver.top_level_names()]
        near = get_close_matches(entry, known, n=1)
        hint = f"Did you mean {near[0]!r}" if near else "Name a file, a pattern, a module or a declared distribution"
        raise ConfigError(f"there is no {entry!r}", where=where, hint=hint)

    def _files(
        self, graph: ImportGraph, function: FunctionPlan, included: tuple[str, ...], data: FoundFiles
    ) -> Iterator[BundleFile]:
        """The project's files: modules, the data beside them, and what is included; less what is excluded."""
        modules = {self._place(module.file) for module in graph.project_modules}
        reasons = dict.fromkeys(modules, "")
        for path in data.paths:
            folder = path.rpartition("/")[0]
            reasons.setdefault(path, data.reasons.get(path) or f"data in {folder}")
        for path in included:
            reasons[path] = reasons.get(path) or f"include in {_settings_file(function)}"
        placed: dict[str, BundleFile] = {}
        for path in sorted(reasons):
            for archive_path in self._archive_paths(path, function, is_included=path in included):
                if not (_is_excluded(path, function) or _is_excluded(archive_path, function)):
                    file = BundleFile(
                        archive_path=archive_path,
                        source=self._root / path,
                        reason=reasons[path],
                        is_data=path not in modules,
                    )
                    placed.setdefault(archive_path, file)
        yield from placed.values()

    def _place(self, file: Path) -> str:
        """Where a file is in the project."""
        return file.relative_to(self._root).as_posix()

    def _archive_paths(self, path: str, function: FunctionPlan, *, is_included: bool) -> Iterator[str]:
        """Where a file of the project is in the bundle: `src/shop/a.py` at `shop/a.py`; an included one at both."""
        if path.startswith(f"{self._config.app_dir}/") or path in function.source_files:
            yield path  # found by its path, not by its name
            return
        archive_path = self._resolver.archive_path(self._root / path)
        yield archive_path
        if is_included and archive_path != path:
            yield path

    def _check_files(self, files: Iterable[BundleFile]) -> None:
        """Raise for files that lie outside the project, are a `.env` file by another name, or have no name in a zip."""
        problems: dict[str, ProjectError] = {}
        for file in files:
            path = self._place(file.source)
            try:
                path.encode()
                self.folders.require_inside(path)
                target = self.folders.inner_path(path)
                if any(map(is_environment_file, target.split("/"))):
                    problem = f"it links to {target!r}, which {NEVER_BUNDLED}"
                    problems[path] = BundleError(problem, where=path, hint="Remove the link")
            except UnicodeEncodeError:
                problems[path] = BundleError("the file's name is not UTF-8", where=path, hint="Rename it")
            except BundleError as error:
                problems[str(error)] = error
        require_no_problems([*problems.values()])

    def _module_files(self, module: Module) -> list[str]:
        """A module's file; for a package, of all modules in it."""
        if not module.form.is_file or module.file.name != "__init__.py":
            folder = module.file
            if folder.is_file():
                return [folder.relative_to(self._root).as_posix()]
        else:
            folder = module.file.parent
        below = self.folders.files_below(folder.relative_to(self._root).as_posix(), lambda name: name != "__pycache__")
        return [path for path, entry in below if path.endswith(".py") and entry.is_file]

    def _roots(
        self, graph: ImportGraph, function: FunctionPlan, included: list[Root], used: list[FileUses]
    ) -> Iterator[Root]:
        """The distributions that the function needs by itself, each once; what is included first, for it counts as pinned."""
        found = {root.name: root for root in included}
        for root in (
            *imported_roots(graph, self._pins),
            *own_requirements(graph),
            *feature_roots(graph, function, used),
        ):
            found.setdefault(root.name, root)
        yield from found.values()

    def _excluded_names(self, graph: ImportGraph, function: FunctionPlan) -> Iterator[str]:
        """The distributions that `exclude` means, by their own names or by those of their modules."""
        for entry in function.exclude:
            yield normalize_name(entry)
            yield from (
                reached.module.distribution
                for reached in graph.modules.values()
                if reached.module.origin is Origin.DISTRIBUTION and reached.module.name == entry
            )

    def _local_tops(self, graph: ImportGraph) -> dict[str, tuple[Path, ...]]:
        """For each distribution outside the project that is linked to, the top-level modules of its folders that are imported."""
        found: dict[str, dict[Path, None]] = {}
        for reached in graph.modules.values():
            module = reached.module
            local = self._pins.local.get(module.distribution)
            if module.origin is Origin.DISTRIBUTION and local is not None and module.root in local.editable.folders:
                top = module.root / module.archive_path.partition("/")[0]
                found.setdefault(module.distribution, {})[top] = None
        return {name: tuple(tops) for name, tops in found.items()}


def _wrong_side(graph: ImportGraph) -> Iterator[BundleError]:
    """Imports of parts of edgeroutes that never ship."""
    for reached in graph.modules.values():
        parts = reached.module.name.split(".")
        if reached.module.origin is not Origin.EDGEROUTES or len(parts) < 2 or parts[1] not in _BUILD_SIDE:
            continue
        if not any(graph.modules[str(each.importer)].module.origin is Origin.PROJECT for each in reached.reasons):
            continue  # a library's plugin for tests
        link = graph.chain(reached)[-1]
        hint = "Import it in tests and tools, not in what a route reaches"
        yield BundleError(
            f"{reached.module.name!r} never goes into a function", where=graph.where(link.file, link.line), hint=hint
        )


def _ships(path: str, names: Collection[str]) -> bool:
    """Whether a file ships, or anything in a folder."""
    return path in names or any(name.startswith(f"{path}/") for name in names)


def _is_excluded(path: str, function: FunctionPlan) -> bool:
    return any(matches(path, entry) for entry in function.exclude)


def _settings_file(function: FunctionPlan) -> str:
    files = [file for route in function.routes for file in route.function_yaml_files]
    return files[-1] if files else FUNCTION_FILE
