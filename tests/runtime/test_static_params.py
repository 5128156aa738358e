"""`generate_static_params` with `dynamic_params = False`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]


def route(generate: str, config: str = "dynamic_params = False") -> str:
    return f"calls = []\n{config}\n{generate}\nasync def GET(params):\n    return params\nasync def POST(params):\n    return params\n"


LISTED = "def generate_static_params():\n    calls.append(1)\n    return [{'id': 'a'}, {'id': 'b c'}]"


@pytest.mark.parametrize("asynchronous", ["", "async "])
def test_only_listed_values_are_served_and_the_list_is_made_once(project: Make, asynchronous: str) -> None:
    """Source: facts/nextjs.md C28."""
    routes = project({"[id]/route.py": route(asynchronous + LISTED)})

    assert [routes.get(target).status for target in ("/a", "/b%20c", "/c", "/a")] == [200, 200, 404, 200]
    assert [routes.request(method, "/a").status for method in ("POST", "HEAD", "PUT", "OPTIONS")] == [
        200,
        200,
        405,
        204,
    ]
    assert [routes.request(method, "/c").status for method in ("POST", "HEAD", "PUT", "OPTIONS")] == [404] * 4
    assert routes.module("[id]/route.py").calls == [1]


def test_otherwise_every_value_is_served_and_nothing_is_generated(project: Make) -> None:
    routes = project({"[id]/route.py": route(LISTED, "dynamic_params = True")})

    assert routes.get("/c").json() == {"id": "c"}
    assert routes.module("[id]/route.py").calls == []


def test_without_a_generator_it_has_no_effect(project: Make) -> None:
    """Source: facts/nextjs.md C29."""
    assert project({"[id]/route.py": route("")}).get("/c").status == 200


@pytest.mark.parametrize(
    ("folder", "listed", "targets"),
    [
        ("[...rest]", "[{'rest': ['a', 'b']}]", {"/a/b": 200, "/a": 404}),
        ("[[...rest]]", "[{'rest': []}, {'rest': ['a']}]", {"/": 200, "/a": 200, "/b": 404}),
        ("[[...rest]]", "[{}]", {"/": 200, "/a": 404}),
        ("[a]/[b]", "[{'a': '1', 'b': '2'}]", {"/1/2": 200, "/2/1": 404}),
        ("[id]", "[]", {"/a": 404}),
        ("[id]", "()", {"/a": 404}),
    ],
)
def test_all_of_the_segments_count(project: Make, folder: str, listed: str, targets: dict[str, int]) -> None:
    routes = project({f"{folder}/route.py": route(f"def generate_static_params():\n    return {listed}")})

    assert {target: routes.get(target).status for target in targets} == targets


@pytest.mark.parametrize(
    ("generate", "problem"),
    [
        ("def generate_static_params():\n    return None", "it returned None. Return a list of dicts with id."),
        ("def generate_static_params():\n    return ['a']", "it returned ['a']. Return a list of dicts with id."),
        (
            "def generate_static_params():\n    return [{'id': 7}]",
            "it returned {'id': 7}. Give text, or a list of texts",
        ),
        ("def generate_static_params():\n    return [{'slug': 'a'}]", "it returned {'slug': 'a'}. Give text"),
        ("generate_static_params = ['a']", "it is a list, not a function. Define 'def generate_static_params()'."),
    ],
)
def test_what_is_not_a_list_of_segments_is_an_error_that_names_it(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]], generate: str, problem: str
) -> None:
    routes = project({"[id]/route.py": route(generate)})

    assert routes.get("/a").status == 500
    (line,) = log_lines()
    assert f"{routes.app_dir}/[id]/route.py, generate_static_params: {problem}" in line["exception"]


def test_a_generator_that_fails_is_a_500_and_is_called_again(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    generate = """
def generate_static_params():
    calls.append(1)
    if len(calls) == 1:
        raise OSError("no database")
    return [{"id": "a"}]
"""
    routes = project({"[id]/route.py": route(generate)})

    assert [routes.get("/a").status, routes.get("/a").status] == [500, 200]
    assert [line["exception_name"] for line in log_lines()] == ["OSError"]
