"""HTTP dates, without the locale and without loading `email` and `datetime`. Ground floor."""

from __future__ import annotations

import time

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def render_http_date(seconds: float) -> str:
    """Seconds since the epoch as an HTTP date (RFC 9110 §5.6.7): `0` → `Thu, 01 Jan 1970 00:00:00 GMT`."""
    at = time.gmtime(seconds)
    clock = f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    return f"{_DAYS[at.tm_wday]}, {at.tm_mday:02} {_MONTHS[at.tm_mon - 1]} {at.tm_year:04} {clock} GMT"


def parse_http_date(text: str) -> int | None:
    """Seconds since the epoch of an HTTP date in any of its three forms; None for what is none, however near it comes.

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
    """Days since the epoch, in years that begin in March; `calendar` would load `datetime` and `locale`."""
    year -= month < 3
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + of_year - 719_468


def _whole_year(two_digits: int) -> int:
    """The year that two digits mean: the latest that is at most 50 years ahead."""
    now = time.gmtime().tm_year
    year = now - now % 100 + two_digits
    return year - 100 if year > now + 50 else year
