"""Storage of cached values: this sandbox's memory and, if configured, the table.

The memory may have a value with a tag that another sandbox has invalidated. Only the table knows. The time of the last lookup decides
whether the memory is trusted.
"""

from __future__ import annotations

from edgeroutes.errors import StoreError
from edgeroutes.runtime.log import log_warning
from edgeroutes.services.cache_memory import TagMarkers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeroutes.services.cache_entries import Entry, Recipe
    from edgeroutes.services.cache_memory import MemoryStore
    from edgeroutes.services.cache_table import TableStore

# How long a sandbox trusts its memory that a tag was not invalidated elsewhere, in uncached responses. For a response that a CDN
# stores, every tag is looked up.
MARKER_SECONDS = 5


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
        since = now if is_exact else now - MARKER_SECONDS
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
