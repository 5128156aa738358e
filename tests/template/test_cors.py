"""What the distribution does about CORS: nothing that it keeps for one origin reaches another, and its errors open nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeroutes.http.cors import CORS
from edgeroutes.template.cdn import cdn_resources
from edgeroutes.template.cors import edge_errors, plan_edge_cors
from tests.plan.projects import HANDLER, plan

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
def test_an_answer_kept_for_one_origin_never_satisfies_another_wrongly(
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
def test_origin_is_in_the_cache_key_only_where_answers_differ_by_it(origins: Any, is_keyed: bool) -> None:
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
