"""Whole ASGI apps at a route, run by Mangum. Loaded when used.

Mangum runs the app's cycle. Its known defects (scopes, lifespan per event, swallowed errors, background tasks before the response) are
covered by the cycle below. Source: mangum 0.22, read 2026-11-21.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mangum.protocols import HTTPCycle

from edgeroutes.adapters.connection import (
    PLAIN_500,
    connection_scope,
    decode_headers,
    incomplete_response,
    late_failures_logged,
)
from edgeroutes.adapters.lifespan import lifespan_state
from edgeroutes.http.request import read_body
from edgeroutes.http.response import BODILESS, Response
from edgeroutes.runtime.loop import outcome, raise_outcome

if TYPE_CHECKING:
    from mangum.types import Message
    from mangum.types import Response as MangumResponse

    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.types import AsgiApp, Scope


async def mounted_response(app: AsgiApp, scope: RequestScope) -> Response:
    """The app's response, whole.

    What the app does after its last byte (background tasks) goes on as `after` does: when the response is sent.

    Args:
        app: What the route exports.
        scope: The request, routed.

    Raises:
        Exception: Whatever the app raised before its response was complete; or HandlerError, when it sent none or its startup failed.
    """
    state = await lifespan_state(app, scope.where)
    cycle = AppCycle({**connection_scope(scope), "state": state}, read_body(scope.incoming))
    collected = await cycle.respond(app, scope.where)
    if collected["status"] == 500 and collected["body"] == PLAIN_500:
        await cycle.finish()  # raises what it stands for

    async def finish() -> None:
        with late_failures_logged(scope):
            await cycle.finish()

    scope.after.append((finish, ()))
    status, body = collected["status"], collected["body"]
    return Response(None if status in BODILESS else body or None, status, decode_headers(collected["headers"]))


class AppCycle(HTTPCycle):
    """One request to an app and its response, in Mangum's cycle.

    The app is held at its last byte until the response is sent, so that what comes after delays nobody; it hears of a disconnect
    only then. What it raises is raised to the caller.

    Args:
        scope: ASGI's.
        body: The request's.
    """

    def __init__(self, scope: Scope, body: bytes) -> None:
        super().__init__(scope, body)
        loop = asyncio.get_running_loop()
        self._completed: asyncio.Future[None] = loop.create_future()
        self._gone_out = asyncio.Event()
        self._is_read = False
        self._task: asyncio.Task[BaseException | None] | None = None

    async def respond(self, app: AsgiApp, where: str) -> MangumResponse:
        """Status, headers and whole body.

        Raises:
            Exception: What the app raised before its response was complete.
            HandlerError: When it returned without one.
        """
        task = self._task = asyncio.get_running_loop().create_task(outcome(app, self.scope, self.receive, self.send))
        ends: set[asyncio.Future[Any]] = {task, self._completed}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not self._completed.done():
            await self._end()
            raise incomplete_response(where)
        return {"status": self.status, "headers": self.headers, "body": self.body}

    async def finish(self) -> None:
        """Let the app go on, and wait for its end; to be called once the response is sent.

        Raises:
            Exception: What it raised there.
        """
        self._gone_out.set()
        await self._end()

    async def _end(self) -> None:
        """Wait for the app's end; what it raised is raised, once."""
        task, self._task = self._task, None
        if task is not None:
            await raise_outcome(task)

    async def receive(self) -> Message:
        if not self._is_read:
            self._is_read = True
            return await super().receive()
        await self._gone_out.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a part of the response; the last one returns when the response is sent."""
        await super().send(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._completed.set_result(None)
            await self._gone_out.wait()
