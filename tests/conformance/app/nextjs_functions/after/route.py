import asyncio

from edgeroutes import Response, after, not_found

journal: list[str] = []


async def first():
    journal.append("after1 start")
    await asyncio.sleep(0.01)
    journal.append("after1 end")


async def second():
    journal.append("after2")


async def chunks():
    yield "one"
    await asyncio.sleep(0.01)
    yield "two"
    journal.append("stream closing")


def GET(m: str):
    if m == "log":
        entries = journal.copy()
        journal.clear()
        return entries
    after(first)
    after(second)
    if m == "notfound":
        not_found()
    if m == "throw":
        raise RuntimeError("thrown after after()")
    return Response.stream(chunks())
