"""The body of a streamed response: its chunks as bytes, compressed where that pays and the client takes it. Loaded when something streams.

Neither API Gateway nor CloudFront compresses a response that comes in chunks. Those that come whole are left to CloudFront.
Source: docs.aws.amazon.com, CloudFront "Serving compressed files": a Content-Length is required; read 2026-11-21.
"""

from __future__ import annotations

from edgeroutes.errors import HandlerError
from edgeroutes.http.headers import Headers, MutableHeaders
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.response import BYTES, CONNECTION_HEADERS, TEXT, is_text
from edgeroutes.runtime.loop import is_fatal, running_loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from typing import Any

    from edgeroutes.http.response import Response
    from edgeroutes.runtime.application import Call
    from edgeroutes.runtime.context import RequestScope


# On rows of NDJSON, each flushed, 25 % of the bytes are left at 32 MB/s; at level 6, 22 % at 20 MB/s (one core, CPython 3.11).
_LEVEL = 1
_GZIP = 16 + 15  # Source: zlib manual, inflateInit2: 15 bits of window, 16 for gzip's head and tail
# Up to here a file is read whole: its tag is that of its content, and CloudFront, which wants a length, can compress it.
WHOLE_BYTES = 1024 * 1024


async def start_body(response: Response, scope: RequestScope) -> Response:
    """The response with its first chunk at hand: until then a generator may still redirect, refuse or fail.

    Of a file the part that was requested, whole where it is small; of a response that sends itself what it sends.
    """
    body: Any = response.body
    if hasattr(body, "part"):
        response = _served_file(response, scope)
    elif hasattr(body, "sender"):
        response = await scope.endpoint.mount(body.sender, scope)
    if not response.is_stream:
        return response
    scope.is_starting = True
    try:
        response = await start_stream(response, scope.where)
    finally:
        scope.is_starting = False
    if response.is_stream:
        scope.streams.append(response.body)  # type: ignore[arg-type]  # started
    return response


async def start_stream(response: Response, where: str) -> Response:
    """The stream with its first chunk at hand.

    What fails before it can still become an error response, the type is known, and cookies that are set before it are sent.
    Its first heartbeat counts as a chunk, and so does an empty one, by which an author has the head sent at once.
    A stream that ends without a chunk becomes an empty body. One that has been started stays as it is.

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
    """All of a stream that has been started: for places that cannot stream, and set the length themselves."""
    response.headers.discard(CONNECTION_HEADERS)
    return b"".join([chunk async for chunk in response.body])  # type: ignore[union-attr, misc]  # started: bytes


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

    `body` is an argument, since a thread may begin this after the first heartbeat, when `response.body` is the started stream already.
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


def compressed(response: Response, accept_encoding: str) -> Response:
    """The stream as it goes out: compressed, or else with its length where that is known.

    Not compressed: content that is not text, what the handler has encoded itself, and what it has forbidden to change by
    `Cache-Control: no-transform`, as `Response.sse` does.

    Args:
        response: With its head complete and its first chunk at hand.
        accept_encoding: What the client takes.
    """
    headers = response.headers
    if _may_be_compressed(response):
        headers.add_vary("Accept-Encoding")
        if response.status != 206 and takes_gzip(accept_encoding):  # a part is one of the bytes as they are
            headers["content-encoding"] = "gzip"
            headers.pop("accept-ranges", None)  # the ranges would be those of other bytes
            etag = headers.get("etag")
            if etag is not None and not etag.startswith("W/"):
                headers["etag"] = f"W/{etag}"
            response.body = _GzipStream(response.body)
            return response
    length_bytes = getattr(response.body, "length_bytes", None)
    if length_bytes is not None:
        headers.add_own("content-length", str(length_bytes))
    return response


def _may_be_compressed(response: Response) -> bool:
    headers = response.headers
    if "content-encoding" in headers:
        return False
    directives = {part.strip().lower() for part in headers.get("cache-control", "").split(",")}
    return "no-transform" not in directives and is_text(headers.get("content-type", ""))


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a client takes gzip, and would not rather have the bytes as they are (RFC 9110 §12.5.3).

    >>> takes_gzip("gzip;q=0.5, *;q=0"), takes_gzip("br, *"), takes_gzip("gzip;q=0, *")
    (True, True, False)
    """
    weights: dict[str, float] = {}
    for item in accept_encoding.lower().split(","):
        name, *parameters = [part.strip() for part in item.split(";")]
        weights["gzip" if name == "x-gzip" else name] = _weight(parameters)
    gzip = weights.get("gzip", weights.get("*", 0.0))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _weight(parameters: list[str]) -> float:
    """A coding's weight; one that cannot be read takes the coding out."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


class _GzipStream:
    """The chunks in gzip's format; each can be unpacked as soon as it arrives, so that nothing comes later than it would.

    Args:
        chunks: An async iterator of bytes that can be closed.
    """

    __slots__ = ("_chunks", "_packer")

    def __init__(self, chunks: Any) -> None:
        from zlib import DEFLATED, compressobj

        self._chunks = chunks
        self._packer: Any = compressobj(_LEVEL, DEFLATED, _GZIP)

    def __aiter__(self) -> _GzipStream:
        return self

    async def __anext__(self) -> bytes:
        from zlib import Z_SYNC_FLUSH

        if self._packer is None:
            raise StopAsyncIteration
        async for chunk in self._chunks:
            return bytes(self._packer.compress(chunk) + self._packer.flush(Z_SYNC_FLUSH))
        packer, self._packer = self._packer, None
        return bytes(packer.flush())

    async def aclose(self) -> None:
        """Give no further chunk."""
        self._packer = None
        await self._chunks.aclose()


def _served_file(response: Response, scope: RequestScope) -> Response:
    """The response with what of the file this request is to get; a small one as bytes.

    Args:
        response: Its body is a `FileBody`.
        scope: The request.

    Raises:
        HTTPError: 416 when the requested range is outside the file.
        OSError: When it can no longer be read.
    """
    from edgeroutes.http.conditional import is_not_modified, strong_etag

    file: Any = response.body
    content = b"".join(file) if file.size_bytes <= WHOLE_BYTES else None
    if "etag" not in response.headers:
        response.headers["etag"] = file.etag() if content is None else strong_etag(content)
    start, stop = 0, file.size_bytes
    if response.status == 200 and scope.incoming.method in ("GET", "HEAD"):
        request = Headers.from_lowered(scope.incoming.header_items())
        if is_not_modified(request, response.headers):
            if _is_in_memory(response, scope):
                return _not_modified(response)
        elif scope.incoming.method == "GET":  # Range is defined for it alone. Source: RFC 9110 §14.2
            start, stop = _part(request, response, file.size_bytes)
    response.body = file.part(start, stop) if content is None else content[start:stop]
    return response


def _is_in_memory(response: Response, scope: RequestScope) -> bool:
    """Whether the 304 is made here: that of a cached route needs its lifetime, which is not known yet."""
    return scope.endpoint.lifetime_seconds is None or "cache-control" in response.headers


def _not_modified(response: Response) -> Response:
    from edgeroutes.http.conditional import kept_headers

    response.status, response.body = 304, None
    response.headers = MutableHeaders.from_lowered(kept_headers(response.headers))
    return response


def _part(request: Headers, response: Response, size_bytes: int) -> tuple[int, int]:
    """First byte and end of the requested range; sets the response's status and headers for it."""
    from edgeroutes.http.conditional import UnsatisfiableRangeError, requested_range

    try:
        part = requested_range(request, response.headers, size_bytes)
    except UnsatisfiableRangeError:
        problem = f"the file has {size_bytes} bytes: the requested range contains none of them"
        raise HTTPError(416, problem, headers={"content-range": f"bytes */{size_bytes}"}) from None
    if part is None:
        return 0, size_bytes
    response.status = 206
    response.headers["content-range"] = f"bytes {part[0]}-{part[1] - 1}/{size_bytes}"
    return part
