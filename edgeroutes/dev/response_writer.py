"""Sends a response to one client from any thread, as ASGI messages on the server's loop.

`write` waits for the client except for the last few chunks, so a slow client slows the handler, as it does on AWS.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from edgeroutes.dev.gateway import sent_name
from edgeroutes.runtime.loop import uninterrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from edgeroutes.dev.gateway import HttpResponse
    from edgeroutes.types import Send

# Bytes that may be between the threads: waiting for the delivery of each small chunk would cost more than everything else.
WINDOW_BYTES = 64 * 1024


class ClientGone(Exception):  # noqa: N818  # not an error
    """The client has disconnected."""


class ResponseWriter(Protocol):
    """Where a response goes. Futures finish when it is sent; all methods but `abort` raise ClientGone without a client."""

    def send_whole(self, response: HttpResponse) -> Future[None]: ...

    def start(self, head: HttpResponse) -> None:
        """Send status and headers of a stream; only the next `write` waits for it."""
        ...

    def write(self, chunk: bytes) -> Future[None] | None:
        """Send a chunk; None where the next one may follow at once."""
        ...

    def end(self) -> Future[None]: ...

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the client leaves before the end; at once where it has left."""
        ...

    def abort(self) -> None:
        """Close the connection unless the response is complete: the client sees that something is missing."""
        ...


class HttpResponseWriter:
    """Writes to one HTTP client.

    Args:
        send: ASGI's, of the request.
        method: Of the request.
        present: Converts a whole response: an error becomes a page.
    """

    def __init__(
        self, send: Send, method: str, present: Callable[[HttpResponse], HttpResponse] = lambda response: response
    ) -> None:
        self._present = present
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self.loop.create_future()
        self.status = 0
        self.body_bytes = 0
        self.is_cut = False
        self.is_gone = False
        self.is_stream = False
        self._is_closed = False
        self._send = send
        self._method = method
        self._callbacks: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._chunks: list[bytes] = []
        self._waiting_bytes = 0
        self._room: Future[None] | None = None
        self._sending: asyncio.Task[None] | None = None
        self._is_sending = False

    def send_whole(self, response: HttpResponse) -> Future[None]:
        return self._submit(lambda: self._send_present(response))

    def start(self, head: HttpResponse) -> None:
        self._open_loop().call_soon_threadsafe(self._begin_head, head)

    def write(self, chunk: bytes) -> Future[None] | None:
        loop = self._open_loop()
        with self._lock:
            self._require_client()
            self._chunks.append(chunk)
            self._waiting_bytes += len(chunk)
            if self._waiting_bytes > WINDOW_BYTES:
                self._room = Future()
            room, is_sending, self._is_sending = self._room, self._is_sending, True
        if not is_sending:
            loop.call_soon_threadsafe(self._begin_sending)
        return room

    def end(self) -> Future[None]:
        return self._submit(self._end)

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        self._open_loop().call_soon_threadsafe(self._add_callback, callback)

    def abort(self) -> None:
        with suppress(ClientGone):
            self._open_loop().call_soon_threadsafe(self._abort)

    def leave(self) -> None:
        """Treat the client as gone; called on the server's loop."""
        if self.done.done() or self.is_gone:
            return
        self.is_gone = True
        self._close()
        for callback in self._callbacks:
            callback()
        self.done.set_result(None)

    async def replace(self, response: HttpResponse) -> None:
        """Send this response and ignore all later ones; called on the server's loop before anything is sent."""
        self._is_closed = True
        await self._send_response(response)

    async def _send_present(self, response: HttpResponse) -> None:
        self._require_client()
        await self._send_response(self._present(response))

    async def _send_response(self, response: HttpResponse) -> None:
        await self._send_start(response, is_stream=False)
        await self._send_last(response.body)

    def _begin_head(self, head: HttpResponse) -> None:
        self._sending = self.loop.create_task(self._send_head(head))

    async def _send_head(self, head: HttpResponse) -> None:
        try:
            if not self._is_closed:
                await self._send_start(head, is_stream=True)
        except OSError:
            self._close()

    async def _send_start(self, response: HttpResponse, *, is_stream: bool) -> None:
        renamed = replace(response, headers=[(sent_name(name), value) for name, value in response.headers])
        self.status = response.status
        self.is_stream = is_stream
        await self._send(renamed.start_message(method=self._method, is_stream=is_stream))

    def _begin_sending(self) -> None:
        self._sending = self.loop.create_task(self._send_chunks(self._sending))

    async def _send_chunks(self, before: asyncio.Task[None] | None) -> None:
        """Send all waiting chunks at once."""
        try:
            if before is not None:  # the status and headers may not be sent yet
                await before
            while waiting := self._take_waiting():
                self.body_bytes += len(waiting)
                await self._send({"type": "http.response.body", "body": waiting, "more_body": True})
        except OSError:
            self._close()

    def _take_waiting(self) -> bytes:
        """The waiting chunks; `write` may go on."""
        with self._lock:
            room, self._room = self._room, None
            waiting = b"" if self._is_closed else b"".join(self._chunks)
            self._chunks.clear()
            self._waiting_bytes = 0
            self._is_sending = bool(waiting)
        if room is not None:
            room.set_result(None)
        return waiting

    def _close(self) -> None:
        """Accept no more chunks; a waiting `write` raises ClientGone."""
        with self._lock:
            self._is_closed = True
            room, self._room = self._room, None
        if room is not None:
            room.set_exception(ClientGone())

    async def _end(self) -> None:
        if self._sending is not None:
            await self._sending
        self._require_client()
        await self._send_last(b"")

    async def _send_last(self, body: bytes) -> None:
        self.body_bytes += len(body)
        await self._send({"type": "http.response.body", "body": body, "more_body": False})
        if not self.done.done():
            self.done.set_result(None)

    def _require_client(self) -> None:
        if self._is_closed:
            raise ClientGone

    def _add_callback(self, callback: Callable[[], None]) -> None:
        if self.is_gone:
            callback()
        self._callbacks.append(callback)

    def _abort(self) -> None:
        if self._sending is not None and not self._sending.done():
            self._sending.add_done_callback(lambda _: self._abort())  # earlier chunks are sent first
        elif not self.done.done():
            self.is_cut = True
            self._close()
            self.done.set_result(None)

    def _submit(self, begin: Callable[[], Coroutine[Any, Any, None]]) -> Future[None]:
        """Run a coroutine on the server's loop; where that is closed, it is not created."""
        loop = self._open_loop()
        return asyncio.run_coroutine_threadsafe(begin(), loop)

    def _open_loop(self) -> asyncio.AbstractEventLoop:
        if self.loop.is_closed():
            raise ClientGone
        return self.loop


async def wait_until_sent(sent: Future[Any] | None, *, in_loop: bool) -> None:
    """Wait without blocking the loop, or block the thread where no loop runs."""
    if sent is None:
        return
    if in_loop:
        await uninterrupted(asyncio.wrap_future(sent))
    else:
        sent.result()
