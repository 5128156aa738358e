"""Functions that run once the response has been sent."""

from __future__ import annotations

import sys

from edgeroutes.runtime.context import call_outside_loop
from edgeroutes.runtime.log import log_exception
from edgeroutes.runtime.loop import explain_missing_loop, is_fatal, running_loop, starts_nothing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import Callable

    from edgeroutes.runtime.context import RequestScope


async def run_after(scope: RequestScope) -> None:
    """Call what `after` was given, in order; async functions go on side by side where there is a loop.

    What a callable adds with `after` runs too. Whatever fails is logged.

    Args:
        scope: The request whose response is sent.
    """
    scope.sealed = "after the response had gone out"
    scope.is_shared = False
    loop = running_loop()
    started: list[Task[None]] = []
    while scope.after or started:
        while scope.after:
            function, args = scope.after.pop(0)
            running = _run(function, args, scope)
            if loop is None or not starts_nothing(function):
                await running
            else:
                started.append(loop.create_task(running))
                await sys.modules["asyncio"].sleep(0)  # so that it starts before the next one does
        if started:
            await sys.modules["asyncio"].wait(started)
            started.clear()


async def _run(function: Callable[..., object], args: tuple[object, ...], scope: RequestScope) -> None:
    try:
        await call_outside_loop(function, *args)
    except BaseException as error:  # the response has been sent: only the log can report it
        if is_fatal(error):
            raise
        explained = error if running_loop() else explain_missing_loop(error)
        message = f"after(): {_name(function)} failed"
        log_exception(explained, message, scope.incoming, route=scope.endpoint.route.route_path)


def _name(function: object) -> str:
    return getattr(function, "__qualname__", None) or repr(function)
