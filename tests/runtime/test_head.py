"""Caching of a route's responses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeroutes.errors import HandlerError
from edgeroutes.http.cors import CORS
from edgeroutes.http.freshness import allows_sharing
from tests.fakes.incoming import FakeIncoming

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import ReceivedResponse, RouteProject

    Make = Callable[..., RouteProject]

IMPORTS = """\
from typing import Annotated
from edgeroutes import Cookie, HTTPError, Header, Request, Response, RouteContext, cookies, headers, not_found, redirect
"""
PRIVATE = "private, no-store"
MINUTE = "public, s-maxage=60, stale-while-revalidate=31535940, stale-if-error=31535940"
YEAR = "public, s-maxage=31536000"


def route(config: str, result: str = "return 'a'", signature: str = "") -> str:
    return f"{IMPORTS}{config}\nasync def GET({signature}):\n    {result}\nasync def POST():\n    return 'posted'\n"


DIRECTIVES = [
    "public",
    "private",
    "no-store",
    "no-cache",
    'no-cache="Set-Cookie"',
    "max-age=60",
    "s-maxage=60",
    "S-MaxAge=0",
    "immutable",
]
SETS_COOKIE = """\
from edgeroutes import Response, cookies
asked = {"status": 200, "own": None, "by": "header"}
def GET():
    response = Response("a", asked["status"], {} if asked["own"] is None else {"Cache-Control": asked["own"]})
    if asked["by"] == "header":
        response.headers["Set-Cookie"] = "a=1"
    elif asked["by"] == "response":
        response.cookies.set("a", "1")
    else:
        cookies().set("a", "1")
    return response
"""


@pytest.fixture
def cookie_setters(project: Make) -> dict[str, RouteProject]:
    configs = ("", "revalidate = 60", "dynamic = 'force-static'", "dynamic = 'error'")
    return {config: project(f"{config}\ntags = ['t']\n{SETS_COOKIE}") for config in configs}


def cached(response: ReceivedResponse) -> str | None:
    return response.header("cache-control")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("", PRIVATE),
        ("dynamic = 'auto'", PRIVATE),
        ("dynamic = 'force-dynamic'\nrevalidate = 60", PRIVATE),
        ("revalidate = 0", PRIVATE),
        ("dynamic = 'force-static'\nrevalidate = 0", PRIVATE),
        ("revalidate = 60", MINUTE),
        ("dynamic = 'force-static'\nrevalidate = 60", MINUTE),
        ("dynamic = 'error'\nrevalidate = 60", MINUTE),
        ("revalidate = False", YEAR),
        ("dynamic = 'force-static'", YEAR),
        ("dynamic = 'error'", YEAR),
        ("def generate_static_params(): return []", YEAR),
        ("revalidate = 60\ndef generate_static_params(): return []", MINUTE),
    ],
)
def test_the_config_says_how_long_a_response_is_kept(project: Make, config: str, expected: str) -> None:
    assert cached(project(route(config)).get("/x")) == expected


@pytest.mark.parametrize(
    ("result", "status", "expected"),
    [
        ("return 'a'", 200, MINUTE),
        ("return Response('a', 203)", 203, MINUTE),
        ("return Response(status=204)", 204, MINUTE),
        ("return Response.redirect('/y', 301)", 301, MINUTE),
        ("return Response.redirect('/y', 302)", 302, MINUTE),
        ("return Response.redirect('/y', 303)", 303, PRIVATE),
        ("redirect('/y')", 307, MINUTE),
        ("return Response.redirect('/y', 308)", 308, MINUTE),
        ("not_found()", 404, "public, s-maxage=60"),
        ("return Response('gone', 410)", 410, "public, s-maxage=60"),
        ("return Response('a', 201)", 201, PRIVATE),
        ("raise HTTPError(403)", 403, PRIVATE),
        ("raise HTTPError(503)", 503, PRIVATE),
        ("1 / 0", 500, PRIVATE),
    ],
)
@pytest.mark.usefixtures("log_lines")
def test_only_some_statuses_are_kept(project: Make, result: str, status: int, expected: str) -> None:
    response = project(route("revalidate = 60", result)).get("/x")

    assert (response.status, response.values("cache-control")) == (status, [expected])


def test_other_methods_are_never_kept_and_leave_get_alone(project: Make) -> None:
    routes = project(route("revalidate = 60\ntags = ['t']"))

    assert [cached(routes.request(method, "/x")) for method in ("POST", "PUT", "OPTIONS", "GET")] == [PRIVATE] * 3 + [
        MINUTE
    ]
    assert routes.request("POST", "/x").values("x-cache-tag") == []


@pytest.mark.parametrize(
    ("signature", "result"),
    [
        ("", "headers(); return 'a'"),
        ("", "cookies(); return 'a'"),
        ("request: Request", "request.headers; return 'a'"),
        ("request: Request", "request.cookies; return 'a'"),
        ("request: Request", "request.client; return 'a'"),
        ("context: RouteContext", "context.aws_event; return 'a'"),
        ("a: Annotated[str, Header()] = ''", "return 'a'"),
        ("a: Annotated[str, Cookie()] = ''", "return 'a'"),
        ("", "cookies().set('a', '1'); return 'a'"),
        ("", "return Response('a', headers={'Set-Cookie': 'a=1'})"),
        ("", "response = Response('a'); response.cookies.set('a', '1'); return response"),
        ("", "headers(); not_found()"),
    ],
)
def test_asking_who_asks_or_setting_a_cookie_makes_it_dynamic(project: Make, signature: str, result: str) -> None:
    response = project(route("revalidate = 60\ntags = ['t']", result, signature)).get("/x")

    assert (cached(response), response.header("etag"), response.header("x-cache-tag")) == (PRIVATE, None, None)


@pytest.mark.parametrize(
    ("signature", "result"),
    [
        (
            "request: Request",
            "request.url; request.method; request.path; request.query_params; request.path_params; return 'a'",
        ),
        ("request: Request", "await request.body(); request.content_type(); request.state; return 'a'"),
        ("page: int = 1", "return 'a'"),
        (
            "context: RouteContext",
            "context.request_id; context.route; context.params; context.remaining_ms; context.aws_context; return 'a'",
        ),
        ("", "response = Response('a'); response.cookies; return response"),
    ],
)
def test_reading_anything_else_changes_nothing(project: Make, signature: str, result: str) -> None:
    assert cached(project(route("revalidate = 60", result, signature)).get("/x?page=2")) == MINUTE


def test_middleware_that_asks_makes_it_dynamic_too(project: Make) -> None:
    asks = "async def middleware(request, call_next):\n    request.headers\n    return await call_next(request)\n"
    plain = "async def middleware(request, call_next):\n    return await call_next(request)\n"

    assert cached(project({"x/route.py": route("revalidate = 60"), "middleware.py": asks}).get("/x")) == PRIVATE
    assert cached(project({"x/route.py": route("revalidate = 60"), "middleware.py": plain}).get("/x")) == MINUTE


@pytest.mark.parametrize(
    ("signature", "result", "what"),
    [
        ("", "headers()", "headers"),
        ("", "cookies()", "cookies"),
        ("request", "request.client", "client"),
        ("context", "context.aws_event", "aws_event"),
        ("a: Annotated[str, Header()] = ''", "return a", "headers"),
    ],
)
def test_error_makes_asking_an_error(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]], signature: str, result: str, what: str
) -> None:
    routes = project(route("dynamic = 'error'", result, signature))

    response = routes.get("/x")

    assert (response.status, cached(response)) == (500, PRIVATE)
    (line,) = log_lines()
    assert (
        f'{routes.app_dir}/x/route.py: {what} were read, but dynamic = "error" promises a response that is the same for everyone. '
        f'Do not read {what}, or set dynamic = "auto".'
    ) in line["exception"]


def test_force_static_gives_empty_ones_and_refuses_to_set(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """Source: facts/nextjs.md C20, K19."""
    shown = "return [dict(headers()), dict(cookies()), dict(request.headers), request.cookies, request.client, context.aws_event]"
    routes = project(route("dynamic = 'force-static'", shown, "request, context"))
    sets = project(route("dynamic = 'force-static'", "cookies().set('a', '1')"))

    response = routes.ask(FakeIncoming("GET", "/x", [("cookie", "a=1")], event={}))

    assert (response.json(), cached(response)) == ([{}, {}, {}, {}, None, None], YEAR)
    assert sets.get("/x").status == 500
    assert "a static response is the same for everyone and sets no cookie" in log_lines()[0]["exception"]


def test_other_methods_of_a_static_route_see_the_request(project: Make) -> None:
    source = (
        f"{IMPORTS}dynamic = 'force-static'\ndef POST():\n    cookies().set('a', '1')\n    return dict(headers())\n"
    )

    response = project(source).request("POST", "/x", [("x", "1")])

    assert (response.json(), response.values("set-cookie")) == ({"x": "1"}, ["a=1; Path=/"])


@pytest.mark.parametrize("config", ["", "revalidate = 60", "dynamic = 'force-dynamic'"])
@pytest.mark.parametrize(
    ("own", "tags", "has_etag"),
    [
        ("max-age=5", ["t,_path:/x"], True),
        ("public, s-maxage=60", ["t,_path:/x"], True),
        ("private, max-age=5", [], True),
        ("no-cache", [], True),
        ("public", [], True),
        ("max-age=60, s-maxage=0", [], True),
        ("no-store", [], False),
    ],
)
def test_a_handlers_own_cache_control_goes_out_as_it_is(
    project: Make, config: str, own: str, tags: list[str], has_etag: bool
) -> None:
    """Where it lets others have the response, with tags: `revalidate_tag` must find it."""
    routes = project(route(f"tags = ['t']\n{config}", f"return Response('a', headers={{'Cache-Control': '{own}'}})"))

    response = routes.get("/x")

    assert (response.values("cache-control"), response.values("x-cache-tag")) == ([own], tags)
    etag = response.header("etag")
    assert (etag is not None) == has_etag
    if etag is not None:
        again = routes.get("/x", [("if-none-match", etag)])
        assert (again.status, again.values("cache-control")) == (304, [own])


def test_the_own_cache_control_of_another_method_or_an_error_has_nothing_added(project: Make) -> None:
    source = f"{IMPORTS}def POST():\n    return Response('a', headers={{'Cache-Control': 'max-age=5'}})\n"
    failing = route("", "raise HTTPError(503, headers={'Cache-Control': 'max-age=5'})")

    for response in (project(source).request("POST", "/x"), project(failing).get("/x")):
        assert (cached(response), response.header("etag")) == ("max-age=5", None)


@pytest.mark.parametrize(
    ("own", "sent", "warns"),
    [
        ("public, s-maxage=60", PRIVATE, True),
        ("max-age=5", PRIVATE, True),
        ('public, max-age=5, no-cache="Set-Cookie"', None, False),
        ("private, max-age=5", None, False),
        ("max-age=0, must-revalidate", None, False),
        ("no-store", None, False),
    ],
)
def test_one_visitors_cookie_is_never_given_to_the_next(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]], own: str, sent: str | None, warns: bool
) -> None:
    result = f"return Response('a', headers={{'Cache-Control': '{own}', 'Set-Cookie': 'a=1'}})"
    routes = project(route("tags = ['t']", result))

    response = routes.get("/x")

    assert (cached(response), response.values("set-cookie")) == (sent or own, ["a=1"])
    assert (response.header("x-cache-tag"), response.header("etag")) == (None, None)
    warning = (
        f"{routes.app_dir}/x/route.py: a response that sets a cookie has Cache-Control {own!r}, by which CloudFront would give the "
        "cookie to everyone. It is sent as 'private, no-store'. Use 'private', or add 'no-cache=\"Set-Cookie\"'."
    )
    assert [line["message"] for line in log_lines()] == ([warning] if warns else [])


def test_tags_go_into_the_configured_header_with_the_paths_own(project: Make) -> None:
    config = "revalidate = 60\ntags = ['products', 'a-b', 'products']"

    assert project(route(config)).get("/x").values("x-cache-tag") == ["products,a-b,_path:/x"]
    assert project(route(config), tag_header="edge-cache-tag").get("/x").values("edge-cache-tag") == [
        "products,a-b,_path:/x"
    ]
    assert project(route("revalidate = 60")).get("/x?page=2").values("x-cache-tag") == ["_path:/x"]
    assert project(route("tags = ['t']")).get("/x").values("x-cache-tag") == []


def test_the_paths_tag_is_without_base_path_and_trailing_slash(project: Make) -> None:
    files = {"[name]/route.py": route("revalidate = 60")}

    assert project(files, base_path="/shop").get("/shop/Caf%C3%A9").values("x-cache-tag") == ["_path:/^caf%c3%a9"]
    assert project(files, trailing_slash=True).get("/a/").values("x-cache-tag") == ["_path:/a"]


def test_cache_tags_adds_to_the_routes(project: Make) -> None:
    source = route("revalidate = 60\ntags = ['t']", "cache_tags('b', 'a', 't'); cache_tags('a'); return 'a'")
    dynamic = route("", "cache_tags('b'); return 'a'")

    assert project("from edgeroutes import cache_tags\n" + source).get("/x").values("x-cache-tag") == ["t,a,b,_path:/x"]
    assert project("from edgeroutes import cache_tags\n" + dynamic).get("/x").values("x-cache-tag") == []


def test_cache_tags_alone_lowers_no_lifetime(project: Make) -> None:
    source = "from edgeroutes import cache_tags\n" + route("revalidate = 63072000", "cache_tags('a'); return 'a'")
    assert cached(project(source).get("/x")) == "public, s-maxage=63072000"


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ("cache_tags('a,b')", "cache_tags(): tag 'a,b' has a character that CloudFront does not accept."),
        (
            "cache_tags('t' * 257)",
            "cache_tags(): tag 'tttttttttttttttttttt…' has 257 characters. Allowed are up to 256.",
        ),
        (
            "cache_tags(*(f't{n:02}' for n in range(50)))",
            "/x/route.py: the response has 50 cache tags, from 't00' to 't49'. Allowed are 49. Give fewer in tags, cache_tags(), cached()",
        ),
    ],
)
def test_a_tag_too_many_or_too_long_is_an_error_that_names_it(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]], call: str, problem: str
) -> None:
    response = project("from edgeroutes import cache_tags\n" + route("revalidate = 60", f"{call}; return 'a'")).get(
        "/x"
    )

    assert (response.status, cached(response)) == (500, PRIVATE)
    assert problem in log_lines()[0]["exception"]


def test_a_stream_that_caches_may_store_cannot_read_the_client_or_add_tags(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    late = """\
from edgeroutes import cache_tags, headers
revalidate = 60
async def GET(what: str):
    yield "public "
    headers() if what == "headers" else cache_tags("late")
    yield "private"
"""
    routes = project({"x/route.py": late, "y/route.py": late.replace("revalidate = 60", "")})

    for what, problem in (
        ("headers", "headers were read, but the stream has begun, and caches may store it."),
        ("tags", "cache_tags() was called after the stream had begun. Call it before the handler returns"),
    ):
        with pytest.raises(HandlerError, match=re.escape(problem)):
            routes.get(f"/x?what={what}")
    assert routes.get("/y?what=headers").text == "public private"
    assert log_lines() == []


def test_what_runs_after_a_cached_response_may_ask(project: Make) -> None:
    source = "seen = []\n" + route("revalidate = 60", "after(lambda: seen.append(headers()['x'])); return 'a'")
    routes = project("from edgeroutes import after\n" + source)

    response = routes.get("/x", [("x", "1")])
    routes.finish(response)

    assert (cached(response), routes.module("x/route.py").seen) == (MINUTE, ["1"])


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ("headers(); cookies(); headers(); return 'a'", "headers and cookies were read"),
        ("return Response('a', 201)", "status 201 is never cached"),
        ("return Response('a', headers={'Set-Cookie': 'a=1'})", "it sets a cookie"),
    ],
)
def test_why_a_response_is_dynamic_stands_in_the_log_at_debug_level(
    project: Make,
    log_lines: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    result: str,
    reason: str,
) -> None:
    routes = project(route("revalidate = 60", result))
    routes.get("/x")
    assert log_lines() == []

    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", "debug")
    routes.get("/x")
    routes.request("POST", "/x")

    (line,) = log_lines()
    assert {name: line[name] for name in ("level", "message", "route", "path")} == {
        "level": "DEBUG",
        "message": f"the response is not cached: {reason}",
        "route": "/x",
        "path": "/x",
    }


@given(
    config=st.sampled_from(["", "revalidate = 60", "dynamic = 'force-static'", "dynamic = 'error'"]),
    status=st.sampled_from([200, 203, 301, 307, 404, 410, 500]),
    directives=st.none() | st.lists(st.sampled_from(DIRECTIVES), max_size=4),
    by=st.sampled_from(["header", "jar", "response"]),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.usefixtures("log_lines")
def test_no_response_with_a_cookie_is_ever_for_everyone(
    cookie_setters: dict[str, RouteProject], config: str, status: int, directives: list[str] | None, by: str
) -> None:
    own = None if directives is None else ", ".join(directives)
    routes = cookie_setters[config]
    routes.get("/x")  # loads it
    routes.module("x/route.py").asked.update(status=status, own=own, by=by)

    response = routes.get("/x")

    said = cached(response) or ""
    if response.values("set-cookie"):
        assert not allows_sharing(said) or "set-cookie" in said.lower()
        assert response.header("x-cache-tag") is None
    else:
        assert response.status == 500  # force-static and error refuse to set one by cookies()


def test_a_cached_response_has_a_strong_etag_and_304s(project: Make) -> None:
    routes = project(
        route("revalidate = 60\ntags = ['t']", "return Response('a', headers={'Vary': 'Accept-Encoding', 'X': '1'})")
    )
    first = routes.get("/x")
    etag = first.header("etag") or ""
    kept = [("vary", "Accept-Encoding"), ("cache-control", MINUTE), ("x-cache-tag", "t,_path:/x"), ("etag", etag)]

    assert etag == '"27c35e6e9373877f29e562464e46497e"'
    assert first.headers == [
        ("vary", "Accept-Encoding"),
        ("x", "1"),
        ("content-type", "text/plain; charset=utf-8"),
        *kept[1:],
    ]
    for sent in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = routes.get("/x", [("if-none-match", sent)])
        assert (again.status, again.headers, again.body) == (304, kept, b"")
    assert routes.get("/x", [("if-none-match", '"other"')]).status == 200
    assert routes.request("HEAD", "/x", [("if-none-match", etag)]).status == 304
    assert routes.request("HEAD", "/x").headers == first.headers
    assert cached(first) == MINUTE


@pytest.mark.parametrize(
    ("vary", "is_shared"),
    [
        ("Accept-Encoding", True),
        ("host, ACCEPT-ENCODING", True),
        ("Accept-Language", False),
        ("Accept-Encoding, X-Tenant", False),
        ("Cookie", False),
        ("Origin", False),
        ("*", False),
        ("", True),
    ],
)
@pytest.mark.parametrize("own", [None, "s-maxage=60", "public, max-age=60", "private, max-age=60", "no-store"])
def test_what_varies_by_what_no_cache_key_has_is_not_shared(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]], vary: str, own: str | None, is_shared: bool
) -> None:
    named = {"Vary": vary, **({"Cache-Control": own} if own else {})}
    routes = project(route("revalidate = 60", f"return Response('a', headers={named!r})"))

    responses = [routes.get("/x"), routes.get("/x")]
    is_private = own in {"private, max-age=60", "no-store"}
    expected = own or MINUTE if is_shared or is_private else PRIVATE
    assert [cached(response) for response in responses] == [expected] * 2
    warned = [line["message"] for line in log_lines() if "cache key" in line["message"]]
    assert len(warned) == (0 if is_shared or is_private else 1)  # once, however often it is requested


def test_origin_is_in_the_key_where_the_routes_cors_differs_by_it(project: Make) -> None:
    source = route("revalidate = 60", "return Response('a', headers={'Vary': 'Origin'})")
    routes = project(source, cors=CORS(["https://a.example", "https://b.example"], methods=["GET"]))

    assert cached(routes.get("/x", [("origin", "https://a.example")])) == MINUTE


@pytest.mark.parametrize(
    ("method", "sent", "expected"),
    [
        ("HEAD", "1234", "1234"),
        ("HEAD", "0", "0"),
        ("HEAD", "-1", None),
        ("HEAD", "1e3", None),
        ("HEAD", "9" * 30, None),
        ("GET", "1234", None),
    ],
)
def test_the_length_that_head_declares_is_sent(project: Make, method: str, sent: str, expected: str | None) -> None:
    """RFC 9110 §9.3.2; next.js#48838, parcel#8416."""
    routes = project(
        f"{IMPORTS}def HEAD():\n    return Response(None, headers={{'Content-Length': '{sent}'}})\n"
        f"def GET():\n    return Response(None, headers={{'Content-Length': '{sent}'}})\n"
    )

    assert routes.request(method, "/x").header("content-length") == expected


@pytest.mark.parametrize("arguments", ["'abc'", "None, 204"])
def test_a_length_beside_another_body_or_none_allowed_is_not_sent(project: Make, arguments: str) -> None:
    routes = project(f"{IMPORTS}def HEAD():\n    return Response({arguments}, headers={{'content-length': '9'}})\n")

    assert routes.request("HEAD", "/x").header("content-length") is None


def test_a_handlers_own_etag_is_the_one_that_counts(project: Make) -> None:
    routes = project(route("revalidate = 60", "return Response('a', headers={'ETag': '\"v1\"'})"))

    assert routes.get("/x").values("etag") == ['"v1"']
    assert routes.get("/x", [("if-none-match", '"v1"')]).status == 304


def test_a_304_closes_the_stream_that_it_stands_for_and_a_stream_has_no_etag_of_ours(project: Make) -> None:
    source = f"""{IMPORTS}
revalidate = 60
seen = []
async def produce():
    try:
        yield "a"
        yield "b"
    finally:
        seen.append("closed")
async def GET(own: bool):
    return Response.stream(produce(), headers={{"ETag": '"v1"'}} if own else {{}})
"""
    routes = project(source)

    assert routes.get("/x?own=0").header("etag") is None
    response = routes.get("/x?own=1", [("if-none-match", '"v1"')])
    assert (response.status, response.body) == (304, b"")
    assert routes.module("x/route.py").seen == ["closed", "closed"]


@pytest.mark.parametrize("config", ["", "dynamic = 'force-dynamic'"])
def test_a_dynamic_response_is_never_304(project: Make, config: str) -> None:
    routes = project(route(config, "return Response('a', headers={'ETag': '\"v1\"'})"))

    assert routes.get("/x", [("if-none-match", '"v1"')]).status == 200


def test_the_same_route_is_cached_or_not_by_what_this_request_asked(project: Make) -> None:
    routes = project(
        route("revalidate = 60", "return 'a' if not who else headers().get('x', 'nobody')", "who: bool = False")
    )

    assert [cached(routes.get(target)) for target in ("/x", "/x?who=1", "/x")] == [MINUTE, PRIVATE, MINUTE]


@pytest.mark.parametrize("config", ["", "revalidate = 60\n"])
def test_expires_alone_is_the_handlers_own_policy(project: Make, config: str) -> None:
    source = (
        f"{config}from edgeroutes import Response\ndef GET():\n    return Response('x', 200, {{'Expires': EXPIRES}})\n"
    )
    ahead, past = "'Thu, 01 Jan 2099 00:00:00 GMT'", "'0'"

    fresh = project(source.replace("EXPIRES", ahead)).get("/x")
    expired = project(source.replace("EXPIRES", past)).get("/x")

    assert (fresh.values("cache-control"), fresh.header("expires")) == ([], ahead.strip("'"))
    assert (expired.values("cache-control"), expired.header("expires")) == (["private, no-store"], "0")


def test_expires_beside_a_cookie_is_not_shared(project: Make) -> None:
    source = """
from edgeroutes import Response
def GET():
    response = Response('x', 200, {'Expires': 'Thu, 01 Jan 2099 00:00:00 GMT'})
    response.cookies.set("a", "1")
    return response
"""
    assert project(source).get("/x").values("cache-control") == ["private, no-store"]
