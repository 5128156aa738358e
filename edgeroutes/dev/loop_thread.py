"""The event loop of all async requests, in a thread of its own.

Lambda gives each sandbox one request at a time and one loop for life. Here one loop serves all requests until a save replaces the
worker, so clients that a handler opens in it stay usable. Sync functions are called in the request's own thread, which waits for the
response.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from contextlib import suppress
from contextvars import Context, ContextVar
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from edgeroutes.dev.reports import Logged
from edgeroutes.runtime.failures import is_own_file
from edgeroutes.runtime.log import log_task_exit, log_task_failure
from edgeroutes.runtime.loop import outside

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from types import FrameType, ModuleType

    from edgeroutes.dev.project import LoadedProject
    from edgeroutes.dev.reports import Reporter


_T = TypeVar("_T")
# After how long a task that blocks the loop is reported, and how often that is checked.
_BLOCKED_S = 1.0
_LOOK_EVERY_S = 0.25
_source_file: ContextVar[str] = ContextVar("edgeroutes_source_file", default="a task")


class HandlerExited(Exception):  # noqa: N818  # what Lambda calls Runtime.ExitError
    """A handler raised SystemExit or KeyboardInterrupt, which would end the process."""


async def _contained(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """The coroutine's value; SystemExit and KeyboardInterrupt become `HandlerExited`, so that asyncio does not stop its loop."""
    try:
        return await coroutine
    except (SystemExit, KeyboardInterrupt) as error:
        raise HandlerExited(repr(error)) from error


def _ignore(_: object) -> None:
    pass


class LoopThread:
    """One event loop in a thread of its own, for coroutines of any thread.

    Args:
        report: Receives warnings about files that block or stop the loop.
        root: The project's folder, to find its files on the stack.
    """

    def __init__(self, report: Reporter = _ignore, root: str = "") -> None:
        self.is_closing = False
        self._report = report
        self._root = root
        self._loop = asyncio.new_event_loop()
        self._stop_loop = self._loop.stop
        self._loop.stop = self._refuse_stop  # type: ignore[method-assign]
        self._loop.set_exception_handler(log_task_failure)
        self._thread = threading.Thread(target=self._serve, name="edgeroutes-loop", daemon=True)
        self._thread.start()
        self._running = 0
        self._is_busy = threading.Event()
        threading.Thread(target=self._watch, name="edgeroutes-loop-watch", daemon=True).start()

    def start(self, coroutine: Coroutine[Any, Any, _T], context: Context, source_file: str = "") -> _Running[_T]:
        """Run the coroutine as a task of the loop, in this context.

        Args:
            coroutine: What runs.
            context: Its context variables.
            source_file: The route's, for warnings.
        """
        if source_file:
            context.run(_source_file.set, source_file)
        running = _Running(self._loop, coroutine, context)
        self._loop.call_soon_threadsafe(self._begin, running)
        return running

    def _begin(self, running: _Running[Any]) -> None:
        running.begin().add_done_callback(self._end)
        self._running += 1
        self._is_busy.set()

    def _end(self, _: asyncio.Task[Any]) -> None:
        self._running -= 1
        if not self._running:
            self._is_busy.clear()

    def _refuse_stop(self) -> None:
        """Replaces `loop.stop()`: all async routes share the loop."""
        if self.is_closing:
            self._stop_loop()
            return
        message = (
            f"{_source_file.get()} called loop.stop(), which would end the event loop of every async route."
            " On AWS it ends the function. Return from the handler instead"
        )
        self._report(Logged(level="ERROR", message=message))
        raise RuntimeError(message)

    def _watch(self) -> None:
        """Report each task that blocks the loop."""
        while self._is_busy.wait():
            reached = threading.Event()
            try:
                self._loop.call_soon_threadsafe(reached.set)
            except RuntimeError:  # closed
                return
            if not reached.wait(_BLOCKED_S) and not self.is_closing:
                self._report_blocked()
                reached.wait()
            time.sleep(_LOOK_EVERY_S)

    def _report_blocked(self) -> None:
        own = self._own_places(sys._current_frames().get(self._thread.ident or 0))  # noqa: SLF001  # documented
        where = own[0] if len(own) < 2 else f"{own[0]} (in {own[-1]})"
        message = (
            f"{where} has blocked the event loop for {_BLOCKED_S:g} s, and every other async route waits."
            " Use an async library, 'await asyncio.to_thread(…)', or a plain 'def' handler"
        )
        self._report(Logged(level="WARNING", message=message))

    def _own_places(self, frame: FrameType | None) -> list[str]:
        """Where the project's code is, outermost first: `functions/a/route.py:3`."""
        summary = traceback.extract_stack(frame) if frame is not None else []
        places = [
            f"{each.filename.removeprefix(f'{self._root}/')}:{each.lineno}"
            for each in summary
            if is_own_file(each.filename, self._root)
        ]
        return places or ["a task"]

    def close(self, timeout_s: float = 1.0) -> None:
        """Cancel every task and end the thread; one that blocks the loop is left behind."""
        self.is_closing = True
        self._loop.call_soon_threadsafe(self._cancel_all)
        self._thread.join(timeout_s)
        if not self._thread.is_alive():
            self._loop.close()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        while True:
            try:
                self._loop.run_forever()
            except (SystemExit, KeyboardInterrupt) as error:  # of a task that a handler started: ends only that
                log_task_exit(error)
                continue
            if self.is_closing:  # else the project stopped it in another way
                break
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())

    def _cancel_all(self) -> None:
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()

        async def stop() -> None:
            if tasks:
                await asyncio.wait(tasks, timeout=0.5)
            self._stop_loop()

        self._stopping = self._loop.create_task(stop())


def _set_done(called: asyncio.Future[None]) -> None:
    if not called.done():
        called.set_result(None)


class _Running(Generic[_T]):
    def __init__(self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, _T], context: Context) -> None:
        self._loop = loop
        self._coroutine = coroutine
        self._context = context
        self._task: asyncio.Task[_T] | None = None
        self._is_cancelled = False
        self._calls: SimpleQueue[tuple[Callable[[], None], asyncio.Future[None]] | None] = SimpleQueue()
        self._ended = threading.Event()
        context.run(outside.set, self._call_later)

    def begin(self) -> asyncio.Task[_T]:
        """Create the task; called on the loop."""
        self._task = self._loop.create_task(_contained(self._coroutine), context=self._context)
        self._task.add_done_callback(self._end)
        if self._is_cancelled:
            self._task.cancel()
        return self._task

    def _end(self, _: asyncio.Task[_T]) -> None:
        self._coroutine.close()  # one that was cancelled before its first step has never been awaited
        self._ended.set()
        self._calls.put(None)

    def _call_later(self, call: Callable[[], None]) -> asyncio.Future[None]:
        """Call a sync function in the thread that waits for the result; after the end, in a thread of the executor."""
        if self._ended.is_set():
            return self._loop.run_in_executor(None, call)
        called: asyncio.Future[None] = self._loop.create_future()
        self._calls.put((call, called))
        return called

    def _make_calls(self, timeout_s: float | None) -> None:
        while (waiting := self._calls.get(timeout=timeout_s)) is not None:
            call, called = waiting
            call()
            self._loop.call_soon_threadsafe(_set_done, called)

    def cancel(self) -> None:
        """Cancel the task from any thread; `result` raises CancelledError once it has cleaned up."""
        self._is_cancelled = True
        self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def result(self, timeout_s: float | None = None) -> _T:
        """The coroutine's value, waited for in the thread that also calls its sync functions.

        Raises:
            TimeoutError: Nothing happens for so long.
        """
        try:
            if not self._ended.is_set():
                self._make_calls(timeout_s)
        except Empty:
            raise TimeoutError from None
        assert self._task is not None  # noqa: S101  # it has ended
        return self._task.result()


_SHUTDOWN_WAIT_S = 2.0


class MountedApps:
    """Ends the lifespans of mounted apps on the loop of the handlers."""

    def __init__(self, loop: LoopThread) -> None:
        self._loop = loop

    def retire(self, loaded: LoadedProject) -> None:
        """Shut down the apps that run now, when this loaded project has no request left."""
        lifespan = _lifespan()
        if lifespan is None:
            return
        ends: list[Callable[[], Awaitable[None]]] = []

        async def detach() -> None:
            ends.append(lifespan.detach())

        async def end() -> None:
            for each in ends:
                await each()

        def begin_end() -> None:
            self._loop.start(end(), Context())

        self._loop.start(detach(), Context())
        loaded.when_idle(begin_end)

    def end(self) -> None:
        """Shut down all apps, with a time limit."""
        lifespan = _lifespan()
        if lifespan is not None:
            with suppress(TimeoutError):
                self._loop.start(lifespan.shutdown(), Context()).result(_SHUTDOWN_WAIT_S)


def _lifespan() -> ModuleType | None:
    """The module of the lifespans, once an app was requested."""
    return sys.modules.get("edgeroutes.adapters.lifespan")
