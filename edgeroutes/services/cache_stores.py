"""Values of the data cache, and where they are: the memory of this sandbox, and a table for all sandboxes."""

from __future__ import annotations

import json

from edgeroutes.errors import HandlerError, StoreError
from edgeroutes.http.json_text import render_json
from edgeroutes.runtime.log import log_warning
from edgeroutes.services.cache_memory import TagMarkers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from edgeroutes.services.cache_memory import MemoryStore
    from edgeroutes.services.cache_table import TableStore


# How long a stale value stays usable while a new one is computed or fails to be.
STALE_SECONDS = 86_400
# Source: Next.js 16, server/response-cache: a failed refresh is retried after the entry's lifetime, clamped to these seconds.
_LEAST_PAUSE_SECONDS, _MOST_PAUSE_SECONDS = 3, 30
PLAIN_TYPES = (str, int, float, bool, type(None))


class Recipe:
    """One value: its key, how to compute it, and its lifetime.

    Args:
        key: The cache key.
        where: Its name in messages.
        make: Returns the value, or an awaitable of it.
        lifetime_seconds: How long it is fresh.
        tags: The tags that invalidate it.
        blocking: Whether the caller is a sync function, which cannot await.
        is_kept: Whether to cache a value; None for every value.
    """

    __slots__ = ("blocking", "is_kept", "key", "lifetime_seconds", "make", "tags", "where")

    def __init__(
        self,
        key: str,
        where: str,
        make: Callable[[], Any],
        *,
        lifetime_seconds: int,
        tags: Sequence[str],
        blocking: bool,
        is_kept: Callable[[Any], bool] | None = None,
    ) -> None:
        self.key = key
        self.where = where
        self.make = make
        self.lifetime_seconds = lifetime_seconds
        self.tags = tags
        self.blocking = blocking
        self.is_kept = is_kept


class Entry:
    """One cached value; every caller gets a copy.

    Args:
        text: The value as JSON, if JSON preserves it; else None.
        held: The value itself if `text` is None: it cannot leave the process.
        size_bytes: An estimate.
        made_at: When its computation began, in seconds since the epoch.
        lifetime_seconds: How long it is fresh.
        tags: The tags that invalidate it.
    """

    __slots__ = ("fresh_until", "held", "lifetime_seconds", "made_at", "size_bytes", "tags", "text", "usable_until")

    def __init__(
        self,
        text: str | None,
        held: Any,
        size_bytes: int,
        *,
        made_at: float,
        lifetime_seconds: int,
        tags: Iterable[str],
    ) -> None:
        self.text = text
        self.held = held
        self.size_bytes = size_bytes
        self.made_at = made_at
        self.lifetime_seconds = lifetime_seconds
        self.fresh_until = made_at + lifetime_seconds
        self.usable_until = self.fresh_until + STALE_SECONDS
        self.tags = tuple(sorted(tags))

    def value(self) -> Any:
        """A copy of the value, which the caller may change."""
        if self.text is not None:
            return json.loads(self.text)
        from copy import deepcopy

        return deepcopy(self.held)

    def is_fresh(self, now: float) -> bool:
        """Whether it may be returned without a refresh."""
        return now < self.fresh_until

    def is_usable(self, now: float) -> bool:
        """Whether it may be returned at all, also stale."""
        return now < self.usable_until

    def held_over(self, now: float) -> Entry:
        """The same entry, fresh until a failed refresh is retried."""
        pause = min(max(self.lifetime_seconds, _LEAST_PAUSE_SECONDS), _MOST_PAUSE_SECONDS)
        entry = Entry(
            self.text, self.held, self.size_bytes, made_at=self.made_at, lifetime_seconds=pause, tags=self.tags
        )
        entry.fresh_until = now + pause
        entry.usable_until = self.usable_until
        return entry


def make_entry(value: object, *, made_at: float, lifetime_seconds: int, tags: Iterable[str], where: str) -> Entry:
    """The entry for a value.

    Raises:
        HandlerError: For a value other than data, such as a generator, an open file or a Response; it names `where`.
    """
    text = held = None
    try:
        if _is_plain(value):
            text = json.dumps(value, separators=(",", ":"))
            size_bytes = len(text)
        else:
            size_bytes = 4 * len(render_json(value))  # an estimate of the overhead of objects
    except (TypeError, ValueError, RecursionError) as error:
        problem = f"it returned {value!r:.60} of type {type(value).__name__}, which cannot be cached"
        hint = "Return data: dicts, lists, text, numbers, dataclasses or models"
        raise HandlerError(problem, where=where, hint=hint) from error
    if text is None:
        from copy import deepcopy

        held = deepcopy(value)
    return Entry(text, held, size_bytes, made_at=made_at, lifetime_seconds=lifetime_seconds, tags=tags)


def _is_plain(value: object) -> bool:
    """Whether JSON preserves the value exactly."""
    kind = type(value)
    if kind is list:
        return all(map(_is_plain, value))  # type: ignore[call-overload]
    if kind is dict:
        return all(type(name) is str and _is_plain(each) for name, each in value.items())  # type: ignore[attr-defined]
    return kind in PLAIN_TYPES


# How long a sandbox trusts its memory that a tag was not invalidated elsewhere, in uncached responses. For a response that a CDN
# stores, every tag is looked up.
_MARKER_SECONDS = 5


class Stores:
    """The memory and the table together.

    Args:
        memory: The store of this sandbox.
        table: The store of all sandboxes, or None.
    """

    def __init__(self, memory: MemoryStore, table: TableStore | None) -> None:
        self._memory = memory
        self._table = table
        self._markers = TagMarkers()
        self._warned: set[str] = set()

    @property
    def has_table(self) -> bool:
        """Whether a lookup may use the network."""
        return self._table is not None

    def find(self, recipe: Recipe, now: float, is_exact: bool) -> Entry | None:  # noqa: FBT001  # passed on by threads
        """The entry, fresh or stale, unless a tag has invalidated it.

        Args:
            recipe: The value's recipe.
            now: Seconds since the epoch.
            is_exact: Whether invalidations by other sandboxes in the last seconds count, too.
        """
        entry: Entry | None = self._memory.get(recipe.key)
        if self._table is not None:
            try:
                entry = self._looked_up(self._table, recipe, entry, now, is_exact=is_exact)
            except StoreError as error:
                self._warn(str(error))
                entry = None if is_exact else entry
        if entry is None or not entry.is_usable(now) or self.has_expired(entry):
            return None
        return entry

    def _looked_up(
        self, table: TableStore, recipe: Recipe, entry: Entry | None, now: float, *, is_exact: bool
    ) -> Entry | None:
        """The newest entry with its tags looked up: one read, unless it has tags that are not in the recipe."""
        since = now if is_exact else now - _MARKER_SECONDS
        is_wanted = entry is None or not entry.is_fresh(now)
        tags = self._markers.unheard(recipe.tags if entry is None else entry.tags, since)
        if is_wanted or tags:
            found, invalidated = table.read(recipe.key if is_wanted else None, tags)
            self._markers.learn(invalidated, now)
            if not is_wanted and entry is not None and self.has_expired(entry):
                found, _ = table.read(recipe.key, ())
            if found is not None and (entry is None or found.made_at > entry.made_at):
                entry = found
                self._memory.put(recipe.key, entry)
        unforeseen = self._markers.unheard(set(entry.tags).difference(tags), since) if entry is not None else ()
        if unforeseen:
            self._markers.learn(table.read(None, unforeseen)[1], now)
        return entry

    def remembered(self, key: str) -> Entry | None:
        """The memory's entry without a lookup in the table, unless a known invalidation applies."""
        entry = self._memory.get(key)
        return None if entry is None or self.has_expired(entry) else entry

    def has_expired(self, entry: Entry) -> bool:
        """Whether one of its tags was invalidated after its computation began, as far as is known."""
        return self._markers.has_expired(entry)

    def remember(self, key: str, entry: Entry) -> None:
        """Store an entry in this sandbox only."""
        self._memory.put(key, entry)

    def keep(self, recipe: Recipe, entry: Entry) -> None:
        """Store an entry everywhere, unless one of its tags was invalidated during its computation."""
        if self.has_expired(entry):
            return
        self._memory.put(recipe.key, entry)
        if self._table is None:
            return
        stays = f"{recipe.where}: the value stays in the memory of one sandbox"
        if entry.text is None:
            self._warn(f"{stays}: JSON would not give it back as it was. Return dicts, lists, text and numbers.")
            return
        try:
            if not self._table.write(recipe.key, entry):
                self._warn(f"{stays}: it is bigger than the 400 KB of a table's item. Return less.")
        except StoreError as error:
            self._warn(str(error))

    def drop(self, recipe: Recipe) -> None:
        """Delete one entry everywhere."""
        self._memory.drop(recipe.key)
        if self._table is not None:
            try:
                self._table.drop(recipe.key)
            except StoreError as error:
                self._warn(str(error))

    def expire(self, tags: Sequence[str], now: float) -> None:
        """Invalidate every entry with one of these tags whose computation began before now, everywhere.

        Raises:
            StoreError: The table cannot be written to. The memory has been cleared nevertheless.
        """
        self._markers.learn(dict.fromkeys(tags, now), now)
        self._memory.drop_tagged(frozenset(tag.lower() for tag in tags))
        if self._table is not None:
            self._table.invalidate(tags, now)

    def clear(self) -> None:
        """Clear the memory of this sandbox."""
        self._memory.clear()
        self._markers.clear()

    def _warn(self, message: str) -> None:
        """Log a message once per sandbox."""
        if message not in self._warned:
            self._warned.add(message)
            log_warning(message)


def digest(text: str) -> str:
    """A short digest of a string."""
    from hashlib import blake2b

    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
