"""What a shared cache may do with an answer, read from its header fields. Ground floor; loaded when that is asked.

The other half of the cache rules: `caching` says what an answer of ours carries, this says what that, or anything else a handler
writes, means to CloudFront. The runtime asks here of a handler's own `Cache-Control`; the dev CDN, `explain` and the tests of all.

Source: RFC 9111 §3, §4.2, §5.2; RFC 5861; CloudFront's own rules from docs.aws.amazon.com/AmazonCloudFront "Expiration",
"HTTPStatusCodes" and "RequestAndResponseBehaviorCustomOrigin" (aws.md §5, read 2026-11-21).
"""

from __future__ import annotations

from edgeroutes.http.caching import YEAR_SECONDS
from edgeroutes.http.dates import parse_http_date
from edgeroutes.http.numbers import parse_digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Final

    from edgeroutes.http.headers import Headers

# What CloudFront keeps of the errors, when a header gives them a lifetime; of the others it keeps none.
STORED_ERRORS: Final = frozenset((400, 403, 404, 405, 410, 412, 414, 415, 500, 501, 502, 503, 504))
# For these a stale answer is served instead. Source: aws.md §5.
COVERED_ERRORS: Final = frozenset((500, 502, 503, 504))
# No answer to this request for another one: a part, and what confirms one's own copy.
_NEVER_STORED = frozenset((206, 304))
# Source: RFC 9111 §3.1 and RFC 9110 §7.6.1: of one connection, not of the answer.
_HOP_BY_HOP = frozenset(
    (
        "connection", "keep-alive", "proxy-authenticate", "proxy-authentication-info", "proxy-authorization", "proxy-connection",
        "te", "trailer", "transfer-encoding", "upgrade",
    )
)  # fmt: skip
# Source: RFC 9111 §1.2.2: what is larger counts as this.
_MOST_SECONDS = 2**31


class Ttls:
    """The bounds that a CloudFront cache policy sets to what the origin says, in seconds."""

    __slots__ = ("default_seconds", "max_seconds", "min_seconds")

    def __init__(self, *, min_seconds: int = 0, default_seconds: int = 0, max_seconds: int = YEAR_SECONDS) -> None:
        self.min_seconds = min_seconds
        self.default_seconds = default_seconds
        self.max_seconds = max_seconds


# The one cache policy of the template, and of the dev CDN.
POLICY: Final = Ttls()
# What the template's viewer-response function, and the dev CDN, put in the place of a Cache-Control with s-maxage: browsers could not be
# told to forget. Source: decisions.md, "Two audiences for Cache-Control".
BROWSERS_ASK: Final = "public, max-age=0, must-revalidate"


class Freshness:
    """How a shared cache may use an answer.

    Args:
        is_stored: Whether it is kept at all; kept for no time, it can still be revalidated, or stand in for an error.
        lifetime_seconds: From its making on it is fresh.
        age_seconds: That it had when it came.
        revalidating_seconds: After that it is still served, while a new one is fetched.
        on_error_seconds: After that it still stands in for an error; None for as long as it is there.
        unstored_fields: Header fields that are not kept with it, in lower case.
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
        """Whether it is served without a question, so long after it came."""
        return self._overdue(since_seconds) < 0

    def may_be_refreshed_behind(self, since_seconds: float) -> bool:
        """Whether it is served while a new one is fetched."""
        return self._overdue(since_seconds) < self.revalidating_seconds

    def may_cover_error(self, since_seconds: float) -> bool:
        """Whether it stands in for an error of the origin."""
        return self.on_error_seconds is None or self._overdue(since_seconds) < self.on_error_seconds

    def _overdue(self, since_seconds: float) -> float:
        return self.age_seconds + since_seconds - self.lifetime_seconds


def read_freshness(status: int, headers: Headers, now: float, ttls: Ttls = POLICY) -> Freshness:
    """What a shared cache may do with the answer to a GET.

    Args:
        status: Of the answer.
        headers: Of the answer.
        now: When it came, in seconds since the epoch.
        ttls: Of the cache policy.
    """
    directives = parse_cache_control(headers.getlist("cache-control"))
    is_refused = "no-store" in directives or directives.get("private", "") is None
    if status in _NEVER_STORED or _varies_by_anything(headers) or (is_refused and not ttls.min_seconds):
        return Freshness(is_stored=False)
    said = _lifetime_said(directives, headers, now)
    is_unusable = is_refused or directives.get("no-cache", "") is None
    lifetime = 0 if is_unusable else ttls.default_seconds if said is None else min(said, ttls.max_seconds)
    lifetime = max(lifetime, ttls.min_seconds)
    if status >= 400:
        is_stored = status in STORED_ERRORS and bool(_seconds(directives, "s-maxage", "max-age")) and lifetime > 0
    else:
        is_stored = lifetime > 0 or said is not None or not {"etag", "last-modified"}.isdisjoint(headers)
    return Freshness(
        is_stored=is_stored,
        lifetime_seconds=lifetime,
        age_seconds=_age(headers, now),
        revalidating_seconds=0 if is_unusable else _seconds(directives, "stale-while-revalidate") or 0,
        on_error_seconds=0 if is_unusable else _seconds(directives, "stale-if-error"),
        unstored_fields=_unstored_fields(directives, headers),
    )


def allows_sharing(cache_control: str) -> bool:
    """Whether a handler's own `Cache-Control` has CloudFront keep the answer and give it to others."""
    return _read_alone(cache_control).lifetime_seconds > 0


def replays_cookies(cache_control: str) -> bool:
    """Whether CloudFront would keep the answer's cookies with it, and give them to everyone.

    Source: docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Cookies.html: `no-cache="Set-Cookie"` keeps them out.
    """
    found = _read_alone(cache_control)
    return found.lifetime_seconds > 0 and "set-cookie" not in found.unstored_fields


def _read_alone(cache_control: str) -> Freshness:
    from edgeroutes.http.headers import Headers

    return read_freshness(200, Headers.from_lowered([("cache-control", cache_control)]), 0)


def parse_cache_control(lines: Iterable[str]) -> dict[str, str | None]:
    """The directives, names in lower case; None where one has no value. Of several with one name the first counts.

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
    """The seconds of the first of these directives that is there; 0 where they cannot be read, None without any."""
    for name in names:
        if name in directives:
            return parse_digits((directives[name] or "").rstrip(), _MOST_SECONDS) or 0
    return None


def _lifetime_said(directives: Mapping[str, str | None], headers: Headers, now: float) -> int | None:
    """What the origin said: s-maxage before max-age before Expires; None when it said nothing."""
    seconds = _seconds(directives, "s-maxage", "max-age")
    if seconds is not None or "expires" not in headers:
        return seconds
    expires = parse_http_date(headers["expires"])
    made = parse_http_date(headers.get("date", ""))
    return 0 if expires is None else max(0, expires - int(now if made is None else made))


def _age(headers: Headers, now: float) -> int:
    """How old it was when it came: by its own clock's Date, or by what the caches before this one say (RFC 9111 §4.2.3)."""
    said = headers.getlist("age")
    first = said[0].partition(",")[0].strip() if said else ""
    age = parse_digits(first, _MOST_SECONDS) or 0
    made = parse_http_date(headers.get("date", ""))
    return max(age, 0 if made is None else int(now) - made)


def _varies_by_anything(headers: Headers) -> bool:
    """Whether no other request can be told to be the same. Source: aws.md §5: with MinTTL 0, `Vary: *` is fetched each time."""
    return "*" in (name.strip() for name in headers.get("vary", "").split(","))


def _unstored_fields(directives: Mapping[str, str | None], headers: Headers) -> frozenset[str]:
    """Those of the connection, and those that `no-cache="…"` or `private="…"` names."""
    named = ",".join([headers.get("connection", ""), directives.get("no-cache") or "", directives.get("private") or ""])
    return _HOP_BY_HOP | {name.strip().lower() for name in named.split(",") if name.strip()}
