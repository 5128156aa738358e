"""Lets only signed-in users through to the routes below /api/dashboard, and tells those who it is."""

from collections.abc import Awaitable, Callable

from edgeroutes import Request, Response, unauthorized
from functions._shared import sessions


async def middleware(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    user = sessions.read_token(request.cookies.get(sessions.COOKIE, ""))
    if user is None:
        unauthorized("sign in at /api/auth/session")
    request.state.user = user
    return await call_next(request)
