"""Streams of events with pauses, on a loop and without one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.response import Response
from edgeroutes.http.response_bodies import HEARTBEAT
from edgeroutes.runtime.loop import LoopFree
from edgeroutes.runtime.streams import start_stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

SECONDS = 0.02
PATIENCE_SECONDS = 20
setting: ContextVar[str] = ContextVar("setting", default="unset")


class Gate:
    """Where a producer waits until the test lets it go on."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.seen: list[Any] = []
        self.closed = threading.Event()

    def wait(self) -> None:
        assert self.open.wait(PATIENCE_SECONDS)

    async def wait_on_loop(self) -> None:
        while not self.open.is_set():  # noqa: ASYNC110  # it is set by what has no loop, too
            await asyncio.sleep(0.001)


def blocking(gate: Gate) -> Iterator[Any]:
    try:
        for number in range(3):
            gate.seen.append(number)
            if number == 1:
                gate.wait()
            yield {"id": number, "data": f"line {number}\nof two"}
    finally:
        gate.closed.set()


async def blocking_async(gate: Gate) -> AsyncIterator[Any]:
    try:
        for item in blocking(gate):
            yield item
    finally:
        gate.closed.set()


async def waiting(gate: Gate) -> AsyncIterator[Any]:
    try:
        for number in range(3):
            gate.seen.append(number)
            if number == 1:
                await gate.wait_on_loop()
            yield {"id": number, "data": f"line {number}\nof two"}
    finally:
        gate.closed.set()


def run_free(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return LoopFree().run(coroutine, copy_context())


# How it runs, and what produces the events: everything but an async producer on a loop has a thread.
WAYS = {
    "sync without a loop": (run_free, blocking),
    "async without a loop": (run_free, blocking_async),
    "sync on a loop": (asyncio.run, blocking),
    "async on a loop": (asyncio.run, waiting),
}
EVENTS = [f"id: {number}\ndata: line {number}\ndata: of two\n\n".encode() for number in range(3)]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    return WAYS[request.param]


@pytest.fixture(params=[way for way in WAYS if way != "async without a loop"])
def simple_way(request: pytest.FixtureRequest) -> tuple[Any, bool]:
    """How it runs, and whether what produces the events is async."""
    return WAYS[request.param][0], request.param.startswith("async")


async def settle() -> None:
    """Give whatever runs beside this the time to do what it should not."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        threading.Event().wait(SECONDS)
    else:
        await asyncio.sleep(SECONDS)


def start(events: Any, seconds: float | None = SECONDS) -> Any:
    return start_stream(Response.sse(events, heartbeat_seconds=seconds), "route.py")


def test_a_pause_has_heartbeats_between_whole_events(way: tuple[Any, Any]) -> None:
    run, produce = way
    gate = Gate()

    async def read() -> list[bytes]:
        chunks = []
        async for chunk in (await start(produce(gate))).body:
            chunks.append(chunk)
            if len(chunks) == 4:
                gate.open.set()
        return chunks

    chunks = run(read())
    pauses = chunks[1:-2]
    assert (chunks[:1], chunks[-2:]) == (EVENTS[:1], EVENTS[1:])
    assert pauses == [HEARTBEAT] * len(pauses)
    assert len(pauses) >= 3
    assert gate.closed.is_set()


def test_the_head_waits_for_the_first_event_no_longer_than_for_a_heartbeat(way: tuple[Any, Any]) -> None:
    run, produce = way
    gate = Gate()

    async def read() -> list[bytes]:
        slow = produce(gate)
        next_events = slow if hasattr(slow, "__aiter__") else None
        if next_events is not None:
            await anext(next_events)
        else:
            next(slow)
        response = await start(slow)  # its next event waits for the gate
        assert not gate.open.is_set()
        gate.open.set()
        return [chunk async for chunk in response.body]

    chunks = run(read())
    assert (chunks[0], chunks[-2:]) == (HEARTBEAT, EVENTS[1:])


def test_without_a_heartbeat_nothing_is_added_and_no_thread_is_started(way: tuple[Any, Any]) -> None:
    run, produce = way
    gate = Gate()
    gate.open.set()
    before = [each for each in threading.enumerate() if each.name == "edgeroutes-stream"]

    async def read() -> list[bytes]:
        response = await start(produce(gate), None)
        assert [each for each in threading.enumerate() if each.name == "edgeroutes-stream"] == before
        return [chunk async for chunk in response.body]

    assert run(read()) == EVENTS


def test_nothing_is_produced_ahead(way: tuple[Any, Any]) -> None:
    run, produce = way
    gate = Gate()
    gate.open.set()

    async def read() -> None:
        response = await start(produce(gate), PATIENCE_SECONDS)
        await settle()
        assert gate.seen == [0]
        for expected in ([0], [0, 1], [0, 1, 2]):
            await anext(response.body)
            await settle()
            assert gate.seen == expected
        await response.body.aclose()

    run(read())


def test_events_without_a_pause_have_no_heartbeat_between_them(simple_way: tuple[Any, bool]) -> None:
    run, asynchronous = simple_way

    async def read() -> list[bytes]:
        response = await start(events(lambda number: number if number < 2000 else None, asynchronous=asynchronous), 60)
        return [chunk async for chunk in response.body]

    assert run(read()) == [f"data: {number}\n\n".encode() for number in range(2000)]


def test_closing_it_between_two_events_closes_the_producer_first(way: tuple[Any, Any]) -> None:
    run, produce = way
    gate = Gate()

    async def read() -> None:
        response = await start(produce(gate))
        await anext(response.body)
        await response.body.aclose()
        assert gate.closed.is_set()
        assert [chunk async for chunk in response.body] == []

    run(read())
    assert gate.seen == [0]


def test_closing_it_in_a_pause_waits_for_no_producer_that_blocks(way: tuple[Any, Any]) -> None:
    run, produce = way
    gate = Gate()

    async def read() -> None:
        response = await start(produce(gate))
        await anext(response.body)
        assert await anext(response.body) == HEARTBEAT
        await response.body.aclose()
        if produce is waiting:  # which can be cancelled
            assert gate.closed.is_set()
        gate.open.set()

    run(read())
    assert gate.closed.wait(PATIENCE_SECONDS)
    assert gate.seen == [0, 1]


@pytest.mark.parametrize("produce", [blocking, waiting])
def test_a_reader_that_is_cancelled_ends_the_producer(produce: Any) -> None:
    gate = Gate()

    async def read() -> None:
        response = await start(produce(gate), PATIENCE_SECONDS)
        await anext(response.body)

        async def wait_for_the_next() -> None:
            await anext(response.body)

        reading = asyncio.create_task(wait_for_the_next())
        while gate.seen != [0, 1]:  # noqa: ASYNC110  # a thread has no asyncio.Event to set
            await asyncio.sleep(0.001)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        gate.open.set()

    asyncio.run(read())
    assert gate.closed.wait(PATIENCE_SECONDS)


def events(steps: Callable[[int], Any], *, asynchronous: bool) -> Any:
    """Events of which each is what `steps` gives for its number; None ends them."""

    def produce() -> Iterator[Any]:
        number = 0
        while (event := steps(number)) is not None:
            yield event
            number += 1

    async def produce_async() -> AsyncIterator[Any]:
        for event in produce():
            yield event

    return produce_async() if asynchronous else produce()


def test_the_producer_has_the_requests_context_and_keeps_its_own(simple_way: tuple[Any, bool]) -> None:
    run, asynchronous = simple_way

    def step(number: int) -> str | None:
        value = setting.get()
        setting.set(f"set by {number}")
        return value if number < 3 else None

    async def read() -> tuple[bytes, str]:
        setting.set("of the request")
        response = await start(events(step, asynchronous=asynchronous))
        return b"".join([chunk async for chunk in response.body]), setting.get()

    text, after = run(read())
    assert text == b"data: of the request\n\ndata: set by 0\n\ndata: set by 1\n\n"
    assert after == "of the request"


@pytest.mark.parametrize("error", [ValueError("x"), HTTPError(404), SystemExit(3), StopIteration("x")])
@pytest.mark.parametrize("place", [0, 1])
def test_what_the_producer_raises_is_raised_where_its_event_would_be(
    simple_way: tuple[Any, bool], error: BaseException, place: int
) -> None:
    run, asynchronous = simple_way

    def step(number: int) -> str:
        if number == place:
            raise error
        return "a"

    read: list[bytes] = []

    async def read_all() -> None:
        response = await start(events(step, asynchronous=asynchronous))
        async for chunk in response.body:
            read.append(chunk)  # noqa: PERF401  # what came before the error is kept

    with pytest.raises(RuntimeError if isinstance(error, StopIteration) else type(error)):
        run(read_all())
    assert [chunk for chunk in read if chunk != HEARTBEAT] == [b"data: a\n\n"] * place  # a slow machine has some


def test_a_heartbeat_may_come_before_the_producer_has_begun() -> None:
    async def read() -> list[bytes]:
        response = await start(iter(["a"]), 1e-9)
        return [chunk async for chunk in response.body if chunk != HEARTBEAT]

    assert [run_free(read()) for _ in range(100)] == [[b"data: a\n\n"]] * 100


def test_what_closing_the_producer_raises_is_raised(simple_way: tuple[Any, bool]) -> None:
    run, asynchronous = simple_way

    def produce() -> Iterator[str]:
        try:
            yield "a"
        finally:
            raise ValueError("closing")

    async def produce_async() -> AsyncIterator[str]:
        try:
            yield "a"
        finally:
            raise ValueError("closing")

    async def read() -> None:
        response = await start(produce_async() if asynchronous else produce())
        await response.body.aclose()

    with pytest.raises(ValueError, match="closing"):
        run(read())


def test_events_that_are_none_are_an_empty_body(simple_way: tuple[Any, bool]) -> None:
    run, asynchronous = simple_way

    async def read() -> Response:
        response: Response = await start(events(lambda number: None, asynchronous=asynchronous))
        return response

    response = run(read())
    assert (response.body, response.headers["content-type"]) == (b"", "text/event-stream; charset=utf-8")


def test_a_timeout_of_the_producers_own_spans_its_events() -> None:
    async def produce() -> AsyncIterator[str]:
        try:
            async with asyncio.timeout(0.05):
                yield "first"
                await asyncio.sleep(PATIENCE_SECONDS)
        except TimeoutError:
            yield "too late"

    async def read() -> list[bytes]:
        return [chunk async for chunk in (await start(produce(), 0.01)).body if chunk != HEARTBEAT]

    assert asyncio.run(read()) == [b"data: first\n\n", b"data: too late\n\n"]


def test_a_producer_that_ignores_its_cancellation_is_closed_all_the_same() -> None:
    seen: list[str] = []

    async def produce() -> AsyncIterator[str]:
        try:
            yield "first"
            try:
                await asyncio.sleep(PATIENCE_SECONDS)
            except asyncio.CancelledError:
                seen.append("cancelled")
            yield "second"
        finally:
            seen.append("closed")

    async def read() -> None:
        response = await start(produce())
        await anext(response.body)
        assert await anext(response.body) == HEARTBEAT
        await response.body.aclose()

    asyncio.run(read())
    assert seen == ["cancelled", "closed"]


def test_events_that_wait_without_a_loop_are_a_500_that_says_why(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    source = """
        import asyncio
        from edgeroutes import Response
        async def events():
            await asyncio.sleep(1)
            yield "a"
        async def GET():
            return Response.sse(events())
    """
    response = project(source).get("/x")

    assert (response.status, [line["exception_name"] for line in log_lines()]) == (500, ["HandlerError"])


@pytest.mark.parametrize("needs_loop", [False, True])
def test_a_route_may_block_in_its_events_and_read_its_request(project: Make, *, needs_loop: bool) -> None:
    source = """
        import time
        from edgeroutes import Response, cookies
        def GET():
            return Response.sse(events(), heartbeat_seconds=0.1)
        def events():
            cookies().set("seen", "1")
            yield cookies()["who"]
            time.sleep(0.5)
            yield {"id": 2, "data": "late"}
    """
    response = project(source, needs_loop=needs_loop).get("/x", [("cookie", "who=ada")])

    assert response.values("set-cookie") == ["seen=1; Path=/"]
    assert response.text.startswith("data: ada\n\n: heartbeat\n\n: heartbeat\n\n")
    assert response.text.endswith(": heartbeat\n\nid: 2\ndata: late\n\n")
    assert response.text.replace(": heartbeat\n\n", "") == "data: ada\n\nid: 2\ndata: late\n\n"


def test_a_loop_free_route_with_heartbeats_loads_no_asyncio() -> None:
    program = """
import sys
from edgeroutes.http.response import Response
from edgeroutes.runtime.streams import start_stream, read_whole
from edgeroutes.runtime.loop import LoopFree
from contextvars import copy_context

async def read():
    return await read_whole(await start_stream(Response.sse(iter(["a"])), "route.py"))

print(LoopFree().run(read(), copy_context()), "asyncio" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "b'data: a\\n\\n' False\n"
