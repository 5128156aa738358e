"""The cache behind `cached` and `fetch`: looks up, makes what is missing once, keeps it, and forgets by tags. Request wing, floor 2.

Values are remembered by the sandbox and, where EDGEROUTES_DATA_CACHE_TABLE names a table, by all sandboxes together. A value whose time
is over is still given while one caller makes the next: once the answer has gone out, as Lambda freezes what runs later than `after`. Not so
for an answer that the CDN will keep, which is given stale by the CDN itself meanwhile: there the new value is waited for.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

from edgeroutes.http.interrupts import HTTPError, Redirect
from edgeroutes.runtime.cache_usage import CacheUsage, current_usage, require_tags
from edgeroutes.runtime.context import collecting, find_scope
from edgeroutes.runtime.log import log_exception, log_warning
from edgeroutes.runtime.loop_state import running_loop
from edgeroutes.services.cache_entries import make_entry
from edgeroutes.services.cache_memory import MemoryStore
from edgeroutes.services.cache_stores import Stores
from edgeroutes.services.coalescing import Coalescer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from edgeroutes.services.cache_entries import Entry, Recipe
    from edgeroutes.services.cache_table import TableStore
    from edgeroutes.services.coalescing import Pending
    from edgeroutes.types import Clock

TABLE_VARIABLE = "EDGEROUTES_DATA_CACHE_TABLE"


class DataCache:
    """Values of recipes.

    Args:
        table: Where they are kept for all sandboxes; None for nowhere.
        memory: Where this sandbox keeps them.
        clock: Seconds since the epoch.
    """

    def __init__(
        self, table: TableStore | None = None, *, memory: MemoryStore | None = None, clock: Clock = time.time
    ) -> None:
        self._stores = Stores(memory or MemoryStore(), table)
        self._clock = clock
        self._coalescer = Coalescer()

    async def recall(self, recipe: Recipe) -> Any:
        """The value, from the cache or made now; what it says of lifetime and tags counts for what asks.

        Raises:
            Exception: What the making of it raised, unless an older value can stand in.
        """
        while True:
            needs_fresh = _needs_fresh()
            seen = self._stores.remembered(recipe.key)
            entry = await self._io(recipe, self._stores.find, recipe, self._clock(), needs_fresh)
            if entry is not None and (entry.is_fresh(self._clock()) or not needs_fresh):
                if not entry.is_fresh(self._clock()):
                    self._refresh_later(recipe)
                return _given(entry)
            making = collecting.get(None)
            if making is not None and making.is_making(recipe.key):
                return _given(await self._made(recipe, entry))
            pending, is_first = self._coalescer.join(recipe.key)
            if is_first:
                return _given(await self._make_for_all(recipe, pending, entry, seen))
            await pending.wait(blocking=recipe.blocking)
            if pending.error is not None:
                raise pending.error
            # What it was begun of may have been forgotten since, and this caller may have been sent by that.
            if pending.result is not None and not self._stores.has_expired(pending.result):
                return _given(pending.result)

    def expire(self, tags: Sequence[str]) -> None:
        """Forget every value that has one of these tags, here and in the table.

        Raises:
            StoreError: When the table cannot be written to; here they are forgotten all the same.
        """
        self._stores.expire(tags, self._clock())

    def clear(self) -> None:
        """Forget all that this process remembers; the table is left alone."""
        self._stores.clear()

    async def _make_for_all(self, recipe: Recipe, pending: Pending, stale: Entry | None, seen: Entry | None) -> Entry:
        """Make the value for everyone who waits for it, unless one has been made since the memory was last seen."""
        entry = error = None
        try:
            latest = self._stores.remembered(recipe.key)
            if latest is not None and latest is not seen and latest.is_fresh(self._clock()):
                entry = latest
            else:
                entry = await self._made(recipe, stale)
        except Exception as raised:
            error = raised
            raise
        finally:
            self._coalescer.finish(recipe.key, pending, entry, error)
        return entry

    async def _made(self, recipe: Recipe, stale: Entry | None) -> Entry:
        """A new entry, kept; the stale one for a while longer where making it fails."""
        usage = CacheUsage(recipe.key, collecting.get(None))
        made_at = self._clock()
        token = collecting.set(usage)
        try:
            value = recipe.make()
            if hasattr(value, "__await__"):
                value = await value
        except (HTTPError, Redirect):  # an answer of today's: that there is none, or that it has moved
            await self._io(recipe, self._stores.drop, recipe)
            raise
        except Exception as error:
            if stale is None:
                raise
            return self._held_over(recipe, stale, error)
        finally:
            collecting.reset(token)
        usage.join(recipe.lifetime_seconds, recipe.tags)
        entry = make_entry(
            value, made_at=made_at, lifetime_seconds=usage.lifetime_seconds, tags=usage.tags, where=recipe.where
        )
        if recipe.is_kept is not None and not recipe.is_kept(value):
            return entry if stale is None else self._held_over(recipe, stale, None)
        await self._io(recipe, self._stores.keep, recipe, entry)
        return entry

    def _held_over(self, recipe: Recipe, stale: Entry, error: Exception | None) -> Entry:
        message = f"{recipe.where}: the refresh failed, and the old value is kept"
        if error is None:
            log_warning(message)
        else:
            log_exception(error, message)
        entry = stale.held_over(self._clock())
        self._stores.remember(recipe.key, entry)
        return entry

    def _refresh_later(self, recipe: Recipe) -> None:
        """Have the value made anew once the answer has gone out, unless somebody else has done it by then."""
        scope = find_scope()
        if scope is not None:
            scope.after.append((self._refreshed if recipe.blocking else self._refresh, (recipe,)))

    async def _refresh(self, recipe: Recipe) -> None:
        stale = self._stores.remembered(recipe.key)
        if stale is None or stale.is_fresh(self._clock()):
            return
        pending, is_first = self._coalescer.join(recipe.key)
        if is_first:
            with suppress(HTTPError, Redirect):  # for who asks next
                await self._make_for_all(recipe, pending, stale, stale)

    def _refreshed(self, recipe: Recipe) -> None:
        run_blocking(self._refresh(recipe))

    async def _io(self, recipe: Recipe, function: Callable[..., Any], *args: Any) -> Any:
        """What `function` gives; asked in a thread where it may wait for the table and an event loop has other things to do."""
        loop = None if recipe.blocking or not self._stores.has_table else running_loop()
        return function(*args) if loop is None else await loop.run_in_executor(None, function, *args)


def run_blocking(coroutine: Any) -> Any:
    """The value of a coroutine that never waits, as all of this module's for a recipe that is `blocking`."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise RuntimeError("a blocking recipe has waited")


def data_cache() -> DataCache:
    """The process's cache, made when it is first asked for."""
    if not _caches:
        table_name = os.environ.get(TABLE_VARIABLE)
        table = None
        if table_name:
            from edgeroutes.services.cache_table import TableStore

            table = TableStore(table_name)
        _caches.append(DataCache(table))
    return _caches[-1]


def forget_data_cache() -> None:
    """Have the next one who asks get a new cache, for the table that the environment names then: for dev and tests."""
    _caches.clear()


def use_data_cache(cache: DataCache) -> Callable[[], None]:
    """Have `cached` and `fetch` use this cache.

    Returns:
        What ends that.
    """
    _caches.append(cache)
    return lambda: _caches.remove(cache)


def expire_tags(tags: Sequence[str]) -> None:
    """Forget what `cached` and `fetch` keep under these tags: at once here and, through the table, in all sandboxes.

    Raises:
        HandlerError: For a tag that cannot be one.
        StoreError: When the table cannot be written to.
    """
    require_tags(tags, "expire_tags()")
    data_cache().expire(tags)


_caches: list[DataCache] = []


def _needs_fresh() -> bool:
    """Whether a stale value will not do: no request whose `after` could refresh it, or an answer or value that others will keep."""
    scope = find_scope()
    return scope is None or scope.may_be_shared or collecting.get(None) is not None


def _given(entry: Entry) -> Any:
    """The value, and what it says counted."""
    usage = current_usage()
    if usage is not None:
        usage.join(entry.lifetime_seconds, entry.tags)
    return entry.value()
