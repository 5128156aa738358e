"""Questions to the origin that are under way, so that who asks the same waits instead of asking, too. Floor 3; of one event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeroutes.dev.cdn.key import CacheKey

# Of so many keys it is remembered that waiting for them is of no use; beyond it, it is found out anew.
_MOST_USELESS = 10_000


class Flights:
    """The questions under way, one to a key.

    Args:
        forgettings: How often the store was to forget something: who asks after another time must not get an answer from before.
    """

    def __init__(self, forgettings: Callable[[], int]) -> None:
        self._forgettings = forgettings
        self._under_way: dict[CacheKey, Flight] = {}
        self._useless: set[CacheKey] = set()

    def find(self, key: CacheKey) -> Flight | None:
        """The one whose answer will do for this key, if any is under way."""
        flight = self._under_way.get(key)
        return flight if flight is not None and flight.forgettings == self._forgettings() else None

    def take_off(self, key: CacheKey) -> Flight:
        """A new one, which others find until it lands."""
        flight = self._under_way[key] = Flight(self, key, self._forgettings())
        return flight

    def is_useless(self, key: CacheKey) -> bool:
        """Whether the last answer for this key was of no use to others: then nobody waits for the next."""
        return key in self._useless

    def landed(self, flight: Flight, *, is_useful: bool | None) -> None:
        """Note that one has landed; called by it."""
        if self._under_way.get(flight.key) is flight:
            del self._under_way[flight.key]
        if is_useful:
            self._useless.discard(flight.key)
        elif is_useful is False:
            if len(self._useless) >= _MOST_USELESS:
                self._useless.clear()
            self._useless.add(flight.key)


class Flight:
    """One question to the origin.

    Args:
        flights: All that are under way.
        key: Of the question.
        forgettings: Of the store, when it was asked.
    """

    def __init__(self, flights: Flights, key: CacheKey, forgettings: int) -> None:
        self.key = key
        self.forgettings = forgettings
        self._flights = flights
        self._landed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def land(self, *, is_useful: bool | None) -> None:
        """End the wait of the others; what is said first counts.

        Args:
            is_useful: Whether there is now something stored for them. None where that is open: the client for whom it was asked has
                left, or the origin broke; then the next one asks.
        """
        if not self._landed.done():
            self._landed.set_result(is_useful is not False)
            self._flights.landed(self, is_useful=is_useful)

    async def wait(self) -> bool:
        """Whether to look into the store again, rather than to ask for oneself."""
        return await asyncio.shield(self._landed)  # shielded: one who leaves ends nobody else's wait
