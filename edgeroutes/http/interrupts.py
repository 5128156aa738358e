"""What a handler raises to end with an answer of another kind: an error for the client, or a redirect. Ground floor."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

    FieldProblems = Sequence[dict[str, str]]


class HTTPError(Exception):
    """An error for the client, answered as `application/problem+json`.

    Args:
        status: 400 to 599.
        detail: What to tell the client about this occurrence; empty leaves it out.
        headers: Fields for the answer, such as `Retry-After` or `WWW-Authenticate`.
        errors: What is wrong field by field: `[{"field": "title", "message": "is required"}]`.

    Raises:
        ValueError: For a status that is no error.
    """

    def __init__(
        self,
        status: int,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        errors: FieldProblems = (),
    ) -> None:
        if not 400 <= status <= 599:
            raise ValueError(f"HTTPError has status {status}: 400 to 599 are errors; return a Response for the others")
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.errors = errors

    def __str__(self) -> str:
        return f"{self.status} {self.detail}".rstrip()


class Redirect(Exception):  # noqa: N818  # no error: the answer that was wanted
    """A redirect on its way out of a handler.

    Args:
        url: Relative or absolute; what is no URL character is percent-encoded.
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
    """The HTTPError or Redirect that was raised, also in task groups; None for any other error.

    Of an exception group whose leaves are all interrupts it is the first; one other error among them makes the response a 500.
    """
    if isinstance(error, (HTTPError, Redirect)):
        return error
    if not isinstance(error, ExceptionGroup):
        return _find_foreign(error)
    found = [find_interrupt(each) for each in error.exceptions]
    return None if None in found else found[0]


def _find_foreign(error: Exception) -> HTTPError | Redirect | None:
    if not any(kind.__module__ in _FOREIGN and kind.__name__ == "HTTPException" for kind in type(error).__mro__):
        return None
    from edgeroutes.http.foreign_errors import read_foreign

    status, detail, headers, location = read_foreign(error)
    if location and 301 <= status <= 308:
        return Redirect(location, status)
    if not 400 <= status <= 599:
        return None
    found = HTTPError(status, headers=headers)
    found.detail = detail  # also an object, such as FastAPI's
    return found


# Whose HTTPException is understood; FastAPI's is a Starlette one.
_FOREIGN = ("starlette.exceptions", "werkzeug.exceptions")


def redirect(url: str) -> NoReturn:
    """End with a 307 to `url`: the method is kept; after a form POST 303, so that the browser goes on with GET."""
    raise Redirect(url, 307, 303)


def permanent_redirect(url: str) -> NoReturn:
    """End with a 308 to `url`: as `redirect`, and browsers and caches remember it; after a form POST 303."""
    raise Redirect(url, 308, 303)


def see_other(url: str) -> NoReturn:
    """End with a 303 to `url`: whatever the method was, the client goes on with GET."""
    raise Redirect(url, 303)


def not_found(detail: str = "") -> NoReturn:
    """End with a 404, the same answer that an unmatched path gets."""
    raise HTTPError(404, detail)


def unauthorized(detail: str = "") -> NoReturn:
    """End with a 401: say who you are. `HTTPError(401, headers={"WWW-Authenticate": …})` says how."""
    raise HTTPError(401, detail)


def forbidden(detail: str = "") -> NoReturn:
    """End with a 403: we know who you are, and you may not."""
    raise HTTPError(403, detail)
