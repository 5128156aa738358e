"""One making of a value at a time, however many ask for it. Request wing, floor 2; knows neither what is made nor where it is kept.

Those who ask may be threads and tasks of any event loop, side by side.
"""

from __future__ import annotations

import threading
from contextlib import suppress

from edgeroutes.runtime.loop_state import running_loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Callable
    from typing import Any


class Flight:
    """The making of one value: who began it lands it, everyone else waits.

    It lands with a result, with the error that making it raised, or with neither, where whoever made it was cancelled: then somebody
    else has to.
    """

    __slots__ = ("_is_over", "_lock", "_to_wake", "error", "result")

    def __init__(self) -> None:
        self.result: Any = None
        self.error: Exception | None = None
        self._is_over = False
        self._to_wake: list[Callable[[], object]] = []
        self._lock = threading.Lock()

    def land(self, result: Any = None, error: Exception | None = None) -> None:
        """Wake who waits."""
        with self._lock:
            self.result, self.error, self._is_over = result, error, True
            to_wake, self._to_wake = self._to_wake, []
        for wake in to_wake:
            with suppress(RuntimeError):  # its loop is closed: nobody waits there any more
                wake()

    async def wait(self, *, blocking: bool) -> None:
        """Wait until it has landed.

        Args:
            blocking: Whether the thread is stopped, as a plain function has to; else its event loop, if any, goes on.
        """
        loop = None if blocking else running_loop()
        if loop is None:
            landed = threading.Event()
            if self._wakes(landed.set):
                landed.wait()
            return
        woken = loop.create_future()
        if self._wakes(_waker(loop, woken)):
            await woken

    def _wakes(self, wake: Callable[[], object]) -> bool:
        """Whether `wake` will be called; not where it has landed already."""
        with self._lock:
            if not self._is_over:
                self._to_wake.append(wake)
            return not self._is_over


class Flights:
    """What is being made just now, by key."""

    def __init__(self) -> None:
        self._under_way: dict[str, Flight] = {}
        self._lock = threading.Lock()

    def join(self, key: str) -> tuple[Flight, bool]:
        """The flight of this key, and whether it is the caller's to make the value, and then to `end` it."""
        with self._lock:
            flight = self._under_way.get(key)
            if flight is not None:
                return flight, False
            flight = self._under_way[key] = Flight()
            return flight, True

    def end(self, key: str, flight: Flight, result: Any = None, error: Exception | None = None) -> None:
        """Give everyone who waits the result or the error; without either, one of them makes the value."""
        with self._lock:
            self._under_way.pop(key, None)
        flight.land(result, error)


def _waker(loop: AbstractEventLoop, woken: Future[None]) -> Callable[[], object]:
    def wake() -> None:
        if not woken.done():
            woken.set_result(None)

    return lambda: loop.call_soon_threadsafe(wake)
