"""Errors for the client as `application/problem+json` (RFC 9457).

Ground floor; loaded when there is an error to answer.
"""

from __future__ import annotations

from edgeroutes.http.field_problems import MAX_PROBLEMS
from edgeroutes.http.json_text import render_json
from edgeroutes.http.response import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgeroutes.http.interrupts import FieldProblems, HTTPError

CONTENT_TYPE = "application/problem+json"

# A document stays below 64 KB, whatever of it a client has chosen: a character takes up to six bytes in JSON.
_MAX_ERRORS_BYTES = 24_000
_MAX_MESSAGE_CHARACTERS = 500
_MAX_DETAIL_CHARACTERS = 4_000
_MAX_INSTANCE_CHARACTERS = 1_000
_MAX_ID_CHARACTERS = 200


# What Python calls otherwise before 3.13. Source: RFC 9110 §15.5, read 2026-11-21.
_RENAMED = {413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}


# A detail for errors that have none of their own.
_DETAILS = {
    400: "the request is not valid",
    401: "authentication is required",
    403: "access is denied",
    404: "there is nothing at this URL",
    429: "too many requests were sent",
    500: "the server could not handle the request",
}


def reason_phrase(status: int) -> str:
    """The status's own name, `Not Found` for 404; `Error` for one that the registry does not know."""
    from http import HTTPStatus

    try:
        return _RENAMED.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def problem_response(error: HTTPError, *, instance: str, request_id: str, **members: object) -> Response:
    """The answer for an error.

    Args:
        error: What happened.
        instance: The path that was asked for, as it was sent.
        request_id: By which the log has it; empty leaves it out.
        members: More of the document, such as `traceback` in `dev`.

    Returns:
        For `HTTPError(404)`:
        `{"type":"about:blank","title":"Not Found","status":404,"detail":"…","instance":"/x","request_id":"…"}`, and `errors` where the
        error has them. It lists at most 100 errors and 24 kB of them; `"more_errors":true` says that
        there are others. Long strings end in `…`.
    """
    document: dict[str, object] = {"type": "about:blank", "title": reason_phrase(error.status), "status": error.status}
    document["detail"] = _shortened(
        error.detail or default_detail(error.status, is_invalid=bool(error.errors)), _MAX_DETAIL_CHARACTERS
    )
    document["instance"] = _shortened(instance, _MAX_INSTANCE_CHARACTERS)
    if request_id:
        document["request_id"] = _shortened(request_id, _MAX_ID_CHARACTERS)
    if error.errors:
        document["errors"] = listed = _listed(error.errors)
        if len(listed) < len(error.errors):
            document["more_errors"] = True
    document.update(members)
    response = Response.json(document, status=error.status, headers=dict(error.headers))
    response.headers["content-type"] = CONTENT_TYPE
    return response


def default_detail(status: int, *, is_invalid: bool = False) -> str:
    """The detail of an error that has none of its own; `is_invalid` where the document lists the fields that are not valid."""
    if is_invalid:
        return "the request has fields that are not valid"
    return _DETAILS.get(status) or reason_phrase(status).lower()


def _listed(errors: FieldProblems) -> list[dict[str, object]]:
    """The first errors, as many as a response has room for, with long strings shortened."""
    listed: list[dict[str, object]] = []
    room = _MAX_ERRORS_BYTES
    for error in errors[:MAX_PROBLEMS]:
        shown = {name: _shortened(value, _MAX_MESSAGE_CHARACTERS) for name, value in error.items()}
        room -= len(render_json(shown).encode()) + 1
        if room < 0:
            break
        listed.append(shown)
    return listed


def _shortened(value: object, limit: int) -> object:
    return f"{value[:limit]}…" if isinstance(value, str) and len(value) > limit else value
