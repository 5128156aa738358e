"""The memory of a sandbox: cached values, when their tags were invalidated, and request coalescing."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import suppress

from edgeroutes.runtime.loop import running_loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Callable, Hashable, Iterable
    from typing import Any

    from edgeroutes.services.cache_stores import Entry


_MAX_BYTES = 16 * 1024 * 1024
_MAX_ENTRIES = 1_000
_MAX_TAGS = 4_096


class MemoryStore:
    """A least-recently-used cache with a limit of bytes and of entries: an entry has `size_bytes`.

    Args:
        max_bytes: Of all entries together.
        max_entries: The number of entries; None for no limit.
    """

    def __init__(self, max_bytes: int = _MAX_BYTES, max_entries: int | None = _MAX_ENTRIES) -> None:
        self.max_bytes = max_bytes
        self._max_entries = max_entries
        self._bytes = 0
        self._entries: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Any:
        """The entry, or None."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def put(self, key: Hashable, entry: Any) -> bool:
        """Store an entry and evict those that were not read for longest; False for one that exceeds the limit by itself."""
        with self._lock:
            self._drop(key)
            if entry.size_bytes > self.max_bytes:
                return False
            self._entries[key] = entry
            self._bytes += entry.size_bytes
            while self._bytes > self.max_bytes or (self._max_entries and len(self._entries) > self._max_entries):
                self._drop(next(iter(self._entries)))
            return True

    def drop(self, key: Hashable) -> None:
        """Remove an entry, if there is one."""
        with self._lock:
            self._drop(key)

    def drop_matching(self, matches: Callable[[Any, Any], bool]) -> int:
        """Remove the entries for which `matches(key, entry)` is true.

        Returns:
            How many they were.
        """
        with self._lock:
            keys = [key for key, entry in self._entries.items() if matches(key, entry)]
            for key in keys:
                self._drop(key)
            return len(keys)

    def drop_tagged(self, tags: frozenset[str]) -> None:
        """Remove the entries that have one of these tags, given in lower case."""
        self.drop_matching(lambda _, entry: any(tag.lower() in tags for tag in entry.tags))

    def clear(self) -> None:
        """Remove all entries."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def _drop(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size_bytes


class TagMarkers:
    """When tags were last invalidated, as far as this sandbox knows. Tags are case-insensitive, as in CloudFront."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def learn(self, invalidated: dict[str, float], now: float) -> None:
        """Record when these tags were invalidated; 0 for never."""
        with self._lock:
            for tag, at in invalidated.items():
                before, _ = self._known.pop(tag.lower(), (0.0, 0.0))
                self._known[tag.lower()] = (max(at, before), now)
            while len(self._known) > _MAX_TAGS:
                self._known.popitem(last=False)

    def unheard(self, tags: Iterable[str], since: float) -> list[str]:
        """The tags that were not looked up since then."""
        return [tag for tag in tags if self._known.get(tag.lower(), (0.0, 0.0))[1] <= since]

    def has_expired(self, entry: Entry) -> bool:
        """Whether one of its tags was invalidated after its computation began."""
        return any(self._known.get(tag.lower(), (0.0, 0.0))[0] >= entry.made_at for tag in entry.tags)

    def clear(self) -> None:
        """Remove all markers."""
        with self._lock:
            self._known.clear()


class Pending:
    """A value that is being computed.

    It finishes with a result, with the error of the computation, or with neither if the computation was cancelled: then another
    caller computes it.
    """

    __slots__ = ("_is_finished", "_lock", "_to_wake", "error", "result")

    def __init__(self) -> None:
        self.result: Any = None
        self.error: Exception | None = None
        self._is_finished = False
        self._to_wake: list[Callable[[], object]] = []
        self._lock = threading.Lock()

    def finish(self, result: Any = None, error: Exception | None = None) -> None:
        """Wake all waiting callers; a second call does nothing."""
        with self._lock:
            if self._is_finished:
                return
            self.result, self.error, self._is_finished = result, error, True
            to_wake, self._to_wake = self._to_wake, []
        for wake in to_wake:
            with suppress(RuntimeError):  # its loop is closed: nobody waits there
                wake()

    async def wait(self, *, blocking: bool) -> None:
        """Wait until it is finished.

        Args:
            blocking: Whether to block the thread, as a sync function does; otherwise its event loop, if any, continues.
        """
        loop = None if blocking else running_loop()
        if loop is None:
            finished = threading.Event()
            if self._wakes(finished.set):
                finished.wait()
            return
        woken = loop.create_future()
        if self._wakes(_waker(loop, woken)):
            await woken

    def _wakes(self, wake: Callable[[], object]) -> bool:
        """Whether `wake` will be called; False if the value is already finished."""
        with self._lock:
            if not self._is_finished:
                self._to_wake.append(wake)
            return not self._is_finished


class Coalescer:
    """The values that are being computed, by key."""

    def __init__(self) -> None:
        self._pending: dict[Hashable, Pending] = {}
        self._lock = threading.Lock()

    def join(self, key: Hashable) -> tuple[Pending, bool]:
        """The pending value of this key, and whether the caller is the first, which computes the value and calls `finish`."""
        with self._lock:
            pending = self._pending.get(key)
            if pending is not None:
                return pending, False
            pending = self._pending[key] = Pending()
            return pending, True

    def finish(self, key: Hashable, pending: Pending, result: Any = None, error: Exception | None = None) -> None:
        """Give all waiting callers the result or the error; without either, one of them computes the value."""
        with self._lock:
            if self._pending.get(key) is pending:
                del self._pending[key]
        pending.finish(result, error)


def _waker(loop: AbstractEventLoop, woken: Future[None]) -> Callable[[], object]:
    def wake() -> None:
        if not woken.done():
            woken.set_result(None)

    return lambda: loop.call_soon_threadsafe(wake)
