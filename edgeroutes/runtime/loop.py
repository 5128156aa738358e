"""How a coroutine is run to its end where no event loop is running.

A route whose import graph holds no asyncio has coroutines that never wait, and those need no loop: `asyncio` alone would cost 20 ms
of every cold start. Which it is, is decided before the call (by the bundle), never found out in the middle of one.
"""

from __future__ import annotations

import os
import sys
import threading
from contextvars import ContextVar
from functools import partial

from edgeroutes.errors import HandlerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Awaitable, Callable, Coroutine
    from contextvars import Context
    from typing import Any, Protocol, TypeVar

    T = TypeVar("T")
    Call = Callable[[], None]

    class Runner(Protocol):
        """Runs a coroutine in a context, to its end."""

        def run(self, coroutine: Coroutine[Any, Any, T], context: Context) -> T:
            """The coroutine's value."""
            ...


# Takes the call of a sync function, and returns a future of its end: see `runtime.offload`.
outside: ContextVar[Callable[[Call], Future[None]]] = ContextVar("edgeroutes_outside")

# Source: inspect.CO_GENERATOR, CO_COROUTINE, CO_ITERABLE_COROUTINE and CO_ASYNC_GENERATOR.
_STARTS_NOTHING = 0x20 | 0x80 | 0x100 | 0x200
# What asyncio raises where no loop runs: its functions, and its locks and queues. Source: CPython 3.11 to 3.14, Lib/asyncio.
_WITHOUT_LOOP = {RuntimeError: ("event loop",), AttributeError: ("'NoneType' object has no attribute 'create_future'",)}


# How often a coroutine gets the error that it cannot wait: one that catches that and waits again would never end.
_TRIES = 10


def running_loop() -> AbstractEventLoop | None:
    """The event loop that runs in this thread; asyncio is not loaded to learn that there is none."""
    asyncio = sys.modules.get("asyncio")
    loop: AbstractEventLoop | None = asyncio._get_running_loop() if asyncio is not None else None  # noqa: SLF001
    return loop


def starts_nothing(function: Any) -> bool:
    """Whether a call of `function` runs none of its code: it makes a coroutine or a generator.

    The function itself decides, not the one that it wraps: a sync wrapper may call `asyncio.run(handler())`.
    """
    while isinstance(function, partial):
        function = function.func
    code = getattr(function, "__code__", None)
    if code is None and not isinstance(function, type):
        function = type(function).__call__
        code = getattr(function, "__code__", None)
    if "_is_coroutine_mark" in getattr(function, "__dict__", ()):  # inspect.markcoroutinefunction
        return True
    return code is not None and bool(code.co_flags & _STARTS_NOTHING)


class LoopFree:
    """Runs coroutines that never wait, without a loop."""

    def run(self, coroutine: Coroutine[Any, Any, T], context: Context) -> T:
        """The coroutine's value; where it waits after all, a HandlerError is raised in the middle of it, at that place."""
        try:
            context.run(coroutine.send, None)
            for _ in range(_TRIES):
                context.run(coroutine.throw, _missing_loop())
        except StopIteration as done:
            value: T = done.value
            return value
        context.run(coroutine.close)
        raise _missing_loop()


def is_fatal(error: BaseException) -> bool:
    """Whether an exception must end more than the call that raised it.

    In a Lambda function none does: a process that ends costs the next client a cold start, and this one gets a bare 502. Elsewhere two do:
    the KeyboardInterrupt of Ctrl-C, which Python raises in the main thread only, and a cancellation that was requested of the running
    task, as servers do when a client leaves. A signal handler of the author's that raises (SIGTERM) is obeyed everywhere, and so is what
    closes the coroutine that catches it.
    """
    if _is_from_signal_handler(error) or _closes_coroutine(error):
        return True
    if "AWS_LAMBDA_RUNTIME_API" in os.environ:
        return False
    if isinstance(error, KeyboardInterrupt):
        return threading.current_thread() is threading.main_thread()
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or not isinstance(error, asyncio.CancelledError):
        return False
    loop = running_loop()
    task = asyncio.current_task(loop) if loop is not None else None
    return task is not None and bool(task.cancelling())


def _closes_coroutine(error: BaseException) -> bool:
    """Whether it is the GeneratorExit of a coroutine's `close()`: Python raises that in the frame that waits, not in one below it."""
    trace = error.__traceback__
    return isinstance(error, GeneratorExit) and trace is not None and trace.tb_next is None


def _is_from_signal_handler(error: BaseException) -> bool:
    """Whether a handler of SIGTERM or SIGINT, written in Python, raised it."""
    signal = sys.modules.get("signal")
    if signal is None or isinstance(error, Exception):
        return False
    handlers = (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT))
    codes = {code for handler in handlers if (code := getattr(handler, "__code__", None)) is not None}
    trace = error.__traceback__ if codes else None
    while trace is not None:
        if trace.tb_frame.f_code in codes:
            return True
        trace = trace.tb_next
    return False


def as_exception(error: BaseException) -> Exception:
    """The error for a server, which would end for a SystemExit of the author's: one from it."""
    if isinstance(error, Exception):
        return error
    failed = HandlerError(f"the handler raised {error!r} while its response was sent")
    failed.__cause__ = error
    return failed


async def outcome(function: Callable[..., Awaitable[object]], *args: object) -> BaseException | None:
    """Call `function` to its end, and return what it raised instead of raising it; a cancellation is raised.

    For tasks: asyncio stops the whole event loop when a task raises SystemExit or KeyboardInterrupt.
    """
    try:
        await function(*args)
    except sys.modules["asyncio"].CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001
        return error
    return None


async def raise_outcome(task: Future[BaseException | None]) -> None:
    """Wait for a task that runs `outcome`, and raise what was raised in it."""
    error = await task
    if error is not None:
        raise error


async def uninterrupted(future: Future[T]) -> T:
    """What the future gives, awaited to its end even if the task is cancelled.

    A cancellation that comes meanwhile is raised where the task waits next: one that a generator's own timeout or task group requests
    for, while its chunk is being sent, is meant for the generator. Not so where the future fails.
    """
    asyncio = sys.modules["asyncio"]
    is_cancelled = False
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError:
            is_cancelled = True
    value = future.result()
    task = asyncio.current_task()
    if is_cancelled and task.cancelling():
        task.uncancel()
        task.cancel()
    return value


def explain_missing_loop(error: BaseException) -> BaseException:
    """What a loop-free route raised, or a HandlerError from it where it reports that there is no event loop."""
    if not any(phrase in str(error) for phrase in _WITHOUT_LOOP.get(type(error), ())):
        return error
    explained = _missing_loop()
    explained.__cause__ = error
    return explained


def _missing_loop() -> HandlerError:
    hint = "Import asyncio (or anyio) in the route file, so that it is given a loop"
    return HandlerError(
        "it waits for something that needs an event loop, but nothing that it imports is one", hint=hint
    )


def _log_task_failure(loop: AbstractEventLoop, found: dict[str, Any]) -> None:
    from edgeroutes.runtime.log import log_task_failure

    log_task_failure(loop, found)


class PersistentLoop:
    """One event loop for the life of the sandbox, so that clients opened in it live on from invocation to invocation.

    It stops while a sync function of the request is called (see `runtime.offload`), and goes on after that.
    """

    def __init__(self) -> None:
        self._loop: AbstractEventLoop | None = None
        self._calls: list[tuple[Call, Future[None]]] = []
        self._is_calling = False

    def run(self, coroutine: Coroutine[Any, Any, T], context: Context) -> T:
        """The coroutine's value; other tasks of the loop go on while it runs, and rest between invocations."""
        loop = self._loop or self._open()
        context.run(outside.set, self._call_later)
        task = loop.create_task(coroutine, context=context)
        exits: list[BaseException] = []
        try:
            while True:
                self._make_calls()
                try:
                    return loop.run_until_complete(task)
                except BaseException as error:
                    if task.done() and (task.cancelled() or task.exception() is error):
                        raise
                    if type(error) is RuntimeError and self._calls:
                        continue  # `_call_later` has stopped the loop
                    if (
                        is_fatal(error) or running_loop() is not None
                    ):  # another loop runs in this thread: this one cannot
                        raise
                    exits.append(error)  # another task raised it, and asyncio has stopped the loop
        finally:
            task.cancel()  # it is done, unless the process ends: then it must not raise in the next one's turn
            for each in exits:
                from edgeroutes.runtime.log import log_task_exit

                log_task_exit(each)

    def _call_later(self, call: Call) -> Future[None]:
        """Have a function called by `run`, once the loop has stopped."""
        loop: AbstractEventLoop = running_loop()  # type: ignore[assignment]  # a task calls this
        called = loop.create_future()
        self._calls.append((call, called))
        if not self._is_calling:  # else a sync function runs this loop itself
            loop.stop()
        return called

    def _make_calls(self) -> None:
        self._is_calling = True
        try:
            while self._calls:
                call, called = self._calls.pop(0)
                call()
                if not called.done():
                    called.set_result(None)
        finally:
            self._is_calling = False

    @property
    def is_open(self) -> bool:
        """Whether anything has run on it since it was made or closed."""
        return self._loop is not None

    def close(self) -> None:
        """End what still runs on it, then the loop; what is run afterwards opens another. A sandbox never does this."""
        loop = self._loop
        if loop is None or loop.is_closed() or loop.is_running():
            return
        import asyncio

        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.wait(tasks) if tasks else asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        asyncio.set_event_loop(None)
        self._loop = None

    def _open(self) -> AbstractEventLoop:
        import asyncio

        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_log_task_failure)
        asyncio.set_event_loop(self._loop)
        return self._loop
