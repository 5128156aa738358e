"""Numbers that a client writes."""

from __future__ import annotations

import pytest

from edgeroutes.http.text import parse_digits


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("7", 7),
        ("007", 7),
        ("100", 100),
        ("101", 100),
        ("9" * 18, 100),
        ("9" * 19, 100),
        ("9" * 100_000, 100),
        ("0" * 100_000, 0),
        (f"{'0' * 100_000}42", 42),
        ("", None),
        ("-1", None),
        ("+1", None),
        (" 1", None),
        ("1_0", None),
        ("1.0", None),
        ("0x1", None),
        ("²", None),
        ("٣", None),
        ("1\n", None),
    ],
)
def test_digits_of_any_length_are_a_number_and_nothing_else_is(text: str, number: int | None) -> None:
    assert parse_digits(text, 100) == number
