"""Apps at routes that say `streaming = True`, through the handler of functions that stream. The socket's side: tests/conformance."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.dev.gateway import HttpRequest, rest_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.conftest import RouteProject

    LogLines = Callable[[], list[dict[str, Any]]]

APP = """
import asyncio
streaming = True
steps = []

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    steps.append((await receive())["body"])
    try:
        {body}
    except asyncio.CancelledError:
        steps.append("cancelled")
        raise
"""
START = 'await send({"type": "http.response.start", "status": 200, "headers": [(b"x-app", b"1")]})'
PART = 'await send({"type": "http.response.body", "body": b"%s", "more_body": True}); steps.append("%s")'
END = 'await send({"type": "http.response.body", "body": b"end"}); steps.append("end")'


def app_of(*lines: str) -> str:
    return APP.format(body="\n        ".join(lines))


async def read(handler: Any, chunks: int | None = None, method: str = "GET") -> tuple[int, list[Any]]:
    """Status and chunks of a response, as far as they are read; then what comes after it."""
    event = rest_event(HttpRequest(method=method, path="/x", headers=[("Host", "example.org")], body=b""))
    call = handler.open(event)
    response = await call.respond()
    came: list[Any] = []
    try:
        if response.is_stream:
            async for chunk in response.body:
                came.append(chunk)
                if len(came) == chunks:
                    break
    except Exception as error:  # noqa: BLE001  # told in the response
        came.append(repr(error))
    if response.is_stream:
        await response.body.aclose()
    await call.finish()
    return response.status, came


def run(project: RouteProject, source: str, **how: Any) -> tuple[int, list[Any], list[Any]]:
    project.write("x/route.py", source)
    handler = project.handler()
    status, came = handler._loop.run(read(handler, **how), copy_context())
    return status, came, project.module("x/route.py").steps


def test_parts_are_taken_one_by_one(project: RouteProject) -> None:
    status, came, steps = run(project, app_of(START, PART % ("one", "one"), PART % ("two", "two"), END))

    assert (status, came) == (200, [b"one", b"two", b"end"])
    assert steps == [b"", "one", "two", "end"]


def test_a_reader_that_leaves_cancels_the_app(project: RouteProject, log_lines: LogLines) -> None:
    source = app_of(START, "while True:", f"    {PART % ('dot', 'dot')}")

    status, came, steps = run(project, source, chunks=2)

    assert (status, came, steps[-1]) == (200, [b"dot", b"dot"], "cancelled")
    assert steps.count("dot") < 6
    assert log_lines() == []


def test_what_the_app_raises_before_it_responds_is_a_500(project: RouteProject, log_lines: LogLines) -> None:
    status, came, _ = run(project, app_of("raise KeyError('secret')"))

    assert (status, came) == (500, [])
    assert [line["exception_name"] for line in log_lines()] == ["KeyError"]


def test_starlettes_plain_500_is_what_it_stands_for(project: RouteProject, log_lines: LogLines) -> None:
    source = """
        from starlette.applications import Starlette
        from starlette.routing import Route
        streaming = True
        steps = []
        async def broken(request):
            raise KeyError("secret")
        app = Starlette(routes=[Route("/", broken)])
    """
    status, came, _ = run(project, source)

    assert (status, came) == (500, [])
    assert [line["exception_name"] for line in log_lines()] == ["KeyError"]


@pytest.mark.parametrize(
    ("last", "expected"),
    [("raise KeyError('x')", "KeyError('x')"), ("return", "the app returned before its response was complete")],
)
def test_an_app_that_ends_too_early_breaks_the_stream(
    project: RouteProject, log_lines: LogLines, last: str, expected: str
) -> None:
    status, came, _ = run(project, app_of(START, PART % ("one", "one"), last))

    assert (status, came[0]) == (200, b"one")
    assert expected in came[1]
    assert log_lines() == []  # whoever reads the stream logs it


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((START, PART % ("one", "one"), START), (200, [b"one", "RuntimeError(\"the app sent 'http.response.start'"])),
        (
            (START, PART % ("one", "one"), 'await send({"type": "http.response.trailers"})'),
            (200, [b"one", "RuntimeError"]),
        ),
        ((START, START), (500, [])),
        ((END,), (500, [])),
    ],
    ids=["start twice", "trailers", "no body", "body first"],
)
def test_a_message_out_of_its_turn_is_a_failure_and_not_the_end(
    project: RouteProject, lines: tuple[str, ...], expected: tuple[int, list[Any]]
) -> None:
    status, came, _ = run(project, app_of(*lines))

    assert (status, [chunk[: len(start)] for chunk, start in zip(came, expected[1], strict=True)]) == expected


def test_what_an_app_sends_after_its_end_is_its_error_in_the_log(project: RouteProject, log_lines: LogLines) -> None:
    status, came, _ = run(project, app_of(START, END, END))

    assert (status, came) == (200, [b"end"])
    assert [line["exception_name"] for line in log_lines()] == ["RuntimeError"]


def test_background_tasks_run_after_the_response_and_their_errors_are_logged(
    project: RouteProject, log_lines: LogLines
) -> None:
    status, came, steps = run(project, app_of(START, END, "steps.append('background'); raise KeyError('late')"))

    assert (status, came, steps) == (200, [b"end"], [b"", "end", "background"])
    assert [line["message"] for line in log_lines()] == ["GET /x failed after its response"]


def test_a_status_without_a_body_has_none(project: RouteProject) -> None:
    start = START.replace("200", "204")

    assert run(project, app_of(start, END)) == (204, [], [b"", "end"])


def test_head_has_no_body_and_the_app_is_let_go(project: RouteProject) -> None:
    status, came, steps = run(project, app_of(START, PART % ("one", "one"), END), method="HEAD")

    assert (status, came) == (200, [])
    assert "cancelled" in steps


def test_starlettes_streams_come_through(project: RouteProject) -> None:
    source = """
        import asyncio
        from starlette.applications import Starlette
        from starlette.background import BackgroundTask
        from starlette.responses import StreamingResponse
        from starlette.routing import Route
        streaming = True
        steps = []
        async def numbers(request):
            async def parts():
                for number in range(3):
                    yield str(number)
                    await asyncio.sleep(0)
            return StreamingResponse(parts(), background=BackgroundTask(steps.append, "background"))
        app = Starlette(routes=[Route("/", numbers)])
    """

    assert run(project, source) == (200, [b"0", b"1", b"2"], ["background"])


def test_without_a_stream_anywhere_the_response_is_whole(project: RouteProject) -> None:
    project.write("x/route.py", app_of(START, PART % ("one", "one"), END))
    event = rest_event(HttpRequest(method="GET", path="/x", headers=[("Host", "example.org")], body=b""))

    result = project.handler()(event)

    assert result["multiValueHeaders"]["x-app"] == ["1"]
    assert result["body"] == "b25lZW5k"
    assert asyncio.iscoroutinefunction(project.module("x/route.py").app)
