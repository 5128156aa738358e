"""Streams of `edgeroutes dev` as a browser reads them: fetch, and EventSource with its reconnection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dev.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.browser import Page

pytestmark = pytest.mark.system
# The page itself lets the generator go on: so a chunk that it reads before has arrived before the next was made.
FILES = {
    "(site)": """
        from edgeroutes import Response

        def GET():
            return Response.html("<!doctype html><title>Home</title>")
    """,
    "parts": """
        import asyncio
        released = asyncio.Event()
        closed = []

        async def GET():
            released.clear()
            try:
                yield "one"
                await released.wait()
                yield "two"
            finally:
                closed.append(True)

        async def POST():
            released.set()
            return str(len(closed))
    """,
    "events": """
        import asyncio
        from edgeroutes import Response, Request

        async def GET(request: Request, count: int = 3):
            first = int(request.headers.get("last-event-id", 0)) + 1

            async def events():
                for number in range(first, first + count):
                    yield {"event": "tick", "id": str(number), "retry": 20, "data": {"number": number}}
                    await asyncio.sleep(0.01)

            return Response.sse(events())
    """,
    "breaks": """
        async def GET():
            yield "one"
            raise RuntimeError("half way")
    """,
}
READ = """
const decoder = new TextDecoder();
const response = await fetch('/parts');
const reader = response.body.getReader();
const read = async () => decoder.decode((await reader.read()).value);
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("project"), FILES) as served:
        yield f"http://127.0.0.1:{served.server.port}"


def test_fetch_reads_a_chunk_before_the_next_one_is_made(page: Page, site: str) -> None:
    page.navigate(site)

    parts = page.evaluate(
        f"{READ} const one = await read(); await fetch('/parts', {{method: 'POST'}}); [one, await read()]"
    )

    assert parts == ["one", "two"]


def test_a_page_that_leaves_closes_the_generator(page: Page, site: str) -> None:
    page.navigate(site)
    before = page.evaluate("Number(await (await fetch('/parts', {method: 'POST'})).text())")

    page.evaluate(f"{READ} await read(); await reader.cancel()")

    count = "Number(await (await fetch('/parts', {method: 'POST'})).text())"
    page.evaluate(f"while ({count} <= {before}) {{ await new Promise(done => setTimeout(done, 10)) }}")


def test_an_event_source_goes_on_where_it_was_cut_off(page: Page, site: str) -> None:
    page.navigate(site)

    ticks = page.evaluate("""
        const ticks = [];
        await new Promise(done => {
            const source = new EventSource('/events');
            source.addEventListener('tick', event => {
                ticks.push([event.lastEventId, JSON.parse(event.data).number]);
                if (ticks.length === 8) { source.close(); done() }
            });
        });
        ticks
    """)

    assert ticks == [[str(number), number] for number in range(1, 9)]
    streams = [response for response in page.received if response.url == f"{site}/events"]
    assert len(streams) == 3
    assert {(response.status, response.headers["cache-control"]) for response in streams} == {
        (200, "no-store, no-transform")
    }


def test_a_stream_that_fails_is_an_error_in_the_page(page: Page, site: str) -> None:
    page.navigate(site)

    assert page.evaluate("await (await fetch('/breaks')).text().then(text => text, error => error.name)") == "TypeError"
