"""Errors for clients as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from edgeroutes.http.field_problems import MAX_PROBLEMS
from edgeroutes.http.json_text import render_json
from edgeroutes.http.response import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgeroutes.http.interrupts import FieldProblems, HTTPError

CONTENT_TYPE = "application/problem+json"

# A document stays below 64 KB, whatever a client sends: a character has up to six bytes in JSON.
_MAX_ERRORS_BYTES = 24_000
_MAX_MESSAGE_CHARACTERS = 500
_MAX_DETAIL_CHARACTERS = 4_000
_MAX_INSTANCE_CHARACTERS = 1_000
_MAX_ID_CHARACTERS = 200


# Renamed in Python 3.13. Source: RFC 9110 §15.5, read 2026-11-21.
_RENAMED = {413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}


# Details of errors without their own.
_DETAILS = {
    400: "the request is not valid",
    401: "authentication is required",
    403: "access is denied",
    404: "there is nothing at this URL",
    429: "too many requests were sent",
    500: "the server could not handle the request",
}


def reason_phrase(status: int) -> str:
    """The status's name, `Not Found` for 404; `Error` for an unregistered one."""
    from http import HTTPStatus

    try:
        return _RENAMED.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def problem_response(error: HTTPError, *, instance: str, request_id: str, **members: object) -> Response:
    """The response for an error.

    Args:
        error: The error.
        instance: The request's path, as sent.
        request_id: The id in the log; empty leaves it out.
        members: Further members, such as `traceback` in `dev`.

    Returns:
        For `HTTPError(404)`:
        `{"type":"about:blank","title":"Not Found","status":404,"detail":"…","instance":"/x","request_id":"…"}`, and `errors` where the
        error has them: at most 100 and 24 kB, with `"more_errors":true` if there are others. Long strings end in `…`.
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
    """The detail of an error without its own; `is_invalid` where the document lists invalid fields."""
    if is_invalid:
        return "the request has fields that are not valid"
    return _DETAILS.get(status) or reason_phrase(status).lower()


def _listed(errors: FieldProblems) -> list[dict[str, object]]:
    """The first errors, as many as fit, with long strings shortened."""
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
