"""The body of a streamed response, as bytes. Loaded when something streams."""

from __future__ import annotations

from edgeroutes.errors import HandlerError
from edgeroutes.http.response import BYTES, CONNECTION_HEADERS, TEXT
from edgeroutes.runtime.loop import is_fatal, running_loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from typing import Any

    from edgeroutes.http.response import Response
    from edgeroutes.runtime.application import Call


async def start_stream(response: Response, where: str) -> Response:
    """The stream with its first chunk at hand.

    What fails before it can still become an error response, the type is known, and cookies that are set before it are sent.
    Its first heartbeat counts as a chunk, and so does an empty one, by which an author has the head sent at once.
    A stream that ends without a chunk becomes an empty body. One that is start_stream already stays as it is.

    Args:
        response: Its body is an iterator, sync or async.
        where: The handler, for messages.
    """
    if isinstance(response.body, StartedStream):
        return response
    length_bytes = getattr(response.body, "length_bytes", None)
    is_async = hasattr(response.body, "__aiter__")
    if not is_async and not response.heartbeat_seconds and running_loop() is not None:
        from edgeroutes.runtime.offload import iterate_sync

        response.body = iterate_sync(response.body)  # type: ignore[arg-type]
    chunks = _byte_chunks(response.body, response, where)
    if response.heartbeat_seconds:
        from edgeroutes.runtime.heartbeats import with_heartbeats

        chunks = with_heartbeats(chunks, response.heartbeat_seconds, is_async=is_async)
    try:
        first = await anext(chunks)
    except StopAsyncIteration:
        response.body = b""
        response.headers.setdefault("content-type", TEXT)
        return response
    response.body = StartedStream(first, chunks, length_bytes)
    return response


class StartedStream:
    """An async iterator of bytes, none of them empty, whose first chunk has been made.

    Closing it closes what makes the others, read or not.

    Args:
        first: The first chunk.
        chunks: The others.
        length_bytes: Of all together, where it is known.
    """

    __slots__ = ("_chunks", "_first", "length_bytes")

    def __init__(self, first: bytes, chunks: AsyncGenerator[bytes, None], length_bytes: int | None = None) -> None:
        self._first = first
        self._chunks = chunks
        self.length_bytes = length_bytes

    def __aiter__(self) -> StartedStream:
        return self

    async def __anext__(self) -> bytes:
        chunk, self._first = self._first, b""
        while not chunk:
            chunk = await anext(self._chunks)
        return chunk

    async def aclose(self) -> None:
        """Give no further chunk."""
        self._first = b""
        await self._chunks.aclose()


async def read_whole(response: Response) -> bytes:
    """All of a start_stream stream: for places that cannot stream, and set the length themselves."""
    response.headers.discard(CONNECTION_HEADERS)
    return b"".join([chunk async for chunk in response.body])  # type: ignore[union-attr, misc]  # start_stream: bytes


async def close_all(streams: list[StartedStream], call: Call) -> None:
    """Close these, the last first; what fails in that is logged, for the response is settled."""
    while streams:
        try:
            await streams.pop().aclose()
        except BaseException as error:
            if is_fatal(error):
                raise
            from edgeroutes.runtime.failures import log_broken_stream

            log_broken_stream(error, call, "failed while its stream was closed")


async def _byte_chunks(body: Any, response: Response, where: str) -> AsyncGenerator[bytes, None]:
    """The chunks as bytes; closing this closes what produces them.

    `body` is an argument, since a thread may begin this after the first heartbeat, when `response.body` is the start_stream stream already.
    """
    close = getattr(body, "aclose", None) or getattr(body, "close", None)
    try:
        if hasattr(body, "__aiter__"):
            async for chunk in body:
                yield _to_bytes(chunk, response, where)
        else:
            for chunk in body:
                yield _to_bytes(chunk, response, where)
    finally:
        closing: Any = close() if close else None
        if hasattr(closing, "__await__"):
            await closing


def _to_bytes(chunk: object, response: Response, where: str) -> bytes:
    if isinstance(chunk, str):
        response.headers.setdefault("content-type", TEXT)
        return chunk.encode()
    if isinstance(chunk, bytes | bytearray | memoryview):
        response.headers.setdefault("content-type", BYTES)
        return bytes(chunk)
    hint = "Yield str or bytes; for JSON values return Response.ndjson, json_array or sse"
    raise HandlerError(f"the stream yielded {chunk!r:.60} of type {type(chunk).__name__}", where=where, hint=hint)
