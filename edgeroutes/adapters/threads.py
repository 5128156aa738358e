"""Threads for handlers that block, on servers that answer many requests at once. Request wing, floor 2; never loaded on Lambda."""

from __future__ import annotations

import asyncio
from functools import partial
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from edgeroutes.runtime.loop import outcome, raise_outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from edgeroutes.types import Handler

_END = object()


class WorkerThreads:
    """Runs what blocks in AnyIO's threads, each call in a copy of the caller's context, so that `cookies()` works there."""

    def calling(self, function: Handler) -> Handler:
        """`function` itself where calling it starts nothing (async, or a generator); else one that calls it in a thread."""
        if _starts_nothing(function):
            return function

        async def called(*args: Any, **arguments: Any) -> Any:
            result = await to_thread.run_sync(partial(function, *args, **arguments))
            return await result if hasattr(result, "__await__") else result

        called.__qualname__ = getattr(function, "__qualname__", repr(function))  # by which the log calls it
        return called

    async def iterating(self, chunks: Iterable[Any]) -> AsyncIterator[Any]:
        """The chunks, each produced in a thread; closing this waits for the one that is being produced, then closes them."""
        iterator = iter(chunks)
        try:
            while (chunk := await _finished(partial(next, iterator, _END))) is not _END:
                yield chunk
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                await _finished(close)


async def _finished(function: Callable[[], Any]) -> Any:
    """What `function` gives, called in a thread that is never left running: who is cancelled waits for its end first."""
    values: list[Any] = []

    async def call() -> None:
        values.append(await to_thread.run_sync(function))

    running = asyncio.ensure_future(outcome(call))
    try:
        await raise_outcome(asyncio.shield(running))
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise
    return values[0]


def _starts_nothing(function: Any) -> bool:
    """Whether a call only makes a coroutine or generator; decorators are followed to what they wrap."""
    while isinstance(function, partial):
        function = function.func
    candidates = [function, getattr(function, "__call__", None)]  # noqa: B004  # an object may have an async __call__
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
        candidates.append(function)
    return any(
        iscoroutinefunction(candidate) or isasyncgenfunction(candidate) or isgeneratorfunction(candidate)
        for candidate in candidates
    )
