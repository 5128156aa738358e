"""What `Cache-Control` an answer carries and when. Ground floor: the one place that knows the arithmetic.

Source: decisions.md "Answers to the browser and the CDN"; RFC 9111, RFC 5861; Next.js 16 `expireTime` (C5, C6).
"""

from __future__ import annotations

YEAR_SECONDS = 31_536_000
UNCACHED = "private, no-store"
CACHEABLE_STATUSES = frozenset((200, 203, 204, 301, 302, 307, 308, 404, 410))
# CloudFront runs no viewer-response function for these, so a browser would see the stale-… parts and obey them.
_BARE_STATUSES = (404, 410)


def render_cache_control(lifetime_seconds: int, status: int = 200) -> str:
    """The `Cache-Control` of a shared answer that is fresh for `lifetime_seconds`.

    >>> render_cache_control(60)
    'public, s-maxage=60, stale-while-revalidate=31535940, stale-if-error=31535940'
    """
    stale = YEAR_SECONDS - lifetime_seconds
    if stale <= 0 or status in _BARE_STATUSES:
        return f"public, s-maxage={lifetime_seconds}"
    return f"public, s-maxage={lifetime_seconds}, stale-while-revalidate={stale}, stale-if-error={stale}"


def lifetime_seconds(dynamic: str, revalidate: int | bool | None, *, has_static_params: bool) -> int | None:  # noqa: FBT001
    """How long a route's answers stay fresh in a shared cache; None when they are made anew each time.

    Args:
        dynamic: `auto`, `force-dynamic`, `error` or `force-static`.
        revalidate: Seconds, 0 for never cached, False for until revalidated, None when the route does not say.
        has_static_params: Whether the route exports `generate_static_params`.
    """
    if dynamic == "force-dynamic" or (revalidate is not False and revalidate == 0):
        return None
    if revalidate:
        return int(revalidate)
    if revalidate is False or dynamic in ("force-static", "error") or has_static_params:
        return YEAR_SECONDS
    return None
