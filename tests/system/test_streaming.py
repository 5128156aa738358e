"""Streamed responses, from a function's process under unmodified awslambdaric to a socket that speaks the Runtime API."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgeroutes.testing.runtime_api import DELIMITER
from tests.system.function_process import ON_LAMBDA, Sandbox, rest_get, settled, wait_until

FETCHED = Path(__file__).parents[2] / ".tools" / "awslambdaric"
VERSIONS = ("3.0.2", "3.1.1", "4.0.1")  # and the installed one, in every other test

# Each kind of handler yields, waits until the test lets it go on, and yields again.
STEPS = """
import {imports}
from pathlib import Path

HERE = Path(__file__).parents[2]

def waits(name):
    while not (HERE / name).exists():
        time.sleep(0.002)

"""
KINDS = {
    "a sync generator": ("time", False, "def GET():\n    yield 'one'\n    waits('two')\n    yield b'two'\n"),
    "an async generator": ("time", False, "async def GET():\n    yield 'one'\n    waits('two')\n    yield b'two'\n"),
    "a sync generator on a loop": (
        "asyncio, time",
        True,
        "def GET():\n    yield 'one'\n    waits('two')\n    yield b'two'\n",
    ),
    "an async generator on a loop": (
        "asyncio, time",
        True,
        (
            "async def GET():\n"
            "    async with asyncio.timeout(30):\n"
            "        yield 'one'\n"
            "        while not (HERE / 'two').exists():\n"
            "            await asyncio.sleep(0.002)\n"
            "        yield b'two'\n"
        ),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_chunk_leaves_as_it_is_yielded(sandbox: Sandbox, kind: str) -> None:
    imports, needs_loop, handler = KINDS[kind]
    sandbox.start({"/x": STEPS.format(imports=imports) + handler}, needs_loop=needs_loop)

    result = sandbox.stream("/x")
    chunks = result.chunks()

    assert next(chunks) == (
        b'{"statusCode":200,"headers":{"content-type":"text/plain; charset=utf-8","cache-control":"private, no-store",'
        b'"vary":"Accept-Encoding"}}' + DELIMITER
    )
    assert next(chunks) == b"one"
    assert not result.is_complete
    (sandbox.task / "two").touch()
    assert list(chunks) == [b"two"]
    assert (result.is_complete, result.trailers) == (True, {})


def test_the_request_to_lambda_is_as_it_documents(sandbox: Sandbox) -> None:
    sandbox.api.invocation_id = "attempt-1"
    sandbox.start({"/x": "def GET():\n    yield 'one'\n"})

    result = sandbox.stream("/x")

    assert result.whole()[1] == b"one"
    assert result.headers == {
        "host": sandbox.api.address,
        "content-type": "application/vnd.awslambda.http-integration-response",
        "lambda-runtime-function-response-mode": "streaming",
        "lambda-runtime-invocation-id": "attempt-1",
        "transfer-encoding": "chunked",
        "trailer": "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
        "connection": "close",
    }
    sandbox.api.wait_for_calls(["next", "response", "next"])


ROUTE = """
from edgeroutes import Response, cookies, redirect, not_found, HTTPError
revalidate = 60

def GET(kind: str = "stream", number: int = 0):
    if kind == "redirect":
        redirect("/elsewhere")
    if kind == "missing":
        not_found()
    if kind == "raises":
        raise RuntimeError("secret")
    if kind == "large":
        return Response("x", headers={"x-large": "x" * 17000})
    if kind == "binary":
        return b"\\x00\\xff"
    if kind == "cookies":
        response = Response.stream(iter(["crumbs"]))
        response.cookies.set("a", "1")
        response.cookies.set("b", "2")
        return response
    if kind == "whole":
        return "whole"
    return stream()

def stream():
    yield "streamed"
"""
WHOLE = {
    "a whole text": ("GET", "whole", {}, 200, {"content-length": "5"}, b"whole"),
    "bytes": ("GET", "binary", {}, 200, {"content-type": "application/octet-stream"}, b"\x00\xff"),
    "a redirect": ("GET", "redirect", {}, 307, {"location": "/elsewhere", "content-length": "0"}, b""),
    "HEAD": ("HEAD", "stream", {}, 200, {"content-type": "text/plain; charset=utf-8"}, b""),
    "OPTIONS": ("OPTIONS", "stream", {}, 204, {"allow": "GET, HEAD, OPTIONS"}, b""),
    "a method that is not there": ("POST", "stream", {}, 405, {"allow": "GET, HEAD, OPTIONS"}, b""),
    "what the client has": ("GET", "whole", {"if-none-match": "*"}, 304, {}, b""),
}


@pytest.mark.parametrize("case", WHOLE)
def test_every_response_of_a_streaming_route_goes_out_in_the_format_of_a_stream(sandbox: Sandbox, case: str) -> None:
    method, kind, headers, status, expected, body = WHOLE[case]
    sandbox.start({"/x": ROUTE})

    result = sandbox.api.invoke(rest_get("/x", method, headers, kind=kind))
    prelude, came = result.whole()

    assert (prelude["statusCode"], came, result.trailers) == (status, body, {})
    assert expected.items() <= prelude["headers"].items()


@pytest.mark.parametrize(
    ("query", "status", "detail"),
    [
        ({"kind": "missing"}, 404, None),
        ({"kind": "raises"}, 500, None),
        ({"kind": "large"}, 500, None),
        ({"number": "many"}, 400, None),
    ],
)
def test_an_error_before_the_first_byte_is_a_problem_document(
    sandbox: Sandbox, query: dict[str, str], status: int, detail: None
) -> None:
    function = sandbox.start({"/x": ROUTE})

    prelude, body = sandbox.api.invoke(rest_get("/x", **query)).whole()

    assert (prelude["statusCode"], prelude["headers"]["content-type"]) == (status, "application/problem+json")
    assert b"secret" not in body
    assert len(function.log_lines()) == (status == 500)


def test_every_cookie_is_in_the_prelude(sandbox: Sandbox) -> None:
    sandbox.start({"/x": ROUTE})

    prelude, body = sandbox.api.invoke(rest_get("/x", kind="cookies")).whole()

    assert (prelude["cookies"], body) == (["a=1; Path=/", "b=2; Path=/"], b"crumbs")


BREAKS = """
import {imports}
from pathlib import Path
from edgeroutes import after

HERE = Path(__file__).parents[2]

{handler}
    after((HERE / "after").touch)
    try:
        yield "one"
        raise KeyError("secret")
    finally:
        (HERE / "closed").touch()
"""


@pytest.mark.parametrize(
    ("imports", "handler", "needs_loop"),
    [("time", "def GET():", False), ("time", "async def GET():", False), ("asyncio", "async def GET():", True)],
)
def test_a_failure_on_the_way_is_in_the_trailers_and_the_log_and_not_in_the_body(
    sandbox: Sandbox, imports: str, handler: str, needs_loop: bool
) -> None:
    function = sandbox.start({"/x": BREAKS.format(imports=imports, handler=handler)}, needs_loop=needs_loop)

    result = sandbox.stream("/x")
    _, body = result.whole()

    assert (body, result.is_complete) == (b"one", True)
    assert result.trailers["lambda-runtime-function-error-type"] == "KeyError"
    assert result.error() == {
        "errorMessage": "the stream failed: see the function's log",
        "errorType": "KeyError",
    }
    sandbox.api.wait_for_calls(["next", "response", "next"])
    assert [(sandbox.task / name).exists() for name in ("closed", "after")] == [True, True]
    (line,) = function.log_lines()
    assert (line["message"], line["route"], line["request_id"], line["exception_name"]) == (
        "GET /x failed while it streamed",
        "/x",
        "invocation-1",
        "KeyError",
    )


ENDLESS = """
import {imports}
from pathlib import Path

HERE = Path(__file__).parents[2]

{handler}
    try:
        while True:
            yield "."
            {pause}
    finally:
        (HERE / "closed").touch()
"""


@pytest.mark.parametrize(
    ("imports", "handler", "pause", "needs_loop"),
    [
        ("time", "def GET():", "time.sleep(0.01)", False),
        ("asyncio", "async def GET():", "await asyncio.sleep(0.01)", True),
        ("asyncio", "async def GET():", "await asyncio.sleep(3600)", True),  # ended in the middle of a pause
    ],
)
def test_a_stream_without_end_is_ended_before_the_time_is_up(
    sandbox: Sandbox, imports: str, handler: str, pause: str, needs_loop: bool
) -> None:
    source = ENDLESS.format(imports=imports, handler=handler, pause=pause)
    function = sandbox.start({"/x": source}, needs_loop=needs_loop, timeout_s=3, settings=", stream_margin_ms=2500")

    result = sandbox.stream("/x")
    _, body = result.whole()

    assert body.strip(b".") == b""
    assert len(body) >= 1
    assert (result.is_complete, result.trailers) == (True, {})
    wait_until((sandbox.task / "closed").exists)
    wait_until(lambda: bool(function.log_lines()))
    (line,) = function.log_lines()
    assert (line["level"], line["route"], line["request_id"]) == ("WARNING", "/x", "invocation-1")
    assert line["message"].startswith("GET /x still streamed when its time was up")


def test_a_generator_that_blocks_when_the_time_is_up_has_its_response_ended(sandbox: Sandbox) -> None:
    source = STEPS.format(imports="time") + "def GET():\n    yield 'one'\n    waits('two')\n    yield 'two'\n"
    function = sandbox.start({"/x": source}, timeout_s=3, settings=", stream_margin_ms=2500")

    result = sandbox.stream("/x")

    assert (result.whole()[1], result.is_complete, result.trailers) == (b"one", True, {})
    wait_until(lambda: [line["level"] for line in function.log_lines()] == ["WARNING"])
    (sandbox.task / "two").touch()
    sandbox.api.wait_for_calls(["next", "response", "next"])
    assert sandbox.stream("/x").whole()[1] == b"onetwo"


def test_after_runs_when_the_stream_has_ended_and_before_the_next_event(sandbox: Sandbox) -> None:
    source = STEPS.format(imports="time") + (
        "from edgeroutes import after\n"
        "def GET():\n    after(done)\n    yield 'one'\n    waits('two')\n    yield 'two'\n"
        "def done():\n    (HERE / 'began').touch()\n    waits('three')\n    (HERE / 'done').touch()\n"
    )
    sandbox.start({"/x": source})
    chunks = sandbox.stream("/x").chunks()
    assert [next(chunks) and None, next(chunks)] == [None, b"one"]
    assert not (sandbox.task / "began").exists()

    (sandbox.task / "two").touch()
    assert list(chunks) == [b"two"]
    sandbox.api.wait_for_calls(["next", "response"])
    wait_until((sandbox.task / "began").exists)
    (sandbox.task / "three").touch()
    sandbox.api.wait_for_calls(["next", "response", "next"])
    assert (sandbox.task / "done").exists()


def test_a_reader_that_is_slow_holds_the_generator_back(sandbox: Sandbox) -> None:
    total, size = 400, 256 * 1024
    source = STEPS.format(imports="time") + (
        f"def GET():\n    for number in range({total}):\n"
        f"        (HERE / 'made').write_text(str(number))\n        yield bytes({size})\n"
    )
    sandbox.start({"/x": source})
    sandbox.api.reads.clear()

    result = sandbox.stream("/x")
    made = settled(sandbox.task / "made")

    assert made < total / 2  # what the sockets' own buffers take
    sandbox.api.reads.set()
    assert len(result.whole()[1]) == total * size


@pytest.mark.parametrize("version", VERSIONS)
def test_older_clients_stream_too(sandbox: Sandbox, version: str) -> None:
    folder = FETCHED / version
    if not folder.is_dir():
        pytest.skip(f"awslambdaric {version} is not there: make sam fetches it")
    (sandbox.task / "two").touch()
    report = "\nimport awslambdaric\ndef POST():\n    yield awslambdaric.__version__\n"
    sandbox.start({"/x": STEPS.format(imports="time") + KINDS["a sync generator"][2] + report}, awslambdaric=folder)

    assert list(sandbox.stream("/x").chunks())[1:] == [b"one", b"two"]
    assert list(sandbox.stream("/x", "POST").chunks())[1:] == [version.encode()]


def test_a_client_that_is_not_as_known_sends_the_same_bytes_whole_and_the_log_says_so_once(sandbox: Sandbox) -> None:
    function = sandbox.start(
        {"/x": ROUTE},
        before="""
            import awslambdaric.lambda_runtime_client as client
            send = client.BaseLambdaRuntimeClient.post_invocation_result
            def post_invocation_result(self, invocation, *args, **kwargs):
                return send(self, invocation, *args, **kwargs)
            client.BaseLambdaRuntimeClient.post_invocation_result = post_invocation_result
        """,
    )

    responses = [sandbox.api.invoke(rest_get("/x")) for _ in range(2)]
    head, delimiter, body = responses[0].partition(DELIMITER)

    assert responses[0] == responses[1]
    assert (head[:18], delimiter, body) == (b'{"statusCode":200,', DELIMITER, b"streamed")
    (line,) = function.log_lines()
    assert line["level"] == "WARNING"
    assert "goes out whole" in line["message"]


@pytest.mark.parametrize("environment", [{}, {**ON_LAMBDA, "AWS_SAM_LOCAL": "true"}], ids=["emulator", "sam local"])
def test_where_nothing_streams_the_response_is_a_proxy_result(sandbox: Sandbox, environment: dict[str, str]) -> None:
    sandbox.start({"/x": ROUTE}, environment=environment)

    assert sandbox.api.invoke(rest_get("/x")) == {
        "statusCode": 200,
        "multiValueHeaders": {
            "content-type": ["text/plain; charset=utf-8"],
            "cache-control": ["public, s-maxage=60, stale-while-revalidate=31535940, stale-if-error=31535940"],
            "x-cache-tag": ["_path:/x"],
            "vary": ["Accept-Encoding"],
        },
        "body": "streamed",
        "isBase64Encoded": False,
    }


def test_snap_start_restores_before_it_streams(sandbox: Sandbox) -> None:
    sandbox.start({"/x": ROUTE}, environment={"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"})

    assert sandbox.stream("/x").whole()[1] == b"streamed"
    sandbox.api.wait_for_calls(["restore/next", "next", "response", "next"])


def test_each_process_of_a_managed_instance_streams(sandbox: Sandbox) -> None:
    source = "import os\ndef GET():\n    yield str(os.getpid())\n"
    environment = {**ON_LAMBDA, "AWS_LAMBDA_MAX_CONCURRENCY": "2", "AWS_LAMBDA_LOG_FORMAT": "JSON"}
    function = sandbox.start({"/x": source}, environment=environment)

    responses = [sandbox.stream("/x").whole()[1] for _ in range(4)]

    assert all(int(response) != function.process.pid for response in responses)


def test_a_response_that_lambda_refuses_is_a_line_in_the_log(sandbox: Sandbox) -> None:
    function = sandbox.start({"/x": ROUTE})
    sandbox.api.status = 413

    assert sandbox.stream("/x").whole()[1] == b"streamed"
    sandbox.api.wait_for_calls(["next", "response", "next"])
    (line,) = function.log_lines()
    assert (line["message"], line["request_id"]) == ("Lambda refused the response with status 413", "invocation-1")


@pytest.mark.parametrize("needs_loop", [False, True])
def test_a_generator_is_closed_when_lambda_hangs_up(sandbox: Sandbox, needs_loop: bool) -> None:
    source = ENDLESS.format(imports="asyncio", handler="def GET():", pause="pass")
    function = sandbox.start({"/x": source}, needs_loop=needs_loop)
    sandbox.api.hangs_up = True

    assert not sandbox.stream("/x").is_complete
    assert function.process.wait(10) == 1  # as awslambdaric ends when it cannot post a result
    assert (sandbox.task / "closed").exists()


def test_an_event_that_is_not_http_is_reported_as_an_error(sandbox: Sandbox) -> None:
    sandbox.start({"/x": ROUTE})

    assert sandbox.api.invoke({"Records": []})["errorType"] == "EventError"
    assert sandbox.stream("/x").whole()[1] == b"streamed"
