"""Runs around every route below /api: says how long it took, in a header that browsers show in their tools."""

from collections.abc import Awaitable, Callable
from time import perf_counter

from edgeroutes import Request, Response


async def middleware(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    start = perf_counter()
    response = await call_next(request)
    response.headers["server-timing"] = f"app;dur={(perf_counter() - start) * 1000:.1f}"
    return response
