"""One streamed result on its way to Lambda's Runtime API: the connection, and the bytes (prelude, chunks, trailers).

Not by http.client, which would cost a cold start 24 ms for one request whose every byte is known; `_socket` is what `socket` wraps, for
a tenth of its time.

Source: `-X importtime`, 2026-11-21; docs.aws.amazon.com/lambda "runtimes-custom"; apigateway "response-transfer-mode-lambda";
HttpResponseStream.js and ResponseStream.js of aws-lambda-nodejs-runtime-interface-client; RFC 9112 §7.1; read 2026-11-21.
"""

from __future__ import annotations

import json
import sys
import threading
from _socket import AF_INET, IPPROTO_TCP, MSG_DONTWAIT, SOCK_STREAM, TCP_NODELAY
from _socket import socket as plain_socket

from edgeroutes.adapters.events import joined_headers
from edgeroutes.runtime.loop import uninterrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from edgeroutes.http.response import Response


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
        if len(chunk) <= _PIECE_BYTES:
            if chunk:
                await self._send(render_chunk(chunk))
            return
        view = memoryview(chunk)
        for start in range(0, len(chunk), _PIECE_BYTES):
            await self._send(render_chunk(view[start : start + _PIECE_BYTES]))

    async def end(self) -> int:
        """End the body, unless it has ended; the status of Lambda's response, 202 when it took the result."""
        await self._send(_LAST_CHUNK, is_last=True)
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
                    self._connection.send(_LAST_CHUNK, MSG_DONTWAIT)
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
            await self._write_out(_LAST_CHUNK)

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
            raise ResultLostError(f"the Runtime API hung up: {error}", self._refusal()) from error

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


CONTENT_TYPE = "application/vnd.awslambda.http-integration-response"
DELIMITER = bytes(8)
# A prelude of this size is accepted everywhere.
_SMALL_PRELUDE_BYTES = 5_000
_LAST_CHUNK = b"0\r\n\r\n"
_ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"
_ERROR_BODY = "Lambda-Runtime-Function-Error-Body"


def render_prelude(response: Response, length_bytes: int | None, where: str = "") -> bytes:
    r"""Status, headers and cookies as what reads a streamed result wants them, with the delimiter.

    >>> render_prelude(Response("ok"), 2)
    b'{"statusCode":200,"headers":{"content-type":"text/plain; charset=utf-8","content-length":"2"}}\0\0\0\0\0\0\0\0'

    Args:
        response: Its head is complete.
        length_bytes: Of the body, None where it is not known; CloudFront compresses only bodies with a length.
        where: The route file, for the error.

    Raises:
        ResponseTooLargeError: When it, or its header values, are larger than API Gateway accepts.
    """
    headers, cookies = joined_headers(response.headers.pairs())
    if length_bytes is not None:
        headers["content-length"] = str(length_bytes)
    fields = {"statusCode": response.status, "headers": headers, **({"cookies": cookies} if cookies else {})}
    prelude = json.dumps(fields, separators=(",", ":")).encode() + DELIMITER
    if len(prelude) > _SMALL_PRELUDE_BYTES:
        from edgeroutes.adapters.checks import check_prelude

        check_prelude(prelude, [*headers.values(), *cookies], where)
    return prelude


def render_request_head(address: str, invoke_id: str, invocation_id: str | None) -> bytes:
    """The head of the request that carries a streamed result to the Runtime API.

    Args:
        address: `host:port` of the Runtime API.
        invoke_id: The request id of the invocation.
        invocation_id: Of this attempt, where Lambda has given one; it is to be sent back.
    """
    fields = [
        f"POST /2018-06-01/runtime/invocation/{invoke_id}/response HTTP/1.1",
        f"Host: {address}",
        f"Content-Type: {CONTENT_TYPE}",
        "Lambda-Runtime-Function-Response-Mode: streaming",
        "Transfer-Encoding: chunked",
        f"Trailer: {_ERROR_TYPE}, {_ERROR_BODY}",
        "Connection: close",
    ]
    if invocation_id:
        fields.append(f"Lambda-Runtime-Invocation-Id: {invocation_id}")
    return ("\r\n".join(fields) + "\r\n\r\n").encode("latin-1")


def render_chunk(data: bytes | memoryview) -> bytes:
    """One chunk of the body, framed; `data` is not empty, for that would be the end."""
    return b"".join((b"%x\r\n" % len(data), data, b"\r\n"))


def render_failed_end(error_type: str, message: str) -> bytes:
    """The end of a body that broke off: the last chunk, and in the trailers what Lambda is to know of it."""
    from binascii import b2a_base64

    body = json.dumps({"errorMessage": message, "errorType": error_type}).encode()
    error_type = error_type if error_type.isidentifier() else "Error"
    trailers = f"{_ERROR_TYPE}: {error_type}\r\n{_ERROR_BODY}: ".encode("latin-1", "replace")
    return b"0\r\n%b%b\r\n\r\n" % (trailers, b2a_base64(body, newline=False))
