"""Work on a large body, beside the event loop that other requests share. Request wing, floor 2; loaded with the first large body."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")


async def compute(function: Callable[[], T]) -> T:
    """What `function` gives; called in a thread where an event loop runs, and right here where none does."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or asyncio._get_running_loop() is None:  # noqa: SLF001  # the one way to ask that does not raise
        return function()
    value: T = await asyncio.to_thread(function)
    return value
