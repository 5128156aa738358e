"""Any value that a handler may return, as a Response.

Values are recognized by shape, so that no library is loaded only to check a type.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgeroutes.errors import HandlerError
from edgeroutes.http.response import Response

_MODEL_MARKS = ("__dataclass_fields__", "model_dump", "__struct_fields__", "__json__")


def to_response(value: object, where: str) -> Response:
    """The response that `value` stands for.

    Args:
        value: A Response; dict, list, dataclass or model (JSON); str (text); bytes; a sync or async generator (a stream);
            any Starlette response.
        where: The handler, for the message.

    Raises:
        HandlerError: For None, for what is none of these, and for what contains a value that JSON does not have.
    """
    kind = value.__class__
    if kind is dict or kind is list:  # most handlers
        return json_response(value, where)
    if isinstance(value, Response):
        return value.copy()  # cookies and headers of this request must not stay on a Response that is returned again
    if isinstance(value, (dict, list)):
        return json_response(value, where)
    if isinstance(value, (str, bytes)):
        return Response(value)
    if value is None:
        hint = "Return a value, or Response(status=204) for no content"
        raise HandlerError("the handler returned None", where=where, hint=hint)
    if hasattr(value, "__aiter__") or hasattr(value, "__next__"):
        return Response.stream(value)  # type: ignore[arg-type]  # chunks are checked as they come
    if is_response(value):
        from edgeroutes.runtime.starlette_bridge import from_starlette

        return from_starlette(value)
    if isinstance(value, Mapping) or (
        not isinstance(value, type) and any(hasattr(value, mark) for mark in _MODEL_MARKS)
    ):
        return json_response(value, where)
    hint = "Return a Response, dict, list, str, bytes, dataclass, model or generator"
    if isinstance(value, tuple):
        hint = "For a body with a status, return Response.json(body, status=…)"
    raise HandlerError(f"the handler returned {value!r:.60} of type {type(value).__name__}", where=where, hint=hint)


def is_response(value: object) -> bool:
    """Whether the value is a response already: ours, or one of Starlette's, recognized by its attributes."""
    return isinstance(value, Response) or (
        hasattr(value, "raw_headers") and hasattr(value, "status_code") and not isinstance(value, type)
    )


def json_response(value: object, where: str) -> Response:
    """`value` as a JSON response.

    Raises:
        HandlerError: For a value that JSON does not have.
    """
    try:
        return Response.json(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise HandlerError(f"what the handler returned cannot be sent as JSON: {error}", where=where) from error


class Unfit(Exception):  # noqa: N818  # an outcome, which the caller turns into an error
    """A value that cannot become its type."""

    def __init__(self, message: str, *names: str) -> None:
        super().__init__(message)
        self.message = message
        self.names = list(names)

    def __str__(self) -> str:
        return f"{'.'.join(self.names)}: {self.message}" if self.names else self.message
