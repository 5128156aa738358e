"""Any value that a handler may return, as a Response. Request wing, floor 2.

Values are told by their shape, so that no library is loaded to find out what it is not.
"""

from __future__ import annotations

from edgeroutes.errors import HandlerError
from edgeroutes.http.response import Response

_MODEL_MARKS = ("__dataclass_fields__", "model_dump", "__struct_fields__", "__json__")


def to_response(value: object, where: str) -> Response:
    """The answer that `value` stands for.

    Args:
        value: A Response; dict, list, dataclass or model (JSON); str (text); bytes; a sync or async generator (a stream);
            any Starlette response.
        where: The handler, for the message.

    Raises:
        HandlerError: For None, for what is none of these, and for what holds a value that JSON has not.
    """
    if isinstance(value, Response):
        return value.copy()  # cookies and headers of this request must not stay on a Response that is returned again
    if isinstance(value, (dict, list)):
        return _as_json(value, where)
    if isinstance(value, (str, bytes)):
        return Response(value)
    if value is None:
        hint = "Return a value, or Response(status=204) for no content"
        raise HandlerError("the handler returned None", where=where, hint=hint)
    if hasattr(value, "__aiter__") or hasattr(value, "__next__"):
        return Response.stream(value)  # type: ignore[arg-type]  # chunks are checked as they come
    if not isinstance(value, type):
        if hasattr(value, "raw_headers") and hasattr(value, "status_code"):
            from edgeroutes.runtime.starlette_bridge import from_starlette

            return from_starlette(value)
        if any(hasattr(value, mark) for mark in _MODEL_MARKS):
            return _as_json(value, where)
    hint = "Return a Response, dict, list, str, bytes, dataclass, model or generator"
    if isinstance(value, tuple):
        hint = "For a body with a status, return Response.json(body, status=…)"
    raise HandlerError(f"the handler returned {value!r:.60} of type {type(value).__name__}", where=where, hint=hint)


def _as_json(value: object, where: str) -> Response:
    try:
        return Response.json(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise HandlerError(f"what the handler returned cannot be sent as JSON: {error}", where=where) from error
