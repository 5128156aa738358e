"""What runs once an answer has gone out. Request wing, floor 2."""

from __future__ import annotations

import sys

from edgeroutes.runtime.log import log_exception

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from edgeroutes.runtime.context import RequestScope


async def run_after(scope: RequestScope) -> None:
    """Run what `after` was given, in order; what waits goes on side by side, as far as there is a loop.

    What a callable adds with `after` runs too. Whatever fails is logged.
    """
    scope.sealed = "after the answer had gone out"
    waiting = []
    while scope.after:
        function, args = scope.after.pop(0)
        result = await _started(function, args, scope)
        if result is not None:
            waiting.append(result)
    for result in waiting:
        await _finished(result, scope)
    if scope.after:
        await run_after(scope)


async def _started(
    function: Callable[..., object], args: tuple[object, ...], scope: RequestScope
) -> Awaitable[object] | None:
    """Call it; what it gives to wait for starts at once where a loop runs, and later otherwise."""
    try:
        result = function(*args)
    except Exception as error:  # noqa: BLE001  # the answer is out: there is only the log to tell
        _log(error, function, scope)
        return None
    if not hasattr(result, "__await__"):
        return None
    awaitable: Awaitable[object] = result  # type: ignore[assignment]
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return awaitable
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return awaitable
    started: Awaitable[object] = asyncio.ensure_future(awaitable)
    return started


async def _finished(result: Awaitable[object], scope: RequestScope) -> None:
    try:
        await result
    except Exception as error:  # noqa: BLE001
        _log(error, result, scope)


def _log(error: Exception, what: object, scope: RequestScope) -> None:
    name = getattr(what, "__qualname__", None) or repr(what)
    log_exception(error, f"after(): {name} failed", scope.incoming, route=scope.endpoint.route.route_path)
