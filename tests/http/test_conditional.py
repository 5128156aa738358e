"""Source: RFC 9110 §13.1.5, §14."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.http.conditional import (
    UnsatisfiableRangeError,
    is_not_modified,
    kept_headers,
    parse_http_date,
    render_http_date,
    requested_range,
    strong_etag,
)
from edgeroutes.http.headers import Headers

NOON, LATER = "Thu, 01 Jan 2026 12:00:00 GMT", "Thu, 01 Jan 2026 13:00:00 GMT"


def test_the_same_bytes_have_the_same_strong_tag() -> None:
    assert strong_etag(b"a") == '"27c35e6e9373877f29e562464e46497e"'
    assert strong_etag(b"b") != strong_etag(b"a")


@pytest.mark.parametrize(
    ("request_headers", "response", "expected"),
    [
        ({"If-None-Match": '"a"'}, {"etag": '"a"'}, True),
        ({"If-None-Match": 'W/"a"'}, {"etag": '"a"'}, True),
        ({"If-None-Match": '"a"'}, {"etag": 'W/"a"'}, True),
        ({"If-None-Match": '"x", W/"a" ,"b,c"'}, {"etag": '"a"'}, True),
        ({"If-None-Match": '"b,c"'}, {"etag": '"b,c"'}, True),
        ({"If-None-Match": " * "}, {"etag": '"a"'}, True),
        ({"If-None-Match": "*"}, {}, False),
        ({"If-None-Match": '"b"'}, {"etag": '"a"'}, False),
        ({"If-None-Match": "a"}, {"etag": '"a"'}, False),
        ({"If-None-Match": ""}, {"etag": '"a"'}, False),
        ({}, {"etag": '"a"'}, False),
        ({"If-Modified-Since": NOON}, {"last-modified": NOON}, True),
        ({"If-Modified-Since": LATER}, {"last-modified": NOON}, True),
        ({"If-Modified-Since": NOON}, {"last-modified": LATER}, False),
        ({"If-Modified-Since": "yesterday"}, {"last-modified": NOON}, False),
        ({"If-Modified-Since": NOON}, {"last-modified": "yesterday"}, False),
        ({"If-Modified-Since": NOON}, {}, False),
        ({"If-Modified-Since": "Thu, 01 Jan 2026 12:00:00 -0000"}, {"last-modified": NOON}, False),
        ({"If-None-Match": '"b"', "If-Modified-Since": LATER}, {"etag": '"a"', "last-modified": NOON}, False),
    ],
)
def test_whether_the_client_has_it_already(
    request_headers: dict[str, str], response: dict[str, str], expected: bool
) -> None:
    """Source: RFC 9110 §13.1.2, §13.1.3, §13.2.2."""
    assert is_not_modified(Headers(request_headers), Headers(response)) is expected


def test_a_304_repeats_what_a_cache_needs() -> None:
    response = Headers(
        [
            ("Cache-Control", "public"),
            ("Content-Type", "text/html"),
            ("ETag", '"a"'),
            ("Vary", "A"),
            ("Vary", "B"),
            ("X-Cache-Tag", "t"),
            ("X", "1"),
        ]
    )

    assert kept_headers(response, "x-cache-tag") == [
        ("cache-control", "public"),
        ("etag", '"a"'),
        ("vary", "A"),
        ("vary", "B"),
        ("x-cache-tag", "t"),
    ]


RESPONSE = Headers({"etag": '"a"', "last-modified": "Sat, 21 Nov 2026 10:00:00 GMT"})


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=2-4", (2, 5)),
        ("bytes=2-", (2, 10)),
        ("bytes=9-99", (9, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-99", (0, 10)),
        ("BYTES = 0-4", (0, 5)),
        ("bytes=0-18446744073709551", (0, 10)),
        (f"bytes=2-{'9' * 5_000}", (2, 10)),
        (f"bytes=-{'9' * 5_000}", (0, 10)),
        (f"bytes={'0' * 5_000}2-4", (2, 5)),
    ],
)
def test_one_range_is_a_part(header: str, part: tuple[int, int]) -> None:
    assert requested_range(Headers({"range": header}), RESPONSE, 10) == part


@pytest.mark.parametrize(
    "header",
    ["bytes=0-1,3-4", "items=0-1", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=4-2", "bytes=--1", "bytes=1-²"],
)  # fmt: skip
def test_several_ranges_and_what_is_none_get_the_whole(header: str) -> None:
    assert requested_range(Headers({"range": header}), RESPONSE, 10) is None


@pytest.mark.parametrize(
    ("header", "size_bytes"),
    [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0), ("bytes=-1", 0), (f"bytes={'9' * 5_000}-", 10)],
)
def test_a_range_of_nothing_that_is_there_is_refused(header: str, size_bytes: int) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        requested_range(Headers({"range": header}), RESPONSE, size_bytes)


@pytest.mark.parametrize(
    ("condition", "part"),
    [
        ('"a"', (0, 1)),
        ('"b"', None),
        ('W/"a"', None),
        ("Sat, 21 Nov 2026 10:00:00 GMT", (0, 1)),
        ("Sat, 21 Nov 2026 10:00:01 GMT", None),
    ],
)
def test_a_part_of_another_version_is_not_given(condition: str, part: tuple[int, int] | None) -> None:
    assert requested_range(Headers({"range": "bytes=0-0", "if-range": condition}), RESPONSE, 10) == part


def test_a_weak_tag_names_no_bytes_even_where_it_is_the_same() -> None:
    weak = Headers({"etag": 'W/"a"'})
    assert requested_range(Headers({"range": "bytes=0-0", "if-range": 'W/"a"'}), weak, 10) is None


def test_without_a_range_it_is_the_whole() -> None:
    assert requested_range(Headers(), RESPONSE, 10) is None


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
