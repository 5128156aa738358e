"""Whether files and folders are as they were: a record of their stamps, kept between processes."""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes._version import __version__
from edgeroutes.build.store import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable

# A file that was written so shortly before may be written again within the same tick of the file system's clock.
_UNSETTLED_NS = 50_000_000
# Of a checkout the version stays while the code changes.
_OWN_FOLDERS = ("build", "plan", "routing", "template")


class StampRecord:
    """A value that was made of files, with the stamps that they had.

    Args:
        path: Where it is kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Any:
        """The value; None where any file or folder has changed since, or nothing is kept."""
        try:
            builder, files, folders, value = json.loads(self._path.read_text("utf-8"))
            is_same = (
                builder == _builder()
                and all(_stamp(path) == stamp for path, stamp in files.items())
                and all(_names(path) == names for path, names in folders.items())
            )
        except (OSError, ValueError, TypeError, AttributeError):
            return None
        return value if is_same else None

    def write(self, value: Any, files: Iterable[Path], folders: Iterable[Path]) -> None:
        """Keep a value that JSON can hold; nothing where a file was written just now, or the place is read-only.

        Args:
            value: The value.
            files: That it was made of, also those that were not there.
            folders: That were listed for it.
        """
        stamps = {str(file): _stamp(str(file)) for file in files}
        newest = max((stamp[0] for stamp in stamps.values() if stamp), default=0)
        if newest > time.time_ns() - _UNSETTLED_NS:
            return
        text = json.dumps([_builder(), stamps, {str(folder): _names(str(folder)) for folder in folders}, value])
        with contextlib.suppress(OSError):
            write_whole(self._path, text)


def _builder() -> list[Any]:
    own = Path(__file__).parents[1]
    code = [
        [entry.name, *_stamp(entry.path)]
        for folder in _OWN_FOLDERS
        for entry in sorted(os.scandir(own / folder), key=lambda entry: entry.name)
        if entry.name.endswith(".py")
    ]
    return [__version__, code]


def _stamp(path: str) -> list[int]:
    """When the file was changed, and its size; empty where there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116  # thousands of them
    except OSError:
        return []
    return [status.st_mtime_ns, status.st_size]


def _names(path: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(path) if name != "__pycache__" and not name.startswith("."))  # noqa: PTH208
    except OSError:
        return ["?"]
