"""Whether anything that a build or a template was made of has changed since: files by their stamps, folders by their names.

It only saves time: "changed" means that all is looked at again, and what is the same is found in the store again. A file that was
written while the work ran, or just before, is not trusted, and nothing is recorded.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes._version import __version__
from edgeroutes.build.store import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgeroutes.build.bundle import Bundle
    from edgeroutes.build.store import Store

RECORD = "inputs.json"
# By which uv chooses indexes and versions. Source: docs.astral.sh/uv "Environment variables", read 2026-11-30.
_VARIABLES = (
    "UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX", "UV_INDEX_STRATEGY",
    "UV_EXCLUDE_NEWER", "UV_PRERELEASE", "UV_RESOLUTION", "UV_CONSTRAINT", "UV_OVERRIDE", "UV_CONFIG_FILE", "UV_NO_CONFIG",
)  # fmt: skip
_CREDENTIALS = re.compile(r"//[^/@\s]*@")
# A kernel's clock for files lags behind ours, by a tick or two.
_UNSETTLED_NS = 50_000_000
_IGNORED = frozenset({"__pycache__"})
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

    def write(
        self, value: Any, files: Iterable[Path], folders: Iterable[Path], *, started_ns: int | None = None
    ) -> None:
        """Keep a value that JSON can hold; nothing where a file was written since the start, or the place is read-only.

        Args:
            value: The value.
            files: That it was made of, also those that were not there.
            folders: That were listed for it, also those that were not there.
            started_ns: When the work began, in nanoseconds since the epoch; now by default.
        """
        stamps = {str(file): _stamp(str(file)) for file in files}
        newest = max((max(stamp[:2]) for stamp in stamps.values() if stamp), default=0)
        if newest > (started_ns or time.time_ns()) - _UNSETTLED_NS:
            return
        text = json.dumps([_builder(), stamps, {str(folder): _names(str(folder)) for folder in folders}, value])
        with contextlib.suppress(OSError):
            write_whole(self._path, text)


def record_inputs(store: Store, files: Iterable[Path], folders: Iterable[Path], *, started_ns: int) -> None:
    """Note what a build has read; `drop_inputs` has removed the record of the build before.

    Args:
        store: Where it is noted.
        files: That were read, or were not there.
        folders: That were listed, or were not there.
        started_ns: When the build began, in nanoseconds since the epoch.
    """
    StampRecord(store.folder / RECORD).write(store.functions(), files, folders, started_ns=started_ns)


def bundle_files_read(root: Path, bundles: Iterable[Bundle]) -> set[Path]:
    """The project's files that these bundles were made of, beside what was traced."""
    files: set[Path] = set()
    for bundle in bundles:
        files.update(file.source for file in bundle.files)
        files.update(root / name for route in bundle.function.routes for name in route.function_yaml_files)
    return files


def drop_inputs(store: Store) -> None:
    """Have the next build look at everything."""
    (store.folder / RECORD).unlink(missing_ok=True)


def is_unchanged(store: Store) -> bool:
    """Whether all functions of the last build are in the store, and all that it read is as it was."""
    functions = StampRecord(store.folder / RECORD).read()
    if functions is None or functions != store.functions():
        return False
    trees = {name for function in functions for name in store.read_text(f"functions/{function}").split()}
    return all(store.is_sound(name) for name in trees)


def now_ns() -> int:
    """The time, in nanoseconds since the epoch."""
    return time.time_ns()


def folders_below(folder: Path) -> list[Path]:
    """A folder and all folders in it, also through links, without caches and hidden ones."""
    found: dict[str, Path] = {}
    for parent, names, _ in os.walk(folder, followlinks=True):
        real = os.path.realpath(parent)
        names[:] = [name for name in names if _counts(name)] if real not in found else []
        found.setdefault(real, Path(parent))
    return [*found.values()]


def _builder() -> list[Any]:
    """What builds: its version and code, the Python that runs it, and the variables that choose indexes."""
    own = Path(__file__).parents[1]
    code = [
        [entry.name, *_stamp(entry.path)]
        for folder in _OWN_FOLDERS
        for entry in sorted(os.scandir(own / folder), key=lambda entry: entry.name)
        if entry.name.endswith(".py")
    ]
    return [__version__, sys.executable, sys.version, variables_digest(), code]


def _stamp(path: str) -> list[int]:
    """When the file was changed, its size and its identity; empty where there is none."""
    try:
        status = os.stat(path)  # thousands of them  # noqa: PTH116
    except OSError:
        return []
    return [status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino]


def _names(path: str) -> list[str]:
    try:
        return sorted(filter(_counts, os.listdir(path)))  # noqa: PTH208
    except OSError:
        return ["?"]


def _counts(name: str) -> bool:
    return not name.startswith(".") and name not in _IGNORED


def variables_digest() -> str:
    """A digest of the variables that choose indexes and versions, without credentials: a new token is not another index."""
    return digest([without_credentials(os.environ.get(name, "")) for name in _VARIABLES])


def without_credentials(text: str) -> str:
    """A text whose URLs have lost user and password."""
    return _CREDENTIALS.sub("//", text)


def digest(parts: Iterable[str]) -> str:
    return hashlib.sha256(json.dumps([*parts]).encode()).hexdigest()[:16]
