from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from edgeroutes.adapters.checks import GATEWAY_BODY_BYTES
from edgeroutes.adapters.connection import AsgiIncoming
from edgeroutes.asgi import make_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from edgeroutes.types import Message
    from tests.adapters.conftest import RouteProject

    Serve = Callable[..., str]
    LogLines = Callable[[], list[dict[str, Any]]]

ECHO = """
from edgeroutes import Request, Response

async def GET(request: Request, id: str, q: list[str] = []):
    return {"id": id, "q": q, "path": request.path, "url": str(request.url), "client": request.client.host,
            "cookies": request.cookies, "x": request.headers.getlist("x-two")}

async def POST(request: Request, id: str):
    return Response(await request.body(), 201)

async def DELETE(id: str):
    return Response(status=204)
"""


async def ask(app: Any, method: str, url: str, **options: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://example.org") as client:
        return await client.request(method, url, **options)


def request(app: Any, method: str, url: str, **options: Any) -> httpx.Response:
    return asyncio.run(ask(app, method, url, **options))


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """What a server does around its requests."""
    asked: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    told: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    living = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}}, asked.get, told.put))
    for event in ("startup", "shutdown"):
        asked.put_nowait({"type": f"lifespan.{event}"})
        assert await asyncio.wait_for(told.get(), 5) == {"type": f"lifespan.{event}.complete"}
        if event == "startup":
            yield
    await living


async def talk(app: Any, path: str, *said: str) -> list[Message]:
    """What an app sends on a WebSocket to a client that says something."""
    sent: list[Message] = []
    coming = iter([{"type": "websocket.connect"}, *({"type": "websocket.receive", "text": text} for text in said)])

    async def receive() -> dict[str, Any]:
        return next(coming, {"type": "websocket.disconnect", "code": 1001})

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "scheme": "ws",
        "path": unquote(path),
        "raw_path": path.encode(),
        "headers": [(b"host", b"example.org")],
        "query_string": b"",
    }
    await app(scope, receive, send)
    return sent


class Connection:
    """An HTTP connection as a server would have it, with the client's end in the test's hands."""

    def __init__(self, path: str = "/", **scope: Any) -> None:
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "method": "GET",
            "scheme": "http",
            "path": path,
            "query_string": b"",
            "headers": [],
            **scope,
        }
        self.sent: list[Message] = []
        self.arrived = asyncio.Event()
        self.gone = asyncio.Event()
        self._is_read = False

    async def receive(self) -> dict[str, Any]:
        if not self._is_read:
            self._is_read = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        self.arrived.set()

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)

    @property
    def is_complete(self) -> bool:
        return bool(self.sent) and self.sent[-1]["type"] == "http.response.body" and not self.sent[-1].get("more_body")


def test_a_request_reaches_its_handler_and_the_response_its_client(project: RouteProject) -> None:
    project.write("users/[id]/route.py", ECHO)
    headers = [("X-Two", "a"), ("X-Two", "b"), ("Cookie", "a=1")]
    response = request(project.asgi(), "GET", "/users/a%2Fb?q=1&q=%C3%A4", headers=headers)
    assert response.json() == {
        "id": "a/b",
        "q": ["1", "ä"],
        "path": "/users/a%2Fb",
        "url": "http://example.org/users/a%2Fb?q=1&q=%C3%A4",
        "client": "127.0.0.1",
        "cookies": {"a": "1"},
        "x": ["a", "b"],
    }
    assert dict(response.headers) == {
        "content-type": "application/json",
        "cache-control": "private, no-store",
        "content-length": str(len(response.content)),
    }


def test_bodies_go_both_ways_byte_for_byte(project: RouteProject) -> None:
    project.write("users/[id]/route.py", ECHO)
    body = bytes(range(256)) * 1000
    response = request(project.asgi(), "POST", "/users/1", content=body)
    assert (response.status_code, response.content) == (201, body)


def test_head_has_no_body_and_204_no_length(project: RouteProject) -> None:
    project.write("users/[id]/route.py", ECHO)
    app = project.asgi()
    head = request(app, "HEAD", "/users/1")
    assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", "application/json")
    assert dict(request(app, "DELETE", "/users/1").headers) == {"cache-control": "private, no-store"}
    assert request(app, "PATCH", "/users/1").headers["content-length"] == "0"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/users/%zz", 400), ("/users/%ff", 400), ("/nothing", 404), ("/users/1/", 308), ("/users//1", 308)],
)
def test_odd_paths_get_the_same_status_as_elsewhere(project: RouteProject, path: str, status: int) -> None:
    project.write("users/[id]/route.py", ECHO)

    async def get() -> Connection:
        connection = Connection(path, raw_path=path.encode())
        await project.asgi()(connection.scope, connection.receive, connection.send)
        return connection

    assert asyncio.run(get()).sent[0]["status"] == status


def test_headers_are_latin_1_and_cookies_apart(project: RouteProject) -> None:
    source = """
        from edgeroutes import Response
        async def GET():
            response = Response("ok", headers={"x-latin": "k\\xe4se"})
            response.cookies.set("a", "1")
            response.cookies.set("b", "2")
            return response
    """
    project.write("route.py", source)
    response = request(project.asgi(), "GET", "/")
    assert dict(response.headers.raw)[b"x-latin"] == b"k\xe4se"
    assert response.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2; Path=/"]


@pytest.mark.parametrize("how", ["declared", "sent"])
def test_a_body_that_is_too_large_is_413(project: RouteProject, how: str) -> None:
    project.write("users/[id]/route.py", ECHO)
    body = b"x" * (GATEWAY_BODY_BYTES + 1)

    async def pieces() -> Any:
        for start in range(0, len(body), 1 << 20):
            yield body[start : start + (1 << 20)]

    response = request(project.asgi(), "POST", "/users/1", content=body if how == "declared" else pieces())
    assert (response.status_code, response.headers["content-type"]) == (413, "application/problem+json")
    assert response.json()["detail"].endswith("10485760 are allowed")


def test_an_error_is_a_problem_document_and_one_log_line(project: RouteProject, log_lines: LogLines) -> None:
    project.write("route.py", "async def GET():\n    raise KeyError('secret')\n")
    response = request(project.asgi(), "GET", "/", headers={"x-request-id": "r1"})
    assert (response.status_code, response.json()["request_id"]) == (500, "r1")
    assert "secret" not in response.text
    assert [(line["exception_name"], line["request_id"]) for line in log_lines()] == [("KeyError", "r1")]


def test_a_route_that_cannot_be_loaded_responds_500_and_the_others_work(
    project: RouteProject, log_lines: LogLines
) -> None:
    project.write("broken/route.py", "import nothing_of_this_name\nasync def GET():\n    return 1\n")
    project.write("fine/route.py", "async def GET():\n    return {}\n")
    app = project.asgi()

    async def live() -> None:
        async with lifespan(app):
            assert [line["message"] for line in log_lines()] == [f"{project.app_dir}/broken/route.py cannot be loaded"]
            assert [(await ask(app, "GET", path)).status_code for path in ("/broken", "/fine")] == [500, 200]

    asyncio.run(live())


# Many at once.


def test_concurrent_requests_never_see_each_others_cookies_headers_and_params(project: RouteProject) -> None:
    source = """
        import asyncio, time
        from edgeroutes import cookies, headers

        async def GET(id: str):
            await asyncio.sleep(0.001 * (int(id) % 7))
            cookies().set("seen", id)
            await asyncio.sleep(0.001)
            return [id, cookies()["id"], headers()["x-id"], cookies()["seen"]]

        def POST(id: str):
            time.sleep(0.001 * (int(id) % 7))
            cookies().set("seen", id)
            return [id, cookies()["id"], headers()["x-id"], cookies()["seen"]]
    """
    project.write("[id]/route.py", source)
    app = project.asgi()

    async def one(method: str, number: str) -> None:
        response = await ask(app, method, f"/{number}", headers={"x-id": number, "cookie": f"id={number}"})
        assert response.json() == [number] * 4
        assert response.headers.get_list("set-cookie") == [f"seen={number}; Path=/"]

    async def all_of_them() -> None:
        await asyncio.gather(*(one(method, str(number)) for number in range(40) for method in ("GET", "POST")))

    asyncio.run(all_of_them())


@pytest.mark.parametrize(
    "source",
    [
        "def GET():\n    gate.wait(5)\n    return 'x'.join('ab')",
        "def GET():\n    gate.wait(5)\n    yield 'axb'",
        "def chunks():\n    gate.wait(5)\n    yield 'axb'\nasync def GET():\n    return Response.stream(chunks())",
        "def GET():\n    return other()\nasync def other():\n    return await asyncio.to_thread(lambda: gate.wait(5) and 'axb')",
        "@lambda function: lambda: function()\ndef GET():\n    gate.wait(5)\n    return 'axb'",
    ],
    ids=["function", "generator", "sync stream", "coroutine from a function", "decorated"],
)
def test_a_handler_that_blocks_keeps_nobody_waiting(project: RouteProject, source: str) -> None:
    lines = "import asyncio, threading\nfrom edgeroutes import Response\ngate = threading.Event()\n"
    project.write("slow/route.py", lines + source + "\n")
    project.write("fast/route.py", "async def GET():\n    return 'fast'\n")
    app = project.asgi()

    async def both() -> tuple[str, str]:
        slow = asyncio.create_task(ask(app, "GET", "/slow"))
        await asyncio.sleep(0.02)
        fast = await ask(app, "GET", "/fast")
        assert not slow.done()
        project.module("slow/route.py").gate.set()
        return (await slow).text, fast.text

    assert asyncio.run(both()) == ("axb", "fast")


def test_what_a_sync_handler_raises_and_reads_is_as_on_the_loop(project: RouteProject) -> None:
    source = """
        from edgeroutes import after, cookies, not_found, redirect
        done = []
        def GET(which: str):
            if which == "missing":
                not_found("nothing here")
            cookies().set("a", "1")
            after(done.append, which)
            redirect("/there")
    """
    project.write("[which]/route.py", source)
    app = project.asgi()
    assert request(app, "GET", "/missing").json()["detail"] == "nothing here"
    moved = request(app, "GET", "/on")
    assert (moved.status_code, moved.headers["location"], moved.headers["set-cookie"]) == (307, "/there", "a=1; Path=/")
    assert project.module("[which]/route.py").done == ["on"]


def test_after_runs_behind_the_last_byte_and_blocks_nobody(project: RouteProject) -> None:
    source = """
        import threading
        from edgeroutes import after
        gate = threading.Event()
        done = []
        def work():
            gate.wait(5)
            done.append("work")
        async def GET():
            after(work)
            yield "a"
            yield "b"
    """
    project.write("route.py", source)

    async def get() -> None:
        connection = Connection()
        running = asyncio.create_task(project.asgi()(connection.scope, connection.receive, connection.send))
        while not connection.is_complete:
            await asyncio.wait_for(connection.arrived.wait(), 5)
            connection.arrived.clear()
        module = project.module("route.py")
        assert (connection.body, module.done, running.done()) == (b"ab", [], False)
        module.gate.set()
        await running
        assert module.done == ["work"]

    asyncio.run(get())


# Streams.


def test_chunks_are_sent_as_they_are_produced_and_no_sooner_than_the_server_takes_them(project: RouteProject) -> None:
    source = """
        made = []
        async def GET():
            for number in range(5):
                made.append(number)
                yield str(number)
    """
    project.write("route.py", source)

    async def get() -> None:
        connection = Connection()
        taken: list[int] = []

        async def slow_send(message: Message) -> None:
            await asyncio.sleep(0)
            await connection.send(message)
            if message.get("body"):
                taken.append(len(project.module("route.py").made))

        await project.asgi()(connection.scope, connection.receive, slow_send)
        assert taken == [1, 2, 3, 4, 5]
        assert (connection.body, connection.is_complete) == (b"01234", True)
        assert b"content-length" not in dict(connection.sent[0]["headers"])

    asyncio.run(get())


WAITING = """
async def GET():
    try:
        while True:
            yield 'a'
            await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0)
        closed.set()
"""
BUSY = """
async def GET():
    try:
        while True:
            yield 'a'
            await asyncio.sleep(0)
    finally:
        closed.set()
"""
DEAF = """
async def GET():
    while not closed.is_set():
        yield 'a'
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            closed.set()
"""
FAILING = """
async def GET():
    yield 'a'
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        closed.set()
        raise ValueError('as a response to it')
"""
SYNC = """
def GET():
    try:
        while True:
            yield 'a'
            time.sleep(0.01)
    finally:
        closed.set()
"""


@pytest.mark.parametrize(
    "source",
    [
        WAITING,
        BUSY,
        DEAF,
        FAILING,
        SYNC,
    ],
    ids=["waiting", "busy", "deaf", "failing", "sync"],
)
def test_a_client_that_goes_ends_the_generator_at_once_without_an_error(
    project: RouteProject, log_lines: LogLines, source: str
) -> None:
    project.write("route.py", f"import asyncio, threading, time\nclosed = threading.Event()\n{source}\n")

    async def get() -> None:
        connection = Connection()
        running = asyncio.create_task(project.asgi()(connection.scope, connection.receive, connection.send))
        while not connection.body:
            await asyncio.wait_for(connection.arrived.wait(), 5)
            connection.arrived.clear()
        connection.gone.set()
        await asyncio.wait_for(running, 5)
        assert project.module("route.py").closed.is_set()
        assert running.cancelling() == 0

    asyncio.run(get())
    assert log_lines() == []


@pytest.mark.parametrize("kind", ["stream", "whole"])
def test_a_server_that_says_with_oserror_that_the_client_has_gone_is_understood(
    project: RouteProject, log_lines: LogLines, kind: str
) -> None:
    project.write(
        "stream/route.py",
        "closed = []\nasync def GET():\n    try:\n        yield 'a'\n    finally:\n        closed.append(1)\n",
    )
    project.write("whole/route.py", "async def GET():\n    return 'a'\n")

    async def get() -> None:
        connection = Connection(f"/{kind}")

        async def send(message: Message) -> None:
            raise OSError("gone")

        await project.asgi()(connection.scope, connection.receive, send)

    asyncio.run(get())
    assert log_lines() == []
    if kind == "stream":
        assert project.module("stream/route.py").closed == [1]


def test_an_oserror_of_the_generators_own_is_an_error(project: RouteProject, log_lines: LogLines) -> None:
    project.write("route.py", "async def GET():\n    yield 'a'\n    raise OSError('disk')\n")

    async def get() -> Connection:
        connection = Connection()
        with pytest.raises(OSError, match="disk"):
            await project.asgi()(connection.scope, connection.receive, connection.send)
        return connection

    assert not asyncio.run(get()).is_complete
    assert [line["exception_name"] for line in log_lines()] == ["OSError"]


def test_a_task_that_is_cancelled_from_outside_stays_cancelled(project: RouteProject) -> None:
    project.write("route.py", "import asyncio\nasync def GET():\n    yield 'a'\n    await asyncio.sleep(60)\n")

    async def get() -> None:
        connection = Connection()
        running = asyncio.create_task(project.asgi()(connection.scope, connection.receive, connection.send))
        while not connection.body:
            await asyncio.wait_for(connection.arrived.wait(), 5)
            connection.arrived.clear()
        running.cancel()
        await asyncio.wait({running})
        assert running.cancelled()

    asyncio.run(get())


# Mounted apps.


NATIVE = """
import asyncio
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute

log = []
gate = asyncio.Event()

@asynccontextmanager
async def lifespan(app):
    log.append("startup")
    yield {"pool": "open"}
    log.append("shutdown")

async def hello(request):
    return JSONResponse({"url": str(request.url), "root": request.scope["root_path"], "pool": request.state.pool})

async def numbers():
    yield b"first"
    await gate.wait()
    yield b"second"

async def stream(request):
    return StreamingResponse(numbers())

async def size(request):
    sizes = [len(chunk) async for chunk in request.stream()]
    return JSONResponse({"total": sum(sizes), "in": len(sizes)})

async def fail(request):
    raise KeyError("secret")

async def break_off(request):
    async def chunks():
        yield b"half"
        raise ValueError("broke off")
    return StreamingResponse(chunks())

async def talk(socket):
    await socket.accept()
    await socket.send_json({"path": socket.url.path, "said": await socket.receive_text(), "pool": socket.state.pool})
    await socket.close()

app = Starlette(
    routes=[
        Route("/", hello),
        Route("/stream", stream),
        Route("/size", size, methods=["POST"]),
        Route("/fail", fail),
        Route("/break", break_off),
        WebSocketRoute("/talk", talk),
    ],
    lifespan=lifespan,
)
"""
NATIVE_FILE = "legacy/[[...path]]/route.py"


def test_an_apps_lifespan_is_the_servers(project: RouteProject) -> None:
    project.write(NATIVE_FILE, NATIVE)
    app = project.asgi()

    async def live() -> None:
        async with lifespan(app):
            log = project.module(NATIVE_FILE).log
            assert log == ["startup"]
            response = await ask(app, "GET", "/legacy")
            assert response.json() == {"url": "http://example.org/legacy/", "root": "/legacy", "pool": "open"}
            assert response.headers["cache-control"] == "private, no-store"
        assert log == ["startup", "shutdown"]

    asyncio.run(live())


def test_an_app_starts_at_its_first_request_where_the_server_has_no_lifespan(project: RouteProject) -> None:
    project.write(NATIVE_FILE, NATIVE)
    assert request(project.asgi(), "GET", "/legacy").json()["pool"] == "open"


def test_an_app_reads_a_body_of_any_size_piece_by_piece(project: RouteProject, serve: Serve) -> None:
    project.write(NATIVE_FILE, NATIVE)
    total = GATEWAY_BODY_BYTES + 1
    response = httpx.post(f"{serve(project.asgi())}/legacy/size", content=b"x" * total).json()
    assert response["total"] == total
    assert response["in"] > 2


def test_an_app_streams_as_it_produces(project: RouteProject) -> None:
    project.write(NATIVE_FILE, NATIVE)

    async def get() -> None:
        connection = Connection("/legacy/stream")
        running = asyncio.create_task(project.asgi()(connection.scope, connection.receive, connection.send))
        while not connection.body:
            await asyncio.wait_for(connection.arrived.wait(), 5)
            connection.arrived.clear()
        assert connection.body == b"first"
        project.module(NATIVE_FILE).gate.set()
        await running
        assert (connection.body, connection.is_complete) == (b"firstsecond", True)

    asyncio.run(get())


@pytest.mark.parametrize("spec_version", ["2.3", "2.4"])
def test_a_client_that_goes_ends_an_apps_stream_without_an_error(
    project: RouteProject, log_lines: LogLines, spec_version: str
) -> None:
    project.write(NATIVE_FILE, NATIVE)

    async def get() -> None:
        connection = Connection("/legacy/stream", asgi={"version": "3.0", "spec_version": spec_version})

        async def send(message: Message) -> None:
            if connection.gone.is_set():
                raise OSError("gone")
            await connection.send(message)

        running = asyncio.create_task(project.asgi()(connection.scope, connection.receive, send))
        while not connection.body:
            await asyncio.wait_for(connection.arrived.wait(), 5)
            connection.arrived.clear()
        connection.gone.set()
        project.module(NATIVE_FILE).gate.set()
        await asyncio.wait_for(running, 5)
        assert not connection.is_complete

    asyncio.run(get())
    assert log_lines() == []


def test_an_apps_error_is_a_problem_document_and_one_log_line(project: RouteProject, log_lines: LogLines) -> None:
    project.write(NATIVE_FILE, NATIVE)
    response = request(project.asgi(), "GET", "/legacy/fail")
    assert (response.status_code, response.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in response.text
    assert [line["exception_name"] for line in log_lines()] == ["KeyError"]


def test_an_app_that_breaks_off_is_cut_off_and_logged(project: RouteProject, log_lines: LogLines, serve: Serve) -> None:
    project.write(NATIVE_FILE, NATIVE)
    url = serve(project.asgi())
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{url}/legacy/break")
    assert [line["exception_name"] for line in log_lines()] == ["ValueError"]


def sending(status: int, headers: str, body: str) -> str:
    start = f"await send({{'type': 'http.response.start', 'status': {status}, 'headers': {headers}}})"
    return f"{start}\n    await send({{'type': 'http.response.body', 'body': {body}}})"


@pytest.mark.parametrize(
    ("source", "status", "body"),
    [
        (
            sending(500, "[]", "b'Internal Server Error'"),
            500,
            b"Internal Server Error",
        ),
        (
            sending(500, "[]", "b'mine'") + "\n    raise KeyError",
            500,
            b"mine",
        ),
        (
            "await send({'type': 'http.response.start', 'status': 200, 'headers': [(b'x-a', b'a\\nb')]})",
            500,
            b'{"type"',
        ),
        ("pass", 500, b'{"type"'),
        (
            sending(204, "[]", "b''"),
            204,
            b"",
        ),
        (
            sending(200, "[(b'content-length', b'2')]", "b'ok'"),
            200,
            b"ok",
        ),
    ],
    ids=["plain 500", "own 500", "bad header", "no response", "204", "length"],
)
def test_what_an_app_sends_is_what_arrives(project: RouteProject, source: str, status: int, body: bytes) -> None:
    project.write(
        "route.py",
        f"async def app(scope, receive, send):\n    if scope['type'] != 'http':\n        return\n    {source}\n",
    )
    response = request(project.asgi(), "GET", "/")
    assert (response.status_code, response.content[: len(body) or None]) == (status, body)
    assert "content-type" not in response.headers or response.headers["content-type"] == "application/problem+json"


def test_an_app_of_a_cached_route_gets_its_head_and_its_304(project: RouteProject) -> None:
    source = """
        from starlette.responses import PlainTextResponse
        revalidate = 60
        tags = ["products"]
        app = PlainTextResponse("cached", headers={"etag": '"v1"'})
    """
    project.write("route.py", source)
    app = project.asgi()
    response = request(app, "GET", "/")
    assert (response.text, response.headers["x-cache-tag"], response.headers["content-length"]) == (
        "cached",
        "products,_path:/",
        "6",
    )
    assert response.headers["cache-control"].startswith("public, s-maxage=60")
    unchanged = request(app, "GET", "/", headers={"if-none-match": '"v1"'})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert "content-length" not in unchanged.headers


@pytest.mark.parametrize("name", ["authorization", "cookie", "x-api-key"])
def test_an_app_may_have_read_the_credentials_that_were_sent(project: RouteProject, name: str) -> None:
    source = "from starlette.responses import PlainTextResponse\nrevalidate = 60\napp = PlainTextResponse('mine')\n"
    project.write("route.py", source)

    response = request(project.asgi(), "GET", "/", headers={name: "a=1"})

    assert (response.headers["cache-control"], "x-cache-tag" in response.headers) == ("private, no-store", False)


def test_cookies_and_after_work_inside_an_app(project: RouteProject) -> None:
    source = """
        from edgeroutes import after, cookies
        from starlette.responses import PlainTextResponse
        done = []
        async def app(scope, receive, send):
            if scope["type"] != "http":
                return
            cookies().set("a", "1")
            after(done.append, "after")
            await PlainTextResponse("ok")(scope, receive, send)
    """
    project.write("inside/route.py", source)
    assert request(project.asgi(), "GET", "/inside").headers["set-cookie"] == "a=1; Path=/"
    assert project.module("inside/route.py").done == ["after"]


def test_an_app_behind_middleware_responds_through_it(project: RouteProject) -> None:
    project.write(NATIVE_FILE, NATIVE)
    project.write(
        "middleware.py",
        """
        async def middleware(request, call_next):
            response = await call_next(request)
            response.headers["x-seen"] = "yes"
            return response
        """,
    )
    response = request(project.asgi(), "GET", "/legacy")
    assert (response.headers["x-seen"], response.json()) == (
        "yes",
        {"url": "http://example.org/legacy/", "root": "/legacy", "pool": "open"},
    )


# WebSockets.


def test_a_websocket_goes_to_the_app_that_owns_the_path(project: RouteProject) -> None:
    project.write(NATIVE_FILE, NATIVE)
    sent = asyncio.run(talk(project.asgi(), "/legacy/talk", "hello"))
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert json.loads(sent[1]["text"]) == {"path": "/legacy/talk", "said": "hello", "pool": "open"}


def test_an_apps_error_on_a_websocket_is_logged_and_the_servers_to_close(
    project: RouteProject, log_lines: LogLines
) -> None:
    project.write("route.py", "async def app(scope, receive, send):\n    raise KeyError('secret')\n")
    with pytest.raises(KeyError):
        asyncio.run(talk(project.asgi(), "/"))
    assert [line["exception_name"] for line in log_lines()] == ["KeyError"]


@pytest.mark.parametrize("path", ["/chat/%61dmin", "/chat//admin", "/chat/x%2F..%2Fadmin", "/chat/admin/"])
def test_no_spelling_of_a_websockets_path_passes_a_matcher(project: RouteProject, path: str) -> None:
    project.write("chat/[[...path]]/route.py", NATIVE)
    project.write(
        "middleware.py",
        "matcher = '/chat/admin'\nasync def middleware(request, call_next):\n    return await call_next(request)\n",
    )
    assert asyncio.run(talk(project.asgi(), path)) == [{"type": "websocket.close", "code": 1000}]


@pytest.mark.parametrize("path", ["/nothing", "/plain", "/guarded/talk"])
def test_a_websocket_that_no_app_takes_is_refused(project: RouteProject, path: str) -> None:
    project.write("plain/route.py", "async def GET():\n    return {}\n")
    project.write("guarded/[[...path]]/route.py", NATIVE)
    project.write(
        "guarded/middleware.py", "async def middleware(request, call_next):\n    return await call_next(request)\n"
    )
    assert asyncio.run(talk(project.asgi(), path)) == [{"type": "websocket.close", "code": 1000}]


# Where the server puts us.


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        ({"path": "/a b", "raw_path": b"/a%20b"}, "/a%20b"),
        ({"path": "/a b/ü"}, "/a%20b/%C3%BC"),
        ({"path": "/x", "raw_path": b"/x?q=1"}, "/x"),
        ({"path": "/ü", "raw_path": "/ü".encode()}, "/%C3%BC"),
        ({"path": "/x", "raw_path": b"http://example.org/x"}, "/x"),
        ({"path": "/api/x", "raw_path": b"/api/x", "root_path": "/api"}, "/x"),
        ({"path": "/api", "raw_path": b"/api", "root_path": "/api"}, "/"),
        ({"path": "/api/x", "root_path": "/api/"}, "/x"),
        ({"path": "/apikeys", "raw_path": b"/apikeys", "root_path": "/api"}, "/apikeys"),
        ({"path": "/x", "raw_path": b"/x", "root_path": "/api"}, "/x"),
        ({"path": "/a b/x", "raw_path": b"/a%20b/x", "root_path": "/a b"}, "/x"),
        ({"path": "", "raw_path": b""}, "/"),
    ],
)
def test_the_path_is_as_it_was_sent_below_what_the_server_has_in_front(scope: dict[str, Any], path: str) -> None:
    assert AsgiIncoming({"type": "http", "method": "GET", "headers": [], **scope}).path == path


@pytest.mark.parametrize(
    ("scope", "origin"),
    [
        ({"headers": [(b"host", b"example.org")], "scheme": "https"}, ("https", "example.org")),
        ({"headers": [], "server": ("::1", 3000)}, ("http", "[::1]:3000")),
        ({"headers": [], "server": ("/run/app.sock", None)}, ("http", "/run/app.sock")),
        ({"headers": [], "scheme": "wss"}, ("https", "localhost")),
    ],
)
def test_the_origin_is_what_the_client_asked(scope: dict[str, Any], origin: tuple[str, str]) -> None:
    assert AsgiIncoming({"type": "http", "path": "/", **scope}).origin() == origin


def test_mounted_in_another_app_paths_links_and_redirects_are_below_it(project: RouteProject) -> None:
    project.write("users/[id]/route.py", ECHO)
    project.write(NATIVE_FILE, NATIVE)
    outer = Starlette(routes=[Mount("/outer", project.asgi(base_path="/base"))])
    assert request(outer, "GET", "/outer/base/users/1").json()["path"] == "/users/1"
    assert request(outer, "GET", "/outer/base/users/1/?a=b").headers["location"] == "/outer/base/users/1?a=b"
    assert request(outer, "GET", "/outer/base/legacy").json() == {
        "url": "http://example.org/outer/base/legacy/",
        "root": "/outer/base/legacy",
        "pool": "open",
    }


def test_a_connection_of_another_kind_is_refused(project: RouteProject) -> None:
    project.write("route.py", ECHO.replace("id: str", "id: str = ''"))
    with pytest.raises(ValueError, match="'smtp'"):
        asyncio.run(project.asgi()({"type": "smtp"}, *_no_channels()))


def _no_channels() -> tuple[Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]]:
    connection = Connection()
    return connection.receive, connection.send


# A real server.


def test_uvicorn_sends_each_chunk_when_it_is_there(project: RouteProject, serve: Serve) -> None:
    source = """
        import threading
        gate = threading.Event()
        def GET():
            yield "first"
            gate.wait(10)
            yield "second"
    """
    project.write("route.py", source)
    with httpx.stream("GET", serve(project.asgi())) as response:
        chunks = response.iter_text()
        assert next(chunks) == "first"
        project.module("route.py").gate.set()
        assert "".join(chunks) == "second"


def test_uvicorns_client_that_hangs_up_closes_the_generator(
    project: RouteProject, serve: Serve, log_lines: LogLines
) -> None:
    source = """
        import asyncio, threading
        closed = threading.Event()
        async def GET():
            try:
                yield "first"
                await asyncio.sleep(60)
            finally:
                closed.set()
    """
    project.write("route.py", source)
    address = urlsplit(serve(project.asgi()))
    with socket.create_connection((address.hostname, address.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
        while b"first" not in client.recv(65536):
            pass
    assert project.module("route.py").closed.wait(5)
    assert log_lines() == []


def test_uvicorn_cuts_the_connection_when_a_stream_breaks_off(
    project: RouteProject, serve: Serve, log_lines: LogLines
) -> None:
    project.write("route.py", "async def GET():\n    yield 'half'\n    raise ValueError('broke off')\n")
    url = serve(project.asgi())
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(url)
    assert [line["exception_name"] for line in log_lines()] == ["ValueError"]


def test_uvicorn_serves_others_while_a_handler_blocks(project: RouteProject, serve: Serve) -> None:
    project.write(
        "slow/route.py",
        "import threading\ngate = threading.Event()\ndef GET():\n    gate.wait(10)\n    return 'slow'\n",
    )
    project.write("fast/route.py", "async def GET():\n    return 'fast'\n")
    url = serve(project.asgi())
    responses: list[str] = []
    asking = threading.Thread(target=lambda: responses.append(httpx.get(f"{url}/slow").text))
    asking.start()
    deadline = time.monotonic() + 5
    assert httpx.get(f"{url}/fast").text == "fast"
    assert time.monotonic() < deadline
    assert responses == []
    project.module("slow/route.py").gate.set()
    asking.join(5)
    assert responses == ["slow"]


# The project in a folder.


def test_the_app_of_a_folder_has_its_settings(project: RouteProject) -> None:
    settings = f'[tool.edgeroutes]\napp_dir = "{project.app_dir}"\nbase_path = "/base"\ntrailing_slash = true\n'
    (project.root / "pyproject.toml").write_text(settings)
    project.write("users/[id]/route.py", ECHO)
    app = make_app(project.root)
    assert request(app, "GET", "/base/users/1/").json()["id"] == "1"
    assert request(app, "GET", "/base/users/1").headers["location"] == "/base/users/1/"


def test_the_app_of_the_current_folder_is_made_at_its_first_use(
    project: RouteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    import edgeroutes.asgi

    (project.root / "pyproject.toml").write_text(f'[tool.edgeroutes]\napp_dir = "{project.app_dir}"\n')
    project.write("route.py", "async def GET():\n    return 'here'\n")
    monkeypatch.chdir(project.root)
    monkeypatch.delitem(vars(edgeroutes.asgi), "app", raising=False)
    assert request(edgeroutes.asgi.app, "GET", "/").text == "here"
    assert edgeroutes.asgi.app is edgeroutes.asgi.app
    monkeypatch.delitem(vars(edgeroutes.asgi), "app")
    with pytest.raises(AttributeError, match="no attribute 'application'"):
        edgeroutes.asgi.application  # noqa: B018


def test_a_project_with_mistakes_is_refused_when_its_app_is_read(tmp_path: Path) -> None:
    (tmp_path / "functions" / "[id").mkdir(parents=True)
    (tmp_path / "functions" / "[id" / "route.py").write_text("async def GET():\n    return 1\n")
    with pytest.raises(Exception, match="no closing bracket"):
        make_app(tmp_path)


def test_responses_are_json_where_json_was_sent(project: RouteProject) -> None:
    project.write("route.py", "async def GET():\n    return [1]\n")
    assert json.loads(request(project.asgi(), "GET", "/").content) == [1]
