"""Whether an event loop runs in this thread, and how sync functions are called outside it."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from functools import partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Callable
    from typing import Any

    Call = Callable[[], None]

# Takes the call of a sync function, and returns a future of its end: see `runtime.offload`.
outside: ContextVar[Callable[[Call], Future[None]]] = ContextVar("edgeroutes_outside")

# Source: inspect.CO_GENERATOR, CO_COROUTINE, CO_ITERABLE_COROUTINE and CO_ASYNC_GENERATOR.
_STARTS_NOTHING = 0x20 | 0x80 | 0x100 | 0x200


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
