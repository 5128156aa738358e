"""What runs once an answer has gone out. Request wing, floor 2."""

from __future__ import annotations

import sys

from edgeroutes.runtime.log import log_exception

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Callable

    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.types import Threads


async def run_after(scope: RequestScope, threads: Threads | None = None) -> None:
    """Start what `after` was given, in order; what waits goes on side by side where there is a loop.

    What a callable adds with `after` runs too. Whatever fails is logged.

    Args:
        scope: The request that has been answered.
        threads: Where callables that block run; None calls them here.
    """
    scope.sealed = "after the answer had gone out"
    scope.is_shared = False
    loop = running_loop()
    started: list[Task[None]] = []
    while scope.after or started:
        while scope.after:
            function, args = scope.after.pop(0)
            called = function if threads is None else threads.calling(function)
            running = _run(called, args, _name(function), scope)
            if loop is None:
                await running
            else:
                started.append(loop.create_task(running))
                await sys.modules["asyncio"].sleep(0)  # so that it starts before the next one does
        if started:
            await sys.modules["asyncio"].wait(started)
            started.clear()


def running_loop() -> AbstractEventLoop | None:
    """The loop that this runs on; without loading asyncio to learn that there is none."""
    asyncio = sys.modules.get("asyncio")
    loop: AbstractEventLoop | None = asyncio._get_running_loop() if asyncio is not None else None  # noqa: SLF001
    return loop


async def _run(function: Callable[..., object], args: tuple[object, ...], name: str, scope: RequestScope) -> None:
    try:
        result = function(*args)
        if hasattr(result, "__await__"):
            await result
    except BaseException as error:  # the response has been sent: there is only the log to tell
        from edgeroutes.runtime.loop import explain_missing_loop, is_fatal

        if is_fatal(error):
            raise

        explained = error if running_loop() else explain_missing_loop(error)
        log_exception(explained, f"after(): {name} failed", scope.incoming, route=scope.endpoint.route.route_path)


def _name(function: object) -> str:
    return getattr(function, "__qualname__", None) or repr(function)
