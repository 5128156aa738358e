"""Heads of requests that no client should send: every adapter reads or refuses them; no exception, no 500, no second of time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.dev.gateway import HttpRequest
from edgeroutes.testing.adapters import ADAPTERS
from tests.fakes.project import RouteProject
from tests.fuzz.profile import fuzzed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from edgeroutes.testing.messages import AdapterResponse

    Send = Callable[..., AdapterResponse]

READING = """
    def GET(request):
        url = request.url
        return {
            "url": [url.port, url.hostname, url.origin, str(url)], "cookies": request.cookies, "client": repr(request.client),
            "query": request.query_params.multi_items(), "headers": dict(request.headers), "type": request.content_type(),
        }
"""
FILE = """
    from edgeroutes import Response

    def GET():
        return Response.file(__file__)
"""
CACHED = """
    revalidate = 60

    def GET():
        return {"cached": True}
"""
APP = """
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def index(request):
        return JSONResponse([str(request.url), request.url.port, request.cookies, request.query_params.multi_items()])

    app = Starlette(routes=[Route("/{rest:path}", index)])
"""
FILES = {
    "reading/route.py": READING,
    "file/route.py": FILE,
    "cached/route.py": CACHED,
    "legacy/[[...path]]/route.py": APP,
}
PATHS = ["/reading", "/file", "/cached", "/legacy/x", "/none", "/reading/", "/legacy/%zz"]
MANY = "9" * 5_000


@pytest.fixture(scope="module", params=[*ADAPTERS])
def send(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Send]:
    """Sends a request through an adapter; within a second."""
    root = tmp_path_factory.mktemp("heads")
    project = RouteProject(root, FILES, needs_loop=True)
    adapter = ADAPTERS[request.param](project.manifest(), str(root), debug=False)

    def through_adapter(path: str, headers: Sequence[tuple[str, str]] = (), query: str = "") -> AdapterResponse:
        began = time.thread_time()
        names = {name.lower() for name, _ in headers}
        sent = [*headers, *([] if "host" in names else [("host", "example.org")])]
        response: AdapterResponse = adapter.send(HttpRequest(method="GET", path=path, query=query, headers=sent))
        assert time.thread_time() - began < 1
        return response

    yield through_adapter
    adapter.close()
    project.close()


HOSTILE = [
    ("host", "]"), ("host", "["), ("host", f"a:{MANY}"), ("host", f"[::1]:{MANY}"), ("host", "a b"), ("host", ""), ("host", "é"),
    ("x-forwarded-port", MANY), ("x-forwarded-port", "-1"), ("x-forwarded-port", f"{MANY},{MANY}"), ("x-forwarded-proto", "é,"),
    ("x-forwarded-for", MANY), ("x-forwarded-for", f"[::1]:{MANY}"), ("x-forwarded-for", f"1.2.3.4:{MANY}"), ("x-forwarded-for", ","),
    ("range", f"bytes={MANY}-"), ("range", f"bytes=-{MANY}"), ("range", f"bytes=0-{MANY}"), ("range", f"bytes={MANY}-{MANY}"),
    ("range", "bytes=0-0," * 500), ("range", "bytes=-"), ("if-range", '"' * 5_000), ("content-length", "-1"), ("content-length", "a"),
    ("if-none-match", '"' * 5_001), ("if-none-match", 'W/"' * 2_000), ("if-modified-since", "Sat, 21 Nov 99999999 10:00:00 GMT"),
    ("cookie", ";" * 400), ("cookie", "a=%" * 400), ("cookie", "\u00a0__Host-a=1"), ("accept-encoding", "gzip;q=" + MANY),
    ("accept-encoding", "gzip;q=nan"), ("content-type", ";" * 5_000), ("origin", "https://" + "a." * 2_000), ("age", MANY),
]  # fmt: skip


@pytest.mark.parametrize("header", HOSTILE, ids=lambda header: f"{header[0]}: {header[1][:12]!r}")
def test_a_hostile_header_is_read_or_refused(send: Send, header: tuple[str, str]) -> None:
    for path in PATHS:
        status = send(path, [header, ("range", "bytes=0-1")] if header[0] == "if-range" else [header]).status
        assert status < 500, (path, status)


@pytest.mark.parametrize("path", ["/reading", "/file", "/cached"])
def test_a_range_or_port_of_thousands_of_digits_is_a_number_like_others(send: Send, path: str) -> None:
    assert send(path, [("host", f"a:{MANY}"), ("x-forwarded-port", MANY), ("age", MANY)]).status == 200
    if path == "/file":
        assert [send(path, [("range", each)]).status for each in (f"bytes=0-{MANY}", f"bytes={MANY}-")] == [206, 416]


@pytest.mark.parametrize("host", ["]", "[", "a b", f"a:{MANY}", "a/b", "[::1]x"])
def test_a_host_that_is_not_one_is_refused_before_an_app(send: Send, host: str) -> None:
    assert send("/legacy/x", [("host", host)]).status == 400
    assert send("/legacy/x", [("host", "[::1]:8000")]).status == 200


def test_query_parameters_have_a_limit(send: Send) -> None:
    assert send("/reading", query="&".join(f"a{number}=" for number in range(1_000))).status == 200
    response = send("/reading", query="&".join(f"a{number}=" for number in range(1_001)))
    assert (response.status, b"the query has more than 1,000 parameters" in b"".join(response.chunks)) == (400, True)


def test_cookies_have_a_limit(send: Send) -> None:
    assert send("/reading", [("cookie", "; ".join(f"a{number}=" for number in range(500)))]).status == 200
    response = send("/reading", [("cookie", "; ".join(f"a{number}=" for number in range(501)))])
    assert (response.status, b"the request has more than 500 cookies" in b"".join(response.chunks)) == (431, True)


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ([(f"x-{number}", "") for number in range(255)], "", 200),
        ([(f"x-{number}", "") for number in range(300)], "", 431),
        ([("x-large", "a" * 60_000)], "", 200),
        ([("x-large", "a" * 66_000)], "", 431),
        ([], f"a={'b' * 16_000}", 200),
        ([], f"a={'b' * 16_400}", 414),
    ],
)
def test_where_no_api_gateway_is_in_front_a_head_has_limits(
    send: Send, request: pytest.FixtureRequest, headers: list[tuple[str, str]], query: str, status: int
) -> None:
    name = request.node.callspec.params["send"]
    if name not in {"alb", "asgi"}:
        pytest.skip(
            "API Gateway takes 10,240 bytes of request line and headers, and a function URL has limits of AWS's own"
        )
    if name == "alb" and status == 200 and len(headers) == 255:
        headers = headers[:250]  # the load balancer adds some of its own
    assert [send(path, headers, query).status for path in ("/reading", "/legacy/x")] == [status] * 2
    response = send("/none", headers, query)
    assert response.status == (404 if status == 200 else status)
    assert sum(map(len, response.chunks)) < 4_096


TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=40)
NAMES = [
    "host", "cookie", "range", "if-range", "if-none-match", "if-modified-since", "x-forwarded-for", "x-forwarded-port",
    "x-forwarded-proto", "content-type", "content-length", "accept-encoding", "origin", "access-control-request-method", "x-request-id",
]  # fmt: skip


@fuzzed(100)
@given(st.lists(st.tuples(st.sampled_from(NAMES), TEXT), max_size=6), st.sampled_from(PATHS), TEXT.filter(str.isascii))
def test_no_head_makes_an_adapter_raise(send: Send, headers: list[tuple[str, str]], path: str, query: str) -> None:
    assert send(path, headers, query.replace("#", "")).status < 500
