"""ASGI middleware as a folder's, on Lambda's event path and on an ASGI server."""

from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.dev.gateway import HttpRequest, read_result, rest_event

if TYPE_CHECKING:
    from edgeroutes.dev.gateway import HttpResponse
    from edgeroutes.types import AsgiApp
    from tests.adapters.conftest import RouteProject


async def sent_chunks(app: AsgiApp, path: str, method: str = "GET") -> list[bytes]:
    """The pieces in which a server is given the body."""
    chunks = []
    waiting: list[dict[str, Any]] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else await asyncio.Event().wait() or {}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            chunks.append(message["body"])

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
    }
    await app({**scope, "asgi": {"version": "3.0"}, "scheme": "http"}, receive, send)
    return chunks


GZIP = """
from starlette.middleware.gzip import GZipMiddleware
from edgeroutes import asgi_middleware
middleware = asgi_middleware(GZipMiddleware, minimum_size=10)
"""


def ask(
    project: RouteProject, path: str, headers: tuple[tuple[str, str], ...] = (), method: str = "GET"
) -> HttpResponse:
    request = HttpRequest(
        method=method, path=path, headers=[("host", "a.example"), *headers], body=b"sent" * (method == "POST")
    )
    return read_result(project.handler()(rest_event(request)))


def values(response: HttpResponse, name: str) -> list[str]:
    return [value for key, value in response.headers if key.lower() == name]


def test_starlettes_gzip_compresses_a_routes_response(project: RouteProject) -> None:
    project.write("middleware.py", GZIP)
    project.write("x/route.py", "def GET():\n    return 'hello ' * 100\n")

    response = ask(project, "/x", (("accept-encoding", "gzip"),))
    plain = ask(project, "/x")

    assert (response.status, values(response, "content-encoding"), values(response, "vary")) == (
        200,
        ["gzip"],
        ["Accept-Encoding"],
    )
    assert gzip.decompress(response.body) == b"hello " * 100 == plain.body


def test_it_is_one_of_several_and_sees_what_they_see(project: RouteProject) -> None:
    project.write(
        "middleware.py",
        """
        async def middleware(request, call_next):
            request.state.seen = ["outer"]
            response = await call_next(request)
            response.headers.append("x-seen", "outer")
            return response
        """,
    )
    project.write(
        "a/middleware.py",
        """
        from edgeroutes import asgi_middleware

        class Plain:
            def __init__(self, app, name):
                self.app, self.name, self.count = app, name, 0

            async def __call__(self, scope, receive, send):
                self.count += 1
                scope["state"]["seen"].append(self.name)
                headers = [*scope["headers"], (b"x-count", str(self.count).encode())]

                async def marking(message):
                    if message["type"] == "http.response.start":
                        message["headers"].append((b"x-seen", self.name.encode()))
                    await send(message)

                await self.app({**scope, "headers": headers}, receive, marking)

        middleware = asgi_middleware(Plain, name="asgi")
        """,
    )
    project.write(
        "a/b/middleware.py",
        """
        async def middleware(request, call_next):
            request.state.seen.append("inner")
            return await call_next(request)
        """,
    )
    project.write("a/b/route.py", "def GET(request):\n    return [*request.state.seen, request.headers['x-count']]\n")

    handler = project.handler()
    responses = [
        read_result(handler(rest_event(HttpRequest(method="GET", path="/a/b", headers=[("host", "a")])))) for _ in "ab"
    ]

    assert [response.body for response in responses] == [
        b'["outer","asgi","inner","1"]',
        b'["outer","asgi","inner","2"]',
    ]
    assert values(responses[0], "x-seen") == ["asgi", "outer"]


SHORT = """
from edgeroutes import asgi_middleware

class Closed:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        body = (await receive())["body"]
        await send({"type": "http.response.start", "status": 503, "headers": [(b"retry-after", b"9")]})
        await send({"type": "http.response.body", "body": b"closed " + body})

middleware = asgi_middleware(Closed)
"""


def test_it_may_respond_by_itself(project: RouteProject) -> None:
    project.write("middleware.py", SHORT)
    project.write("x/route.py", "def POST():\n    1 / 0\n")

    response = ask(project, "/x", method="POST")

    assert (response.status, response.body, values(response, "retry-after")) == (503, b"closed sent", ["9"])


@pytest.mark.parametrize(
    ("statement", "status"),
    [("1 / 0", 500), ("not_found()", 404), ("redirect('/y')", 307), ("return Response(None, 204)", 204)],
)
def test_what_is_raised_further_in_goes_through(project: RouteProject, statement: str, status: int) -> None:
    project.write("middleware.py", GZIP)
    project.write("x/route.py", f"from edgeroutes import Response, not_found, redirect\ndef GET():\n    {statement}\n")

    assert ask(project, "/x").status == status


def test_one_that_ends_without_a_response_is_an_error(
    project: RouteProject, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write(
        "middleware.py",
        """
        from edgeroutes import asgi_middleware

        def silent(app):
            async def call(scope, receive, send):
                pass
            return call

        middleware = asgi_middleware(silent)
        """,
    )
    project.write("x/route.py", "def GET():\n    return 1\n")

    assert ask(project, "/x").status == 500
    assert "the ASGI middleware ended without a response" in capsys.readouterr().out


def test_cookies_and_what_runs_after_are_kept(project: RouteProject) -> None:
    project.write("middleware.py", GZIP)
    project.write(
        "x/route.py",
        """
        from starlette.background import BackgroundTask
        from starlette.responses import PlainTextResponse
        from edgeroutes import Response, cookies

        done = []

        def GET():
            cookies().set("ambient", "1")
            response = Response("x")
            response.cookies.set("own", "2")
            return response

        def POST():
            return PlainTextResponse("x", background=BackgroundTask(done.append, 1))
        """,
    )

    assert values(ask(project, "/x"), "set-cookie") == ["own=2; Path=/", "ambient=1; Path=/"]
    assert (ask(project, "/x", method="POST").status, project.module("x/route.py").done) == (200, [1])


STREAM = """
async def GET():
    for number in range(3):
        yield f"part {number} "
    LAST
"""


SHOUT = """
from edgeroutes import asgi_middleware

class Shout:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def shouting(message):
            if message["type"] == "http.response.body":
                message = {**message, "body": message["body"].upper()}
            await send(message)

        await self.app(scope, receive, shouting)

middleware = asgi_middleware(Shout)
"""


def test_a_stream_goes_through_piece_by_piece(project: RouteProject) -> None:
    project.write("middleware.py", SHOUT)
    project.write("x/route.py", STREAM.replace("LAST", "pass"))

    assert asyncio.run(sent_chunks(project.asgi(), "/x")) == [b"PART 0 ", b"PART 1 ", b"PART 2 ", b""]
    assert ask(project, "/x").body == b"PART 0 PART 1 PART 2 "


def test_a_stream_that_breaks_is_an_error_until_it_is_out(project: RouteProject) -> None:
    project.write("middleware.py", GZIP)
    project.write("x/route.py", STREAM.replace("LAST", "1 / 0"))

    assert ask(project, "/x").status == 500


def test_one_that_stops_in_the_middle_of_a_response_is_an_error(project: RouteProject) -> None:
    project.write("middleware.py", sending({"type": "http.response.body", "body": b"x", "more_body": True}))
    project.write("x/route.py", "def GET():\n    return 1\n")

    assert ask(project, "/x").status == 500


def sending(*messages: dict[str, Any]) -> str:
    """A middleware that asks nobody and sends these messages, after the head."""
    start = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
    return f"""
        from edgeroutes import asgi_middleware

        def sending(app):
            async def call(scope, receive, send):
                for message in {[start, *messages]!r}:
                    await send(message)
            return call

        middleware = asgi_middleware(sending)
    """


X, Y = {"type": "http.response.body", "body": b"x"}, {"type": "http.response.body", "body": b"y"}


@pytest.mark.parametrize(
    "messages",
    [
        [X, Y, Y, Y],
        [{"type": "http.response.debug", "info": {}}, X],
        [{"type": "http.response.start", "status": 500}, X],
        [X, {"type": "http.response.trailers", "headers": []}],
        [{**X, "more_body": True}, {"type": "http.response.body", "body": None}],
    ],
    ids=["after the end", "of an extension", "a second head", "trailers", "an end that is None"],
)
def test_unexpected_messages_change_nothing(project: RouteProject, messages: list[dict[str, Any]]) -> None:
    project.write("middleware.py", sending(*messages))
    project.write("x/route.py", "def GET():\n    return 1\n")

    response = ask(project, "/x")

    assert (response.status, response.body, values(response, "content-type")) == (200, b"x", ["text/plain"])


def wrapping(*lines: str) -> str:
    """A middleware with this body, between what it is given and `await app(scope, receive, send)`."""
    body = "\n".join(f"        {line}" for line in lines)
    return (
        "from edgeroutes import asgi_middleware\n\n"
        f"def wrapping(app):\n    async def call(scope, receive, send):\n{body}\n    return call\n\n"
        "middleware = asgi_middleware(wrapping)\n"
    )


LENGTH = "async def POST(request):\n    return str(len(await request.body()))\n"


@pytest.mark.parametrize("is_read_before", [True, False])
def test_who_waits_for_the_client_to_leave_waits_no_longer_than_for_the_response(
    project: RouteProject, *, is_read_before: bool
) -> None:
    read = ["await receive()"] if is_read_before else []
    wait = 'while (await receive())["type"] != "http.disconnect": pass'
    project.write("middleware.py", wrapping(*read, "await app(scope, receive, send)", wait))
    project.write("x/route.py", LENGTH)

    assert ask(project, "/x", method="POST").body == b"4"


def test_a_body_that_it_unpacks_is_the_one_further_in(project: RouteProject) -> None:
    source = wrapping(
        "async def unpacked():",
        '    return {"type": "http.request", "body": (await receive())["body"] * 2, "more_body": False}',
        "await app(scope, unpacked, send)",
    )
    project.write("middleware.py", source)
    project.write("x/route.py", LENGTH)

    assert ask(project, "/x", method="POST").body == b"8"


def test_a_body_that_it_counts_may_be_refused(project: RouteProject) -> None:
    source = wrapping(
        "async def counted():",
        "    message = await receive()",
        '    if len(message.get("body", b"")) > 3:',
        "        raise HTTPError(413)",
        "    return message",
        "await app(scope, counted, send)",
    )
    project.write("middleware.py", f"from edgeroutes import HTTPError\n{source}")
    project.write("x/route.py", "def POST():\n    1 / 0\n")

    assert ask(project, "/x", method="POST").status == 413


def test_a_body_that_it_reads_and_does_not_keep_can_be_read_again(project: RouteProject) -> None:
    source = wrapping(
        "await receive()", "async def passing():", "    return await receive()", "await app(scope, passing, send)"
    )
    project.write("middleware.py", source)
    project.write("x/route.py", LENGTH)

    assert ask(project, "/x", method="POST").body == b"4"


def test_a_header_that_it_takes_out_is_gone(project: RouteProject) -> None:
    """Else what a client says of itself would pass for what the middleware says of it."""
    strip = 'headers = [pair for pair in scope["headers"] if pair[0] != b"x-user"]'
    project.write("middleware.py", wrapping(strip, 'await app({**scope, "headers": headers}, receive, send)'))
    project.write("x/route.py", "def GET(request):\n    return sorted(request.headers)\n")

    assert b"x-user" not in ask(project, "/x", (("x-user", "admin"),)).body


def test_a_session_of_starlettes_is_in_the_state(project: RouteProject) -> None:
    project.write(
        "middleware.py",
        """
        from starlette.middleware.sessions import SessionMiddleware
        from edgeroutes import asgi_middleware
        middleware = asgi_middleware(SessionMiddleware, secret_key="secret")
        """,
    )
    project.write(
        "x/route.py",
        """
        def GET(request):
            visits = request.state.session["visits"] = request.state.session.get("visits", 0) + 1
            return str(visits)
        """,
    )
    first = ask(project, "/x")
    second = ask(project, "/x", (("cookie", values(first, "set-cookie")[0].partition(";")[0]),))

    assert (first.body, second.body) == (b"1", b"2")


STARLETTES = """
from starlette.middleware.base import BaseHTTPMiddleware
from edgeroutes import asgi_middleware

class Counting(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        body = await request.body()
        response = await call_next(request)
        response.headers["x-length"] = str(len(body))
        return response

middleware = asgi_middleware(Counting)
"""


def test_starlettes_base_of_middleware_reads_and_passes_on_the_body(project: RouteProject) -> None:
    project.write("middleware.py", STARLETTES)
    project.write("x/route.py", f"{LENGTH}\nasync def GET():\n    yield 'a'\n    yield 'b'\n")

    posted, streamed = ask(project, "/x", method="POST"), ask(project, "/x")

    assert (posted.body, values(posted, "x-length")) == (b"4", ["4"])
    assert (streamed.body, values(streamed, "x-length")) == (b"ab", ["0"])


def test_starlettes_trusted_hosts_refuse_others(project: RouteProject) -> None:
    project.write(
        "middleware.py",
        """
        from starlette.middleware.trustedhost import TrustedHostMiddleware
        from edgeroutes import asgi_middleware
        middleware = asgi_middleware(TrustedHostMiddleware, allowed_hosts=["a.example"])
        """,
    )
    project.write("x/route.py", "def GET():\n    return 'x'\n")
    other = HttpRequest(method="GET", path="/x", headers=[("host", "evil.example")])

    assert (ask(project, "/x").status, read_result(project.handler()(rest_event(other))).status) == (200, 400)


def test_nothing_goes_on_behind_a_response_whose_body_nobody_wants(project: RouteProject) -> None:
    project.write("middleware.py", SHOUT)
    project.write(
        "x/route.py",
        """
        closed = []

        async def GET():
            try:
                yield "a"
                yield "b"
            finally:
                closed.append(True)
        """,
    )

    async def asked() -> tuple[list[bytes], list[bool]]:
        return await sent_chunks(project.asgi(), "/x", "HEAD"), [*project.module("x/route.py").closed]

    assert asyncio.run(asked()) == ([b""], [True])
