from __future__ import annotations

import tracemalloc
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.request_bodies import decode_urlencoded, require_utf_8


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", []),
        (b"&&", []),
        (b"a", [("a", "")]),
        (b"=", [("", "")]),
        (b"=a", [("", "a")]),
        (b"a=b=c&a=+%2B%20", [("a", "b=c"), ("a", " + ")]),
        (b"a+b=%zz%4", [("a b", "%zz%4")]),
        (b"%C3%A4=\xc3\xa4", [("ä", "ä")]),
        (b"a=\xc3%a4", [("a", "ä")]),
        (b"a=\xff%ff", [("a", "\ufffd\ufffd")]),
        (b"a=%EF%BB%BF1", [("a", "\ufeff1")]),
        (b"a=1;b=2", [("a", "1;b=2")]),
        (b"a=%ED%A0%80", [("a", "\ufffd\ufffd\ufffd")]),
    ],
)
def test_a_form_is_decoded_as_browsers_encode_it(body: bytes, fields: list[tuple[str, str]]) -> None:
    assert decode_urlencoded(body) == fields


@given(st.binary())
def test_any_bytes_are_a_form_of_valid_strings(body: bytes) -> None:
    for name, value in decode_urlencoded(body):
        (name + value).encode()


def test_limits_are_the_first_that_is_refused() -> None:
    assert len(decode_urlencoded(b"a&" * 1000)) == 1000
    assert decode_urlencoded(b"a" * 1000) == [("a" * 1000, "")]
    for body in (b"a&" * 1001, b"a" * 1001):
        with pytest.raises(HTTPError, match="413"):
            decode_urlencoded(body)


@pytest.mark.parametrize(
    ("content_type", "is_utf_8"),
    [
        ("x", True),
        ("x; charset=utf-8", True),
        ('x;CHARSET="UTF8"', True),
        ("x; charset=us-ascii; b=1", True),
        ("x; charset=", False),
        ("x; charset=utf-16", False),
        ("x; a=1 ; charset = 'latin1'", False),
    ],
)
def test_a_form_is_utf_8_or_415(content_type: str, is_utf_8: bool) -> None:
    if is_utf_8:
        require_utf_8(content_type)
        return
    with pytest.raises(HTTPError, match="415"):
        require_utf_8(content_type)


def test_a_value_that_is_all_escapes_takes_memory_in_proportion() -> None:
    body = b"a=" + b"%41" * 100_000
    decode_urlencoded(b"a=%41")
    tracemalloc.start()
    [(_, value)] = decode_urlencoded(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert value == "A" * 100_000
    assert peak < 10 * len(body)


@pytest.mark.parametrize("before", range(4))
def test_no_escape_is_cut_where_a_long_value_is_read_in_pieces(before: int) -> None:
    text = "x" * before + "é%" * 20_000
    assert decode_urlencoded(f"a={quote(text)}".encode()) == [("a", text)]
    assert decode_urlencoded(b"a=" + b"%" * 40_000 + b"41") == [("a", "%" * 39_999 + "A")]
