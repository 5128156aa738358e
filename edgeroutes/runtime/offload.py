"""Calls of sync functions outside the event loop, which they could block, and in which `asyncio.run` fails.

Where a function is called depends on the platform, which puts its way into `loop.outside`: on Lambda in the main thread while the
loop rests, in dev in the request's own thread, in an ASGI server in a worker thread.
"""

from __future__ import annotations

import asyncio
import threading
from contextvars import copy_context

from edgeroutes.runtime.loop import outside, running_loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from contextvars import Context
    from typing import Any, TypeVar

    T = TypeVar("T")

_END: Any = object()
_local = threading.local()


async def call_sync(function: Callable[[], T], context: Context | None = None) -> T:
    """The value of `function`, called where no event loop runs.

    Context variables that it sets are set here, too. The call cannot be cancelled: a cancellation is raised once it has ended.

    Args:
        function: Sync.
        context: In which it is called; None for a copy of the current one.
    """
    loop = running_loop()
    if loop is None:
        return function()
    called_in = copy_context() if context is None else context
    outcome: list[tuple[Any, BaseException | None]] = []

    def call() -> None:
        try:
            provide_current_loop()
            outcome.append((called_in.run(function), None))
        except BaseException as error:  # noqa: BLE001  # raised where the value is waited for
            outcome.append((None, error))

    await _wait_for_end(outside.get(_in_thread)(call))
    for variable, current in called_in.items():
        if variable.get(_END) is not current:
            variable.set(current)
    value, error = outcome.pop()
    if error is not None:
        try:
            raise error
        finally:
            del error  # its traceback has this frame
    return value  # type: ignore[no-any-return]


async def iterate_sync(chunks: Iterable[T]) -> AsyncIterator[T]:
    """The items of a sync iterable, each produced outside the event loop; closing this closes the iterable."""
    iterator = iter(chunks)
    try:
        while (chunk := await call_sync(lambda: next(iterator, _END))) is not _END:
            yield chunk
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            await call_sync(close)


def provide_current_loop() -> None:
    """Give this thread an event loop that rests, so that `asyncio.get_event_loop().run_until_complete(…)` works."""
    loop = getattr(_local, "loop", None)
    if loop is None or loop.loop.is_closed():
        loop = _local.loop = _ThreadLoop()
    asyncio.set_event_loop(loop.loop)


class _ThreadLoop:
    """The event loop of a thread; it ends with the thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()

    def __del__(self) -> None:
        if not self.loop.is_running():
            self.loop.close()


def _in_thread(call: Callable[[], None]) -> asyncio.Future[None]:
    return asyncio.get_running_loop().run_in_executor(None, call)


async def _wait_for_end(future: asyncio.Future[None]) -> None:
    try:
        await asyncio.shield(future)
    except asyncio.CancelledError:
        if not future.done():
            await asyncio.wait({future})
        raise
