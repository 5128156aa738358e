"""`not_found()` ends the handler with the answer that a path without a route gets."""

from typing import NoReturn

from edgeroutes import not_found


async def GET() -> NoReturn:
    not_found("nothing is ever found here")
