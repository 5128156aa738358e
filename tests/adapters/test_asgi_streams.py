"""Heartbeats, compression and files through uvicorn, over a real socket: each chunk arrives when it is produced."""

from __future__ import annotations

import socket
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.conftest import RouteProject

    Serve = Callable[..., str]

HEAD = (
    "import asyncio, threading\nfrom edgeroutes import Response\ngate, closed = threading.Event(), threading.Event()\n"
)
SYNC = """
def events():
    try:
        yield "first"
        gate.wait(20)
        yield "second"
    finally:
        closed.set()
"""
ASYNC = """
async def events():
    try:
        yield "first"
        while not gate.is_set():
            await asyncio.sleep(0.001)
        yield "second"
    finally:
        closed.set()
"""
ROUTE = "def GET():\n    return Response.sse(events(), heartbeat_seconds=0.05)\n"
ROWS = """
def rows():
    yield {"n": 1}
    gate.wait(20)
    yield {"n": 2}

def GET():
    return Response.ndjson(rows())
"""


@pytest.mark.parametrize("events", [SYNC, ASYNC], ids=["sync", "async"])
def test_heartbeats_fill_the_pauses_of_a_generator(project: RouteProject, serve: Serve, events: str) -> None:
    project.write("route.py", HEAD + events + ROUTE)
    with httpx.stream("GET", serve(project.asgi())) as response:
        chunks = response.iter_text()
        seen = [next(chunks), next(chunks), next(chunks)]
        project.module("route.py").gate.set()
        rest = "".join(chunks)
    assert seen == ["data: first\n\n", ": heartbeat\n\n", ": heartbeat\n\n"]
    assert rest.replace(": heartbeat\n\n", "") == "data: second\n\n"
    assert (response.headers.get("content-encoding"), project.module("route.py").closed.is_set()) == (None, True)


@pytest.mark.parametrize("events", [SYNC, ASYNC], ids=["sync", "async"])
def test_a_client_that_hangs_up_in_a_pause_closes_the_generator(
    project: RouteProject, serve: Serve, log_lines: Callable[[], Any], events: str
) -> None:
    project.write("route.py", HEAD + events + ROUTE)
    address = urlsplit(serve(project.asgi()))
    with socket.create_connection((address.hostname, address.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
        while b": heartbeat" not in client.recv(65536):
            pass
    if events is SYNC:  # what blocks its thread learns of it when it goes on
        project.module("route.py").gate.set()
    assert project.module("route.py").closed.wait(20)
    assert log_lines() == []


def test_a_compressed_chunk_can_be_read_when_it_is_produced(project: RouteProject, serve: Serve) -> None:
    project.write("route.py", HEAD + ROWS)
    with httpx.stream("GET", serve(project.asgi()), headers={"accept-encoding": "gzip"}) as response:
        unpacker = zlib.decompressobj(31)
        chunks = response.iter_raw()
        first = unpacker.decompress(next(chunks))
        project.module("route.py").gate.set()
        rest = b"".join(unpacker.decompress(chunk) for chunk in chunks)
    assert (first, rest, unpacker.eof) == (b'{"n":1}\n', b'{"n":2}\n', True)
    assert (response.headers["content-encoding"], response.headers["vary"]) == ("gzip", "Accept-Encoding")


def test_a_large_file_has_its_length_and_can_be_fetched_in_parts(project: RouteProject, serve: Serve) -> None:
    content = bytes(range(256)) * 8192
    (project.root / "large.bin").write_bytes(content)
    project.write("route.py", "from edgeroutes import Response\ndef GET():\n    return Response.file('large.bin')\n")
    url = serve(project.asgi())

    whole = httpx.get(url)
    rest = httpx.get(url, headers={"range": "bytes=2000000-", "if-range": whole.headers["etag"]})

    assert (whole.content, whole.headers["content-length"]) == (content, str(len(content)))
    assert "transfer-encoding" not in whole.headers
    assert (rest.status_code, rest.content) == (206, content[2_000_000:])
    assert rest.headers["content-length"] == str(len(content) - 2_000_000)
