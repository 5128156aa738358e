"""Whether anything that a build read has changed since: files by their stamps, folders by their names.

It only saves time: "changed" means that all is looked at again, and what is the same is found in the store again. A file that was
written while the build ran, or just before, is not trusted, and the build leaves no record.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes._version import __version__

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


def record_inputs(store: Store, files: Iterable[Path], folders: Iterable[Path], *, started_ns: int) -> None:
    """Note what a build has read.

    Args:
        store: Where it is noted.
        files: That were read, or were not there.
        folders: That were listed, or were not there.
        started_ns: When the build began, in nanoseconds since the epoch.
    """
    stamps = {str(file): _stamp(str(file)) for file in files}
    newest = max((max(stamp[:2]) for stamp in stamps.values() if stamp), default=0)
    if newest > started_ns - _UNSETTLED_NS:
        drop_inputs(store)
        return
    names = {str(folder): _names(str(folder)) for folder in folders}
    store.write_text(RECORD, json.dumps([_builder(), store.functions(), stamps, names]))


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
    try:
        builder, functions, stamps, names = json.loads(store.read_text(RECORD) or "[0,0,0,0]")
    except ValueError:
        return False
    if builder != _builder():
        return False
    trees = {name for function in functions for name in store.read_text(f"functions/{function}").split()}
    return (
        functions == store.functions()
        and all(store.is_sound(name) for name in trees)
        and all(_stamp(path) == stamp for path, stamp in stamps.items())
        and all(_names(path) == listed for path, listed in names.items())
    )


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
    """What builds. Of a checkout the version stays while the code changes: that of these rooms decides what a bundle is."""
    own = Path(__file__).parents[1]
    code = [
        [entry.name, *_stamp(entry.path)]
        for room in ("build", "plan", "routing")
        for entry in sorted(os.scandir(own / room), key=lambda entry: entry.name)
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
