"""A lock between processes: a file that one of them has at a time, until it ends. On Windows by msvcrt, elsewhere by fcntl."""

from __future__ import annotations

import contextlib
import time
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STEP_SECONDS = 0.05


@contextlib.contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Alone with this file: others wait.

    Raises:
        OSError: The file cannot be written.
    """
    with path.open("a+b") as file:
        _acquire(file)
        yield  # closing the file releases it


def _acquire(file: IO[bytes]) -> None:
    try:
        import fcntl
    except ImportError:
        _acquire_on_windows(file)
        return
    fcntl.flock(file, fcntl.LOCK_EX)


def _acquire_on_windows(file: IO[bytes]) -> None:
    """Source: docs.python.org, `msvcrt.locking`: locks a region, and fails where another process has it."""
    import msvcrt

    while True:
        file.seek(0)
        with contextlib.suppress(OSError):
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
            return
        time.sleep(_STEP_SECONDS)
