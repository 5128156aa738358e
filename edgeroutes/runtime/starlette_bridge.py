"""Where Starlette does the work: forms, and Starlette's own responses.

Loaded when a route uses either.
"""

from __future__ import annotations

from io import BytesIO

from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.request import FORM_TYPES, MULTIPART
from edgeroutes.http.request_bodies import decode_urlencoded, require_short_name, require_utf_8, too_many
from edgeroutes.http.response import BODILESS, Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

    from starlette.datastructures import FormData
    from starlette.formparsers import MultiPartException, MultiPartParser

    from edgeroutes.http.request import Request
    from edgeroutes.http.request_bodies import FormLimits


def read_form(request: Request, limits: FormLimits) -> FormData:
    """The form in a request's body; files stay in memory, so that no route needs a thread or a loop for them.

    Raises:
        HTTPError: 415 for another content type, charset or a content coding, or where the function's bundle cannot read forms; 400 for
            a malformed one; 413 for one beyond a limit.
    """
    content_type = request.content_type()
    if content_type not in FORM_TYPES:
        raise HTTPError(415, f"the body is {content_type or 'of no type'}: a form is {' or '.join(FORM_TYPES)}")
    request.require_uncompressed()
    sent = request.peek_headers()["content-type"]
    require_utf_8(sent)
    try:
        from starlette.datastructures import FormData

        if content_type == MULTIPART:
            return _read_multipart(sent, request.peek_body(), limits)
    except ImportError as error:
        from edgeroutes.runtime.log import log_warning

        # A client chose the content type, so this is not the route's failure, which may never have meant to take forms.
        remedy = "Add 'include: [starlette, python-multipart]' to its function.yaml to take them"
        log_warning(f"a form was sent to a function whose bundle cannot read forms: {error}. {remedy}")
        raise HTTPError(415, f"the body is {content_type}, which this route does not take") from error
    return FormData([*decode_urlencoded(request.peek_body(), limits.max_fields)])


class _MemoryFile(BytesIO):
    _rolled = False  # by which Starlette's UploadFile knows that reading it needs no thread


def _read_multipart(content_type: str, body: bytes, limits: FormLimits) -> FormData:
    from starlette.datastructures import Headers
    from starlette.formparsers import MultiPartException, MultiPartParser

    ended: list[bool] = []
    try:
        parser = MultiPartParser(
            Headers({"content-type": content_type}),
            _stream(_after_preamble(content_type, body)),  # type: ignore[arg-type]
            max_files=limits.max_files,
            max_fields=limits.max_fields,
            max_part_size=limits.max_part_size or len(body) + 1,
        )
        parser.spool_max_size = len(body) + 1
        parser.on_end = lambda: ended.append(True)  # type: ignore[method-assign]
        form = _run(parser)
    except MultiPartException as error:
        raise _refusal(error, limits) from error
    except (LookupError, ValueError) as error:  # what python-multipart and decoding refuse
        raise HTTPError(400, f"the request body is not a valid form: {error}") from error
    if not ended:
        raise HTTPError(400, "the request body is not a valid form: it ends before its closing boundary")
    for name, _ in form.multi_items():
        require_short_name(name)
    return form


def _run(parser: MultiPartParser) -> FormData:
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


class _SelfSending:
    """The body of a response that sends itself: FileResponse, EventSourceResponse, or any with a `__call__` of its own.

    It knows status, headers and body when it is called with the request, as `streams.start_body` does.
    """

    __slots__ = ("sender",)

    def __init__(self, sender: Any) -> None:
        self.sender = sender

    def __aiter__(self) -> _SelfSending:
        return self


def from_starlette(response: Any) -> Response:
    """A Starlette response as ours; its background task runs as `after` does."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers]
    if _sends_itself(type(response)):
        return Response(_SelfSending(response), response.status_code, headers)  # type: ignore[arg-type]  # until it is called
    body = getattr(response, "body_iterator", None)
    if body is None:
        body = response.body
    bodiless = response.status_code in BODILESS
    converted = Response(None if bodiless else body or None, response.status_code, headers)
    converted.background = response.background
    return converted


def _sends_itself(kind: Any) -> bool:
    """Whether the class sends more or other than its body or its iterator."""
    from starlette.responses import Response as Plain
    from starlette.responses import StreamingResponse

    if kind.__call__ is StreamingResponse.__call__:
        return kind.stream_response is not StreamingResponse.stream_response
    return kind.__call__ is not Plain.__call__
