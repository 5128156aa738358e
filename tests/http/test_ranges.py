"""Source: RFC 9110 §13.1.5, §14."""

from __future__ import annotations

import pytest

from edgeroutes.http.conditional import UnsatisfiableRangeError, requested_range
from edgeroutes.http.headers import Headers

ANSWER = Headers({"etag": '"a"', "last-modified": "Sat, 21 Nov 2026 10:00:00 GMT"})


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
    assert requested_range(Headers({"range": header}), ANSWER, 10) == part


@pytest.mark.parametrize(
    "header",
    ["bytes=0-1,3-4", "items=0-1", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=4-2", "bytes=--1", "bytes=1-²"],
)  # fmt: skip
def test_several_ranges_and_what_is_none_get_the_whole(header: str) -> None:
    assert requested_range(Headers({"range": header}), ANSWER, 10) is None


@pytest.mark.parametrize(
    ("header", "size_bytes"),
    [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0), ("bytes=-1", 0), (f"bytes={'9' * 5_000}-", 10)],
)
def test_a_range_of_nothing_that_is_there_is_refused(header: str, size_bytes: int) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        requested_range(Headers({"range": header}), ANSWER, size_bytes)


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
    assert requested_range(Headers({"range": "bytes=0-0", "if-range": condition}), ANSWER, 10) == part


def test_a_weak_tag_names_no_bytes_even_where_it_is_the_same() -> None:
    weak = Headers({"etag": 'W/"a"'})
    assert requested_range(Headers({"range": "bytes=0-0", "if-range": 'W/"a"'}), weak, 10) is None


def test_without_a_range_it_is_the_whole() -> None:
    assert requested_range(Headers(), ANSWER, 10) is None
