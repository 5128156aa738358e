"""The body of a streamed answer, as bytes. Request wing, floor 2; loaded when something streams."""

from __future__ import annotations

from edgeroutes.errors import HandlerError
from edgeroutes.http.response import BYTES, TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from typing import Any

    from edgeroutes.http.response import Response


async def primed(response: Response, where: str) -> Response:
    """The stream with its first chunk at hand.

    What fails before it can still be answered by an error, the type is known, and cookies that are set before it are sent.
    A stream that ends without a chunk becomes an empty body. One that is primed already stays as it is.

    Args:
        response: Its body is an iterator, sync or async.
        where: The handler, for messages.
    """
    if isinstance(response.body, PrimedStream):
        return response
    chunks = _byte_chunks(response, where)
    try:
        first = await anext(chunks)
    except StopAsyncIteration:
        response.body = b""
        response.headers.setdefault("content-type", TEXT)
        return response
    response.body = PrimedStream(first, chunks)
    return response


class PrimedStream:
    """An async iterator of bytes whose first chunk has been made; closing it closes what makes the others, read or not."""

    __slots__ = ("_chunks", "_first")

    def __init__(self, first: bytes, chunks: AsyncGenerator[bytes, None]) -> None:
        self._first: bytes | None = first
        self._chunks = chunks

    def __aiter__(self) -> PrimedStream:
        return self

    async def __anext__(self) -> bytes:
        if self._first is None:
            return await anext(self._chunks)
        first, self._first = self._first, None
        return first

    async def aclose(self) -> None:
        """Give no further chunk."""
        self._first = None
        await self._chunks.aclose()


async def read_whole(response: Response) -> bytes:
    """All of a primed stream: for places that cannot stream."""
    return b"".join([chunk async for chunk in response.body])  # type: ignore[union-attr, misc]  # primed: bytes


async def _byte_chunks(response: Response, where: str) -> AsyncGenerator[bytes, None]:
    """The chunks as bytes; closing this closes what produces them."""
    body: Any = response.body
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
