from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgeroutes.errors import LayoutError, ProblemsError
from edgeroutes.routing.patterns import Pattern, Segment, check_segments, parse_pattern, parse_segment

NEXT_CASES = Path(__file__).parents[2].parent / "shared" / "cases" / "nextjs.json"


def test_a_pattern_is_its_segments_without_groups() -> None:
    segments = [parse_segment(name) for name in ("(shop)", "%5Fusers", "[id]", "(x)", "[[...rest]]")]
    pattern = Pattern(segments)
    assert pattern.route_path == "/_users/[id]/[[...rest]]"
    assert pattern.segments == (
        Segment("static", "_users"),
        Segment("param", "id"),
        Segment("optional_catch_all", "rest"),
    )
    assert pattern.parameter_names == ("id", "rest")


@pytest.mark.parametrize(
    "text", ["/", "/users", "/users/[id]", "/_next/[...rest]", "/[[...rest]]", "/rss.xml", "/.well-known/[name]"]
)
def test_a_route_path_reads_back_as_the_same_pattern(text: str) -> None:
    assert parse_pattern(text).route_path == text


def test_an_escaped_underscore_and_a_plain_one_are_the_same_in_a_pattern() -> None:
    assert parse_pattern("/%5Fx") == parse_pattern("/_x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("users", "m.py:3: pattern 'users' does not start with '/'. Write '/users'."),
        ("", "m.py:3: pattern '' does not start with '/'. Write '/'."),
        ("/users/", "m.py:3: pattern '/users/' has an empty segment. Write '/users'."),
        ("//users//x", "m.py:3: pattern '//users//x' has an empty segment. Write '/users/x'."),
        ("/(a)/x", "m.py:3: pattern '/(a)/x' has the group '(a)', which is in no URL. Leave it out."),
        ("/[id", "m.py:3: segment '[id' has no closing bracket. Name the folder '[id]'."),
        (
            "/:path*",
            (
                "m.py:3: segment ':path*' has '*', which API Gateway does not allow in a path. Allowed are"
                " a-z A-Z 0-9 . _ - :."
                " Name the folder with those characters, or capture the segment with a folder like '[name]'."
            ),
        ),
    ],
)
def test_an_invalid_pattern_is_an_error(text: str, message: str) -> None:
    with pytest.raises(LayoutError) as caught:
        parse_pattern(text, "m.py:3")
    assert str(caught.value) == message


def test_all_problems_of_a_pattern_are_reported_together() -> None:
    with pytest.raises(ProblemsError) as caught:
        parse_pattern("/[...id]/[id]")
    assert len(caught.value.problems) == 2


def test_next_sorts_its_patterns_like_this() -> None:
    if not NEXT_CASES.exists():
        pytest.skip("../shared/cases/nextjs.json is not here")
    case = next(case for case in json.loads(NEXT_CASES.read_text()) if case["id"] == "build-sort-order")
    order = [text.strip() for text in case["expect"]["notes"].removeprefix("Sorted order: ").split(" , ")]
    assert [pattern.route_path for pattern in sorted(map(parse_pattern, case["route"]))] == order


def test_a_pattern_knows_what_its_urls_look_like_whatever_their_parameters_are_called() -> None:
    assert parse_pattern("/x/[id]").shape == parse_pattern("/x/[slug]").shape
    assert parse_pattern("/x/[id]").shape != parse_pattern("/x/[...id]").shape


def test_patterns_are_values() -> None:
    assert {parse_pattern("/x/[id]"), parse_pattern("/x/[id]")} == {parse_pattern("/x/[id]")}
    assert parse_pattern("/x") != "/x"
    assert repr(parse_pattern("/x/[id]")) == "Pattern('/x/[id]')"


@pytest.mark.parametrize(
    ("names", "messages"),
    [
        (["[id]", "x", "[slug]"], []),
        (["x", "[...rest]"], []),
        (["x", "[...rest]", "(group)"], []),
        (
            ["[...rest]", "x"],
            [
                (
                    "f: catch-all '[...rest]' is not the last segment, so nothing below it is ever reached."
                    " Move the route to '[...rest]' itself, or name the folder '[rest]'."
                )
            ],
        ),
        (
            ["[[...rest]]", "(g)", "x"],
            [
                (
                    "f: catch-all '[[...rest]]' is not the last segment, so nothing below it is ever reached."
                    " Move the route to '[[...rest]]' itself, or name the folder '[rest]'."
                )
            ],
        ),
        (["[id]", "[id]"], ["f: parameter 'id' is named twice in one path. Rename one of the two folders."]),
        (["[id]", "x", "[...id]"], ["f: parameter 'id' is named twice in one path. Rename one of the two folders."]),
        (
            ["[hello-world]", "[helloworld]"],
            [
                (
                    "f: parameters 'hello-world' and 'helloworld' in one path differ only by punctuation."
                    " Give one of the two folders another name."
                )
            ],
        ),
        (
            ["[my-id]", "[my_id]"],
            [
                (
                    "f: parameters 'my-id' and 'my_id' in one path differ only by punctuation."
                    " Give one of the two folders another name."
                )
            ],
        ),
    ],
)
def test_the_segments_of_a_path_are_checked_together(names: list[str], messages: list[str]) -> None:
    """Source: facts/nextjs.md B8, B10, B13."""
    assert [str(problem) for problem in check_segments([parse_segment(name) for name in names], "f")] == messages
