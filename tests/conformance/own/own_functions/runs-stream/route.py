import asyncio

import anyio
from edgeroutes import Response


async def work(value):
    await asyncio.sleep(0)
    return value


def GET():
    yield asyncio.run(work("a"))
    try:
        yield anyio.run(work, "b")
    finally:
        asyncio.run(work("c"))


async def POST():
    return Response.sse(asyncio.run(work(value)) for value in "ab")
