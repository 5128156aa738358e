"""The guard phase of a route: what runs before middleware and handler, and what is added to every response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeroutes.guards.state import MemoryState
    from tests.fakes.project import ReceivedResponse, RouteProject

    Make = Callable[..., RouteProject]
    Lines = Callable[[], list[dict[str, Any]]]

ORIGIN = "https://app.example"
LIMIT = "from edgeroutes.ratelimit import RateLimit\nlimit = RateLimit('2/minute')\n"
GET = "def GET():\n    return {}\n"


pytestmark = pytest.mark.usefixtures("state")


def statuses(routes: RouteProject, target: str, count: int, method: str = "GET") -> list[int]:
    return [routes.request(method, target).status for _ in range(count)]


def fields(response: ReceivedResponse) -> dict[str, str | None]:
    return {name: response.header(name) for name in ("ratelimit", "ratelimit-policy", "retry-after", "cache-control")}


def test_a_client_over_the_limit_gets_a_problem_that_names_the_policy(project: Make) -> None:
    routes = project(LIMIT + GET)

    assert statuses(routes, "/x", 2) == [200, 200]
    response = routes.get("/x")

    assert (response.status, response.header("content-type")) == (429, "application/problem+json")
    problem = response.json()
    assert {name: problem[name] for name in ("type", "title", "detail", "violated-policies", "instance")} == {
        "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
        "title": "Too Many Requests",
        "detail": "There were too many requests.",
        "violated-policies": ["default"],
        "instance": "/x",
    }
    assert fields(response) == {
        "ratelimit": '"default";r=0;t=30',
        "ratelimit-policy": '"default";q=2;w=60',
        "retry-after": "30",
        "cache-control": "private, no-store",
    }


def test_every_response_says_what_is_left(project: Make) -> None:
    routes = project(
        f"{LIMIT}from edgeroutes import HTTPError\ndef GET():\n    raise HTTPError(404)\ndef PUT():\n    1 / 0\n"
    )

    assert [routes.get("/x").header("ratelimit"), routes.request("PUT", "/x").header("ratelimit")] == [
        '"default";r=1;t=30',
        '"default";r=0;t=30',
    ]


def test_a_response_that_a_cdn_may_keep_says_nothing_of_what_is_left(project: Make) -> None:
    routes = project(f"{LIMIT}revalidate = 60\n{GET}")

    assert routes.get("/x").header("ratelimit") is None


def test_a_refused_request_reaches_neither_middleware_nor_body_nor_handler(project: Make, log_lines: Lines) -> None:
    routes = project(
        {
            "middleware.py": "async def middleware(request, call_next):\n    print('{}')\n    return await call_next(request)\n",
            "x/route.py": LIMIT.replace("2/minute", "1/day") + "def POST(body: dict[str, int]):\n    return body\n",
        }
    )

    assert routes.post_json("/x", {"a": 1}).status == 200
    assert log_lines() == [{}]
    assert routes.request("POST", "/x", [("content-type", "application/json")], b"{").status == 429
    assert log_lines() == []


def test_an_invalid_body_is_counted_and_refused_by_the_handlers_rules(project: Make) -> None:
    routes = project(f"{LIMIT}def POST(body: dict[str, int]):\n    return body\n")

    assert [
        routes.post_json("/x", "a").status,
        routes.post_json("/x", "a").status,
        routes.post_json("/x", "a").status,
    ] == [
        400,
        400,
        429,
    ]


def test_pages_of_allowed_origins_can_read_a_refusal_and_their_preflights_are_not_counted(project: Make) -> None:
    routes = project(f"from edgeroutes import CORS\ncors = CORS('{ORIGIN}', expose=['ratelimit'])\n{LIMIT}{GET}")
    preflight = [("origin", ORIGIN), ("access-control-request-method", "GET")]

    assert [routes.request("OPTIONS", "/x", preflight).status for _ in range(3)] == [204, 204, 204]
    assert statuses(routes, "/x", 2) == [200, 200]
    response = routes.get("/x", [("origin", ORIGIN)])

    assert (response.status, response.header("access-control-allow-origin")) == (429, ORIGIN)


def test_a_folders_limit_counts_its_routes_together_and_the_routes_own_takes_its_place(project: Make) -> None:
    routes = project(
        {
            "middleware.py": LIMIT,
            "a/route.py": GET,
            "b/route.py": GET,
            "c/route.py": LIMIT.replace("'2/minute'", "'1/minute', name='slow'") + GET,
            "d/route.py": f"limit = False\n{GET}",
        }
    )

    assert [routes.get(path).status for path in ("/a", "/b", "/a", "/b")] == [200, 200, 429, 429]
    assert [routes.get("/c").status, routes.get("/c").json()["violated-policies"]] == [200, ["slow"]]
    assert statuses(routes, "/d", 4) == [200] * 4


def test_several_limits_count_each_for_itself_and_the_fields_list_them(project: Make) -> None:
    limits = "[RateLimit('5/minute', name='client'), RateLimit('1/hour', key='header:x-tenant', name='tenant')]"
    routes = project(LIMIT.replace("RateLimit('2/minute')", limits) + GET)

    first = routes.get("/x", [("x-tenant", "a")])
    again = routes.get("/x", [("x-tenant", "a")])
    other = routes.get("/x", [("x-tenant", "b")])

    assert [first.status, again.status, other.status] == [200, 429, 200]
    assert first.header("ratelimit-policy") == '"client";q=5;w=60, "tenant";q=1;w=3600'
    assert again.json()["violated-policies"] == ["tenant"]


def test_a_route_that_does_not_exist_counts_nothing(project: Make, state: MemoryState) -> None:
    routes = project({"middleware.py": LIMIT, "a/route.py": GET})

    assert statuses(routes, "/b", 3) == [404] * 3
    assert routes.get("/a").header("ratelimit") == '"default";r=1;t=30'


def test_a_method_that_the_file_does_not_export_is_counted(project: Make) -> None:
    routes = project(LIMIT + GET)

    assert statuses(routes, "/x", 3, "DELETE") == [405, 405, 429]


def test_a_handler_counts_by_a_key_of_its_own(project: Make) -> None:
    routes = project(
        "from edgeroutes import HTTPError\nfrom edgeroutes.ratelimit import RateLimit\nper_name = RateLimit('1/hour')\n"
        "async def GET(name: str):\n    found = await per_name.hit(name)\n"
        "    return {'allowed': found.allowed, 'left': found.remaining, 'wait': found.retry_after_s}\n"
    )

    assert [routes.get(f"/x?name={name}").json() for name in ("a", "a", "b")] == [
        {"allowed": True, "left": 0, "wait": 0},
        {"allowed": False, "left": 0, "wait": 3600},
        {"allowed": True, "left": 0, "wait": 0},
    ]


def test_a_guard_that_running_the_file_takes_away_makes_the_route_fail(project: Make, log_lines: Lines) -> None:
    routes = project(f"{LIMIT}{GET}globals().pop('limit')\n")

    assert routes.get("/x").status == 500
    (line,) = [each for each in log_lines() if each["level"] == "ERROR"]
    assert "limit is declared, and the loaded file does not have it" in line["exception"]


@pytest.mark.parametrize(
    "statement", ["globals()['limit'] = RateLimit('2/minute')", "exec('limit = RateLimit(\\'2/minute\\')')"]
)
def test_a_guard_that_only_running_the_file_gives_makes_the_route_fail(
    project: Make, log_lines: Lines, statement: str
) -> None:
    routes = project(f"from edgeroutes.ratelimit import RateLimit\n{statement}\n{GET}")

    assert routes.get("/x").status == 500
    (line,) = [each for each in log_lines() if each["level"] == "ERROR"]
    assert "limit has a guard, and the source of the file does not declare it at the top level" in line["exception"]
