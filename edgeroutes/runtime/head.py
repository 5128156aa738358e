"""What belongs to the head of every answer: cookies, `Cache-Control`, validators. Request wing, floor 2."""

from __future__ import annotations

from edgeroutes.http.caching import CACHEABLE_STATUSES, UNCACHED, render_cache_control
from edgeroutes.http.headers import Headers
from edgeroutes.http.response import CONNECTION_HEADERS, Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.runtime.endpoint import Endpoint

_NOTED = CONNECTION_HEADERS | {"cache-control", "set-cookie"}


def complete_head(response: Response, scope: RequestScope, endpoint: Endpoint, tag_header: str) -> Response:
    """The answer with what belongs to it, or the 304 that stands for it.

    Args:
        response: As the handler and middleware left it; a stream has its first chunk.
        scope: The request.
        endpoint: The route, whose config says whether it is cached.
        tag_header: Where the CDN reads cache tags.
    """
    headers = response.headers
    is_plain = not headers.has_any(_NOTED)  # one look instead of four, on every request
    if not is_plain:
        headers.discard(CONNECTION_HEADERS)
    has_cookies = not (is_plain and scope.jar is None and not response.has_cookies) and _write_cookies(response, scope)
    if not is_plain and "cache-control" in headers:
        return response
    lifetime = endpoint.lifetime_seconds
    if lifetime is None or has_cookies or not _is_cacheable(response, scope):
        headers.add_own("cache-control", UNCACHED)
        return response
    headers["cache-control"] = render_cache_control(lifetime, response.status)
    if endpoint.config.tags:
        headers[tag_header] = ",".join(endpoint.config.tags)
    return _validated(response, scope, tag_header) if response.status == 200 else response


async def drop_body(response: Response) -> None:
    """Leave the head alone, as HEAD asks; what would have produced the rest is closed."""
    if response.is_stream:
        from edgeroutes.runtime.chunks import close_stream

        await close_stream(response)
    response.body = None


def _write_cookies(response: Response, scope: RequestScope) -> bool:
    lines = response.set_cookie_lines(scope.jar)
    if lines:
        response.headers.pop("set-cookie", None)
        for line in lines:
            response.headers.append("set-cookie", line)
    return bool(lines)


def _is_cacheable(response: Response, scope: RequestScope) -> bool:
    return scope.incoming.method in ("GET", "HEAD") and response.status in CACHEABLE_STATUSES and not scope.asked_for


def _validated(response: Response, scope: RequestScope, tag_header: str) -> Response:
    """With an entity tag, unless it streams; 304 where the client has it already."""
    from edgeroutes.http.etags import is_not_modified, kept_headers, strong_etag

    body = response.body
    if isinstance(body, str | bytes) and "etag" not in response.headers:
        response.headers["etag"] = strong_etag(body.encode() if isinstance(body, str) else body)
    if is_not_modified(Headers.from_lowered(scope.incoming.header_items()), response.headers):
        return Response(None, 304, kept_headers(response.headers, tag_header))
    return response
