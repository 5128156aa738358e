"""Lambda's Runtime API on a real socket, for a function's process under the real awslambdaric.

Source: docs.aws.amazon.com/lambda "Using the Lambda runtime API", read 2026-11-21.
"""

from __future__ import annotations

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WAIT_SECONDS = 20


class RuntimeApi:
    """Hands out events one by one and keeps what comes back, in the order in which it came.

    `calls` tells the order: `"next"` when the function asks for an event, `"response"` or `"error"` when it has answered one.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.answers: queue.Queue[Any] = queue.Queue()
        self._events: queue.Queue[Any] = queue.Queue()
        self._changed = threading.Condition()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                api._note("next")
                event = api._events.get()
                if event is None:
                    self.close_connection = True
                    return
                headers = {
                    "Lambda-Runtime-Aws-Request-Id": f"invocation-{api.calls.count('next')}",
                    "Lambda-Runtime-Deadline-Ms": "9999999999999",
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:emulated",
                    "Content-Type": "application/json",
                }
                self._send(200, json.dumps(event).encode(), headers)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._send(202, b'{"status":"OK"}', {"Content-Type": "application/json"})
                api._note(self.path.rpartition("/")[2])
                api.answers.put(json.loads(body))

            def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A function that is killed hangs up: nobody's fault."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def invoke(self, event: Any) -> Any:
        """What the function posted for the event; it may still be busy with what comes after."""
        self._events.put(event)
        return self.answers.get(timeout=WAIT_SECONDS)

    def wait_for_calls(self, expected: list[str]) -> None:
        """Return when the calls are these; TimeoutError when they do not become so."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.calls == expected, WAIT_SECONDS):
                raise TimeoutError(f"the function's calls were {self.calls}, not {expected}")

    def close(self) -> None:
        """Let a waiting function go, and stop."""
        self._events.put(None)
        self._server.shutdown()
        self._server.server_close()

    def _note(self, call: str) -> None:
        with self._changed:
            self.calls.append(call)
            self._changed.notify_all()
