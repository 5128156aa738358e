from __future__ import annotations

import asyncio
import threading

from edgeroutes.services.cache_memory import Coalescer, MemoryStore, TagMarkers
from edgeroutes.services.cache_stores import Entry


def entry(size_bytes: int = 10, tags: tuple[str, ...] = (), made_at: float = 1.0) -> Entry:
    return Entry("1", None, size_bytes, made_at=made_at, lifetime_seconds=60, tags=tags)


def keys(store: MemoryStore, *asked: str) -> list[str]:
    return [key for key in asked if store.get(key) is not None]


def test_the_least_recently_used_entries_are_evicted() -> None:
    store = MemoryStore(max_bytes=100, max_entries=3)
    for key in "abc":
        store.put(key, entry())
    store.get("a")

    store.put("d", entry())

    assert keys(store, "a", "b", "c", "d") == ["a", "c", "d"]


def test_the_bytes_are_bounded_and_what_is_over_them_alone_is_not_kept() -> None:
    store = MemoryStore(max_bytes=100, max_entries=50)
    for key in "abc":
        store.put(key, entry(40))
    assert keys(store, "a", "b", "c") == ["b", "c"]

    store.put("b", entry(101))
    assert keys(store, "b", "c") == ["c"]
    for _ in range(5):  # what is replaced makes room for itself
        store.put("c", entry(60))
    store.put("d", entry(40))
    assert keys(store, "c", "d") == ["c", "d"]


def test_tags_in_any_case_have_entries_dropped() -> None:
    store = MemoryStore()
    store.put("a", entry(tags=("Products", "x")))
    store.put("b", entry(tags=("other",)))

    store.drop_tagged(frozenset({"products"}))

    assert keys(store, "a", "b") == ["b"]


def test_a_marker_ends_what_was_begun_before_it_and_is_never_moved_back() -> None:
    markers = TagMarkers()
    markers.learn({"A": 5.0}, now=5.0)
    markers.learn({"a": 0.0}, now=6.0)  # a table that has not heard of it

    assert markers.has_expired(entry(tags=("a",), made_at=5.0))
    assert not markers.has_expired(entry(tags=("a",), made_at=5.1))
    assert not markers.has_expired(entry(tags=("b",)))
    assert (markers.unheard(["a", "b"], 5.0), markers.unheard(["a", "b"], 6.0)) == (["b"], ["a", "b"])


def test_markers_are_bounded() -> None:
    markers = TagMarkers()
    for number in range(5_000):
        markers.learn({f"t{number}": 1.0}, now=1.0)

    assert markers.unheard(["t0", "t4999"], 0.0) == ["t0"]


def test_one_makes_and_the_others_wait_in_threads_and_loops_alike() -> None:
    coalescer = Coalescer()
    pending, is_ours = coalescer.join("key")
    waiting = threading.Barrier(4)
    seen: list[object] = []

    def in_thread() -> None:
        joined, leads = coalescer.join("key")
        waiting.wait()
        asyncio.run(joined.wait(blocking=True))
        seen.append((leads, joined.result))

    async def in_task() -> None:
        joined, leads = coalescer.join("key")
        waiting.wait()
        await joined.wait(blocking=False)
        seen.append((leads, joined.result))

    threads = [threading.Thread(target=in_thread), threading.Thread(target=lambda: asyncio.run(in_task()))]
    threads.append(threading.Thread(target=lambda: asyncio.run(in_task())))
    for thread in threads:
        thread.start()
    waiting.wait()
    coalescer.finish("key", pending, "made")
    for thread in threads:
        thread.join()

    assert (is_ours, seen) == (True, [(False, "made")] * 3)
    assert coalescer.join("key")[1]


def test_who_comes_when_it_has_landed_does_not_wait() -> None:
    coalescer = Coalescer()
    pending, _ = coalescer.join("key")
    coalescer.finish("key", pending, error=OSError("down"))

    asyncio.run(pending.wait(blocking=False))
    asyncio.run(pending.wait(blocking=True))

    assert str(pending.error) == "down"


def test_a_loop_that_was_closed_meanwhile_wakes_nobody() -> None:
    coalescer = Coalescer()
    pending, _ = coalescer.join("key")
    loop = asyncio.new_event_loop()
    task = loop.create_task(pending.wait(blocking=False))
    loop.run_until_complete(asyncio.sleep(0))
    task.cancel()
    loop.run_until_complete(asyncio.wait({task}))
    loop.close()

    coalescer.finish("key", pending, "made")

    assert pending.result == "made"
