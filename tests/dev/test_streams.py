"""Heartbeats, compression and files through the dev server, over a real socket."""

from __future__ import annotations

import threading
import zlib
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.dev.serving import PATIENCE_S, serving, shared_module, until

if TYPE_CHECKING:
    from pathlib import Path

# Which of the ways in which dev runs a route it takes: without a loop, on one of its own, on the one that all share.
EVENTS = {
    "free": """
        import gate
        from edgeroutes import Response

        def events():
            try:
                yield "first"
                gate.go_on.wait(20)
                yield "second"
            finally:
                gate.closed.set()

        def GET():
            return Response.sse(events(), heartbeat_seconds=0.05)
    """,
    "own": """
        import asyncio
        import gate
        from edgeroutes import Response

        def events():
            try:
                yield "first"
                gate.go_on.wait(20)
                yield "second"
            finally:
                gate.closed.set()

        def GET():
            return Response.sse(events(), heartbeat_seconds=0.05)
    """,
    "shared": """
        import asyncio
        import gate
        from edgeroutes import Response

        async def events():
            try:
                yield "first"
                while not gate.go_on.is_set():
                    await asyncio.sleep(0.001)
                yield "second"
            finally:
                gate.closed.set()

        async def GET():
            return Response.sse(events(), heartbeat_seconds=0.05)
    """,
}
# An async handler whose generator blocks: only its heartbeats' thread keeps it from holding up the loop that all share.
EVENTS["blocking"] = EVENTS["own"].replace("def GET", "async def GET")


@pytest.mark.parametrize("kind", EVENTS)
def test_heartbeats_fill_the_pauses_of_a_generator(tmp_path: Path, kind: str) -> None:
    with (
        shared_module("gate", go_on=threading.Event(), closed=threading.Event()) as gate,
        serving(
            tmp_path, {kind: EVENTS[kind], "other": "import asyncio\nasync def GET():\n    return 'other'\n"}
        ) as served,
        served.client.stream("GET", f"/{kind}") as response,
    ):
        chunks = response.iter_text()
        seen = [next(chunks), next(chunks), next(chunks)]
        other = httpx.get(f"http://127.0.0.1:{served.server.port}/other", timeout=PATIENCE_S).text
        gate.go_on.set()
        rest = "".join(chunks)
        assert gate.closed.is_set()
    assert (seen, other) == (["data: first\n\n", ": heartbeat\n\n", ": heartbeat\n\n"], "other")
    assert rest.replace(": heartbeat\n\n", "") == "data: second\n\n"


@pytest.mark.parametrize("kind", EVENTS)
def test_a_client_that_leaves_in_a_pause_closes_the_generator(tmp_path: Path, kind: str) -> None:
    with (
        shared_module("gate", go_on=threading.Event(), closed=threading.Event()) as gate,
        serving(tmp_path, {kind: EVENTS[kind]}) as served,
    ):
        with served.client.stream("GET", f"/{kind}") as response:
            chunks = response.iter_text()
            assert [next(chunks), next(chunks)] == ["data: first\n\n", ": heartbeat\n\n"]
        until(lambda: served.told.responded, "the log line")  # at the next heartbeat, whatever the generator does
        if kind != "shared":
            gate.go_on.set()
        assert gate.closed.wait(PATIENCE_S)
    assert (served.told.failed, served.told.logged, served.told.responded[0].note) == ([], [], "the client left")


def test_a_compressed_chunk_can_be_read_when_it_is_produced(tmp_path: Path) -> None:
    source = """
        import gate
        from edgeroutes import Response

        def rows():
            yield {"n": 1}
            gate.go_on.wait(20)
            yield {"n": 2}

        def GET():
            return Response.ndjson(rows())
    """
    with (
        shared_module("gate", go_on=threading.Event()) as gate,
        serving(tmp_path, {"rows": source}) as served,
        served.client.stream("GET", "/rows", headers={"accept-encoding": "gzip"}) as response,
    ):
        unpacker = zlib.decompressobj(31)
        chunks = response.iter_raw()
        first = unpacker.decompress(next(chunks))
        gate.go_on.set()
        rest = b"".join(unpacker.decompress(chunk) for chunk in chunks)
    assert (first, rest, unpacker.eof) == (b'{"n":1}\n', b'{"n":2}\n', True)
    assert (response.headers["content-encoding"], response.headers["vary"]) == ("gzip", "Accept-Encoding")


FILE = "from edgeroutes import Response\n{config}\ndef GET():\n    return Response.file('large.bin')\n"


def test_a_large_file_is_the_same_whole_and_streamed(tmp_path: Path) -> None:
    content = bytes(range(256)) * 8192
    (tmp_path / "large.bin").write_bytes(content)
    files = {"whole": FILE.format(config=""), "streamed": FILE.format(config="streaming = True")}
    with serving(tmp_path, files) as served:
        whole, streamed = (served.get(f"/{name}") for name in files)
        parts = [served.get(f"/{name}", headers={"range": "bytes=-5"}) for name in files]

    for response in (whole, streamed):
        assert (response.content, response.headers["content-length"]) == (content, str(len(content)))
        assert "transfer-encoding" not in response.headers
    assert whole.headers["etag"] == streamed.headers["etag"]
    assert [(part.status_code, part.content) for part in parts] == [(206, content[-5:])] * 2
