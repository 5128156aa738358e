"""The URL pattern of a route, such as `/users/[id]`."""

from __future__ import annotations

from edgeroutes.errors import LayoutError, require_no_problems
from edgeroutes.routing.segments import (
    CATCH_ALL,
    GROUP,
    OPTIONAL_CATCH_ALL,
    PARAM,
    PRIVATE,
    STATIC,
    Segment,
    parse_segment,
    parse_static,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_RANKS = {STATIC: 0, PARAM: 1, CATCH_ALL: 2, OPTIONAL_CATCH_ALL: 3}


class Pattern:
    """The URLs that one route serves. Patterns sort in the order in which they are tried: the first that matches wins.

    Args:
        segments: From the root down; groups among them are left out.
    """

    __slots__ = ("parameter_names", "route_path", "segments", "sort_key")

    def __init__(self, segments: Iterable[Segment]) -> None:
        self.segments = tuple(segment for segment in segments if segment.kind != GROUP)
        self.route_path = "/" + "/".join(segment.text for segment in self.segments)
        self.parameter_names = tuple(segment.name for segment in self.segments if segment.is_dynamic)
        self.sort_key = tuple((_RANKS[segment.kind], segment.name) for segment in self.segments)

    @property
    def shape(self) -> tuple[tuple[int, str], ...]:
        """What distinguishes its URLs from another's: the sort key without the parameters' names."""
        return tuple((rank, "" if rank else name) for rank, name in self.sort_key)

    def __lt__(self, other: Pattern) -> bool:
        return self.sort_key < other.sort_key

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Pattern):
            return NotImplemented
        return self.route_path == other.route_path

    def __hash__(self) -> int:
        return hash(self.route_path)

    def __repr__(self) -> str:
        return f"Pattern({self.route_path!r})"

    def render_path(self, params: Mapping[str, object]) -> str:
        """The percent-encoded URL path with these values, the one for which a match gives the same values back.

        Args:
            params: A value for every parameter; a list for a catch-all. An optional catch-all may be absent.

        Returns:
            For example '/files/a%2Fb' for `/files/[name]` with `{"name": "a/b"}`.

        Raises:
            ValueError: A value is missing, empty, unknown to the pattern, or a list where one value is meant (or the
                other way round).
        """
        for name in params:
            if name not in self.parameter_names:
                known = ", ".join(self.parameter_names) or "none"
                raise ValueError(f"{self.route_path} has no parameter {name!r}. Its parameters: {known}.")
        parts = [part for segment in self.segments for part in self._render_segment(segment, params)]
        return "/" + "/".join(parts)

    def _render_segment(self, segment: Segment, params: Mapping[str, object]) -> list[str]:
        if segment.kind == STATIC:
            return [segment.name]
        value = params.get(segment.name)
        if value is None:
            if segment.kind == OPTIONAL_CATCH_ALL:
                return []
            raise ValueError(f"{self.route_path} needs a value for {segment.name!r}.")
        if isinstance(value, (list, tuple)) != (segment.kind != PARAM):
            allowed = "one value" if segment.kind == PARAM else "a list of values"
            raise ValueError(f"{self.route_path}: {segment.name!r} is {value!r}. Allowed is {allowed}.")
        values: Sequence[object] = value if isinstance(value, (list, tuple)) else [value]
        if not values and segment.kind == CATCH_ALL:
            raise ValueError(f"{self.route_path} needs at least one value for {segment.name!r}.")
        return [self._encode(segment.name, item) for item in values]

    def _encode(self, name: str, value: object) -> str:
        from urllib.parse import quote

        text = str(value)
        if not text:
            raise ValueError(f"{self.route_path}: {name!r} is empty. A segment has at least one character.")
        return quote(text, safe="")


def parse_pattern(text: str, where: str = "") -> Pattern:
    """The pattern that a route path or a middleware's `matcher` describes.

    Args:
        text: Folder syntax from the URL's root, such as '/users/[id]'. Here '_x' and '%5Fx' both are the text '_x' in a
            URL, and groups, which are in no URL, are refused.
        where: The file that an error shall name.

    Raises:
        LayoutError: Not such a pattern; as ProblemsError where it has several faults.
    """
    if text[:1] != "/":
        raise LayoutError(f"pattern {text!r} does not start with '/'", where=where, hint=f"Write '/{text}'")
    if text == "/":
        return Pattern(())
    names = text[1:].split("/")
    if "" in names:
        canonical = "/" + "/".join(filter(None, names))
        raise LayoutError(f"pattern {text!r} has an empty segment", where=where, hint=f"Write '{canonical}'")
    segments = []
    for name in names:
        segment = parse_segment(name, where)
        if segment.kind == GROUP:
            problem = f"pattern {text!r} has the group {name!r}, which is in no URL"
            raise LayoutError(problem, where=where, hint="Leave it out")
        segments.append(parse_static(name, where) if segment.kind == PRIVATE else segment)
    require_no_problems(check_segments(segments, where))
    return Pattern(segments)


def check_segments(segments: Sequence[Segment], where: str = "") -> list[LayoutError]:
    """What is wrong with these segments as one path: a catch-all that is not last, names that are (nearly) the same.

    Args:
        segments: From the root down; groups among them do not matter.
        where: The file that the problems shall name.
    """
    path = [segment for segment in segments if segment.kind != GROUP]
    problems = [
        LayoutError(
            f"catch-all {segment.text!r} is not the last segment, so nothing below it is ever reached",
            where=where,
            hint=f"Move the route to '{segment.text}' itself, or name the folder '[{segment.name}]'",
        )
        for segment in path[:-1]
        if segment.kind in {CATCH_ALL, OPTIONAL_CATCH_ALL}
    ]
    seen: dict[str, Segment] = {}
    for segment in path:
        if not segment.is_dynamic:
            continue
        word = segment.name.replace("-", "").replace("_", "")
        earlier = seen.setdefault(word, segment)
        if earlier is segment:
            continue
        if earlier.name == segment.name:
            problem, hint = f"parameter {segment.name!r} is named twice in one path", "Rename one of the two folders"
        else:
            problem = f"parameters {earlier.name!r} and {segment.name!r} in one path differ only by punctuation"
            hint = "Give one of the two folders another name"
        problems.append(LayoutError(problem, where=where, hint=hint))
    return problems
