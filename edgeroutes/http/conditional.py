"""Conditional and range requests (RFC 9110 §8.8.3, §13, §14) and HTTP dates. `email` and `datetime` are not loaded, for the cold start."""

from __future__ import annotations

import time

from edgeroutes.http.headers import parse_digits

TYPE_CHECKING = False

if TYPE_CHECKING:
    from edgeroutes.http.headers import Headers

# Header fields of the full response that a 304 repeats. Source: RFC 9110 §15.4.5; the caller adds the tag header.
_KEPT = ("cache-control", "content-location", "date", "etag", "expires", "vary", "last-modified")


def strong_etag(body: bytes) -> str:
    """A strong entity tag for these bytes, the same in every sandbox."""
    from hashlib import blake2b

    return f'"{blake2b(body, digest_size=16).hexdigest()}"'


def is_not_modified(request: Headers, response: Headers) -> bool:
    """Whether the client has this response: by its tags, or without tags by its date."""
    tags = request.get("if-none-match")
    if tags is not None:
        etag = response.get("etag")
        return etag is not None and (tags.strip() == "*" or _opaque(etag) in _tags(tags))
    since, modified = request.get("if-modified-since"), response.get("last-modified")
    if since is None or modified is None:
        return False
    if since == modified:  # clients repeat it unchanged
        return True
    modified_at, since_at = parse_http_date(modified), parse_http_date(since)
    return modified_at is not None and since_at is not None and modified_at <= since_at


def kept_headers(response: Headers, also: str = "") -> list[tuple[str, str]]:
    """The header fields that a 304 repeats."""
    return [(name, value) for name, value in response.multi_items() if name in _KEPT or name == also]


def _tags(header: str) -> set[str]:
    """The opaque parts of a list of tags: `W/"a", "b"` → `{'"a"', '"b"'}`. CloudFront weakens tags, so strength is ignored."""
    import re

    return set(re.findall(r'"[^"]*"', header))


def _opaque(etag: str) -> str:
    return etag.removeprefix("W/")


_MAX_BYTES = 10**17  # above every real size; larger values count as this


class UnsatisfiableRangeError(ValueError):
    """The range contains no existing byte."""


def requested_range(request: Headers, response: Headers, size_bytes: int) -> tuple[int, int] | None:
    """The range of a GET, as start and stop; None for the whole response.

    Several ranges get the whole, too, which RFC 9110 §14.2 allows: few clients send them, and they can overload a server. So do a malformed
    header (§14.2) and an `If-Range` that names another version (§13.1.5).

    Raises:
        UnsatisfiableRangeError: No byte of the range exists.
    """
    header = request.get("range")
    if header is None or not _is_current(request.get("if-range"), response):
        return None
    unit, _, bounds = header.partition("=")
    first, dash, last = bounds.strip(" \t").partition("-")
    if unit.strip(" \t").lower() != "bytes" or not dash:
        return None
    start, end = parse_digits(first, _MAX_BYTES), parse_digits(last, _MAX_BYTES)
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


def _is_current(condition: str | None, response: Headers) -> bool:
    """Whether `If-Range` names the current version: a strong tag or the exact date. A weak tag identifies no bytes."""
    if condition is None:
        return True
    return not condition.startswith("W/") and condition in (response.get("etag"), response.get("last-modified"))


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def render_http_date(seconds: float) -> str:
    """Seconds since the epoch as an HTTP date (RFC 9110 §5.6.7): `0` → `Thu, 01 Jan 1970 00:00:00 GMT`."""
    at = time.gmtime(seconds)
    clock = f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    return f"{_DAYS[at.tm_wday]}, {at.tm_mday:02} {_MONTHS[at.tm_mon - 1]} {at.tm_year:04} {clock} GMT"


def parse_http_date(text: str) -> int | None:
    """Seconds since the epoch for an HTTP date in any of its three forms; None where it is not valid.

    Source: RFC 9110 §5.6.7: month and zone in any case, `GMT` alone, two digits of a year only in the RFC 850 form.
    """
    import re

    day, clock = r"(?P<day>0[1-9]|[12]\d|3[01])", r"(?P<h>[01]\d|2[0-3]):(?P<m>[0-5]\d):(?P<s>[0-5]\d|60)"
    forms = (
        rf"[a-z]{{3}}, {day} (?P<month>[a-z]{{3}}) (?P<year>\d{{4}}) {clock} gmt",
        rf"[a-z]{{6,9}}, {day}-(?P<month>[a-z]{{3}})-(?P<year>\d\d) {clock} gmt",
        rf"[a-z]{{3}} (?P<month>[a-z]{{3}}) (?P<day>[ 0][1-9]|[12]\d|3[01]) {clock} (?P<year>\d{{4}})",
    )
    found = next(filter(None, (re.fullmatch(form, text.strip().lower()) for form in forms)), None)
    if found is None or found["month"].title() not in _MONTHS:
        return None
    year = int(found["year"])
    if len(found["year"]) == 2:
        year = _whole_year(year)
    month = _MONTHS.index(found["month"].title()) + 1
    return ((_days(year, month, int(found["day"])) * 24 + int(found["h"])) * 60 + int(found["m"])) * 60 + int(
        found["s"]
    )


def _days(year: int, month: int, day: int) -> int:
    """Days since the epoch, with years that start in March; `calendar` would load `datetime` and `locale`."""
    year -= month < 3
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + of_year - 719_468


def _whole_year(two_digits: int) -> int:
    """The year of two digits: the latest that is at most 50 years ahead."""
    now = time.gmtime().tm_year
    year = now - now % 100 + two_digits
    return year - 100 if year > now + 50 else year
