"""Dispatch: product.md "Methods and errors, exactly"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

UNCACHED = ("cache-control", "private, no-store")
DECORATED = """\
import functools
def logged(function):
    @functools.wraps(function)
    async def call(*args, **kwargs):
        return function(*args, **kwargs)
    return call
@logged
def GET(id: int):
    return id_of(id)
"""
ALL_METHODS = """
    from edgeroutes import Response
    seen = []
    def handle(request):
        seen.append(request.method)
        return {"method": request.method}
    GET = POST = PUT = PATCH = DELETE = handle
"""


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_each_method_has_its_handler(project: Make, method: str) -> None:
    response = project(ALL_METHODS).request(method, "/x")

    assert (response.status, response.headers, response.text) == (
        200,
        [("content-type", "application/json"), UNCACHED],
        f'{{"method":"{method}"}}',
    )


@pytest.mark.parametrize(
    ("exports", "allow"),
    [
        ("GET = f", "GET, HEAD, OPTIONS"),
        ("POST = f", "OPTIONS, POST"),
        ("GET = POST = f", "GET, HEAD, OPTIONS, POST"),
        ("DELETE = f", "DELETE, OPTIONS"),
        ("HEAD = f", "HEAD, OPTIONS"),
        ("GET = POST = PUT = PATCH = DELETE = f", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
        ("get = post = f", "OPTIONS"),
        ("GET = None", "OPTIONS"),
    ],
)
def test_allow_names_what_is_exported_in_405_and_in_the_automatic_options(
    project: Make, exports: str, allow: str
) -> None:
    """Source: facts/nextjs.md M13, M14; RFC 9110 §15.5.6 for the `Allow` of a 405."""
    routes = project(f"def f():\n    return {{}}\n{exports}\n")

    options = routes.request("OPTIONS", "/x")
    assert (options.status, options.headers, options.body) == (204, [("allow", allow), UNCACHED], b"")
    for method in {"PATCH", "PUT", "POST", "DELETE", "GET"} - set(allow.split(", ")):
        refused = routes.request(method, "/x")
        assert (refused.status, refused.headers, refused.body) == (405, [("allow", allow), UNCACHED], b"")


def test_an_exported_options_is_used_as_it_is(project: Make) -> None:
    routes = project("def GET():\n    return {}\ndef OPTIONS():\n    return 'mine'\n")

    response = routes.request("OPTIONS", "/x")

    assert (response.status, response.text, response.header("allow")) == (200, "mine", None)


def test_head_runs_get_and_leaves_the_body_out(project: Make) -> None:
    routes = project(ALL_METHODS)

    head, got = routes.request("HEAD", "/x"), routes.get("/x")

    assert (head.status, head.headers, head.body) == (200, got.headers, b"")
    assert routes.module("x/route.py").seen == ["HEAD", "GET"]


def test_an_exported_head_is_used_and_still_has_no_body(project: Make) -> None:
    routes = project("from edgeroutes import Response\ndef HEAD():\n    return Response('head', 202, {'x': '1'})\n")

    response = routes.request("HEAD", "/x")

    assert (response.status, response.header("x"), response.body) == (202, "1", b"")
    assert routes.get("/x").status == 405


def test_head_closes_a_stream_after_its_first_chunk(project: Make) -> None:
    routes = project(
        """
        seen = []
        async def GET():
            try:
                for number in range(3):
                    seen.append(number)
                    yield str(number)
            finally:
                seen.append("closed")
        """
    )

    head = routes.request("HEAD", "/x")

    assert (head.status, head.headers, head.body) == (
        200,
        [("content-type", "text/plain; charset=utf-8"), UNCACHED, ("vary", "Accept-Encoding")],
        b"",
    )
    assert routes.module("x/route.py").seen == [0, "closed"]


@pytest.mark.parametrize("method", ["TRACE", "QUERY", "PROPFIND", "CONNECT", "get", "Get", "X", ""])
def test_a_method_that_no_route_can_export_is_400_with_an_empty_body(project: Make, method: str) -> None:
    routes = project({"x/route.py": ALL_METHODS, "middleware.py": "async def middleware(request, call_next): 1 / 0\n"})

    response = routes.request(method, "/x")

    assert (response.status, response.headers, response.body) == (400, [UNCACHED], b"")


def test_a_method_that_is_not_a_function_is_an_error_of_the_route_file(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    routes = project("GET = 'text'\n")

    assert routes.get("/x").status == 500
    (line,) = log_lines()
    where = f"{routes.app_dir}/x/route.py, GET"
    assert f"RouteFileError: {where}: it is a str, not a function. Define 'async def GET(…)'." in line["exception"]


@pytest.mark.parametrize(
    "handler",
    [
        "def GET(id: int):\n    return id_of(id)\n",
        "async def GET(id: int):\n    return id_of(id)\n",
        "async def inner(id):\n    return id_of(id)\ndef GET(id: int):\n    return inner(id)\n",
        "class Handler:\n    async def __call__(self, id: int):\n        return id_of(id)\nGET = Handler()\n",
        "def GET(*, id: int):\n    return id_of(id)\n",
        DECORATED,
        "import functools\ndef get(sign, id: int):\n    return id_of(id * sign)\nGET = functools.partial(get, 1)\n",
    ],
)
def test_handlers_are_functions_of_every_kind(project: Make, handler: str) -> None:
    routes = project({"[id]/route.py": f"def id_of(id):\n    return {{'id': id}}\n{handler}"})

    assert routes.get("/7").json() == {"id": 7}


def test_one_request_does_not_see_another_ones_arguments(project: Make) -> None:
    routes = project(
        {"[id]/route.py": "from edgeroutes import cookies\ndef GET(id: str):\n    return [id, dict(cookies())]\n"}
    )

    responses = [routes.get(f"/{name}", [("cookie", f"n={name}")]).json() for name in "ab"]

    assert responses == [["a", {"n": "a"}], ["b", {"n": "b"}]]
