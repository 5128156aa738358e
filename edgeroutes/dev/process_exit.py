"""`os._exit` in a handler, which would end the server without a word. Floor 3."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def exits_contained() -> Iterator[None]:
    """Have `os._exit` raise SystemExit where handlers run, which becomes the 502 of a function that has ended.

    The main thread runs the server alone, and a forked process is the handler's own: there it ends the process.
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
