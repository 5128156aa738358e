"""All routes of a project and all that is wrong with them, from its folders.

Runs nothing. First the folders are listed, then everything is decided on what was found.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edgeroutes.errors import ImportRaisedError, LayoutError, ProjectError
from edgeroutes.routing.callables import Module
from edgeroutes.routing.conventions import FUNCTION_FILE, MIDDLEWARE_FILE, ROUTE_FILE, SegmentConfig
from edgeroutes.routing.exports import (
    MiddlewareExports,
    RouteExports,
    check_annotations,
    read_exports,
    read_middleware,
    read_module,
)
from edgeroutes.routing.layout import PlacedRoute, check_layout, first_of_each_url, foreign_segments, misplaced_files
from edgeroutes.routing.patterns import GROUP, Pattern, Segment, check_segments, parse_segment
from edgeroutes.routing.reading import FileTree, link_problem
from edgeroutes.routing.route_guards import RouteGuards, check_guards, read_guards

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_MAX_DEPTH = 100
_MAX_PATHS = 32
_CONVENTIONS = frozenset({ROUTE_FILE, MIDDLEWARE_FILE, FUNCTION_FILE})


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFile:
    """One route: a folder with a route file.

    Args:
        route_path: What it serves, such as '/users/[id]'.
        pattern: The same, read.
        directory: Its folder, such as 'functions/(shop)/users/[id]'.
        source_file: Its route file.
        exports: What that file exports.
        middleware_files: That stand at or above the folder and export `middleware`, outermost first.
        function_yaml_files: The files of that name.
        wraps: What the middleware.py files export, in the same order, also those that declare config alone.
        guards: Who may call, how often and once; None without any.
    """

    route_path: str
    pattern: Pattern
    directory: str
    source_file: str
    exports: RouteExports
    middleware_files: tuple[str, ...] = ()
    function_yaml_files: tuple[str, ...] = ()
    wraps: tuple[MiddlewareExports, ...] = ()
    guards: RouteGuards | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """All files that its function loads for it: middleware, folders' guards, and the route file."""
        guards = self.guards.files.values() if self.guards is not None else ()
        return tuple(dict.fromkeys([*self.middleware_files, *sorted(guards), self.source_file]))

    @property
    def config(self) -> SegmentConfig:
        return self.exports.config


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteScan:
    """The routes, middleware and problems in a project's folders.

    Args:
        routes: In the order in which they are tried. Of several with one URL the first; none with an invalid path.
        problems: Layout before files; empty for a valid project.
        nothing_exported: Those problems that only report a route file without handlers.
        warnings: Files and folders that look like a convention but have no effect.
    """

    routes: tuple[RouteFile, ...]
    problems: tuple[ProjectError, ...] = ()
    nothing_exported: tuple[ProjectError, ...] = ()
    warnings: tuple[ProjectError, ...] = ()

    @property
    def blocking_problems(self) -> tuple[ProjectError, ...]:
        """The problems without those that leave a route able to respond 405."""
        return tuple(problem for problem in self.problems if problem not in self.nothing_exported)


def scan(tree: FileTree, app_dir: str = "functions") -> RouteScan:
    """The project's routes, and every problem of their layout and their files at once.

    Args:
        tree: The project.
        app_dir: The folder of its routes, relative to the project's root.
    """
    app_dir = app_dir.strip("/")
    written = _written_case(tree, app_dir)
    if not tree.is_directory(app_dir) or written != app_dir:
        hint = f"Create '{app_dir}/{ROUTE_FILE}', or set 'app_dir' in [tool.edgeroutes]"
        if written and written != app_dir:
            hint = f"The folder is {written!r}: functions distinguish upper and lower case. Set app_dir to it in [tool.edgeroutes]"
        return RouteScan(routes=(), problems=(LayoutError("the folder does not exist", where=app_dir, hint=hint),))
    problems: list[ProjectError] = []
    names: dict[str, Sequence[str]] = {}
    found = _find_files(tree, app_dir, problems, names)
    directories = sorted(directory for directory, names in found.items() if ROUTE_FILE in names)
    places = _read_places(directories, app_dir, problems)
    problems += check_layout(places)
    middleware = _read_all_middleware(tree, places, found, problems)
    modules = _ProjectModules(tree)
    routes = [_read_route(tree, place, found, middleware, modules) for place in first_of_each_url(places)]
    absences = []
    for route in routes:
        problems += (problem for problem in check_guards(route) if str(problem) not in map(str, problems))
        known = {str(problem) for problem in problems}  # a module that several routes import has its problems once
        problems += (problem for problem in route.exports.problems if str(problem) not in known)
        if route.exports.nothing_exported is not None:
            absences.append(route.exports.nothing_exported)
    return RouteScan(
        routes=tuple(sorted(routes, key=lambda route: route.pattern.sort_key)),
        problems=(*problems, *absences),
        nothing_exported=tuple(absences),
        warnings=(*misplaced_files(tree, app_dir, names), *foreign_segments(found)),
    )


def _written_case(tree: FileTree, directory: str) -> str:
    """A folder as the file system writes it, which may ignore case; empty where it does not exist."""
    written = ""
    for name in directory.split("/"):
        try:
            names = tree.list_names(written)
        except OSError:
            return directory
        found = name if name in names else next((each for each in names if each.casefold() == name.casefold()), None)
        if found is None:
            return ""
        written = f"{written}/{found}" if written else found
    return written


def _find_files(
    tree: FileTree, app_dir: str, problems: list[ProjectError], all_names: dict[str, Sequence[str]]
) -> dict[str, frozenset[str]]:
    """Every folder at or below `app_dir`, with the files in it that mean something; `all_names` gets all names.

    Private folders are not entered (`__pycache__` is one by its name), nor is a link that leads back up or out of the project.
    """
    found: dict[str, frozenset[str]] = {}
    paths: dict[str, int] = {}
    waiting: list[tuple[str, tuple[str, ...]]] = [(app_dir, ())]
    while waiting:
        directory, above = waiting.pop()
        identity = tree.resolve(directory)
        if identity in above or _leads_out(tree, directory, problems):
            continue
        paths[identity] = paths.get(identity, 0) + 1
        if paths[identity] > _MAX_PATHS or len(above) > _MAX_DEPTH:
            problem = (
                f"more than {_MAX_PATHS} paths lead to this folder, through links"
                if paths[identity] > _MAX_PATHS
                else f"the folder is more than {_MAX_DEPTH} folders deep"
            )
            problems.append(LayoutError(problem, where=directory, hint="Remove links or folders"))
            break
        try:
            names = all_names[directory] = tree.list_names(directory)
        except OSError as err:
            problems.append(LayoutError(f"the folder cannot be read: {err.strerror or err}", where=directory))
            continue
        folders = [name for name in names if tree.is_directory(f"{directory}/{name}")]
        files = _CONVENTIONS.intersection(names).difference(folders)
        found[directory] = frozenset(name for name in files if not _leads_out(tree, f"{directory}/{name}", problems))
        inner = [f"{directory}/{name}" for name in folders if not name.startswith("_")]
        waiting += [(folder, (*above, identity)) for folder in reversed(inner)]
    return found


def _leads_out(tree: FileTree, path: str, problems: list[ProjectError]) -> bool:
    """Whether a link leads out of the project here, which is then a problem."""
    target = tree.leads_out(path)
    if target:
        problems.append(link_problem(path, target, LayoutError))
    return bool(target)


def _read_places(directories: Sequence[str], app_dir: str, problems: list[ProjectError]) -> list[PlacedRoute]:
    """The folders with route files whose paths are good; a bad folder is reported once, with its first route."""
    places = []
    segments: dict[str, Segment | None] = {}
    for directory in directories:
        source_file = f"{directory}/{ROUTE_FILE}"
        folders = _folders_between(app_dir, directory)
        for folder in folders:
            if folder not in segments:
                segments[folder] = _read_segment(folder, source_file, problems)
        path = [(folder, segment) for folder in folders if (segment := segments[folder]) is not None]
        if len(path) < len(folders):
            continue
        faults = check_segments([segment for _, segment in path], source_file)
        problems += faults
        if not faults:
            kept = tuple(folder for folder, segment in path if segment.kind != GROUP)
            pattern = Pattern(segment for _, segment in path)
            places.append(PlacedRoute(pattern=pattern, source_file=source_file, folders=kept))
    return places


def _read_segment(folder: str, source_file: str, problems: list[ProjectError]) -> Segment | None:
    try:
        return parse_segment(folder.rpartition("/")[2], source_file)
    except LayoutError as err:
        problems.append(err)
        return None


def _folders_between(app_dir: str, directory: str) -> list[str]:
    """The folders below `app_dir` down to this one, outermost first."""
    names = directory[len(app_dir) :].split("/")[1:]
    return [app_dir + "".join(f"/{name}" for name in names[: depth + 1]) for depth in range(len(names))]


def _files_above(place: PlacedRoute, name: str, found: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The files of this name at or above the route's folder, outermost first."""
    parts = place.directory.split("/")
    folders = ("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
    return tuple(f"{folder}/{name}" for folder in folders if name in found.get(folder, ()))


def _read_all_middleware(
    tree: FileTree, places: Sequence[PlacedRoute], found: Mapping[str, frozenset[str]], problems: list[ProjectError]
) -> dict[str, MiddlewareExports]:
    """What each middleware file that wraps a route exports, read once."""
    files = sorted({file for place in places for file in _files_above(place, MIDDLEWARE_FILE, found)})
    read: dict[str, MiddlewareExports] = {}
    for file in files:
        text = _read(tree, file)
        if isinstance(text, ProjectError):
            read[file] = MiddlewareExports(source_file=file, problems=(text,))
        else:
            read[file] = read_middleware(text, file)
        problems += read[file].problems
    return read


def _read_route(
    tree: FileTree,
    place: PlacedRoute,
    found: Mapping[str, frozenset[str]],
    middleware: Mapping[str, MiddlewareExports],
    modules: _ProjectModules,
) -> RouteFile:
    file = place.source_file
    text = _read(tree, file)
    if isinstance(text, ProjectError):
        exports = RouteExports(source_file=file, config=SegmentConfig(), problems=(text,))
    else:
        exports = read_exports(text, file, place.pattern.parameter_names)
        wrong = check_annotations(text, exports, place.pattern.parameter_names, modules.find)
        exports = replace(exports, problems=(*exports.problems, *wrong)) if wrong else exports
    wraps = tuple(middleware[name] for name in _files_above(place, MIDDLEWARE_FILE, found))
    return RouteFile(
        route_path=place.pattern.route_path,
        pattern=place.pattern,
        directory=place.directory,
        source_file=file,
        exports=exports,
        middleware_files=tuple(each.source_file for each in wraps if each.middleware or not each.config_lines),
        function_yaml_files=_files_above(place, FUNCTION_FILE, found),
        wraps=wraps,
        guards=read_guards(exports, wraps),
    )


class _ProjectModules:
    """The project's modules that route files import; each file is read once in a scan."""

    def __init__(self, tree: FileTree) -> None:
        self._tree = tree
        self._found: dict[str, Module | None] = {}

    def find(self, dotted: str, importer: str) -> Module | None:
        """The module with this name, which begins with dots where it is relative to the importing file."""
        rest = dotted.lstrip(".")
        if rest.partition(".")[0] in sys.stdlib_module_names and rest == dotted:
            return None
        found = (self._read(path) for path in _candidates(dotted, importer))
        return next((module for module in found if module is not None), None)

    def _read(self, path: str) -> Module | None:
        if path not in self._found:
            self._found[path] = None
            text = "" if self._tree.leads_out(path) else _read(self._tree, path)
            parsed = read_module(text, path) if isinstance(text, str) and text else None
            if isinstance(parsed, tuple):
                self._found[path] = Module(parsed[1], path)
        return self._found[path]


def _candidates(dotted: str, importer: str) -> Iterator[str]:
    rest = dotted.lstrip(".")
    level = len(dotted) - len(rest)
    folders: list[str] = ["", "src/"]
    if level:
        parts = importer.split("/")[:-1]
        # `from . import a` is read as '..a', as `from ..a import b` begins.
        above = [parts[: len(parts) - up] for up in range(max(level - 2, 0), level)]
        folders = ["".join(f"{part}/" for part in folder) for folder in reversed(above)]
    for folder in folders:
        path = folder + rest.replace(".", "/")
        yield from (f"{path}.py", f"{path}/__init__.py")


def _read(tree: FileTree, source_file: str) -> str | ProjectError:
    try:
        return tree.read_text(source_file)
    except ProjectError as err:
        return err
    except OSError as err:
        return ImportRaisedError(f"the file cannot be read: {err.strerror or err}", where=source_file)
