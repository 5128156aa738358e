"""Runs an ASGI app for one request: the app that a route exports, or a Starlette response.

The app is held at each part of its response until that is sent. Mangum, which collects a response before it returns it, runs apps whose
responses leave whole (`mounted`).
"""

from __future__ import annotations

import asyncio

from edgeroutes.adapters.connection import (
    PLAIN_500,
    base_scope,
    connection_scope,
    decode_headers,
    incomplete_response,
    late_failures_logged,
)
from edgeroutes.adapters.lifespan import lifespan_state
from edgeroutes.http.conditional import is_not_modified, kept_headers
from edgeroutes.http.headers import Headers
from edgeroutes.http.request import read_body
from edgeroutes.http.response import BODILESS, Response
from edgeroutes.runtime.loop import outcome, raise_outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.types import AsgiApp, Message, Scope


async def mount(app: AsgiApp, scope: RequestScope) -> Response:
    """The app's response: as the app sends it where the route sets `streaming = True`, else whole.

    Args:
        app: What the route exports, or a Starlette response, which is an ASGI app, too.
        scope: The request, routed.
    """
    if app is not scope.endpoint.app:
        return await _sent_response(app, scope)
    if scope.endpoint.config.streaming:
        return await _streamed_response(app, scope)
    from edgeroutes.adapters.mounted import mounted_response

    return await mounted_response(app, scope)


_START, _BODY = "http.response.start", "http.response.body"


async def _streamed_response(app: AsgiApp, scope: RequestScope) -> Response:
    """The app's response, its body still to come.

    Args:
        app: What the route exports.
        scope: The request, routed.

    Raises:
        Exception: Whatever the app raised before its response began; or HandlerError, when it sent none or its startup failed.
    """
    state = await lifespan_state(app, scope.where)
    return await AppExchange(app, scope, {**connection_scope(scope), "state": state}).begin()


async def _sent_response(sender: AsgiApp, scope: RequestScope) -> Response:
    """What a Starlette response sends for this request: ranges of a file, events with pings.

    It is a 304 where the client has the content already, which Starlette leaves to whoever is in front.

    Args:
        sender: The response.
        scope: The request.
    """
    own = base_scope(scope.incoming)
    paths = {name: own[name] for name in ("path", "raw_path", "root_path")}
    exchange = AppExchange(sender, scope, {**connection_scope(scope), **paths})
    response = await exchange.begin()
    if scope.incoming.method == "HEAD":
        return exchange.without_body(Response(None, response.status, exchange.headers))
    if response.status == 200 and scope.incoming.method == "GET" and scope.endpoint.lifetime_seconds is None:
        request = Headers.from_lowered(scope.incoming.header_items())
        if is_not_modified(request, response.headers):
            await exchange.skip_chunk()  # cancelled while a thread opens the file, it would stay open
            return exchange.without_body(Response(None, 304, kept_headers(response.headers)))
    return response


class AppExchange:
    """One request to an app, and the messages of its response, each taken when the one before is sent.

    Args:
        app: It is started at once.
        routed: The request.
        connection: ASGI's scope for it.
    """

    def __init__(self, app: AsgiApp, routed: RequestScope, connection: Scope) -> None:
        self._routed = routed
        self._body = read_body(routed.incoming)
        self._is_read = False
        self._is_complete = False
        self._is_reported = False
        self._messages: asyncio.Queue[Message] = asyncio.Queue(maxsize=1)
        self._gone_out = asyncio.Event()
        self._awaited = _START
        self.headers: list[tuple[str, str]] = []
        self._task = asyncio.ensure_future(outcome(app, connection, self._receive, self._send))
        routed.after.append((self._finish, ()))

    async def begin(self) -> Response:
        """The head of the app's response; its body is a stream, unless the status has none."""
        try:
            start = await self._next()
            self.headers = decode_headers(start.get("headers", ()))
            chunks, has_body = self._chunks(start["status"]), start["status"] not in BODILESS
            if not has_body:
                async for _ in chunks:
                    """Nothing of it may go out."""
            return Response(chunks if has_body else None, start["status"], self.headers)
        except BaseException:
            self._task.cancel()
            raise

    async def skip_chunk(self) -> None:
        message = await self._next()
        self._is_complete = not message.get("more_body", False)

    def without_body(self, response: Response) -> Response:
        """`response`, whose client wants none of the app's body."""
        self._let_go()
        return response

    async def _chunks(self, status: int) -> AsyncGenerator[bytes, None]:
        """The body's parts; when they are all out, or nobody wants them, the app is let go."""
        try:
            while not self._is_complete:
                message = await self._next()
                body = bytes(message.get("body", b""))
                self._is_complete = not message.get("more_body", False)
                if status == 500 and self._is_complete and body == PLAIN_500:
                    await self._end()  # raises what it stands for
                if body:
                    yield body
        finally:
            self._let_go()

    async def _next(self) -> Message:
        """The app's next message.

        Raises:
            Exception: What the app raised instead.
            HandlerError: When it returned instead.
        """
        message = asyncio.ensure_future(self._messages.get())
        try:
            await asyncio.wait({message, self._task}, return_when=asyncio.FIRST_COMPLETED)
            if not message.done() and self._messages.empty():
                await self._end()
                raise incomplete_response(self._routed.where)
            return await message
        finally:
            message.cancel()

    def _let_go(self) -> None:
        """Have the app go on to its end: its response is out, or, when it is not complete, not wanted any more."""
        self._gone_out.set()
        if not self._is_complete:
            self._task.cancel()

    async def _end(self) -> None:
        """Wait for the app's end.

        Raises:
            Exception: What it raised; once.
        """
        self._gone_out.set()
        await asyncio.wait({self._task})
        if not self._task.cancelled() and not self._is_reported:
            self._is_reported = True
            await raise_outcome(self._task)

    async def _finish(self) -> None:
        """What the app does after its response, such as background tasks: runs as `after` does."""
        self._let_go()
        with late_failures_logged(self._routed):
            await self._end()

    async def _receive(self) -> Message:
        """The request; then, when the response is sent, the disconnect, as often as the app asks."""
        if not self._is_read:
            self._is_read = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self._gone_out.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        """Take a part of the response, when the one before has been taken; the last one returns when the response is sent.

        Raises:
            RuntimeError: For a message out of its turn, as servers do.
            OSError: When nobody wants the rest.
        """
        if message["type"] != self._awaited:
            raise RuntimeError(
                f"the app sent {message['type']!r} where {self._awaited or 'nothing more'!r} is expected"
            )
        if self._gone_out.is_set():
            raise OSError("the client has gone")
        is_last = self._awaited == _BODY and not message.get("more_body", False)
        self._awaited = "" if is_last else _BODY
        await self._messages.put(message)
        if is_last:
            await self._gone_out.wait()
