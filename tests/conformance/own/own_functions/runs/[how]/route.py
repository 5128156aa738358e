"""Sync functions that run an event loop of their own, which Python refuses where one runs already."""

import asyncio
from typing import Annotated

import anyio
from edgeroutes import Depends, after, cookies

done = []


async def work():
    await asyncio.sleep(0)
    return "done"


def in_runner():
    with asyncio.Runner() as runner:
        return runner.run(work())


def in_new_loop():
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work())
    finally:
        loop.close()


WAYS = {
    "run": lambda: asyncio.run(work()),
    "runner": in_runner,
    "anyio": lambda: anyio.run(work),
    "new-loop": in_new_loop,
    "current-loop": lambda: asyncio.get_event_loop().run_until_complete(work()),
}


def value(how: str):
    return WAYS[how]()


def opened(how: str):
    yield WAYS[how]()
    done.append(WAYS[how]())


class Constructed:
    def __init__(self, how: str):
        self.value = WAYS[how]()


def GET(
    how: str,
    value: Annotated[str, Depends(value)],
    opened: Annotated[str, Depends(opened)],
    constructed: Annotated[Constructed, Depends()],
):
    return [WAYS[how](), value, opened, constructed.value, cookies().get("who")]


async def PUT(how: str, value: Annotated[str, Depends(value)]):
    return [value, await work()]


def POST(how: str):
    after(lambda: done.append(WAYS[how]()))
    return list(done)


def DELETE():
    found = list(done)
    done.clear()
    return found
