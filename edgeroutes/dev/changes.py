"""Tells pages that are open in a browser when the project has changed, as server-sent events."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.types import Receive, Scope, Send

_LOOK_S = 0.05
_ALIVE_S = 15.0


class Changes:
    """The time of the last change, and the ASGI app that sends it."""

    def __init__(self) -> None:
        self._changed_at = time.time()
        self._is_over = threading.Event()

    def note(self) -> None:
        """The project has changed now."""
        self._changed_at = time.time()

    def close(self) -> None:
        """End all streams."""
        self._is_over.set()

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send the time of the last change at once, and then each time that there is another."""
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        gone = asyncio.create_task(_disconnected(receive))
        sent_at = sent = 0.0
        try:
            while not gone.done() and not self._is_over.is_set():
                if sent != self._changed_at or time.monotonic() - sent_at > _ALIVE_S:
                    sent, sent_at = self._changed_at, time.monotonic()
                    body = f"data: {sent}\n\n".encode()
                    await send({"type": "http.response.body", "body": body, "more_body": True})
                await asyncio.wait({gone}, timeout=_LOOK_S)
        finally:
            gone.cancel()
        await send({"type": "http.response.body", "body": b""})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
