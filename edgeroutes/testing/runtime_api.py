"""Lambda's Runtime API on a real socket, for a function's process with the real awslambdaric.

Source: docs.aws.amazon.com/lambda "Using the Lambda runtime API" and "Building a custom runtime" (streaming), read 2026-11-21;
`/runtime/restore` is not documented: awslambdaric/lambda_runtime_client.py.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from base64 import b64decode
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from edgeroutes.adapters.checks import LAMBDA_RESULT_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WAIT_SECONDS = 20
_ACCEPTED = 202
DELIMITER = bytes(8)


@dataclass(slots=True)
class StreamedResult:
    """A streamed result; its chunks may still arrive.

    Args:
        headers: The headers of its request, names in lower case.
        trailers: The trailers after the last chunk, names in lower case; empty until then.
        is_complete: Whether the last chunk has arrived.
    """

    headers: Mapping[str, str]
    trailers: dict[str, str] = field(default_factory=dict)
    is_complete: bool = False
    _chunks: queue.Queue[tuple[float, bytes] | None] = field(default_factory=queue.Queue)

    def add(self, chunk: bytes | None) -> None:
        """Add a chunk, or None for the end."""
        self._chunks.put(None if chunk is None else (time.monotonic(), chunk))

    def timed_chunks(self) -> Iterator[tuple[float, bytes]]:
        """Each chunk with the `time.monotonic()` of its arrival."""
        while (chunk := self._chunks.get(timeout=_WAIT_SECONDS)) is not None:
            yield chunk

    def chunks(self) -> Iterator[bytes]:
        """Each chunk; the first is the prelude with its delimiter."""
        for _, chunk in self.timed_chunks():
            yield chunk

    def whole(self) -> tuple[dict[str, Any], bytes]:
        """The prelude and the whole body."""
        prelude, delimiter, body = b"".join(self.chunks()).partition(DELIMITER)
        if not delimiter:
            raise ValueError(f"there is no prelude in {prelude!r:.80}")
        return json.loads(prelude), body

    def error(self) -> dict[str, Any]:
        """The error in the trailers."""
        document: dict[str, Any] = json.loads(b64decode(self.trailers["lambda-runtime-function-error-body"]))
        return document


class RuntimeApi:
    """Hands out events one by one, and stores the results in their order.

    `calls` lists the function's calls: `"next"` for an event, `"response"` or `"error"` for a result, and `"init/error"`, `"restore/next"`.

    Args:
        timeout_s: The function's timeout for each event.
        invocation_id: Of each attempt; empty as on an older Lambda.

    Clear `reads` to stop reading chunks, set `status` to refuse a result, set `hangs_up` to close the connection after one chunk; with both
    it refuses first.
    """

    def __init__(self, *, timeout_s: float = 900, invocation_id: str = "") -> None:
        self.calls: list[str] = []
        self.results: queue.Queue[Any] = queue.Queue()
        self.status = _ACCEPTED
        self.timeout_s = timeout_s
        self.invocation_id = invocation_id
        self.reads = threading.Event()
        self.reads.set()
        self.hangs_up = False
        self.events: queue.Queue[Any] = queue.Queue()
        self._changed = threading.Condition()
        self._server = _Server(self)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def invoke(self, event: Any) -> Any:
        """The function's result for the event: JSON, other bytes, or a `StreamedResult` that has started; None for too large a result.

        The function may still run code after its response.
        """
        self.events.put(event)
        return self.results.get(timeout=_WAIT_SECONDS)

    def wait_for_calls(self, expected: list[str]) -> None:
        """Return when the calls are these; TimeoutError when they do not become these."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.calls == expected, _WAIT_SECONDS):
                raise TimeoutError(f"the function's calls were {self.calls}, not {expected}")

    def close(self) -> None:
        """Release a waiting function, and stop."""
        self.events.put(None)
        self._server.shutdown()
        self._server.server_close()

    def event_headers(self) -> dict[str, str]:
        """The headers of the next event."""
        headers = {
            "Lambda-Runtime-Aws-Request-Id": f"invocation-{self.calls.count('next')}",
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + self.timeout_s) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:emulated",
        }
        return {**headers, "Lambda-Runtime-Invocation-Id": self.invocation_id} if self.invocation_id else headers

    def note(self, call: str) -> None:
        with self._changed:
            self.calls.append(call)
            self._changed.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.api = api

    def handle_error(self, *_: object) -> None:
        """A killed function closes its connection; that is not an error."""


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        api = self.server.api
        if self.path.endswith("/restore/next"):
            api.note("restore/next")
            self._send(200, b"")
            return
        api.note("next")
        event = api.events.get()
        if event is None:
            self.close_connection = True
            return
        self._send(200, json.dumps(event).encode(), api.event_headers())

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            self._take_stream()
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if len(body) > LAMBDA_RESULT_BYTES:
            self._send(413, b'{"errorType":"RequestEntityTooLarge"}')
            self.server.api.results.put(None)
            return
        self._accept()
        self.server.api.results.put(_parse_result(body))

    def _take_stream(self) -> None:
        result = StreamedResult({name.lower(): value for name, value in self.headers.items()})
        self.server.api.results.put(result)
        try:
            while size := int(self.rfile.readline(), 16):
                data = self.rfile.read(size)
                if self.rfile.read(2) != b"\r\n":
                    raise ValueError(f"a chunk of {size} bytes has no CRLF at its end")
                result.add(data)
                self.server.api.reads.wait(_WAIT_SECONDS)
                if self.server.api.hangs_up:
                    if self.server.api.status != _ACCEPTED:
                        self._accept()
                    self.close_connection = True
                    return
            while line := self.rfile.readline().strip().decode("latin-1"):
                name, _, value = line.partition(":")
                result.trailers[name.lower()] = value.strip()
            result.is_complete = True
            self._accept()
        finally:
            result.add(None)

    def _accept(self) -> None:
        api = self.server.api
        _, _, call = self.path.partition("/runtime/")
        api.note(call.rpartition("/")[2] if call.startswith("invocation/") else call)
        self._send(api.status, b'{"status":"OK"}')

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _parse_result(body: bytes) -> Any:
    """A buffered result: JSON's value, or other bytes as they are."""
    try:
        return json.loads(body)
    except ValueError:
        return body
