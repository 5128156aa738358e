import asyncio


async def GET():
    for text in ("<p>One</p>", "<p>Two</p>", "<p>Three</p>"):
        yield text
        await asyncio.sleep(0.01)
