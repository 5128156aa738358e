"""Files' imports with what each of them loads: the tracer's steps, kept while nothing changes."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes.build.graph import Reason
from edgeroutes.build.imports import ImportKind, ImportSite
from edgeroutes.build.modules import Form, Module, Origin, normalize_name
from edgeroutes.build.resolve import Resolution
from edgeroutes.build.syntax import attribute_uses, parse_source
from edgeroutes.build.texts import Text, TextPlace, possible_paths
from edgeroutes.errors import ImportRaisedError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from edgeroutes.build.folder_scans import FolderScan
    from edgeroutes.build.graph import Chain, ImportGraph
    from edgeroutes.build.imports import FileImports
    from edgeroutes.build.resolve import Resolver
    from edgeroutes.build.sources import SourceReader
    from edgeroutes.build.syntax import LazyExport
    from edgeroutes.build.texts import PathText


LOOP_PACKAGES = frozenset({"_asyncio", "anyio", "asyncio", "trio"})
"""Top-level packages whose coroutines wait on a loop; no other module of the standard library gives out such."""

EDGEROUTES_LOOP_NAMES: frozenset[str] = frozenset()
"""Names of edgeroutes that wait on a loop by contract, as `edgeroutes.fetch` might: importing one counts as asyncio."""

# asyncio's names that ask what an object is and wait for nothing. typing_extensions, and so pydantic, msgspec and many
# more, imports asyncio for these alone.
_WAITLESS_NAMES = frozenset({"coroutines", "iscoroutine", "iscoroutinefunction"})

# Importer and imported package where a synchronous function borrows another from a package that has asyncio elsewhere.
# Source: aws-lambda-powertools 3.37.0, shared/functions.py:241, which every Logger imports: `_model_dump`.
_BORROWED = frozenset({("aws_lambda_powertools.shared.functions", "aws_lambda_powertools.event_handler")})


def event_loop_reason(graph: ImportGraph) -> Chain | None:
    """The chain to the first of asyncio, anyio and trio that is reached; None where no handler can wait on a loop.

    Args:
        graph: Traced into distributions.
    """
    for reached in graph.modules.values():
        if reached.module.name.partition(".")[0] in LOOP_PACKAGES:
            return graph.chain(reached)
    return None


def is_waitless(importer: str, site: ImportSite) -> bool:
    """Whether the import, made in the module `importer`, is known to lead to nothing that waits."""
    top, _, below = site.module.partition(".")
    if top != "asyncio" or site.level:
        package = ".".join(site.module.split(".")[:2])
        return (importer, package) in _BORROWED
    if site.names:
        return below == "coroutines" or (not below and _WAITLESS_NAMES.issuperset(site.names))
    return bool(site.asks) and _WAITLESS_NAMES.issuperset(site.asks or ())


_CUTOFF = 0.75
# Modules that are often imported and whose distribution has another name.
_DISTRIBUTIONS = {
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "multipart": "python-multipart",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}


def likely_distribution(name: str) -> str:
    """The distribution, normalized, that would bring a module; empty for a relative name."""
    top = name.partition(".")[0]
    return normalize_name(_DISTRIBUTIONS.get(top, top))


def missing_hint(name: str, neighbours: Collection[str], *, in_project: bool) -> str:
    """What to do about a missing module, as an imperative.

    Args:
        name: Dotted and absolute, or with its leading dots.
        neighbours: The modules that are where it would be.
        in_project: Whether it would be a file of the project.
    """
    package, dot, last = name.rpartition(".")
    near = difflib.get_close_matches(last, sorted(neighbours), n=1, cutoff=_CUTOFF)
    if near:
        return f"Import {package + dot + near[0]!r} instead"
    if name.startswith("."):
        return "Make the file, or import it by its path from the project's root"
    file = f"{name.replace('.', '/')}.py"
    if in_project:
        return f"Make the file {file}"
    if package:
        return f"Install a version of {package!r} that has it"
    wanted = _DISTRIBUTIONS.get(name, name)
    return f"Add {wanted!r} to the project's dependencies and install it, or make the file {file}"


_TEST_FOLDERS = frozenset({"test", "tests"})
_ROUTE_FILES = frozenset({"middleware.py", "route.py"})
# Django's module of an app's settings: `shop.apps.ShopConfig` is the app `shop`. Source: docs.djangoproject.com "Applications".
_APPS = "apps"
# A folder of more modules is an environment or a checkout, not one of scripts.
_MAX_SCRIPTS = 200


class Naming:
    """Finds them.

    Args:
        resolver: Knows the search path.
    """

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._root = resolver.search_path.project_root

    def named(self, text: Text) -> tuple[Module, ...]:
        """The modules that a text names, and those behind the entry points of the project whose group it names."""
        points = (Text(text=value, line=text.line, place=TextPlace.LISTED) for value in self._points.get(text.text, ()))
        return tuple(dict.fromkeys(module for each in (text, *points) for module in self._importable(each)))

    @cached_property
    def _points(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for group, value in self._resolver.own_entry_points():
            found.setdefault(group, []).append(value.partition("[")[0].strip())
        return found

    def _importable(self, text: Text) -> tuple[Module, ...]:
        """The modules that importing what a text names would load; for a package, all that is in it.

        `lib.logs.JsonFormatter` is the module `lib.logs`. A package that a text names in full is one of Django's apps, Celery's task
        packages or the like, whose modules others import by convention. A single word counts in a list of modules and in a call that
        imports; elsewhere it is a word.
        """
        if text.place is TextPlace.KEY or (text.place is TextPlace.PLAIN and "." not in text.dotted):
            return ()
        parts = text.dotted.split(".")
        found = self._resolver.resolve(parts[0])
        if not found.modules or found.modules[-1].origin is not Origin.PROJECT:
            return ()
        length = len(parts)
        while (found := self._resolver.resolve(".".join(parts[:length]))).missing:
            length -= 1
        module = found.modules[-1]
        if module.form is Form.NAMESPACE and (length == 1 or length < len(parts)):
            return ()
        is_app = length == len(parts) - 1 and length > 1 and parts[length - 1] == _APPS
        whole = self._resolver.resolve(".".join(parts[: length - 1])) if is_app else found
        inside = tuple(self._inside(whole, "", is_deep=True)) if is_app or length == len(parts) else ()
        return (*found.modules, *(each for each in inside if each not in found.modules))

    def scanned(self, importer: Module, scan: FolderScan) -> tuple[Module, ...]:
        """The modules that a file loads by looking into a folder of the project."""
        bare = scan.module.lstrip(".")
        level = len(scan.module) - len(bare)
        if level or not scan.module:
            package = self._resolver.resolve_relative(importer, level or 1, bare)
        else:
            package = self._resolver.resolve(bare)
            is_word = "." not in bare and bool(package.modules) and package.modules[-1].form is Form.NAMESPACE
            if is_word and not scan.is_call:
                return ()
        if package.missing or (package.modules and package.modules[-1].origin is not Origin.PROJECT):
            return ()
        if scan.ups or scan.parts:
            return tuple(self._at_path(package, scan))
        inside = self._inside(package, scan.pattern, is_deep=scan.is_deep)
        return (*package.modules, *(each for each in inside if each is not importer and each not in package.modules))

    def scripts(self, path: str) -> tuple[Module, ...]:
        """The modules that are loaded by a path, relative to the project: a source file, or a folder of them that is not a package.

        Migrations, plugins and jobs lie in such folders. A folder with routes, and one in which imports are looked for, is none.
        """
        place = self._root / path
        if place.suffix == ".py":
            is_there = place.name in self._resolver.directories.listing(place.parent.as_posix()).files
            return (self._resolver.entry(place),) if is_there and place.name not in _ROUTE_FILES else ()
        folder = place.as_posix()
        is_package = "__init__.py" in self._resolver.directories.listing(folder).files
        if is_package or self._resolver.is_search_root(place) or self._holds_routes(folder):
            return ()
        found = tuple(islice(self._modules_in(folder, "", "", is_deep=True), _MAX_SCRIPTS + 1))
        return found if len(found) <= _MAX_SCRIPTS else ()

    def _holds_routes(self, folder: str) -> bool:
        waiting = [folder]
        for number, each in enumerate(waiting):
            listing = self._resolver.directories.listing(each)
            if number > _MAX_SCRIPTS or listing.files & _ROUTE_FILES:
                return True
            waiting += [f"{each}/{name}" for name in listing.directories]
        return False

    def _at_path(self, package: Resolution, scan: FolderScan) -> Iterator[Module]:
        for directory in package.directories:
            folder = Path(directory)
            for _ in range(scan.ups):
                folder = folder.parent
            folder = folder.joinpath(*scan.parts)
            if folder.is_relative_to(self._root) and folder != self._root:
                yield from self._modules_in(folder.as_posix(), "", "", is_deep=scan.is_deep)

    def _inside(self, package: Resolution, pattern: str, *, is_deep: bool) -> Iterator[Module]:
        for directory in package.directories:
            yield from self._modules_in(directory, "", pattern, is_deep=is_deep)

    def _modules_in(self, directory: str, prefix: str, pattern: str, *, is_deep: bool) -> Iterator[Module]:
        """The modules in a folder, its packages among them, and with `is_deep` what is in these; no tests and no routes."""
        listing = self._resolver.directories.listing(directory)
        for file in sorted(listing.files - _ROUTE_FILES):
            name = file.partition(".")[0]
            if not (file == "conftest.py" or file.startswith("test_")) and _matches(prefix + name, pattern):
                yield self._resolver.entry(Path(directory, file))
        for name in sorted(listing.directories - _TEST_FOLDERS):
            inside = f"{directory}/{name}"
            if is_deep:
                yield from self._modules_in(inside, f"{prefix}{name}.", pattern, is_deep=True)
            elif "__init__.py" in self._resolver.directories.listing(inside).files and _matches(prefix + name, pattern):
                yield self._resolver.entry(Path(inside, "__init__.py"))


def _matches(name: str, pattern: str) -> bool:
    return not pattern or fnmatchcase(name.removesuffix(".__init__"), pattern)


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
