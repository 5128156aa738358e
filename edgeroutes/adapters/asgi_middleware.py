"""ASGI middleware, Starlette's and everybody's, as the middleware of a folder. Loaded when used.

Source: asgi.readthedocs.io "HTTP & WebSocket ASGI Message Format" 2.4, read 2026-11-21.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from edgeroutes.adapters.connection import (
    app_headers,
    base_scope,
    decode_headers,
    encode_headers,
    require_host,
)
from edgeroutes.errors import HandlerError
from edgeroutes.http.headers import Headers
from edgeroutes.http.response import BODILESS, Response
from edgeroutes.runtime.context import current_scope
from edgeroutes.runtime.loop import outcome, raise_outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from edgeroutes.http.request import Request
    from edgeroutes.types import AsgiApp, CallNext, Message, Middleware, Receive, Scope, Send

P = ParamSpec("P")
_CROSSING = "edgeroutes.crossing"


def asgi_middleware(
    factory: Callable[Concatenate[AsgiApp, P], AsgiApp], /, *arguments: P.args, **options: P.kwargs
) -> Middleware:
    """The `middleware` of a folder that an ASGI middleware is.

    ::

        middleware = asgi_middleware(GZipMiddleware, minimum_size=500)

    It is made once, and sees each request whole and each response as it is produced, streams chunk by chunk. The headers and the body that
    it passes on are those that everything further in sees. `scope["state"]` is `request.state`, where also stands what it adds to the
    scope: `request.state.session` with Starlette's SessionMiddleware. A path that it changes leads nowhere else.

    Args:
        factory: The class: called with the app that it wraps, and with what follows.
        arguments: For the class.
        options: For the class.
    """
    app = factory(_further_in, *arguments, **options)

    async def middleware(request: Request, call_next: CallNext) -> Response:
        return await _Crossing(request, call_next).respond(app)

    return middleware


async def _further_in(scope: Scope, receive: Receive, send: Send) -> None:
    """The app that the middleware wraps: what `call_next` leads to."""
    crossing: _Crossing = scope[_CROSSING]
    await crossing.pass_on(scope, receive, send)


class _Crossing:
    """One request on its way through an ASGI middleware, and the response on its way back."""

    def __init__(self, request: Request, call_next: CallNext) -> None:
        self._request = request
        self._call_next = call_next
        headers = request.headers.multi_items()
        require_host(headers)
        self._scope: Scope = {
            **base_scope(current_scope("asgi_middleware").incoming),
            "headers": app_headers(headers),
            "state": vars(request.state),
            _CROSSING: self,
        }
        self._headers = [*self._scope["headers"]]
        self._is_read = self._is_passed_on = False
        self._background: Any = None
        self._start: Message | None = None
        self._chunks: asyncio.Queue[tuple[bytes, bool]] = asyncio.Queue(
            1
        )  # the next when this one is taken, as by a server
        self._is_complete = asyncio.Event()

    async def respond(self, app: AsgiApp) -> Response:
        """The middleware's response; what is raised inside and that it lets through is raised here.

        Raises:
            HandlerError: When it ends without one.
        """
        task = asyncio.get_running_loop().create_task(outcome(app, {**self._scope}, self._receive, self._send))
        try:
            body, has_more = await self._next(task)
            if not has_more:
                await raise_outcome(task)
        except BaseException:
            task.cancel()
            raise
        start = self._start or {}
        status = start["status"]
        content: Any = self._stream(body, task) if has_more else body or None
        response = Response(None if status in BODILESS else content, status, decode_headers(start.get("headers", ())))
        response.background = self._background
        return response

    async def pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask what is further in, with what the middleware has left of headers and body and put into the scope, and send its response."""
        request = self._request
        headers, changed_body = [*scope["headers"]], await self._passed_body(receive)
        if headers != self._headers or changed_body is not None:
            request = request.passed_on(Headers(decode_headers(headers)), changed_body)
        for name in scope.keys() - self._scope.keys():
            setattr(request.state, name, scope[name])
        response = await self._call_next(request)
        self._background = response.background
        plain = [pair for pair in response.headers.multi_items() if pair[0] != "set-cookie"]
        cookies = [("set-cookie", line) for line in response.set_cookie_lines(None)]
        await send(
            {"type": "http.response.start", "status": response.status, "headers": encode_headers(plain + cookies)}
        )
        content: Any = response.body
        if response.is_stream:
            try:
                async for chunk in content:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            finally:
                await content.aclose()
            content = b""
        body = content.encode() if isinstance(content, str) else content or b""
        await send({"type": "http.response.body", "body": body})

    async def _passed_body(self, receive: Receive) -> bytes | None:
        """The body as a `receive` of the middleware's own gives it, which may refuse or change it; None where it is as it was.

        So it is where nothing comes: the middleware has read the body and not kept it, and here those further in read it again.
        """
        if receive == self._receive:
            return None
        self._is_passed_on = True
        body, has_more = b"", True
        while has_more:
            message = await receive()
            if message["type"] != "http.request":
                break
            body += message.get("body", b"")
            has_more = message.get("more_body", False)
        return body or None

    async def _receive(self) -> Message:
        """The whole body; then, when all of the response has been sent, that nobody listens any longer."""
        if not self._is_read:
            self._is_read = True
            return {"type": "http.request", "body": self._request.peek_body(), "more_body": False}
        if not self._is_passed_on or self._start is not None:
            await self._is_complete.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        """What the middleware sends; nothing comes after the end, and messages of extensions that it was not offered do not count."""
        if message["type"] == "http.response.start" and self._start is None:
            self._start = message
        elif message["type"] == "http.response.body" and self._start is not None and not self._is_complete.is_set():
            has_more = message.get("more_body", False)
            await self._chunks.put((message.get("body") or b"", has_more))
            if not has_more:
                self._is_complete.set()

    async def _next(self, task: asyncio.Task[BaseException | None]) -> tuple[bytes, bool]:
        """The next piece of the response, and whether more follow.

        Raises:
            HandlerError: When there is none.
        """
        taking = asyncio.ensure_future(self._chunks.get())
        try:
            await asyncio.wait({taking, task}, return_when=asyncio.FIRST_COMPLETED)
            if taking.done() or not self._chunks.empty():
                return await taking
        finally:
            taking.cancel()
        await raise_outcome(task)
        hint = "Have it call the app that it wraps, or send a response to its end"
        raise HandlerError("the ASGI middleware ended without a response", hint=hint)

    async def _stream(self, first: bytes, task: asyncio.Task[BaseException | None]) -> AsyncIterator[bytes]:
        chunk, has_more = first, True
        try:
            yield chunk
            while has_more:
                chunk, has_more = await self._next(task)
                yield chunk
            await raise_outcome(task)
        finally:
            task.cancel()
            await asyncio.wait({task})  # nothing goes on behind a response that nobody reads
