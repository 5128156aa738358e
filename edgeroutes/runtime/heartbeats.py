"""A stream that sends heartbeats while its generator pauses. Loaded when one has heartbeats.

What produces the chunks runs beside what reads them, one chunk at a time and none ahead: an async producer on a loop in one task of its
own, since timeouts and cancel scopes belong to a task; any other in one thread of its own, where it may block. Both have a copy of
the request's context. A heartbeat is a chunk of its own, so it never stands inside another.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from contextvars import copy_context

from edgeroutes.http.response_bodies import HEARTBEAT
from edgeroutes.runtime.loop import LoopFree, outcome, raise_outcome, running_loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future as LoopFuture
    from collections.abc import AsyncGenerator, Callable
    from queue import SimpleQueue
    from typing import Any

    Chunks = AsyncGenerator[bytes, None]
    Step = Callable[[], Any]


def with_heartbeats(chunks: Chunks, seconds: float, *, is_async: bool) -> Chunks:
    """The chunks, with a heartbeat after every `seconds` without one.

    Closing it closes them, too: at once where their producer rests or can be cancelled; one that blocks its thread is closed when it
    goes on, which nobody waits for.

    Args:
        chunks: Not begun.
        seconds: Above 0.
        is_async: Whether they are made of what may wait for an event loop.
    """
    on_loop = running_loop() is not None
    return _beside_task(chunks, seconds) if is_async and on_loop else _beside_thread(chunks, seconds, on_loop=on_loop)


async def _beside_thread(chunks: Chunks, seconds: float, *, on_loop: bool) -> Chunks:
    thread = _StepThread(on_loop=on_loop)
    is_resting = False
    try:
        while True:
            is_resting = False
            thread.take(lambda: anext(chunks, None))
            while (taken := await thread.taken(seconds)) is None:
                yield HEARTBEAT
            is_resting = True
            chunk = taken.result()
            if chunk is None:
                return
            yield chunk
    finally:
        thread.take(chunks.aclose)
        thread.end()
        closed = await thread.taken(None) if is_resting else None
        if closed is not None:
            closed.result()


class _Taken:
    """What came of a step."""

    __slots__ = ("_error", "_value")

    def __init__(self, value: Any, error: BaseException | None = None) -> None:
        self._value = value
        self._error = error

    def result(self) -> Any:
        """What it gave; what it raised is raised."""
        if self._error is not None:
            raise self._error
        return self._value


class _StepThread:
    """Takes steps of a generator in a thread, in one context, each after the other.

    Queues of C between two threads, since a Future for every chunk takes five times as long.
    """

    __slots__ = ("_context", "_loop", "_steps", "_taken", "_waiting")

    def __init__(self, *, on_loop: bool) -> None:
        from queue import SimpleQueue

        self._context = copy_context()
        self._steps: SimpleQueue[tuple[Step, LoopFuture[None] | None] | None] = SimpleQueue()
        self._taken: SimpleQueue[_Taken] = SimpleQueue()
        self._loop = running_loop() if on_loop else None
        self._waiting: LoopFuture[None] | None = None
        # A daemon: a producer that blocks for ever must not keep the process from ending.
        threading.Thread(target=self._run, name="edgeroutes-stream", daemon=True).start()

    def take(self, step: Step) -> None:
        """Have a step taken after those before it."""
        if self._loop is not None:
            self._waiting = self._loop.create_future()
        self._steps.put((step, self._waiting))

    async def taken(self, seconds: float | None) -> _Taken | None:
        """The result of the next step; None when it is not ready within this time."""
        from queue import Empty

        if self._waiting is not None and self._taken.empty():
            import asyncio

            await asyncio.wait((self._waiting,), timeout=seconds)
        try:
            return self._taken.get(self._loop is None, seconds)
        except Empty:
            return None

    def end(self) -> None:
        """End the thread after the steps that it has been given."""
        self._steps.put(None)

    def _run(self) -> None:
        runner = LoopFree()
        while (given := self._steps.get()) is not None:
            step, waiting = given
            if self._loop is not None:
                from edgeroutes.runtime.offload import provide_current_loop

                provide_current_loop()
            try:
                taken = _Taken(runner.run(_awaited(step), self._context))
            except BaseException as error:  # noqa: BLE001  # raised where the chunk is waited for
                taken = _Taken(None, error)
            self._taken.put(taken)
            if waiting is not None:
                with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
                    waiting.get_loop().call_soon_threadsafe(_wake, waiting)


def _wake(waiting: LoopFuture[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


async def _awaited(step: Step) -> Any:
    return await step()


async def _beside_task(chunks: Chunks, seconds: float) -> Chunks:
    import asyncio

    task = _StepTask(chunks)
    try:
        while True:
            given = task.step()
            while not given.done():
                done, _ = await asyncio.wait((given, task.running), timeout=seconds, return_when="FIRST_COMPLETED")
                if not done:
                    yield HEARTBEAT
                elif not given.done():
                    await raise_outcome(task.running)
                    return
            yield given.result()
    finally:
        await task.close()


class _StepTask:
    """Takes steps of an async generator in a task, each on request."""

    __slots__ = ("_asked", "_chunks", "_given", "_loop", "running")

    def __init__(self, chunks: Chunks) -> None:
        import asyncio

        self._loop = asyncio.get_running_loop()
        self._chunks = chunks
        self._asked: LoopFuture[bool] = self._loop.create_future()
        self._given: LoopFuture[bytes] | None = None
        self.running = self._loop.create_task(outcome(self._run))

    def step(self) -> LoopFuture[bytes]:
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
            await raise_outcome(self.running)
