"""What belongs to the status and headers of every response: cookies, `Cache-Control`, tags, validators."""

from __future__ import annotations

from edgeroutes.http.caching import CACHEABLE_STATUSES, CREDENTIALS, UNCACHED
from edgeroutes.http.response import BODILESS, CONNECTION_HEADERS, Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.runtime.endpoint import Endpoint

_NOTED = CONNECTION_HEADERS | {"cache-control", "expires", "set-cookie"}


def complete_stream(response: Response, scope: RequestScope) -> Response:
    """What `complete_headers` has made of a stream, with how its body is sent: compressed, or with its length."""
    if not response.is_stream:
        return response
    from edgeroutes.runtime.compression import compressed

    return compressed(response, scope.incoming.header("accept-encoding") or "")


def finalize_body(response: Response, method: str) -> None:
    """Leave the head alone where no body may go out: for HEAD, and for a status that has none, such as middleware may have set."""
    if method != "HEAD" and (response.status not in BODILESS or response.body is None):
        return
    if method != "HEAD":
        response.headers.discard(CONNECTION_HEADERS)  # the length of a file
        response.headers.pop("content-type", None)
    response.body = None


def complete_headers(response: Response, scope: RequestScope, endpoint: Endpoint, tag_header: str) -> Response:
    """The response with what belongs to it, or the 304 that stands for it.

    Args:
        response: As the handler and middleware left it; a stream has its first chunk.
        scope: The request.
        endpoint: The route, whose config decides whether it is cached.
        tag_header: Where the CDN reads cache tags.

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
    if endpoint.lifetime_seconds is None and not has_own:
        headers.add_own("cache-control", UNCACHED)
        return response
    from edgeroutes.runtime import cached_headers

    if has_own:
        return cached_headers.apply_handler_policy(response, scope, tag_header, has_cookies=has_cookies)
    reason = uncached_reason(response, scope, endpoint, has_cookies=has_cookies)
    if reason:
        headers.add_own("cache-control", UNCACHED)
        cached_headers.log_uncached(reason, scope)
        return response
    return cached_headers.apply_route_policy(response, scope, tag_header)


def _declared_length(response: Response, method: str) -> str:
    """The length that a GET would have, of a response to HEAD; "" where it is unknown. Source: RFC 9110 §9.3.2, §8.6."""
    if method != "HEAD" or response.body is not None or response.status in BODILESS:
        return ""
    length = response.headers.get("content-length", "")
    return length if length.isascii() and length.isdigit() and len(length) < 20 else ""


def uncached_reason(response: Response, scope: RequestScope, endpoint: Endpoint, *, has_cookies: bool) -> str:
    """Why a response of a route whose config has its responses kept is not kept; "" where it is."""
    if scope.incoming.method not in ("GET", "HEAD"):
        return f"{scope.incoming.method} is never cached"
    if scope.dynamic_reasons:
        return f"{' and '.join(dict.fromkeys(scope.dynamic_reasons))} were read"
    if has_cookies:
        return "it sets a cookie"
    if response.status not in CACHEABLE_STATUSES:
        return f"status {response.status} is never cached"
    # What an app reads of the request is not seen, and whoever signs in does it by these.
    if endpoint.app is not None and any(scope.incoming.header(name) for name in CREDENTIALS):
        return "credentials were sent to a mounted app"
    return ""


def _write_cookies(response: Response, scope: RequestScope) -> bool:
    lines = response.set_cookie_lines(scope.jar)
    if lines:
        response.headers.pop("set-cookie", None)
        for line in lines:
            response.headers.append("set-cookie", line)
    return bool(lines)
