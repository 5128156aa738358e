"""Server-sent events, for the browser's EventSource: after a reconnect it continues after the last event."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from edgeroutes import Header, Response
from functions._shared.validation import require


async def GET(count: int = 5, pause_ms: int = 500, last_event_id: Annotated[int, Header()] = 0) -> Response:
    require(
        ("count", 1 <= count <= 100, "must be from 1 to 100"),
        ("pause_ms", 0 <= pause_ms <= 5000, "must be from 0 to 5000"),
        ("last-event-id", last_event_id >= 0, "must be 0 or more"),
    )
    if last_event_id >= count:
        return Response(status=204)  # EventSource then does not reconnect
    return Response.sse(_ticks(last_event_id + 1, count, pause_ms / 1000))


async def _ticks(first: int, count: int, pause_seconds: float) -> AsyncIterator[dict[str, object]]:
    for number in range(first, count + 1):
        yield {"event": "tick", "id": number, "data": {"number": number, "of": count}}
        await asyncio.sleep(pause_seconds)
    yield {"event": "end", "data": "that was all"}
