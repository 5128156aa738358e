from __future__ import annotations

from edgeroutes.services.cache_entries import Entry
from edgeroutes.services.cache_memory import MemoryStore, TagMarkers


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
