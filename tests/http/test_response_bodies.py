from __future__ import annotations

import asyncio
import io
import os
import socket
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from starlette.datastructures import UploadFile

from edgeroutes.http.response_bodies import PIECE_BYTES, JsonArray, encode_each, read_pieces, render_event, render_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ("hello", "data: hello\n\n"),
        ("", "data: \n\n"),
        ("a\nb\r\nc\rd", "data: a\ndata: b\ndata: c\ndata: d\n\n"),
        ({"data": "a"}, "data: a\n\n"),
        ({"data": {"n": 1}}, 'data: {"n":1}\n\n'),
        ({"data": None}, "data: null\n\n"),
        ({"data": "x", "event": "tick", "id": 7, "retry": 3000}, "event: tick\nid: 7\nretry: 3000\ndata: x\n\n"),
        ({"event": "done"}, "event: done\n\n"),
        ({"id": None, "data": "x"}, "data: x\n\n"),
        ({"n": 1}, 'data: {"n":1}\n\n'),
        ({}, "data: {}\n\n"),
        ({"data": "x", "extra": 1}, 'data: {"data":"x","extra":1}\n\n'),
        (
            {"event": "on_chain_end", "name": "chain", "data": {"n": 1}},
            'data: {"event":"on_chain_end","name":"chain","data":{"n":1}}\n\n',
        ),
        (MappingProxyType({"event": "tick", "retry": "250"}), "event: tick\nretry: 250\n\n"),
        ({"retry": 0, "data": "x"}, "retry: 0\ndata: x\n\n"),
        ([1, 2], "data: [1,2]\n\n"),
        (3, "data: 3\n\n"),
    ],
)
def test_an_item_becomes_one_event(item: object, text: str) -> None:
    """Source: HTML Living Standard §9.2.6."""
    assert render_event(item) == text


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ({"retry": True, "data": "x"}, "retry is True"),
        ({"retry": -1}, "retry is -1"),
        ({"retry": 1.5}, "retry is 1.5"),
        ({"retry": "soon"}, "retry is 'soon'"),
        ({"event": "a\nb"}, "line break or NUL"),
        ({"id": "a\0b"}, "line break or NUL"),
        ({"event": "a\rdata: b"}, "line break or NUL"),
    ],
)
def test_what_would_end_its_line_or_means_nothing_is_refused(item: object, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        render_event(item)


def test_a_line_is_one_document() -> None:
    assert render_line({"a": "x\ny"}) == '{"a":"x\\ny"}\n'


@pytest.mark.parametrize(("items", "text"), [([], "[]"), ([1], "[1]"), ([1, {"a": 2}], '[1,{"a":2}]')])
def test_an_array_is_whole(items: list[Any], text: str) -> None:
    array = JsonArray()

    assert "".join(encode_each(items, array.item, array.end)) == text  # type: ignore[arg-type]


def test_async_items_make_an_async_stream() -> None:
    async def produce() -> AsyncIterator[int]:
        yield 1
        yield 2

    async def collect() -> list[str]:
        array = JsonArray()
        return [text async for text in encode_each(produce(), array.item, array.end)]  # type: ignore[union-attr]

    assert asyncio.run(collect()) == ["[1", ",2", "]"]


def test_nothing_is_read_ahead_and_closing_closes_what_produces() -> None:
    seen: list[object] = []

    def produce() -> Iterator[int]:
        try:
            for number in range(10):
                seen.append(number)
                yield number
        finally:
            seen.append("closed")

    stream: Any = encode_each(produce(), str)

    assert next(stream) == "0"
    stream.close()
    assert seen == [0, "closed"]


def test_closing_an_async_stream_closes_what_produces() -> None:
    seen: list[object] = []

    async def produce() -> AsyncIterator[int]:
        try:
            seen.append(0)
            yield 0
            seen.append(1)
            yield 1
        finally:
            seen.append("closed")

    async def run() -> None:
        stream: Any = encode_each(produce(), str)
        assert await anext(stream) == "0"
        await stream.aclose()

    asyncio.run(run())
    assert seen == [0, "closed"]


def test_an_open_file_is_read_in_pieces_and_closed(tmp_path: Path) -> None:
    content = bytes(range(256)) * 600
    (tmp_path / "a").write_bytes(content)
    file = (tmp_path / "a").open("rb")

    pieces = list(read_pieces(file))  # type: ignore[arg-type]

    assert ([len(piece) for piece in pieces], b"".join(pieces)) == ([PIECE_BYTES, PIECE_BYTES, 22528], content)  # type: ignore[arg-type]
    assert file.closed


def test_what_is_left_of_a_file_is_read_as_the_text_or_bytes_that_it_is() -> None:
    file = io.StringIO("headä")
    file.read(4)

    assert list(read_pieces(file)) == ["ä"]  # type: ignore[arg-type]
    assert list(read_pieces(io.BytesIO(b""))) == []  # type: ignore[arg-type]


def test_a_file_that_is_not_read_to_its_end_is_closed_too(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a" * 100_000)
    file = (tmp_path / "a").open("rb")
    pieces: Any = read_pieces(file)

    next(pieces)
    pieces.close()

    assert file.closed


def test_of_a_socket_comes_what_is_there() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        pieces: Any = read_pieces(theirs.makefile("rb"))
        theirs.close()
        ours.sendall(b"first")

        assert next(pieces) == b"first"  # without waiting for a whole piece
        ours.shutdown(socket.SHUT_WR)
        assert list(pieces) == []


def test_an_async_file_is_read_and_closed() -> None:
    async def read() -> tuple[list[bytes], bool]:
        reader, writer = os.pipe()
        os.write(writer, b"a\nb")
        os.close(writer)
        file = anyio.wrap_file(os.fdopen(reader, "rb"))
        pieces: Any = read_pieces(file)
        return [piece async for piece in pieces], file.wrapped.closed

    assert asyncio.run(read()) == ([b"a\nb"], True)


def test_a_forms_file_is_read_and_closed() -> None:
    async def read() -> tuple[list[bytes], bool]:
        upload = UploadFile(io.BytesIO(b"abc"))
        pieces: Any = read_pieces(upload)
        return [piece async for piece in pieces], upload.file.closed

    assert asyncio.run(read()) == ([b"abc"], True)
