"""Reads source files and remembers what they import, in memory and on disk.

A file is known by its path, mtime and size. The disk cache may be absent, old, corrupt, or written by another process
at the same time: all of that costs time only, never a wrong result.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes._version import __version__
from edgeroutes.build.folder_scans import FolderScan
from edgeroutes.build.imports import Arguments, FileImports, ImportKind, ImportSite, UnknownImport, parse_imports
from edgeroutes.build.modules import UNSETTLED_NS
from edgeroutes.build.store import make_local_folder
from edgeroutes.build.syntax import LazyExport
from edgeroutes.build.texts import PathText, Text, TextPlace
from edgeroutes.errors import ImportRaisedError
from edgeroutes.routing.reading import MAX_SOURCE_BYTES, read_source

if TYPE_CHECKING:
    from collections.abc import Mapping


_CACHE_FORMAT = f"6 edgeroutes-{__version__} python-{sys.version_info[0]}.{sys.version_info[1]}"
"""What reads the same source differently writes another first part."""

CACHE_FILE = "imports.json"
_MAX_LENIENT_BYTES = 16 * 1024 * 1024
_KEPT_FILES = 20_000
_NOTHING = FileImports()
_MARKS = (b"import", b"__all__", b"__getattr__")  # a file without any has nothing to say


@dataclass(frozen=True, slots=True)
class _Entry:
    stamp: tuple[int, int]
    imports: FileImports
    settled: bool


class SourceReader:
    """What files import; each file is looked at once per scan.

    Args:
        cache_directory: Where `imports.json` is kept; None keeps it in memory only.
    """

    def __init__(self, cache_directory: Path | None = None) -> None:
        self._cache_file = None if cache_directory is None else cache_directory / CACHE_FILE
        self._stored: dict[str, Any] = _read_cache(self._cache_file)
        self._entries: dict[str, _Entry] = {}
        self._looked_at: dict[str, FileImports] = {}
        self._unsaved = 0

    @property
    def read_files(self) -> list[Path]:
        """The files that were read since this reader was made."""
        return [Path(key) for key in self._entries]

    def start_scan(self) -> None:
        """Look at every file again from here on."""
        self._looked_at.clear()

    def read(self, path: Path, *, where: str, lenient: bool = False, reads_names: bool = False) -> FileImports:
        """What the file imports; nothing for a file that is gone.

        Args:
            path: A Python source file.
            where: Its name in an error.
            lenient: A file that is not Python imports nothing: for code that is not the user's own.
            reads_names: Whether to read what names modules without importing them; the same at every read of a file.

        Raises:
            ImportRaisedError: The file is not Python, and `lenient` is false.
        """
        key = str(path)
        found = self._looked_at.get(key)
        if found is None:
            found = self._looked_at[key] = self._read(path, key, where, lenient, reads_names)
        return found

    def save(self, *, at_least: int = 1) -> None:
        """Write what was learnt to the cache directory; a directory that cannot be written is left alone.

        Args:
            at_least: With fewer files newly read than this, nothing is written: reading them again is cheaper.
        """
        if self._cache_file is None or self._unsaved < at_least:
            return
        learnt = {
            key: [*entry.stamp, encode_imports(entry.imports)] for key, entry in self._entries.items() if entry.settled
        }
        self._stored = {**_read_cache(self._cache_file), **learnt}
        if len(self._stored) > _KEPT_FILES:
            self._stored = learnt
        with contextlib.suppress(OSError):
            _write_cache(self._cache_file, self._stored)
        self._unsaved = 0

    def _read(self, path: Path, key: str, where: str, lenient: bool, reads_names: bool) -> FileImports:  # noqa: FBT001
        try:
            status = path.stat()
        except OSError:  # gone, or a link that leads nowhere: reading says which
            return _parse_file(path, where, lenient, reads_names)
        stamp = (status.st_mtime_ns, status.st_size)
        entry = self._entries.get(key) or self._recall(key)
        if entry is None or entry.stamp != stamp or not entry.settled:
            settled = time.time_ns() - status.st_mtime_ns > UNSETTLED_NS
            entry = _Entry(stamp, _parse_file(path, where, lenient, reads_names), settled)
            self._unsaved += settled
        self._entries[key] = entry
        return entry.imports

    def _recall(self, key: str) -> _Entry | None:
        try:
            mtime_ns, size, stored = self._stored[key]
            return _Entry((mtime_ns, size), decode_imports(stored), settled=True)
        except (KeyError, TypeError, ValueError):
            return None


def encode_imports(imports: FileImports) -> list[Any]:
    """The value as JSON can hold it; `decode_imports` gives it back."""
    return [
        [[s.module, s.level, s.names, s.binds, s.line, s.kind, s.in_function, s.asks] for s in imports.sites],
        [[call.line, call.text] for call in imports.unknown],
        [[export.name, export.modules, export.line] for export in imports.lazy],
        imports.exports,
        [[text.text, text.line, text.place] for text in imports.texts],
        [[each.path, each.line, each.names_code] for each in imports.paths],
        [[s.line, s.module, s.ups, s.parts, s.is_deep, s.pattern, s.is_call, s.is_listing] for s in imports.scans],
        imports.uses,
        imports.has_fields,
        imports.arguments,
    ]


def decode_imports(stored: Any) -> FileImports:
    """The value that `encode_imports` stored.

    Raises:
        TypeError, ValueError: It is something else.
    """
    sites, unknown, lazy, exports, texts, paths, scans, uses, has_fields, arguments = stored
    return FileImports(
        sites=tuple(
            ImportSite(
                module=module,
                level=level,
                names=tuple(names),
                binds=tuple(binds),
                line=line,
                kind=_KINDS[kind],
                in_function=in_function,
                asks=None if asks is None else tuple(asks),
            )
            for module, level, names, binds, line, kind, in_function, asks in sites
        ),
        unknown=tuple(UnknownImport(line=line, text=text) for line, text in unknown),
        lazy=tuple(LazyExport(name=name, modules=tuple(modules), line=line) for name, modules, line in lazy),
        exports=tuple(exports),
        texts=tuple(Text(text=text, line=line, place=_PLACES[place]) for text, line, place in texts),
        paths=tuple(PathText(path=path, line=line, names_code=names_code) for path, line, names_code in paths),
        scans=tuple(
            FolderScan(
                line=line,
                module=module,
                ups=ups,
                parts=tuple(parts),
                is_deep=is_deep,
                pattern=pattern,
                is_call=is_call,
                is_listing=is_listing,
            )
            for line, module, ups, parts, is_deep, pattern, is_call, is_listing in scans
        ),
        uses=tuple((name, line) for name, line in uses),
        has_fields=bool(has_fields),
        arguments=Arguments(arguments),
    )


_KINDS: Mapping[str, ImportKind] = {kind.value: kind for kind in ImportKind}
_PLACES: Mapping[str, TextPlace] = {place.value: place for place in TextPlace}


def _parse_file(path: Path, where: str, lenient: bool, reads_names: bool) -> FileImports:  # noqa: FBT001
    try:
        source = read_source(path, where, limit_bytes=_MAX_LENIENT_BYTES if lenient else MAX_SOURCE_BYTES)
    except FileNotFoundError:
        return _NOTHING
    except ImportRaisedError:
        if lenient:
            return _NOTHING
        raise
    if lenient and not any(mark in source for mark in _MARKS):
        return _NOTHING
    try:
        return parse_imports(source, where=where, reads_names=reads_names)
    except ImportRaisedError:
        if lenient:
            return _NOTHING
        raise


def _read_cache(cache_file: Path | None) -> dict[str, Any]:
    if cache_file is None:
        return {}
    try:
        stored = json.loads(cache_file.read_bytes())
        return dict(stored["files"]) if stored["format"] == _CACHE_FORMAT else {}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {}


def _write_cache(cache_file: Path, files: Mapping[str, Any]) -> None:
    """Replace the file in one step, so that no process ever reads half of it."""
    make_local_folder(cache_file.parent)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{CACHE_FILE}.", dir=cache_file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(json.dumps({"format": _CACHE_FORMAT, "files": files}, separators=(",", ":")))
        Path(temporary).replace(cache_file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
