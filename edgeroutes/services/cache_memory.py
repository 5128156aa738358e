"""What a sandbox remembers by itself: cached values and when their tags were forgotten. Request wing, floor 2."""

from __future__ import annotations

import threading
from collections import OrderedDict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgeroutes.services.cache_entries import Entry

MAX_BYTES = 16 * 1024 * 1024
MAX_ENTRIES = 1_000
_MAX_TAGS = 4_096


class MemoryStore:
    """The values used last, within a bound of bytes and of number.

    Args:
        max_bytes: Of all values together, as measured by their JSON.
        max_entries: Of values.
    """

    def __init__(self, max_bytes: int = MAX_BYTES, max_entries: int = MAX_ENTRIES) -> None:
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self._bytes = 0
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Entry | None:
        """The entry, or None."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def put(self, key: str, entry: Entry) -> None:
        """Keep an entry, in the place of those that were not asked for longest; one over the bound is not kept."""
        with self._lock:
            self._drop(key)
            if entry.size_bytes > self._max_bytes:
                return
            self._entries[key] = entry
            self._bytes += entry.size_bytes
            while self._bytes > self._max_bytes or len(self._entries) > self._max_entries:
                self._drop(next(iter(self._entries)))

    def drop(self, key: str) -> None:
        """Forget an entry, if there is one."""
        with self._lock:
            self._drop(key)

    def drop_tagged(self, tags: frozenset[str]) -> None:
        """Forget the entries that have one of these tags, given in lower case."""
        with self._lock:
            for key in [key for key, entry in self._entries.items() if any(tag.lower() in tags for tag in entry.tags)]:
                self._drop(key)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size_bytes


class TagMarkers:
    """When tags were last forgotten, as far as this sandbox has heard. Like CloudFront's, tags are the same in any case."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def learn(self, forgotten: dict[str, float], now: float) -> None:
        """Take note of when these tags were forgotten; 0 for never."""
        with self._lock:
            for tag, at in forgotten.items():
                before, _ = self._known.pop(tag.lower(), (0.0, 0.0))
                self._known[tag.lower()] = (max(at, before), now)
            while len(self._known) > _MAX_TAGS:
                self._known.popitem(last=False)

    def unheard(self, tags: Iterable[str], since: float) -> list[str]:
        """The tags of which nothing has been heard since then."""
        return [tag for tag in tags if self._known.get(tag.lower(), (0.0, 0.0))[1] <= since]

    def has_expired(self, entry: Entry) -> bool:
        """Whether one of its tags has been forgotten since the making of it began."""
        return any(self._known.get(tag.lower(), (0.0, 0.0))[0] >= entry.made_at for tag in entry.tags)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._known.clear()
