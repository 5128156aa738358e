"""Where Starlette does the work: forms, and Starlette's own responses. Request wing, floor 2; loaded when a route uses either."""

from __future__ import annotations

from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.request import FORM_TYPES
from edgeroutes.http.response import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

    from starlette.datastructures import FormData

    from edgeroutes.http.request import Request


async def read_form(request: Request) -> FormData:
    """The form in a request's body; files stay in memory, so that no route needs a thread or a loop for them.

    Raises:
        HTTPError: 415 for another content type, 400 for a malformed form.
    """
    from starlette.datastructures import Headers
    from starlette.formparsers import FormParser, MultiPartException, MultiPartParser

    content_type = request.content_type()
    if content_type not in FORM_TYPES:
        raise HTTPError(415, f"the body is {content_type or 'of no type'}: a form is {' or '.join(FORM_TYPES)}")
    headers = Headers(raw=[(name.encode(), value.encode("latin-1")) for name, value in request.peek_headers().multi_items()])
    body = request.peek_body()

    async def stream() -> AsyncIterator[bytes]:
        if body:
            yield body
        yield b""

    try:
        if content_type == FORM_TYPES[0]:
            parser = MultiPartParser(headers, stream(), max_part_size=len(body) + 1)  # type: ignore[arg-type]
            parser.spool_max_size = len(body) + 1
            return await parser.parse()
        return await FormParser(headers, stream()).parse()  # type: ignore[arg-type]
    except MultiPartException as error:
        raise HTTPError(400, f"the body is no form: {error.message}") from error
    except (KeyError, UnicodeError) as error:
        raise HTTPError(400, "the body is no form that can be read") from error


def from_starlette(response: Any) -> Response:
    """A Starlette response as ours; its background task runs as `after` does."""
    body = getattr(response, "body_iterator", None)
    if body is None:
        body = getattr(response, "body", None)
    if body is None:
        body = _sent_chunks(response)
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers]
    bodiless = response.status_code in (204, 205, 304)
    converted = Response(None if bodiless else body or None, response.status_code, headers)
    converted.background = response.background
    return converted


async def _sent_chunks(response: Any) -> AsyncIterator[bytes]:
    """The body of a response that only sends itself (FileResponse), which needs a loop and gives it whole."""
    sent: list[bytes] = []

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            sent.append(message.get("body", b""))

    await response({"type": "http", "method": "GET", "headers": []}, receive, send)
    for chunk in sent:
        yield chunk
