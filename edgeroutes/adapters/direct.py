"""The response of an app that a server's channels are handed to: what belongs to every route's head, and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeroutes.adapters.connection import PLAIN_500, decode_headers, encode_headers, mounted_paths, safe_headers
from edgeroutes.adapters.lifespan import lifespan_state
from edgeroutes.errors import HandlerError
from edgeroutes.http.interrupts import find_interrupt
from edgeroutes.http.response import Response
from edgeroutes.runtime.loop import as_exception, is_fatal

if TYPE_CHECKING:
    from edgeroutes.runtime.application import Call
    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.types import AsgiApp, Message, Receive, Scope, Send

_FRAMING = (b"content-length", b"transfer-encoding")


async def call_asgi_app(app: AsgiApp, routed: RequestScope, scope: Scope, response: DirectAsgiResponse) -> None:
    """Call a route's app with the server's own channels, so that it streams both ways.

    Args:
        app: What the route exports.
        routed: The request.
        scope: The server's.
        response: The server's channels.
    """
    error: BaseException | None = None
    try:
        await app(await direct_scope(app, routed, scope), response.receive, response.send)
    except BaseException as raised:  # `end` decides who can still receive it
        if is_fatal(raised):
            raise
        error = raised
    await response.end(error)


async def direct_scope(app: AsgiApp, routed: RequestScope, scope: Scope) -> Scope:
    """The server's scope for an app in a route's folder, with what the app's own startup left."""
    headers = safe_headers(scope["headers"])
    return {**scope, **mounted_paths(routed), "headers": headers, "state": await lifespan_state(app, routed.where)}


class DirectAsgiResponse:
    """What goes between an app and the server.

    Args:
        call: The request, its scope open.
        routed: The request, routed.
        receive: The server's.
        send: The server's.
    """

    def __init__(self, call: Call, routed: RequestScope, receive: Receive, send: Send) -> None:
        self._call = call
        self._routed = routed
        self._receive = receive
        self._send = send
        self._withheld: list[Message] = []
        self._is_started = False
        self._is_complete = False
        self._has_body = True
        self._has_gone = False

    async def receive(self) -> Message:
        """The server's next message."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._has_gone = True
        return message

    async def send(self, message: Message) -> None:
        """Pass a message on; a 500 that may stand for an exception waits until the app has ended."""
        kind = message["type"]
        if kind == "http.response.start" and message["status"] == 500:
            self._withheld = [message]
        elif kind == "http.response.start":
            await self._start(message)
        elif len(self._withheld) == 1 and message.get("body") == PLAIN_500 and not message.get("more_body", False):
            self._withheld.append(message)
        else:
            await self._release()
            await self._pass(message)

    async def end(self, error: BaseException | None) -> None:
        """Send, log or raise what is left when the app has ended.

        Args:
            error: What it raised.
        """
        if error is None:
            await self._release()
            if self._is_complete or self._has_gone:
                return
            hint = "Have it send http.response.start, and http.response.body until more_body is false"
            where = self._call.route.source_file if self._call.route is not None else ""
            error = HandlerError("the app returned before its response was complete", where=where, hint=hint)
        if self._has_gone and (isinstance(error, OSError) or type(error).__name__ == "ClientDisconnect"):
            return
        interrupt = find_interrupt(error) if isinstance(error, Exception) and not self._is_started else None
        if interrupt is not None:
            await self._send_whole(self._call.complete(self._routed.endpoint.interrupted(self._routed, interrupt)))
            return
        response = self._call.fail(error)
        if not self._is_started:
            await self._send_whole(response)
        elif not self._is_complete:
            raise as_exception(error)

    async def _release(self) -> None:
        withheld, self._withheld = self._withheld, []
        for message in withheld:
            if message["type"] == "http.response.start":
                await self._start(message)
            else:
                await self._pass(message)

    async def _start(self, message: Message) -> None:
        """The head, with what belongs to it; of a cached route it may become a 304, whose body is then dropped."""
        headers = list(message.get("headers", ()))
        head = self._call.complete(Response(None, message["status"], decode_headers(headers)))
        self._has_body = head.status == message["status"]
        framing = [
            (bytes(name), bytes(value)) for name, value in headers if bytes(name).lower() in _FRAMING and self._has_body
        ]
        self._is_started = True
        encoded = encode_headers(head.headers.multi_items()) + framing
        await self._deliver({**message, "status": head.status, "headers": encoded})

    async def _pass(self, message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._is_complete = True
        if self._has_body:
            await self._deliver(message)
        elif self._is_complete:
            await self._deliver({"type": "http.response.body", "body": b""})

    async def _send_whole(self, response: Response) -> None:
        body = str(response.body or "").encode()
        headers = [*encode_headers(response.headers.multi_items()), (b"content-length", str(len(body)).encode())]
        await self._deliver({"type": "http.response.start", "status": response.status, "headers": headers})
        await self._deliver(
            {"type": "http.response.body", "body": b"" if self._call.incoming.method == "HEAD" else body}
        )

    async def _deliver(self, message: Message) -> None:
        try:
            await self._send(message)
        except OSError:
            self._has_gone = True
            raise
