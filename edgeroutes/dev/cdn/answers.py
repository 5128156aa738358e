"""What the CDN says to the client: its own header fields, and what of a stored answer is sent. Floor 3; does no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeroutes.http.conditional import UnsatisfiableRangeError, is_not_modified, kept_headers, requested_range
from edgeroutes.http.freshness import BROWSER_CACHE_CONTROL, parse_cache_control
from edgeroutes.http.headers import Headers

if TYPE_CHECKING:
    from edgeroutes.dev.cdn.store import Entry

    Pairs = list[tuple[str, str]]


def viewer_headers(status: int, headers: Headers, x_cache: str, age_seconds: int | None = None) -> Pairs:
    """The fields that the client gets.

    Args:
        status: Of the answer. CloudFront runs no viewer-response function for an origin's 4xx and 5xx.
        headers: As the origin said them.
        x_cache: `Hit`, `Miss` or `RefreshHit`; an error is one wherever it comes from.
        age_seconds: Of a stored answer.
    """
    said = headers.get("cache-control")
    pairs = headers.multi_items()
    if age_seconds is not None:
        pairs = [*(pair for pair in pairs if pair[0] != "age"), ("age", str(age_seconds))]
    if status < 400 and "s-maxage" in parse_cache_control(headers.getlist("cache-control")):
        pairs = [*(pair for pair in pairs if pair[0] != "cache-control"), ("cache-control", BROWSER_CACHE_CONTROL)]
    if said is not None:
        pairs.append(("x-origin-cache-control", said))
    return [*pairs, ("x-cache", f"{'Error' if status >= 400 else x_cache} from cloudfront")]


def stored_answer(
    entry: Entry, request: Headers, *, tag_header: str, x_cache: str, age_seconds: int
) -> tuple[int, Pairs, bytes]:
    """Status, fields and body for a client: 304 where it has the answer, 206 for a range of it."""
    status, headers, body = entry.status, entry.headers, entry.body
    if status == 200:
        if is_not_modified(request, headers):
            status, headers, body = 304, Headers.from_lowered(kept_headers(headers, tag_header)), b""
        elif "range" in request:
            status, headers, body = _ranged(request, headers, body)
    return status, viewer_headers(status, headers, x_cache, age_seconds), body


def _ranged(request: Headers, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
    """206 with one range, 416 for one that is beyond the end, else the whole: it may always be sent (RFC 9110 §14.2)."""
    size = len(body)
    try:
        wanted = requested_range(request, headers, size)
    except UnsatisfiableRangeError:
        return 416, Headers([("content-range", f"bytes */{size}"), ("content-length", "0")]), b""
    if wanted is None:
        return 200, headers, body
    start, stop = wanted
    kept = [pair for pair in headers.multi_items() if pair[0] != "content-length"]
    own = [("content-range", f"bytes {start}-{stop - 1}/{size}"), ("content-length", str(stop - start))]
    return 206, Headers.from_lowered([*kept, *own]), body[start:stop]
