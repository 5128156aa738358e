"""An uncaught exception: the client gets a 500 without the cause, the log contains it."""


async def GET() -> dict[str, str]:
    prices: dict[str, str] = {}
    return {"price": prices["no such product"]}
