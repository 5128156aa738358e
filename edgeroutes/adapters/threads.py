"""Worker threads for sync functions, on servers that handle many requests at once; never loaded on Lambda."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from anyio import to_thread

if TYPE_CHECKING:
    from collections.abc import Callable


def call_in_thread(call: Callable[[], None]) -> asyncio.Future[None]:
    """Call a function in one of AnyIO's threads, whose number Starlette's sync functions share."""
    return asyncio.ensure_future(to_thread.run_sync(call))
