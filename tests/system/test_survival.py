"""A sandbox survives its handler: under the real awslambdaric, whatever is raised, and however much is returned."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.adapters.checks import LAMBDA_RESULT_BYTES
from edgeroutes.testing.runtime_api import StreamedResult
from tests.system.function_process import Sandbox, rest_get, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = "import asyncio, sys\nfrom edgeroutes import Response, after, cached\n"
# Each raises `{error}` in one place.
HANDLERS = {
    "sync": "def GET():\n    {error}\n",
    "async": "async def GET():\n    {error}\n",
    "nested": "def deep(n):\n    if n:\n        deep(n - 1)\n    {error}\n\nasync def GET():\n    deep(30)\n",
    "first": "def GET():\n    {error}\n    yield 'x'\n",
    "afirst": "async def GET():\n    {error}\n    yield 'x'\n",
    "second": "def GET():\n    yield 'x'\n    {error}\n",
    "asecond": "async def GET():\n    yield 'x'\n    {error}\n",
    "params": (
        "dynamic_params = False\ndef generate_static_params():\n    {error}\n\ndef GET(id: str):\n    return id\n"
    ),
    "cached": "@cached(revalidate=60)\ndef value():\n    {error}\n\ndef GET():\n    return value()\n",
    "argument": (
        "from dataclasses import dataclass\n@dataclass\nclass Item:\n    name: str\n    def __post_init__(self):\n"
        "        {error}\n\ndef GET(name: str = ''):\n    return Item(name).name\n"
    ),
}
ON_LOOP = {
    "awaited": "async def GET():\n    await asyncio.sleep(0)\n    {error}\n",
    "awaitedtask": "async def fail():\n    {error}\n\nasync def GET():\n    await asyncio.create_task(fail())\n",
    "group": (
        "async def fail():\n    {error}\n\nasync def GET():\n    async with asyncio.TaskGroup() as group:\n"
        "        group.create_task(fail())\n        await asyncio.sleep(5)\n"
    ),
    "app/[[...path]]": "async def app(scope, receive, send):\n    if scope['type'] == 'http':\n        {error}\n",
    "startup/[[...path]]": (
        "async def app(scope, receive, send):\n    if scope['type'] == 'lifespan':\n        await receive()\n        {error}\n"
    ),
    "thread": "def fail():\n    {error}\n\nasync def GET():\n    await asyncio.to_thread(fail)\n",
    "heartbeat": (
        "async def events():\n    {error}\n    yield 'x'\n\nasync def GET():\n    return Response.sse(events(), heartbeat_seconds=1)\n"
    ),
}
AFTERWARDS = {
    "after": "def later():\n    {error}\n\ndef GET():\n    after(later)\n    return 'fine'\n",
    "aafter": "async def later():\n    {error}\n\ndef GET():\n    after(later)\n    return 'fine'\n",
}
AFTERWARDS_ON_LOOP = {
    "background": (
        "from starlette.responses import PlainTextResponse\nfrom starlette.background import BackgroundTask\n"
        "def later():\n    {error}\n\ndef GET():\n    return PlainTextResponse('fine', background=BackgroundTask(later))\n"
    ),
    "orphan": (
        "async def later():\n    {error}\n\nasync def GET():\n    asyncio.create_task(later())\n    await asyncio.sleep(0.01)\n"
        "    return 'fine'\n"
    ),
    "callback": (
        "def later():\n    {error}\n\nasync def GET():\n    asyncio.get_running_loop().call_soon(later)\n"
        "    await asyncio.sleep(0.01)\n    return 'fine'\n"
    ),
    "apptail/[[...path]]": (
        "async def app(scope, receive, send):\n    if scope['type'] == 'http':\n"
        "        await send({{'type': 'http.response.start', 'status': 200, 'headers': [(b'content-type', b'text/plain')]}})\n"
        "        await send({{'type': 'http.response.body', 'body': b'fine'}})\n        {error}\n"
    ),
}
ERRORS = {
    "SystemExit": "sys.exit(3)",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "GeneratorExit": "raise GeneratorExit",
    "CancelledError": "raise asyncio.CancelledError",
    "Panic": "raise type('Panic', (BaseException,), {})('rust')",
}
LIVES = {"/lives": "async def GET():\n    return 'lives'\n"}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path)
    yield sandbox
    sandbox.close()


def routes(sources: dict[str, str], error: str) -> dict[str, str]:
    return {f"/{path}": HEAD + source.format(error=error) for path, source in sources.items()} | LIVES


def call(sandbox: Sandbox, path: str) -> tuple[int, bytes, str]:
    """Status, body and the error type in the trailers, of any kind of result."""
    result: Any = sandbox.api.invoke(rest_get(path))
    if isinstance(result, StreamedResult):
        prelude, body = result.whole()
        return prelude["statusCode"], body, result.trailers.get("lambda-runtime-function-error-type", "")
    return result["statusCode"], result["body"].encode(), ""


def url(path: str) -> str:
    return f"/{path}".replace("/[[...path]]", "/x")


@pytest.mark.parametrize("needs_loop", [False, True], ids=["free", "loop"])
@pytest.mark.parametrize("streams", [False, True], ids=["buffered", "streaming"])
@pytest.mark.parametrize("error", ERRORS)
def test_a_handler_that_raises_what_ends_processes_is_a_500_and_one_log_line(
    sandbox: Sandbox, error: str, streams: bool, needs_loop: bool
) -> None:
    sources = HANDLERS | (ON_LOOP if needs_loop else {})
    sources["params/[id]"] = sources.pop("params")
    function = sandbox.start(routes(sources, ERRORS[error]), streams=streams, needs_loop=needs_loop)

    for path in sources:
        logged = len(function.log_lines())
        status, body, failure = call(sandbox, url(path).replace("[id]", "1"))
        is_late = streams and path in {"second", "asecond"}
        assert (status, bool(failure)) == ((200, True) if is_late else (500, False)), path
        assert is_late or json.loads(body)["title"] == "Internal Server Error"
        assert call(sandbox, "/lives")[:2] == (200, b"lives"), path
        lines = function.log_lines()[logged:]
        assert [(line["level"], line["route"], line["method"]) for line in lines] == [("ERROR", f"/{path}", "GET")], (
            path
        )
        assert lines[0]["request_id"].startswith("invocation-")
        if (path, error) != ("group", "CancelledError"):  # a task group ends in silence for a task that was cancelled
            said = "it was cancelled" if (path, error) == ("startup/[[...path]]", "CancelledError") else error
            assert said in lines[0]["exception"]
    assert function.process.poll() is None


@pytest.mark.parametrize("needs_loop", [False, True], ids=["free", "loop"])
@pytest.mark.parametrize("error", [*ERRORS, "ValueError"])
def test_what_is_raised_after_the_response_is_one_log_line(sandbox: Sandbox, error: str, needs_loop: bool) -> None:
    sources = AFTERWARDS | (AFTERWARDS_ON_LOOP if needs_loop else {})
    raising = ERRORS.get(error, "raise ValueError('late')")
    function = sandbox.start(routes(sources, raising), streams=False, needs_loop=needs_loop)

    for path in sources:
        logged = len(function.log_lines())
        assert call(sandbox, url(path))[:2] == (200, b"fine"), path
        assert call(sandbox, "/lives")[:2] == (200, b"lives"), path
        if path == "orphan" and error == "CancelledError":
            continue  # a task that ends so is a cancelled one, which is how asyncio ends tasks: nothing is wrong
        lines = function.log_lines()[logged:]
        assert len(lines) == 1, (path, lines)
        assert error in lines[0]["exception"], path
        if path not in {"orphan", "callback"}:
            assert (lines[0]["route"], lines[0]["method"]) == (f"/{path}", "GET")
    assert function.process.poll() is None


@pytest.mark.parametrize("error", ERRORS)
def test_middleware_that_raises_it_is_a_500(sandbox: Sandbox, error: str) -> None:
    middleware = (
        "import asyncio, sys\n\nasync def middleware(request, call_next):\n    if request.path == '/bad':\n"
        f"        {ERRORS[error]}\n    return await call_next(request)\n"
    )
    function = sandbox.start(LIVES | {"/bad": "def GET():\n    return 1\n"}, streams=False, middleware=middleware)

    assert call(sandbox, "/bad")[0] == 500
    assert call(sandbox, "/lives")[:2] == (200, b"lives")
    assert [(line["route"], line["exception_name"]) for line in function.log_lines()] == [("/bad", error)]


@pytest.mark.parametrize("error", [*ERRORS.values(), "import argparse; argparse.ArgumentParser().parse_args()"])
def test_a_route_file_that_ends_the_process_at_import_is_a_500(sandbox: Sandbox, error: str) -> None:
    function = sandbox.start({"/bad": f"{HEAD}{error}\ndef GET():\n    return 1\n"}, streams=False)

    for _ in range(2):
        assert call(sandbox, "/bad")[0] == 500
    assert all("functions/bad/route.py:3" in line["exception"] for line in function.log_lines())
    assert function.process.poll() is None


@pytest.mark.parametrize("streams", [False, True])
def test_a_handler_that_cancels_its_own_task_does_not_end_the_function(sandbox: Sandbox, streams: bool) -> None:
    sources = {
        "/waits": f"{HEAD}async def GET():\n    asyncio.current_task().cancel()\n    await asyncio.sleep(1)\n",
        "/returns": f"{HEAD}async def GET():\n    asyncio.current_task().cancel()\n    return 'x'\n",
        "/stops": f"{HEAD}async def GET():\n    asyncio.get_running_loop().stop()\n    await asyncio.sleep(0.01)\n    return 'x'\n",
    }
    function = sandbox.start(sources | LIVES, streams=streams, needs_loop=True)

    for path in sources:
        assert call(sandbox, path)[0] in {200, 500}
        assert call(sandbox, "/lives")[:2] == (200, b"lives")
    assert function.process.poll() is None


def test_a_signal_handler_of_the_authors_still_ends_the_process(sandbox: Sandbox) -> None:
    source = (
        "import signal, sys, time\nfrom pathlib import Path\n\ndef leave(*_):\n    Path('left').touch()\n    sys.exit(0)\n\n"
        "signal.signal(signal.SIGTERM, leave)\n\ndef GET():\n    Path('entered').touch()\n    time.sleep(20)\n"
    )
    function = sandbox.start({"/x": source}, streams=False)
    sandbox.api.events.put(rest_get("/x"))
    wait_until((sandbox.task / "entered").exists)

    function.process.terminate()

    assert function.process.wait(10) == 0
    assert (sandbox.task / "left").exists()


SIZED = """
from edgeroutes import Response

def GET(size: int, text: str = "x"):
    return Response(text * size)

def POST(size: int):
    return Response(bytes(size))

def PUT(size: int):
    return Response("", headers={"x-long": "h" * size})
"""
ENVELOPE = {"statusCode": 200, "multiValueHeaders": {}, "body": "", "isBase64Encoded": False}
GROWS = """
from edgeroutes import Response

async def middleware(request, call_next):
    response = await call_next(request)
    if request.path == "/grown":
        return Response(response.body * 7, headers={"cache-control": "no-store"})
    return response
"""


def sized(method: str, size: int, **query: str) -> dict[str, Any]:
    return {**rest_get("/sized", method), "queryStringParameters": {"size": str(size), **query}}


@pytest.mark.parametrize("runtime", ["AWS_Lambda_python3.11", "AWS_Lambda_python3.13"])
@pytest.mark.parametrize("text", ["x", "é", '"', "\x01", "😀", "\u2028"])
def test_a_text_is_measured_as_it_is_posted(sandbox: Sandbox, text: str, runtime: str) -> None:
    """The largest that fits arrives, and one more character is a 500: escapes differ by character and by Lambda runtime."""
    environment = {"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_EXECUTION_ENV": runtime}
    function = sandbox.start({"/sized": SIZED}, streams=False, environment=environment)
    fits, too_much = 0, LAMBDA_RESULT_BYTES
    while too_much - fits > 1:
        size = (fits + too_much) // 2
        result = sandbox.api.invoke(sized("GET", size, text=text))
        assert result is not None, "Lambda refused it"
        fits, too_much = (size, too_much) if result["statusCode"] == 200 else (fits, size)
    width = len(json.dumps(text, ensure_ascii=runtime.endswith("11")).encode()) - 2
    assert LAMBDA_RESULT_BYTES - 400 < fits * width <= LAMBDA_RESULT_BYTES
    assert function.process.poll() is None


def test_every_response_that_is_too_large_is_a_500_that_names_route_size_and_limit(sandbox: Sandbox) -> None:
    mounted = (
        "async def app(scope, receive, send):\n    if scope['type'] == 'lifespan':\n        return\n"
        "    await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n"
        "    await send({'type': 'http.response.body', 'body': b'x' * 7_000_000})\n"
    )
    sources = {
        "/sized": SIZED,
        "/app": mounted,
        "/grown": "def GET():\n    return 'x' * 1_000_000\n",
        "/chunks": "def GET():\n    for _ in range(7):\n        yield 'x' * 1_000_000\n",
        "/json": "def GET():\n    return ['\"' * 3_200_000]\n",
        **LIVES,
    }
    function = sandbox.start(sources, streams=False, needs_loop=True, middleware=GROWS)
    events = [
        sized("GET", 7_000_000),
        sized("POST", 4_800_000),
        sized("PUT", 10_241),
        rest_get("/app"),
        rest_get("/grown"),
        rest_get("/chunks"),
        rest_get("/json"),
    ]

    for event in events:
        result = sandbox.api.invoke(event)
        assert result is not None
        assert (result["statusCode"], json.loads(result["body"])["title"]) == (500, "Internal Server Error")
        assert call(sandbox, "/lives")[:2] == (200, b"lives")
    lines = function.log_lines()
    paths = ["/sized", "/sized", "/sized", "/app", "/grown", "/chunks", "/json"]
    assert [(line["route"], line["exception_name"]) for line in lines] == [
        (path, "ResponseTooLargeError") for path in paths
    ]
    limits = [10_240 if event["httpMethod"] == "PUT" else LAMBDA_RESULT_BYTES for event in events]
    assert [line["limit_bytes"] for line in lines] == limits
    assert all(line["size_bytes"] > line["limit_bytes"] for line in lines)
    assert "Set streaming = True" in lines[0]["message"]
    assert sandbox.api.invoke(sized("POST", 4_700_000))["statusCode"] == 200
    assert sandbox.api.invoke(sized("PUT", 10_150))["statusCode"] == 200


def test_each_invoker_has_its_own_limit(sandbox: Sandbox) -> None:
    function = sandbox.start({"/sized": SIZED}, streams=False, needs_loop=True)
    base = {"headers": {"host": "a.example"}, "body": None, "isBase64Encoded": False}
    balancer = base | {"httpMethod": "GET", "path": "/sized", "requestContext": {"elb": {"targetGroupArn": "arn"}}}
    gateway = base | {"rawPath": "/sized", "version": "2.0"}

    def status(event: dict[str, Any], method: str, size: int) -> int:
        if "rawPath" in event:
            http = {"method": method, "path": "/sized", "sourceIp": "192.0.2.1"}
            event = event | {
                "rawQueryString": f"size={size}",
                "requestContext": event["requestContext"] | {"http": http},
            }
        else:
            event = event | {"queryStringParameters": {"size": str(size)}, "httpMethod": method}
        response = sandbox.api.invoke(event)
        assert response is not None
        return int(response["statusCode"])

    http_api = gateway | {"requestContext": {"domainName": "x.execute-api.eu-west-1.amazonaws.com"}}
    function_url = gateway | {"requestContext": {"domainName": "x.lambda-url.eu-west-1.on.aws"}}
    mebibyte = 1024 * 1024
    assert [status(balancer, "GET", size) for size in (mebibyte - 400, mebibyte)] == [200, 500]
    assert [status(balancer, "POST", size) for size in (780_000, 790_000)] == [200, 500]
    assert [status(balancer, "PUT", size) for size in (20_000, 33_000)] == [200, 500]
    assert [status(http_api, "GET", size) for size in (6 * mebibyte - 400, 6 * mebibyte + 100)] == [200, 500]
    assert [status(http_api, "PUT", size) for size in (10_000, 10_241)] == [200, 500]
    assert [status(function_url, "GET", size) for size in (6 * mebibyte - 400, 6 * mebibyte + 100)] == [200, 500]
    assert [status(function_url, "PUT", size) for size in (20_000, 6_300_000)] == [200, 500]
    assert "load balancer accepts 1,048,576" in function.log_lines()[0]["message"]
    assert function.process.poll() is None


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(
    "change", [{"headers": True}, {"queryStringParameters": [1]}, {"body": 5}, {"multiValueHeaders": {"a": 1}}]
)
def test_a_malformed_event_fails_the_invocation_with_what_is_wrong(
    sandbox: Sandbox, streams: bool, change: dict[str, Any]
) -> None:
    source = "def GET(request):\n    return [request.headers.get('a'), request.query_params.get('a'), request.text()]\n"
    function = sandbox.start({"/reads": source, **LIVES}, streams=streams)

    failed: Any = sandbox.api.invoke({**rest_get("/reads"), **change})
    assert (failed["errorType"], "the event is malformed: " in failed["errorMessage"]) == ("EventError", True)
    assert call(sandbox, "/lives")[:2] == (200, b"lives")
    assert any("the event is malformed: " in line.get("message", "") for line in function.log_lines())
    assert function.process.poll() is None
