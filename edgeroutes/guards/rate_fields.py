"""The `RateLimit` and `RateLimit-Policy` header fields and the problem of a refused request: what the draft of the IETF says.

Source: draft-ietf-httpapi-ratelimit-headers-10; the field's value is a List of Strings with parameters (RFC 9651).
"""

from __future__ import annotations

from edgeroutes.http.interrupts import HTTPError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edgeroutes.http.response import Response

_QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"
_REDUCED_CAPACITY = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"


class Quota:
    """What is left of one policy.

    Args:
        name: The policy's.
        count: How many calls it allows.
        window_s: In which time.
        remaining: How many calls are left now.
        until_more_s: When there will be more, in whole seconds from now; 0 while all are left.
    """

    __slots__ = ("count", "name", "remaining", "until_more_s", "window_s")

    def __init__(self, name: str, *, count: int, window_s: int, remaining: int, until_more_s: int) -> None:
        self.name = name
        self.count = count
        self.window_s = window_s
        self.remaining = remaining
        self.until_more_s = until_more_s

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quota) and repr(other) == repr(self)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"Quota({self.name!r}, {self.remaining} of {self.count} in {self.window_s} s, more in {self.until_more_s} s)"


def add_rate_fields(response: Response, quotas: Sequence[Quota]) -> None:
    """Add the fields for these policies, after those of earlier limits; not to a response that a CDN may keep."""
    from edgeroutes.http.freshness import allows_sharing

    if allows_sharing(response.headers.get("cache-control") or ""):
        return
    policies = (f"{_string(each.name)};q={each.count};w={each.window_s}" for each in quotas)
    states = (f"{_string(each.name)};r={each.remaining};t={each.until_more_s}" for each in quotas)
    for field, members in (("ratelimit-policy", policies), ("ratelimit", states)):
        before = response.headers.get(field)
        response.headers[field] = ", ".join([*([before] if before else []), *members])


def quota_exceeded(policies: Iterable[str], retry_after_s: int) -> HTTPError:
    """The error for a request over the limit.

    Args:
        policies: The names of those that it exceeds.
        retry_after_s: When to come back, in whole seconds from now; 0 where that does not help.
    """
    members = {"violated-policies": list(policies)}
    detail = "There were too many requests."
    headers = {"retry-after": str(retry_after_s)} if retry_after_s else None
    return HTTPError(429, detail, headers=headers, type=_QUOTA_EXCEEDED, members=members)


def reduced_capacity(retry_after_s: int) -> HTTPError:
    """The error while requests cannot be counted."""
    return HTTPError(503, headers={"retry-after": str(retry_after_s)}, type=_REDUCED_CAPACITY)


def _string(text: str) -> str:
    """A String of structured fields (RFC 9651 §4.1.6)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
