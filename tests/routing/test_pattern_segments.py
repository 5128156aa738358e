from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.errors import LayoutError
from edgeroutes.routing.patterns import Segment, parse_segment, parse_static

CASES = json.loads((Path(__file__).parents[1] / "cases" / "routing" / "segments.json").read_text())


@pytest.mark.parametrize(("folder", "kind", "name", "text"), CASES["good"], ids=str)
def test_a_folder_name_means(folder: str, kind: str, name: str, text: str) -> None:
    segment = parse_segment(folder)
    assert (segment.kind, segment.name, segment.text) == (kind, name, text)


@pytest.mark.parametrize(("folder", "message"), CASES["refused"], ids=lambda value: str(value)[:20])
def test_an_invalid_folder_name_is_an_error_with_a_fix(folder: str, message: str) -> None:
    where = f"functions/{folder}/route.py"
    with pytest.raises(LayoutError) as caught:
        parse_segment(folder, where)
    assert str(caught.value) == f"{where}: {message}"


def test_a_static_text_may_start_with_an_underscore() -> None:
    assert parse_static("_next") == Segment("static", "_next")


def test_segments_are_values() -> None:
    assert parse_segment("[id]") == Segment("param", "id")
    assert parse_segment("[id]") != Segment("catch_all", "id")
    assert {parse_segment("[id]"), Segment("param", "id")} == {Segment("param", "id")}
    assert repr(parse_segment("[id]")) == "Segment('param', 'id')"
    assert parse_segment("[id]") != "[id]"


@pytest.mark.parametrize(
    ("folder", "is_dynamic"),
    [("users", False), ("(shop)", False), ("_shared", False), ("[id]", True), ("[...a]", True), ("[[...a]]", True)],
)
def test_only_bracketed_segments_are_dynamic(folder: str, is_dynamic: bool) -> None:
    assert parse_segment(folder).is_dynamic is is_dynamic


@given(st.text(alphabet="[]().…_%5Fab- @é/", min_size=0, max_size=12))
def test_every_name_is_either_read_or_refused_with_a_hint(folder: str) -> None:
    try:
        read: object = parse_segment(folder).name
    except LayoutError as err:
        read = err.hint
    assert read
