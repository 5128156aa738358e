"""Wraps every route below /api: adds its duration in a header that browsers' developer tools show."""

from collections.abc import Awaitable, Callable
from time import perf_counter

from edgeroutes import Request, Response


async def middleware(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    start = perf_counter()
    response = await call_next(request)
    response.headers["server-timing"] = f"app;dur={(perf_counter() - start) * 1000:.1f}"
    return response
