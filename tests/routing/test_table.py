from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgeroutes.routing.patterns import Pattern, parse_pattern
from edgeroutes.routing.table import Match, PathEncodingError, RouteTable, canonical_path, decode_segment

CASES = Path(__file__).parents[1] / "cases" / "routing"
MATCHING = json.loads((CASES / "matching.json").read_text())
CANONICAL = json.loads((CASES / "canonical.json").read_text())["paths"]
PATHS = [(table["routes"], *row) for table in MATCHING["tables"] for row in table["paths"]]


def table_of(*route_paths: str) -> RouteTable[str]:
    return RouteTable([(route_path, route_path.upper()) for route_path in route_paths])


@pytest.mark.parametrize(("routes", "path", "route_path", "params"), PATHS, ids=lambda value: str(value)[:40])
def test_a_path_matches(
    routes: list[str], path: str, route_path: str | None, params: dict[str, str | list[str]]
) -> None:
    expected = None if route_path is None else Match(route_path.upper(), params, route_path)
    assert table_of(*routes).match(path) == expected
    assert table_of(*reversed(routes)).match(path) == expected


@pytest.mark.parametrize("path", MATCHING["malformed"])
def test_a_malformed_value_is_the_clients_fault(path: str) -> None:
    with pytest.raises(PathEncodingError):
        table_of("/echo/[id]", "/cat/[...slug]").match(path)


@pytest.mark.parametrize("path", ["/a/%zz", "/%zz/a", "/%zz"])
def test_a_malformed_path_without_a_route_is_only_unmatched(path: str) -> None:
    assert table_of("/echo/[id]").match(path) is None


def test_the_error_names_the_segment_as_it_was_sent() -> None:
    with pytest.raises(PathEncodingError) as caught:
        decode_segment("a%zz")
    assert (caught.value.raw, str(caught.value)) == ("a%zz", "path segment 'a%zz' is not percent-encoded UTF-8")
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("routes", "message"),
    [
        (["/a", "/a"], "two routes serve '/a'"),
        (["/a/[id]", "/a/[slug]"], "'/a/[slug]' and '/a/[id]' serve the same URLs"),
        (["/a/[...b]", "/a/[...c]"], "'/a/[...c]' and '/a/[...b]' serve the same URLs"),
        (["/[[...b]]", "/[[...c]]"], "'/[[...c]]' and '/[[...b]]' serve the same URLs"),
    ],
)
def test_two_routes_for_the_same_urls_are_refused(routes: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        table_of(*routes)
    assert str(caught.value) == message


def test_an_empty_table_matches_nothing() -> None:
    assert table_of().match("/") is None
    assert table_of().match("/a") is None


def test_what_a_match_captured_is_the_callers_own() -> None:
    table = table_of("/a")
    match = table.match("/a")
    assert match is not None
    match.params["x"] = "y"
    assert table.match("/a") == Match("/A", {}, "/a")


def test_values_that_are_false_are_values() -> None:
    assert RouteTable([("/a/[id]", None)]).match("/a/b") == Match(None, {"id": "b"}, "/a/[id]")


def test_matches_compare_and_show_themselves() -> None:
    assert repr(table_of("/a/[id]").match("/a/b")) == "Match('/A/[ID]', {'id': 'b'}, '/a/[id]')"
    assert Match(1, {}, "/a") != Match(2, {}, "/a")
    assert Match(1, {}, "/a") != "/a"


def test_a_table_can_be_written_with_the_type_of_its_values() -> None:
    def annotated(table: RouteTable[int]) -> Match[int] | None:
        return table.match("/a")

    assert annotated(RouteTable([("/a", 1)])) == Match(1, {}, "/a")


def test_many_routes_that_end_in_nothing_are_each_tried_once() -> None:
    depth = 12
    routes = [
        "/" + "/".join("a" if bits >> level & 1 else "[p]" for level in range(depth)) + "/end"
        for bits in range(2**depth)
    ]
    table = RouteTable((route, None) for route in routes)
    assert table.match("/" + "a/" * depth + "nothing") is None


def test_a_path_of_very_many_segments_is_matched() -> None:
    path = "/a" * 20_000
    assert table_of("/[...rest]").match(path) == Match("/[...REST]", {"rest": ["a"] * 20_000}, "/[...rest]")
    assert table_of("/[a]/[b]").match(path) is None


def naive_match(patterns: list[Pattern], path: str) -> Match[str] | None:
    """The first of the sorted patterns that matches, as product.md puts it."""
    if not path.startswith("/") or "//" in path:
        return None
    parts = path.removesuffix("/").split("/")[1:]
    for pattern in sorted(patterns):
        params = naive_params(pattern, parts)
        if params is not None:
            return Match(pattern.route_path.upper(), params, pattern.route_path)
    return None


def naive_params(pattern: Pattern, parts: list[str]) -> dict[str, str | list[str]] | None:
    params: dict[str, str | list[str]] = {}
    for index, segment in enumerate(pattern.segments):
        rest = parts[index:]
        if segment.kind in ("catch_all", "optional_catch_all"):
            if rest:
                params[segment.name] = [unquote(part, errors="strict") for part in rest]
            return params if rest or segment.kind == "optional_catch_all" else None
        if not rest or (segment.kind == "static" and rest[0] != segment.name):
            return None
        if segment.kind == "param":
            params[segment.name] = unquote(rest[0], errors="strict")
    return params if len(parts) == len(pattern.segments) else None


names = st.sampled_from(["a", "b", "c.d", "_e", "[x]"])
ends = st.sampled_from(["", "", "", "/[...rest]", "/[[...rest]]"])


@st.composite
def route_paths(draw: st.DrawFn) -> str:
    segments = draw(st.lists(names, max_size=4))
    text = "".join(f"/[p{i}]" if segment == "[x]" else f"/{segment}" for i, segment in enumerate(segments))
    return (text + draw(ends)) or "/"


paths = st.lists(st.sampled_from(["a", "b", "c.d", "_e", "%61", "a%2Fb", "é", "z", ""]), max_size=6).map(
    lambda parts: "/" + "/".join(parts)
)


@given(st.lists(route_paths(), max_size=12, unique_by=lambda text: parse_pattern(text).shape), paths)
def test_the_table_matches_like_the_first_of_the_sorted_patterns(routes: list[str], path: str) -> None:
    assert table_of(*routes).match(path) == naive_match([parse_pattern(route) for route in routes], path)


@given(route_paths(), st.data())
def test_a_rendered_path_gives_its_values_back(route_path: str, data: st.DataObject) -> None:
    pattern = parse_pattern(route_path)
    value = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
    params: dict[str, str | list[str]] = {}
    path = ""
    for segment in pattern.segments:
        if segment.kind == "param":
            params[segment.name] = data.draw(value)
            path += f"/{quote(str(params[segment.name]), safe='')}"
        elif segment.is_dynamic:
            if rest := data.draw(st.lists(value, min_size=segment.kind == "catch_all")):
                params[segment.name] = rest
            path += "".join(f"/{quote(part, safe='')}" for part in rest)
        else:
            path += f"/{segment.name}"
    path = path or "/"
    assert RouteTable([(route_path, 1)]).match(path) == Match(1, params, route_path)
    assert canonical_path(path, trailing_slash=False) is None


@pytest.mark.parametrize(("path", "without", "with_slash"), CANONICAL, ids=repr)
def test_a_path_has_one_canonical_form(path: str, without: str | None, with_slash: str | None) -> None:
    assert canonical_path(path, trailing_slash=False) == without
    assert canonical_path(path, trailing_slash=True) == with_slash


@given(st.text(alphabet="/\\.ab%2F\t\n é?#\ud800", max_size=20), st.booleans())
@example("/\\/evil.com//", False)
@example("//.well-known//", True)
def test_a_canonical_path_is_canonical_and_stays_on_its_host(path: str, trailing_slash: bool) -> None:
    target = canonical_path(path, trailing_slash=trailing_slash)
    if target is not None:
        assert canonical_path(target, trailing_slash=trailing_slash) is None
        assert target != path
        assert urlsplit(target).netloc == ""
        assert target[0] == "/"
        assert target[1:2] not in ("/", "\\")
        assert target.isascii()
        assert target.isprintable()


def modules_loaded_by(*modules: str) -> list[str]:
    """What importing these adds to an interpreter that has loaded what awslambdaric loads."""
    free = [
        "json",
        "logging",
        "re",
        "enum",
        "functools",
        "collections",
        "contextlib",
        "types",
        "traceback",
        "threading",
        "importlib",
        "decimal",
    ]
    program = f"import sys, __future__, {', '.join(free)}\nbefore = set(sys.modules)\nimport {', '.join(modules)}\n"
    program += "print(*sorted(set(sys.modules) - before))"
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True, cwd=root)
    return run.stdout.split()


def test_importing_the_matcher_imports_nothing_else() -> None:
    loaded = modules_loaded_by("edgeroutes.routing.table")
    assert [name for name in loaded if name.count(".") > 1] == ["edgeroutes.routing.table"]
    assert [name for name in loaded if not name.startswith("edgeroutes")] == []


def test_importing_the_cold_path_imports_only_what_awslambdaric_has_loaded() -> None:
    modules = [f"edgeroutes.routing.{name}" for name in ("conventions", "patterns", "table")]
    loaded = modules_loaded_by(*modules)
    assert [name for name in loaded if name.startswith("edgeroutes.routing.")] == modules
    assert [name for name in loaded if not name.startswith("edgeroutes")] == []
