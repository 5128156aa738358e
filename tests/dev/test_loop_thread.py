from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar, copy_context

import pytest

from edgeroutes.dev.loop_thread import HandlerExited, LoopThread
from tests.dev.serving import PATIENCE_S

name: ContextVar[str] = ContextVar("name", default="nobody")


@pytest.fixture
def loop():
    thread = LoopThread()
    yield thread
    thread.close()


async def current_loop() -> int:
    return id(asyncio.get_running_loop())


def test_all_coroutines_run_on_one_loop(loop: LoopThread) -> None:
    assert loop.start(current_loop(), copy_context()).result() == loop.start(current_loop(), copy_context()).result()


def test_a_coroutine_runs_in_the_context_that_it_is_given(loop: LoopThread) -> None:
    async def rename() -> str:
        before = name.get()
        name.set("second")
        return before

    context = copy_context()
    context.run(name.set, "first")
    assert (loop.start(rename(), context).result(), context[name], name.get()) == ("first", "second", "nobody")


def test_coroutines_run_side_by_side(loop: LoopThread) -> None:
    met = asyncio.Event()

    async def wait() -> str:
        await asyncio.wait_for(met.wait(), PATIENCE_S)
        return "met"

    async def meet() -> None:
        met.set()

    waiting = loop.start(wait(), copy_context())
    loop.start(meet(), copy_context()).result()
    assert waiting.result() == "met"


def test_what_is_raised_is_raised_to_who_waits(loop: LoopThread) -> None:
    async def fail() -> None:
        raise ValueError("here")

    with pytest.raises(ValueError, match="here"):
        loop.start(fail(), copy_context()).result()


def test_a_cancelled_coroutine_cleans_up_before_who_waits_goes_on(loop: LoopThread) -> None:
    entered, cleaned = threading.Event(), []

    async def wait() -> None:
        try:
            entered.set()
            await asyncio.sleep(PATIENCE_S)
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    running = loop.start(wait(), copy_context())
    assert entered.wait(PATIENCE_S)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        running.result()
    assert cleaned == [True]


def test_what_is_cancelled_before_it_begins_never_runs(loop: LoopThread) -> None:
    ran = []

    async def run() -> None:
        ran.append(True)

    entered, hold = threading.Event(), threading.Event()
    loop.start(hold_loop(entered, hold), copy_context())
    assert entered.wait(PATIENCE_S)
    running = loop.start(run(), copy_context())
    running.cancel()
    hold.set()
    with pytest.raises(asyncio.CancelledError):
        running.result()
    assert ran == []


async def hold_loop(entered: threading.Event, hold: threading.Event) -> None:
    entered.set()
    hold.wait(PATIENCE_S)


@pytest.mark.parametrize("ending", [SystemExit(3), KeyboardInterrupt()])
def test_what_would_end_the_process_ends_only_the_coroutine(loop: LoopThread, ending: BaseException) -> None:
    async def leave() -> None:
        raise ending

    with pytest.raises(HandlerExited):
        loop.start(leave(), copy_context()).result()
    assert loop.start(current_loop(), copy_context()).result()


def test_closing_cancels_what_runs() -> None:
    loop, entered = LoopThread(), threading.Event()

    async def wait() -> None:
        entered.set()
        await asyncio.sleep(PATIENCE_S)

    running = loop.start(wait(), copy_context())
    assert entered.wait(PATIENCE_S)
    loop.close()
    with pytest.raises(asyncio.CancelledError):
        running.result()
