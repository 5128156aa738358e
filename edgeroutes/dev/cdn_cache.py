"""The CDN's cache, and its requests to the origin, whose responses it stores and sends to clients.

Source for tags and paths: docs.aws.amazon.com/AmazonCloudFront "invalidation-by-tags" and "Invalidation" (aws.md §5, read 2026-11-21).
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING

from edgeroutes.adapters.connection import decode_headers
from edgeroutes.dev.gateway import HttpResponse
from edgeroutes.http.caching import MAX_TAGS, tag_problem
from edgeroutes.http.conditional import UnsatisfiableRangeError, is_not_modified, kept_headers, requested_range
from edgeroutes.http.freshness import (
    BROWSER_CACHE_CONTROL,
    COVERED_ERRORS,
    Freshness,
    parse_cache_control,
    read_freshness,
)
from edgeroutes.http.headers import Headers
from edgeroutes.services.cache_memory import MemoryStore
from edgeroutes.template.cdn import CACHE_POLICY, cdn_resources
from edgeroutes.template.cors import EdgeCors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from edgeroutes.config import Config
    from edgeroutes.dev.gateway import HttpRequest
    from edgeroutes.http.cors import CORS
    from edgeroutes.types import Message

    _Matches = Callable[["CacheKey", "Entry"], bool]
    Forward = Callable[[Message], Awaitable[None]]
    Pairs = list[tuple[str, str]]


# The size of an entry besides its body: headers, key and objects, roughly.
_ENTRY_BYTES = 1024
# Invalidations that are compared with a response requested before them; a response requested before all of these is not stored.
_RECENT_INVALIDATIONS = 64


@dataclass(frozen=True, slots=True)
class CacheKey:
    """The identity of a cached response.

    Args:
        target: Path and query, as they were sent.
        accept_encoding: Reduced to `br,gzip`, `br`, `gzip` or nothing.
        headers: The other headers of the distribution's cache key.
    """

    target: str
    accept_encoding: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        parts = [("accept-encoding", self.accept_encoding), *self.headers]
        return " + ".join([f"GET {self.target}", *(f"{name}: {value}" for name, value in parts if value)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A cached response to a GET.

    Args:
        status: Its status.
        headers: As the origin sent them, without those that may not be stored.
        body: The whole body.
        freshness: How it may be used.
        came_at: Seconds since the epoch.
        tags: In lower case.
        source_file: The route's.
    """

    status: int
    headers: Headers
    body: bytes
    freshness: Freshness
    came_at: float
    tags: frozenset[str] = field(default_factory=frozenset)
    source_file: str = ""

    def age_seconds(self, now: float) -> int:
        """Its age, including the time in earlier caches."""
        return self.freshness.age_seconds + int(now - self.came_at)

    @property
    def size_bytes(self) -> int:
        return len(self.body) + _ENTRY_BYTES


class Store:
    """Cached responses, of which the least recently used are evicted first.

    Args:
        max_bytes: Of all entries together.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._entries = MemoryStore(max_bytes, None)
        self._invalidations = 0
        self._recent: deque[_Matches] = deque(maxlen=_RECENT_INVALIDATIONS)
        self._lock = threading.Lock()

    @property
    def invalidations(self) -> int:
        """The number of invalidations so far: read it before asking the origin, and give it to `put`."""
        return self._invalidations

    def get(self, key: CacheKey) -> Entry | None:
        """The entry, fresh or stale."""
        entry: Entry | None = self._entries.get(key)
        return entry

    def put(self, key: CacheKey, entry: Entry, invalidations: int) -> bool:
        """Store an entry; False where it is too large, or was invalidated after its request."""
        with self._lock:
            return not self._is_invalidated(key, entry, invalidations) and self._entries.put(key, entry)

    def discard(self, key: CacheKey) -> None:
        """Remove an entry, because another response has replaced it."""
        self._entries.drop(key)

    def invalidate(self, items: Sequence[str]) -> int:
        """Remove what CloudFront removes for these items of a CreateInvalidation: `#tag`, `/path?query`, `/path*`.

        Returns:
            How many entries.
        """
        tags = {item[1:].lower() for item in items if item.startswith("#")}
        paths = {item for item in items if item.startswith("/")}
        starts = tuple(path[:-1] for path in paths if path.endswith("*"))
        return self._drop(
            lambda key, entry: key.target in paths or key.target.startswith(starts) or bool(tags & entry.tags)
        )

    def clear(self) -> int:
        """Remove everything, and return how many entries that were."""
        return self._drop(lambda _key, _entry: True)

    def _drop(self, matches: _Matches) -> int:
        with self._lock:
            self._invalidations += 1
            self._recent.append(matches)
            return self._entries.drop_matching(matches)

    def _is_invalidated(self, key: CacheKey, entry: Entry, invalidations: int) -> bool:
        missed = self._invalidations - invalidations
        recent = islice(reversed(self._recent), missed)
        return missed > len(self._recent) or any(matches(key, entry) for matches in recent)


def _parse_tags(header: str) -> frozenset[str]:
    """The cache tags of a header as CloudFront reads them: case-insensitive, and without those over the limits."""
    tags = [tag.strip().lower() for tag in header.split(",")]
    return frozenset([tag for tag in tags if not tag_problem(tag)][: MAX_TAGS + 1])


def keyed_headers(config: Config, policies: Iterable[CORS] = ()) -> tuple[str, ...]:
    """The headers in the cache key of the project's distribution besides `Accept-Encoding`, in lower case.

    The template's viewer-request function copies the host into another header; here it is `host` itself.

    Args:
        config: The project's settings.
        policies: The CORS of every route and of the project.
    """
    cors = EdgeCors(keys_by_origin=any(policy.varies_by_origin for policy in policies))
    resources = cdn_resources(config, cors)
    if CACHE_POLICY not in resources:
        return ()
    policy = resources[CACHE_POLICY]["Properties"]["CachePolicyConfig"]
    names = policy["ParametersInCacheKeyAndForwardedToOrigin"]["HeadersConfig"].get("Headers", ())
    return tuple("host" if name.lower() == "x-forwarded-host" else name.lower() for name in names)


def make_key(request: HttpRequest, headers: Headers, keyed: Sequence[str] = ()) -> CacheKey:
    """The cache key of a request, with the headers that `keyed_headers` names."""
    return CacheKey(
        request.target,
        ",".join(_accepted_encodings(headers.get("accept-encoding", ""))),
        tuple((name, headers.get(name, "")) for name in keyed),
    )


def _accepted_encodings(accept_encoding: str) -> list[str]:
    """The encodings of `br` and `gzip` that a client accepts.

    >>> _accepted_encodings("gzip, deflate, br;q=0.9, zstd")
    ['br', 'gzip']

    Source: docs.aws.amazon.com/AmazonCloudFront "controlling-the-cache-key", both formats enabled (read 2026-11-21).
    """
    taken = set()
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.partition(";")
        if weight.replace(" ", "").rstrip("0") not in ("q=", "q=0."):
            taken.add(coding.strip())
    return [coding for coding in ("br", "gzip") if coding in taken]


# Removed or overwritten by CloudFront, its viewer-request function (the host and the client) or API Gateway (the port): a client's value
# reaches no function. Source: docs.aws.amazon.com/AmazonCloudFront "RequestAndResponseBehaviorCustomOrigin", aws.md §5.
_REMOVED = frozenset(
    {
        *("te", "trailer", "upgrade", "x-real-ip"),
        *("x-forwarded-host", "x-forwarded-port", "x-forwarded-proto"),
    }
)
_REMOVED_BEGINNINGS = ("proxy-", "x-amz-cf-", "x-edge-", "x-edgeroutes-", "cloudfront-")
_CONDITIONS = frozenset({"if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range", "range"})


class Outcome(Enum):
    """What the CDN does with the origin's response."""

    NOTHING = "the origin has not responded"
    PASSED = "the client gets it"
    CONFIRMED = "304: the cached response is fresh again"
    COVERED = "an error, replaced by the cached response"


class Fetch:
    """The origin's response to one request, decided on when its status and headers arrive.

    Args:
        forward: Sends a message of the response to the client; None without a client.
        stale: The cached response to revalidate.
        now: The clock.
        max_bytes: The largest body to store.
    """

    def __init__(
        self, forward: Forward | None, *, stale: Entry | None, now: Callable[[], float], max_bytes: int
    ) -> None:
        self.on_unshareable: Callable[[], None] = lambda: None
        """Called when the headers show that no other client can use the response."""
        self.outcome = Outcome.NOTHING
        self.status = 0
        self.headers = Headers()
        self.freshness = Freshness(is_stored=False)
        self.came_at = 0.0
        self.body_bytes = 0
        self.is_whole = False
        self._forward = forward
        self._stale = stale
        self._now = now
        self._max_bytes = max_bytes
        self._chunks: list[bytes] = []

    async def send(self, message: Message) -> None:
        """ASGI's `send` for the origin."""
        if message["type"] == "http.response.start":
            self._read_start(message)
        elif message["type"] == "http.response.body":
            self._read_body(message)
        if self.outcome is Outcome.PASSED and self._forward is not None:
            await self._forward(message)

    def _read_start(self, message: Message) -> None:
        self.status = message["status"]
        self.headers = Headers.from_lowered(decode_headers(message["headers"]))
        self.came_at = self._now()
        if self._stale is not None and self.status == 304:
            self.outcome = Outcome.CONFIRMED
        elif self._is_covered(is_error=self.status in COVERED_ERRORS):
            self.outcome = Outcome.COVERED
        else:
            self.outcome = Outcome.PASSED
            self.freshness = read_freshness(self.status, self.headers, self.came_at)
        is_stream = "content-length" not in self.headers and self.status != 204
        is_shareable = self.freshness.is_stored and self.freshness.is_fresh(0) and not is_stream
        if not is_shareable and self.outcome is not Outcome.CONFIRMED:
            self.on_unshareable()

    def _read_body(self, message: Message) -> None:
        chunk = message.get("body", b"")
        self.body_bytes += len(chunk)
        if self.body_bytes > self._max_bytes:
            self._chunks.clear()
        elif self.freshness.is_stored:
            self._chunks.append(chunk)
        self.is_whole = not message.get("more_body", False)

    def fail(self) -> bool:
        """Note that the connection to the origin broke; True where a cached response replaces the error."""
        if self.outcome is Outcome.NOTHING and self._is_covered(is_error=True):
            self.outcome = Outcome.COVERED
        return self.outcome is Outcome.COVERED

    def entry(self, tag_header: str, source_file: str) -> Entry | None:
        """The response to store: the new one, or the revalidated one; None for one that is not stored or not complete."""
        if self.outcome is Outcome.CONFIRMED and self._stale is not None:
            headers = _updated(self._stale.headers, self.headers)
            return self._make_entry(self._stale.status, headers, self._stale.body, tag_header, source_file)
        if not self.is_whole or self.body_bytes > self._max_bytes or not self.freshness.is_stored:
            return None
        body = b"".join(self._chunks)
        if self.headers.get("content-length", str(len(body))) != str(len(body)):
            return None
        return self._make_entry(self.status, self.headers, body, tag_header, source_file)

    @property
    def replaces_stale(self) -> bool:
        """Whether the cached response is outdated although no new one is stored."""
        is_other = self.outcome is Outcome.PASSED and self.status < 500 and not self.freshness.is_stored
        return is_other or self.outcome is Outcome.CONFIRMED

    def _make_entry(
        self, status: int, headers: Headers, body: bytes, tag_header: str, source_file: str
    ) -> Entry | None:
        freshness = read_freshness(status, headers, self.came_at)
        if not freshness.is_stored:
            return None
        stored = [pair for pair in headers.multi_items() if pair[0] not in freshness.unstored_fields]
        return Entry(
            status=status,
            headers=Headers.from_lowered(stored),
            body=body,
            freshness=freshness,
            came_at=self.came_at,
            tags=_parse_tags(headers.get(tag_header, "")),
            source_file=source_file or (self._stale.source_file if self._stale is not None else ""),
        )

    def _is_covered(self, *, is_error: bool) -> bool:
        stale = self._stale
        return is_error and stale is not None and stale.freshness.may_cover_error(self._now() - stale.came_at)


def forwarded_headers(headers: Headers) -> Pairs:
    """The headers of a client's request that CloudFront forwards."""
    return [
        pair
        for pair in headers.multi_items()
        if pair[0] not in _REMOVED and not pair[0].startswith(_REMOVED_BEGINNINGS)
    ]


def origin_headers(headers: Headers, stale: Entry | None, accept_encoding: str) -> Pairs:
    """The headers of the request to the origin; its conditions are those of the cached response, not the client's."""
    pairs = [pair for pair in forwarded_headers(headers) if pair[0] != "accept-encoding"]
    if "accept-encoding" in headers:
        pairs.append(("accept-encoding", accept_encoding or "identity"))
    if stale is None:
        return pairs
    pairs = [pair for pair in pairs if pair[0] not in _CONDITIONS]
    for condition, validator in (("if-none-match", "etag"), ("if-modified-since", "last-modified")):
        if validator in stale.headers:
            pairs.append((condition, stale.headers[validator]))
    return pairs


def _updated(stored: Headers, confirmed: Headers) -> Headers:
    """The stored headers, replaced by those of a 304 (RFC 9111 §3.2)."""
    new = [pair for pair in confirmed.multi_items() if pair[0] not in ("content-length", "transfer-encoding")]
    names = {name for name, _ in new} | {"age"}
    return Headers.from_lowered([*(pair for pair in stored.multi_items() if pair[0] not in names), *new])


def viewer_headers(status: int, headers: Headers, x_cache: str, age_seconds: int | None = None) -> Pairs:
    """The headers that the client gets.

    Args:
        status: The response's. CloudFront runs no viewer-response function for an origin's 4xx and 5xx.
        headers: The origin's.
        x_cache: `Hit`, `Miss` or `RefreshHit`; an error is `Error` in all cases.
        age_seconds: Of a cached response.
    """
    own = headers.get("cache-control")
    pairs = headers.multi_items()
    if age_seconds is not None:
        pairs = [*(pair for pair in pairs if pair[0] != "age"), ("age", str(age_seconds))]
    if status < 400 and "s-maxage" in parse_cache_control(headers.getlist("cache-control")):
        pairs = [*(pair for pair in pairs if pair[0] != "cache-control"), ("cache-control", BROWSER_CACHE_CONTROL)]
    if own is not None:
        pairs.append(("x-origin-cache-control", own))
    return [*pairs, ("x-cache", f"{'Error' if status >= 400 else x_cache} from cloudfront")]


def cached_response(entry: Entry, request: Headers, *, tag_header: str, x_cache: str, age_seconds: int) -> HttpResponse:
    """The cached response for a client: 304 where the client has it, 206 for a range of it."""
    status, headers, body = entry.status, entry.headers, entry.body
    if status == 200:
        if is_not_modified(request, headers):
            status, headers, body = 304, Headers.from_lowered(kept_headers(headers, tag_header)), b""
        elif "range" in request:
            status, headers, body = _range(request, headers, body)
    return HttpResponse(status=status, headers=viewer_headers(status, headers, x_cache, age_seconds), body=body)


def _range(request: Headers, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
    """206 for one range, 416 for one beyond the end, otherwise the whole body, which is always allowed (RFC 9110 §14.2)."""
    size = len(body)
    try:
        wanted = requested_range(request, headers, size)
    except UnsatisfiableRangeError:
        return 416, Headers([("content-range", f"bytes */{size}"), ("content-length", "0")]), b""
    if wanted is None:
        return 200, headers, body
    start, stop = wanted
    stored = [pair for pair in headers.multi_items() if pair[0] != "content-length"]
    own = [("content-range", f"bytes {start}-{stop - 1}/{size}"), ("content-length", str(stop - start))]
    return 206, Headers.from_lowered([*stored, *own]), body[start:stop]
