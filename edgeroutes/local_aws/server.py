"""A moto server in this process, `python -m edgeroutes.local_aws.server OPTIONS`, as `process` starts it.

It accepts connections at once and imports moto meanwhile, which takes seconds. Requests can wait until the resources of infra/ are
created; the dev server's own requests create them and do not wait. Standard output has one JSON document a line, standard input
takes them, and the server ends with it.

moto itself reflects every `Origin`, allows every preflight and ignores `Host`: any website that a developer visits could read and
change its data, and send requests into the developer's network. `Gate` refuses such requests.
"""

from __future__ import annotations

import json
import logging
import os
import re
import selectors
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from edgeroutes.local_aws import HOST, OWN_ACCESS_KEY
from edgeroutes.local_aws.origins import foreign_origin, is_loopback_authority, refers_from_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    StartResponse = Callable[[str, list[tuple[str, str]]], Any]
    WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]

OPEN, HELD, FAILED = "open", "held", "failed"

_SERVICE = re.compile(r"Credential=[^/\s,]+/\d{8}/[^/\s,]+/([a-z0-9-]+)/aws4_request")
_HEAD_WAIT_S = 5.0
_HEAD_BYTES = 16 * 1024
_STEP_S = 0.05


class Hold:
    """Whether requests wait, go on or fail.

    Args:
        report: Receives the call of each request that begins to wait: `dynamodb Scan`.
        is_held: Whether requests wait at first.
    """

    def __init__(self, report: Callable[[str], None], *, is_held: bool) -> None:
        self._report = report
        self._changed = threading.Condition()
        self._state = HELD if is_held else OPEN
        self._message = ""
        self._waited: set[str] = set()

    def change(self, state: str, message: str = "") -> None:
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
        """Wait, then return the reason why the request fails; empty where it goes on."""
        authorization = str(environ.get("HTTP_AUTHORIZATION", ""))
        if f"Credential={OWN_ACCESS_KEY}/" in authorization:
            return ""
        if self._state == HELD:
            self.report_wait(_read_call(authorization, str(environ.get("HTTP_X_AMZ_TARGET", ""))))
        with self._changed:
            self._changed.wait_for(lambda: self._state != HELD)
            return self._message if self._state == FAILED else ""


class _EarlyConnections:
    """Accepts connections before the server runs, and reports the calls in them without consuming a byte.

    Args:
        listening: The server's socket.
        hold: Receives the calls.
    """

    def __init__(self, listening: socket.socket, hold: Hold) -> None:
        self._listening = listening
        self._hold = hold
        self._accepted: list[tuple[socket.socket, Any]] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def stop(self) -> list[tuple[socket.socket, Any]]:
        """Accept no more; returns the connections with their addresses."""
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
            self._hold.report_wait(_read_call(lines.get("authorization", ""), lines.get("x-amz-target", "")))


def _header_lines(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip().lower(), value.strip()


def _read_call(authorization: str, target: str) -> str:
    """The service and, where a header has it, the operation: `dynamodb Scan`, `s3`."""
    found = _SERVICE.search(authorization)
    service = found[1] if found else "an unsigned request"
    return f"{service} {target.rpartition('.')[2]}".rstrip()


def _respond_with_failure(message: str, environ: Mapping[str, Any], start_response: StartResponse) -> list[bytes]:
    """An AWS error that SDKs raise at once: they repeat requests after a 5xx."""
    code = "LocalAWSFailed"
    if "json" in str(environ.get("CONTENT_TYPE", "")):
        body = json.dumps({"__type": code, "message": message, "Message": message})
        content_type = "application/x-amz-json-1.1"
    else:
        from xml.sax.saxutils import escape

        inner = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
        is_s3 = _read_call(str(environ.get("HTTP_AUTHORIZATION", "")), "") == "s3"
        body = f"<Error>{inner}</Error>" if is_s3 else f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>"
        content_type = "text/xml"
    encoded = body.encode()
    headers = [("Content-Type", content_type), ("Content-Length", str(len(encoded))), ("x-amzn-ErrorType", code)]
    start_response("400 Bad Request", headers)
    return [encoded]


_SENT_HOSTS = "edgeroutes.sent_hosts"
"""Where the WSGI environment has every `Host` header as it was sent; `HTTP_HOST` has that of an absolute request target."""

_ASKED_METHOD = "HTTP_ACCESS_CONTROL_REQUEST_METHOD"
_HEADERS = {
    "origin": "HTTP_ORIGIN",
    "referer": "HTTP_REFERER",
    "sec-fetch-site": "HTTP_SEC_FETCH_SITE",
}


class Gate:
    """A WSGI app that refuses what no program and no page of this machine has sent.

    Args:
        application: Gets the other requests.
        hosts: Allowed names besides those of loopback.
        hold: Makes requests wait or fail; None for neither.
    """

    def __init__(self, application: WsgiApp, hosts: Iterable[str] = (), hold: Hold | None = None) -> None:
        self._application = application
        self._hold = hold
        self._hosts = frozenset(hosts)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """WSGI."""
        reason = self._refusal(environ)
        if not reason and _is_preflight(environ):
            # moto checks a presigned URL's signature against the method, which here is not the one that was signed.
            start_response("204 No Content", _preflight_headers(environ))
            return []
        if not reason:
            failure = self._hold.pass_through(environ) if self._hold is not None else ""
            if failure:
                return _respond_with_failure(failure, environ, start_response)
            return self._application(environ, start_response)
        body = f"edgeroutes dev: local AWS refuses this request: {reason}\n".encode("ascii", "backslashreplace")
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        start_response("403 Forbidden", headers)
        return [body]

    def _refusal(self, environ: Mapping[str, Any]) -> str:
        hosts = {str(environ.get("HTTP_HOST", "")), *environ.get(_SENT_HOSTS, ())}
        if "HTTP_X_FORWARDED_HOST" in environ:  # a proxy that makes this server public
            hosts.add(str(environ["HTTP_X_FORWARDED_HOST"]))
        for host in sorted(hosts):
            if not self._is_host(host):
                return f"the host {host!r} is not this machine. Use 127.0.0.1 or localhost."
        headers = {name: str(environ[key]).strip() for name, key in _HEADERS.items() if key in environ}
        origin = foreign_origin(headers)
        if origin is not None or ("origin" not in headers and refers_from_elsewhere(headers)):
            return "a page of another site sent it. Only pages of this machine (http://localhost:3000) may."
        return ""

    def _is_host(self, host: str) -> bool:
        return is_loopback_authority(host) or host.rpartition(":")[0] in self._hosts or host in self._hosts


def _is_preflight(environ: Mapping[str, Any]) -> bool:
    return environ["REQUEST_METHOD"] == "OPTIONS" and {"HTTP_ORIGIN", _ASKED_METHOD} <= environ.keys()


def _preflight_headers(environ: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("Access-Control-Allow-Origin", environ["HTTP_ORIGIN"]),
        ("Access-Control-Allow-Methods", environ[_ASKED_METHOD]),
        ("Access-Control-Allow-Headers", environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "")),
        ("Vary", "Origin"),
    ]


def main(options: str) -> None:
    """Serve until standard input ends.

    Args:
        options: JSON: `descriptor` of a listening socket or `port` (0 for a free one), allowed `hosts` besides those of loopback,
            `is_held` where requests wait until standard input has `{"state": "open"}`.
    """
    given = json.loads(options)
    if given["descriptor"] is not None:
        listening = socket.socket(fileno=given["descriptor"])
    else:
        listening = socket.create_server((HOST, given["port"]))
    hold = Hold(lambda call: _write(waits=call), is_held=given["is_held"])
    threading.Thread(target=_read_commands, args=(hold,), daemon=True).start()
    early = _EarlyConnections(listening, hold)
    _serve(listening, early, hold, given["hosts"])


def _serve(listening: socket.socket, early: _EarlyConnections, hold: Hold, hosts: list[str]) -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    from edgeroutes.local_aws import engine
    from edgeroutes.local_aws.server import _SENT_HOSTS, Gate

    class RequestHandler(MotoRequestHandler):
        """Keeps the `Host` headers, in whose place werkzeug puts the host of an absolute request target."""

        def make_environ(self) -> dict[str, Any]:
            """The WSGI environment."""
            return {**super().make_environ(), _SENT_HOSTS: self.headers.get_all("Host", [])}

    engine.install()
    # No line for each request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = Gate(DomainDispatcherApplication(create_backend_app), hosts, hold)
    os.environ["MOTO_PORT"] = str(listening.getsockname()[1])
    accepted = early.stop()
    handler, descriptor = RequestHandler, listening.fileno()
    server = make_server(HOST, 0, application, threaded=True, request_handler=handler, fd=descriptor)
    _write(is_ready=True)
    for connection, address in accepted:
        server.process_request(connection, address)
    server.serve_forever()


def _write(**document: Any) -> None:
    print(json.dumps(document), flush=True)  # noqa: T201 - the process that started this one reads it


def _read_commands(hold: Hold) -> None:
    for line in sys.stdin.buffer:
        hold.change(**json.loads(line))
    os._exit(0)  # also while moto is imported; its data ends with it


if __name__ == "__main__":
    main(*sys.argv[1:])
