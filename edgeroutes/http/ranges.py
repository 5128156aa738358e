"""Which part of a representation a client asks for (RFC 9110 §14). Ground floor; loaded when a file is served."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgeroutes.http.headers import Headers


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
    first, dash, last = asked.strip().partition("-")
    if unit.strip().lower() != "bytes" or not dash or not _is_number(first) or not _is_number(last):
        return None
    if not first:
        return _last_bytes(last, size_bytes)
    start, stop = int(first), int(last) + 1 if last else size_bytes
    if stop <= start and last:
        return None
    if start >= size_bytes:
        raise UnsatisfiableRangeError
    return start, min(stop, size_bytes)


def _last_bytes(count: str, size_bytes: int) -> tuple[int, int] | None:
    if not count:
        return None
    if not int(count) or not size_bytes:
        raise UnsatisfiableRangeError
    return max(size_bytes - int(count), 0), size_bytes


def _is_number(text: str) -> bool:
    """Whether it is digits or nothing; more digits than any size has are none, for `int` takes its time with them."""
    return not text or (text.isascii() and text.isdigit() and len(text) < 20)


def _is_current(condition: str | None, answer: Headers) -> bool:
    """Whether `If-Range` names what is there: a strong tag, or the very date. A tag that a CDN has weakened names no bytes."""
    if condition is None:
        return True
    return not condition.startswith("W/") and condition in (answer.get("etag"), answer.get("last-modified"))
