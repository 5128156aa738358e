"""The HTTPException of Starlette, FastAPI or Werkzeug; loaded when one is raised."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# They describe the exception's own body.
_OF_THE_BODY = frozenset(("content-type", "content-length"))


def read_foreign(error: Any) -> tuple[int, Any, dict[str, str], str]:
    """Status, detail, headers and location of the exception."""
    if hasattr(error, "status_code"):  # Starlette
        status, detail, headers = error.status_code, error.detail, dict(error.headers or {})
    elif error.response is not None:  # Werkzeug's abort(response)
        status, detail, headers = error.response.status_code, "", dict(error.response.headers)
    else:
        status, detail, headers = error.code, error.description or "", dict(error.get_headers())
    headers = {name: value for name, value in headers.items() if name.lower() not in _OF_THE_BODY}
    location = next((value for name, value in headers.items() if name.lower() == "location"), "")
    return status, detail, headers, location or getattr(error, "new_url", "")
