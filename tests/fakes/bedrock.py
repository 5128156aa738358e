"""Amazon Bedrock's ConverseStream on a real socket: its HTTP request, and event-stream frames in chunks as the response.

Source: smithy.io "Amazon Event Stream Specification", Bedrock API reference "ConverseStream", read 2026-11-21.
"""

from __future__ import annotations

import json
import struct
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_STRING = 7


def frame(kind: str, payload: dict[str, Any], message_type: str = "event") -> bytes:
    """One message: its lengths and their checksum, headers, payload, and the checksum of all."""
    fields = {f":{message_type}-type": kind, ":content-type": "application/json", ":message-type": message_type}
    headers = b"".join(
        struct.pack(f"!B{len(name)}sBH{len(value)}s", len(name), name.encode(), _STRING, len(value), value.encode())
        for name, value in fields.items()
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(body), len(headers))
    message = prelude + struct.pack("!I", crc32(prelude)) + headers + body
    return message + struct.pack("!I", crc32(message))


def tokens(*texts: str) -> list[bytes]:
    """A complete response with these tokens."""
    return [
        frame("messageStart", {"role": "assistant"}),
        *(frame("contentBlockDelta", {"delta": {"text": text}, "contentBlockIndex": 0}) for text in texts),
        frame("contentBlockStop", {"contentBlockIndex": 0}),
        frame("messageStop", {"stopReason": "end_turn"}),
        frame("metadata", {"usage": {"inputTokens": 1, "outputTokens": len(texts), "totalTokens": 1}, "metrics": {"latencyMs": 1}}),
    ]  # fmt: skip


class FakeBedrock:
    """The next response of the server, and the requests that it received."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, Any]] = []
        self.frames: Iterable[bytes | Callable[[], None]] = ()
        self.error: tuple[int, str] | None = None
        self.is_cut = False
        self.was_left = threading.Event()

    def respond(self, *frames: bytes | Callable[[], None], cut: bool = False) -> None:
        """Respond with these frames, calling functions among them; then end, or close the connection early."""
        self.frames, self.is_cut, self.error = frames, cut, None

    def refuse(self, status: int, code: str) -> None:
        """Respond with an error of the service instead."""
        self.error = (status, code)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeBedrock

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.fake.asked.append((self.path, json.loads(body)))
        if self.fake.error is not None:
            self._refuse(*self.fake.error)
            return
        self.send_response(200)
        self.send_header("content-type", "application/vnd.amazon.eventstream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        try:
            self._stream()
        except OSError:
            self.fake.was_left.set()

    def _refuse(self, status: int, code: str) -> None:
        content = json.dumps({"message": code}).encode()
        self.send_response(status)
        self.send_header("x-amzn-errortype", code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self) -> None:
        for each in self.fake.frames:
            if callable(each):
                each()
            else:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(each), each))
        if self.fake.is_cut:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving_bedrock() -> Iterator[FakeBedrock]:
    """The service on a free port of this machine."""
    fake = FakeBedrock()
    handler = type("Handler", (_Handler,), {"fake": fake})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        fake.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
