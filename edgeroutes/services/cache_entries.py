"""Cached values: how one is made, how long it is fresh, by which tags it is forgotten. Request wing, floor 2; keeps nothing itself."""

from __future__ import annotations

import json

from edgeroutes.errors import HandlerError
from edgeroutes.http.json_text import render_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

# How much longer than it is fresh a value is kept, to be given while a new one is made, or while none can be.
STALE_SECONDS = 86_400
# Source: Next.js 16, server/response-cache: after a failed refresh the next try is in the entry's lifetime, clamped to these.
_LEAST_PAUSE_SECONDS, _MOST_PAUSE_SECONDS = 3, 30
_PLAIN = (str, int, float, bool, type(None))


class Recipe:
    """One value: what it is called, how it is made, and how long it keeps.

    Args:
        key: By which it is found.
        where: How messages call it.
        make: Makes it: gives the value, or an awaitable of it.
        lifetime_seconds: How long it is fresh.
        tags: By which it is forgotten.
        blocking: Whether a plain function asks, in which nothing can be awaited.
        is_kept: Whether a value is to be kept; None for every value.
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
    """One cached value; everyone who asks gets a copy of it.

    Args:
        text: The value as JSON, where JSON carries all of it; None where the value itself is kept.
        held: The value itself, where `text` is None: it cannot leave the process.
        size_bytes: Roughly what it takes.
        made_at: When the making of it began, in seconds since the epoch.
        lifetime_seconds: How long it is fresh.
        tags: By which it is forgotten.
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
        """A copy of the value, for one caller to do with as it likes."""
        if self.text is not None:
            return json.loads(self.text)
        from copy import deepcopy

        return deepcopy(self.held)

    def is_fresh(self, now: float) -> bool:
        """Whether it may be given without anything being done."""
        return now < self.fresh_until

    def is_usable(self, now: float) -> bool:
        """Whether it may be given at all."""
        return now < self.usable_until

    def held_over(self, now: float) -> Entry:
        """The same, fresh for the pause until a refresh that failed is tried again."""
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
        HandlerError: For a value that is no data, such as a generator, an open file or a Response; it names `where`.
    """
    text = held = None
    try:
        if _is_plain(value):
            text = json.dumps(value, separators=(",", ":"))
            size_bytes = len(text)
        else:
            size_bytes = 4 * len(render_json(value))  # objects take about so much more
    except (TypeError, ValueError, RecursionError) as error:
        problem = f"it returned {value!r:.60} of type {type(value).__name__}, which cannot be cached"
        hint = "Return data: dicts, lists, text, numbers, dataclasses or models"
        raise HandlerError(problem, where=where, hint=hint) from error
    if text is None:
        from copy import deepcopy

        held = deepcopy(value)
    return Entry(text, held, size_bytes, made_at=made_at, lifetime_seconds=lifetime_seconds, tags=tags)


def _is_plain(value: object) -> bool:
    """Whether JSON gives back just what it was given."""
    kind = type(value)
    if kind is list:
        return all(map(_is_plain, value))  # type: ignore[call-overload]
    if kind is dict:
        return all(type(name) is str and _is_plain(each) for name, each in value.items())  # type: ignore[attr-defined]
    return kind in _PLAIN
