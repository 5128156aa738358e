import asyncio

from edgeroutes import Response


class Stream:
    """Numbers, ten milliseconds apart, and then nothing more for an hour."""

    def __init__(self, count):
        self.count = count
        self.emitted = 0
        self.closed = asyncio.Event()

    async def chunks(self):
        try:
            for number in range(self.count):
                self.emitted += 1
                yield str(number)
                await asyncio.sleep(0.01)
            await asyncio.sleep(3600)
        finally:
            self.closed.set()


streams: list[Stream] = []


async def GET(write: int | None = None):
    if write is not None:
        streams.append(Stream(write))
        return Response.stream(streams[-1].chunks())
    stream = streams.pop()
    await asyncio.wait_for(stream.closed.wait(), 5)
    return str(stream.emitted)
