"""Streamed bodies, as an adapter that waits for all of it reads them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.errors import HandlerError
from edgeroutes.http.response import Response
from edgeroutes.runtime.streams import read_whole, start_stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]


def produce(seen: list[object]) -> Iterator[str]:
    try:
        for letter in "abc":
            seen.append(letter)
            yield letter
    finally:
        seen.append("closed")


async def produce_async(seen: list[object]) -> AsyncIterator[str]:
    try:
        for letter in "abc":
            seen.append(letter)
            yield letter
    finally:
        seen.append("closed")


@pytest.mark.parametrize("make", [produce, produce_async])
def test_a_stream_is_read_chunk_by_chunk_and_closed(make: Any) -> None:
    seen: list[object] = []

    async def read() -> list[object]:
        response = await start_stream(Response.stream(make(seen)), "route.py")
        assert seen == ["a"]
        assert await start_stream(response, "route.py") is response
        body: Any = response.body
        return [chunk async for chunk in body]

    assert asyncio.run(read()) == [b"a", b"b", b"c"]
    assert seen == ["a", "b", "c", "closed"]


@pytest.mark.parametrize("make", [produce, produce_async])
@pytest.mark.parametrize("chunks_read", [0, 1, 2])
def test_closing_a_stream_closes_what_produces_it_wherever_it_is(make: Any, chunks_read: int) -> None:
    seen: list[object] = []

    async def read() -> bytes:
        response = await start_stream(Response.stream(make(seen)), "route.py")
        body: Any = response.body
        for _ in range(chunks_read):
            await anext(body)
        await body.aclose()
        return await read_whole(response)

    assert asyncio.run(read()) == b""
    assert seen == [*"abc"[: max(chunks_read, 1)], "closed"]


def test_an_iterator_without_close_is_fine() -> None:
    async def read() -> bytes:
        return await read_whole(await start_stream(Response.stream(iter([b"a", "ä"])), "route.py"))

    assert asyncio.run(read()) == b"a\xc3\xa4"


def test_an_empty_chunk_lets_the_head_go_and_is_never_sent() -> None:
    made: list[str] = []

    def produce_empty() -> Iterator[str]:
        for chunk in ("", "a", "", "b", ""):
            made.append(chunk)
            yield chunk

    async def read() -> tuple[list[str], list[object]]:
        response = await start_stream(Response.stream(produce_empty()), "route.py")
        body: Any = response.body
        return list(made), [chunk async for chunk in body]

    assert asyncio.run(read()) == ([""], [b"a", b"b"])


def test_a_stream_of_empty_chunks_is_empty() -> None:
    async def read() -> bytes:
        return await read_whole(await start_stream(Response.stream(iter(["", ""])), "route.py"))

    assert asyncio.run(read()) == b""


@pytest.mark.parametrize("chunk", [1, None, {"a": 1}, ["a"]])
def test_a_chunk_that_is_neither_text_nor_bytes_is_refused(chunk: object) -> None:
    with pytest.raises(HandlerError) as raised:
        asyncio.run(start_stream(Response.stream(iter([chunk])), "functions/x/route.py"))  # type: ignore[list-item]

    assert str(raised.value) == (
        f"functions/x/route.py: the stream yielded {chunk!r} of type {type(chunk).__name__}. "
        "Yield str or bytes; for JSON values return Response.ndjson, json_array or sse."
    )


GENERATORS = ["async def GET():\n", "def GET():\n"]


@pytest.mark.parametrize("head", GENERATORS)
def test_a_failure_before_the_first_chunk_is_an_ordinary_500(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]], head: str
) -> None:
    response = project(f"{head}    1 / 0\n    yield 'a'\n").get("/x")

    assert (response.status, response.json()["title"]) == (500, "Internal Server Error")
    assert [line["exception_name"] for line in log_lines()] == ["ZeroDivisionError"]


@pytest.mark.parametrize("middleware", [False, True])
@pytest.mark.parametrize("head", GENERATORS)
@pytest.mark.parametrize(
    ("statement", "status", "location"),
    [("not_found()", 404, None), ("redirect('/y')", 307, "/y"), ("raise HTTPError(409)", 409, None)],
)
def test_a_generator_may_still_refuse_or_redirect_before_its_first_chunk(
    project: Make, *, head: str, statement: str, status: int, location: str | None, middleware: bool
) -> None:
    files = {
        "x/route.py": f"from edgeroutes import HTTPError, not_found, redirect\n{head}    {statement}\n    yield 'a'\n"
    }
    if middleware:
        files["middleware.py"] = (
            "async def middleware(request, call_next):\n    response = await call_next(request)\n"
            "    response.headers['x-seen'] = str(response.status)\n    return response\n"
        )

    response = project(files).get("/x")

    assert (response.status, response.header("location")) == (status, location)
    assert response.header("x-seen") == (str(status) if middleware else None)


def test_cookies_set_before_the_first_chunk_are_sent_and_later_ones_are_an_error(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    source = """
        from edgeroutes import cookies
        errors = []
        async def GET():
            cookies().set("a", "1")
            yield "first"
            try:
                cookies().set("b", "2")
            except Exception as error:
                errors.append(str(error))
    """
    routes = project(source)

    response = routes.get("/x")

    assert (response.status, response.values("set-cookie"), response.text) == (200, ["a=1; Path=/"], "first")
    (error,) = routes.module("x/route.py").errors
    assert error.startswith(f"{routes.app_dir}/x/route.py: a cookie was set after the stream had begun")
