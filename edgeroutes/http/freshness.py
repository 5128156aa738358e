"""How a shared cache may use a response, from its header fields.

`caching` decides the headers of edgeroutes' own responses; this reads those, and any headers of a handler, as CloudFront does. The runtime,
the dev CDN, `explain` and the tests use it.

Source: RFC 9111 §3, §4.2, §5.2; RFC 5861; docs.aws.amazon.com/AmazonCloudFront "Expiration", "HTTPStatusCodes" and
"RequestAndResponseBehaviorCustomOrigin" (read 2026-11-21).
"""

from __future__ import annotations

from edgeroutes.http.caching import YEAR_SECONDS
from edgeroutes.http.conditional import parse_http_date
from edgeroutes.http.headers import parse_digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Final

    from edgeroutes.http.headers import Headers

# Errors that CloudFront caches where a header gives them a lifetime.
STORED_ERRORS: Final = frozenset((400, 403, 404, 405, 410, 412, 414, 415, 500, 501, 502, 503, 504))
# Errors for which CloudFront serves a stale response.
COVERED_ERRORS: Final = frozenset((500, 502, 503, 504))
# A range, and the confirmation of a client's own copy, cannot be the response to another request.
_NEVER_STORED = frozenset((206, 304))
# Fields of a connection. Source: RFC 9111 §3.1 and RFC 9110 §7.6.1.
_HOP_BY_HOP = frozenset(
    (
        "connection", "keep-alive", "proxy-authenticate", "proxy-authentication-info", "proxy-authorization", "proxy-connection",
        "te", "trailer", "transfer-encoding", "upgrade",
    )
)  # fmt: skip
# Larger values count as this. Source: RFC 9111 §1.2.2.
_MAX_SECONDS = 2**31


# The viewer-response function, and the dev CDN, replace a Cache-Control with s-maxage by this, because an invalidation does not reach
# browsers.
BROWSER_CACHE_CONTROL: Final = "public, max-age=0, must-revalidate"


class Freshness:
    """How a shared cache may use a response.

    Args:
        is_stored: Whether it is stored; with a lifetime of 0 it can still be revalidated, or replace an error.
        lifetime_seconds: How long it is fresh, from its creation.
        age_seconds: Its age when it arrived.
        revalidating_seconds: How long it is served stale, while a new one is fetched.
        on_error_seconds: How long it is served stale instead of an error; None for as long as it is stored.
        unstored_fields: Header fields that are not stored, in lower case.
    """

    __slots__ = (
        "age_seconds",
        "is_stored",
        "lifetime_seconds",
        "on_error_seconds",
        "revalidating_seconds",
        "unstored_fields",
    )

    def __init__(
        self,
        *,
        is_stored: bool,
        lifetime_seconds: int = 0,
        age_seconds: int = 0,
        revalidating_seconds: int = 0,
        on_error_seconds: int | None = None,
        unstored_fields: frozenset[str] = frozenset(),
    ) -> None:
        self.is_stored = is_stored
        self.lifetime_seconds = lifetime_seconds
        self.age_seconds = age_seconds
        self.revalidating_seconds = revalidating_seconds
        self.on_error_seconds = on_error_seconds
        self.unstored_fields = unstored_fields

    def is_fresh(self, since_seconds: float) -> bool:
        """Whether it is fresh, this long after its arrival."""
        return self._overdue(since_seconds) < 0

    def may_be_refreshed_behind(self, since_seconds: float) -> bool:
        """Whether it is served stale, while a new one is fetched."""
        return self._overdue(since_seconds) < self.revalidating_seconds

    def may_cover_error(self, since_seconds: float) -> bool:
        """Whether it is served instead of an error of the origin."""
        return self.on_error_seconds is None or self._overdue(since_seconds) < self.on_error_seconds

    def _overdue(self, since_seconds: float) -> float:
        return self.age_seconds + since_seconds - self.lifetime_seconds


def read_freshness(status: int, headers: Headers, now: float) -> Freshness:
    """How a shared cache may use the response to a GET, with the template's cache policy: MinTTL and DefaultTTL 0, MaxTTL a year.

    Args:
        status: The response's.
        headers: The response's.
        now: The time of its arrival, in seconds since the epoch.
    """
    directives = parse_cache_control(headers.getlist("cache-control"))
    is_refused = "no-store" in directives or directives.get("private", "") is None
    if status in _NEVER_STORED or _varies_by_anything(headers) or is_refused:
        return Freshness(is_stored=False)
    declared = _declared_lifetime(directives, headers, now)
    is_unusable = directives.get("no-cache", "") is None
    lifetime = 0 if is_unusable else min(declared or 0, YEAR_SECONDS)
    if status >= 400:
        is_stored = status in STORED_ERRORS and bool(_seconds(directives, "s-maxage", "max-age")) and lifetime > 0
    else:
        is_stored = lifetime > 0 or declared is not None or not {"etag", "last-modified"}.isdisjoint(headers)
    return Freshness(
        is_stored=is_stored,
        lifetime_seconds=lifetime,
        age_seconds=_age(headers, now),
        revalidating_seconds=0 if is_unusable else _seconds(directives, "stale-while-revalidate") or 0,
        on_error_seconds=0 if is_unusable else _seconds(directives, "stale-if-error"),
        unstored_fields=_unstored_fields(directives, headers),
    )


def allows_sharing(cache_control: str) -> bool:
    """Whether CloudFront caches a response with this `Cache-Control` for all clients."""
    return _read_alone(cache_control).lifetime_seconds > 0


def replays_cookies(cache_control: str) -> bool:
    """Whether CloudFront would store the response's cookies and send them to everyone.

    Source: docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Cookies.html: `no-cache="Set-Cookie"` excludes them.
    """
    found = _read_alone(cache_control)
    return found.lifetime_seconds > 0 and "set-cookie" not in found.unstored_fields


def _read_alone(cache_control: str) -> Freshness:
    from edgeroutes.http.headers import Headers

    return read_freshness(200, Headers.from_lowered([("cache-control", cache_control)]), 0)


def parse_cache_control(lines: Iterable[str]) -> dict[str, str | None]:
    """The directives, names in lower case; None where one has no value. The first of a name counts.

    >>> parse_cache_control(['public, S-MaxAge="60"', 'no-cache="set-cookie"'])
    {'public': None, 's-maxage': '60', 'no-cache': 'set-cookie'}

    Source: RFC 9111 §5.2, §4.2.1.
    """
    import re

    directives: dict[str, str | None] = {}
    for line in lines:
        for found in re.finditer(r'([^\s",=]+)\s*(?:=(?:"((?:[^"\\]|\\.)*)"|([^",]*)))?[^,]*', line):
            name, quoted, plain = found.groups()
            directives.setdefault(name.lower(), quoted if quoted is not None else plain)
    return directives


def _seconds(directives: Mapping[str, str | None], *names: str) -> int | None:
    """The seconds of the first of these directives; 0 where they are not valid, None without any."""
    for name in names:
        if name in directives:
            return parse_digits((directives[name] or "").rstrip(), _MAX_SECONDS) or 0
    return None


def _declared_lifetime(directives: Mapping[str, str | None], headers: Headers, now: float) -> int | None:
    """The origin's lifetime: s-maxage before max-age before Expires; None without any."""
    seconds = _seconds(directives, "s-maxage", "max-age")
    if seconds is not None or "expires" not in headers:
        return seconds
    expires = parse_http_date(headers["expires"])
    made = parse_http_date(headers.get("date", ""))
    return 0 if expires is None else max(0, expires - int(now if made is None else made))


def _age(headers: Headers, now: float) -> int:
    """The age at arrival, from Date and from the Age of other caches (RFC 9111 §4.2.3)."""
    ages = headers.getlist("age")
    first = ages[0].partition(",")[0].strip() if ages else ""
    age = parse_digits(first, _MAX_SECONDS) or 0
    made = parse_http_date(headers.get("date", ""))
    return max(age, 0 if made is None else int(now) - made)


def _varies_by_anything(headers: Headers) -> bool:
    """Whether no two requests have the same response. Source: with MinTTL 0, CloudFront fetches `Vary: *` each time."""
    return "*" in (name.strip() for name in headers.get("vary", "").split(","))


def _unstored_fields(directives: Mapping[str, str | None], headers: Headers) -> frozenset[str]:
    """Fields of the connection, and those that `no-cache="…"` or `private="…"` names."""
    named = ",".join([headers.get("connection", ""), directives.get("no-cache") or "", directives.get("private") or ""])
    return _HOP_BY_HOP | {name.strip().lower() for name in named.split(",") if name.strip()}
