"""One folder name, read: a segment of a URL, a group or a private folder."""

from __future__ import annotations

from edgeroutes.errors import LayoutError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Literal, NoReturn

    SegmentKind = Literal["static", "param", "catch_all", "optional_catch_all", "group", "private"]

STATIC: Final = "static"
PARAM: Final = "param"
CATCH_ALL: Final = "catch_all"
OPTIONAL_CATCH_ALL: Final = "optional_catch_all"
GROUP: Final = "group"
PRIVATE: Final = "private"

# A handler's arguments of these names are the request itself, so no segment may take them (product.md, "A route file").
RESERVED_NAMES: Final = ("request", "params", "context")

# Source: decisions.md "The runtime", API Gateway's pathPart (read 2026-11-21).
STATIC_CHARACTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:"

_TEXTS: Final = {
    STATIC: "{}",
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
        """Whether it captures something."""
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
        if character not in STATIC_CHARACTERS:
            fault = f"has {character!r}, which API Gateway does not allow in a path. Allowed are a-z A-Z 0-9 . _ - :"
            _refuse(name, fault, where, _hint_for(character, name))
    return Segment(STATIC, name)


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
