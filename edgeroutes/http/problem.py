"""Errors for clients as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from edgeroutes.http.json_text import render_json
from edgeroutes.http.response import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from edgeroutes.http.interrupts import FieldProblems, HTTPError

    Path = tuple[str, "Path"] | None
    Errors = list[dict[str, str]]


CONTENT_TYPE = "application/problem+json"

# A 401 must contain a challenge (RFC 9110 §15.5.2). Bearer opens no dialog in browsers, as Basic does.
DEFAULT_CHALLENGE = "Bearer"

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
        error has them: at most 100 and 24 kB, with `"more_errors":true` if there are others. Long strings end in `…`. A 401 has
        `WWW-Authenticate`.
    """
    document: dict[str, object] = {"type": error.type, "title": reason_phrase(error.status), "status": error.status}
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
    document.update(error.members)
    document.update(members)
    response = Response.json(document, status=error.status, headers=dict(error.headers))
    response.headers["content-type"] = CONTENT_TYPE
    if error.status == 401:
        response.headers.setdefault("www-authenticate", DEFAULT_CHALLENGE)
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


# The problems in a response. Collectors stop at one more, which shows that there are others.
MAX_PROBLEMS = 100
_MAX_FIELD_CHARACTERS = 200
_MAX_NAME_CHARACTERS = 80


class Problems(list[tuple["Path", str]]):
    """Pairs of path and message.

    A path is linked, `("items", ("0", None))` for `items.0`: the container of a value prepends its name. So valid values cost nothing,
    and problems share the ends of their paths.

    Attributes:
        memo: Results for values that are tried against several types; None outside of such a trial.
    """

    memo: dict[int, Any] | None = None

    def add(self, message: str, *names: str) -> None:
        """Add a problem of the current value, or of the value below it at `names`."""
        self.append((_make_path(names), message))

    def put_under(self, name: str, start: int) -> bool:
        """Prepend `name` to the problems from `start` on; True when there are enough to stop."""
        self[start:] = [((name, path), message) for path, message in self[start:]]
        return len(self) > MAX_PROBLEMS

    def errors(self, root: str = "body") -> Errors:
        """The problem document's list: `[{"field": "items.0", "message": "must be an integer"}]`.

        Args:
            root: The field of a problem of the whole value.
        """
        return [{"field": render_path(path) or root, "message": message} for path, message in self]


def _make_path(names: Iterable[str]) -> Path:
    """Names, outermost first, as a path."""
    path: Path = None
    for name in reversed(tuple(names)):
        path = (name, path)
    return path


def render_path(path: Path) -> str:
    """A path as `items.0.name`; long names, which clients may choose, and long paths are shortened."""
    names = []
    while path is not None:
        name, path = path
        names.append(name if len(name) <= _MAX_NAME_CHARACTERS else f"{name[:_MAX_NAME_CHARACTERS]}…")
    text = ".".join(names)
    if not text.isascii():
        text = text.encode(
            "utf-8", "backslashreplace"
        ).decode()  # half of a surrogate pair is shown as it may be written
    half = _MAX_FIELD_CHARACTERS // 2
    return text if len(text) <= _MAX_FIELD_CHARACTERS else f"{text[:half]}…{text[-half + 1 :]}"
