"""Source: RFC 9110 §8.4, §8.8.3.3, §12.5.3; RFC 9111 §5.2.2.6 (no-transform)."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.http.response import Response
from edgeroutes.runtime.streams import compressed, read_whole, start_stream, takes_gzip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

GZIP = [("accept-encoding", "gzip")]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("br, gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("gzip;q=0.5", True),
        ("*", True),
        ("gzip ; q=0.001", True),
        ("gzip;q=0.8, identity;q=0.8", True),
        ("", False),
        ("br", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("gzip;q=x", False),
        ("gzip;q=0.5, identity", False),
    ],
)
def test_a_client_says_whether_it_takes_gzip(header: str, expected: bool) -> None:
    assert takes_gzip(header) is expected


async def sent(response: Response, accept_encoding: str = "gzip") -> Response:
    return compressed(await start_stream(response, "route.py"), accept_encoding)


def test_each_chunk_can_be_read_as_soon_as_it_arrives() -> None:
    made: list[str] = []

    def produce() -> Iterator[str]:
        for number in range(3):
            made.append(f"line {number} ")
            yield made[-1]

    async def read() -> None:
        response = await sent(Response.stream(produce()))
        unpacker = zlib.decompressobj(31)
        body: Any = response.body
        for number in range(3):
            assert unpacker.decompress(await anext(body)) == f"line {number} ".encode()
            assert len(made) == number + 1
        unpacker.decompress(await anext(body))
        assert unpacker.eof
        with pytest.raises(StopAsyncIteration):
            await anext(body)

    asyncio.run(read())


def test_text_shrinks() -> None:
    rows = [{"id": number, "name": "Ada Lovelace", "team": "engines"} for number in range(1000)]

    async def read() -> tuple[int, bytes]:
        whole = await read_whole(await sent(Response.ndjson(rows)))
        return len(whole), gzip.decompress(whole)

    size_bytes, text = asyncio.run(read())
    assert text == b"".join(f'{{"id":{n},"name":"Ada Lovelace","team":"engines"}}\n'.encode() for n in range(1000))
    assert size_bytes < len(text) / 2


def stream(content_type: str = "text/plain", **headers: str) -> Response:
    fields = {"content-type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Response.stream(iter([b"abc"]), 200, fields)


@pytest.mark.parametrize(
    ("response", "is_compressed", "vary"),
    [
        (stream(), True, "Accept-Encoding"),
        (stream("application/json"), True, "Accept-Encoding"),
        (stream("application/x-ndjson"), True, "Accept-Encoding"),
        (stream("image/svg+xml"), True, "Accept-Encoding"),
        (stream(vary="Cookie"), True, "Cookie, Accept-Encoding"),
        (stream("application/octet-stream"), False, None),
        (stream("image/png"), False, None),
        (stream(content_encoding="br"), False, None),
        (stream(content_encoding="identity"), False, None),
        (stream(cache_control="public, No-Transform"), False, None),
        (Response.sse(iter(["a"])), False, None),
        (Response.sse(iter(["a"]), headers={"cache-control": "no-store"}), True, "Accept-Encoding"),
        (Response.stream(iter(["abc"]), 206, {"content-range": "bytes 0-2/9"}), False, "Accept-Encoding"),
    ],
)
def test_what_is_compressed(response: Response, is_compressed: bool, vary: str | None) -> None:
    encoding = response.headers.get("content-encoding")

    async def read() -> bytes:
        compressed = await sent(response)
        return await read_whole(compressed)

    body = asyncio.run(read())
    assert response.headers.get("content-encoding") == ("gzip" if is_compressed else encoding)
    assert response.headers.get("vary") == vary
    assert body.startswith(b"\x1f\x8b") is is_compressed


def test_what_could_be_compressed_varies_also_for_clients_that_take_none() -> None:
    response = asyncio.run(sent(stream(), "identity"))
    assert (response.headers.get("content-encoding"), response.headers["vary"]) == (None, "Accept-Encoding")


def test_other_bytes_have_no_strong_tag_and_no_ranges() -> None:
    response = asyncio.run(sent(stream(etag='"a"', accept_ranges="bytes")))
    weak = asyncio.run(sent(stream(etag='W/"a"')))

    assert (response.headers["etag"], response.headers.get("accept-ranges")) == ('W/"a"', None)
    assert weak.headers["etag"] == 'W/"a"'


@pytest.mark.parametrize("chunks_read", [0, 1, 2])
def test_closing_it_closes_what_it_is_made_of(chunks_read: int) -> None:
    seen: list[str] = []

    def produce() -> Iterator[str]:
        try:
            yield from "abc"
        finally:
            seen.append("closed")

    async def read() -> list[bytes]:
        response = await sent(Response.stream(produce()))
        body: Any = response.body
        for _ in range(chunks_read):
            await anext(body)
        await response.body.aclose()
        return [chunk async for chunk in body]

    assert asyncio.run(read()) == []
    assert seen == ["closed"]


def test_a_stream_that_fails_does_not_look_as_if_it_had_ended() -> None:
    def produce() -> Iterator[str]:
        yield "a"
        raise ValueError("midway")

    async def read() -> bytes:
        read = b""
        response = await sent(Response.stream(produce()))
        try:
            async for chunk in response.body:  # type: ignore[union-attr]
                read += chunk  # type: ignore[operator]
        except ValueError:
            return read
        raise AssertionError("it ended")

    unpacker = zlib.decompressobj(31)
    assert (unpacker.decompress(asyncio.run(read())), unpacker.eof) == (b"a", False)


ROUTES = {
    "rows/route.py": "from edgeroutes import Response\ndef GET():\n    return Response.ndjson([1, 2])\n",
    "whole/route.py": "def GET():\n    return 'a' * 5000\n",
    "large/route.py": "from edgeroutes import Response\ndef GET():\n    return Response.file('large.txt')\n",
}


def test_get_and_head_say_the_same(project: Make) -> None:
    routes = project(ROUTES)
    get, head = (routes.request(method, "/rows", GZIP) for method in ("GET", "HEAD"))

    assert (gzip.decompress(get.body), head.body) == (b"1\n2\n", b"")
    assert get.headers == head.headers
    assert (get.header("content-encoding"), get.header("vary")) == ("gzip", "Accept-Encoding")


def test_a_response_that_is_whole_is_left_to_the_cdn(project: Make) -> None:
    response = project(ROUTES).get("/whole", GZIP)
    assert (response.body, response.header("content-encoding"), response.header("vary")) == (b"a" * 5000, None, None)


def test_a_large_file_of_text_is_compressed_and_a_part_of_it_is_not(project: Make) -> None:
    routes = project({**ROUTES, "/large.txt": "line\n" * 300_000})

    whole = routes.get("/large", GZIP)
    part = routes.get("/large", [*GZIP, ("range", "bytes=0-9")])

    assert gzip.decompress(whole.body) == b"line\n" * 300_000
    assert (whole.header("etag"), whole.header("accept-ranges")) == (f"W/{part.header('etag')}", None)
    assert (part.status, part.body, part.header("content-encoding")) == (206, b"line\nline\n", None)
