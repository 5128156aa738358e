"""Forms in a request's body: their limits, and urlencoded ones as fields. Loaded with the first form."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from edgeroutes.http.interrupts import HTTPError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from starlette.datastructures import FormData

# As Starlette's. Each limit is for one request; `request.form(max_fields=…, max_files=…)` sets others.
MAX_FIELDS = 1_000
MAX_FILES = 1_000
MAX_NAME_BYTES = 1_000

_UTF_8 = ("utf-8", "utf8", "us-ascii")
_charset = re.compile(r"""; *charset *= *["']?([^\s;"']*)""", re.IGNORECASE).search
_fields = re.compile(rb"[^&]+").finditer
_PIECE_BYTES = 16_384


class FormLimits:
    """How much a form may have; `max_part_size` is of each field that is not a file, in bytes."""

    __slots__ = ("max_fields", "max_files", "max_part_size")

    def __init__(
        self, max_files: float | None = None, max_fields: float | None = None, max_part_size: int | None = None
    ) -> None:
        self.max_files = MAX_FILES if max_files is None else max_files
        self.max_fields = MAX_FIELDS if max_fields is None else max_fields
        self.max_part_size = max_part_size


class FormReading:
    """A form that is about to be read: `await` it, or use it with `async with`, which closes its files."""

    __slots__ = ("_form", "_read")

    def __init__(self, read: Callable[[], Any]) -> None:
        self._read = read
        self._form: Any = None

    def __await__(self) -> Generator[Any, None, FormData]:
        return self._read().__await__()  # type: ignore[no-any-return]

    async def __aenter__(self) -> FormData:
        self._form = await self
        return self._form  # type: ignore[no-any-return]

    async def __aexit__(self, *_: object) -> None:
        await self._form.close()


def decode_urlencoded(body: bytes, max_fields: float = MAX_FIELDS) -> list[tuple[str, str]]:
    """The fields of an urlencoded form, in order. What is not UTF-8 becomes U+FFFD.

    Raises:
        HTTPError: 413 for too many fields, or a name that is too long.

    Source: url.spec.whatwg.org §5.1, read 2026-11-30.
    """
    found: list[tuple[str, str]] = []
    for match in _fields(body):
        if len(found) >= max_fields:
            raise too_many("fields", max_fields, "max_fields")
        name, _, value = match[0].partition(b"=")
        require_short_name(name)
        found.append((_decode(name), _decode(value)))
    return found


def _decode(text: bytes) -> str:
    if b"+" in text:
        text = text.replace(b"+", b" ")
    if b"%" in text:
        text = _unescape(text)
    return text.decode("utf-8", "replace")


def _unescape(text: bytes) -> bytes:
    """The text without percent-encoding, piece by piece: urllib takes 76 times the memory of what is all escapes."""
    pieces = []
    start = 0
    while start < len(text):
        end = start + _PIECE_BYTES
        while b"%" in text[end - 2 : end] and end < len(text):  # no escape is cut
            end += 1
        pieces.append(unquote_to_bytes(text[start:end]))
        start = end
    return b"".join(pieces)


def require_short_name(name: bytes | str) -> None:
    """Raise HTTPError 413 for a field's name that is too long."""
    if len(name) > MAX_NAME_BYTES:
        raise HTTPError(413, f"a field's name in the form is longer than {MAX_NAME_BYTES} bytes")


def too_many(what: str, limit: float, option: str) -> HTTPError:
    """The error for a form with more than `limit` of something."""
    return HTTPError(413, f"the form has more than {limit} {what}, which is the limit ({option})")


def require_utf_8(content_type: str) -> None:
    """Raise HTTPError 415 for a form in another charset than UTF-8."""
    named = _charset(content_type)
    if named and named[1].lower() not in _UTF_8:
        raise HTTPError(415, f"the form's charset is {named[1]}: send UTF-8")
