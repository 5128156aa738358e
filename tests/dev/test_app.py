"""The dev server as a client sees it: real sockets, real uvicorn, the production adapter."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from edgeroutes.dev.gateway import Limits
from tests.dev.serving import PATIENCE_S, serving, shared_module, until

if TYPE_CHECKING:
    from pathlib import Path

ECHO = """
    from edgeroutes import Request, RouteContext

    async def POST(request: Request, context: RouteContext):
        body = await request.body()
        event = context.aws_event
        return {
            "method": request.method,
            "path": request.url.path,
            "query": request.query_params.getlist("q"),
            "header": request.headers.get("x-thing"),
            "body": body.decode("latin-1"),
            "resource": event["resource"],
            "stage_path": event["requestContext"]["path"],
            "is_base64": event["isBase64Encoded"],
            "client": request.client.host,
            "origin": request.url.origin,
            "remaining": context.remaining_ms,
        }
"""


def test_a_request_reaches_the_handler_as_api_gateways_event_and_its_response_comes_back(tmp_path: Path) -> None:
    with serving(tmp_path, {"echo/[name]": ECHO.replace("request: Request", "request: Request, name: str")}) as served:
        body = bytes(range(256))
        response = served.client.post("/echo/a%2Fb?q=1&q=%C3%A9", content=body, headers={"X-Thing": "one"})
    seen = response.json()
    assert seen.pop("remaining") in range(20_000, 30_001)
    assert (response.status_code, seen) == (
        200,
        {
            "method": "POST",
            "path": "/echo/a%2Fb",
            "query": ["1", "é"],
            "header": "one",
            "body": body.decode("latin-1"),
            "resource": "/{proxy+}",
            "stage_path": "/live/echo/a%2Fb",
            "is_base64": True,
            "client": "127.0.0.1",
            "origin": f"http://127.0.0.1:{served.server.port}",
        },
    )
    assert response.headers["content-length"] == str(len(response.content))


def test_repeated_headers_cookies_and_binary_survive(tmp_path: Path) -> None:
    route = """
        from edgeroutes import Response

        async def GET():
            response = Response(bytes(range(256)), headers=[("x-many", "1"), ("x-many", "2")])
            response.cookies.set("a", "1")
            response.cookies.set("b", "2")
            return response
    """
    with serving(tmp_path, {"binary": route}) as served:
        response = served.get("/binary")
    assert response.content == bytes(range(256))
    assert response.headers.get_list("x-many") == ["1", "2"]
    assert [line.partition(";")[0] for line in response.headers.get_list("set-cookie")] == ["a=1", "b=2"]


METHODS_AND_PATHS = [
    ("GET", "/plain", 200, None),
    ("HEAD", "/plain", 200, None),
    ("POST", "/plain", 405, "GET, HEAD, OPTIONS"),
    ("OPTIONS", "/plain", 204, "GET, HEAD, OPTIONS"),
    ("PROPFIND", "/plain", 400, None),
    ("GET", "/plain/", 308, None),
    ("GET", "/absent", 404, None),
    ("GET", "/%zz", 404, None),
]


def test_every_method_and_path_has_a_response(tmp_path: Path) -> None:
    with serving(tmp_path, {"plain": "async def GET():\n    return 'text'\n"}) as served:
        responses = [served.client.request(method, path) for method, path, _, _ in METHODS_AND_PATHS]
    seen = [(response.status_code, response.headers.get("allow")) for response in responses]
    assert seen == [(status, allow) for _, _, status, allow in METHODS_AND_PATHS]
    assert [response.text == "text" for response in responses] == [True] + [False] * 7


def test_a_body_without_a_length_is_read(tmp_path: Path) -> None:
    with serving(tmp_path, {"echo": ECHO}) as served:
        response = served.client.post("/echo", content=iter([b"one ", b"two"]))
    assert response.json()["body"] == "one two"


KINDS = {
    "free": "from edgeroutes import cookies\nasync def GET():\n    return {'who': cookies()['who']}\n",
    "loop": """
        import asyncio
        from edgeroutes import cookies

        async def GET():
            who = cookies()["who"]
            await asyncio.sleep(0.01)
            cookies().set("seen", who)
            return {"who": cookies()["who"]}
    """,
    "sync": """
        import time
        from edgeroutes import cookies

        def GET():
            who = cookies()["who"]
            time.sleep(0.01)
            return {"who": cookies()["who"]}
    """,
}


def test_fifty_requests_at_once_never_see_each_others_cookies(tmp_path: Path) -> None:
    def ask(number: int) -> tuple[str, str, str | None]:
        kind = list(KINDS)[number % 3]
        response = httpx.get(f"{url}/{kind}", headers={"Cookie": f"who=n{number}"}, timeout=PATIENCE_S, verify=False)
        return f"n{number}", response.json()["who"], response.cookies.get("seen")

    with serving(tmp_path, KINDS) as served, ThreadPoolExecutor(50) as pool:
        url = f"http://127.0.0.1:{served.server.port}"
        seen = list(pool.map(ask, range(150)))
    assert [(who, who) for who, _, _ in seen] == [(who, response) for who, response, _ in seen]
    assert all(cookie in (None, who) for who, _, cookie in seen)
    assert sum(cookie is not None for _, _, cookie in seen) == 50


BLOCKING = {
    "blocks": "import gate\n\ndef GET():\n    gate.entered.set()\n    gate.leave.wait(20)\n    return 'late'\n",
    "blocks_loop": "import asyncio\nimport gate\n\ndef GET():\n    gate.entered.set()\n    gate.leave.wait(20)\n    return 'late'\n",
    "quick": "async def GET():\n    return 'now'\n",
    "quick_loop": "import asyncio\n\nasync def GET():\n    await asyncio.sleep(0)\n    return 'now'\n",
}


@pytest.mark.parametrize("path", ["/blocks", "/blocks_loop"])
def test_a_sync_handler_that_blocks_keeps_nobody_waiting(tmp_path: Path, path: str) -> None:
    with (
        shared_module("gate", entered=threading.Event(), leave=threading.Event()) as gate,
        serving(tmp_path, BLOCKING) as served,
        ThreadPoolExecutor(1) as pool,
    ):
        late = pool.submit(httpx.get, f"http://127.0.0.1:{served.server.port}{path}", timeout=PATIENCE_S)
        assert gate.entered.wait(PATIENCE_S)
        others = [served.get("/quick").text, served.get("/quick_loop").text]
        gate.leave.set()
        assert (others, late.result().text) == (["now", "now"], "late")


def test_async_routes_share_one_loop_and_routes_that_never_wait_have_none(tmp_path: Path) -> None:
    loop = "import asyncio\n\nasync def GET():\n    return str(id(asyncio.get_running_loop()))\n"
    none = """
        import sys

        async def GET():
            try:
                sys.modules["asyncio"].get_running_loop()
            except RuntimeError:
                return "none"
    """
    with serving(tmp_path, {"one": loop, "two": loop, "none": none}) as served:
        first = [served.get("/one").text, served.get("/two").text, served.get("/none").text]
        served.saved({"one": loop + "\n"})
        after = served.get("/one").text
    assert first == [after, after, "none"]


STREAMS = {
    "loop": """
        import asyncio
        import gate

        async def GET():
            try:
                yield "first\\n"
                await asyncio.to_thread(gate.go_on.wait, 20)
                yield "second\\n"
            finally:
                gate.closed.set()
    """,
    "free": """
        import gate

        async def GET():
            try:
                yield "first\\n"
                gate.go_on.wait(20)
                yield "second\\n"
            finally:
                gate.closed.set()
    """,
    "sync": """
        import gate

        def GET():
            try:
                yield "first\\n"
                gate.go_on.wait(20)
                yield "second\\n"
            finally:
                gate.closed.set()
    """,
    "sync_loop": """
        import asyncio
        import gate
        from edgeroutes import Response

        def chunks():
            try:
                yield "first\\n"
                gate.go_on.wait(20)
                yield "second\\n"
            finally:
                gate.closed.set()

        def GET():
            return Response.stream(chunks())
    """,
}


@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_is_sent_as_it_is_produced(tmp_path: Path, kind: str) -> None:
    with (
        shared_module("gate", go_on=threading.Event(), closed=threading.Event()) as gate,
        serving(tmp_path, {kind: STREAMS[kind]}) as served,
        served.client.stream("GET", f"/{kind}") as response,
    ):
        lines = response.iter_lines()
        first = next(lines)
        was_closed = gate.closed.is_set()
        gate.go_on.set()
        assert (first, was_closed, list(lines)) == ("first", False, ["second"])
        assert response.headers["transfer-encoding"] == "chunked"
    assert gate.closed.is_set()


ENDLESS = """
    import asyncio
    import gate

    async def GET():
        try:
            while True:
                gate.made.append(1)
                yield b"x" * 65536
                await asyncio.sleep(0)
        finally:
            gate.closed.set()
"""


def test_a_target_in_a_proxys_form_is_its_path(tmp_path: Path) -> None:
    """Source: RFC 9112 §3.2.2: a server must take it."""
    with (
        serving(tmp_path, {"x": "def GET(request):\n    return request.url.path\n"}) as served,
        socket.create_connection(("127.0.0.1", served.server.port)) as client,
    ):
        client.sendall(b"GET http://localhost/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        response = b"".join(iter(lambda: client.recv(65536), b""))
    assert (response.split()[1], response.rpartition(b"\r\n")[2]) == (b"200", b"/x")


def test_a_slow_client_slows_the_handler_and_one_that_leaves_ends_it(tmp_path: Path) -> None:
    with (
        shared_module("gate", made=[], closed=threading.Event()) as gate,
        serving(tmp_path, {"endless": ENDLESS}) as served,
    ):
        with socket.create_connection(("127.0.0.1", served.server.port)) as client:
            client.sendall(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
            client.recv(1024)
            before = -1
            while before != len(gate.made):
                before = len(gate.made)
                time.sleep(0.3)
            assert before < 500  # 32 MiB: the socket's buffers, not all that could be made
        assert gate.closed.wait(PATIENCE_S)
        until(lambda: served.told.responded, "the log line")
    assert (served.told.failed, served.told.responded[-1].note) == ([], "the client left")


@pytest.mark.parametrize("kind", ["loop", "free", "sync"])
def test_a_client_that_leaves_closes_the_generator_and_nothing_is_logged_as_an_error(tmp_path: Path, kind: str) -> None:
    with (
        shared_module("gate", go_on=threading.Event(), closed=threading.Event()) as gate,
        serving(tmp_path, {kind: STREAMS[kind]}) as served,
    ):
        with served.client.stream("GET", f"/{kind}") as response:
            next(response.iter_lines())
        until(lambda: served.told.responded, "the log line")
        if kind != "loop":  # what blocks its thread learns of it when it goes on
            gate.go_on.set()
        assert gate.closed.wait(PATIENCE_S)
    assert (served.told.failed, served.told.logged, served.told.responded[0].note) == ([], [], "the client left")


def test_a_stream_that_the_source_does_not_show_arrives_whole_with_one_warning(tmp_path: Path) -> None:
    files = {
        "lib/chunks.py": "def chunks():\n    yield 'one '\n    yield 'two'\n",
        "hidden": "from lib.chunks import chunks\n\nasync def GET():\n    return chunks()\n",
    }
    with serving(tmp_path, files) as served:
        plain = {"accept-encoding": "identity"}
        responses = [served.get("/hidden", headers=plain), served.get("/hidden", headers=plain)]
    assert [(response.text, response.headers["content-length"]) for response in responses] == [("one two", "7")] * 2
    assert [(line.level, line.message) for line in served.told.logged] == [
        (
            "WARNING",
            (
                "functions/hidden/route.py streamed, which its source does not show, so its response was sent whole."
                " Set 'streaming = True' in the file"
            ),
        )
    ]


def test_streaming_true_makes_it_stream(tmp_path: Path) -> None:
    files = {
        "lib/chunks.py": "def chunks():\n    yield 'one '\n    yield 'two'\n",
        "shown": "from lib.chunks import chunks\nstreaming = True\n\nasync def GET():\n    return chunks()\n",
    }
    with serving(tmp_path, files) as served:
        response = served.get("/shown")
    assert (response.text, response.headers["transfer-encoding"], served.told.logged) == ("one two", "chunked", [])


@pytest.mark.parametrize("imports", ["", "import asyncio\n"])
def test_a_stream_that_fails_on_its_way_is_cut_and_logged(tmp_path: Path, imports: str) -> None:
    route = f"{imports}async def GET():\n    yield 'first'\n    raise ValueError('midway')\n"
    with serving(tmp_path, {"failing": route}) as served:
        with served.client.stream("GET", "/failing") as response:
            assert response.status_code == 200
            with pytest.raises(httpx.RemoteProtocolError):
                response.read()
        until(lambda: served.told.responded, "the log line")
        assert served.get("/failing/").status_code == 308  # the server lives on
    assert [(each.message, repr(each.error)) for each in served.told.failed] == [
        ("GET /failing failed while it streamed", "ValueError('midway')")
    ]
    assert served.told.responded[0].note == "cut: the stream failed"


def test_an_unexpected_cancellation_is_the_streams_failure(tmp_path: Path) -> None:
    route = "import asyncio\nasync def GET():\n    yield 'first'\n    raise asyncio.CancelledError\n"
    with serving(tmp_path, {"failing": route}) as served:
        with served.client.stream("GET", "/failing") as response, pytest.raises(httpx.RemoteProtocolError):
            response.read()
        until(lambda: served.told.responded, "the log line")
    assert [each.message for each in served.told.failed] == ["GET /failing failed while it streamed"]


def test_a_generators_timeout_reaches_it_while_a_slow_client_holds_its_chunk(tmp_path: Path) -> None:
    route = """
        import asyncio
        import gate

        async def GET():
            asyncio.get_running_loop().call_later(0.3, gate.passed.set)
            try:
                async with asyncio.timeout(0.1):
                    for _ in range(1000):
                        yield bytes(65536)
                        await asyncio.sleep(0)
            except TimeoutError:
                yield b"too late"
    """
    with (
        shared_module("gate", passed=threading.Event()) as gate,
        serving(tmp_path, {"x": route}) as served,
        socket.create_connection(("127.0.0.1", served.server.port)) as client,
    ):
        client.sendall(b"GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert gate.passed.wait(PATIENCE_S)
        response = b"".join(iter(lambda: client.recv(1 << 20), b""))
    assert response.endswith(b"\r\n8\r\ntoo late\r\n0\r\n\r\n")
    assert (served.told.failed, served.told.logged) == ([], [])


def test_a_stream_that_fails_before_its_first_chunk_is_a_500(tmp_path: Path) -> None:
    with serving(tmp_path, {"failing": "async def GET():\n    raise ValueError('early')\n    yield ''\n"}) as served:
        response = served.get("/failing")
    assert (response.status_code, response.json()["detail"]) == (500, "ValueError: early")


@pytest.mark.parametrize(
    "route",
    [
        "import gate\nfrom edgeroutes import after\n\nasync def GET():\n    after(gate.run)\n    return 'done'\n",
        "import gate\nfrom edgeroutes import after\n\nasync def GET():\n    after(gate.run)\n    yield 'do'\n    yield 'ne'\n",
        """
        import asyncio
        import gate
        from edgeroutes import after

        async def GET():
            after(asyncio.to_thread, gate.run)
            return 'done'
        """,
    ],
    ids=["whole", "stream", "loop"],
)
def test_after_runs_once_the_last_byte_has_gone_out(tmp_path: Path, route: str) -> None:
    responded, ran = threading.Event(), threading.Event()

    def run() -> None:
        if responded.wait(PATIENCE_S):
            ran.set()

    with shared_module("gate", run=run), serving(tmp_path, {"later": route}) as served:
        assert served.get("/later").text == "done"
        responded.set()
        assert ran.wait(PATIENCE_S)


def test_after_that_fails_is_logged(tmp_path: Path) -> None:
    route = "from edgeroutes import after\n\ndef fail():\n    1 / 0\n\nasync def GET():\n    after(fail)\n    return 'done'\n"
    with serving(tmp_path, {"later": route}) as served:
        assert served.get("/later").text == "done"
        until(lambda: served.told.failed, "the failure")
    assert [(each.message, type(each.error)) for each in served.told.failed] == [
        ("after(): fail failed", ZeroDivisionError)
    ]


EXITS = {
    "free": "import sys\n\nasync def GET():\n    sys.exit(3)\n",
    "loop": "import asyncio\nimport sys\n\nasync def GET():\n    await asyncio.sleep(0)\n    sys.exit(3)\n",
    "sync": "import asyncio\n\ndef GET():\n    raise KeyboardInterrupt\n",
    "load": "import sys\nsys.exit(3)\nasync def GET():\n    return ''\n",
    "task": """
        import asyncio
        import sys

        async def leave():
            sys.exit(3)

        async def GET():
            task = asyncio.create_task(leave())
            await asyncio.sleep(0.01)
            return "lives"
    """,
    "quick": "import asyncio\n\nasync def GET():\n    await asyncio.sleep(0)\n    return 'now'\n",
}


@pytest.mark.parametrize("kind", ["free", "loop", "sync", "load"])
def test_a_handler_that_exits_is_a_500_with_its_place_and_the_server_lives(tmp_path: Path, kind: str) -> None:
    with serving(tmp_path, EXITS) as served:
        response = served.get(f"/{kind}")
        assert served.get("/quick").text == "now"
    assert response.status_code == 500
    assert ("KeyboardInterrupt" if kind == "sync" else "SystemExit") in response.json()["detail"]
    assert [each.message for each in served.told.failed] == [f"GET /{kind} failed"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_background_task_that_exits_does_not_take_the_loop_along(tmp_path: Path) -> None:
    with serving(tmp_path, EXITS) as served:
        assert [served.get("/task").text, served.get("/quick").text] == ["lives", "now"]
    assert "SystemExit(3)" in served.told.failed[0].message


def test_an_exception_says_what_happened_to_clients_and_browsers(tmp_path: Path) -> None:
    files = {
        "lib/math.py": "def divide(a, b):\n    return a / b\n",
        "raises": "from lib.math import divide\n\ndef GET():\n    return divide(1, 0)\n",
    }
    with serving(tmp_path, files) as served:
        program = served.get("/raises")
        browser = served.get("/raises", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    document = program.json()
    assert (program.status_code, program.headers["content-type"]) == (500, "application/problem+json")
    assert (document["detail"], document["traceback"]) == (
        "ZeroDivisionError: division by zero",
        ["functions/raises/route.py:4 in GET: return divide(1, 0)", "lib/math.py:2 in divide: return a / b"],
    )
    assert (browser.status_code, browser.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "<figcaption>lib/math.py:2 in divide</figcaption>" in browser.text
    assert [each.message for each in served.told.failed] == ["GET /raises failed"] * 2


SMALL = Limits(head_bytes=400, request_body_bytes=3000, event_bytes=3500, integration_timeout_s=0.2)


def test_each_limit_is_reported_with_its_number(tmp_path: Path) -> None:
    files = {
        "echo": ECHO,
        "slow": "import gate\n\ndef GET():\n    gate.leave.wait(20)\n    return ''\n",
    }
    with shared_module("gate", leave=threading.Event()) as gate, serving(tmp_path, files, limits=SMALL) as served:
        responses = [
            served.client.post("/echo", content=b"x" * 3001),
            served.client.post("/echo", content=iter([b"x" * 3001])),
            served.client.post("/echo", content=b"x" * 2900),
            served.get("/echo", headers={"x-long": "x" * 400}),
            served.get("/slow"),
        ]
        gate.leave.set()
    upload = " Upload larger files straight to S3, with a presigned POST"
    details = [response.json()["detail"] for response in responses]
    assert [response.status_code for response in responses] == [413, 413, 413, 431, 504]
    instances = [response.json()["instance"] for response in responses]
    assert instances == ["/live/echo", "/live/echo", "/live/echo", "/live/echo", "/live/slow"]
    assert details[:2] == [f"the body has 3,001 bytes: API Gateway takes 3,000.{upload}"] * 2
    assert "with a body of 3,868 in base64: Lambda takes 3,500" in details[2]
    assert "API Gateway takes 400" in details[3]
    assert details[4] == (
        "the route has not responded within 0.2 s: API Gateway waits no longer for a response that is not streamed."
        " Set 'streaming = True' in the route file, respond earlier, or leave the work to after()"
    )
    assert [line.message.partition(":")[0] for line in served.told.logged] == ["504"]


def test_the_real_limits_hold_where_they_are(tmp_path: Path) -> None:
    files = {
        "echo": "async def POST():\n    return 'taken'\n",
        "sized/[size]": "async def GET(size: int):\n    return 'x' * size\n",
    }
    mebibyte = 1024 * 1024
    with serving(tmp_path, files) as served:
        post = [
            served.client.post("/echo", content=b"x" * size).status_code
            for size in (4 * mebibyte, 5 * mebibyte, 10 * mebibyte + 1)
        ]
        get = [served.get(f"/sized/{size}").status_code for size in (6 * mebibyte - 300, 6 * mebibyte + 100)]
        heads = [
            served.get("/sized/1", headers={"x-long": "x" * size}).status_code for size in (10_000, 10_300, 60_000)
        ]
    assert (post, get, heads) == ([200, 413, 413], [200, 500], [200, 431, 431])


def test_a_stream_has_neither_the_size_nor_the_time_limit(tmp_path: Path) -> None:
    route = (
        "import time\n\nasync def GET():\n    for _ in range(4):\n        time.sleep(0.1)\n        yield 'x' * 1000\n"
    )
    with serving(tmp_path, {"long": route}, limits=SMALL) as served:
        assert len(served.get("/long").content) == 4000


def test_only_this_machines_names_are_served(tmp_path: Path) -> None:
    with serving(tmp_path, {"plain": "async def GET():\n    return 'text'\n"}) as served:
        responses = {
            host: served.get("/plain", headers={"Host": host}) for host in ("localhost:1", "[::1]:1", "evil.example")
        }
    assert {host: response.status_code for host, response in responses.items()} == {
        "localhost:1": 200,
        "[::1]:1": 200,
        "evil.example": 403,
    }
    assert responses["evil.example"].json()["detail"] == (
        "edgeroutes dev serves this machine's own names and --host, not the host 'evil.example'"
    )


def test_every_request_is_one_line_of_the_log(tmp_path: Path) -> None:
    with serving(tmp_path, {"plain": "async def GET():\n    return 'text'\n"}) as served:
        served.get("/plain?a=1")
        served.get("/absent")
        served.get("/plain", headers={"Host": "evil.example"})
        until(lambda: len(served.told.responded) == 3, "the log")
    lines = [
        (each.method, each.path, each.status, each.body_bytes, each.source_file, each.note)
        for each in served.told.responded
    ]
    assert lines[0] == ("GET", "/plain?a=1", 200, 4, "functions/plain/route.py", "")
    assert [(line[1], line[2], line[4]) for line in lines[1:]] == [("/absent", 404, ""), ("/plain", 403, "")]
    assert all(0 < each.duration_ms < 1000 * PATIENCE_S for each in served.told.responded)


def test_a_project_below_a_base_path_is_served_below_it(tmp_path: Path) -> None:
    files = {"pyproject.toml": "[tool.edgeroutes]\nbase_path = '/api'\n", "plain": "def GET():\n    return 'text'\n"}
    with serving(tmp_path, files) as served:
        assert (served.get("/api/plain").text, served.get("/plain").status_code) == ("text", 404)
        assert served.server.url.endswith("/api")


def test_what_comes_in_is_json_before_the_handler_sees_it(tmp_path: Path) -> None:
    route = """
        import json
        from edgeroutes import RouteContext

        async def GET(context: RouteContext):
            return json.dumps(context.aws_event)
    """
    with serving(tmp_path, {"event": route}) as served:
        event = json.loads(served.get("/event?x=%FF", headers={"x-odd": "café".encode("latin-1")}).text)
    assert event["headers"]["x-odd"] == "café"
    assert (event["httpMethod"], event["path"], event["body"]) == ("GET", "/event", None)
