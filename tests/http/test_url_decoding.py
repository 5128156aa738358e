"""Numbers that a client writes."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.http.headers import parse_digits
from edgeroutes.http.url import decode_percent

TEXTS = st.text(st.characters(exclude_categories=("Cs",)))


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("", ""),
        ("a%2Fb", "a/b"),
        ("a%252Fb", "a%2Fb"),
        ("a+b", "a+b"),
        ("%E2%9C%93", "✓"),
        ("%e2%9c%93", "✓"),
        ("%00", "\0"),
        ("ä%C3%A4", "ää"),
    ],
)
def test_escapes_are_undone_once(text: str, decoded: str) -> None:
    assert decode_percent(text) == decoded


@pytest.mark.parametrize("text", ["%", "a%", "%2", "%zz", "%2G", "%E2%9C", "%ff", "%C3x%A4", "%ED%A0%80", "%%41"])
def test_what_is_malformed_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # of a stray % or of the bytes
        decode_percent(text)


@given(TEXTS)
def test_what_was_encoded_comes_back(text: str) -> None:
    assert decode_percent(quote(text, safe="")) == text


@given(st.text(st.sampled_from("a/%2fCEé+ 9")))
def test_what_is_not_refused_is_what_urllib_gives(text: str) -> None:
    try:
        decoded = decode_percent(text)
    except ValueError:
        return
    assert decoded == unquote(text)


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
