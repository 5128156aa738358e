"""Errors for the client as `application/problem+json` (RFC 9457).

Ground floor; loaded when there is an error to answer.
"""

from __future__ import annotations

from edgeroutes.http.response import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgeroutes.http.interrupts import HTTPError

CONTENT_TYPE = "application/problem+json"


_MAX_INSTANCE = 2_048  # a path can be 64 kB, and an error response stays small
# What Python calls otherwise before 3.13. Source: RFC 9110 §15.5, read 2026-11-21.
_RENAMED = {413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}


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
        `{"type":"about:blank","title":"Not Found","status":404,"instance":"/x","request_id":"…"}`; `detail` and `errors`
        stand in it where the error has them.
    """
    document: dict[str, object] = {"type": "about:blank", "title": reason_phrase(error.status), "status": error.status}
    if error.detail:
        document["detail"] = error.detail
    document["instance"] = instance[:_MAX_INSTANCE]
    if request_id:
        document["request_id"] = request_id
    if error.errors:
        document["errors"] = list(error.errors)
    document.update(members)
    response = Response.json(document, status=error.status, headers=dict(error.headers))
    response.headers["content-type"] = CONTENT_TYPE
    return response
