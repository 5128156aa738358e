"""The connection on which one streamed result goes to Lambda's Runtime API.

Not by http.client, which would cost a cold start 24 ms for one request whose every byte is known; `_socket` is what `socket` wraps, for
a tenth of its time. Source: `-X importtime`, 2026-11-21.
"""

from __future__ import annotations

import sys
import threading
from _socket import AF_INET, IPPROTO_TCP, MSG_DONTWAIT, SOCK_STREAM, TCP_NODELAY
from _socket import socket as plain_socket

from edgeroutes.adapters.streaming.wire import LAST_CHUNK, render_chunk, render_failed_end, render_request_head
from edgeroutes.runtime.loop import uninterrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

# What one write takes at most: a chunk of any size then costs no second copy of itself.
_PIECE_BYTES = 256 * 1024
_STATUS_BYTES = 4096


class ResultLostError(Exception):
    """The Runtime API cannot be reached, or has hung up.

    Args:
        message: What happened.
        status: With which it has refused the result before it was complete; None where it sent none.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ResultStream:
    """One result on its way to Lambda, as it is produced.

    Each method returns when the socket has taken what it wrote, whatever happens to the task meanwhile: whoever produces the chunks
    is held back by whoever reads them, and no chunk is left half written.

    Args:
        address: `host:port` of the Runtime API.
        invoke_id: The request id of the invocation.
        invocation_id: Of this attempt, where there is one.
        loop: The running event loop, on which writing waits; None where there is none, and writing blocks.
    """

    def __init__(
        self, address: str, invoke_id: str, invocation_id: str | None, *, loop: AbstractEventLoop | None
    ) -> None:
        self._head = render_request_head(address, invoke_id, invocation_id)
        self.is_ended = False
        self._loop = loop
        self._lock = threading.Lock()
        self._is_writing = False
        self._owes_end = False
        self._connection = _connect(address)
        if loop is not None:
            self._connection.setblocking(False)

    async def start(self, prelude: bytes) -> None:
        """Send the head, by itself, so that the client has it however long the first chunk may take."""
        await self._send(self._head + render_chunk(prelude))

    async def write(self, chunk: bytes) -> None:
        """Send a part of the body."""
        if len(chunk) <= _PIECE_BYTES:
            if chunk:
                await self._send(render_chunk(chunk))
            return
        view = memoryview(chunk)
        for start in range(0, len(chunk), _PIECE_BYTES):
            await self._send(render_chunk(view[start : start + _PIECE_BYTES]))

    async def end(self) -> int:
        """End the body, unless it has ended; the status of Lambda's response, 202 when it took the result."""
        await self._send(LAST_CHUNK, is_last=True)
        return await self._read_status()

    def end_early(self) -> bool:
        """Say from any thread that the body is complete, if need be when the piece on its way is out; what comes later goes nowhere.

        Returns:
            Whether it was not complete already.
        """
        with self._lock:
            if self.is_ended:
                return False
            self.is_ended = True
            self._owes_end = self._is_writing
            if not self._is_writing:
                try:
                    self._connection.send(LAST_CHUNK, MSG_DONTWAIT)
                except OSError:
                    self._owes_end = True
            return True

    async def fail(self, error_type: str, message: str) -> int:
        """Say that the body broke off; the status with which the Runtime API has taken that.

        Args:
            error_type: The exception's class.
            message: For whoever invoked the function.
        """
        await self._send(render_failed_end(error_type, message), is_last=True)
        return await self._read_status()

    def close(self) -> None:
        """Hang up; to be called in any case."""
        self._connection.close()

    async def _send(self, data: bytes, *, is_last: bool = False) -> None:
        with self._lock:
            if not self.is_ended:
                self._is_writing, self.is_ended = True, is_last
            else:
                data = b""
        if data:
            await self._write_out(data)
        with self._lock:
            self._is_writing = False
            owes_end, self._owes_end = self._owes_end, False
        if owes_end:
            await self._write_out(LAST_CHUNK)

    async def _write_out(self, data: bytes) -> None:
        try:
            if self._loop is None:
                self._connection.sendall(data)
                return
            try:
                sent = self._connection.send(data)
            except BlockingIOError:
                sent = 0
            if sent < len(data):
                rest = self._loop.sock_sendall(self._connection, memoryview(data)[sent:])  # type: ignore[arg-type]  # `socket`'s own base
                await uninterrupted(self._loop.create_task(rest))
        except OSError as error:
            raise ResultLostError(f"the Runtime API closed the connection: {error}", self._refusal()) from error

    async def _read_status(self) -> int:
        """The response's status; nothing else of it matters."""
        response = b""
        try:
            while b"\r\n" not in response:
                if self._loop is None:
                    part = self._connection.recv(_STATUS_BYTES)
                else:
                    coming = self._loop.sock_recv(self._connection, _STATUS_BYTES)  # type: ignore[arg-type]
                    part = await uninterrupted(self._loop.create_task(coming))
                if not part:
                    break
                response += part
            return _parse_status(response)
        except (OSError, IndexError, ValueError) as error:
            raise ResultLostError(f"the Runtime API gave no response: {response!r:.80}") from error

    def _refusal(self) -> int | None:
        """The status that was sent before the hanging up; None without any."""
        try:
            return _parse_status(self._connection.recv(_STATUS_BYTES, MSG_DONTWAIT))
        except (OSError, IndexError, ValueError):
            return None


def _parse_status(response: bytes) -> int:
    return int(response.split(b" ", 2)[1])


def _connect(address: str) -> plain_socket:
    host, _, port = address.rpartition(":")
    loaded = sys.modules.get("socket")  # an event loop has brought it
    try:
        connection: plain_socket = (loaded.socket if loaded else plain_socket)(AF_INET, SOCK_STREAM)
        connection.connect((host, int(port)))
    except OSError as error:
        raise ResultLostError(f"the Runtime API at {address} cannot be reached: {error}") from error
    connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    return connection
