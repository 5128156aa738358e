"""From what a handler returns to a response with its status and headers: cookies, `Cache-Control`, tags, validators.

Values are recognized by shape, so that no library is loaded only to check a type.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgeroutes.errors import HandlerError
from edgeroutes.http.caching import UNCACHED
from edgeroutes.http.response import BODILESS, CONNECTION_HEADERS, Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgeroutes.runtime.context import RequestScope

_MODEL_MARKS = ("__dataclass_fields__", "model_dump", "__struct_fields__", "__json__")
_NOTED = CONNECTION_HEADERS | {"cache-control", "expires", "set-cookie"}


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


def finalize_body(response: Response, method: str) -> None:
    """Leave the head alone where no body may go out: for HEAD, and for a status that has none, such as middleware may have set."""
    if method != "HEAD" and (response.status not in BODILESS or response.body is None):
        return
    if method != "HEAD":
        response.headers.discard(CONNECTION_HEADERS)  # the length of a file
        response.headers.pop("content-type", None)
    response.body = None


def complete_headers(response: Response, scope: RequestScope) -> Response:
    """The response with what belongs to it, or the 304 that stands for it.

    Args:
        response: As the handler and middleware left it; a stream has its first chunk.
        scope: The request, with the route, whose config decides whether it is cached.

    Raises:
        HandlerError: When the data behind a cached response has more tags than CloudFront takes.
    """
    headers = response.headers
    is_plain = not headers.has_any(_NOTED)  # one look instead of four, on every request
    if not is_plain:
        length = _declared_length(response, scope.incoming.method)
        headers.discard(CONNECTION_HEADERS)
        if length:
            headers.add_own("content-length", length)
    has_cookies = not (is_plain and scope.jar is None and not response.has_cookies) and _write_cookies(response, scope)
    # Expires is a caching policy, too (RFC 9111 §5.3): a Cache-Control beside it would take its place.
    has_own = not is_plain and ("cache-control" in headers or "expires" in headers)
    if scope.endpoint.lifetime_seconds is None and not has_own:
        headers.add_own("cache-control", UNCACHED)
        return response
    from edgeroutes.runtime import cache_policy

    apply = cache_policy.apply_handler_policy if has_own else cache_policy.apply_route_policy
    return apply(response, scope, has_cookies=has_cookies)


def _declared_length(response: Response, method: str) -> str:
    """The length that a GET would have, of a response to HEAD; "" where it is unknown. Source: RFC 9110 §9.3.2, §8.6."""
    if method != "HEAD" or response.body is not None or response.status in BODILESS:
        return ""
    length = response.headers.get("content-length", "")
    return length if length.isascii() and length.isdigit() and len(length) < 20 else ""


def _write_cookies(response: Response, scope: RequestScope) -> bool:
    lines = response.set_cookie_lines(scope.jar)
    if lines:
        response.headers.pop("set-cookie", None)
        for line in lines:
            response.headers.append("set-cookie", line)
    return bool(lines)
