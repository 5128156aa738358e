"""How a coroutine is run to its end where no event loop is running. Request wing, floor 2.

A route whose import graph holds no asyncio has coroutines that never wait, and those need no loop: `asyncio` alone would cost 20 ms
of every cold start. Which it is, is decided before the call (the bundle says so), never found out in the middle of one.
"""

from __future__ import annotations

from edgeroutes.errors import HandlerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Coroutine
    from contextvars import Context
    from typing import Any, Protocol, TypeVar

    T = TypeVar("T")

    class Runner(Protocol):
        """Runs a coroutine in a context, to its end."""

        def run(self, coroutine: Coroutine[Any, Any, T], context: Context) -> T:
            """The coroutine's value."""
            ...


class LoopFree:
    """Runs coroutines that never wait, without a loop."""

    def run(self, coroutine: Coroutine[Any, Any, T], context: Context) -> T:
        """The coroutine's value.

        Raises:
            HandlerError: When it waits after all.
        """
        try:
            context.run(coroutine.send, None)
        except StopIteration as done:
            value: T = done.value
            return value
        context.run(coroutine.close)
        hint = "Import asyncio (or anyio) in the route file, so that it is given a loop"
        raise HandlerError("it waits for something that needs an event loop, but nothing that it imports is one", hint=hint)


class PersistentLoop:
    """One event loop for the life of the sandbox, so that clients opened in it live on from invocation to invocation."""

    def __init__(self) -> None:
        self._loop: AbstractEventLoop | None = None

    def run(self, coroutine: Coroutine[Any, Any, T], context: Context) -> T:
        """The coroutine's value; other tasks of the loop go on while it runs, and rest between invocations."""
        loop = self._loop or self._open()
        return loop.run_until_complete(loop.create_task(coroutine, context=context))

    def _open(self) -> AbstractEventLoop:
        import asyncio

        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        return self._loop
