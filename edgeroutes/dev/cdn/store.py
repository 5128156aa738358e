"""The CDN's cache: keys, cached responses and invalidations. Usable from any thread.

Source for tags and paths: docs.aws.amazon.com/AmazonCloudFront "invalidation-by-tags" and "Invalidation" (aws.md §5, read 2026-11-21).
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from edgeroutes.http.caching import MAX_TAGS, tag_problem
from edgeroutes.services.cache_memory import MemoryStore
from edgeroutes.template.cdn import CACHE_POLICY, cdn_resources
from edgeroutes.template.cors import EdgeCors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from edgeroutes.config import Config
    from edgeroutes.dev.gateway import HttpRequest
    from edgeroutes.http.cors import CORS
    from edgeroutes.http.freshness import Freshness
    from edgeroutes.http.headers import Headers

    _Matches = Callable[["CacheKey", "Entry"], bool]

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


def parse_tags(header: str) -> frozenset[str]:
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
