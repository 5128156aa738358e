"""Which part of a representation a client asks for (RFC 9110 §14). Ground floor; loaded when a file is served."""

from __future__ import annotations

from edgeroutes.http.numbers import parse_digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgeroutes.http.headers import Headers


_MOST_BYTES = 10**17  # above every size that there is; what is larger counts as this


class UnsatisfiableRangeError(ValueError):
    """The client asks for bytes that are not there."""


def requested_range(request: Headers, answer: Headers, size_bytes: int) -> tuple[int, int] | None:
    """The part that a GET asks for, as start and stop; None when the answer is the whole.

    Whole is also what several ranges get, which RFC 9110 §14.2 allows: few clients ask for them, and they are a way to make a server
    work. So do a header that is none (§14.2) and a part of a version that is no longer there (`If-Range`, §13.1.5).

    Raises:
        UnsatisfiableRangeError: When no byte asked for is there.
    """
    header = request.get("range")
    if header is None or not _is_current(request.get("if-range"), answer):
        return None
    unit, _, asked = header.partition("=")
    first, dash, last = asked.strip(" \t").partition("-")
    if unit.strip(" \t").lower() != "bytes" or not dash:
        return None
    start, end = parse_digits(first, _MOST_BYTES), parse_digits(last, _MOST_BYTES)
    if (start is None and first) or (end is None and last):
        return None
    if start is None:
        return None if end is None else _last_bytes(end, size_bytes)
    if end is not None and end < start:
        return None
    if start >= size_bytes:
        raise UnsatisfiableRangeError
    return start, size_bytes if end is None else min(end + 1, size_bytes)


def _last_bytes(count: int, size_bytes: int) -> tuple[int, int]:
    if not count or not size_bytes:
        raise UnsatisfiableRangeError
    return max(size_bytes - count, 0), size_bytes


def _is_current(condition: str | None, answer: Headers) -> bool:
    """Whether `If-Range` names what is there: a strong tag, or the very date. A tag that a CDN has weakened names no bytes."""
    if condition is None:
        return True
    return not condition.startswith("W/") and condition in (answer.get("etag"), answer.get("last-modified"))
