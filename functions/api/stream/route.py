"""A generator streams: each string is sent when it is yielded."""

import asyncio
from collections.abc import AsyncIterator

from functions._shared.validation import require


async def GET(chunks: int = 5, pause_ms: int = 200) -> AsyncIterator[str]:
    # Before the first chunk nothing has been sent, so an error is still an ordinary response.
    require(
        ("chunks", 1 <= chunks <= 100, "must be from 1 to 100"),
        ("pause_ms", 0 <= pause_ms <= 2000, "must be from 0 to 2000"),
    )
    for number in range(1, chunks + 1):
        yield f"chunk {number} of {chunks}\n"
        await asyncio.sleep(pause_ms / 1000)
