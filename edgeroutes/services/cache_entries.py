"""Values of the data cache: how to compute one, its lifetime and its tags."""

from __future__ import annotations

import json

from edgeroutes.errors import HandlerError
from edgeroutes.http.json_text import render_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

# How long a stale value stays usable while a new one is computed or fails to be.
STALE_SECONDS = 86_400
# Source: Next.js 16, server/response-cache: a failed refresh is retried after the entry's lifetime, clamped to these seconds.
_LEAST_PAUSE_SECONDS, _MOST_PAUSE_SECONDS = 3, 30
_PLAIN = (str, int, float, bool, type(None))


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
        hint = "Return data: dicts, lists, strings, numbers, dataclasses or models"
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
    return kind in _PLAIN
