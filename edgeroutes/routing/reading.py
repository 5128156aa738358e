"""Reads the files and folders of a project: regular files only, of a bounded size, in their encoding. Each failure is one ProjectError.

The build side reads every project file that has a fixed name here, so that a named pipe, a folder, a link loop, a device or a huge file is
a named error wherever it occurs, and never blocks.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from edgeroutes.errors import ConfigError, ImportRaisedError, ProjectError

if TYPE_CHECKING:
    from collections.abc import Sequence


_MAX_TEXT_BYTES = 1024 * 1024  # of a settings file: CloudFormation accepts no template of more than 1 MB

_MAX_ROUTE_BYTES = 256 * 1024
MAX_SOURCE_BYTES = 2 * 1024 * 1024  # of a module of the project: parsing takes up to five seconds per MiB
MAX_LOCK_BYTES = 64 * 1024 * 1024

_SAVE = "Save the file as UTF-8"
_BOM = b"\xef\xbb\xbf"
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
# A pipe is opened without waiting for a writer; a terminal does not become ours.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


def read_file(
    path: Path | str, where: str, *, limit_bytes: int = _MAX_TEXT_BYTES, error: type[ProjectError] = ConfigError
) -> bytes:
    """A regular file's content.

    Args:
        path: To open.
        where: Its name in errors.
        limit_bytes: A larger file is refused.
        error: What to raise.

    Raises:
        FileNotFoundError: There is nothing by that name.
        ProjectError: It is not a regular file, too large, or cannot be read.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 - follows links, opens nothing: a device may do something when it is opened
        _require_regular(status, where, error)
        descriptor = os.open(path, _FLAGS)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            _require_regular(status, where, error)
            content = file.read(limit_bytes + 1)
    except OSError as err:
        if err.errno == errno.ENOENT and not os.path.lexists(path):
            raise
        raise _unreadable(err, path, where, error) from err
    except ValueError as err:  # a NUL in the name
        raise error(f"the name cannot be a file's ({err})", where=where) from err
    if len(content) > limit_bytes:
        size = max(status.st_size, len(content))
        hint = "Split it, or move data out of it into a file of its own"
        raise error(f"the file has {size:,} bytes. At most {limit_bytes:,} are read", where=where, hint=hint)
    return content


def read_text(
    path: Path | str, where: str, *, limit_bytes: int = _MAX_TEXT_BYTES, error: type[ProjectError] = ConfigError
) -> str:
    """A text file's content, which is UTF-8, without the byte order mark that some editors put first.

    Line ends become those of Unix.

    Raises:
        FileNotFoundError: There is nothing by that name.
        ProjectError: As for `read_file`, or the file is not UTF-8.
    """
    content = read_file(path, where, limit_bytes=limit_bytes, error=error).removeprefix(_BOM)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as err:
        raise _wrong_byte(content, err, where, error) from err
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_source(path: Path | str, where: str, *, limit_bytes: int = MAX_SOURCE_BYTES) -> bytes:
    """A Python file's content, not decoded.

    Raises:
        FileNotFoundError: There is nothing by that name.
        ImportRaisedError: As for `read_file`.
    """
    return read_file(path, where, limit_bytes=limit_bytes, error=ImportRaisedError)


def _decode_source(content: bytes, where: str) -> str:
    """A Python file's text, in the encoding that it declares.

    Raises:
        ImportRaisedError: It declares an encoding that does not exist, or is not written in it.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return io.IncrementalNewlineDecoder(None, translate=True).decode(content.decode(encoding))
    except UnicodeDecodeError as err:
        raise _wrong_byte(content, err, where, ImportRaisedError) from err
    except SyntaxError as err:  # no such encoding, or none declared and not UTF-8, which does not name a line
        try:
            content.decode("utf-8")
        except UnicodeDecodeError as place:
            raise _wrong_byte(content, place, where, ImportRaisedError) from err
        raise ImportRaisedError(f"the encoding is wrong: {err}", where=f"{where}:1", hint=_SAVE) from err


def list_folder(folder: Path | str, where: str, endings: tuple[str, ...]) -> list[str]:
    """The names in a folder with one of these endings, sorted; none where there is no such folder.

    Raises:
        ConfigError: The folder cannot be listed.
    """
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(endings) and not name.startswith("."))  # noqa: PTH208
    except FileNotFoundError:
        return []
    except OSError as err:
        raise ConfigError(f"the folder cannot be read ({err.strerror or err})", where=where) from err


def read_project_file(path: Path | str, where: str) -> str:
    """The text of a file below the folder of routes: Python in its own encoding, settings in UTF-8.

    Raises:
        FileNotFoundError: There is nothing by that name.
        ProjectError: It cannot be read.
    """
    if where.endswith(".py"):
        return _decode_source(read_source(path, where, limit_bytes=_MAX_ROUTE_BYTES), where)
    return read_text(path, where)


def outside(real_path: str, real_root: str) -> str:
    """`real_path` where it is not in the project; empty where it is."""
    is_inside = real_path == real_root or real_path.startswith(f"{real_root.rstrip(os.sep)}{os.sep}")
    return "" if is_inside else real_path


def link_problem(path: str, target: str, error: type[ProjectError]) -> ProjectError:
    """A link that leads out of the project: what it leads to is not in the repository, and would be deployed."""
    hint = "Put a copy in its place, or make it a package that the project depends on by its path"
    return error(f"this links to {target!r}, outside the project", where=path, hint=hint)


def _wrong_byte(content: bytes, err: UnicodeDecodeError, where: str, error: type[ProjectError]) -> ProjectError:
    line = content.count(b"\n", 0, err.start) + 1
    encoding = "UTF-8" if err.encoding == "utf-8" else err.encoding
    return error(f"byte 0x{content[err.start]:02x} is not {encoding}", where=f"{where}:{line}", hint=_SAVE)


def _require_regular(status: os.stat_result, where: str, error: type[ProjectError]) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    kind = next((name for test, name in _KINDS if test(status.st_mode)), "something else")
    raise error(f"this is {kind}. Allowed is a regular file", where=where, hint="Rename it, or put a file in its place")


def _unreadable(err: OSError, path: Path | str, where: str, error: type[ProjectError]) -> ProjectError:
    if err.errno == errno.ENOENT:
        target = str(Path(path).readlink())
        return error(f"this links to {target!r}, which does not exist", where=where, hint="Fix the link, or remove it")
    if err.errno == errno.ELOOP:
        return error("this link leads back to itself", where=where, hint="Remove it")
    hint = "Make it readable" if err.errno in {errno.EACCES, errno.EPERM} else ""
    return error(f"the file cannot be read ({err.strerror or err})", where=where, hint=hint)


class FileTree(Protocol):
    """A project's folders and files, as `scan` sees them. Paths are POSIX and relative to the project's root."""

    def list_names(self, directory: str) -> Sequence[str]:
        """The names in a folder, sorted.

        Raises:
            OSError: The folder cannot be read.
        """

    def is_directory(self, path: str) -> bool:
        """Whether this is a folder, or a link to one."""

    def resolve(self, directory: str) -> str:
        """The identity of a folder: the same string for a folder and for a link to it."""

    def leads_out(self, path: str) -> str:
        """Where a link on this path leads outside the project; empty for a path inside."""

    def read_text(self, path: str) -> str:
        """A file's text; a Python file's in the encoding that it declares.

        Raises:
            OSError: The file does not exist.
            ProjectError: It cannot be read.
        """


class DiskTree:
    """The folders below a directory of this machine.

    Args:
        root: The project's root, where pyproject.toml lies.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._real = os.path.realpath(root)

    def list_names(self, directory: str) -> Sequence[str]:
        return sorted(os.listdir(self.root / directory))  # noqa: PTH208

    def is_directory(self, path: str) -> bool:
        return os.path.isdir(self.root / path)  # noqa: PTH112 - pathlib's raises PermissionError

    def resolve(self, directory: str) -> str:
        return os.path.realpath(self.root / directory)

    def leads_out(self, path: str) -> str:
        return outside(self.resolve(path), self._real)

    def read_text(self, path: str) -> str:
        return read_project_file(self.root / path, path)
