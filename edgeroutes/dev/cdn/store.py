"""The answers that the CDN keeps, by key, and what makes it forget them. Floor 3; usable from any thread.

Source for tags and paths: docs.aws.amazon.com/AmazonCloudFront "invalidation-by-tags" and "Invalidation" (aws.md §5, read 2026-11-21).
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from edgeroutes.http.caching import MAX_TAGS, tag_problem
from edgeroutes.template.cdn import CACHE_POLICY, cdn_resources
from edgeroutes.template.cors import EdgeCors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from edgeroutes.config import Config
    from edgeroutes.http.cors import CORS
    from edgeroutes.http.freshness import Freshness
    from edgeroutes.http.headers import Headers

    _IsMeant = Callable[["CacheKey", "Entry"], bool]

# What an entry weighs besides its bytes: headers, key and objects, roughly.
_ENTRY_BYTES = 1024
# So many are remembered, for what is being fetched meanwhile; what was asked for before all of them is not kept.
_RECENT_FORGETTINGS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A stored answer to a GET.

    Args:
        status: Its status.
        headers: As the origin sent them, without those that may not be kept.
        body: Whole.
        freshness: How it may be used.
        came_at: Seconds since the epoch.
        tags: In lower case.
        source_file: Of the route that made it.
    """

    status: int
    headers: Headers
    body: bytes
    freshness: Freshness
    came_at: float
    tags: frozenset[str] = field(default_factory=frozenset)
    source_file: str = ""

    def age_seconds(self, now: float) -> int:
        """How old it is, the time at other caches before included."""
        return self.freshness.age_seconds + int(now - self.came_at)

    @property
    def size_bytes(self) -> int:
        """What it takes of the memory."""
        return len(self.body) + _ENTRY_BYTES


class Store:
    """A memory with a bound: what was not asked for longest goes first.

    Args:
        max_bytes: Of all entries together.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._entries: OrderedDict[CacheKey, Entry] = OrderedDict()
        self._size_bytes = 0
        self._forgettings = 0
        self._recent: deque[_IsMeant] = deque(maxlen=_RECENT_FORGETTINGS)
        self._lock = threading.Lock()

    @property
    def forgettings(self) -> int:
        """How often something was to be forgotten: to be asked before the origin is, and given to `put`."""
        return self._forgettings

    def get(self, key: CacheKey) -> Entry | None:
        """The entry, fresh or not."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def put(self, key: CacheKey, entry: Entry, forgettings: int) -> bool:
        """Keep an entry, unless it is too large, or was to be forgotten since it was asked for.

        Returns:
            Whether it is kept.
        """
        with self._lock:
            if entry.size_bytes > self.max_bytes or self._was_forgotten(key, entry, forgettings):
                return False
            self._remove(key)
            self._entries[key] = entry
            self._size_bytes += entry.size_bytes
            while self._size_bytes > self.max_bytes:
                self._remove(next(iter(self._entries)))
            return True

    def discard(self, key: CacheKey) -> None:
        """Forget one entry, because another answer has taken its place."""
        with self._lock:
            self._remove(key)

    def invalidate(self, items: Sequence[str]) -> int:
        """Forget what CloudFront forgets for these items of a CreateInvalidation: `#tag`, `/path?query`, `/path*`.

        Returns:
            How many entries that were.
        """
        tags = {item[1:].lower() for item in items if item.startswith("#")}
        paths = {item for item in items if item.startswith("/")}
        starts = tuple(path[:-1] for path in paths if path.endswith("*"))
        return self._forget(
            lambda key, entry: key.target in paths or key.target.startswith(starts) or bool(tags & entry.tags)
        )

    def clear(self) -> int:
        """Forget everything; how many entries that were."""
        return self._forget(lambda _key, _entry: True)

    def _forget(self, is_meant: _IsMeant) -> int:
        with self._lock:
            self._forgettings += 1
            self._recent.append(is_meant)
            keys = [key for key, entry in self._entries.items() if is_meant(key, entry)]
            for key in keys:
                self._remove(key)
            return len(keys)

    def _was_forgotten(self, key: CacheKey, entry: Entry, forgettings: int) -> bool:
        missed = self._forgettings - forgettings
        recent = islice(reversed(self._recent), missed)
        return missed > len(self._recent) or any(is_meant(key, entry) for is_meant in recent)

    def _remove(self, key: CacheKey) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._size_bytes -= entry.size_bytes


def parse_tags(header: str) -> frozenset[str]:
    """The cache tags in a header, as CloudFront reads them: case does not count, and what is too much is dropped without a word."""
    tags = [tag.strip().lower() for tag in header.split(",")]
    return frozenset([tag for tag in tags if not tag_problem(tag)][: MAX_TAGS + 1])


@dataclass(frozen=True, slots=True)
class CacheKey:
    """The identity of a stored answer.

    Args:
        target: Path and query, as they were sent.
        accept_encoding: Reduced: `br,gzip`, `br`, `gzip` or nothing.
        headers: The values of the other headers that the distribution has in its key.
    """

    target: str
    accept_encoding: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        parts = [("accept-encoding", self.accept_encoding), *self.headers]
        return " + ".join([f"GET {self.target}", *(f"{name}: {value}" for name, value in parts if value)])


def keyed_headers(config: Config, policies: Iterable[CORS] = ()) -> tuple[str, ...]:
    """The headers that the project's distribution has in its key, in lower case, besides `Accept-Encoding`: as its template says.

    There the host is known by a header of the viewer-request function; here by its own name.

    Args:
        config: The project's settings.
        policies: What pages of other origins may do, of every route and the project.
    """
    cors = EdgeCors(keys_by_origin=any(policy.varies_by_origin for policy in policies))
    resources = cdn_resources(config, cors)
    if CACHE_POLICY not in resources:
        return ()
    policy = resources[CACHE_POLICY]["Properties"]["CachePolicyConfig"]
    names = policy["ParametersInCacheKeyAndForwardedToOrigin"]["HeadersConfig"].get("Headers", ())
    return tuple("host" if name.lower() == "x-forwarded-host" else name.lower() for name in names)


def make_key(path: str, query: str, headers: Headers, keyed: Sequence[str] = ()) -> CacheKey:
    """The key of a request.

    Args:
        path: Percent-encoded.
        query: Percent-encoded, without the question mark.
        headers: Of the request.
        keyed: As `keyed_headers` gives them.
    """
    return CacheKey(
        f"{path}?{query}" if query else path,
        ",".join(accepted_encodings(headers.get("accept-encoding", ""))),
        tuple((name, headers.get(name, "")) for name in keyed),
    )


def accepted_encodings(accept_encoding: str) -> list[str]:
    """Of `br` and `gzip` those that a client takes.

    >>> accepted_encodings("gzip, deflate, br;q=0.9, zstd")
    ['br', 'gzip']

    Source: docs.aws.amazon.com/AmazonCloudFront "controlling-the-cache-key", both formats enabled (read 2026-11-21).
    """
    taken = set()
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.partition(";")
        if weight.replace(" ", "").rstrip("0") not in ("q=", "q=0."):
            taken.add(coding.strip())
    return [coding for coding in ("br", "gzip") if coding in taken]
