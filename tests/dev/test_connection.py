"""Requests that do not arrive: cut off, too slow, malformed. None runs a handler, and none stays."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgeroutes.dev.limits import Limits
from tests.dev.serving import serving, shared_module, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.dev.reports import Answered
    from tests.dev.serving import Served

# What runs is noted before the body is looked at.
HANDLER = """
    import ran
    from edgeroutes import Request

    {define} POST(request: Request):
        ran.handlers.append(request.headers.get("x-name"))
        return "done"

    PUT = DELETE = PATCH = POST

    {define} HEAD(request: Request):
        ran.handlers.append(request.headers.get("x-name"))
        return "done"
"""
APP = """
    import ran
    async def app(scope, receive, send):
        ran.handlers.append("app")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
"""
FILES = {
    "sync": HANDLER.format(define="def"),
    "async": "import asyncio\n" + HANDLER.format(define="async def").replace("\n    ", "\n"),
    "app/[[...path]]": APP,
    "hello": "def GET():\n    return 'hello'\n",
}
LIMITS = Limits(head_timeout_s=1.0, body_pause_s=0.5, body_timeout_s=1.5)


@pytest.fixture(scope="module")
def handlers() -> Iterator[list[str]]:
    """What has run."""
    ran: list[str] = []
    with shared_module("ran", handlers=ran):
        yield ran


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, handlers: list[str]) -> Iterator[Served]:
    del handlers
    with serving(tmp_path_factory.mktemp("project"), FILES, limits=LIMITS) as served:
        yield served


def connect(served: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.server.port))


LENGTH = "content-length: 1000\r\n\r\nhalf of the body"
CHUNKED = "transfer-encoding: chunked\r\n\r\n"
CUT = {
    "a length, and less": LENGTH,
    "a length, and nothing": "content-length: 1000\r\n\r\n",
    "one byte less": "content-length: 3\r\n\r\nab",
    "no chunk": CHUNKED,
    "in a chunk": f"{CHUNKED}10\r\nhalf",
    "after a chunk": f"{CHUNKED}4\r\nhalf\r\n",
    "in a chunk's length": f"{CHUNKED}4\r\nhalf\r\n1",
    "before the last line": f"{CHUNKED}4\r\nhalf\r\n0\r\n",
    "no chunk at all": f"{CHUNKED}nonsense\r\n",
    "expected": f"expect: 100-continue\r\n{LENGTH}",
}


@pytest.mark.parametrize("how", ["close", "reset", "half-close"])
@pytest.mark.parametrize("what", CUT)
@pytest.mark.parametrize("path", ["/sync", "/async", "/app/x"])
def test_a_request_that_is_cut_off_runs_no_handler(
    served: Served, handlers: list[str], path: str, what: str, how: str
) -> None:
    handlers.clear()
    count = len(posted(served))
    with connect(served) as client:
        client.sendall(f"POST {path} HTTP/1.1\r\nhost: localhost\r\nx-name: cut\r\n{CUT[what]}".encode())
        time.sleep(0.02)
        if how == "half-close":
            client.shutdown(socket.SHUT_WR)
            until(lambda: not client.recv(1000), "the end")
        elif how == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    seen = until(lambda: posted(served)[count:], "the line in the log")[0]
    assert (seen.status, seen.note) == (0, "the client left")
    assert served.get("/hello").text == "hello"
    assert handlers == []


def posted(served: Served) -> list[Answered]:
    return [each for each in served.told.answered if each.method == "POST"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD"])
def test_no_method_runs_with_half_a_body(served: Served, handlers: list[str], method: str) -> None:
    handlers.clear()
    with connect(served) as client:
        client.sendall(f"{method} /sync HTTP/1.1\r\nhost: localhost\r\nx-name: cut\r\n{LENGTH}".encode())
    until(lambda: served.told.answered[-1].note == "the client left", "the line in the log")
    assert handlers == []
    assert served.client.request(method, "/sync", headers={"x-name": "whole"}).status_code == 200
    assert handlers == ["whole"]


def test_a_storm_of_cut_requests_leaves_no_thread_and_no_descriptor(served: Served, handlers: list[str]) -> None:
    served.get("/hello")
    handlers.clear()
    threads, descriptors = threading.active_count(), open_descriptors()
    for _ in range(200):
        with connect(served) as client:
            client.sendall(f"POST /sync HTTP/1.1\r\nhost: localhost\r\n{LENGTH}".encode())
        assert threading.active_count() <= threads + 1
    until(lambda: open_descriptors() <= descriptors and threading.active_count() <= threads, "the end of all")
    assert handlers == []


def open_descriptors() -> int:
    return len([*Path("/dev/fd").iterdir()])


def test_a_body_that_stops_is_given_up(served: Served, handlers: list[str]) -> None:
    handlers.clear()
    with connect(served) as client:
        client.sendall(f"POST /sync HTTP/1.1\r\nhost: localhost\r\n{LENGTH}".encode())
        said = b""
        while not said.endswith(b"}"):
            said += client.recv(5000)
        assert said.startswith(b"HTTP/1.1 408 ")
        assert b"the request body did not arrive: 16 bytes of it are here" in said
        assert until(lambda: not client.recv(1000), "the end of the connection")
    assert handlers == []


def test_a_body_that_drips_is_given_up_and_so_is_its_connection(served: Served, handlers: list[str]) -> None:
    handlers.clear()
    began = time.monotonic()
    with connect(served) as client:
        client.sendall(b"POST /sync HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n")
        with suppress(ConnectionError):
            while time.monotonic() - began < 10:
                client.sendall(b"x")
                time.sleep(0.1)
    assert 1 < time.monotonic() - began < 9
    assert handlers == []


def test_a_head_that_does_not_arrive_is_given_up_however_slowly_it_drips(served: Served) -> None:
    began = time.monotonic()
    with connect(served) as silent, connect(served) as dripping:
        dripping.sendall(b"GET /hello HTTP/1.1\r\nx: ")
        silent.settimeout(10)
        dripping.settimeout(0.1)
        received = b""
        while not received.startswith(b"HTTP/1.1 408 "):
            dripping.sendall(b"x")
            try:
                received += dripping.recv(1000)
            except TimeoutError:
                assert time.monotonic() - began < 8
        assert silent.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_a_second_head_on_a_connection_must_arrive_as_well(served: Served) -> None:
    with connect(served) as client:
        client.settimeout(10)
        client.sendall(b"GET /hello HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert client.recv(5000).startswith(b"HTTP/1.1 200 ")
        client.sendall(b"GET /hello HTTP/1.1\r\nx: ")
        until(lambda: not client.recv(5000), "the end of the connection")


def test_a_handler_may_take_longer_than_a_head_may(tmp_path: Path) -> None:
    slow = "import time\n\ndef GET():\n    time.sleep(0.6)\n    return 'slow'\n"
    with serving(tmp_path, {"slow": slow}, limits=Limits(head_timeout_s=0.2)) as served:
        assert [served.get("/slow").text for _ in range(2)] == ["slow", "slow"]


def test_slow_connections_keep_nobody_waiting(served: Served) -> None:
    slow = [connect(served) for _ in range(300)]
    try:
        for each in slow:
            each.sendall(b"GET /hello HT")
        began = time.monotonic()
        assert served.get("/hello").text == "hello"
        assert time.monotonic() - began < 2
        for each in slow:
            each.settimeout(10)
            assert each.recv(1000).startswith(b"HTTP/1.1 408 ")
    finally:
        for each in slow:
            each.close()
