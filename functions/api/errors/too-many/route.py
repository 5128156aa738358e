"""An error with a header."""

from typing import NoReturn

from edgeroutes import HTTPError


async def GET() -> NoReturn:
    raise HTTPError(429, "five requests a minute are allowed", headers={"retry-after": "60"})
