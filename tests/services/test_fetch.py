"""`fetch`: what is sent, what comes back, what is remembered; against a server on a socket."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes import FetchError, fetch
from edgeroutes.errors import HandlerError
from edgeroutes.runtime.loop import LoopFree
from edgeroutes.services import http_client
from edgeroutes.services.data_cache import expire_tags
from tests.fakes.upstream import Response, Upstream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fakes.clock import FakeClock
    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]
    LogLines = Callable[[], list[dict[str, Any]]]

pytestmark = pytest.mark.usefixtures("cache")
JSON = (("Content-Type", "application/json"),)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    server.responses["/a"] = Response(200, JSON, b'{"a": 1}')
    yield server
    http_client._pool.clear()  # its sockets would be reported when they are collected
    server.close()


def ask(url: str, **options: Any) -> Any:
    """The response, awaited without an event loop, as in a route without one."""
    from contextvars import copy_context

    return LoopFree().run(fetch(url, **options), copy_context())


def test_a_response_is_complete_whatever_its_status(upstream: Upstream) -> None:
    upstream.responses["/none"] = Response(
        404, (("Content-Type", "text/plain; charset=latin-1"), ("X", "1"), ("X", "2")), b"\xe9"
    )

    found, missing = ask(f"{upstream.url}/a?q=1#part"), ask(f"{upstream.url}/none")

    assert (found.status, found.ok, found.json(), found.url) == (200, True, {"a": 1}, f"{upstream.url}/a?q=1")
    assert (found.headers["Content-Type"], found.body(), repr(found)) == (
        "application/json",
        b'{"a": 1}',
        f"FetchResponse(200, '{upstream.url}/a')",
    )
    assert (missing.status, missing.ok, missing.text(), missing.headers.getlist("x")) == (404, False, "é", ["1", "2"])
    with pytest.raises(FetchError, match=r"/none: the response with status 404 is not valid JSON: "):
        missing.json()
    assert upstream.targets() == ["GET /a?q=1", "GET /none"]


def test_method_headers_and_body_are_sent(upstream: Upstream) -> None:
    ask(f"{upstream.url}/a", method="post", json={"é": [1]}, headers={"X-Key": "k"})
    ask(f"{upstream.url}/a", method="PUT", body="text", headers=[("Content-Type", "text/x")])

    posted, put = upstream.asked
    assert (posted.method, posted.body, posted.headers["content-type"], posted.headers["x-key"]) == (
        "POST",
        '{"é":[1]}'.encode(),
        "application/json",
        "k",
    )
    assert (put.method, put.body, put.headers["content-type"]) == ("PUT", b"text", "text/x")
    assert posted.headers["user-agent"].startswith("edgeroutes/")
    assert (posted.headers["accept-encoding"], put.headers["content-length"]) == ("gzip, deflate", "4")


def test_what_makes_no_request_is_refused() -> None:
    for url, options, problem in (
        ("/a", {}, "fetch(): the URL is '/a'. Allowed: http:// and https:// with a host and without a user."),
        ("file:///etc/passwd", {}, "the URL is 'file:///etc/passwd'. Allowed: http:// and https://"),
        ("https://me:secret@example.com", {}, "with a host and without a user"),
        ("https://a.example", {"body": b"a", "json": 1}, "fetch(): both body= and json= are given."),
        ("https://a.example", {"revalidate": -1}, "fetch(): revalidate is -1. Allowed: whole seconds from 0, False"),
        ("https://a.example", {"revalidate": True}, "fetch(): revalidate is True."),
        ("https://a.example", {"tags": ["a b"]}, "fetch(): tag 'a b' has a character that CloudFront does not accept."),
    ):
        with pytest.raises(HandlerError) as raised:
            ask(url, **options)
        assert problem in str(raised.value)


def test_a_connection_is_kept_and_one_that_was_closed_meanwhile_does_no_harm(upstream: Upstream) -> None:
    for _ in range(3):
        ask(f"{upstream.url}/a")
    assert upstream.connections == 1

    upstream.responses["/cut"] = Response(before=lambda connection: connection.shutdown(socket.SHUT_RDWR))
    with pytest.raises(FetchError, match="there is no response: ProtocolError"):
        ask(f"{upstream.url}/cut")
    with pytest.raises(FetchError):
        ask(f"{upstream.url}/cut", method="POST")
    assert upstream.targets()[3:] == ["GET /cut", "GET /cut", "POST /cut"]  # what might be done twice is not sent twice
    assert ask(f"{upstream.url}/a").status == 200


def test_compressed_responses_are_decoded_within_the_limit(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = (("Content-Encoding", "gzip"),)
    upstream.responses["/zip"] = Response(200, encoded, gzip.compress(b"text" * 100))
    upstream.responses["/bomb"] = Response(200, encoded, gzip.compress(bytes(2_000_000)))
    upstream.responses["/broken"] = Response(200, encoded, b"no gzip at all")
    monkeypatch.setattr(http_client, "_MAX_BODY_BYTES", 1_000_000)

    plain = ask(f"{upstream.url}/zip")

    assert (plain.text(), "content-encoding" in plain.headers) == ("text" * 100, False)
    with pytest.raises(FetchError, match=r"/bomb: the response has more than 1,000,000 bytes\.$"):
        ask(f"{upstream.url}/bomb")
    with pytest.raises(FetchError, match="/broken: the response is not encoded as its headers declare"):
        ask(f"{upstream.url}/broken")


def test_a_server_that_is_too_slow_or_not_there_is_an_error_that_says_so(upstream: Upstream) -> None:
    upstream.responses["/slow"] = Response(before=lambda _: time.sleep(0.5))
    with pytest.raises(FetchError) as slow:
        ask(f"{upstream.url}/slow?token=secret", timeout_seconds=0.1)
    assert str(slow.value) == f"{upstream.url}/slow: no complete response in 0.1 s. Give more with timeout_seconds=."

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        with pytest.raises(FetchError, match=r"/: there is no connection to it\.$"):
            ask(url)


def test_an_incomplete_response_is_an_error(upstream: Upstream) -> None:
    upstream.responses["/half"] = Response(200, (("Content-Length", "100"), ("Connection", "close")), b"half")
    with pytest.raises(FetchError, match="/half: there is no response: "):
        ask(f"{upstream.url}/half")


def test_redirects_are_followed_as_browsers_follow_them(upstream: Upstream) -> None:
    other = Upstream()
    other.responses["/b"] = Response(200, JSON, b"{}")
    for status in (301, 303, 307):
        upstream.responses[f"/{status}"] = Response(status, (("Location", "/a?from=here"),))
    upstream.responses["/away"] = Response(302, (("Location", f"{other.url}/b"),))
    secret = {"Authorization": "Bearer secret", "X": "1"}

    for status in (301, 303, 307):
        ask(f"{upstream.url}/{status}", method="POST", body="text", headers=secret)
    away = ask(f"{upstream.url}/away", headers=secret)
    other.close()

    kept = {asked.target: (asked.method, asked.body) for asked in upstream.asked if asked.method == "GET"}
    assert upstream.targets()[:6] == [
        "POST /301", "GET /a?from=here", "POST /303", "GET /a?from=here", "POST /307", "POST /a?from=here",
    ]  # fmt: skip
    assert kept["/a?from=here"] == ("GET", b"")
    assert (upstream.asked[5].body, upstream.asked[5].headers["authorization"]) == (b"text", "Bearer secret")
    assert away.url == f"{other.url}/b"
    assert ("authorization" in other.asked[0].headers, other.asked[0].headers["x"]) == (False, "1")


def test_redirects_that_lead_astray_are_not_followed(upstream: Upstream) -> None:
    upstream.responses["/round"] = Response(302, (("Location", "/round"),))
    upstream.responses["/file"] = Response(302, (("Location", "file:///etc/passwd"),))
    with pytest.raises(FetchError, match="more than 5 redirects"):
        ask(f"{upstream.url}/round")
    with pytest.raises(FetchError, match="a redirect to 'file:///etc/passwd' is not followed: it leaves HTTPS"):
        ask(f"{upstream.url}/file")


@pytest.mark.parametrize(
    ("url", "location", "problem"),
    [
        ("https://a.example/", "http://a.example/", "it leaves HTTPS"),
        (
            "http://a.example/",
            "http://127.0.0.1:9001/2018-06-01/runtime",
            "it leads from outside into a private network",
        ),
        ("http://a.example/", "http://169.254.170.2/credentials", "into a private network"),
        ("http://a.example/", "http://[::1]/", "into a private network"),
        ("http://a.example/", "http://10.0.0.1/", "into a private network"),
        ("http://a.example/", "//localhost/", "into a private network"),
        ("http://10.0.0.1/", "http://10.0.0.2/", ""),
        ("http://a.example/", "https://b.example/", ""),
    ],
)
def test_where_a_redirect_may_lead(url: str, location: str, problem: str) -> None:
    """No name is looked up: these are the rules alone."""
    from edgeroutes.http.headers import MutableHeaders

    outgoing = http_client.Outgoing("GET", url, MutableHeaders(), None, 1.0)
    if not problem:
        assert http_client._redirected(outgoing, 302, location).url.startswith("http")
        return
    with pytest.raises(FetchError, match=problem):
        http_client._redirected(outgoing, 302, location)


def test_without_revalidate_each_call_asks(upstream: Upstream) -> None:
    """Source: facts/nextjs.md C32."""
    for revalidate in (None, 0):
        for _ in range(2):
            ask(f"{upstream.url}/a", revalidate=revalidate)
    assert len(upstream.asked) == 4


def test_a_response_is_cached_for_the_same_request(upstream: Upstream, clock: FakeClock) -> None:
    """Source: facts/nextjs.md C33."""
    upstream.responses["/a"] = Response(200, (*JSON, ("Set-Cookie", "a=1"), ("X", "1")), b'{"a": 1}')

    def ask_all() -> list[Any]:
        return [
            ask(f"{upstream.url}/a", revalidate=60),
            ask(f"{upstream.url}/a?q=1", revalidate=60),
            ask(f"{upstream.url}/a", revalidate=60, headers={"Accept-Language": "fr"}),
            ask(f"{upstream.url}/a", revalidate=60, method="POST", body="one"),
            ask(f"{upstream.url}/a", revalidate=60, method="POST", body="two"),
        ]

    first, again = ask_all(), ask_all()
    assert len(upstream.asked) == 5
    assert [(one.status, one.json(), one.headers) for one in again] == [
        (one.status, one.json(), one.headers) for one in first
    ]
    assert ("set-cookie" in again[0].headers, again[0].headers["x"]) == (False, "1")
    clock.pass_seconds(61)
    ask_all()
    assert len(upstream.asked) == 10


def test_only_successes_are_cached_and_a_failure_keeps_the_stale_response(
    upstream: Upstream, clock: FakeClock, log_lines: LogLines
) -> None:
    url = f"{upstream.url}/b"
    assert [ask(url, revalidate=60).status for _ in range(2)] == [404, 404]
    assert len(upstream.asked) == 2

    upstream.responses["/b"] = Response(200, (), b"good")
    ask(url, revalidate=60)
    upstream.responses["/b"] = Response(500, (), b"bad")
    clock.pass_seconds(61)

    kept = ask(url, revalidate=60)
    assert (kept.status, kept.text()) == (200, "good")
    assert [line["message"] for line in log_lines()] == [
        f"fetch(GET {url}): the refresh failed, and the old value is kept"
    ]
    expire_tags(["nothing"])
    clock.pass_seconds(90_000)
    assert ask(url, revalidate=60).text() == "bad"  # there is nothing old enough to be kept


def test_tags_invalidate_a_response(upstream: Upstream) -> None:
    for _ in range(2):
        ask(f"{upstream.url}/a", revalidate=False, tags=["rates"])
    expire_tags(["rates"])
    ask(f"{upstream.url}/a", revalidate=False, tags=["rates"])
    assert len(upstream.asked) == 2


def test_many_at_once_wait_side_by_side_and_ask_once_for_the_same(upstream: Upstream) -> None:
    upstream.responses["/slow"] = Response(200, JSON, b"[]", before=lambda _: time.sleep(0.2))

    async def ask_all() -> list[Any]:
        same = [fetch(f"{upstream.url}/slow", revalidate=60) for _ in range(200)]
        other = [fetch(f"{upstream.url}/slow?{number}") for number in range(3)]
        return await asyncio.gather(*same, *other)

    responses = asyncio.run(ask_all())

    assert {response.status for response in responses} == {200}
    assert sorted(upstream.targets()) == ["GET /slow", "GET /slow?0", "GET /slow?1", "GET /slow?2"]


def route(url: str, config: str, options: str) -> str:
    return (
        f"from edgeroutes import fetch\n{config}\nasync def GET():\n    return (await fetch({url!r}{options})).json()\n"
    )


LOW = "public, s-maxage=10, stale-while-revalidate=31535990, stale-if-error=31535990"
MINUTE = "public, s-maxage=60, stale-while-revalidate=31535940, stale-if-error=31535940"
YEAR = "public, s-maxage=31536000"
PRIVATE = "private, no-store"


@pytest.mark.parametrize(
    "case",
    [
        # Source: facts/nextjs.md C21, C32 to C37; nextjs.org, fetchCache.
        ("revalidate = 60", "", MINUTE, 2),
        ("revalidate = 60", ", revalidate=10", LOW, 1),
        ("revalidate = 60", ", revalidate=600", MINUTE, 1),
        ("revalidate = 60", ", revalidate=0", PRIVATE, 2),
        ("dynamic = 'force-static'", ", revalidate=0", YEAR, 2),
        ("dynamic = 'force-static'", ", revalidate=10", LOW, 1),
        ("dynamic = 'error'", ", revalidate=0", None, 0),
        ("dynamic = 'force-dynamic'", ", revalidate=10", PRIVATE, 1),
        ("", ", revalidate=10", PRIVATE, 1),
        ("revalidate = 60\nfetch_cache = 'default-cache'", "", MINUTE, 1),
        ("revalidate = 60\nfetch_cache = 'default-cache'", ", revalidate=0", PRIVATE, 2),
        ("revalidate = 60\nfetch_cache = 'default-cache'", ", method='POST'", MINUTE, 2),
        ("revalidate = 60\nfetch_cache = 'default-cache'", ", headers={'Authorization': 'a'}", MINUTE, 2),
        ("revalidate = 60\nfetch_cache = 'only-cache'", "", MINUTE, 1),
        ("revalidate = 60\nfetch_cache = 'only-cache'", ", revalidate=0", None, 0),
        ("revalidate = 60\nfetch_cache = 'force-cache'", ", revalidate=0", MINUTE, 1),
        ("revalidate = 60\nfetch_cache = 'force-cache'", ", revalidate=10", LOW, 1),
        ("revalidate = 60\nfetch_cache = 'default-no-store'", "", PRIVATE, 2),
        ("revalidate = 60\nfetch_cache = 'default-no-store'", ", revalidate=10", LOW, 1),
        ("revalidate = 60\nfetch_cache = 'only-no-store'", "", PRIVATE, 2),
        ("revalidate = 60\nfetch_cache = 'only-no-store'", ", revalidate=10", None, 0),
        ("revalidate = 60\nfetch_cache = 'force-no-store'", ", revalidate=10", PRIVATE, 2),
    ],
)
@pytest.mark.usefixtures("log_lines")
def test_what_the_call_and_the_routes_config_make_of_it(
    project: Make, upstream: Upstream, case: tuple[str, str, str | None, int]
) -> None:
    config, options, cache_control, asked = case
    routes = project(route(f"{upstream.url}/a", config, options))

    responses = [routes.get("/x") for _ in range(2)]

    if cache_control is None:
        assert [response.status for response in responses] == [500, 500]
    else:
        assert [response.header("cache-control") for response in responses] == [cache_control] * 2
        assert responses[0].json() == {"a": 1}
    assert len(upstream.asked) == asked


def test_its_tags_join_those_of_the_response(project: Make, upstream: Upstream) -> None:
    routes = project(route(f"{upstream.url}/a", "revalidate = 60\ntags = ['t']", ", revalidate=60, tags=['rates']"))
    for _ in range(2):
        assert routes.get("/x").header("x-cache-tag") == "t,rates,_path:/x"


def test_uncached_inside_a_cached_function_is_the_functions_affair(project: Make, upstream: Upstream) -> None:
    source = f"""\
from edgeroutes import cached, fetch
revalidate = 60
@cached(revalidate=60)
async def find():
    return (await fetch("{upstream.url}/a", revalidate=0)).json()
async def GET():
    return await find()
"""
    for needs_loop in (False, True):
        routes = project(source, needs_loop=needs_loop)
        assert [
            (response.json(), response.header("cache-control")) for response in (routes.get("/x"), routes.get("/x"))
        ] == [({"a": 1}, MINUTE)] * 2
    assert len(upstream.asked) == 2


def test_what_is_remembered_is_json(upstream: Upstream, sandboxes: Any) -> None:
    upstream.responses["/bytes"] = Response(200, (), bytes(range(256)))
    for name in ("first", "second"):
        sandboxes.enter(name)
        assert ask(f"{upstream.url}/bytes", revalidate=60).body() == bytes(range(256))
    assert len(upstream.asked) == 1
    assert json.dumps(upstream.targets()) == '["GET /bytes"]'
