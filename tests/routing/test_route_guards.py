"""Which guards apply to a route, and declarations that do not fit together."""

from __future__ import annotations

import pytest

from edgeroutes.routing.guards import ApiKeyConfig, IdempotencyConfig, RateLimitConfig
from edgeroutes.routing.route_guards import RouteGuards, check_guards
from edgeroutes.routing.scan import RouteScan, scan
from tests.fakes.file_tree import FakeFileTree

GET = "def GET(): ...\n"
AUTH = "from edgeroutes.auth import api_key\nauth = api_key('env:KEYS')\n"
LIMIT = "from edgeroutes.ratelimit import RateLimit\nlimit = RateLimit('5/minute')\n"
ONCE = "from edgeroutes.idempotency import Idempotency\nidempotent = Idempotency()\n"


def scanned(**files: str) -> RouteScan:
    """The scan of files below `functions/`; `__` in a name is a folder, and `.py` is added."""
    return scan(FakeFileTree({f"functions/{name.replace('__', '/')}.py": text for name, text in files.items()}))


def problems(found: RouteScan) -> list[str]:
    return [str(problem) for problem in found.problems]


def test_a_route_has_the_nearest_declaration_of_each_guard() -> None:
    found = scanned(
        middleware=AUTH,
        a__middleware=f"{AUTH.replace('KEYS', 'OTHER')}{LIMIT}",
        a__b__route=f"{ONCE}def POST(): ...",
        c__route=GET,
    )
    assert problems(found) == []
    inner, outer = found.routes
    assert inner.guards == RouteGuards(
        auth=ApiKeyConfig("env:OTHER"),
        limits=(RateLimitConfig("5/minute"),),
        idempotent=IdempotencyConfig(),
        files={
            "auth": "functions/a/middleware.py",
            "limit": "functions/a/middleware.py",
            "idempotent": "functions/a/b/route.py",
        },
        lines={"auth": 2, "limit": 4, "idempotent": 2},
    )
    assert outer.guards == RouteGuards(
        auth=ApiKeyConfig("env:KEYS"), files={"auth": "functions/middleware.py"}, lines={"auth": 2}
    )


def test_false_takes_a_guard_of_a_folder_back_and_others_stay() -> None:
    found = scanned(middleware=f"{AUTH}{LIMIT}", a__route=f"auth = False\n{GET}")
    assert problems(found) == []
    (route,) = found.routes
    assert route.guards is not None
    assert (route.guards.auth, route.guards.limits) == (None, (RateLimitConfig("5/minute"),))
    assert route.guards.files == {"limit": "functions/middleware.py"}


def test_a_folder_declares_a_guard_again_below_one_that_took_it_back() -> None:
    found = scanned(
        middleware=AUTH, a__middleware="auth = False\n", a__b__middleware=AUTH, a__b__c__route=GET, a__d__route=GET
    )
    assert [route.guards.files if route.guards else None for route in found.routes] == [
        {"auth": "functions/a/b/middleware.py"},
        None,
    ]


def test_a_middleware_file_that_declares_guards_alone_wraps_nothing_and_is_loaded() -> None:
    (route,) = scanned(middleware=AUTH, a__route=GET).routes
    assert route.middleware_files == ()
    assert route.files == ("functions/middleware.py", "functions/a/route.py")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            "revalidate = 60\n",
            (
                "functions/a/route.py:1: revalidate has the response cached, and auth in functions/middleware.py:2 protects it."
                " CloudFront would give it to everyone. Remove revalidate, or set 'auth = False' for this route."
            ),
        ),
        (
            "dynamic = 'force-static'\n",
            (
                "functions/a/route.py:1: dynamic has the response cached, and auth in functions/middleware.py:2 protects it."
                " CloudFront would give it to everyone. Remove dynamic, or set 'auth = False' for this route."
            ),
        ),
    ],
)
def test_a_cached_response_behind_auth_is_refused_with_both_places(line: str, problem: str) -> None:
    assert problems(scanned(middleware=AUTH, a__route=f"{line}{GET}")) == [problem]
    assert problems(scanned(middleware=AUTH, a__route=f"auth = False\n{line}{GET}")) == []


def test_static_params_behind_auth_are_refused() -> None:
    text = "def generate_static_params():\n    return [{'id': '1'}]\ndef GET(id): ...\n"
    assert problems(scanned(middleware=AUTH, **{"x__[id]__route": text})) == [
        (
            "functions/x/[id]/route.py:1: generate_static_params has the response cached, and auth in functions/middleware.py:2"
            " protects it. CloudFront would give it to everyone. Remove generate_static_params, or set 'auth = False' for this route."
        )
    ]


@pytest.mark.parametrize("line", ["revalidate = 0\n", "dynamic = 'force-dynamic'\n"])
def test_what_is_not_cached_may_be_behind_auth(line: str) -> None:
    assert [each for each in problems(scanned(middleware=AUTH, a__route=f"{line}{GET}")) if "cached" in each] == []


def test_a_limit_by_caller_wants_auth() -> None:
    text = LIMIT.replace("'5/minute'", "'5/minute', key='caller'") + GET
    assert problems(scanned(a__route=text)) == [
        (
            "functions/a/route.py:2: limit counts by key='caller', and functions/a/route.py has no auth."
            " Declare auth, or use key='client'."
        )
    ]
    assert problems(scanned(middleware=AUTH, a__route=text)) == []


def test_a_limit_by_segment_wants_the_segment() -> None:
    text = LIMIT.replace("'5/minute'", "'5/minute', key='segment:idd'") + "def GET(id): ...\n"
    assert problems(scanned(**{"x__[id]__route": text})) == [
        (
            "functions/x/[id]/route.py:2: limit counts by key='segment:idd', and /x/[id] has no segment 'idd'. It has 'id'."
            " Declare it in the route files that have the segment."
        )
    ]
    assert problems(scanned(**{"x__[idd]__route": text.replace("(id)", "(idd)")})) == []


def test_idempotency_of_a_file_without_such_a_method_has_no_effect_and_is_refused_there_alone() -> None:
    assert problems(scanned(a__route=f"{ONCE}{GET}")) == [
        "functions/a/route.py:2: idempotent applies to POST, PATCH, and the file exports GET. Remove it, or name the method in 'methods'."
    ]
    assert problems(scanned(middleware=ONCE, a__route=GET)) == []


def test_a_response_that_streams_cannot_be_kept() -> None:
    assert problems(scanned(a__route=f"{ONCE}async def POST():\n    yield 'a'\n")) == [
        (
            "functions/a/route.py:2: idempotent cannot keep the response of functions/a/route.py, which streams."
            " Set 'idempotent = False' there, or 'streaming = False'."
        )
    ]


def test_idempotency_of_a_mounted_app_is_refused() -> None:
    assert problems(scanned(middleware=ONCE, a__route="from shop import app\n")) == [
        (
            "functions/middleware.py:2: idempotent does not apply to the app of functions/a/route.py, which reads requests by itself."
            " Set 'idempotent = False' there."
        )
    ]


def test_a_module_of_a_guards_name_declares_nothing() -> None:
    found = scanned(a__route=f"from edgeroutes import auth\n{GET}", b__route=f"import auth\n{GET}")
    assert problems(found) == []
    assert [route.guards for route in found.routes] == [None, None]


def test_a_guard_from_another_module_is_refused() -> None:
    assert problems(scanned(a__route=f"from security import auth\n{GET}")) == [
        (
            "functions/a/route.py:1: auth is imported from 'security.auth', and config must stand in the route file itself."
            " Write 'auth = ...' with a guard, or import it under another name: a route file declares guards by this one."
        )
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "revalidate = 60\n",
            (
                "functions/middleware.py:1: 'revalidate' has no effect in a middleware file. Allowed are cors, auth, limit, idempotent."
                " Move it to the route files."
            ),
        ),
        (
            AUTH.replace("\nauth", "\nprotection"),
            "functions/middleware.py:2: api_key(…) under the name 'protection' has no effect. Rename it to 'auth'.",
        ),
    ],
)
def test_what_a_folder_cannot_declare_is_refused(text: str, problem: str) -> None:
    assert problem in problems(scanned(middleware=text, a__route=GET))


def test_a_guard_that_nothing_uses_under_another_name_is_refused_in_a_route_file() -> None:
    assert problems(scanned(a__route=LIMIT.replace("\nlimit", "\nrate_limit") + GET)) == [
        "functions/a/route.py:2: RateLimit(…) under the name 'rate_limit' has no effect. Rename it to 'limit'."
    ]
    used = LIMIT.replace("\nlimit", "\nper_user") + "async def GET(id: str):\n    await per_user.hit(id)\n"
    assert problems(scanned(a__route=used)) == []


COGNITO = "from edgeroutes.auth import cognito\nauth = cognito('Users', client_id='c', at='gateway'%s)\n" + GET
BEARER = "from edgeroutes.auth import bearer\nauth = bearer('https://i', 'a', at='gateway')\n" + GET


def limited(arguments: str) -> str:
    return LIMIT.replace("'5/minute'", arguments) + GET


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (COGNITO % ", token_use='id'", []),
        (
            COGNITO % "",
            [
                (
                    'cognito has at="gateway" and token_use="access", and API Gateway\'s authorizer accepts ID tokens alone. '
                    'Use token_use="id", or at="function".'
                )
            ],
        ),
        (
            BEARER,
            [
                (
                    'bearer has at="gateway", and a REST API has an authorizer for Amazon Cognito alone. '
                    'Use at="function", which verifies the tokens of every issuer.'
                )
            ],
        ),
        (limited("'5/minute', at='gateway'"), []),
        (limited("'5/minute', key='route', at='gateway', burst=9"), []),
        (
            limited("'5/second, 9/minute', at='gateway'"),
            [
                (
                    'limit has several rates with at="gateway", and API Gateway takes one for a route. '
                    'Use at="function" for the others.'
                )
            ],
        ),
        (
            limited("'5/minute', key='header:x-tenant', cost=2, on_error='closed', at='gateway'"),
            [
                f'limit has {name} and at="gateway", where API Gateway counts all requests of a route together. '
                'Remove it, or use at="function".'
                for name in ("key='header:x-tenant'", "cost=2", "on_error='closed'")
            ],
        ),
        (
            limited("'10/minute', at='waf'"),
            [
                (
                    'limit has at="waf", and edgeroutes creates no web ACL: one for CloudFront has to be in us-east-1. '
                    "Write a rate-based rule into the web ACL that web_acl_arn in [tool.edgeroutes.cdn] names: docs/guards.md."
                )
            ],
        ),
    ],
)
def test_what_the_gateway_would_ignore_is_a_problem(source: str, problem: list[str]) -> None:
    found = scanned(a__route=source)
    assert [str(each) for route in found.routes for each in check_guards(route)] == [
        f"functions/a/route.py:2: {each}" for each in problem
    ]
