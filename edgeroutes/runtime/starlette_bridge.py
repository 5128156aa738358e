"""Where Starlette does the work: forms, and Starlette's own responses.

Loaded when a route uses either.
"""

from __future__ import annotations

from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.request import FORM_TYPES, MULTIPART
from edgeroutes.http.request_bodies import decode_urlencoded, require_utf_8
from edgeroutes.http.response import BODILESS, Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from starlette.datastructures import FormData

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
            from edgeroutes.runtime.multipart import read_multipart

            return read_multipart(sent, request.peek_body(), limits)
    except ImportError as error:
        from edgeroutes.runtime.log import log_warning

        # A client chose the content type, so this is not the route's failure, which may never have meant to take forms.
        remedy = "Add 'include: [starlette, python-multipart]' to its function.yaml to take them"
        log_warning(f"a form was sent to a function whose bundle cannot read forms: {error}. {remedy}")
        raise HTTPError(415, f"the body is {content_type}, which this route does not take") from error
    return FormData([*decode_urlencoded(request.peek_body(), limits.max_fields)])


class SelfSending:
    """The body of a response that sends itself: FileResponse, EventSourceResponse, or any with a `__call__` of its own.

    It knows status, headers and body when it is called with the request, which `Endpoint.start_stream` has done.
    """

    __slots__ = ("sender",)

    def __init__(self, sender: Any) -> None:
        self.sender = sender

    def __aiter__(self) -> SelfSending:
        return self


def from_starlette(response: Any) -> Response:
    """A Starlette response as ours; its background task runs as `after` does."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers]
    if _sends_itself(type(response)):
        return Response(SelfSending(response), response.status_code, headers)  # type: ignore[arg-type]  # until it is called
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
