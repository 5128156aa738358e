"""The response to one client, on a loop of its own. Real sockets, slow readers and clients that leave: test_app.py."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from edgeroutes.dev.gateway import HttpResponse
from edgeroutes.dev.response_writer import ClientGone, HttpResponseWriter

WINDOW_BYTES = 64 * 1024


def body(data: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def test_what_waits_goes_out_at_one_go() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        writer = HttpResponseWriter(send, "GET")
        assert [writer.write(chunk) for chunk in (b"a", b"b", b"c")] == [None] * 3
        await asyncio.wrap_future(writer.end())
        assert writer.body_bytes == 3

    asyncio.run(run())
    assert sent == [body(b"abc", more=True), body(b"", more=False)]


def test_a_stream_follows_its_head_however_long_that_takes() -> None:
    sent: list[Any] = []

    async def run() -> None:
        may_go_on = asyncio.Event()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                await may_go_on.wait()
            sent.append(message["type"].rpartition(".")[2])

        writer = HttpResponseWriter(send, "GET")
        writer.start(HttpResponse(status=200, headers=[("a", "b")]))
        writer.write(b"first")
        ended = writer.end()
        await asyncio.sleep(0.01)
        assert sent == []
        may_go_on.set()
        await asyncio.wrap_future(ended)
        assert (writer.status, writer.is_stream) == (200, True)

    asyncio.run(run())
    assert sent == ["start", "body", "body"]


def test_a_stream_that_breaks_off_at_once_has_its_head() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        await asyncio.sleep(0)
        sent.append(message["type"])

    async def run() -> None:
        writer = HttpResponseWriter(send, "GET")
        writer.start(HttpResponse(status=200))
        writer.abort()
        await writer.done
        assert writer.is_cut

    asyncio.run(run())
    assert sent == ["http.response.start"]


def test_more_than_the_window_waits_until_what_is_before_it_is_taken() -> None:
    async def run() -> None:
        may_go_on = asyncio.Event()

        async def send(_: Any) -> None:
            await may_go_on.wait()

        writer = HttpResponseWriter(send, "GET")
        assert writer.write(b"first") is None
        await asyncio.sleep(0.01)
        room = writer.write(bytes(WINDOW_BYTES + 1))
        assert room is not None
        assert not room.done()
        may_go_on.set()
        await asyncio.wrap_future(room)

    asyncio.run(run())


def test_whoever_waits_for_room_learns_that_the_client_has_gone() -> None:
    async def run() -> None:
        async def send(_: Any) -> None:
            await asyncio.Event().wait()

        writer = HttpResponseWriter(send, "GET")
        writer.write(b"first")
        await asyncio.sleep(0.01)
        room = writer.write(bytes(WINDOW_BYTES + 1))
        writer.leave()
        with pytest.raises(ClientGone):
            await asyncio.wrap_future(room)  # type: ignore[arg-type]
        with pytest.raises(ClientGone):
            writer.write(b"more")

    asyncio.run(run())
