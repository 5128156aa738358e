"""Streams whose generators, middleware or readers misbehave, under unmodified awslambdaric: each time the next event gets a response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.system.function_process import wait_until

if TYPE_CHECKING:
    from tests.system.function_process import FunctionProcess, Sandbox

IMPORTS = """
import asyncio, time
from pathlib import Path
from edgeroutes import Response
HERE = Path(__file__).parents[2]
"""
IN_TIME: dict[str, Any] = {"timeout_s": 3, "settings": ", stream_margin_ms=2500"}
CLOSING = {
    "yields": "        while True:\n            yield 'late'\n",
    "raises": "        raise KeyError('late')\n",
}
KINDS = [("def", False), ("async def", False), ("def", True), ("async def", True)]


def levels(function: FunctionProcess) -> list[tuple[str, str]]:
    return [(line["level"], line.get("exception_name", "")) for line in function.log_lines()]


@pytest.mark.parametrize("closing", CLOSING)
@pytest.mark.parametrize(("kind", "needs_loop"), KINDS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_generator_that_will_not_be_closed_is_a_line_in_the_log(
    sandbox: Sandbox, kind: str, needs_loop: bool, closing: str, method: str
) -> None:
    waits = "await asyncio.sleep(0.01)" if (kind, needs_loop) == ("async def", True) else "time.sleep(0.01)"
    source = (
        f"{IMPORTS}{kind} GET():\n    try:\n        while True:\n            yield '.'\n            {waits}\n"
        f"    except GeneratorExit:\n{CLOSING[closing]}"
    )
    function = sandbox.start({"/x": source}, needs_loop=needs_loop, **IN_TIME)

    for number in (1, 2):
        result = sandbox.stream("/x", method)
        assert result.whole()[1].strip(b".") == b""
        assert (result.is_complete, result.trailers) == (True, {})
        sandbox.api.wait_for_calls(["next", *["response", "next"] * number])
    if method == "HEAD":
        error = "KeyError" if closing == "raises" else "RuntimeError"
        assert levels(function) == [("ERROR", error)] * 2


UNCLOSED = """
async def GET():
    yield "one"
    {waits}
    yield "two"
"""


@pytest.mark.parametrize(
    "waits",
    [
        "while not (HERE / 'go').exists(): time.sleep(0.01)",
        (
            "while not (HERE / 'go').exists():\n        try:\n            await asyncio.sleep(0.01)\n"
            "        except asyncio.CancelledError:\n            pass"
        ),
    ],
    ids=["blocks the loop", "ignores its cancellation"],
)
def test_what_does_not_listen_on_a_loop_has_its_response_ended_in_time(sandbox: Sandbox, waits: str) -> None:
    function = sandbox.start({"/x": IMPORTS + UNCLOSED.format(waits=waits)}, needs_loop=True, **IN_TIME)

    result = sandbox.stream("/x")

    assert (result.whole()[1], result.is_complete, result.trailers) == (b"one", True, {})
    wait_until(lambda: levels(function) == [("WARNING", "")])
    (sandbox.task / "go").touch()
    assert sandbox.stream("/x").whole()[1] == b"onetwo"


def test_a_generators_timeout_is_raised_in_the_generator_although_its_chunk_is_still_on_the_way(
    sandbox: Sandbox,
) -> None:
    size = 64 * 1024 * 1024  # more than the sockets take
    source = f"""{IMPORTS}
async def GET():
    asyncio.get_running_loop().call_later(0.4, (HERE / "passed").touch)
    try:
        async with asyncio.timeout(0.2):
            yield bytes({size})
            await asyncio.sleep(3600)
    except TimeoutError:
        yield "too late"
"""
    function = sandbox.start({"/x": source}, needs_loop=True)
    sandbox.api.reads.clear()
    result = sandbox.stream("/x")
    wait_until((sandbox.task / "passed").exists)
    sandbox.api.reads.set()

    body = result.whole()[1]

    assert (len(body), body[size:], result.trailers) == (size + 8, b"too late", {})
    sandbox.api.wait_for_calls(["next", "response", "next"])
    assert function.log_lines() == []


def test_what_is_still_on_its_way_when_the_time_is_up_is_ended_at_the_next_piece(sandbox: Sandbox) -> None:
    size = 64 * 1024 * 1024
    function = sandbox.start({"/x": f"def GET():\n    yield bytes({size})\n"}, **IN_TIME)
    sandbox.api.reads.clear()
    result = sandbox.stream("/x")
    wait_until(lambda: levels(function) == [("WARNING", "")])
    sandbox.api.reads.set()

    assert 0 < len(result.whole()[1]) < size
    assert (result.is_complete, result.trailers) == (True, {})
    sandbox.api.wait_for_calls(["next", "response", "next"])


@pytest.mark.parametrize("error", ["GeneratorExit", "asyncio.CancelledError", "BaseException"])
@pytest.mark.parametrize("needs_loop", [False, True])
def test_any_exception_is_reported_in_the_trailers_and_only_that(
    sandbox: Sandbox, error: str, needs_loop: bool
) -> None:
    source = f"{IMPORTS}async def GET():\n    yield 'one'\n    raise {error}\n"
    sandbox.start({"/x": source}, needs_loop=needs_loop)

    for _ in range(2):
        result = sandbox.stream("/x")
        assert result.whole()[1] == b"one"
        assert result.trailers["lambda-runtime-function-error-type"] == error.rpartition(".")[2]


MIDDLEWARE = """
from edgeroutes import Response
async def middleware(request, call_next):
    response = await call_next(request)
    {then}
"""
ENDED = """
import gc
gc.disable()
async def GET():
    try:
        yield "one"
        yield "two"
    finally:
        (HERE / "closed").touch()
"""


@pytest.mark.parametrize("needs_loop", [False, True])
@pytest.mark.parametrize(
    ("then", "status", "body"),
    [
        ("return Response('another')", 200, b"another"),
        ("raise KeyError", 500, None),
        ("response.status = 204; return response", 204, b""),
    ],
)
def test_a_stream_that_middleware_drops_is_closed(
    sandbox: Sandbox, needs_loop: bool, then: str, status: int, body: bytes | None
) -> None:
    sandbox.start({"/x": IMPORTS + ENDED}, needs_loop=needs_loop, middleware=MIDDLEWARE.format(then=then))

    prelude, came = sandbox.stream("/x").whole()

    assert (prelude["statusCode"], came) == (status, came if body is None else body)
    sandbox.api.wait_for_calls(["next", "response", "next"])
    assert (sandbox.task / "closed").exists()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_stream_whose_head_is_too_large_is_closed_and_becomes_a_500(sandbox: Sandbox, method: str) -> None:
    source = (
        "def GET():\n    return Response.stream(chunks(), headers={'x-large': 'x' * 17000})\nkept = []\n"
        "def chunks():\n    kept.append(HERE)\n    try:\n        yield 'one'\n    finally:\n        (HERE / 'closed').touch()\n"
    )
    function = sandbox.start({"/x": IMPORTS + "import gc\ngc.disable()\n" + source})

    prelude, body = sandbox.stream("/x", method).whole()

    assert (prelude["statusCode"], body == b"") == (500, method == "HEAD")
    sandbox.api.wait_for_calls(["next", "response", "next"])
    assert (sandbox.task / "closed").exists()
    assert levels(function) == [("ERROR", "ResponseTooLargeError")]


@pytest.mark.parametrize("needs_loop", [False, True])
def test_a_response_that_lambda_refuses_while_it_is_written_is_a_line_in_the_log(
    sandbox: Sandbox, needs_loop: bool
) -> None:
    source = (
        f"{IMPORTS}def GET():\n    try:\n        while True:\n            yield bytes(65536)\n"
        "    finally:\n        (HERE / 'closed').touch()\n"
    )
    function = sandbox.start({"/x": source, "/y": "def GET():\n    yield 'y'\n"}, needs_loop=needs_loop)
    sandbox.api.hangs_up, sandbox.api.status = True, 413

    assert not sandbox.stream("/x").is_complete
    wait_until(lambda: bool(function.log_lines()))
    assert [line["message"] for line in function.log_lines()] == ["Lambda refused the response with status 413"]
    sandbox.api.hangs_up, sandbox.api.status = False, 202
    assert sandbox.stream("/y").whole()[1] == b"y"
    assert (sandbox.task / "closed").exists()
