"""A file as the body of a response."""

from __future__ import annotations

from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.streams import PIECE_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

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
