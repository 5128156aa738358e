"""Requires a signed-in user for the routes below /api/dashboard, and passes the user on in `request.state`."""

from collections.abc import Awaitable, Callable

from edgeroutes import Request, Response
from functions._shared import sessions


async def middleware(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    request.state.user = sessions.signed_in(request)
    return await call_next(request)
