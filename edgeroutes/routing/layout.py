"""What is wrong with a project's routes taken together.

Single paths are checked by `segments` and `patterns`; here are the conflicts between several.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.errors import LayoutError
from edgeroutes.routing.segments import CATCH_ALL, OPTIONAL_CATCH_ALL, PARAM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgeroutes.routing.patterns import Pattern
    from edgeroutes.routing.segments import Segment

_Shape = tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
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
        """The folder of its route file."""
        return self.source_file.rpartition("/")[0]


def first_of_each_url(places: Sequence[Place]) -> list[Place]:
    """The places without those whose URLs another, earlier one serves already."""
    firsts: dict[_Shape, Place] = {}
    for place in places:
        firsts.setdefault(place.pattern.shape, place)
    return list(firsts.values())


def check_layout(places: Sequence[Place]) -> list[LayoutError]:
    """The conflicts between routes, each with its folders and the fix.

    Args:
        places: Every route of the project whose own path is good, sorted by source file.
    """
    return [
        *_check_names(places),
        *_check_one_url(places),
        *_check_optional_beside(places),
    ]


def _check_names(places: Sequence[Place]) -> Iterator[LayoutError]:
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


def _name_conflict(place: Place, segment: Segment, folder: str, earlier: Segment, other_folder: str) -> LayoutError:
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


def _check_one_url(places: Sequence[Place]) -> Iterator[LayoutError]:
    """Two folders with one URL, also through groups."""
    firsts: dict[str, Place] = {}
    for place in places:
        first = firsts.setdefault(place.pattern.route_path, place)
        if first is not place:
            problem = f"folders {first.directory} and {place.directory} have the same URL {place.pattern.route_path}"
            hint = "Rename one of them, or move its handlers into the other; a '(group)' is not part of the URL"
            yield LayoutError(problem, where=place.source_file, hint=hint)


def _check_optional_beside(places: Sequence[Place]) -> Iterator[LayoutError]:
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
