"""The readings of a path that code behind a route can have."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.routing.patterns import path_readings
from edgeroutes.routing.table import RouteTable


@pytest.mark.parametrize(
    ("path", "readings"),
    [
        ("/", [[]]),
        ("/a/b", [["a", "b"]]),
        ("/a/b/", [["a", "b"]]),
        ("/a;v=1/b", [["a;v=1", "b"]]),
        ("/%61/b", [["a", "b"]]),
        ("/%2561", [["%61"]]),
        ("/a%2Fb", [["a/b"], ["a", "b"]]),
        ("/a%2fb/", [["a/b"], ["a", "b"]]),
        ("/a//b", [["a", "b"], ["a", "", "b"]]),
        ("/.well-known/x", [[".well-known", "x"]]),
        ("/./a", [[".", "a"], ["a"]]),
        ("/a/%2e%2E/b", [["a", "..", "b"], ["b"]]),
        ("/../a", [["..", "a"], ["a"]]),
        ("/a//../b", [["a", "..", "b"], ["a", "", "..", "b"], ["a", "b"], ["b"]]),
        ("/a%5Cb", [["a\\b"]]),
        ("/a%00", [["a\0"]]),
    ],
)
def test_a_path_is_read_as_segments_and_as_a_decoded_whole(path: str, readings: list[list[str]]) -> None:
    assert path_readings(path) == readings


@pytest.mark.parametrize("path", ["/%", "/%zz", "/%2", "/a/%ff", "/%c0%af", "/%ED%A0%80", "/%u0061"])
def test_what_is_not_percent_encoded_utf_8_has_none(path: str) -> None:
    assert path_readings(path) is None


PARTS = st.lists(st.sampled_from(["a", "%61", "a%2Fb", "..", "%2e", "", "b", "é", "%C3%A9", "[x]"]), max_size=6)


@given(PARTS)
def test_what_a_handler_and_what_an_app_sees_are_among_them(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    readings = path_readings(path)
    assert readings is not None
    assert [unquote(part) for part in parts if part] in readings
    assert unquote(path).removesuffix("/").split("/")[1:] in readings


@given(PARTS)
def test_a_table_matches_segments_as_it_matches_a_path(parts: list[str]) -> None:
    plain = [part for part in parts if part and "%" not in part]
    table = RouteTable([("/a/b", 1), ("/[x]/a", 2), ("/b/[...rest]", 3), ("/[x]/[[...rest]]", 4)])
    assert table.has_match(plain) == (table.match("/" + "/".join(plain)) is not None)
