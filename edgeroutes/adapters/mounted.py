"""Whole ASGI apps at a route, run by Mangum. Loaded when used.

Mangum runs the app's cycle. Its known defects (scopes, lifespan per event, swallowed errors, background tasks before the response) are
covered by the handler and the cycle below. Source: mangum 0.22, read 2026-11-21.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mangum import Mangum
from mangum.protocols import HTTPCycle

from edgeroutes.adapters.connection import PLAIN_500, connection_scope, decode_headers
from edgeroutes.adapters.lifespan import lifespan_state
from edgeroutes.errors import HandlerError
from edgeroutes.http.request import read_body
from edgeroutes.http.response import BODILESS, Response
from edgeroutes.runtime.context import RequestScope
from edgeroutes.runtime.log import log_exception
from edgeroutes.runtime.loop import is_fatal, outcome, raise_outcome

if TYPE_CHECKING:
    from mangum.types import Message
    from mangum.types import Response as MangumResponse

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
    mangum = Mangum(widened(app), lifespan="off", custom_handlers=widened([RoutedRequest]))
    handler: Any = mangum.infer(widened(scope), scope.incoming.aws_context)
    cycle = AppCycle({**handler.scope, "state": state}, handler.body)
    collected = await cycle.respond(app, scope.where)
    if collected["status"] == 500 and collected["body"] == PLAIN_500:
        await cycle.finish()  # raises what it stands for

    async def finish() -> None:
        try:
            await cycle.finish()
        except BaseException as error:  # the response has been sent: only the log can report it
            if is_fatal(error):
                raise
            route_path = scope.endpoint.route.route_path
            log_exception(
                error,
                f"{scope.incoming.method} {route_path} failed after its response",
                scope.incoming,
                route=route_path,
            )

    scope.after.append((finish, ()))
    response: Response = handler(collected)
    return response


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
        task = self._task = asyncio.get_running_loop().create_task(outcome(self._raising, app))
        ends: set[asyncio.Future[Any]] = {task, self._completed}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not self._completed.done():
            await self._end()
            hint = "Have it send http.response.start, and http.response.body until more_body is false"
            raise HandlerError("the app returned before its response was complete", where=where, hint=hint)
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

    async def _raising(self, app: AsgiApp) -> None:
        raised: list[BaseException] = []

        async def observed(scope: Any, receive: Any, send: Any) -> None:
            try:
                await app(scope, receive, send)
            except BaseException as error:  # noqa: BLE001  # Mangum would swallow it, SystemExit included; raised again below
                raised.append(error)

        await self.run(observed)
        if raised:
            raise raised[0]

    async def receive(self) -> Message:
        """The request; then, when the response is sent, the disconnect, as often as the app asks."""
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


class RoutedRequest:
    """Mangum's handler for a request that is routed already: its scope from `Incoming`, its response as `Response`."""

    @classmethod
    def infer(cls, event: object, context: object, config: object) -> bool:  # noqa: ARG003  # Mangum's signature
        """Whether it is one."""
        return isinstance(event, RequestScope)

    def __init__(self, event: RequestScope, context: object, config: object) -> None:  # noqa: ARG002
        self._routed = event

    @property
    def body(self) -> bytes:
        """The request's bytes."""
        return read_body(self._routed.incoming)

    @property
    def scope(self) -> Scope:
        """The app's scope."""
        return connection_scope(self._routed)

    def __call__(self, response: MangumResponse) -> Response:
        """The app's response as ours: repeated headers apart, without a type where there is no body."""
        status, body = response["status"], response["body"]
        return Response(None if status in BODILESS else body or None, status, decode_headers(response["headers"]))


def widened(value: Any) -> Any:
    """`value`, where Mangum's types are narrower than what it takes: it passes the event and the context through."""
    return value
