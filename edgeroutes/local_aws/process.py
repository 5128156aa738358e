"""A moto server in a process of its own, on loopback: its data survives reloads of the project.

It ends with the process that started it, because it watches a pipe that only that one has. It gets no signals of the terminal:
requests that end after Ctrl-C still find it.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Self

from edgeroutes.errors import ToolError
from edgeroutes.local_aws import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
