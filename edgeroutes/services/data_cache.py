"""The cache behind `cached` and `fetch`: it looks values up, computes a missing one once, stores it, and invalidates by tag.

The sandbox stores values in memory and, if EDGEROUTES_DATA_CACHE_TABLE names a table, there for all sandboxes. A stale value is
still returned, while one caller computes the next one after the response, because Lambda freezes anything later than `after`. For a
response that the CDN stores, the caller waits for the new value: the CDN serves its stale response meanwhile.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

from edgeroutes.http.interrupts import HTTPError, Redirect
from edgeroutes.names import DATA_CACHE_TABLE_VARIABLE
from edgeroutes.runtime.cache_policy import CacheUsage, current_usage, require_tags
from edgeroutes.runtime.context import collecting, find_scope
from edgeroutes.runtime.log import log_exception, log_warning
from edgeroutes.runtime.loop import running_loop
from edgeroutes.services.cache_memory import Coalescer, MemoryStore
from edgeroutes.services.cache_stores import Stores, make_entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from edgeroutes.services.cache_memory import Pending
    from edgeroutes.services.cache_stores import Entry, Recipe
    from edgeroutes.services.cache_table import TableStore
    from edgeroutes.types import Clock


class DataCache:
    """Values of recipes.

    Args:
        table: The store for all sandboxes, or None.
        memory: The store of this sandbox.
        clock: Seconds since the epoch.
    """

    def __init__(
        self, table: TableStore | None = None, *, memory: MemoryStore | None = None, clock: Clock = time.time
    ) -> None:
        self._stores = Stores(memory or MemoryStore(), table)
        self._clock = clock
        self._coalescer = Coalescer()

    async def recall(self, recipe: Recipe) -> Any:
        """The value, from the cache or computed now; its lifetime and tags apply to the caller, too.

        Raises:
            Exception: The error of the computation, unless there is a stale value.
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
            # Its data may have been invalidated since, and this caller may be the result of that.
            if pending.result is not None and not self._stores.has_expired(pending.result):
                return _given(pending.result)

    def expire(self, tags: Sequence[str]) -> None:
        """Invalidate every value with one of these tags, here and in the table.

        Raises:
            StoreError: The table cannot be written to. The memory has been cleared nevertheless.
        """
        self._stores.expire(tags, self._clock())

    def clear(self) -> None:
        """Clear the memory of this process, but not the table."""
        self._stores.clear()

    async def _make_for_all(self, recipe: Recipe, pending: Pending, stale: Entry | None, seen: Entry | None) -> Entry:
        """Compute the value for all waiting callers, unless there is a newer one in memory."""
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
        """A new stored entry; the stale one for a while longer if the computation fails."""
        usage = CacheUsage(recipe.key, collecting.get(None))
        made_at = self._clock()
        token = collecting.set(usage)
        try:
            value = recipe.make()
            if hasattr(value, "__await__"):
                value = await value
        except (HTTPError, Redirect):  # a valid result: not found, or moved
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
        """Refresh the value after the response, unless another caller has done so by then."""
        scope = find_scope()
        if scope is not None:
            scope.after.append((self._refreshed if recipe.blocking else self._refresh, (recipe,)))

    async def _refresh(self, recipe: Recipe) -> None:
        stale = self._stores.remembered(recipe.key)
        if stale is None or stale.is_fresh(self._clock()):
            return
        pending, is_first = self._coalescer.join(recipe.key)
        if is_first:
            with suppress(HTTPError, Redirect):  # raised for the next caller
                await self._make_for_all(recipe, pending, stale, stale)

    def _refreshed(self, recipe: Recipe) -> None:
        run_blocking(self._refresh(recipe))

    async def _io(self, recipe: Recipe, function: Callable[..., Any], *args: Any) -> Any:
        """The result of `function`, called in a thread if it may wait for the table while an event loop runs."""
        loop = None if recipe.blocking or not self._stores.has_table else running_loop()
        return function(*args) if loop is None else await loop.run_in_executor(None, function, *args)


def run_blocking(coroutine: Any) -> Any:
    """The value of a coroutine that never waits, like this module's coroutines for a `blocking` recipe."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise RuntimeError("a blocking recipe has waited")


def data_cache() -> DataCache:
    """The process's cache, created at the first call."""
    if not _caches:
        table_name = os.environ.get(DATA_CACHE_TABLE_VARIABLE)
        table = None
        if table_name:
            from edgeroutes.services.cache_table import TableStore

            table = TableStore(table_name)
        _caches.append(DataCache(table))
    return _caches[-1]


def reset_data_cache() -> None:
    """Make the next call create a new cache, with the table that the environment names then: for dev and tests."""
    _caches.clear()


def use_data_cache(cache: DataCache) -> Callable[[], None]:
    """Make `cached` and `fetch` use this cache.

    Returns:
        A function that restores the previous one.
    """
    _caches.append(cache)
    return lambda: _caches.remove(cache)


def expire_tags(tags: Sequence[str]) -> None:
    """Invalidate values of `cached` and `fetch` with these tags: at once here and, through the table, in all sandboxes.

    Raises:
        HandlerError: For an invalid tag.
        StoreError: The table cannot be written to.
    """
    require_tags(tags, "expire_tags()")
    data_cache().expire(tags)


_caches: list[DataCache] = []


def _needs_fresh() -> bool:
    """Whether a stale value is not enough: without a request whose `after` could refresh it, or if others store the result."""
    scope = find_scope()
    return scope is None or scope.may_be_shared or collecting.get(None) is not None


def _given(entry: Entry) -> Any:
    """The value; its lifetime and tags are added to the caller's."""
    usage = current_usage()
    if usage is not None:
        usage.join(entry.lifetime_seconds, entry.tags)
    return entry.value()
