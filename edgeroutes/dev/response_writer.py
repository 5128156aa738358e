"""The way out to one client, from any thread: messages of ASGI, sent on the server's loop. Floor 3; knows no routes.

What sends waits until the client has taken it, but for the last few chunks, so a slow client slows the handler, as it would on AWS.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from edgeroutes.dev.gateway import sent_name
from edgeroutes.runtime.loop import uninterrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from edgeroutes.dev.gateway import HttpAnswer
    from edgeroutes.types import Send


# What may be on its way from thread to thread: waiting for each chunk's delivery would cost a small one more than all else.
_WINDOW_BYTES = 64 * 1024


class ClientGone(Exception):  # noqa: N818  # nobody's mistake
    """There is nobody any more to send to."""


class Outlet(Protocol):
    """Where an answer goes. What gives a future gives that of when it has gone out; all raise ClientGone where nobody is there."""

    def answer(self, answer: HttpAnswer) -> Future[None]:
        """A whole answer."""
        ...

    def start(self, head: HttpAnswer) -> None:
        """The head of a stream, which goes out at once; what is written next waits for it, and nobody else."""
        ...

    def write(self, chunk: bytes) -> Future[None] | None:
        """A piece of the body; None where nothing is to be waited for before the next one."""
        ...

    def end(self) -> Future[None]:
        """The body's end."""
        ...

    def on_gone(self, callback: Callable[[], None]) -> None:
        """Have `callback` called when the client leaves before the end; at once when it has left."""
        ...

    def cut(self) -> None:
        """Have the connection closed without the body's end, unless it is out: the client can tell that something is missing."""
        ...


class HttpOutlet:
    """The way to one HTTP client.

    Args:
        send: The ASGI server's, of the request.
        method: Of the request: the answer to HEAD has no body, and says no length of one.
        present: Makes the response that the client gets of one that is whole: a page of an error.
    """

    def __init__(
        self, send: Send, method: str, present: Callable[[HttpAnswer], HttpAnswer] = lambda answer: answer
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

    def answer(self, answer: HttpAnswer) -> Future[None]:
        """A whole answer."""
        return self._submit(lambda: self._send_whole(self._present(answer)))

    def start(self, head: HttpAnswer) -> None:
        """The head of a stream, which goes out at once; what is written next waits for it, and nobody else."""
        self._open_loop().call_soon_threadsafe(self._begin_head, head)

    def write(self, chunk: bytes) -> Future[None] | None:
        """A piece of the body; None where nothing is to be waited for before the next one."""
        loop = self._open_loop()
        with self._lock:
            self._require_client()
            self._chunks.append(chunk)
            self._waiting_bytes += len(chunk)
            if self._waiting_bytes > _WINDOW_BYTES:
                self._room = Future()
            room, is_sending, self._is_sending = self._room, self._is_sending, True
        if not is_sending:
            loop.call_soon_threadsafe(self._begin_sending)
        return room

    def end(self) -> Future[None]:
        """The body's end."""
        return self._submit(self._end)

    def on_gone(self, callback: Callable[[], None]) -> None:
        """Have `callback` called when the client leaves before the end; at once when it has left."""
        self._open_loop().call_soon_threadsafe(self._add_callback, callback)

    def cut(self) -> None:
        """Have the connection closed without the body's end, unless it is out."""
        with suppress(ClientGone):
            self._open_loop().call_soon_threadsafe(self._cut)

    def leave(self) -> None:
        """Say that the client is gone, or not to be waited for; called on the server's loop."""
        if self.done.done() or self.is_gone:
            return
        self.is_gone = True
        self._close()
        for callback in self._callbacks:
            callback()
        self.done.set_result(None)

    async def replace(self, answer: HttpAnswer) -> None:
        """Send this answer and none that comes later from elsewhere; called on the server's loop, before the head is out."""
        self._is_closed = True
        await self._send_answer(answer, is_stream=False)

    async def _send_whole(self, answer: HttpAnswer) -> None:
        self._require_client()
        await self._send_answer(answer, is_stream=False)

    def _begin_head(self, head: HttpAnswer) -> None:
        self._sending = self.loop.create_task(self._send_head(head))

    async def _send_head(self, head: HttpAnswer) -> None:
        try:
            if not self._is_closed:
                await self._send_answer(head, is_stream=True)
        except OSError:
            self._close()

    async def _send_answer(self, answer: HttpAnswer, *, is_stream: bool) -> None:
        headers = [(sent_name(name).encode("latin-1"), _encoded(value)) for name, value in answer.headers]
        if not is_stream and answer.status not in (204, 304) and not (self._method == "HEAD" and not answer.body):
            headers.append((b"content-length", str(len(answer.body)).encode()))
        self.status = answer.status
        self.is_stream = is_stream
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if not is_stream:
            await self._send_last(answer.body)

    def _begin_sending(self) -> None:
        self._sending = self.loop.create_task(self._send_chunks(self._sending))

    async def _send_chunks(self, before: asyncio.Task[None] | None) -> None:
        """Send what there is, at one go; whoever waits for room is let go on as soon as there is some."""
        try:
            if before is not None:  # the head may be on its way
                await before
            while waiting := self._take_waiting():
                self.body_bytes += len(waiting)
                await self._send({"type": "http.response.body", "body": waiting, "more_body": True})
        except OSError:
            self._close()

    def _take_waiting(self) -> bytes:
        """All that waits, which leaves room for more; nothing when it is not wanted."""
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
        """Take no further chunk; whoever waits for room learns that the client has gone."""
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

    def _cut(self) -> None:
        if self._sending is not None and not self._sending.done():
            self._sending.add_done_callback(lambda _: self._cut())  # what was sent before goes out
        elif not self.done.done():
            self.is_cut = True
            self._close()
            self.done.set_result(None)

    def _submit(self, begin: Callable[[], Coroutine[Any, Any, None]]) -> Future[None]:
        """Have a coroutine run on the server's loop; where that is closed, it is not even made."""
        loop = self._open_loop()
        return asyncio.run_coroutine_threadsafe(begin(), loop)

    def _open_loop(self) -> asyncio.AbstractEventLoop:
        if self.loop.is_closed():
            raise ClientGone
        return self.loop


def _encoded(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


async def delivered(sent: Future[Any] | None, *, in_loop: bool) -> None:
    """Wait until it has gone out: with others in turn where a loop runs, else by blocking the thread."""
    if sent is None:
        return
    if in_loop:
        await uninterrupted(asyncio.wrap_future(sent))
    else:
        sent.result()
