"""A moto server in a process of its own, on loopback: what is in it survives reloads of the project. Floor 3.

It ends with the process that started it, however that ends, because it watches a pipe that only that one holds. It gets no signals of the
terminal: requests that end after Ctrl-C still find it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import IO, TYPE_CHECKING, Self

from edgeroutes.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Sequence

HOST = "127.0.0.1"
_STOP_SECONDS = 10
_PROFILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")


class MotoProcess:
    """One server at a time. Use it as a context manager, or call `stop`.

    Args:
        port: Where it listens; 0 takes a free one, and keeps it over restarts.
        hosts: Names by which clients reach it besides those of loopback, such as the address that a relay for containers has.
    """

    def __init__(self, port: int = 0, hosts: Sequence[str] = ()) -> None:
        self.port = port
        self._hosts = tuple(hosts)
        self._is_ready = False
        self._running: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """What clients take for AWS, `http://127.0.0.1:4100`."""
        return f"http://{HOST}:{self.port}"

    @property
    def is_running(self) -> bool:
        """Whether it lives."""
        return self._running is not None and self._running.poll() is None

    def ensure(self) -> bool:
        """Start it where it does not live; whether that was so. What a dead one held is gone: make it anew.

        Raises:
            ToolError: It does not start: the port is taken, or moto is not installed.
        """
        if self.is_running:
            return False
        self.stop()
        command = [sys.executable, "-m", "edgeroutes.dev.cloud.server", str(self.port), *self._hosts]
        # A file, not a pipe: nobody reads it while the server runs, and a full pipe would stop it.
        pipe, log = subprocess.PIPE, tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop
        self._log = log
        # A profile that is not there would keep even moto's boto3 from starting.
        environ = {name: value for name, value in os.environ.items() if name not in _PROFILES}
        running = subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=pipe, stdout=pipe, stderr=log, start_new_session=True, env=environ
        )
        self._running = running
        printed = _open(running.stdout).readline().decode().strip()
        if not printed.isdigit():
            raise self._failure()
        self.port, self._is_ready = int(printed), True
        return True

    def wait(self) -> None:
        """Until it has ended, by itself or by `stop`."""
        running = self._running
        if running is not None:
            running.wait()

    def stop(self) -> None:
        """End it; from any thread, also while another starts it. Nothing happens where it does not run."""
        running, self._running = self._running, None
        if running is None:
            return
        if not self._is_ready:  # it reads its pipe only later
            running.kill()
        self._is_ready = False
        _open(running.stdin).close()
        try:
            running.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        _open(running.stdout).close()
        _open(self._log).close()

    def __enter__(self) -> Self:
        self.ensure()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _failure(self) -> ToolError:
        if self._running is None:
            return ToolError("the moto server was ended while it started", where=f"{HOST}:{self.port}")
        self._running.wait(_STOP_SECONDS)
        log = _open(self._log)
        log.seek(0)
        lines = log.read().decode(errors="replace").strip().splitlines()
        self.stop()
        hint = "Install edgeroutes[dev]" if any("No module named" in line for line in lines[-1:]) else ""
        if any("Address already in use" in line or "is in use" in line for line in lines):
            hint = "End what listens there, or choose another port"
        said = lines[-1] if lines else "it said nothing"
        return ToolError(f"the moto server does not start: {said}", where=f"{HOST}:{self.port}", hint=hint)


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise TypeError("the process was started without it")
    return stream
