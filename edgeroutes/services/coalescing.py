"""Request coalescing: of callers that need one value at the same time, the first computes it and the others wait.

Callers may be threads and tasks of any event loop, side by side.
"""

from __future__ import annotations

import threading
from contextlib import suppress

from edgeroutes.runtime.loop import running_loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Callable, Hashable
    from typing import Any


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
