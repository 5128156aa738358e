"""Protects the server's process from handlers: from closed standard streams and `os._exit`."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator


_DESCRIPTORS = {"stdout": 1, "stderr": 2}


class StandardStreams:
    """Restores `sys.stdout` and `sys.stderr`, which all routes share."""

    def __init__(self) -> None:
        self._at_first = {name: getattr(sys, name) for name in _DESCRIPTORS}

    def restore(self) -> list[str]:
        """Replace closed and broken streams, and return their names."""
        broken = [name for name in _DESCRIPTORS if self._at_first[name] is not None and not _works(getattr(sys, name))]
        for name in broken:
            setattr(sys, name, self._usable(name))
        return [f"sys.{name}" for name in broken]

    def _usable(self, name: str) -> IO[str] | None:
        at_first = self._at_first[name]
        if _works(at_first):
            return at_first  # type: ignore[no-any-return]  # of sys
        # Closing `sys.stdout` leaves its descriptor open. Source: CPython's `create_stdio` (Python/pylifecycle.c).
        with suppress(OSError):
            self._at_first[name] = open(  # noqa: SIM115
                _DESCRIPTORS[name], "w", buffering=1, encoding=at_first.encoding, errors=at_first.errors, closefd=False
            )
            return self._at_first[name]  # type: ignore[no-any-return]
        return None  # then `print` does nothing


def _works(stream: Any) -> bool:
    try:
        stream.write("")
    except Exception:  # noqa: BLE001  # a handler may have put anything there
        return False
    return True


@contextmanager
def exits_contained() -> Iterator[None]:
    """Make `os._exit` raise SystemExit in handlers, which becomes the 502 of a function that has ended.

    The main thread runs only the server. In a forked process of the handler's own, `os._exit` ends that process.
    """
    exit_process, server = os._exit, os.getpid()

    def contained_exit(status: int) -> NoReturn:
        if os.getpid() != server or threading.current_thread() is threading.main_thread():
            exit_process(status)
        raise SystemExit(status)

    os._exit = contained_exit
    try:
        yield
    finally:
        os._exit = exit_process
