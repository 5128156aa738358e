"""What a handler raises in task groups."""

import asyncio
import contextlib

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


async def wait():
    await asyncio.sleep(30)


async def stop_later():
    await asyncio.sleep(0.001)
    not_found()


async def raise_gathered():
    first, _ = await asyncio.gather(stop(), fail(), return_exceptions=True)
    raise first


async def in_timeout():
    async with asyncio.timeout(5):
        await stop()


async def in_fail_after():
    with anyio.fail_after(5):
        await stop()


async def in_exit_stack():
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(asyncio.TaskGroup())
        not_found()


async def as_completed():
    for each in asyncio.as_completed([stop()]):
        await each


async def except_star():
    try:
        await in_asyncio(wait, stop_later)
    except* ValueError:
        raise AssertionError from None


async def in_exception_groups():
    raise ExceptionGroup("outer", [ExceptionGroup("inner", [HTTPError(418, "short and stout")]), HTTPError(404)])


async def cancelled():
    raise BaseExceptionGroup("both", [HTTPError(404), asyncio.CancelledError()])


KINDS = {
    "gather": lambda: asyncio.gather(stop(), wait()),
    "gathered-errors": raise_gathered,
    "timeout": in_timeout,
    "wait-for": lambda: asyncio.wait_for(stop(), 5),
    "shield": lambda: asyncio.shield(stop()),
    "late": lambda: in_asyncio(wait, stop_later),
    "late-in-anyio": lambda: in_anyio(wait, stop_later),
    "fail-after": in_fail_after,
    "thread": lambda: asyncio.to_thread(not_found),
    "anyio-thread": lambda: anyio.to_thread.run_sync(not_found),
    "exit-stack": in_exit_stack,
    "as-completed": as_completed,
    "except-star": except_star,
    "in-exception-groups": in_exception_groups,
    "cancelled": cancelled,
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


async def wait_for(kind: str):
    await KINDS[kind]()


def PUT(kind: str):
    asyncio.run(wait_for(kind))


async def POST(kind: str):
    await KINDS[kind]()
    yield "never"
