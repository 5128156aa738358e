"""A process that starts workers quickly: it imports the installed packages, never the project's modules, and then forks.

It has one thread. After a save the parent requests a worker, which is a copy of this process: with the packages, and without
anything of the project's last load. Where forking is not safe (macOS), the process becomes the worker itself, and the parent
starts the next one.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from typing import TYPE_CHECKING, Any

from edgeroutes.dev.isolation import is_installed
from edgeroutes.dev.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator


class _ForkServer:
    """Imports packages and starts workers, as the parent requests.

    Args:
        control: The connection to the parent; its end ends this process.
        forks: Whether a worker is a copy; otherwise the process becomes the worker.
    """

    def __init__(self, control: Connection, *, forks: bool) -> None:
        self._control = control
        self._forks = forks and hasattr(os, "fork")

    def serve(self) -> None:
        """Serve until the parent leaves. In a worker this returns when the worker has ended."""
        while True:
            try:
                kind, argument = self._control.recv()
            except (EOFError, OSError):
                return
            is_over = kind == "end"
            if kind == "preload":
                is_over = not self._preload(*argument)
            elif kind == "start":
                is_over = self._start_worker()
            if is_over:
                return

    def _preload(self, names: list[str], environ: dict[str, str]) -> bool:
        """Import the modules; False where copies of this process are no longer safe."""
        os.environ.clear()
        os.environ.update(environ)
        with _silent_output():  # what a package prints when it is imported was printed by the worker
            bad = next((name for name in names if name not in sys.modules and not self._import(name)), None)
        if bad is not None:
            # A thread, an open file or a module of the project would be missing, shared or old in a copy of this process.
            self._control.send(("unforkable", bad.partition(".")[0]))
            return False
        gc.collect()
        gc.freeze()
        return True

    def _import(self, name: str) -> bool:
        """Import a module; whether copies of this process may contain it."""
        before, descriptors = set(sys.modules), _descriptors()
        with suppress(BaseException):  # then the worker imports it, and reports why it fails
            importlib.import_module(name)
        if not self._forks:
            return True
        is_clean = threading.active_count() == 1 and _descriptors() == descriptors
        return is_clean and all(is_installed(new, sys.modules.get(new)) for new in set(sys.modules) - before)

    def _start_worker(self) -> bool:
        """Start a worker on the descriptor that the parent sends; True in the worker, when it has ended."""
        descriptor = recv_handle(self._control)
        pid = os.fork() if self._forks else 0
        if pid:
            os.close(descriptor)
            self._control.send(("started", pid))
            return False
        if not self._forks:
            self._control.send(("started", os.getpid()))
        self._control.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        Worker(Connection(descriptor)).serve()
        return True


@contextmanager
def _silent_output() -> Iterator[None]:
    """Discard standard output and error, including those of C code."""
    copies = [(descriptor, os.dup(descriptor)) for descriptor in (1, 2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for descriptor, _ in copies:
            os.dup2(nowhere, descriptor)
        yield
        with suppress(AttributeError, OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
    finally:
        for descriptor, copy in copies:
            os.dup2(copy, descriptor)
            os.close(copy)
        os.close(nowhere)


def _descriptors() -> set[str]:
    """The open files of this process, without the one that lists them."""
    with suppress(OSError):
        return {name for name in os.listdir("/dev/fd") if os.path.exists(f"/dev/fd/{name}")}  # noqa: PTH110, PTH208
    return set()


def main(arguments: list[str]) -> None:
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is the parent's: it ends the workers when their requests have ended
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a worker, so the kernel need not remember it
    control = Connection(int(arguments[0]))
    first: dict[str, Any] = control.recv()
    sys.path[:] = first["sys_path"]
    _ForkServer(control, forks=first["forks"]).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
