"""Everything sync that a route may hand over, each with an event loop of its own."""

import asyncio
import functools
from dataclasses import dataclass
from typing import Annotated

from edgeroutes import Depends, Response, after, cached

done = []


async def work():
    await asyncio.sleep(0)
    return "done"


def run(size: int = 1):
    return asyncio.run(work()) * size


def in_own_loop(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return asyncio.run(function(*args, **kwargs))

    return wrapper


class Runner:
    def __call__(self):
        return run()

    def method(self):
        return run()

    @classmethod
    def of_class(cls):
        return run()

    @staticmethod
    def static():
        return run()


class Opened:
    def __call__(self):
        yield run()
        done.append(run())


@dataclass
class Initialized:
    def __post_init__(self):
        self.value = run()


class Made:
    def __new__(cls):
        made = super().__new__(cls)
        made.value = run()
        return made


class AsyncCall:
    async def __call__(self):
        return await work()


@in_own_loop
async def wrapped():
    return await work()


@functools.lru_cache
def remembered():
    return run()


@cached(revalidate=60)
def stored():
    return run()


def waiting():
    return work()


class Items:
    def __iter__(self):
        yield run()
        yield run()


runner = Runner()


async def GET(  # noqa: PLR0917
    a: Annotated[str, Depends(runner)],
    b: Annotated[str, Depends(runner.method)],
    c: Annotated[str, Depends(Runner.of_class)],
    d: Annotated[str, Depends(Runner.static)],
    e: Annotated[str, Depends(functools.partial(run, size=1))],
    f: Annotated[str, Depends(wrapped)],
    g: Annotated[str, Depends(remembered)],
    h: Annotated[Initialized, Depends()],
    i: Annotated[Made, Depends()],
    j: Annotated[str, Depends(AsyncCall())],
    k: Annotated[str, Depends(waiting)],
    m: Annotated[str, Depends(Opened())],
    n: Annotated[str, Depends(lambda: asyncio.run(work()))],
):
    found = [a, b, c, d, e, f, g, h.value, i.value, j, k, m, n]
    return [len(found), set(found)]


def POST():
    after(functools.partial(done.append, "after"))
    return [stored(), stored()]


async def PUT():
    return Response.stream(Items())


@in_own_loop
async def DELETE(size: int = 2):
    return [await work()] * size


async def PATCH():
    return Response.ndjson(map(run, [1, 1]))
