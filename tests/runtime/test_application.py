"""From a path to a route, and the response where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.incoming import FakeIncoming

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

UNCACHED = ("cache-control", "private, no-store")
PROBLEM = ("content-type", "application/problem+json")
PATH = "def GET(request, params):\n    return [request.path, request.url.path, str(request.url), params]\n"


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PROPFIND"])
def test_an_unmatched_path_is_404_for_every_method(project: Make, method: str) -> None:
    response = project(PATH).request(method, "/no%20such?q=1")

    assert (response.status, response.headers, response.text) == (
        404,
        [PROBLEM, UNCACHED],
        (
            '{"type":"about:blank","title":"Not Found","status":404,'
            '"detail":"there is nothing at this URL","instance":"/no%20such","request_id":"request-1"}'
        ),
    )


def test_not_found_is_the_same_response(project: Make) -> None:
    routes = project({"[id]/route.py": "from edgeroutes import not_found\ndef GET():\n    not_found()\n"})

    assert routes.get("/seven/eight").headers == routes.get("/seven").headers
    assert routes.get("/seven").json() == {**routes.get("/seven/eight").json(), "instance": "/seven"}


def test_head_of_an_unmatched_path_has_no_body(project: Make) -> None:
    response = project(PATH).request("HEAD", "/none")

    assert (response.status, response.headers, response.body) == (404, [PROBLEM, UNCACHED], b"")


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/x/", "/x"),
        ("//x", "/x"),
        ("/x//", "/x"),
        ("/x/?a=1&b=%20", "/x?a=1&b=%20"),
        ("/none/", "/none"),
        ("//evil.example/", "/evil.example"),
        ("/\\evil.example/", "/%5Cevil.example"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_odd_slashes_redirect_to_the_canonical_form_with_the_query_kept(
    project: Make, method: str, target: str, location: str
) -> None:
    """Source: facts/nextjs.md P18, P21; decisions.md: private, and for unmatched paths too."""
    response = project(PATH).request(method, target)

    assert (response.status, response.headers, response.body) == (308, [("location", location), UNCACHED], b"")


def test_a_query_that_no_location_can_carry_is_400(project: Make) -> None:
    response = project(PATH).get("/x/?a=\r\nSet-Cookie: b=1")

    assert (response.status, response.values("location")) == (400, [])


def test_with_trailing_slash_the_form_with_it_is_the_canonical_one(project: Make) -> None:
    routes = project({"x/route.py": PATH, "rss.xml/route.py": PATH}, trailing_slash=True)

    assert [
        (response.status, response.header("location"))
        for response in map(routes.get, ("/x", "/x/", "/rss.xml", "/rss.xml/"))
    ] == [
        (308, "/x/"),
        (200, None),
        (200, None),
        (308, "/rss.xml"),
    ]


@pytest.mark.parametrize(
    ("target", "status", "path"),
    [
        ("/api/x", 200, "/x"),
        ("/api", 200, "/"),
        ("/apikeys", 404, None),
        ("/x", 404, None),
        ("/", 404, None),
    ],
)
def test_a_base_path_is_all_that_is_served_and_no_part_of_the_path(
    project: Make, target: str, status: int, path: str | None
) -> None:
    """Source: facts/nextjs.md P22."""
    response = project({"x/route.py": PATH, "route.py": PATH}, base_path="/api").get(target)

    assert response.status == status
    if status == 200:
        assert response.json()[:3] == [path, path, f"https://app.example{path}"]


@pytest.mark.parametrize(
    ("target", "trailing_slash", "location"),
    [
        ("/api/x/?q=1", False, "/api/x?q=1"),
        ("/api/?q=1", False, "/api?q=1"),
        ("/api//", False, "/api"),
        ("/api", True, "/api/"),
        ("/api//", True, "/api/"),
        ("/api/x", True, "/api/x/"),
        ("/api/", True, None),
        ("//api/x?q=1", False, "/api/x?q=1"),
        ("//api//", False, "/api"),
        ("//api", True, "/api/"),
        ("//api/x", True, "/api/x/"),
        ("//x", False, None),
        ("//apikeys", False, None),
    ],
)
def test_a_redirect_to_the_canonical_form_keeps_the_base_path(
    project: Make, target: str, trailing_slash: bool, location: str | None
) -> None:
    routes = project({"x/route.py": PATH, "route.py": PATH}, base_path="/api", trailing_slash=trailing_slash)

    assert routes.get(target).header("location") == location


@pytest.mark.parametrize("target", ["/x/%zz", "/x/%", "/x/%ff", "/x/a%2"])
def test_a_segment_that_is_not_percent_encoded_utf_8_is_400(project: Make, target: str) -> None:
    response = project({"x/[id]/route.py": PATH}).get(target)

    assert (response.status, response.headers, response.json()["title"]) == (400, [PROBLEM, UNCACHED], "Bad Request")


def test_values_are_decoded_once_after_matching_and_the_path_stays_encoded(project: Make) -> None:
    response = project({"[a]/[b]/route.py": PATH}).get("/x%2Fy/100%2525+")

    assert response.json() == [
        "/x%2Fy/100%2525+",
        "/x%2Fy/100%2525+",
        "https://app.example/x%2Fy/100%2525+",
        {"a": "x/y", "b": "100%25+"},
    ]


def test_precedence_is_static_then_one_segment_then_more_with_a_way_back(project: Make) -> None:
    name = "def GET():\n    return __name__.partition('.')[2]\n"
    files = ["users/me", "users/[id]", "users/[id]/posts", "[...rest]", "[a]/[b]/[c]"]
    routes = project({f"{folder}/route.py": name for folder in files})

    found = [routes.get(target).text for target in ("/users/me", "/users/7", "/users/me/posts", "/users/7/x", "/z/z")]

    assert [name.removesuffix(".route") for name in found] == [
        "users.me",
        "users.[id]",
        "users.[id].posts",
        "[a].[b].[c]",
        "[\N{ONE DOT LEADER}\N{ONE DOT LEADER}\N{ONE DOT LEADER}rest]",
    ]


def test_a_route_is_loaded_when_it_is_first_requested(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    routes = project({"x/route.py": PATH, "broken/route.py": "1 / 0\n"})

    assert [routes.get(target).status for target in ("/x", "/broken", "/x")] == [200, 500, 200]
    (line,) = log_lines()
    assert (line["exception_name"], line["route"], line["message"]) == (
        "ImportRaisedError",
        "/broken",
        "GET /broken failed",
    )


def test_config_that_cannot_be_used_is_a_500_that_names_it(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    routes = project("runtime = 'edge'\nrevalidate = 'often'\ndef GET():\n    return {}\n")

    assert routes.get("/x").status == 500
    (line,) = log_lines()
    assert (line["exception_name"], "runtime is 'edge', which is not built yet" in line["exception"]) == (
        "ProblemsError",
        True,
    )


def test_whether_a_call_needs_a_loop_is_the_routes_to_say(project: Make) -> None:
    free, looped = project(PATH), project(PATH, needs_loop=True)

    def needs(routes: RouteProject, target: str) -> bool:
        return routes.application.open(FakeIncoming("GET", target)).needs_loop

    assert [needs(free, "/x"), needs(looped, "/x"), needs(looped, "/none")] == [False, True, False]


def test_the_last_chunks_failure_is_the_adapters_to_handle(project: Make) -> None:
    """A stream that has begun cannot become a 500 here: whoever reads it asks `fail` for what to say."""
    routes = project("def GET():\n    yield 'a'\n    1 / 0\n")

    with pytest.raises(ZeroDivisionError):
        routes.get("/x")
