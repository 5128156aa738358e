"""Caching of a route's answers: product.md "Segment config", decisions.md "Answers to the browser and the CDN"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.incoming import FakeIncoming

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import Answer, RouteProject

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


def cached(answer: Answer) -> str | None:
    return answer.header("cache-control")


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
def test_the_config_says_how_long_an_answer_is_kept(project: Make, config: str, expected: str) -> None:
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
    answer = project(route("revalidate = 60", result)).get("/x")

    assert (answer.status, answer.values("cache-control")) == (status, [expected])


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
    answer = project(route("revalidate = 60\ntags = ['t']", result, signature)).get("/x")

    assert (cached(answer), answer.header("etag"), answer.header("x-cache-tag")) == (PRIVATE, None, None)


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
def test_asking_for_anything_else_changes_nothing(project: Make, signature: str, result: str) -> None:
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

    answer = routes.get("/x")

    assert (answer.status, cached(answer)) == (500, PRIVATE)
    (line,) = log_lines()
    assert (
        f'{routes.app_dir}/x/route.py: {what} were asked for, but dynamic = "error" promises an answer that is the same for everyone. '
        f'Do not ask for {what}, or set dynamic = "auto".'
    ) in line["exception"]


def test_force_static_gives_empty_ones_and_refuses_to_set(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """Source: facts/nextjs.md C20, K19."""
    shown = "return [dict(headers()), dict(cookies()), dict(request.headers), request.cookies, request.client, context.aws_event]"
    routes = project(route("dynamic = 'force-static'", shown, "request, context"))
    sets = project(route("dynamic = 'force-static'", "cookies().set('a', '1')"))

    answer = routes.ask(FakeIncoming("GET", "/x", [("cookie", "a=1")], event={}))

    assert (answer.json(), cached(answer)) == ([{}, {}, {}, {}, None, None], YEAR)
    assert sets.get("/x").status == 500
    assert "a static answer is the same for everyone and sets no cookie" in log_lines()[0]["exception"]


def test_other_methods_of_a_static_route_see_the_request(project: Make) -> None:
    source = (
        f"{IMPORTS}dynamic = 'force-static'\ndef POST():\n    cookies().set('a', '1')\n    return dict(headers())\n"
    )

    answer = project(source).request("POST", "/x", [("x", "1")])

    assert (answer.json(), answer.values("set-cookie")) == ({"x": "1"}, ["a=1; Path=/"])


@pytest.mark.parametrize("config", ["", "revalidate = 60\ntags = ['t']", "dynamic = 'force-dynamic'"])
def test_a_handlers_own_cache_control_goes_out_as_it_is(project: Make, config: str) -> None:
    result = "return Response('a', headers={'Cache-Control': 'max-age=5'})"

    answer = project(route(config, result)).get("/x")

    assert (answer.values("cache-control"), answer.header("etag"), answer.header("x-cache-tag")) == (
        ["max-age=5"],
        None,
        None,
    )


def test_tags_go_into_the_configured_header(project: Make) -> None:
    config = "revalidate = 60\ntags = ['products', 'a-b']"

    assert project(route(config)).get("/x").values("x-cache-tag") == ["products,a-b"]
    assert project(route(config), tag_header="edge-cache-tag").get("/x").values("edge-cache-tag") == ["products,a-b"]
    assert project(route("tags = ['t']")).get("/x").values("x-cache-tag") == []


def test_a_cached_answer_has_a_strong_etag_and_304s(project: Make) -> None:
    routes = project(
        route("revalidate = 60\ntags = ['t']", "return Response('a', headers={'Vary': 'Accept', 'X': '1'})")
    )
    first = routes.get("/x")
    etag = first.header("etag") or ""
    kept = [("vary", "Accept"), ("cache-control", MINUTE), ("x-cache-tag", "t"), ("etag", etag)]

    assert etag == '"27c35e6e9373877f29e562464e46497e"'
    assert first.headers == [("vary", "Accept"), ("x", "1"), ("content-type", "text/plain; charset=utf-8"), *kept[1:]]
    for sent in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = routes.get("/x", [("if-none-match", sent)])
        assert (again.status, again.headers, again.body) == (304, kept, b"")
    assert routes.get("/x", [("if-none-match", '"other"')]).status == 200
    assert routes.request("HEAD", "/x", [("if-none-match", etag)]).status == 304
    assert routes.request("HEAD", "/x").headers == first.headers
    assert cached(first) == MINUTE


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
    answer = routes.get("/x?own=1", [("if-none-match", '"v1"')])
    assert (answer.status, answer.body) == (304, b"")
    assert routes.module("x/route.py").seen == ["closed", "closed"]


@pytest.mark.parametrize("config", ["", "dynamic = 'force-dynamic'"])
def test_a_dynamic_answer_is_never_304(project: Make, config: str) -> None:
    routes = project(route(config, "return Response('a', headers={'ETag': '\"v1\"'})"))

    assert routes.get("/x", [("if-none-match", '"v1"')]).status == 200


def test_the_same_route_is_cached_or_not_by_what_this_request_asked(project: Make) -> None:
    routes = project(
        route("revalidate = 60", "return 'a' if not who else headers().get('x', 'nobody')", "who: bool = False")
    )

    assert [cached(routes.get(target)) for target in ("/x", "/x?who=1", "/x")] == [MINUTE, PRIVATE, MINUTE]
