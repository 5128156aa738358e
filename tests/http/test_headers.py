from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.http.headers import Headers, MutableHeaders, is_token

NAMES = st.text(st.sampled_from("abcXYZ019!#$%&'*+-.^_`|~"), min_size=1)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126)).map(str.strip)


class OtherLibrarysHeaders(dict[str, str]):
    """As HTTPX has them: a mapping that joins, with `multi_items` beside it."""

    def multi_items(self) -> list[tuple[str, str]]:
        return [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]


def test_a_name_is_found_in_any_case_and_given_in_lower_case() -> None:
    headers = Headers({"Content-Type": "text/html"})

    assert (headers["CONTENT-TYPE"], list(headers), "content-Type" in headers) == (
        "text/html",
        ["content-type"],
        True,
    )


def test_a_repeated_name_is_joined_by_commas_and_cookies_by_semicolons() -> None:
    headers = Headers([("Accept", "a"), ("X", "1"), ("accept", "b"), ("Cookie", "c=1"), ("cookie", "d=2")])

    assert dict(headers) == {"accept": "a, b", "x": "1", "cookie": "c=1; d=2"}
    assert headers.getlist("ACCEPT") == ["a", "b"]
    assert len(headers) == 3


def test_what_is_not_there_is_none_or_the_default_or_a_key_error() -> None:
    headers = Headers()

    assert (headers.get("x"), headers.get("x", "d"), headers.getlist("x"), 1 in headers) == (None, "d", [], False)
    with pytest.raises(KeyError, match="x"):
        headers["x"]


def test_an_empty_value_is_there() -> None:
    assert "x" in Headers({"X": ""})


@pytest.mark.parametrize(
    "source",
    [
        Headers([("Set-Cookie", "a=1"), ("set-cookie", "b=2")]),
        OtherLibrarysHeaders({"set-cookie": "a=1, b=2"}),
        [("set-cookie", "a=1"), ("set-cookie", "b=2")],
    ],
)
def test_another_messages_headers_keep_what_is_repeated_apart(source: Any) -> None:
    assert Headers(source).getlist("set-cookie") == ["a=1", "b=2"]
    assert MutableHeaders(source).getlist("set-cookie") == ["a=1", "b=2"]


def test_equality_looks_at_the_fields_not_at_their_order() -> None:
    assert Headers([("a", "1"), ("b", "2")]) == MutableHeaders([("B", "2"), ("A", "1")])
    assert Headers([("a", "1")]) != Headers([("a", "2")])
    assert Headers() != {}


def test_setting_replaces_the_first_and_drops_the_others() -> None:
    headers = MutableHeaders([("a", "1"), ("b", "2"), ("A", "3")])

    headers["a"] = "4"
    headers["c"] = "5"

    assert headers.multi_items() == [("a", "4"), ("b", "2"), ("c", "5")]


def test_appending_leaves_what_is_there() -> None:
    headers = MutableHeaders({"Vary": "Origin"})

    headers.append("Vary", "Accept")

    assert headers["vary"] == "Origin, Accept"


def test_deleting_takes_all_of_a_name_and_misses_what_is_not_there() -> None:
    headers = MutableHeaders([("a", "1"), ("A", "2"), ("b", "3")])

    del headers["A"]

    assert headers.multi_items() == [("b", "3")]
    assert headers.pop("nothing", None) is None
    with pytest.raises(KeyError):
        del headers["a"]


def test_discard_takes_several_names_and_misses_nothing() -> None:
    headers = MutableHeaders([("a", "1"), ("b", "2"), ("c", "3")])

    headers.discard(frozenset(("a", "c", "nothing")))

    assert headers.multi_items() == [("b", "2")]
    assert headers.has_any(frozenset("b"))
    assert not headers.has_any(frozenset("a"))


def test_vary_names_a_header_once() -> None:
    headers = MutableHeaders({"Vary": "Accept-Encoding,origin"})

    headers.add_vary("Origin")
    headers.add_vary("Cookie")

    assert headers["vary"] == "Accept-Encoding, origin, Cookie"


@pytest.mark.parametrize("name", ["", "a b", "a:b", "ä", "a\n", "\u212aelvin"])
def test_a_name_that_is_not_a_token_is_refused(name: str) -> None:
    assert not is_token(name)
    with pytest.raises(ValueError, match="is not a token"):
        MutableHeaders({name: "1"})


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b=1", "a\nb", "a\0b", "\x7f", "\x01", "✓"])
def test_a_value_that_cannot_be_sent_is_refused(value: str) -> None:
    headers = MutableHeaders()

    with pytest.raises(ValueError, match="control or non-Latin-1 character"):
        headers["x"] = value
    with pytest.raises(ValueError, match="control or non-Latin-1 character"):
        headers.append("x", value)
    assert headers.multi_items() == []


@pytest.mark.parametrize("value", [1, None, b"x"])
def test_a_value_that_is_not_a_string_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="Allowed is a string"):
        MutableHeaders({"x": value})


def test_space_around_a_value_is_not_a_part_of_it_and_latin_1_may_stand_in_it() -> None:
    assert MutableHeaders({"x": " a\tö "})["x"] == "a\tö"


@given(st.lists(st.tuples(NAMES, VALUES)))
def test_fields_come_out_as_they_went_in(pairs: list[tuple[str, str]]) -> None:
    lowered = [(name.lower(), value) for name, value in pairs]

    assert MutableHeaders(pairs).multi_items() == lowered
    assert Headers(MutableHeaders(pairs)).multi_items() == lowered
    assert Headers.from_lowered(lowered).multi_items() == lowered
