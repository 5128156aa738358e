"""Multipart forms, read by Starlette and python-multipart within limits. Loaded with the first of them."""

from __future__ import annotations

from io import BytesIO

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser

from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.request_bodies import require_short_name, too_many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

    from starlette.datastructures import FormData

    from edgeroutes.http.request_bodies import FormLimits


class _Parser(MultiPartParser):
    """Starlette's parser, which also notes whether the form has an end."""

    is_complete = False

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        require_short_name(self._current_part.field_name)

    def on_end(self) -> None:
        self.is_complete = True


class _MemoryFile(BytesIO):
    _rolled = False  # by which Starlette's UploadFile knows that reading it needs no thread


def read_multipart(content_type: str, body: bytes, limits: FormLimits) -> FormData:
    """The fields and files of a multipart form; files stay in memory.

    Raises:
        HTTPError: 400 for a malformed form, 413 for one beyond a limit.
    """
    try:
        headers = Headers({"content-type": content_type})
        parser = _Parser(
            headers,
            _stream(_after_preamble(content_type, body)),  # type: ignore[arg-type]
            max_files=limits.max_files,
            max_fields=limits.max_fields,
            max_part_size=limits.max_part_size or len(body) + 1,
        )
        parser.spool_max_size = len(body) + 1
        form = _run(parser)
    except MultiPartException as error:
        raise _refusal(error, limits) from error
    except (LookupError, ValueError) as error:  # what python-multipart and decoding refuse
        raise HTTPError(400, f"the request body is not a valid form: {error}") from error
    if not parser.is_complete:
        raise HTTPError(400, "the request body is not a valid form: it ends before its closing boundary")
    return form


def _run(parser: _Parser) -> FormData:
    """The parsed form. The parser's coroutine never waits, for all its files are in memory."""
    try:
        parser.parse().send(None)
    except StopIteration as done:
        return _in_memory(done.value)
    raise AssertionError("a file of a form in memory waited")


async def _stream(body: bytes) -> AsyncIterator[bytes]:
    if body:
        yield body
    yield b""


def _after_preamble(content_type: str, body: bytes) -> bytes:
    """The body from its first boundary on; what stands before is to be ignored. Source: RFC 2046 §5.1.1.

    Raises:
        HTTPError: 400 for a boundary after a bare line feed, where a lenient parser would take it for content.
    """
    boundary = _boundary(content_type)
    if not boundary:
        return body
    delimiter = b"\n--" + boundary
    if body.count(delimiter) != body.count(b"\r" + delimiter):
        raise HTTPError(400, "the request body is not a valid form: a line before a boundary does not end in CRLF")
    if body.startswith(delimiter[1:]):
        return body
    place = body.find(delimiter)
    if place < 0:
        raise HTTPError(400, "the request body is not a valid form: its boundary is not in it")
    return body[place + 1 :]


def _boundary(content_type: str) -> bytes:
    from python_multipart.multipart import parse_options_header

    boundary: bytes = parse_options_header(content_type)[1].get(b"boundary", b"")
    return boundary


def _in_memory(form: FormData) -> FormData:
    """The form with files that need no closing: they live as long as someone reads them, in a stream or in `after`."""
    for _, value in form.multi_items():
        if not isinstance(value, str):
            with value.file as spooled:
                value.file = _MemoryFile(spooled.read())
    return form


def _refusal(error: MultiPartException, limits: FormLimits) -> HTTPError:
    """The response to what the parser refuses: 413 for a limit, 400 for a malformed form."""
    message = error.message
    if message.startswith("Too many files"):
        return too_many("files", limits.max_files, "max_files")
    if message.startswith("Too many fields"):
        return too_many("fields", limits.max_fields, "max_fields")
    if message.startswith("Part exceeded"):
        return HTTPError(413, f"a field of the form has more than {limits.max_part_size} bytes (max_part_size)")
    cause: Any = error.__cause__
    if "Maximum header" in str(cause):
        return HTTPError(413, "a part of the form has too many headers, or too long ones: 8 of 4224 bytes are allowed")
    return HTTPError(400, f"the request body is not a valid form: {message}")
