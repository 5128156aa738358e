"""An exception that nobody caught: the client gets a 500 that says nothing of it, the log has all of it."""


async def GET() -> dict[str, str]:
    prices: dict[str, str] = {}
    return {"price": prices["no such product"]}
