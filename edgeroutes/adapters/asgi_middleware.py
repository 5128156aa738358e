"""ASGI middleware, Starlette's and everybody's, as the middleware of a folder. Request wing, floor 2; loaded when used.

Source: asgi.readthedocs.io "HTTP & WebSocket ASGI Message Format" 2.4, read 2026-11-21.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from edgeroutes.adapters.connection import base_scope, decode_headers, encode_headers
from edgeroutes.errors import HandlerError
from edgeroutes.http.headers import Headers
from edgeroutes.http.response import Response
from edgeroutes.runtime.context import current_scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from edgeroutes.http.request import Request
    from edgeroutes.types import AsgiApp, CallNext, Message, Middleware, Receive, Scope, Send

_BODILESS = (204, 205, 304)
_CROSSING = "edgeroutes.crossing"


def asgi_middleware(factory: Callable[..., AsgiApp], *arguments: Any, **options: Any) -> Middleware:
    """The `middleware` of a folder that an ASGI middleware is.

    ::

        middleware = asgi_middleware(GZipMiddleware, minimum_size=500)

    It is made once, and sees each request whole and each answer as it is produced, streams chunk by chunk. The headers that it passes on
    are those that everything further in sees; `scope["state"]` is `request.state`. A path that it changes leads nowhere else.

    Args:
        factory: The class: called with the app that it wraps, and with what follows.
        arguments: For the class.
        options: For the class.
    """
    app = factory(_further_in, *arguments, **options)

    async def middleware(request: Request, call_next: CallNext) -> Response:
        return await _Crossing(request, call_next).answer(app)

    return middleware


async def _further_in(scope: Scope, receive: Receive, send: Send) -> None:
    """The app that the middleware wraps: what `call_next` leads to."""
    del receive
    crossing: _Crossing = scope[_CROSSING]
    await crossing.pass_on(scope, send)


class _Crossing:
    """One request on its way through an ASGI middleware, and the answer on its way back."""

    def __init__(self, request: Request, call_next: CallNext) -> None:
        self._request = request
        self._call_next = call_next
        self._headers = encode_headers(request.headers.multi_items())
        self._background: Any = None
        self._messages: asyncio.Queue[Message] = asyncio.Queue(1)  # the next when this one is taken, as a server would
        self._task: asyncio.Task[None] | None = None
        self._is_read = False

    async def answer(self, app: AsgiApp) -> Response:
        """The middleware's answer; what is raised inside and that it lets through is raised here.

        Raises:
            HandlerError: When it ends without one.
        """
        scope = {
            **base_scope(current_scope("asgi_middleware").incoming),
            "headers": [*self._headers],
            "state": vars(self._request.state),
            _CROSSING: self,
        }
        self._task = asyncio.get_running_loop().create_task(_call(app, scope, self._receive, self._messages.put))
        start, first = await self._next(), await self._next()
        if start is None or first is None or start["type"] != "http.response.start":
            raise HandlerError("the ASGI middleware ended without an answer", hint="Have it call the app that it wraps")
        body: Any = first.get("body", b"") or None
        if first.get("more_body", False):
            body = self._chunks(first)
        else:
            await self._task
        status = start["status"]
        response = Response(None if status in _BODILESS else body, status, decode_headers(start.get("headers", ())))
        response.background = self._background
        return response

    async def pass_on(self, scope: Scope, send: Send) -> None:
        """Ask what is further in, with the headers that the middleware has left, and send what it answers."""
        request = self._request
        if [*scope["headers"]] != self._headers:
            request = request.with_headers(Headers(decode_headers(scope["headers"])))
        response = await self._call_next(request)
        self._background = response.background
        plain = [pair for pair in response.headers.multi_items() if pair[0] != "set-cookie"]
        cookies = [("set-cookie", line) for line in response.set_cookie_lines(None)]
        await send(
            {"type": "http.response.start", "status": response.status, "headers": encode_headers(plain + cookies)}
        )
        body: Any = response.body
        if response.is_stream:
            async for chunk in body:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            body = b""
        await send({"type": "http.response.body", "body": body.encode() if isinstance(body, str) else body or b""})

    async def _receive(self) -> Message:
        """The whole body; then nothing more, as long as the client is there."""
        if self._is_read:
            await asyncio.Event().wait()
        self._is_read = True
        return {"type": "http.request", "body": self._request.peek_body(), "more_body": False}

    async def _next(self) -> Message | None:
        """What the middleware sends next; None when it has ended."""
        assert self._task is not None  # noqa: S101  # `answer` has made it
        taking = asyncio.ensure_future(self._messages.get())
        await asyncio.wait({taking, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if not taking.done() and not self._messages.empty():
            await asyncio.wait({taking})
        if taking.done():
            return taking.result()
        taking.cancel()
        await self._task
        return None

    async def _chunks(self, first: Message) -> AsyncIterator[bytes]:
        message: Message | None = first
        try:
            while message is not None:
                yield message.get("body", b"")
                message = await self._next()
        finally:
            if self._task is not None:
                self._task.cancel()


async def _call(app: AsgiApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)
