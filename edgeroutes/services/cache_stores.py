"""Where cached values are kept: in this sandbox's memory and, if there is one, in the table. Request wing, floor 2; makes none.

The memory may have a value of a tag that another sandbox has had forgotten; only the table knows. How lately it was asked is what decides
whether the memory's word is taken.
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

# For so long a sandbox takes its own word that a tag was not forgotten elsewhere, where the answer is for one client alone. What a CDN will
# keep is never made of a value whose tags were not looked up.
MARKER_SECONDS = 5


class Stores:
    """The memory and the table as one.

    Args:
        memory: This sandbox's.
        table: All sandboxes'; None for none.
    """

    def __init__(self, memory: MemoryStore, table: TableStore | None) -> None:
        self._memory = memory
        self._table = table
        self._markers = TagMarkers()
        self._warned: set[str] = set()

    @property
    def has_table(self) -> bool:
        """Whether asking may wait for the network."""
        return self._table is not None

    def find(self, recipe: Recipe, now: float, is_exact: bool) -> Entry | None:  # noqa: FBT001  # passed on by threads
        """The entry, fresh or stale, if there is one that no tag has ended.

        Args:
            recipe: What it is of.
            now: Seconds since the epoch.
            is_exact: Whether what other sandboxes did in the last seconds counts, too.
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
        """The newest entry, its tags heard of: read in one go, unless it has tags that nobody could foresee."""
        since = now if is_exact else now - MARKER_SECONDS
        is_wanted = entry is None or not entry.is_fresh(now)
        tags = self._markers.unheard(recipe.tags if entry is None else entry.tags, since)
        if is_wanted or tags:
            found, forgotten = table.read(recipe.key if is_wanted else None, tags)
            self._markers.learn(forgotten, now)
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
        """The memory's entry, the table unasked, if no tag has ended it as far as is known."""
        entry = self._memory.get(key)
        return None if entry is None or self.has_expired(entry) else entry

    def has_expired(self, entry: Entry) -> bool:
        """Whether one of its tags was forgotten since the making of it began, as far as is known."""
        return self._markers.has_expired(entry)

    def remember(self, key: str, entry: Entry) -> None:
        """Keep an entry in this sandbox alone."""
        self._memory.put(key, entry)

    def keep(self, recipe: Recipe, entry: Entry) -> None:
        """Keep an entry everywhere, unless one of its tags was forgotten while it was made."""
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
        """Forget one entry everywhere."""
        self._memory.drop(recipe.key)
        if self._table is not None:
            try:
                self._table.drop(recipe.key)
            except StoreError as error:
                self._warn(str(error))

    def expire(self, tags: Sequence[str], now: float) -> None:
        """Forget every entry with one of these tags, begun before now, everywhere.

        Raises:
            StoreError: When the table cannot be written to; the memory has forgotten all the same.
        """
        self._markers.learn(dict.fromkeys(tags, now), now)
        self._memory.drop_tagged(frozenset(tag.lower() for tag in tags))
        if self._table is not None:
            self._table.forget(tags, now)

    def clear(self) -> None:
        """Forget what this sandbox remembers."""
        self._memory.clear()
        self._markers.clear()

    def _warn(self, message: str) -> None:
        """Say it once in a sandbox."""
        if message not in self._warned:
            self._warned.add(message)
            log_warning(message)
