"""The whole route table as one ASGI app, for uvicorn and its like.

A request goes to the runtime as it does on Lambda; what differs is that many run at once, so that handlers that block get
threads, and that responses leave piece by piece. An app that a route exports is called with the server's own channels where no
middleware stands between. Source: asgi.readthedocs.io, ASGI 3.0, HTTP and WebSocket 2.4, Lifespan 2.0, read 2026-11-21.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from edgeroutes.adapters.checks import GATEWAY_BODY_BYTES
from edgeroutes.adapters.connection import (
    PLAIN_500,
    AsgiIncoming,
    decode_headers,
    encode_headers,
    incomplete_response,
    mounted_paths,
    safe_headers,
)
from edgeroutes.adapters.lifespan import lifespan_state, shutdown
from edgeroutes.adapters.mount import mount
from edgeroutes.errors import HandlerError, ProjectError
from edgeroutes.http.headers import parse_digits
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.response import Response
from edgeroutes.runtime.application import Application
from edgeroutes.runtime.log import log_exception
from edgeroutes.runtime.loop import as_exception, is_fatal, outside

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeroutes.runtime.application import Call
    from edgeroutes.runtime.manifest import Manifest
    from edgeroutes.types import Message, Receive, Scope, Send

    CallOutside = Callable[[Callable[[], None]], asyncio.Future[None]]
    from collections.abc import Callable

    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.types import AsgiApp


# How often it is looked whether a handler whose client has left now streams.
_LOOK_SECONDS = 0.05
_NO_LENGTH = (204, 304)  # Source: RFC 9110 §8.6


def asgi_application(manifest: Manifest, root: str, *, debug: bool = False) -> AsgiApplication:
    """The routes of a manifest as an ASGI app.

    Args:
        manifest: What there is.
        root: The project's folder.
        debug: Whether a 500 shows the client what happened.
    """
    return AsgiApplication(Application(manifest, root, mount, debug=debug), call_in_thread)


class AsgiApplication:
    """An ASGI 3 app over the runtime.

    Args:
        application: The routes.
        call_outside: Calls sync functions outside the event loop; None leaves that to whatever runs the loop.
    """

    def __init__(self, application: Application, call_outside: CallOutside | None = None) -> None:
        self.application = application
        self._call_outside = call_outside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if self._call_outside is not None:
            outside.set(self._call_outside)
        if kind == "http":
            await self._respond(scope, receive, send)
        elif kind == "websocket":
            await self._connect(scope, receive, send)
        elif kind == "lifespan":
            await self._live(receive, send)
        else:
            raise ValueError(f"a connection of type {kind!r}: http, websocket and lifespan are known")

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        incoming = AsgiIncoming(scope)
        call = self._open(incoming)
        try:
            entered = call.enter_app()
            if entered is not None:
                await _call_asgi_app(*entered, scope, _DirectAsgiResponse(call, receive, send))
                return
            try:
                incoming.content = await _read_body(incoming, receive)
            except HTTPError as error:
                call = call.responding_early(error)
            except ConnectionError:
                return
            response = await _respond(call, receive)
            if response is None:
                return
            if call.route is None:
                _add_server_root(response, incoming.root_path)
            await _send_response(response, call, receive, send)
        finally:
            await call.finish()

    def _open(self, incoming: AsgiIncoming) -> Call:
        call, refusal = self.application.open(incoming), incoming.check_head()
        return call if refusal is None else call.responding_early(refusal)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A WebSocket, for the app that owns the path; refused where there is none, and where middleware could not stand between."""
        call = self._open(AsgiIncoming(scope))
        entered = call.enter_app()
        if entered is None:
            await receive()
            await send({"type": "websocket.close", "code": 1000})
            return
        app, routed = entered
        try:
            await app(await _direct_scope(app, routed, scope), receive, send)
        except BaseException as error:
            if is_fatal(error):
                raise
            call.fail(error)
            raise as_exception(error) from None
        finally:
            await call.finish()

    async def _live(self, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "lifespan.shutdown":
            await self._start_apps()
            await send({"type": "lifespan.startup.complete"})
        await shutdown()
        await send({"type": "lifespan.shutdown.complete"})

    async def _start_apps(self) -> None:
        """Load every route and start every app; errors are logged, and a failed route is loaded again at its first request."""
        for route in self.application.manifest.routes:
            try:
                app = (await self.application.load(route)).app
                if app is not None:
                    await lifespan_state(app, route.source_file)
            except ProjectError as error:
                log_exception(error, f"{route.source_file} cannot be loaded")
            except HandlerError as error:
                log_exception(error, f"{route.source_file} cannot be started")


async def _read_body(incoming: AsgiIncoming, receive: Receive) -> bytes:
    """The whole body.

    Raises:
        HTTPError: 413 when it is too large.
        ConnectionError: When the client went away meanwhile.
    """
    _check_size(parse_digits(incoming.header("content-length") or "", 10**17) or 0)
    chunks = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError
        chunk = message.get("body", b"")
        size += len(chunk)
        _check_size(size)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _check_size(size_bytes: int) -> None:
    if size_bytes > GATEWAY_BODY_BYTES:
        raise HTTPError(413, f"the body has {size_bytes} bytes or more: {GATEWAY_BODY_BYTES} are allowed")


def _add_server_root(response: Response, root_path: str) -> None:
    """Lead a redirect to the canonical path to where the client sees it: below what the server has in front."""
    location = response.headers.get("location")
    if root_path and location is not None:
        response.headers["location"] = quote(root_path) + location


async def _respond(call: Call, receive: Receive) -> Response | None:
    """The response; None when the client left while a stream's first chunk was waited for, which may never come.

    A handler without a response yet goes on: what it does may be half done.
    """
    task: asyncio.Task[Any] = asyncio.current_task()  # type: ignore[assignment]  # there is one: this runs
    gone = asyncio.Event()

    async def listen() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        while not call.is_starting:  # noqa: ASYNC110  # the runtime knows no asyncio, and so has no Event to set
            await asyncio.sleep(_LOOK_SECONDS)
        gone.set()
        task.cancel()

    listener = asyncio.create_task(listen())
    try:
        return await call.respond()
    except asyncio.CancelledError:
        if not gone.is_set() or task.uncancel() > 0:
            raise
        return None
    finally:
        listener.cancel()


async def _send_response(response: Response, call: Call, receive: Receive, send: Send) -> None:
    """Send headers and body; a client that has left ends it at once and is not an error."""
    headers = encode_headers(response.headers.multi_items())
    start = {"type": "http.response.start", "status": response.status, "headers": headers}
    try:
        if response.is_stream:
            await _send_stream(start, call, response.body, receive, send)
            return
        body = response.body.encode() if isinstance(response.body, str) else response.body or b""
        if call.incoming.method != "HEAD" and response.status not in _NO_LENGTH:
            headers.append((b"content-length", str(len(body)).encode()))  # type: ignore[arg-type]
        await _send(send, start)
        await _send(send, {"type": "http.response.body", "body": body})
    except _ClientGoneError:
        return
    except BaseException as error:
        if is_fatal(error):
            raise
        call.fail(error)  # the headers are sent: the log reports it, and the server closes the connection
        raise as_exception(error) from None


class _ClientGoneError(Exception):
    """Nobody is there to read the response."""


async def _send(send: Send, message: Message) -> None:
    """Send a message; a server raises OSError when the client has left, which must not be taken for the handler's."""
    try:
        await send(message)
    except OSError as error:
        raise _ClientGoneError from error


async def _send_stream(start: Message, call: Call, chunks: Any, receive: Receive, send: Send) -> None:
    """Send each chunk as it is produced, the next one when the server has taken it.

    In the task that made the stream, as contexts and cancel scopes of its author's ask; another listens for the disconnect, and
    cancels this one wherever it waits.
    """
    task: asyncio.Task[Any] = asyncio.current_task()  # type: ignore[assignment]  # there is one: this runs
    gone = asyncio.Event()

    async def listen() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        gone.set()
        task.cancel()

    listener = asyncio.create_task(listen())
    try:
        await _send(send, start)
        await _send_chunks(chunks, gone, send)
    except asyncio.CancelledError:
        if not gone.is_set() or task.cancelling() > 1:
            raise
    except Exception:
        if not gone.is_set():
            raise
    finally:
        listener.cancel()
        await call.close_streams()
        if gone.is_set():
            task.uncancel()


async def _send_chunks(chunks: Any, gone: asyncio.Event, send: Send) -> None:
    async for chunk in chunks:
        if gone.is_set():  # and the generator went on, whatever it received
            return
        if chunk:
            await _send(send, {"type": "http.response.body", "body": chunk, "more_body": True})
    await _send(send, {"type": "http.response.body", "body": b""})


_FRAMING = (b"content-length", b"transfer-encoding")


async def _call_asgi_app(app: AsgiApp, routed: RequestScope, scope: Scope, response: _DirectAsgiResponse) -> None:
    """Call a route's app with the server's own channels, so that it streams both ways.

    Args:
        app: What the route exports.
        routed: The request.
        scope: The server's.
        response: The server's channels.
    """
    error: BaseException | None = None
    try:
        await app(await _direct_scope(app, routed, scope), response.receive, response.send)
    except BaseException as raised:  # `end` decides who can still receive it
        if is_fatal(raised):
            raise
        error = raised
    await response.end(error)


async def _direct_scope(app: AsgiApp, routed: RequestScope, scope: Scope) -> Scope:
    """The server's scope for an app in a route's folder, with what the app's own startup left."""
    headers = safe_headers(scope["headers"])
    return {**scope, **mounted_paths(routed), "headers": headers, "state": await lifespan_state(app, routed.where)}


class _DirectAsgiResponse:
    """What goes between an app and the server.

    Args:
        call: The request, its scope open.
        receive: The server's.
        send: The server's.
    """

    def __init__(self, call: Call, receive: Receive, send: Send) -> None:
        self._call = call
        self._receive = receive
        self._send = send
        self._withheld: list[Message] = []
        self._is_started = False
        self._is_complete = False
        self._has_body = True
        self._has_gone = False

    async def receive(self) -> Message:
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
            error = incomplete_response(self._call.route.source_file if self._call.route is not None else "")
        if self._has_gone and (isinstance(error, OSError) or type(error).__name__ == "ClientDisconnect"):
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


def call_in_thread(call: Callable[[], None]) -> asyncio.Future[None]:
    """Call a function in one of AnyIO's threads, whose number Starlette's sync functions share. A load balancer's function has no AnyIO."""
    from anyio import to_thread

    return asyncio.ensure_future(to_thread.run_sync(call))
