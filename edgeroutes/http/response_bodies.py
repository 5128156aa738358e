"""Bodies that are produced while they are sent: server-sent events, NDJSON, a JSON array, files."""

from __future__ import annotations

from collections.abc import Mapping

from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.json_text import render_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
    from os import PathLike
    from typing import Any


SSE = "text/event-stream; charset=utf-8"
NDJSON = "application/x-ndjson"
# A proxy that buffers or compresses would delay events.
SSE_HEADERS = {"cache-control": "no-store, no-transform", "x-accel-buffering": "no"}
# A comment, which EventSource skips. Source: HTML Living Standard §9.2.7, which recommends one about every 15 seconds.
HEARTBEAT = b": heartbeat\n\n"
PIECE_BYTES = 64 * 1024
_COROUTINE_FUNCTION = 0x80  # Source: inspect.CO_COROUTINE
_EVENT_FIELDS = ("event", "id", "retry", "data")


def encode_each(
    items: Iterable[Any] | AsyncIterable[Any], render: Callable[[Any], str], end: Callable[[], str] | None = None
) -> Iterator[str] | AsyncIterator[str]:
    """The items' texts as they come, async for async items; then the text of `end`."""
    if hasattr(items, "__aiter__"):
        return _encode_async(items, render, end)  # type: ignore[arg-type]  # mypy does not narrow by hasattr here
    return _encode_sync(items, render, end)


def _encode_sync(items: Iterable[Any], render: Callable[[Any], str], end: Callable[[], str] | None) -> Iterator[str]:
    try:
        for item in items:
            yield render(item)
        if end:
            yield end()
    finally:
        close = getattr(items, "close", None)
        if close:
            close()


async def _encode_async(
    items: AsyncIterable[Any], render: Callable[[Any], str], end: Callable[[], str] | None
) -> AsyncIterator[str]:
    try:
        async for item in items:
            yield render(item)
        if end:
            yield end()
    finally:
        close = getattr(items, "aclose", None)
        if close:
            await close()


def read_pieces(file: Any) -> Iterator[str | bytes] | AsyncIterator[str | bytes]:
    """The rest of an open file, sync or async, 64 KiB at a time; the file is closed at the end.

    From a pipe or socket it reads what is available.
    """
    read = getattr(file, "read1", None) or file.read
    code = getattr(read, "__code__", None)
    if hasattr(file, "__aiter__") or (code is not None and code.co_flags & _COROUTINE_FUNCTION):
        return _read_async(file, read)
    return _read_sync(file, read)


def _read_sync(file: Any, read: Callable[[int], str | bytes]) -> Iterator[str | bytes]:
    try:
        while piece := read(PIECE_BYTES):
            yield piece
    finally:
        file.close()


async def _read_async(file: Any, read: Callable[[int], Any]) -> AsyncIterator[str | bytes]:
    try:
        while piece := await read(PIECE_BYTES):
            yield piece
    finally:
        closing = (getattr(file, "aclose", None) or file.close)()
        if hasattr(closing, "__await__"):
            await closing


def render_event(item: object) -> str:
    r"""One server-sent event. Source: HTML Living Standard §9.2.6.

    A string is its data. A mapping whose keys are all among `event`, `id`, `retry` (milliseconds) and `data` has these fields; any other
    item is data. Data that is not a string becomes JSON.

    >>> render_event({"event": "tick", "data": {"n": 1}})
    'event: tick\ndata: {"n":1}\n\n'

    Raises:
        ValueError: For a field that would end its line, or a `retry` that is not a number of milliseconds.
    """
    is_event = isinstance(item, Mapping) and item and all(name in _EVENT_FIELDS for name in item)
    fields: Mapping[Any, Any] = item if is_event else {"data": item}  # type: ignore[assignment]  # a mapping
    lines = []
    for name in _EVENT_FIELDS[:3]:
        if fields.get(name) is not None:
            value = _retry(fields[name]) if name == "retry" else str(fields[name])
            if "\n" in value or "\r" in value or "\0" in value:
                raise ValueError(f"an event's {name} has a line break or NUL: {value!r}")
            lines.append(f"{name}: {value}\n")
    if "data" in fields:
        data = fields["data"]
        text = data if isinstance(data, str) else render_json(data)
        lines += [f"data: {line}\n" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return f"{''.join(lines)}\n"


def _retry(value: Any) -> str:
    """Milliseconds in digits; a browser ignores anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(int(value))
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return value
    raise ValueError(f"an event's retry is {value!r}. Allowed are whole milliseconds from 0")


def render_line(item: object) -> str:
    """One line of NDJSON."""
    return f"{render_json(item)}\n"


class JsonArray:
    """A JSON array, item by item; `item` and `end` return the next text."""

    __slots__ = ("_lead",)

    def __init__(self) -> None:
        self._lead = "["

    def item(self, value: object) -> str:
        """The next item, with its separator."""
        text, self._lead = self._lead + render_json(value), ","
        return text

    def end(self) -> str:
        """The end of the array; the whole of an empty one."""
        return "[]" if self._lead == "[" else "]"


# Zip files of `sam package` and of AWS CDK date all files to January 1980.
# Source: aws-sam-cli 1.170 (docs/bundles.md); no zip has an earlier date, APPNOTE.TXT §4.4.6.
_NO_DATE_BEFORE_SECONDS = 347_155_200  # 1981-01-01
_tags: dict[tuple[str, int, int, int], str] = {}


class FileBody:
    """A file on disk, or a range of one. Each iteration opens it again and reads 64 KiB at a time.

    Args:
        root: The folder of a relative path.
        path: The file.

    Raises:
        HTTPError: 404 for a name that no file can have: with a NUL or a lone surrogate, or too long.
        OSError: The file does not exist, is a FIFO, or cannot be read.
    """

    __slots__ = ("_inode", "_modified_ns", "path", "size_bytes", "start", "stop")

    def __init__(self, root: str, path: str | PathLike[str]) -> None:
        import os
        from errno import EINVAL, ENAMETOOLONG
        from stat import S_ISFIFO

        self.path = os.path.join(root, path)  # noqa: PTH118  # pathlib is milliseconds of a cold start
        try:
            mode = os.stat(self.path).st_mode  # noqa: PTH116
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno != ENAMETOOLONG:
                raise
            raise HTTPError(404) from error
        if S_ISFIFO(mode):  # opening it would block
            raise OSError(EINVAL, "not a regular file", self.path)
        with open(self.path, "rb") as file:  # noqa: PTH123
            status = os.fstat(file.fileno())
        self.size_bytes = status.st_size
        self._modified_ns = status.st_mtime_ns
        self._inode = status.st_ino
        self.start, self.stop = 0, self.size_bytes

    @property
    def length_bytes(self) -> int:
        """The number of bytes of an iteration."""
        return self.stop - self.start

    @property
    def modified_seconds(self) -> int | None:
        """The time of the last change, in seconds since the epoch; None for the common date of files in a bundle."""
        seconds = self._modified_ns // 1_000_000_000
        return seconds if seconds >= _NO_DATE_BEFORE_SECONDS else None

    def part(self, start: int, stop: int) -> FileBody:
        """The bytes from `start` up to `stop`, exclusive."""
        part = FileBody.__new__(FileBody)
        for name in self.__slots__:
            setattr(part, name, getattr(self, name))
        part.start, part.stop = start, stop
        return part

    def etag(self) -> str:
        """A strong entity tag, from the date where files have their own.

        In a bundle all dates are equal, so the content is hashed, once in a process.
        """
        if self.modified_seconds is not None:
            return f'"{self.size_bytes:x}-{self._modified_ns:x}"'
        key = (self.path, self.size_bytes, self._modified_ns, self._inode)
        if key not in _tags:
            from hashlib import blake2b

            hashed = blake2b(digest_size=16)
            for piece in self.part(0, self.size_bytes):
                hashed.update(piece)
            _tags[key] = f'"{hashed.hexdigest()}"'
        return _tags[key]

    def __iter__(self) -> Iterator[bytes]:
        with open(self.path, "rb") as file:  # noqa: PTH123
            file.seek(self.start)
            left = self.length_bytes
            while left:
                piece = file.read(min(PIECE_BYTES, left))
                if not piece:
                    raise OSError(f"{self.path} was truncated while it was sent")
                left -= len(piece)
                yield piece


def find_below(base: str, root: str | PathLike[str], path: str | PathLike[str]) -> str:
    """The real path of a regular file in a folder, for a path that a client chose.

    Args:
        base: The folder of a relative `root`.
        root: The folder.
        path: Relative to it.

    Raises:
        HTTPError: 404 for anything else, so that a client learns nothing about other files.
        OSError: `root` is not a folder.
    """
    import os
    from errno import ENOTDIR
    from stat import S_ISREG

    folder = os.path.realpath(os.path.join(base, root))  # noqa: PTH118
    if not os.path.isdir(folder):  # noqa: PTH112
        raise NotADirectoryError(ENOTDIR, "root is not a folder", folder)
    sent = os.fspath(path)
    try:
        if os.path.isabs(sent) or ".." in sent.split("/"):  # noqa: PTH117
            raise HTTPError(404)
        joined = os.path.join(folder, sent)  # noqa: PTH118
        found = os.path.realpath(joined)
        is_inside = os.path.commonpath((folder, found)) == folder
        if not is_inside or not S_ISREG(os.stat(joined).st_mode) or not os.access(found, os.R_OK):  # noqa: PTH116
            raise HTTPError(404)
    except (OSError, ValueError) as error:  # absent, a NUL, too long, a loop of links
        raise HTTPError(404) from error
    return found


def file_headers(file: FileBody, download_name: str | None) -> dict[str, str]:
    """The header fields of a file, without reading its content; the type comes from its name, or that of the download."""
    headers = {"content-type": _media_type(download_name or file.path), "accept-ranges": "bytes"}
    if file.modified_seconds is not None:
        from edgeroutes.http.conditional import render_http_date

        headers["last-modified"] = render_http_date(file.modified_seconds)
    if download_name is not None:
        headers["content-disposition"] = render_attachment(download_name)
    return headers


def render_attachment(name: str) -> str:
    r"""The `Content-Disposition` of a file that is to be saved as `name`. Source: RFC 6266 §4.3, appendix D; RFC 8187 §3.2.

    >>> render_attachment("naïve.txt")
    'attachment; filename="na_ve.txt"; filename*=UTF-8\'\'na%C3%AFve.txt'
    """
    plain = "".join(each if each.isascii() and each.isprintable() and each not in '"\\%' else "_" for each in name)
    if plain == name:
        return f'attachment; filename="{name}"'
    from urllib.parse import quote

    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _media_type(name: str) -> str:
    """The type of a file's name by Python's own table: those of the machine differ from one to the next."""
    from mimetypes import MimeTypes

    kind, encoding = MimeTypes().guess_type(name)
    if encoding or not kind:
        return "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
