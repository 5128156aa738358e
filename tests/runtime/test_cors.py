"""CORS on the way through the runtime: preflights, and the fields of every response, errors of every kind included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.errors import ConfigError
from edgeroutes.http.cors import CORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import ReceivedResponse, RouteProject

    Make = Callable[..., RouteProject]

APP, OTHER, ELSEWHERE = "https://app.example", "https://other.example", "https://elsewhere.example"
TWO = f"from edgeroutes import CORS\ncors = CORS(['{APP}', '{OTHER}'], headers=['x-trace'], expose=['x-total'])\n"
ONE = f"from edgeroutes import CORS\ncors = CORS('{APP}', credentials=True)\n"
ASKS = ("access-control-request-method", "access-control-request-headers")


def preflight(
    routes: RouteProject, target: str, origin: str = APP, method: str = "PUT", headers: str | None = None
) -> ReceivedResponse:
    sent = [("origin", origin), (ASKS[0], method), *([(ASKS[1], headers)] if headers else [])]
    return routes.request("OPTIONS", target, sent)


def allowed(response: ReceivedResponse) -> dict[str, str]:
    """What the response says to browsers."""
    return {
        name.removeprefix("access-control-"): value for name, value in response.headers if name.startswith("access-")
    }


HANDLERS = """
def GET():
    return {}
def PUT():
    1 / 0
"""


def test_a_preflight_gets_a_response_without_loading_the_route_or_its_middleware(project: Make) -> None:
    routes = project(
        {"middleware.py": "1 / 0\nasync def middleware(request, call_next): ...", "x/route.py": f"{TWO}{HANDLERS}1 / 0"}
    )

    response = preflight(routes, "/x", headers="content-type,x-trace,x-other")

    assert (response.status, response.body) == (204, b"")
    assert sorted(response.headers) == [
        ("access-control-allow-headers", "content-type, x-trace"),
        ("access-control-allow-methods", "PUT"),
        ("access-control-allow-origin", APP),
        ("access-control-max-age", "600"),
        ("cache-control", "private, no-store"),
        ("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
    ]


@pytest.mark.parametrize(
    ("origin", "method", "said"),
    [
        (APP, "GET", {"allow-origin": APP, "allow-methods": "GET", "max-age": "600"}),
        (OTHER, "HEAD", {"allow-origin": OTHER, "allow-methods": "HEAD", "max-age": "600"}),
        (APP, "DELETE", {"allow-origin": APP, "max-age": "600"}),
        (APP, "POST", {}),
        (ELSEWHERE, "GET", {}),
        ("null", "GET", {}),
    ],
)
def test_what_the_route_exports_is_allowed_to_who_is(
    project: Make, origin: str, method: str, said: dict[str, str]
) -> None:
    response = preflight(project(TWO + HANDLERS), "/x", origin, method)

    assert (response.status, allowed(response)) == (204, said)


def test_a_path_that_does_not_exist_has_no_preflight(project: Make) -> None:
    routes = project({"x/route.py": TWO + HANDLERS}, cors=CORS([APP, OTHER]))

    response = preflight(routes, "/y")

    assert (response.status, response.json()["title"]) == (404, "Not Found")


@pytest.mark.parametrize(
    "headers",
    [[], [("origin", APP)], [(ASKS[0], "PUT")]],
    ids=["nothing", "an origin alone", "no origin"],
)
def test_other_requests_of_that_method_are_served_as_usual(project: Make, headers: list[tuple[str, str]]) -> None:
    response = project(TWO + HANDLERS).request("OPTIONS", "/x", headers)

    assert (response.status, response.header("allow")) == (204, "GET, HEAD, OPTIONS, PUT")


ERRORS = """
from edgeroutes import HTTPError, not_found, redirect
revalidate = 60
def GET(request, kind: str = ""):
    if kind == "raised":
        1 / 0
    if kind == "missing":
        not_found()
    if kind == "moved":
        redirect("/elsewhere")
    if kind == "stream":
        return iter(["a", "b"])
    if kind == "broken stream":
        return (1 / 0 for _ in "a")
    if kind == "teapot":
        raise HTTPError(418, headers={"vary": "Accept"})
    return "hello"
def POST(page: int):
    return page
"""
RESPONSES: list[tuple[str, str, list[tuple[str, str]], int]] = [
    ("GET", "/x", [], 200),
    ("HEAD", "/x", [], 200),
    ("GET", "/x", [("if-none-match", "*")], 304),
    ("GET", "/x?kind=raised", [], 500),
    ("GET", "/x?kind=missing", [], 404),
    ("GET", "/x?kind=moved", [], 307),
    ("GET", "/x?kind=stream", [], 200),
    ("GET", "/x?kind=broken%20stream", [], 500),
    ("GET", "/x?kind=teapot", [], 418),
    ("POST", "/x", [], 400),
    ("PUT", "/x", [], 405),
    ("TRACE", "/x", [], 400),
    ("GET", "/x/", [], 308),
    ("GET", "//x", [], 308),
    ("OPTIONS", "/x", [], 204),
]


@pytest.mark.parametrize(
    ("method", "target", "headers", "status"), RESPONSES, ids=[f"{a[0]} {a[1]} {a[3]}" for a in RESPONSES]
)
def test_every_response_says_who_may_read_it(
    project: Make, method: str, target: str, headers: list[tuple[str, str]], status: int
) -> None:
    routes = project(TWO + ERRORS)
    seen = {}
    for origin in (None, APP, OTHER, ELSEWHERE):
        sent = [*headers, *([("origin", origin)] if origin else [])]
        response = routes.request(method, target, sent)
        assert response.status == status
        assert "Origin" in (response.header("vary") or "").split(", ")
        seen[origin] = allowed(response)

    readable = {"expose-headers": "x-total"}
    assert seen == {
        None: {},
        APP: {"allow-origin": APP, **readable},
        OTHER: {"allow-origin": OTHER, **readable},
        ELSEWHERE: {},
    }


def test_what_a_handler_varies_by_is_kept(project: Make) -> None:
    response = project(TWO + ERRORS).get("/x?kind=teapot", [("origin", APP)])

    assert response.header("vary") == "Accept, Origin"


def test_a_single_origin_is_sent_to_everybody_and_varies_by_nothing(project: Make) -> None:
    routes = project(ONE + ERRORS)
    said = {"allow-origin": APP, "allow-credentials": "true"}

    for headers in ([], [("origin", APP)], [("origin", ELSEWHERE)]):
        response = routes.get("/x", headers)
        assert (response.status, allowed(response), response.header("vary")) == (200, said, None)


def test_a_file_that_does_not_load_can_be_read_about(project: Make) -> None:
    response = project(f"{ONE}{HANDLERS}1 / 0").get("/x", [("origin", APP)])

    assert (response.status, allowed(response)["allow-origin"]) == (500, APP)


def test_the_projects_cors_covers_paths_without_a_route(project: Make) -> None:
    routes = project({"x/route.py": f"cors = False\n{HANDLERS}", "y/route.py": HANDLERS}, cors=CORS(APP))
    sent = [("origin", APP)]

    assert allowed(routes.get("/y", sent)) == {"allow-origin": APP}
    assert allowed(routes.get("/none", sent)) == {"allow-origin": APP}
    assert allowed(routes.get("/y/%zz", sent)) == {"allow-origin": APP}
    assert allowed(routes.get("/x", sent)) == {}
    assert allowed(routes.get("/x/", sent)) == {}
    assert preflight(routes, "/x").status == 204  # the automatic OPTIONS, which allows nothing
    assert allowed(preflight(routes, "/x")) == {}


def test_below_a_base_path(project: Make) -> None:
    routes = project({"x/route.py": TWO + HANDLERS, "route.py": TWO + HANDLERS}, base_path="/app")

    assert allowed(preflight(routes, "/app/x"))["allow-methods"] == "PUT"
    assert allowed(preflight(routes, "/app"))["allow-methods"] == "PUT"
    assert (preflight(routes, "/x").status, allowed(preflight(routes, "/x"))) == (404, {})
    assert (preflight(routes, "/apps").status, allowed(preflight(routes, "/apps"))) == (404, {})
    moved = routes.get("/app/x/", [("origin", APP)])
    assert (moved.status, allowed(moved)["allow-origin"]) == (308, APP)


def test_a_path_that_leads_to_the_canonical_one_has_its_preflight(project: Make) -> None:
    """Else the browser would not follow the redirect, for a preflight follows none."""
    assert allowed(preflight(project(TWO + HANDLERS), "/x/"))["allow-methods"] == "PUT"


def test_a_routes_own_options_handles_the_request_and_leaves_the_rest_to_us(project: Make) -> None:
    source = f"{TWO}def PUT(): ...\ndef OPTIONS(request):\n    return {{'methods': ['PUT']}}\n"
    routes = project(source)

    response = preflight(routes, "/x", headers="x-trace")

    assert (response.status, response.json()) == (200, {"methods": ["PUT"]})
    assert allowed(response) == {
        "allow-origin": APP,
        "allow-methods": "PUT",
        "allow-headers": "x-trace",
        "max-age": "600",
    }


def test_what_a_handler_says_by_hand_stays_as_it_is(project: Make) -> None:
    source = f"""
from edgeroutes import CORS, Response
cors = CORS(['{APP}', '{OTHER}'], credentials=True)
def GET():
    return Response("x", headers={{"access-control-allow-origin": "{ELSEWHERE}"}})
"""
    response = project(source).get("/x", [("origin", APP)])

    assert (allowed(response), response.header("vary")) == ({"allow-origin": ELSEWHERE}, "Origin")


def test_responses_of_middleware_get_cors_headers_too(project: Make) -> None:
    source = "from edgeroutes import unauthorized\nasync def middleware(request, call_next):\n    unauthorized()\n"
    response = project({"middleware.py": source, "x/route.py": ONE + HANDLERS}).get("/x", [("origin", APP)])

    assert (response.status, allowed(response)["allow-origin"]) == (401, APP)


def test_folders_say_it_for_their_routes_and_the_nearest_wins(project: Make) -> None:
    routes = project(
        {
            "middleware.py": "from edgeroutes import CORS\ncors = CORS('https://root.example')\n"
            "async def middleware(request, call_next):\n    return await call_next(request)\n",
            "a/function.yaml": "cors:\n  origins: https://yaml.example\n  methods: [GET]\n",
            "a/b/route.py": HANDLERS,
            "a/c/route.py": ONE + HANDLERS,
            "a/off/function.yaml": "cors: false\n",
            "a/off/route.py": HANDLERS,
            "d/route.py": HANDLERS,
        },
        cors=CORS("https://project.example"),
    )
    seen = {path: allowed(routes.get(path)).get("allow-origin") for path in ("/a/b", "/a/c", "/a/off", "/d", "/none")}

    assert seen == {
        "/a/b": "https://yaml.example",
        "/a/c": APP,
        "/a/off": None,
        "/d": "https://root.example",
        "/none": "https://project.example",
    }


def test_origins_of_the_environment_are_read_at_start(project: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    source = f"from edgeroutes import CORS\ncors = CORS(['{APP}', 'env:CORS_TEST_ORIGINS'])\n{HANDLERS}"
    monkeypatch.setenv("CORS_TEST_ORIGINS", f"{OTHER},https://*.wild.example")

    routes = project(source)

    seen = {
        origin: allowed(routes.get("/x", [("origin", origin)])) for origin in (APP, OTHER, "https://a.wild.example")
    }
    assert seen == {origin: {"allow-origin": origin} for origin in seen}
    assert allowed(routes.get("/x", [("origin", ELSEWHERE)])) == {}


@pytest.mark.parametrize("value", [None, "", "app.example"])
def test_a_variable_that_is_not_right_ends_the_start(
    project: Make, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("CORS_TEST_ORIGINS", raising=False)
    if value is not None:
        monkeypatch.setenv("CORS_TEST_ORIGINS", value)
    routes = project(f"from edgeroutes import CORS\ncors = CORS('env:CORS_TEST_ORIGINS')\n{HANDLERS}")

    with pytest.raises(ConfigError, match="the environment variable CORS_TEST_ORIGINS") as caught:
        routes.lambda_handler()

    assert caught.value.where == f"{routes.app_dir}/x/route.py"
    assert caught.value.hint.endswith("CORS_TEST_ORIGINS=https://app.example.com")


def test_a_stream_that_breaks_before_it_is_out_is_an_error_that_can_be_read(project: Make) -> None:
    source = f"{ONE}def GET():\n    yield 'a'\n    1 / 0\n"
    event: dict[str, Any] = {
        "httpMethod": "GET",
        "path": "/x",
        "headers": {"Origin": APP},
        "multiValueHeaders": {"Origin": [APP]},
        "requestContext": {"requestId": "1"},
    }

    result = project(source).lambda_handler()(event)

    assert (result["statusCode"], result["multiValueHeaders"]["access-control-allow-origin"]) == (500, [APP])


@pytest.mark.parametrize("where", ["handler", "middleware"])
def test_a_response_that_is_given_time_after_time_names_nobody_of_before(project: Make, where: str) -> None:
    kept = "from edgeroutes import Response\nKEPT = Response('kept')\n"
    files = {
        "handler": {"x/route.py": f"{kept}{TWO}def GET():\n    return KEPT\n"},
        "middleware": {
            "x/route.py": f"{TWO}def GET():\n    1 / 0\n",
            "middleware.py": f"{kept}async def middleware(request, call_next):\n    return KEPT\n",
        },
    }
    routes = project(files[where])

    seen = [
        allowed(routes.get("/x", [("origin", origin)])).get("allow-origin") for origin in (APP, OTHER, ELSEWHERE, APP)
    ]

    assert seen == [APP, OTHER, None, APP]
