"""Event loops for requests that are answered side by side. Floor 3; knows coroutines, not requests.

Lambda gives each sandbox one request at a time and one loop for life. Here one loop, in a thread of its own, serves all: a client that a
handler opens in it lives on from request to request, and through reloads. What would block it gets a loop for one request.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from edgeroutes.runtime.loop import log_task_exit, log_task_failure

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from contextvars import Context

T = TypeVar("T")


class HandlerExited(Exception):  # noqa: N818  # what Lambda calls Runtime.ExitError
    """A handler raised SystemExit or KeyboardInterrupt, which would end the process."""


async def contained(coroutine: Coroutine[Any, Any, T]) -> T:
    """The coroutine's value; what would end the process becomes `HandlerExited`, before asyncio stops its loop for it."""
    try:
        return await coroutine
    except (SystemExit, KeyboardInterrupt) as error:
        raise HandlerExited(repr(error)) from error


class LoopThread:
    """One event loop in a thread of its own, to which any thread may give coroutines."""

    def __init__(self) -> None:
        self.is_closing = False
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(log_task_failure)
        self._thread = threading.Thread(target=self._serve, name="edgeroutes-loop", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T], context: Context) -> T:
        """The coroutine's value, waited for in the calling thread."""
        return self.start(coroutine, context).result()

    def start(self, coroutine: Coroutine[Any, Any, T], context: Context) -> Running[T]:
        """The coroutine as a task of the loop, in this context."""
        running = Running(self._loop, coroutine, context)
        self._loop.call_soon_threadsafe(running.begin)
        return running

    def close(self, timeout_s: float = 1.0) -> None:
        """Cancel every task and end the thread; one that blocks the loop is left behind."""
        self.is_closing = True
        self._loop.call_soon_threadsafe(self._cancel_all)
        self._thread.join(timeout_s)
        if not self._thread.is_alive():
            self._loop.close()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        while not self._loop.is_closed():
            try:
                self._loop.run_forever()
                break
            except (SystemExit, KeyboardInterrupt) as error:  # of a task that a handler started: only its own end
                log_task_exit(error)
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())

    def _cancel_all(self) -> None:
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()

        async def stop() -> None:
            if tasks:
                await asyncio.wait(tasks, timeout=0.5)
            self._loop.stop()

        self._stopping = self._loop.create_task(stop())


class Running(Generic[T]):
    """A coroutine on a loop of another thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T], context: Context) -> None:
        self._loop = loop
        self._coroutine = coroutine
        self._context = context
        self._task: asyncio.Task[T] | None = None
        self._is_cancelled = False
        self._ended = threading.Event()

    def begin(self) -> None:
        """Make the task; called on the loop."""
        self._task = self._loop.create_task(contained(self._coroutine), context=self._context)
        self._task.add_done_callback(self._end)
        if self._is_cancelled:
            self._task.cancel()

    def _end(self, _: asyncio.Task[T]) -> None:
        self._coroutine.close()  # one that was cancelled before its first step has never been awaited
        self._ended.set()

    def cancel(self) -> None:
        """Cancel the task from any thread; `result` raises CancelledError once it has cleaned up."""
        self._is_cancelled = True
        self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def result(self, timeout_s: float | None = None) -> T:
        """The coroutine's value, waited for; what it raised is raised.

        Raises:
            TimeoutError: When it takes longer than that.
        """
        if not self._ended.wait(timeout_s):
            raise TimeoutError
        assert self._task is not None  # noqa: S101  # it has ended
        return self._task.result()
