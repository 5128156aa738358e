"""A stream that says in its pauses that it is alive. Request wing, floor 2; loaded when one has heartbeats.

What produces the chunks runs beside what reads them, one chunk at a time and none ahead: an async producer on a loop in one task of its
own, since timeouts and cancel scopes belong to a task; any other in one thread of its own, where it may block. Both have a copy of
the request's context. A heartbeat is a chunk of its own, so it never stands inside another.
"""

from __future__ import annotations

import sys
import threading
from contextvars import copy_context

from edgeroutes.http.streams import HEARTBEAT
from edgeroutes.runtime.loop import LoopFree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future as LoopFuture
    from collections.abc import AsyncGenerator, Callable
    from concurrent.futures import Future
    from queue import SimpleQueue
    from typing import Any

    Chunks = AsyncGenerator[bytes, None]


def with_heartbeats(chunks: Chunks, seconds: float, *, is_async: bool) -> Chunks:
    """The chunks, with a heartbeat after every `seconds` without one.

    Closing it closes them, too: at once where their producer rests or can be cancelled; one that blocks its thread is closed when it
    goes on, which nobody waits for.

    Args:
        chunks: Not begun.
        seconds: Above 0.
        is_async: Whether they are made of what may wait for an event loop.
    """
    on_loop = _runs_on_loop()
    return _beside_task(chunks, seconds) if is_async and on_loop else _beside_thread(chunks, seconds, on_loop=on_loop)


def _runs_on_loop() -> bool:
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _beside_thread(chunks: Chunks, seconds: float, *, on_loop: bool) -> Chunks:
    thread = _StepThread()
    is_resting = False
    try:
        while True:
            is_resting = False
            step = thread.take(lambda: anext(chunks, None))
            waiting = _on_loop(step) if on_loop else None
            while not await _is_done(step, waiting, seconds):
                yield HEARTBEAT
            is_resting = True
            chunk = step.result()
            if chunk is None:
                return
            yield chunk
    finally:
        closing = thread.take(chunks.aclose)
        thread.end()
        if is_resting:
            await _is_done(closing, _on_loop(closing) if on_loop else None, None)
            closing.result()


class _StepThread:
    """Takes steps of a generator in a thread, in one context, each after the other."""

    __slots__ = ("_context", "_steps")

    def __init__(self) -> None:
        from queue import SimpleQueue

        self._context = copy_context()
        self._steps: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        # A daemon: a producer that blocks for ever must not keep the process from ending.
        threading.Thread(target=self._run, name="edgeroutes-stream", daemon=True).start()

    def take(self, step: Callable[[], Any]) -> Future[Any]:
        """What the step gives or raises, once it has been taken."""
        from concurrent.futures import Future

        taken: Future[Any] = Future()
        taken.set_running_or_notify_cancel()  # from here on nobody can cancel it
        self._steps.put((taken, step))
        return taken

    def end(self) -> None:
        """End the thread after the steps that it has been given."""
        self._steps.put(None)

    def _run(self) -> None:
        runner = LoopFree()
        while (given := self._steps.get()) is not None:
            taken, step = given
            try:
                taken.set_result(runner.run(_awaited(step), self._context))
            except BaseException as error:  # noqa: BLE001  # raised where the chunk is waited for
                taken.set_exception(error)


async def _awaited(step: Callable[[], Any]) -> Any:
    return await step()


def _on_loop(step: Future[Any]) -> LoopFuture[Any]:
    """The step, for a coroutine to wait for; one that nobody waits for any more may fail without a word."""
    import asyncio

    waiting = asyncio.wrap_future(step)
    waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
    return waiting


async def _is_done(step: Future[Any], waiting: LoopFuture[Any] | None, seconds: float | None) -> bool:
    """Whether the step has been taken within this time."""
    if waiting is None:
        from concurrent.futures import wait

        return bool(wait((step,), seconds).done)
    import asyncio

    return bool((await asyncio.wait((waiting,), timeout=seconds))[0])


async def _beside_task(chunks: Chunks, seconds: float) -> Chunks:
    import asyncio

    task = _StepTask(chunks)
    try:
        while True:
            given = task.ask()
            while not given.done():
                done, _ = await asyncio.wait((given, task.running), timeout=seconds, return_when="FIRST_COMPLETED")
                if not done:
                    yield HEARTBEAT
                elif not given.done():
                    task.running.result()  # raises what ended it
                    return
            yield given.result()
    finally:
        await task.close()


class _StepTask:
    """Takes steps of an async generator in a task, each when it is asked for."""

    __slots__ = ("_asked", "_chunks", "_given", "_loop", "running")

    def __init__(self, chunks: Chunks) -> None:
        import asyncio

        self._loop = asyncio.get_running_loop()
        self._chunks = chunks
        self._asked: LoopFuture[bool] = self._loop.create_future()
        self._given: LoopFuture[bytes] | None = None
        self.running = self._loop.create_task(self._run())

    def ask(self) -> LoopFuture[bytes]:
        """The next chunk; when the task ends before it is given, there is none."""
        self._given = self._loop.create_future()
        self._asked.set_result(True)
        return self._given

    async def _run(self) -> None:
        try:
            while await self._asked:
                self._asked = self._loop.create_future()
                chunk = await anext(self._chunks, None)
                if chunk is None or self._given is None:
                    return
                self._given.set_result(chunk)
        finally:
            await self._chunks.aclose()

    async def close(self) -> None:
        """Close the generator: where it rests, else by cancelling what it waits for. What that raises is raised."""
        import asyncio

        if self.running.done():
            return
        is_resting = self._given is not None and self._given.done()
        if not self._asked.done():
            self._asked.set_result(False)  # also for one that is cancelled, and gives another chunk all the same
        if not is_resting:
            self.running.cancel()
        await asyncio.wait((self.running,))
        if not self.running.cancelled():
            self.running.result()
