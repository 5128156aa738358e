"""Requests to local AWS that wait until the resources of infra/ are made; the dev server's own requests make them and do not wait."""

from __future__ import annotations

import json
import re
import selectors
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from edgeroutes.local_aws.process import OWN_ACCESS_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    StartResponse = Callable[[str, list[tuple[str, str]]], Any]

OPEN, HELD, FAILED = "open", "held", "failed"

_SERVICE = re.compile(r"Credential=[^/\s,]+/\d{8}/[^/\s,]+/([a-z0-9-]+)/aws4_request")
_HEAD_WAIT_S = 5.0
_HEAD_BYTES = 16 * 1024
_STEP_S = 0.05


class Hold:
    """Whether requests wait, go on or fail.

    Args:
        report: Gets the call of each request that begins to wait: `dynamodb Scan`.
        is_held: Whether requests wait at first.
    """

    def __init__(self, report: Callable[[str], None], *, is_held: bool) -> None:
        self._report = report
        self._changed = threading.Condition()
        self._state = HELD if is_held else OPEN
        self._message = ""
        self._waited: set[str] = set()

    def change(self, state: str, message: str = "") -> None:
        """Have requests wait, go on, or fail with this message."""
        with self._changed:
            self._state, self._message = state, message
            if state != HELD:
                self._waited.clear()
            self._changed.notify_all()

    def report_wait(self, call: str) -> None:
        """Report a call that waits; once per call and wait."""
        with self._changed:
            is_new = self._state == HELD and call not in self._waited
            self._waited.add(call)
        if is_new:
            self._report(call)

    def pass_through(self, environ: Mapping[str, Any]) -> str:
        """Why a request fails, once nothing has it wait any more; empty where it may go on."""
        authorization = str(environ.get("HTTP_AUTHORIZATION", ""))
        if f"Credential={OWN_ACCESS_KEY}/" in authorization:
            return ""
        if self._state == HELD:
            self.report_wait(read_call(authorization, str(environ.get("HTTP_X_AMZ_TARGET", ""))))
        with self._changed:
            self._changed.wait_for(lambda: self._state != HELD)
            return self._message if self._state == FAILED else ""


class EarlyConnections:
    """Accepts connections before there is a server for them, and reports the calls in them without consuming a byte.

    Args:
        listening: The server's socket.
        hold: Gets the calls.
    """

    def __init__(self, listening: socket.socket, hold: Hold) -> None:
        self._listening = listening
        self._hold = hold
        self._accepted: list[tuple[socket.socket, Any]] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def stop(self) -> list[tuple[socket.socket, Any]]:
        """The connections with their addresses; no more are accepted."""
        self._is_over.set()
        self._thread.join()
        return self._accepted

    def _accept(self) -> None:
        # The socket may be shared with the process that made it, so its blocking mode stays.
        with selectors.DefaultSelector() as selector:
            selector.register(self._listening, selectors.EVENT_READ)
            while not self._is_over.is_set():
                if selector.select(_STEP_S):
                    connection, address = self._listening.accept()
                    self._accepted.append((connection, address))
                    threading.Thread(target=self._look, args=(connection,), daemon=True).start()

    def _look(self, connection: socket.socket) -> None:
        end = time.monotonic() + _HEAD_WAIT_S
        head = b""
        while b"\r\n\r\n" not in head and time.monotonic() < end and not self._is_over.is_set():
            try:
                head = connection.recv(_HEAD_BYTES, socket.MSG_PEEK)
            except OSError:
                return
            if not head or len(head) == _HEAD_BYTES:
                break
            time.sleep(_STEP_S / 10)
        if head:
            lines = dict(_header_lines(head.decode("latin-1").split("\r\n")))
            self._hold.report_wait(read_call(lines.get("authorization", ""), lines.get("x-amz-target", "")))


def _header_lines(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip().lower(), value.strip()


def read_call(authorization: str, target: str) -> str:
    """The service and, where a header has it, the operation: `dynamodb Scan`, `s3`."""
    found = _SERVICE.search(authorization)
    service = found[1] if found else "an unsigned request"
    return f"{service} {target.rpartition('.')[2]}".rstrip()


def respond_with_failure(message: str, environ: Mapping[str, Any], start_response: StartResponse) -> list[bytes]:
    """An error of AWS that SDKs raise at once: they repeat requests after a 5xx."""
    code = "LocalAWSFailed"
    if "json" in str(environ.get("CONTENT_TYPE", "")):
        body = json.dumps({"__type": code, "message": message, "Message": message})
        content_type = "application/x-amz-json-1.1"
    else:
        from xml.sax.saxutils import escape

        inner = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
        is_s3 = read_call(str(environ.get("HTTP_AUTHORIZATION", "")), "") == "s3"
        body = f"<Error>{inner}</Error>" if is_s3 else f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>"
        content_type = "text/xml"
    encoded = body.encode()
    headers = [("Content-Type", content_type), ("Content-Length", str(len(encoded))), ("x-amzn-ErrorType", code)]
    start_response("400 Bad Request", headers)
    return [encoded]
