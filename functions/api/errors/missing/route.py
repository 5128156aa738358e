"""`not_found()` ends the handler with the same response as a path without a route."""

from typing import NoReturn

from edgeroutes import not_found


async def GET() -> NoReturn:
    not_found("nothing is ever found here")
