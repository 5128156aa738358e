"""The only matcher: which route serves a URL path, and the values of its segments.

It accepts route paths as `Pattern` renders them; `patterns` and `scan` have checked them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Generic, TypeVar

    T = TypeVar("T")
else:  # `typing` is 2 ms of a cold start; at run time a generic class is an ordinary one
    T = None
    Generic = {None: object}


class PathEncodingError(ValueError):
    """A captured part of the path is not percent-encoded UTF-8: the client's fault, refused with 400.

    Args:
        raw: The segment as it stands in the path.
    """

    def __init__(self, raw: str) -> None:
        super().__init__(f"path segment {raw!r:.80} is not percent-encoded UTF-8")
        self.raw = raw


class Match(Generic[T]):
    """The route that serves a path.

    Args:
        value: What the table holds for the route.
        params: What was captured, decoded: a string for `[id]`, a list for catch-alls; an optional catch-all that
            captured nothing is absent. The caller's own to change.
        route_path: The route's pattern, such as '/users/[id]'.
    """

    __slots__ = ("params", "route_path", "value")

    def __init__(self, value: T, params: dict[str, str | list[str]], route_path: str) -> None:
        self.value = value
        self.params = params
        self.route_path = route_path

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Match):
            return NotImplemented
        return bool(
            self.value == other.value and self.params == other.params and self.route_path == other.route_path,
        )

    __hash__ = None  # type: ignore[assignment] # holds a dict

    def __repr__(self) -> str:
        return f"Match({self.value!r}, {self.params!r}, {self.route_path!r})"


class _Leaf(Generic[T]):
    """Where a pattern ends: its value, and the places in the split path that it captures."""

    __slots__ = ("captures", "rest", "rest_index", "route_path", "value")

    def __init__(self, route_path: str, value: T) -> None:
        self.route_path = route_path
        self.value = value
        self.captures: tuple[tuple[str, int], ...] = ()
        self.rest = ""
        self.rest_index = 0


class _Node(Generic[T]):
    """One level of the tree: the ways on by text or by `[id]`, and what ends here."""

    __slots__ = ("catch_all", "leaf", "optional", "parameter", "statics")

    def __init__(self) -> None:
        self.statics: dict[str, _Node[T]] = {}
        self.parameter: _Node[T] | None = None
        self.leaf: _Leaf[T] | None = None
        self.catch_all: _Leaf[T] | None = None
        self.optional: _Leaf[T] | None = None


class RouteTable(Generic[T]):
    """Routes by their paths; built once, then only asked.

    A tree with a dict per level: the time to match depends on the depth of the path, not on the number of routes, and
    no node is visited twice.

    Args:
        routes: Pairs of a route path, as `Pattern.route_path` gives it, and any value.

    Raises:
        ValueError: Two of the paths serve the same URLs.

    >>> RouteTable([("/users/[id]", 1), ("/users/me", 2)]).match("/users/a%2Fb")
    Match(1, {'id': 'a/b'}, '/users/[id]')
    """

    __slots__ = ("_root", "_statics")

    def __init__(self, routes: Iterable[tuple[str, T]]) -> None:
        self._root: _Node[T] = _Node()
        self._statics: dict[str, _Leaf[T]] = {}
        for route_path, value in routes:
            leaf = _Leaf(route_path, value)
            if "[" not in route_path:
                if self._statics.setdefault(route_path, leaf) is not leaf:
                    raise ValueError(f"two routes serve {route_path!r}")
            elif (earlier := _plant(self._root, leaf)) is not None:
                raise ValueError(f"{route_path!r} and {earlier.route_path!r} serve the same URLs")

    def match(self, path: str) -> Match[T] | None:
        """The route that serves this path, or None.

        Args:
            path: Percent-encoded, as the client sent it, starting with '/', without query. One slash at its end does
                not matter; repeated slashes match nothing (see `canonical_path`). Static segments are compared as they
                stand, so an encoded spelling of one is a value for `[id]`.

        Raises:
            PathEncodingError: The matching route captures something that is not percent-encoded UTF-8.
        """
        static = self._statics.get(path)
        if static is not None:
            return Match(static.value, {}, static.route_path)
        if path[:1] != "/" or "//" in path:
            return None
        if path[-1] == "/":
            static = self._statics.get(path[:-1])
            if static is not None:
                return Match(static.value, {}, static.route_path)
            path = path[:-1]
        parts = path.split("/")
        leaf = _find(self._root, parts, 1, len(parts))
        if leaf is None:
            return None
        params: dict[str, str | list[str]] = {}
        for name, index in leaf.captures:
            part = parts[index]
            params[name] = decode_segment(part) if "%" in part else part
        if leaf.rest and len(parts) > leaf.rest_index:
            params[leaf.rest] = [decode_segment(part) if "%" in part else part for part in parts[leaf.rest_index :]]
        return Match(leaf.value, params, leaf.route_path)

    def has_match(self, segments: list[str]) -> bool:
        """Whether a route matches these segments, which are compared as they are: for one reading of a path, already decoded."""
        if "/" + "/".join(segments) in self._statics:
            return True
        return _find(self._root, segments, 0, len(segments)) is not None


def _plant(node: _Node[T], leaf: _Leaf[T]) -> _Leaf[T] | None:
    """Put the leaf where its path leads; the leaf that is there already, if any."""
    captures: list[tuple[str, int]] = []
    for index, segment in enumerate(leaf.route_path[1:].split("/"), 1):
        if segment[:4] == "[...":
            leaf.rest, leaf.rest_index, leaf.captures = segment[4:-1], index, tuple(captures)
            earlier, node.catch_all = node.catch_all, leaf
            return earlier
        if segment[:5] == "[[...":
            leaf.rest, leaf.rest_index, leaf.captures = segment[5:-2], index, tuple(captures)
            earlier, node.optional = node.optional, leaf
            return earlier
        if segment[:1] == "[":
            captures.append((segment[1:-1], index))
            if node.parameter is None:
                node.parameter = _Node()
            node = node.parameter
        else:
            node = node.statics.setdefault(segment, _Node())
    leaf.captures = tuple(captures)
    earlier, node.leaf = node.leaf, leaf
    return earlier


def _find(node: _Node[T], parts: list[str], index: int, end: int) -> _Leaf[T] | None:
    """The first leaf, in the order of the sorted patterns, that parts[index:end] reach from this node."""
    if index == end:
        return node.leaf or node.optional
    child = node.statics.get(parts[index])
    if child is not None:
        leaf = _find(child, parts, index + 1, end)
        if leaf is not None:
            return leaf
    child = node.parameter
    if child is not None:
        leaf = _find(child, parts, index + 1, end)
        if leaf is not None:
            return leaf
    return node.catch_all or node.optional


def decode_segment(raw: str) -> str:
    """The segment with its percent-encoding undone once; a plus stays a plus.

    Raises:
        PathEncodingError: A '%' without two hexadecimal digits, or bytes that are not UTF-8.
    """
    from edgeroutes.http.url import decode_percent

    try:
        return decode_percent(raw)
    except ValueError as err:
        raise PathEncodingError(raw) from err


def canonical_path(path: str, *, trailing_slash: bool) -> str | None:
    """Where to send the client with 308, or None when the path is canonical as it is.

    Args:
        path: Percent-encoded, without query.
        trailing_slash: Whether the form with a slash at its end is the canonical one. Even then no slash is added where
            the last segment has a dot, and such a path with one loses it; below '/.well-known' both forms are served.

    Returns:
        A path on the same host whatever the client sent: it starts with one slash, and what a browser would read as
        another (a backslash) or skip (tabs, line ends) is percent-encoded, as is all that may not stand in a URL.

    Source: Next.js 16.4.6 `trailingSlash`, observed: facts/nextjs.md P18, P19, P21 (read 2026-11-21).
    """
    if path == "/":
        return None
    ends_with_slash = path[-1:] == "/"
    if not trailing_slash and not ends_with_slash and "//" not in path and path[:1] == "/":
        return None
    parts = [part for part in path.split("/") if part]
    if not parts:
        return "/"
    target = "/" + "/".join(parts)
    if trailing_slash:
        keeps_either = parts[0] == ".well-known"
        if ends_with_slash if keeps_either else "." not in parts[-1]:
            target += "/"
    return None if target == path else _escape(target)


def _escape(path: str) -> str:
    """The path with everything percent-encoded that may not stand in a URL's path."""
    return "".join(
        character
        if "!" <= character <= "~" and character not in '\\?#"<>'
        else "".join(f"%{byte:02X}" for byte in character.encode(errors="replace"))
        for character in path
    )
