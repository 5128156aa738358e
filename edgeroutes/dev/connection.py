"""An HTTP connection of the dev server: uvicorn's, closed when a request does not arrive. Floor 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

_TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Connection(H11Protocol):
    """Closes the connection when no whole request head has arrived in time.

    uvicorn limits the pause between two requests alone: a client that sends a head byte by byte, or the rest of a body after the
    response, would stay for ever.
    """

    head_timeout_s = 10.0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._waiting: asyncio.TimerHandle | None = None
        self._has_had_request = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Take what the client sends; with a whole head the waiting is over."""
        super().data_received(data)
        if self._has_request():
            self._has_had_request = True
            self._stop_waiting()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._wait_for_head()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._waiting = self.loop.call_later(self.head_timeout_s, self._time_out)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _time_out(self) -> None:
        if self._has_request() or self.transport.is_closing():
            return
        if not self._has_had_request:
            self.transport.write(_TIMED_OUT)
        self.transport.close()

    def _has_request(self) -> bool:
        """Whether there is a request without a whole response."""
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn's own annotation has no None
        return cycle is not None and not cycle.response_complete


def connection_type(head_timeout_s: float) -> type[Connection]:
    """The class of the server's connections."""
    return type("Connection", (Connection,), {"head_timeout_s": head_timeout_s})
