"""Exceptions with which a handler ends: an error for the client, or a redirect."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, NoReturn

    FieldProblems = Sequence[dict[str, str]]


class HTTPError(Exception):
    """An error for the client: a response of type `application/problem+json`.

    Args:
        status: 400 to 599.
        detail: The explanation for the client; empty uses the status's default.
        headers: Header fields of the response, such as `Retry-After` or `WWW-Authenticate`.
        errors: The problems field by field: `[{"field": "title", "message": "is required"}]`.
        type: The URI of the problem's type (RFC 9457 §3.1.1).
        members: Further members of the problem document (RFC 9457 §3.2).

    Raises:
        ValueError: The status is not an error.
    """

    def __init__(
        self,
        status: int,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        errors: FieldProblems = (),
        type: str = "about:blank",  # noqa: A002  # as RFC 9457 calls it
        members: Mapping[str, object] | None = None,
    ) -> None:
        if not 400 <= status <= 599:
            raise ValueError(
                f"HTTPError has status {status}. Allowed are 400 to 599; return a Response for another status"
            )
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.errors = errors
        self.type = type
        self.members = members or {}

    def __str__(self) -> str:
        return f"{self.status} {self.detail}".rstrip()


class Redirect(Exception):  # noqa: N818  # not an error
    """A redirect that a handler raises.

    Args:
        url: Relative or absolute; invalid URL characters are percent-encoded.
        status: 303, 307 or 308.
        form_status: The status after a form POST, where it differs.
    """

    def __init__(self, url: str, status: int, form_status: int | None = None) -> None:
        from edgeroutes.http.url import location

        super().__init__(url, status)
        self.location = location(url)
        self.status = status
        self.form_status = form_status or status


def find_interrupt(error: Exception) -> HTTPError | Redirect | None:
    """The HTTPError or Redirect that was raised, also in task groups; None for another exception.

    For an exception group of interrupts it is the first one; another exception among them makes the response a 500.
    """
    if isinstance(error, (HTTPError, Redirect)):
        return error
    if not isinstance(error, ExceptionGroup):
        return _find_foreign(error)
    found = [find_interrupt(each) for each in error.exceptions]
    return None if None in found else found[0]


def _find_foreign(error: Any) -> HTTPError | Redirect | None:
    """The HTTPException of Starlette, FastAPI or Werkzeug as ours; None for another exception."""
    if not any(kind.__module__ in _FOREIGN and kind.__name__ == "HTTPException" for kind in type(error).__mro__):
        return None
    if hasattr(error, "status_code"):  # Starlette
        status, detail, sent = error.status_code, error.detail, error.headers or {}
    elif error.response is not None:  # Werkzeug's abort(response)
        status, detail, sent = error.response.status_code, "", error.response.headers
    else:
        status, detail, sent = error.code, error.description or "", dict(error.get_headers())
    headers = {name: value for name, value in sent.items() if name.lower() not in _OF_THE_BODY}
    location = next((value for name, value in headers.items() if name.lower() == "location"), "")
    location = location or getattr(error, "new_url", "")
    if location and 301 <= status <= 308:
        return Redirect(location, status)
    if not 400 <= status <= 599:
        return None
    found = HTTPError(status, headers=headers)
    found.detail = detail  # FastAPI's may be an object
    return found


# Modules of supported HTTPExceptions; FastAPI's is derived from Starlette's.
_FOREIGN = ("starlette.exceptions", "werkzeug.exceptions")
# They describe the exception's own body.
_OF_THE_BODY = ("content-type", "content-length")


def redirect(url: str) -> NoReturn:
    """End with a 307 to `url`, which keeps the method; after a form POST with a 303, so that the browser continues with GET."""
    raise Redirect(url, 307, 303)


def permanent_redirect(url: str) -> NoReturn:
    """End with a 308 to `url`, which browsers and caches store; after a form POST with a 303."""
    raise Redirect(url, 308, 303)


def see_other(url: str) -> NoReturn:
    """End with a 303 to `url`: the client continues with GET."""
    raise Redirect(url, 303)


def not_found(detail: str = "") -> NoReturn:
    """End with a 404, the same response as for an unmatched path."""
    raise HTTPError(404, detail)


def unauthorized(detail: str = "") -> NoReturn:
    """End with a 401: the client has to authenticate.

    `WWW-Authenticate` names the schemes of the route's `auth`, or `Bearer` without one; `HTTPError(401, headers=…)` sets another.
    """
    raise HTTPError(401, detail)


def forbidden(detail: str = "") -> NoReturn:
    """End with a 403: the client has no permission."""
    raise HTTPError(403, detail)
