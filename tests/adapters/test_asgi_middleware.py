"""ASGI middleware as a folder's, on Lambda's event path and on an ASGI server."""

from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.dev.gateway import HttpRequest, read_result, rest_event

if TYPE_CHECKING:
    from edgeroutes.dev.gateway import HttpAnswer
    from edgeroutes.types import AsgiApp
    from tests.adapters.conftest import RouteProject


async def sent_chunks(app: AsgiApp, path: str) -> list[bytes]:
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
        "method": "GET",
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


def ask(project: RouteProject, path: str, headers: tuple[tuple[str, str], ...] = (), method: str = "GET") -> HttpAnswer:
    request = HttpRequest(
        method=method, path=path, headers=[("host", "a.example"), *headers], body=b"sent" * (method == "POST")
    )
    return read_result(project.handler()(rest_event(request)))


def values(answer: HttpAnswer, name: str) -> list[str]:
    return [value for key, value in answer.headers if key.lower() == name]


def test_starlettes_gzip_compresses_what_a_route_answers(project: RouteProject) -> None:
    project.write("middleware.py", GZIP)
    project.write("x/route.py", "def GET():\n    return 'hello ' * 100\n")

    answer = ask(project, "/x", (("accept-encoding", "gzip"),))
    plain = ask(project, "/x")

    assert (answer.status, values(answer, "content-encoding"), values(answer, "vary")) == (
        200,
        ["gzip"],
        ["Accept-Encoding"],
    )
    assert gzip.decompress(answer.body) == b"hello " * 100 == plain.body


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
    answers = [
        read_result(handler(rest_event(HttpRequest(method="GET", path="/a/b", headers=[("host", "a")])))) for _ in "ab"
    ]

    assert [answer.body for answer in answers] == [b'["outer","asgi","inner","1"]', b'["outer","asgi","inner","2"]']
    assert values(answers[0], "x-seen") == ["asgi", "outer"]


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


def test_it_may_answer_by_itself(project: RouteProject) -> None:
    project.write("middleware.py", SHORT)
    project.write("x/route.py", "def POST():\n    1 / 0\n")

    answer = ask(project, "/x", method="POST")

    assert (answer.status, answer.body, values(answer, "retry-after")) == (503, b"closed sent", ["9"])


@pytest.mark.parametrize(
    ("statement", "status"),
    [("1 / 0", 500), ("not_found()", 404), ("redirect('/y')", 307), ("return Response(None, 204)", 204)],
)
def test_what_is_raised_further_in_goes_through(project: RouteProject, statement: str, status: int) -> None:
    project.write("middleware.py", GZIP)
    project.write("x/route.py", f"from edgeroutes import Response, not_found, redirect\ndef GET():\n    {statement}\n")

    assert ask(project, "/x").status == status


def test_one_that_ends_without_an_answer_is_an_error(project: RouteProject, capsys: pytest.CaptureFixture[str]) -> None:
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
    assert "the ASGI middleware ended without an answer" in capsys.readouterr().out


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
