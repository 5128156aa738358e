"""Problems of the folders: routes that conflict, and files and folders that look like a convention but have no effect."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.errors import LayoutError, ProjectError
from edgeroutes.routing.conventions import FUNCTION_FILE, METHODS, MIDDLEWARE_FILE, ROUTE_FILE
from edgeroutes.routing.patterns import CATCH_ALL, OPTIONAL_CATCH_ALL, PARAM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from edgeroutes.routing.patterns import Pattern, Segment
    from edgeroutes.routing.reading import FileTree


_Shape = tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedRoute:
    """A route's pattern and the folders that make it.

    Args:
        pattern: What it serves.
        source_file: Its route file.
        folders: For every segment of the pattern the folder that names it.
    """

    pattern: Pattern
    source_file: str
    folders: tuple[str, ...]

    @property
    def directory(self) -> str:
        return self.source_file.rpartition("/")[0]


def first_of_each_url(places: Sequence[PlacedRoute]) -> list[PlacedRoute]:
    """The places without those whose URLs another, earlier one serves already."""
    firsts: dict[_Shape, PlacedRoute] = {}
    for place in places:
        firsts.setdefault(place.pattern.shape, place)
    return list(firsts.values())


def check_layout(places: Sequence[PlacedRoute]) -> list[LayoutError]:
    """The conflicts between routes, each with its folders and the fix.

    Args:
        places: Every route of the project whose own path is good, sorted by source file.
    """
    return [
        *_check_names(places),
        *_check_one_url(places),
        *_check_optional_beside(places),
    ]


def _check_names(places: Sequence[PlacedRoute]) -> Iterator[LayoutError]:
    """`[id]` beside `[slug]`, `[...a]` beside `[...b]` or `[[...b]]`, on one level of the URL."""
    seen: dict[tuple[_Shape, bool], tuple[Segment, str]] = {}
    reported: set[tuple[str, str]] = set()
    for place in places:
        for index, segment in enumerate(place.pattern.segments):
            if not segment.is_dynamic:
                continue
            level = (place.pattern.shape[:index], segment.kind == PARAM)
            earlier, other_folder = seen.setdefault(level, (segment, place.folders[index]))
            folder = place.folders[index]
            if earlier == segment or (folder, other_folder) in reported:
                continue
            reported.add((folder, other_folder))
            yield _name_conflict(place, segment, folder, earlier, other_folder)


def _name_conflict(
    place: PlacedRoute, segment: Segment, folder: str, earlier: Segment, other_folder: str
) -> LayoutError:
    if earlier.kind == segment.kind:
        problem = f"folders {other_folder} and {folder} name one segment of the URL differently"
        hint = f"Name both '{earlier.text}', or both '{segment.text}'"
    else:
        kinds = {earlier.kind: other_folder, segment.kind: folder}
        problem = (
            f"optional catch-all {kinds[OPTIONAL_CATCH_ALL]} stands beside catch-all {kinds[CATCH_ALL]} on one level"
        )
        hint = f"Remove {kinds[CATCH_ALL]}: the optional one serves its URLs too"
    return LayoutError(problem, where=place.source_file, hint=hint)


def _check_one_url(places: Sequence[PlacedRoute]) -> Iterator[LayoutError]:
    """Two folders with one URL, also through groups."""
    firsts: dict[str, PlacedRoute] = {}
    for place in places:
        first = firsts.setdefault(place.pattern.route_path, place)
        if first is not place:
            problem = f"folders {first.directory} and {place.directory} have the same URL {place.pattern.route_path}"
            hint = "Rename one of them, or move its handlers into the other; a '(group)' is not part of the URL"
            yield LayoutError(problem, where=place.source_file, hint=hint)


def _check_optional_beside(places: Sequence[PlacedRoute]) -> Iterator[LayoutError]:
    """`x` beside `x/[[...rest]]`, which serves /x too."""
    by_shape = {place.pattern.shape: place for place in places}
    for place in places:
        segments = place.pattern.segments
        if not segments or segments[-1].kind != OPTIONAL_CATCH_ALL:
            continue
        base = by_shape.get(place.pattern.shape[:-1])
        if base is not None:
            problem = f"folders {base.directory} and {place.directory} both serve {base.pattern.route_path}"
            name = segments[-1].name
            hint = f"Name the latter '[...{name}]', or move the handlers of {base.source_file} into it"
            yield LayoutError(problem, where=place.source_file, hint=hint)


_METHOD = rf"^(?:async[ \t]+)?def[ \t]+(?:{'|'.join((*METHODS, *map(str.lower, METHODS)))})[ \t]*\("
_HANDLER = re.compile(rf"{_METHOD}|^app[ \t]*=", re.MULTILINE)
_MIDDLEWARE = re.compile(r"^(?:async[ \t]+)?def[ \t]+(?:middleware|proxy)[ \t]*\(", re.MULTILINE)
_ROUTE_NAMES = frozenset(
    {
        "api.py",
        "default.py",
        "endpoint.py",
        "handler.py",
        "handlers.py",
        "index.py",
        "main.py",
        "page.py",
        "routes.py",
        "view.py",
    }
)
_MIDDLEWARE_NAMES = frozenset({"middlewares.py", "proxy.py", "_middleware.py"})
_FUNCTION_NAMES = frozenset({"function.yml", "functions.yaml", "functions.yml", "function.json"})
_SCRIPTS = frozenset({"route.js", "route.jsx", "route.ts", "route.tsx"})


def misplaced_files(tree: FileTree, app_dir: str, names: dict[str, Sequence[str]]) -> Iterator[LayoutError]:
    """A warning for each file that nothing reads.

    Args:
        tree: The project.
        app_dir: The folder of its routes.
        names: The files of each folder at or below it.
    """
    for name in (MIDDLEWARE_FILE, "proxy.py"):
        if app_dir and _contains(tree, name, _MIDDLEWARE):
            problem = f"a middleware beside {app_dir}/ wraps no route"
            yield LayoutError(problem, where=name, hint=f"Move it to {app_dir}/{MIDDLEWARE_FILE}")
    for directory, files in names.items():
        for name in files:
            right = _right_name(tree, directory, name, files)
            if right:
                problem = f"edgeroutes does not read a file named {name!r}"
                yield LayoutError(problem, where=f"{directory}/{name}", hint=f"Rename it to {right!r}")


def _right_name(tree: FileTree, directory: str, name: str, files: Sequence[str]) -> str:
    """The name that a file is meant to have; empty for one that is fine, or may be the author's own."""
    lower, path = name.lower(), f"{directory}/{name}"
    for convention in (ROUTE_FILE, MIDDLEWARE_FILE, FUNCTION_FILE):
        if lower == convention != name:
            return convention
    if lower in _FUNCTION_NAMES:
        return FUNCTION_FILE
    if lower in _SCRIPTS:
        return ROUTE_FILE
    if lower in _MIDDLEWARE_NAMES and _contains(tree, path, _MIDDLEWARE):
        return MIDDLEWARE_FILE
    if lower in _ROUTE_NAMES and ROUTE_FILE not in files and _contains(tree, path, _HANDLER):
        return ROUTE_FILE
    return ""


def _contains(tree: FileTree, path: str, expression: re.Pattern[str]) -> bool:
    with suppress(OSError, ProjectError):
        return not tree.is_directory(path) and expression.search(tree.read_text(path)) is not None
    return False


def foreign_segments(folders: Iterable[str]) -> Iterator[LayoutError]:
    """A warning for each folder that spells a parameter as other frameworks do: `:id` is a text in the URL here."""
    for folder in sorted(folders):
        name = folder.rpartition("/")[2]
        if name.startswith(":") and name[1:].isidentifier():
            problem = f"the segment {name!r} is a text in the URL, not a parameter"
            yield LayoutError(problem, where=folder, hint=f"Name the folder '[{name[1:]}]'")
