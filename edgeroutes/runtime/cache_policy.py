"""How long a response may be cached, and under which tags: what the data behind it sets, and the headers that follow from it.

Loaded by routes that use `cached`, `fetch` or `cache_tags`, and for responses that caches may store.
"""

from __future__ import annotations

import sys

from edgeroutes.errors import HandlerError
from edgeroutes.http.caching import (
    ALWAYS_KEYED,
    CACHEABLE_STATUSES,
    CREDENTIALS,
    MAX_TAGS,
    UNCACHED,
    YEAR_SECONDS,
    keyed_headers,
    path_tag,
    render_cache_control,
    tag_problem,
)
from edgeroutes.http.conditional import is_not_modified, kept_headers, strong_etag
from edgeroutes.http.headers import Headers
from edgeroutes.http.response import Response
from edgeroutes.runtime.context import collecting, current_scope, find_scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgeroutes.runtime.context import RequestScope

_warned: set[tuple[str, ...]] = set()


class CacheUsage:
    """The lowest lifetime and every tag of what was used: for a response, or for the value of a cached function.

    Args:
        key: Of the cached value that is being made; empty for a response.
        outer: What the value is being made for, where that is another cached value.
    """

    __slots__ = ("keys", "lifetime_seconds", "tags")

    def __init__(self, key: str = "", outer: CacheUsage | None = None) -> None:
        self.lifetime_seconds = sys.maxsize
        self.tags: set[str] = set()
        self.keys: frozenset[str] = frozenset({key}) if outer is None else outer.keys | {key}

    def join(self, lifetime_seconds: int, tags: Iterable[str]) -> None:
        """Count something that was used."""
        self.lifetime_seconds = min(self.lifetime_seconds, lifetime_seconds)
        self.tags.update(tags)

    def is_making(self, key: str) -> bool:
        """Whether the value of this key is being made now: a nested request for it must not wait for it."""
        return key in self.keys


def current_usage() -> CacheUsage | None:
    """What counts now: the cached function that is running, else the response; None outside both, or once its headers are written."""
    making = collecting.get(None)
    if making is not None:
        return making
    scope = find_scope()
    if scope is None or scope.sealed:
        return None
    if scope.usage is None:
        scope.usage = CacheUsage()
    return scope.usage


def cache_tags(*tags: str) -> None:
    """Give the response more tags, by which `revalidate_tag` finds it; inside a `cached` function, the value that it returns.

    They count where the response is cached at all (the route's `revalidate`).

    Args:
        tags: At most 256 visible ASCII characters each, without comma.

    Raises:
        HandlerError: For a tag that CloudFront would not take, outside a request, and once the response has begun.
    """
    require_tags(tags, "cache_tags()")
    usage = current_usage()
    if usage is None:
        scope = current_scope("cache_tags()")
        hint = "Call it before the handler returns, or before the first chunk of a stream"
        raise HandlerError(f"cache_tags() was called {scope.sealed}", where=scope.where, hint=hint)
    usage.tags.update(tags)


def require_tags(tags: Iterable[object], where: str) -> None:
    """Raise HandlerError for the first tag that CloudFront would not take."""
    if isinstance(tags, str):
        raise HandlerError(f"tags are {tags!r:.60}. Allowed: a list of strings", where=where, hint="Put it into a list")
    for tag in tags:
        problem = tag_problem(tag)
        if problem:
            raise HandlerError(problem, where=where)


def apply_route_policy(response: Response, scope: RequestScope, *, has_cookies: bool) -> Response:
    """The response as the route's config has it cached, or the 304 that stands for it; uncached where that is not possible."""
    reason = _uncached_reason(response, scope, has_cookies=has_cookies)
    if reason:
        response.headers.add_own("cache-control", UNCACHED)
        _log_uncached(reason, scope)
        return response
    unkeyed = _unkeyed(response, scope)
    if unkeyed:
        response.headers.add_own("cache-control", UNCACHED)
        _warn_of_vary(unkeyed, scope)
        return response
    lifetime = scope.endpoint.lifetime_seconds or YEAR_SECONDS
    if scope.usage is not None:
        lifetime = min(lifetime, scope.usage.lifetime_seconds)
    response.headers.add_own("cache-control", render_cache_control(lifetime, response.status))
    scope.is_shared = response.is_stream
    _tag(response, scope)
    return _validated(response, scope)


def apply_handler_policy(response: Response, scope: RequestScope, *, has_cookies: bool) -> Response:
    """The response with the handler's own `Cache-Control`, or its `Expires` alone; with tags where shared caches may store it.

    It becomes private beside a cookie, since CloudFront would give one visitor's cookie to the next, and where the response varies by a
    header that is not in CloudFront's cache key.
    """
    own = response.headers.get("cache-control")
    if own is None:
        seconds = _seconds_until(response.headers["expires"])
        if seconds <= 0:
            response.headers.add_own("cache-control", UNCACHED)
            return response
        own = f"max-age={seconds}"
    if scope.incoming.method not in ("GET", "HEAD"):
        return response
    from edgeroutes.http.freshness import allows_sharing, replays_cookies

    unkeyed = _unkeyed(response, scope)
    if unkeyed and allows_sharing(own):
        response.headers["cache-control"] = UNCACHED
        _warn_of_vary(unkeyed, scope)
        return response
    if has_cookies:
        if replays_cookies(own):
            response.headers["cache-control"] = UNCACHED
            _warn(
                f"a response that sets a cookie has Cache-Control {own!r}, by which CloudFront would give the cookie to everyone. "
                f"It is sent as {UNCACHED!r}. Use 'private', or add 'no-cache=\"Set-Cookie\"'.",
                scope,
            )
        return response
    if allows_sharing(own):
        _tag(response, scope)
    return response if "no-store" in own.lower() else _validated(response, scope)


def _seconds_until(expires: str) -> int:
    """The seconds until a date; a date that cannot be read is in the past (RFC 9111 §5.3)."""
    from time import time

    from edgeroutes.http.conditional import parse_http_date

    return int((parse_http_date(expires) or 0) - time())


def _uncached_reason(response: Response, scope: RequestScope, *, has_cookies: bool) -> str:
    """Why a response of a cached route is not cached; "" where it is."""
    if scope.incoming.method not in ("GET", "HEAD"):
        return f"{scope.incoming.method} is never cached"
    if scope.dynamic_reasons:
        return f"{' and '.join(dict.fromkeys(scope.dynamic_reasons))} were read"
    if has_cookies:
        return "it sets a cookie"
    if response.status not in CACHEABLE_STATUSES:
        return f"status {response.status} is never cached"
    # What an app reads of the request is not seen, and whoever signs in does it by these.
    if scope.endpoint.app is not None and any(scope.incoming.header(name) for name in CREDENTIALS):
        return "credentials were sent to a mounted app"
    return ""


def _log_uncached(reason: str, scope: RequestScope) -> None:
    """One line, in `dev` and at debug level, for who wonders why a response of a cached route is made anew each time."""
    if scope.incoming.method not in ("GET", "HEAD"):
        return
    from edgeroutes.runtime.log import log_debug

    log_debug(f"the response is not cached: {reason}", route=scope.endpoint.route.route_path, path=scope.path)


def _unkeyed(response: Response, scope: RequestScope) -> list[str]:
    """The request headers in `Vary` by which CloudFront does not distinguish requests; it ignores `Vary` itself (facts: aws.md §5)."""
    if "vary" not in response.headers:
        return []
    cors = scope.endpoint.route.cors
    keyed = keyed_headers(has_several_hosts=True, varies_by_origin=cors is not None and cors.varies_by_origin)
    in_key = {*ALWAYS_KEYED, *(name.lower() for name in keyed)}
    names = [name.strip() for line in response.headers.getlist("vary") for name in line.split(",")]
    return [name for name in names if name and name.lower() not in in_key]


def _warn_of_vary(unkeyed: list[str], scope: RequestScope) -> None:
    """Once for each route and set of headers, in production, too: the author expects the response to be cached."""
    what = (scope.where, *sorted(unkeyed))
    if what not in _warned:
        _warned.add(what)
        _warn(
            f"the response is not cached: it varies by {', '.join(unkeyed)}, which is not in CloudFront's cache key. It is sent "
            f"as {UNCACHED!r}. Put what it varies by into the path or the query, or leave it out of Vary.",
            scope,
        )


def _warn(message: str, scope: RequestScope) -> None:
    from edgeroutes.runtime.log import log_warning

    log_warning(f"{scope.where}: {message}", route=scope.endpoint.route.route_path, path=scope.path)


def _tag(response: Response, scope: RequestScope) -> None:
    """The route's tags, those of the data behind the response, and the path's own, in an order that does not change."""
    tags = list(dict.fromkeys(scope.endpoint.config.tags))
    if scope.usage is not None:
        tags += sorted(scope.usage.tags.difference(tags))
    if len(tags) > MAX_TAGS:
        problem = f"the response has {len(tags)} cache tags, from {tags[0]!r} to {tags[-1]!r}. Allowed are {MAX_TAGS}"
        hint = "Give fewer in tags, cache_tags(), cached() and fetch(): what is shared by many makes one tag"
        raise HandlerError(problem, where=scope.where, hint=hint)
    response.headers[scope.endpoint.manifest.tag_header] = ",".join([*tags, path_tag(scope.path)])


def _validated(response: Response, scope: RequestScope) -> Response:
    """With an entity tag, unless it streams; 304 where the client has it already."""
    if response.status != 200:
        return response
    body = response.body
    if isinstance(body, str | bytes) and "etag" not in response.headers:
        response.headers.add_own("etag", strong_etag(body.encode() if isinstance(body, str) else body))
    incoming = scope.incoming
    if incoming.header("if-none-match") is None and incoming.header("if-modified-since") is None:
        return response
    if is_not_modified(Headers.from_lowered(incoming.header_items()), response.headers):
        return Response(None, 304, kept_headers(response.headers, scope.endpoint.manifest.tag_header))
    return response
