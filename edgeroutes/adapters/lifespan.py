"""The lifespans of mounted apps: started once, and alive as long as the loop is.

Mangum would start and end an app's lifespan at every event; so a pool opened in it would serve one request. Here its startup runs
before the app's first request, its task stays on the loop that handles requests, and each request gets a copy of its `state`.
Source: asgi.readthedocs.io "Lifespan Protocol" 2.0, read 2026-11-21.
"""

from __future__ import annotations

import asyncio
import atexit
from contextvars import Context

from edgeroutes.errors import HandlerError
from edgeroutes.runtime.log import log_exception, write_line
from edgeroutes.runtime.loop import outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Awaitable, Callable
    from typing import Any

    from edgeroutes.types import AsgiApp, Message

# Per loop, by the app's identity: a lifespan belongs to the loop that its task is on, and holds its app, so that the identity stays taken.
_started: dict[AbstractEventLoop, dict[int, Lifespan]] = {}

# What an app may take between "shutdown complete" and its return.
_LAST_STEPS_SECONDS = 1.0


class Lifespan:
    """The lifespan of one app on the running loop, from its startup to its shutdown.

    Args:
        app: Any ASGI app. One that does not take lifespans is fine: its state stays empty.
        where: The file that exports it, for messages.
    """

    def __init__(self, app: AsgiApp, where: str) -> None:
        loop = asyncio.get_running_loop()
        self.state: dict[str, Any] = {}
        self._app = app
        self._where = where
        self._startup: asyncio.Future[None] = loop.create_future()
        self._startup.add_done_callback(lambda startup: startup.cancelled() or startup.exception())
        self._is_requested = False
        self._ending = asyncio.Event()
        self._ended = asyncio.Event()
        self._failure = ""
        # A context of its own: what belongs to the request that came first is none of the app's startup.
        self._task = loop.create_task(self._run(), context=Context())
        self._task.add_done_callback(self._end_cancelled)

    async def wait_started(self) -> None:
        """Wait for the end of the startup.

        Raises:
            HandlerError: When the app reports that it failed.
        """
        await asyncio.shield(self._startup)

    async def shutdown(self) -> None:
        """Have the app shut down; what fails is logged."""
        self._ending.set()
        if not self._startup.done():
            self._task.cancel()
        await self._ended.wait()
        await asyncio.wait({self._task}, timeout=_LAST_STEPS_SECONDS)
        self._task.cancel()
        if self._failure:
            write_line("ERROR", f"{self._where}: the app's shutdown failed", exception=self._failure)

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        error = await outcome(self._app, scope, self._receive, self._send)
        if error is not None and not isinstance(error, Exception) and not self._startup.done():
            self._failure = self._failure or repr(
                error
            )  # an Exception before the end of startup means only that the app takes no lifespan
        self._end(error)

    def _end_cancelled(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():  # perhaps before its first step
            self._failure = self._failure or "it was cancelled"
            self._end(None)

    def _end(self, error: BaseException | None) -> None:
        self._ended.set()
        if not self._startup.done():
            self._end_startup(error)
        elif error is not None and not self._failure and self._startup.exception() is None:
            log_exception(error, f"{self._where}: the app's lifespan failed")

    async def _receive(self) -> Message:
        if not self._is_requested:
            self._is_requested = True
            return {"type": "lifespan.startup"}
        await self._ending.wait()
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "lifespan.startup.complete" and not self._startup.done():
            self._startup.set_result(None)
        elif kind == "lifespan.startup.failed":
            self._failure = message.get("message") or "no reason given"
            # Soon: most raise what it was right after, and the log should have that, too.
            asyncio.get_running_loop().call_soon(self._end_startup, None)
        elif kind == "lifespan.shutdown.complete":
            self._ended.set()
        elif kind == "lifespan.shutdown.failed":
            self._failure = message.get("message") or "no reason given"
            self._ended.set()
        elif kind != "lifespan.startup.complete":  # an app that takes every scope for a request
            raise RuntimeError(f"{kind!r} was sent to a lifespan")

    def _end_startup(self, error: BaseException | None) -> None:
        if self._startup.done():
            return
        if not self._failure:
            self._startup.set_result(None)
            return
        problem = f"the app's startup failed: {self._failure.strip().splitlines()[-1]}"
        failed = HandlerError(problem, where=self._where, hint="Fix its lifespan; the next request starts it again")
        failed.__cause__ = error
        self._failure = ""
        self._startup.set_exception(failed)


async def lifespan_state(app: AsgiApp, where: str) -> dict[str, Any]:
    """A copy of what the app's startup left in `state`, for one request; the first call starts the app.

    Args:
        app: A mounted app.
        where: The file that exports it.

    Raises:
        HandlerError: When its startup failed; the next call starts it again.
    """
    loop = asyncio.get_running_loop()
    apps = _started.get(loop)
    if apps is None:
        for closed in [other for other in _started if other.is_closed()]:
            del _started[closed]
        apps = _started[loop] = {}
    lifespan = apps.get(id(app))
    if lifespan is None:
        lifespan = apps[id(app)] = Lifespan(app, where)
    try:
        await lifespan.wait_started()
    except HandlerError:
        if apps.get(id(app)) is lifespan:
            del apps[id(app)]
        raise
    return dict(lifespan.state)


async def shutdown() -> None:
    """Shut down the apps that were started on the running loop, the last one first; a request after it starts its app again.

    For servers, which end; Lambda ends a sandbox without a word.
    """
    await detach()()


def detach() -> Callable[[], Awaitable[None]]:
    """What shuts down the apps that were started on the running loop. They live until it is called, and no new request gets them.

    For servers, which reload: requests in flight may still need the old apps.
    """
    apps = _started.pop(asyncio.get_running_loop(), {})

    async def end() -> None:
        for lifespan in list(apps.values())[::-1]:  # a copy: one that fails takes itself out
            await lifespan.shutdown()

    return end


@atexit.register
def _shutdown_all() -> None:
    """Shut down what nobody did: apps of a handler that a script or a test has dropped."""
    for loop in list(_started):
        if not loop.is_closed() and not loop.is_running():
            loop.run_until_complete(shutdown())
            loop.close()
