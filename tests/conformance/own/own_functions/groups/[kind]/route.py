"""What a handler raises in task groups."""

import asyncio

import anyio
from edgeroutes import HTTPError, not_found, redirect


async def fail():
    raise ValueError("broken")


async def stop(detail=""):
    not_found(detail)


async def leave():
    redirect("/hello")


async def in_asyncio(*functions):
    async with asyncio.TaskGroup() as group:
        for function in functions:
            group.create_task(function())


async def in_anyio(*functions):
    async with anyio.create_task_group() as group:
        for function in functions:
            group.start_soon(function)


async def raised_in_the_body():
    async with asyncio.TaskGroup():
        raise HTTPError(418, "short and stout")


KINDS = {
    "asyncio": lambda: in_asyncio(stop),
    "anyio": lambda: in_anyio(stop),
    "redirect": lambda: in_asyncio(leave),
    "nested": lambda: in_asyncio(lambda: in_anyio(lambda: in_asyncio(stop))),
    "first": lambda: in_asyncio(lambda: stop("one"), lambda: stop("two")),
    "mixed": lambda: in_asyncio(stop, fail),
    "body": raised_in_the_body,
}


async def GET(kind: str):
    await KINDS[kind]()


async def POST(kind: str):
    await KINDS[kind]()
    yield "never"
