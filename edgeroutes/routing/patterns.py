"""The URL pattern of a route, such as `/users/[id]`, its segments, and every way in which code behind a route can read a path."""

from __future__ import annotations

from edgeroutes.errors import LayoutError, require_no_problems
from edgeroutes.routing.table import PathEncodingError, decode_segment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Final, Literal, NoReturn

    SegmentKind = Literal["static", "param", "catch_all", "optional_catch_all", "group", "private"]


_STATIC: Final = "static"
PARAM: Final = "param"
CATCH_ALL: Final = "catch_all"
OPTIONAL_CATCH_ALL: Final = "optional_catch_all"
GROUP: Final = "group"
PRIVATE: Final = "private"

# A handler's arguments of these names are the request itself, so no segment may take them (product.md, "A route file").
RESERVED_NAMES: Final = ("request", "params", "context")

# Source: decisions.md "The runtime", API Gateway's pathPart (read 2026-11-21).
_STATIC_CHARACTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:"

_TEXTS: Final = {
    _STATIC: "{}",
    PARAM: "[{}]",
    CATCH_ALL: "[...{}]",
    OPTIONAL_CATCH_ALL: "[[...{}]]",
    GROUP: "({})",
    PRIVATE: "{}",
}


class Segment:
    """What one folder name means.

    Args:
        kind: What it does to the URL: `group` and `private` folders are not part of one.
        name: A static segment's text as it stands in the URL, a dynamic one's parameter, a group's name without its
            brackets, a private folder's name with its underscore.
    """

    __slots__ = ("kind", "name")

    def __init__(self, kind: SegmentKind, name: str) -> None:
        self.kind: SegmentKind = kind
        self.name = name

    @property
    def text(self) -> str:
        """The segment as it stands in a route path, such as '[id]'; '%5F' is resolved."""
        return _TEXTS[self.kind].format(self.name)

    @property
    def is_dynamic(self) -> bool:
        return self.kind in {PARAM, CATCH_ALL, OPTIONAL_CATCH_ALL}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Segment):
            return NotImplemented
        return self.kind == other.kind and self.name == other.name

    def __hash__(self) -> int:
        return hash((self.kind, self.name))

    def __repr__(self) -> str:
        return f"Segment({self.kind!r}, {self.name!r})"


def parse_segment(name: str, where: str = "") -> Segment:
    """The meaning of a folder's name.

    Args:
        name: One folder's name, without slashes.
        where: The file that an error shall name.

    Returns:
        For example `Segment("param", "id")` for '[id]', and `Segment("static", "_next")` for '%5Fnext'.

    Raises:
        LayoutError: The name means nothing, or cannot be part of a URL on API Gateway.
    """
    if name[:1] == "(" and name[-1:] == ")" and len(name) > 2:
        return Segment(GROUP, name[1:-1])
    if name[:1] == "_":
        return Segment(PRIVATE, name)
    if "[" in name or "]" in name:
        return _parse_dynamic(name, where)
    if name[:3] in {"%5F", "%5f"}:
        return parse_static("_" + name[3:], where)
    return parse_static(name, where)


def parse_static(name: str, where: str = "") -> Segment:
    """The segment that stands for exactly this text in the URL; an underscore in front is part of it.

    Raises:
        LayoutError: API Gateway does not allow one of its characters, or no client can ask for it ('.' and '..').
    """
    if not name:
        _refuse(name, "is empty", where, "Give it a name")
    if name in {".", ".."}:
        _refuse(name, "is resolved away by every client, so no URL reaches it", where, "Give it a name")
    if name[0] == "@":
        fault = "is a parallel-route slot, which only pages have"
        _refuse(name, fault, where, f"Name the folder '({name[1:]})' to leave it out of the URL, or '{name[1:]}'")
    for character in name:
        if character not in _STATIC_CHARACTERS:
            fault = f"has {character!r}, which API Gateway does not allow in a path. Allowed are a-z A-Z 0-9 . _ - :"
            _refuse(name, fault, where, _hint_for(character, name))
    return Segment(_STATIC, name)


def _hint_for(character: str, name: str) -> str:
    if character in "()":
        bare = name.replace("(", "").replace(")", "").strip(".")
        return f"Name the folder '({bare or 'group'})' if it is a group"
    if "%5f" in name.lower():
        return "Write '_'; '%5F' is only needed in front"
    return "Name the folder with those characters, or capture the segment with a folder like '[name]'"


def _parse_dynamic(name: str, where: str) -> Segment:
    depth = len(name) - len(name.lstrip("["))
    inner = name.strip("[]")
    _require_brackets(name, inner, depth, where)
    dots = len(inner) - len(inner.lstrip("."))
    parameter = inner[dots:]
    if dots not in {0, 3} or parameter[:1] == "…":
        bare = parameter.lstrip("….")
        fault = "has a wrong number of periods. A catch-all has exactly three"
        _refuse(name, fault, where, f"Name the folder '[{bare}]' or '[...{bare}]'")
    if not parameter:
        example = {(1, 0): "[id]", (1, 3): "[...rest]"}.get((depth, dots), "[[...rest]]")
        _refuse(name, "names no parameter", where, f"Name the folder '{example}'")
    if depth == 2 and not dots:
        fault = "is an optional single segment, which does not exist. Only a catch-all can be optional"
        _refuse(name, fault, where, f"Name the folder '[{parameter}]' or '[[...{parameter}]]'")
    _require_parameter_name(name, parameter, where)
    if not dots:
        return Segment(PARAM, parameter)
    return Segment(CATCH_ALL if depth == 1 else OPTIONAL_CATCH_ALL, parameter)


def _require_brackets(name: str, inner: str, depth: int, where: str) -> None:
    opening, closing = name.count("["), name.count("]")
    catch_all = inner[:3] == "..."
    advice = f"Name the folder '[{inner or 'id'}]'"
    if opening != closing:
        if not closing:
            fault = "has no closing bracket"
        elif not opening:
            fault = "has no opening bracket"
        else:
            fault = f"has {opening} opening and {closing} closing brackets"
            advice += f" or '[[{inner}]]'" if catch_all else ""
        _refuse(name, fault, where, advice)
    if "[" in inner or "]" in inner or not name.startswith("[") or not name.endswith("]"):
        after_bracket = name.replace("]", "[").split("[")[1:]
        part = next((bare for text in after_bracket if (bare := text.strip("."))), "name")
        fault = "has a dynamic part inside it. A dynamic segment is the whole folder name"
        _refuse(name, fault, where, f"Name the folder '[{part}]' and take the rest from its value")
    if depth > 2:
        fault = f"has {depth} pairs of brackets. Allowed are one, and two for an optional catch-all"
        _refuse(name, fault, where, advice)


def _require_parameter_name(name: str, parameter: str, where: str) -> None:
    if parameter in RESERVED_NAMES:
        fault = f"takes a name that handlers use for the request itself. Reserved are {', '.join(RESERVED_NAMES)}"
        example = name.replace(parameter, parameter + "_id")
        _refuse(name, fault, where, f"Name it after what it captures, such as '{example}'")
    for character in parameter:
        if not character.isalnum() and character not in "_-":
            fault = f"has {character!r} in its parameter's name. Allowed are letters, digits, _ and -"
            cleaned = "".join(c if c.isalnum() or c in "_-" else "_" for c in parameter)
            _refuse(name, fault, where, f"Name the folder '{name.replace(parameter, cleaned)}'")


def _refuse(name: str, fault: str, where: str, hint: str) -> NoReturn:
    raise LayoutError(f"segment {name!r} {fault}", where=where, hint=hint)


_RANKS = {_STATIC: 0, PARAM: 1, CATCH_ALL: 2, OPTIONAL_CATCH_ALL: 3}


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


def path_readings(path: str) -> list[list[str]] | None:
    """The ways in which code behind a route can read a path, as decoded segments; None where it is not percent-encoded UTF-8.

    A handler gets each segment decoded, with `%2F` inside it. A mounted app gets the whole path decoded, so that `%2F` is a slash, and may
    drop empty segments or resolve dots. A matcher that protects code has to know all of these readings.

    Args:
        path: As the client sent it, percent-encoded, without query and base path.

    >>> path_readings("/a%2Fb/../c")
    [['a/b', '..', 'c'], ['a', 'b', '..', 'c'], ['a', 'c']]
    """
    if "%" not in path and "//" not in path and "/." not in path:
        return [path.strip("/").split("/") if len(path) > 1 else []]
    try:
        apart = [decode_segment(segment) for segment in path.removeprefix("/").split("/")]
    except PathEncodingError:
        return None
    decoded = "/".join(apart).removesuffix("/").split("/")
    # RFC 3986 resolves dots with empty segments in place, `os.path.normpath` (StaticFiles) after it has dropped them.
    resolved = _resolve_dots(decoded)
    found = (_filled(apart), decoded, _filled(decoded), resolved, _filled(resolved), _resolve_dots(_filled(decoded)))
    return [list(segments) for segments in dict.fromkeys(map(tuple, found))]


def _filled(segments: Sequence[str]) -> list[str]:
    return [segment for segment in segments if segment]


def _resolve_dots(segments: Sequence[str]) -> list[str]:
    resolved: list[str] = []
    for segment in segments:
        if segment == "..":
            del resolved[-1:]
        elif segment != ".":
            resolved.append(segment)
    return resolved
