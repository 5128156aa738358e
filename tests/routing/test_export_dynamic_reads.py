from __future__ import annotations

from textwrap import dedent

import pytest

from edgeroutes.routing.exports import DynamicRead, find_dynamic_reads


def found(source: str) -> list[tuple[str, int, str]]:
    return [(read.what, read.line, read.function) for read in find_dynamic_reads(dedent(source))]


def test_places_that_ask_are_found_with_their_function() -> None:
    source = """
        import edgeroutes as er
        from typing import Annotated
        from edgeroutes import Cookie, Header, Request, RouteContext, cookies as jar, headers

        async def GET(request, other: Request, context: RouteContext, token: Annotated[str, Header()], theme: Annotated[str, Cookie()]):
            jar().get("a")
            headers()
            request.cookies, other.headers, request.client
            return context.aws_event

        def POST(req: er.Request):
            return er.cookies(), req.headers
    """
    assert found(source) == [
        ("cookies", 6, "GET"),
        ("headers", 6, "GET"),
        ("cookies", 7, "GET"),
        ("headers", 8, "GET"),
        ("client", 9, "GET"),
        ("cookies", 9, "GET"),
        ("headers", 9, "GET"),
        ("aws_event", 10, "GET"),
        ("cookies", 13, "POST"),
        ("headers", 13, "POST"),
    ]


@pytest.mark.parametrize(
    "source",
    [
        "def GET(response):\n    return response.headers, response.cookies\n",
        "def GET(request):\n    return request.method, request.url, request.query_params, request.path_params\n",
        "from other import cookies\n\ndef GET():\n    return cookies()\n",
        "import httpx\n\ndef GET():\n    return httpx.get('x').headers\n",
        "def GET(:\n",
        "",
    ],
)
def test_a_read_that_is_the_same_for_everyone_is_not_dynamic(source: str) -> None:
    assert find_dynamic_reads(source) == ()


def test_a_dynamic_read_is_a_value() -> None:
    assert DynamicRead(what="headers", line=1) == DynamicRead(what="headers", line=1, function="")
