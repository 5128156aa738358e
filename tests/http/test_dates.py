from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.http.conditional import parse_http_date, render_http_date


@pytest.mark.parametrize(
    ("seconds", "date"),
    [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784111777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (1e9 + 0.9, "Sun, 09 Sep 2001 01:46:40 GMT"),
    ],
)
def test_a_date_is_written_as_http_has_it(seconds: float, date: str) -> None:
    """Source: RFC 9110 §5.6.7, its example among them."""
    assert render_http_date(seconds) == date


@given(st.integers(min_value=0, max_value=253_370_764_800))
def test_it_is_what_the_standard_library_writes(seconds: int) -> None:
    assert render_http_date(seconds) == format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777),
        ("sun, 06 NOV 1994 08:49:37 gMt", 784111777),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 784111777),
        ("Sun Nov  6 08:49:37 1994", 784111777),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("", None),
        ("0", None),
        ("Sun, 06 Nov 1994 08:49:37 UTC", None),
        ("Sun, 06 Nov 1994 08:49:37", None),
        ("Sun, 06 Nov 94 08:49:37 GMT", None),
        ("Sun 06 Nov 1994 08:49:37 GMT", None),
        ("Sun, 06  Nov 1994 08:49:37 GMT", None),
        ("Sun, 06 Foo 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 8:49:37 GMT", None),
        ("Sun, 06 Nov 1994 24:49:37 GMT", None),
        ("Sun, 00 Nov 1994 08:49:37 GMT", None),
        ("Sun, 32 Nov 1994 08:49:37 GMT", None),
        ("Sunday, 99-Nov-94 08:49:37 GMT", None),
        ("Sun Nov 99 08:49:37 1994", None),
        ("Sun Nov  0 08:49:37 1994", None),
    ],
)
def test_the_three_forms_of_a_date_are_read_and_no_others(text: str, seconds: int | None) -> None:
    assert parse_http_date(text) == seconds


def test_two_digits_of_a_year_mean_at_most_fifty_years_ahead() -> None:
    now = time.gmtime().tm_year
    years = {time.gmtime(parse_http_date(f"Sunday, 06-Nov-{year:02} 08:49:37 GMT") or 0).tm_year for year in range(100)}
    assert years == set(range(now - 49, now + 51))


@given(st.integers(min_value=0, max_value=253_402_300_799))
def test_what_is_written_is_read_back(seconds: int) -> None:
    assert parse_http_date(render_http_date(seconds)) == seconds
