"""Every way in which code behind a route can read the path of a request, as decoded segments.

A handler gets each segment decoded, with `%2F` inside it. A mounted app gets the whole path decoded, so that `%2F` has become a slash, and
may collapse empty segments or resolve dots. A matcher that protects code has to know all of these readings. Loaded by middleware with a
`matcher`.
"""

from __future__ import annotations

from edgeroutes.routing.table import PathEncodingError, decode_segment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def path_readings(path: str) -> list[list[str]] | None:
    """The readings of a path, without duplicates; None where it is not percent-encoded UTF-8.

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
