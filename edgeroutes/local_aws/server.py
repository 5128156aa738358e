"""A moto server in a process of its own, on loopback: its data survives reloads of the project.

`MotoProcess` starts it as `python -m edgeroutes.local_aws.server OPTIONS`. It accepts connections at once and imports moto meanwhile,
which takes seconds. Requests can wait until the resources of infra/ are created; the dev server's own requests create them and do not
wait. Standard output has one JSON document a line, standard input takes them, and the server ends with it, and so with the process
that started it. It gets no signals of the terminal: requests that end after Ctrl-C still find it.

moto itself reflects every `Origin`, allows every preflight and ignores `Host`: any website that a developer visits could read and
change its data, and send requests into the developer's network. `_Gate` refuses such requests.
"""

from __future__ import annotations

import json
import logging
import os
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Self

from edgeroutes.errors import ToolError
from edgeroutes.local_aws import HOST, OWN_ACCESS_KEY
from edgeroutes.local_aws.origins import foreign_origin, is_loopback_authority, refers_from_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    StartResponse = Callable[[str, list[tuple[str, str]]], Any]
    WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


_OPEN, _HELD, _FAILED = "open", "held", "failed"

_SERVICE = re.compile(r"Credential=[^/\s,]+/\d{8}/[^/\s,]+/([a-z0-9-]+)/aws4_request")
_HEAD_WAIT_S = 5.0
_HEAD_BYTES = 16 * 1024
_STEP_S = 0.05


class _Hold:
    """Whether requests wait, go on or fail.

    Args:
        report: Receives the call of each request that begins to wait: `dynamodb Scan`.
        is_held: Whether requests wait at first.
    """

    def __init__(self, report: Callable[[str], None], *, is_held: bool) -> None:
        self._report = report
        self._changed = threading.Condition()
        self._state = _HELD if is_held else _OPEN
        self._message = ""
        self._waited: set[str] = set()

    def change(self, state: str, message: str = "") -> None:
        with self._changed:
            self._state, self._message = state, message
            if state != _HELD:
                self._waited.clear()
            self._changed.notify_all()

    def report_wait(self, call: str) -> None:
        """Report a call that waits; once per call and wait."""
        with self._changed:
            is_new = self._state == _HELD and call not in self._waited
            self._waited.add(call)
        if is_new:
            self._report(call)

    def pass_through(self, environ: Mapping[str, Any]) -> str:
        """Wait, then return the reason why the request fails; empty where it goes on."""
        authorization = str(environ.get("HTTP_AUTHORIZATION", ""))
        if f"Credential={OWN_ACCESS_KEY}/" in authorization:
            return ""
        if self._state == _HELD:
            self.report_wait(_read_call(authorization, str(environ.get("HTTP_X_AMZ_TARGET", ""))))
        with self._changed:
            self._changed.wait_for(lambda: self._state != _HELD)
            return self._message if self._state == _FAILED else ""


class _EarlyConnections:
    """Accepts connections before the server runs, and reports the calls in them without consuming a byte.

    Args:
        listening: The server's socket.
        hold: Receives the calls.
    """

    def __init__(self, listening: socket.socket, hold: _Hold) -> None:
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


class _Gate:
    """A WSGI app that refuses what no program and no page of this machine has sent.

    Args:
        application: Gets the other requests.
        hosts: Allowed names besides those of loopback.
        hold: Makes requests wait or fail; None for neither.
    """

    def __init__(self, application: WsgiApp, hosts: Iterable[str] = (), hold: _Hold | None = None) -> None:
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
        options: JSON, all of it optional: `descriptor` of a listening socket or `port` (0 for a free one), allowed `hosts` besides those
            of loopback, `is_held` where requests wait until standard input has `{"state": "open"}`.
    """
    given = {"descriptor": None, "port": 0, "hosts": [], "is_held": False, **json.loads(options)}
    if given["descriptor"] is not None:
        listening = socket.socket(fileno=given["descriptor"])
    else:
        listening = socket.create_server((HOST, given["port"]))
    hold = _Hold(lambda call: _write(waits=call), is_held=given["is_held"])
    threading.Thread(target=_read_commands, args=(hold,), daemon=True).start()
    early = _EarlyConnections(listening, hold)
    _serve(listening, early, hold, given["hosts"])


def _serve(listening: socket.socket, early: _EarlyConnections, hold: _Hold, hosts: list[str]) -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    from edgeroutes.local_aws import engine

    class RequestHandler(MotoRequestHandler):
        """Keeps the `Host` headers, in whose place werkzeug puts the host of an absolute request target."""

        def make_environ(self) -> dict[str, Any]:
            """The WSGI environment."""
            return {**super().make_environ(), _SENT_HOSTS: self.headers.get_all("Host", [])}

    engine.install()
    # No line for each request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = _Gate(DomainDispatcherApplication(create_backend_app), hosts, hold)
    os.environ["MOTO_PORT"] = str(listening.getsockname()[1])
    accepted = early.stop()
    server = make_server(HOST, 0, application, threaded=True, request_handler=RequestHandler, fd=listening.fileno())
    _write(is_ready=True)
    for connection, address in accepted:
        server.process_request(connection, address)
    server.serve_forever()


def _write(**document: Any) -> None:
    print(json.dumps(document), flush=True)  # noqa: T201 - the process that started this one reads it


def _read_commands(hold: _Hold) -> None:
    for line in sys.stdin.buffer:
        hold.change(**json.loads(line))
    os._exit(0)  # also while moto is imported; its data ends with it


_STOP_SECONDS = 10
_PROFILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")


class MotoProcess:
    """One server at a time. Use it as a context manager, or call `stop`.

    Args:
        port: 0 takes a free one, which stays the same over restarts.
        hosts: Names of it besides those of loopback, such as the address of a relay for containers.
        on_wait: Receives the call of each request that waits (`dynamodb Scan`). With it, requests wait until `open`.
    """

    def __init__(self, port: int = 0, hosts: Sequence[str] = (), on_wait: Callable[[str], None] | None = None) -> None:
        self.port = port
        self._hosts = tuple(hosts)
        self._on_wait = on_wait
        self._socket: socket.socket | None = None
        self._running: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """The endpoint, `http://127.0.0.1:4100`."""
        return f"http://{HOST}:{self.port}"

    @property
    def is_running(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def listen(self) -> socket.socket:
        """The socket, on which clients can connect before the server runs; they wait for it.

        Raises:
            ToolError: The port is taken.
        """
        if self._socket is None:
            try:
                self._socket = socket.create_server((HOST, self.port), backlog=512)
            except OSError as error:
                problem = f"the moto server does not start: {error.strerror or error}"
                hint = "End what listens there, or choose another port"
                raise ToolError(problem, where=f"{HOST}:{self.port}", hint=hint) from error
            self.port = self._socket.getsockname()[1]
        return self._socket

    def ensure(self) -> bool:
        """Start it unless it runs; whether it was started. The data of a dead server is lost.

        Raises:
            ToolError: It does not start: the port is taken, or moto is not installed.
        """
        if self.is_running:
            return False
        listening = self.listen()
        self._end()
        can_pass = os.name == "posix"
        options = {
            "descriptor": listening.fileno() if can_pass else None,
            "port": self.port,
            "hosts": self._hosts,
            "is_held": self._on_wait is not None,
        }
        if not can_pass:  # the server listens for itself on the same port
            listening.close()
            self._socket = None
        command = [sys.executable, "-m", "edgeroutes.local_aws.server", json.dumps(options)]
        # A file, not a pipe: nobody reads it while the server runs, and a full pipe would stop it.
        pipe, log = subprocess.PIPE, tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop
        self._log = log
        # A missing profile would keep even moto's boto3 from starting.
        environ = {name: value for name, value in os.environ.items() if name not in _PROFILES}
        passed = (listening.fileno(),) if can_pass else ()
        running = subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=pipe, stdout=pipe, stderr=log, start_new_session=True, env=environ, pass_fds=passed
        )
        self._running = running
        is_ready = threading.Event()
        threading.Thread(target=self._read, args=(running, is_ready), name="edgeroutes-moto-out", daemon=True).start()
        is_ready.wait()
        if running.poll() is not None:
            raise self._failure(running)
        return True

    def set_state(self, state: str, message: str = "") -> None:
        """Make requests wait (`held`), go on (`open`) or fail with a message (`failed`)."""
        running = self._running
        if running is not None:
            with suppress(OSError, ValueError):  # it has died, and is started again
                stdin = _open(running.stdin)
                stdin.write(json.dumps({"state": state, "message": message}).encode() + b"\n")
                stdin.flush()

    def wait(self) -> None:
        """Wait until it has ended, by itself or by `stop`."""
        running = self._running
        if running is not None:
            running.wait()

    def stop(self) -> None:
        """End it; from any thread, also while another starts it."""
        listening, self._socket = self._socket, None
        if listening is not None:
            listening.close()
        self._end()

    def _end(self) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        with suppress(OSError):
            _open(running.stdin).close()
        if running.poll() is None:
            running.terminate()  # its data ends with it
        try:
            running.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        log, self._log = self._log, None
        _open(log).close()

    def _read(self, running: subprocess.Popen[bytes], is_ready: threading.Event) -> None:
        """Read the server's messages until it ends."""
        with _open(running.stdout) as output:
            for line in output:
                document: dict[str, Any] = json.loads(line)
                if "waits" in document and self._on_wait is not None:
                    self._on_wait(document["waits"])
                elif document.get("is_ready"):
                    is_ready.set()
        running.wait()
        is_ready.set()

    def __enter__(self) -> Self:
        self.ensure()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _failure(self, running: subprocess.Popen[bytes]) -> ToolError:
        if self._running is None:
            return ToolError("the moto server was ended while it started", where=f"{HOST}:{self.port}")
        log = _open(self._log)
        log.seek(0)
        lines = log.read().decode(errors="replace").strip().splitlines()
        self.stop()
        hint = "Install edgeroutes[dev]" if any("No module named" in line for line in lines[-1:]) else ""
        last = lines[-1] if lines else f"it ended with {running.returncode} and no message"
        return ToolError(f"the moto server does not start: {last}", where=f"{HOST}:{self.port}", hint=hint)


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise TypeError("the process was started without it")
    return stream


if __name__ == "__main__":
    main(*sys.argv[1:])
