"""What the distribution does about CORS: nothing that it keeps for one origin reaches another, and its errors open nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeroutes.http.cors import CORS
from edgeroutes.runtime.application import Application
from edgeroutes.runtime.loop import LoopFree
from edgeroutes.runtime.manifest import Manifest, ManifestRoute
from edgeroutes.template.cdn import MAX_CODE_BYTES, cdn_resources
from edgeroutes.template.cors import edge_errors, plan_edge_cors, preflight_source
from tests.fakes.incoming import FakeIncoming
from tests.plan.projects import HANDLER, plan

if TYPE_CHECKING:
    from edgeroutes.plan.model import ProjectPlan

    Headers = dict[str, str]

APP, OTHER = "https://app.example.com", "https://other.example"
ENTRIES = [
    APP,
    OTHER,
    "http://localhost:3000",
    "https://*.example.com",
    r"regex:https://pr-[0-9]+\.example\.org",
    "env:ORIGINS",
]
ASKERS = [
    None,
    APP,
    OTHER,
    "https://a.example.com",
    "https://pr-1.example.org",
    "https://elsewhere.example",
    "null",
    "*",
    "",
]
ORIGINS = st.one_of(st.just(["*"]), st.lists(st.sampled_from(ENTRIES), min_size=1, max_size=4))


@st.composite
def policies(draw: st.DrawFn) -> CORS:
    origins = draw(ORIGINS)
    credentials = origins != ["*"] and draw(st.booleans())
    return CORS(origins, credentials=credentials, expose=draw(st.lists(st.just("x-total"))))


def cache_key(resources: dict[str, Any], origin: str | None) -> tuple[object, ...]:
    """By what CloudFront tells apart two requests for one path, as the template says."""
    config = resources["DistributionCachePolicy"]["Properties"]["CachePolicyConfig"]
    headers = config["ParametersInCacheKeyAndForwardedToOrigin"]["HeadersConfig"]
    return tuple({"Origin": origin}[name] for name in headers.get("Headers", ()))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(policies(), min_size=1, max_size=3), st.none() | policies(), st.lists(st.sampled_from(ASKERS), max_size=8)
)
def test_a_response_cached_for_one_origin_never_satisfies_another_wrongly(
    routes: list[CORS], default: CORS | None, askers: list[str | None]
) -> None:
    files = {
        f"r{number}/route.py": f"from edgeroutes import CORS\nrevalidate = 60\ncors = {cors!r}\n{HANDLER}"
        for number, cors in enumerate(routes)
    }
    project = {"cors": {"origins": [*default.origins], "credentials": default.credentials}} if default else {}
    made = plan({**files, "plain/route.py": f"revalidate = 60\n{HANDLER}"}, **project)
    resources = cdn_resources(made.config, plan_edge_cors(made))
    for cors in made.cors_policies:
        running = cors.with_environment({"ORIGINS": f"{OTHER} https://b.example"})
        shared: dict[object, object] = {}
        browsers: dict[object, object] = {}
        for origin in askers:
            fresh = (running.response_fields(origin), running.response_vary())
            assert shared.setdefault(cache_key(resources, origin), fresh) == fresh
            varying = tuple(origin for name in running.response_vary() if name == "Origin")
            assert browsers.setdefault(varying, fresh) == fresh


@pytest.mark.parametrize(
    ("origins", "is_keyed"),
    [("*", False), (APP, False), ([APP, OTHER], True), ("https://*.a.example", True), ("env:X", True)],
)
def test_origin_is_in_the_cache_key_only_where_responses_differ_by_it(origins: Any, is_keyed: bool) -> None:
    made = plan({}, cors={"origins": origins})
    assert plan_edge_cors(made).keys_by_origin is is_keyed


def test_several_hosts_are_in_it_as_well() -> None:
    cdn = {"domain_name": ["a.example", "b.example"], "certificate_arn": "arn:aws:acm:us-east-1:1:certificate/x"}
    made = plan({}, cdn=cdn, cors={"origins": [APP, OTHER]})
    policy = cdn_resources(made.config, plan_edge_cors(made))["DistributionCachePolicy"]["Properties"][
        "CachePolicyConfig"
    ]
    assert policy["ParametersInCacheKeyAndForwardedToOrigin"]["HeadersConfig"] == {
        "HeaderBehavior": "whitelist",
        "Headers": ["x-forwarded-host", "Origin"],
    }


def test_errors_of_the_edge_say_who_may_read_them() -> None:
    cors = {"origins": [APP, "https://*.a.example"], "credentials": True, "expose": ["x-total"], "headers": ["x-trace"]}
    assert edge_errors(plan({"a/route.py": ""}, cors=cors)) == {
        "AccessControlAllowOrigins": {"Items": [APP, "https://*.a.example"]},
        "AccessControlAllowMethods": {"Items": ["GET"]},
        "AccessControlAllowHeaders": {"Items": ["accept"]},
        "AccessControlAllowCredentials": True,
        "AccessControlExposeHeaders": {"Items": ["x-total"]},
        "OriginOverride": False,
    }


@pytest.mark.parametrize(
    ("files", "cors"),
    [
        ({"a/route.py": f"from edgeroutes import CORS\ncors = CORS('{APP}')\n{HANDLER}"}, None),
        ({"a/route.py": f"cors = False\n{HANDLER}"}, {"origins": APP}),
        ({"a/route.py": f"from edgeroutes import CORS\ncors = CORS('{OTHER}')\n{HANDLER}"}, {"origins": APP}),
        (
            {"a/route.py": f"from edgeroutes import CORS\ncors = CORS('{APP}', methods=['PUT'])\n{HANDLER}"},
            {"origins": APP},
        ),
        ({}, {"origins": APP, "methods": ["GET"]}),
        ({}, {"origins": [APP, "env:ORIGINS"]}),
        ({}, {"origins": "regex:https://[a-z]+[.]a[.]example"}),
        ({}, {"origins": [APP, "capacitor://localhost"]}),
    ],
    ids=[
        "no default",
        "a closed route",
        "another origin",
        "a route's methods",
        "methods",
        "variable",
        "regex",
        "scheme",
    ],
)
def test_they_say_nothing_where_it_would_open_more_than_the_routes_do(files: dict[str, str], cors: Any) -> None:
    assert edge_errors(plan(files, **({"cors": cors} if cors else {}))) is None


def test_preflights_that_do_not_fit_are_left_to_the_functions() -> None:
    route = f"from edgeroutes import CORS\ncors = CORS('{APP}')\n{HANDLER}"
    small = plan({"a/route.py": route})
    large = plan({f"resource-with-a-long-name-{number}/[id]/route.py": route for number in range(250)})
    codes = [
        cdn_resources(made.config, plan_edge_cors(made))["DistributionViewerRequest"]["Properties"]["FunctionCode"]
        for made in (small, large)
    ]
    assert ["respondToPreflight" in code for code in codes] == [True, False]
    assert max(len(code.encode()) for code in codes) <= 10_240


APP = "https://app.example.com"
RULES = f"""
from edgeroutes import CORS
cors = CORS(["{APP}", "https://*.wild.example", "http://localhost:3000"], headers=["X-Trace"], credentials=True, max_age=60)
def GET(): ...
def PUT(): ...
"""
ANYBODY = """
from edgeroutes import CORS
cors = CORS("*", headers="*", methods="*", private_network=True)
def GET(): ...
"""
FILES = {
    "route.py": RULES,
    "hello/route.py": RULES,
    "users/me/route.py": "cors = False\ndef GET(): ...\n",
    "users/[id]/route.py": RULES,
    "users/[id]/posts/[post]/route.py": ANYBODY,
    "docs/[...slug]/route.py": RULES,
    "docs/private/route.py": "def GET(): ...\n",
    "shop/[[...slug]]/route.py": ANYBODY,
    "files/a.b-c_d:e/route.py": RULES,
    "own/route.py": RULES + "def OPTIONS(): return 1\n",
    "pattern/[id]/route.py": "from edgeroutes import CORS\ncors = CORS('regex:https://a+')\ndef GET(): ...\n",
    "variable/route.py": "from edgeroutes import CORS\ncors = CORS(['https://a.example', 'env:X'])\ndef GET(): ...\n",
    "app/[[...path]]/route.py": "from edgeroutes import CORS\nfrom x import app\ncors = CORS('*')\n",
}
PATHS = [
    "/", "/hello", "/hello/", "//hello", "/none", "/users", "/users/me", "/users/7", "/users/a%20b", "/users/%zz", "/users/7/posts/8",
    "/users/7/posts", "/users/me/posts/8", "/docs", "/docs/a", "/docs/a/b", "/docs/private", "/docs/private/x", "/shop", "/shop/a/b",
    "/shop/", "/files/a.b-c_d:e", "/files/aXb-c_d:e", "/own", "/pattern/1", "/variable", "/app", "/app/x/y", "/constructor",
    "/hello/toString",
]  # fmt: skip
EDGE_ORIGINS = [
    APP, f"{APP}:443", "https://a.wild.example", "https://a.b.wild.example", "https://wild.example", "https://.wild.example",
    "https://wild.example.evil.example", "https://*.wild.example", "http://localhost:3000", "https://aaa", "https://a.example", "null",
    "HTTPS://APP.EXAMPLE.COM", f"https://{'a' * 300}.wild.example", "*",
]  # fmt: skip
ASKED: list[tuple[str, str | None, str | None]] = [
    ("GET", None, None),
    ("PUT", "content-type,x-trace", None),
    ("PUT", "X-TRACE , x-other,,x-trace", "true"),
    ("DELETE", "authorization", "true"),
    ("POST", "bad name,\tx-a", "false"),
    ("put", "", None),
    ("BREW", None, None),
    ("constructor", "toString", None),
]


def requests() -> list[tuple[str, Headers]]:
    found = []
    for path, origin, (method, headers, network) in product(PATHS, EDGE_ORIGINS, ASKED):
        sent = {"origin": origin, "access-control-request-method": method}
        if headers is not None:
            sent["access-control-request-headers"] = headers
        if network is not None:
            sent["access-control-request-private-network"] = network
        found.append((path, sent))
    return found


def run_in_node(source: str, events: list[dict[str, Any]]) -> list[Any]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node, which runs the edge's JavaScript here, is not installed")
    program = f"""'use strict';
{source}
const events = JSON.parse(require('fs').readFileSync(0));
console.log(JSON.stringify(events.map(event => respondToPreflight(event) || null)));
"""
    done = subprocess.run([node, "-e", program], input=json.dumps(events), capture_output=True, text=True, check=True)
    responses: list[Any] = json.loads(done.stdout)
    return responses


def edge_event(method: str, path: str, headers: Headers) -> dict[str, Any]:
    """Source: docs.aws.amazon.com/AmazonCloudFront "functions-event-structure", read 2026-11-21."""
    return {
        "method": method,
        "uri": path,
        "querystring": {},
        "headers": {name: {"value": value} for name, value in headers.items()},
        "cookies": {},
    }


def runtime(made: ProjectPlan) -> Application:
    routes = [
        ManifestRoute(
            route.route_path,
            route.source_file,
            cors=function.cors.get(route.route_path),
            has_options="OPTIONS" in route.exports.method_names,
        )
        for function in made.functions
        for route in function.routes
    ]
    manifest = Manifest(routes, base_path=made.config.base_path, cors=made.config.cors)
    return Application(manifest, "/nowhere", NotImplemented)


def ask_runtime(application: Application, path: str, headers: Headers) -> dict[str, Any] | None:
    """The runtime's response, as the edge would write it; None where a route or a problem responses."""
    from contextvars import copy_context

    call = application.open(FakeIncoming("OPTIONS", path, headers.items()))
    if call.route is not None:
        return None
    response = LoopFree().run(call.respond(), copy_context())
    if response.status != 204:
        return None
    return {
        "statusCode": 204,
        "statusDescription": "No Content",
        "headers": {name: {"value": value} for name, value in response.headers.multi_items()},
    }


@pytest.mark.parametrize("base_path", ["", "/api"])
def test_the_edge_responds_as_the_runtime_or_not_at_all(base_path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "https://b.example")
    made = plan(FILES, base_path=base_path)
    application = runtime(made)
    asked = [(base_path + path, headers) for path, headers in requests()]
    responses = run_in_node(preflight_source(made), [edge_event("OPTIONS", *each) for each in asked])

    left: set[str] = set()
    for (path, headers), response in zip(asked, responses, strict=True):
        expected = ask_runtime(application, path, headers)
        if response is None and expected is not None:
            left.add(path.removeprefix(base_path))
        elif response != expected:
            assert (path, headers, response) == (path, headers, expected)

    assert left == {
        *("/hello/", "//hello", "/shop/"),  # the runtime knows what is canonical
        "/users/a%20b",  # and what is percent-encoded well
        *("/pattern/1", "/variable"),
    }


def test_below_a_base_path_nothing_else_gets_a_response() -> None:
    source = preflight_source(plan(FILES, base_path="/api"))
    headers = {"origin": APP, "access-control-request-method": "GET"}
    asked = ["/", "/hello", "/apihello", "/api/hello", "/api", "/api/"]

    responses = run_in_node(source, [edge_event("OPTIONS", path, headers) for path in asked])

    assert [response is not None for response in responses] == [False, False, False, True, True, True]


def test_only_preflights_get_a_response() -> None:
    preflight = {"origin": APP, "access-control-request-method": "GET"}
    events = [
        edge_event("OPTIONS", "/hello", preflight),
        edge_event("GET", "/hello", preflight),
        edge_event("OPTIONS", "/hello", {}),
        edge_event("OPTIONS", "/hello", {"origin": APP}),
        edge_event("OPTIONS", "/hello", {"access-control-request-method": "GET"}),
    ]
    several = {"value": "x-a", "multiValue": [{"value": "x-a"}, {"value": "x-b"}]}
    for name in ("origin", "access-control-request-headers"):
        event = edge_event("OPTIONS", "/hello", preflight)
        event["headers"][name] = several
        events.append(event)

    responses = run_in_node(preflight_source(plan(FILES)), events)

    assert [response is not None for response in responses] == [True, False, False, False, False, False, False]


@pytest.mark.parametrize(
    ("files", "settings"),
    [
        ({"a/route.py": ""}, {}),
        ({"a/route.py": RULES + "def OPTIONS(): ...\n"}, {}),
        ({"a/route.py": ""}, {"cors": {"origins": "env:ORIGINS"}}),
        ({"a/route.py": ""}, {"cors": {"origins": [APP, "regex:https://a+"]}}),
        ({"a/route.py": RULES}, {"trailing_slash": True}),
    ],
)
def test_where_nothing_is_for_certain_there_is_no_function(files: dict[str, str], settings: dict[str, Any]) -> None:
    assert preflight_source(plan(files, **settings)) == ""


def test_a_project_of_eighty_routes_fits() -> None:
    files = {f"api/resource-{number}/[id]/route.py": RULES for number in range(40)}
    files |= {f"api/resource-{number}/route.py": RULES for number in range(40)}

    assert len(preflight_source(plan(files)).encode()) < MAX_CODE_BYTES - 3_000
