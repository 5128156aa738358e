"""What runs once a response is sent: product.md, and facts/nextjs.md A1 to A6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.incoming import FakeIncoming

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

SOURCE = """\
from edgeroutes import HTTPError, Response, after, cookies, headers, not_found, redirect
seen = []
def note(what):
    seen.append(what)
async def note_async(what):
    seen.append(what)
def fail():
    raise ValueError("broken")
async def fail_async():
    raise ValueError("broken, too")
"""


def handler(*statements: str, head: str = "async def GET():") -> str:
    body = "\n".join(f"    {statement}" for statement in statements)
    return f"{SOURCE}{head}\n{body}\n"


@pytest.mark.parametrize("needs_loop", [False, True])
def test_it_runs_after_the_response_in_the_order_given_sync_or_async(project: Make, needs_loop: bool) -> None:
    source = handler(
        "after(note_async, 1)",
        "after(note, 2)",
        "after(note_async, 3)",
        "after(lambda: note(4))",
        "return list(seen)",
    )
    routes = project(source, needs_loop=needs_loop)

    response = routes.get("/x")
    seen_before = list(routes.module("x/route.py").seen)
    routes.finish(response)

    assert (response.json(), seen_before, routes.module("x/route.py").seen) == ([], [], [1, 2, 3, 4])
    assert response.call is not None
    assert not response.call.has_after


@pytest.mark.parametrize("needs_loop", [False, True])
def test_what_is_added_by_it_runs_too(project: Make, needs_loop: bool) -> None:
    source = """
        from edgeroutes import after
        seen = []
        async def nested(depth):
            seen.append(depth)
            if depth < 3:
                after(nested, depth + 1)
        def GET():
            after(nested, 1)
            return {}
    """
    routes = project(source, needs_loop=needs_loop)

    routes.finish(routes.get("/x"))

    assert routes.module("x/route.py").seen == [1, 2, 3]


@pytest.mark.parametrize("needs_loop", [False, True])
def test_one_that_fails_is_logged_and_the_others_run(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]], needs_loop: bool
) -> None:
    source = handler("after(fail)", "after(fail_async)", "after(note, 1)", "return {}")
    routes = project(source, needs_loop=needs_loop)

    response = routes.get("/x")
    routes.finish(response)

    assert (response.status, routes.module("x/route.py").seen) == (200, [1])
    lines = [
        {name: line[name] for name in ("level", "message", "route", "method", "path", "request_id", "exception_name")}
        for line in log_lines()
    ]
    common = {"level": "ERROR", "route": "/x", "method": "GET", "path": "/x", "request_id": "request-1"}
    assert lines == [
        {**common, "message": "after(): fail failed", "exception_name": "ValueError"},
        {**common, "message": "after(): fail_async failed", "exception_name": "ValueError"},
    ]


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        ("redirect('/y')", 307),
        ("not_found()", 404),
        ("1 / 0", 500),
        ("return Response(status=204)", 204),
        ("return None", 500),
    ],
)
@pytest.mark.usefixtures("log_lines")
def test_it_runs_after_redirects_and_errors_too(project: Make, statement: str, status: int) -> None:
    """Source: facts/nextjs.md A3."""
    routes = project(handler("after(note, 1)", statement))

    response = routes.get("/x")
    routes.finish(response)

    assert (response.status, routes.module("x/route.py").seen) == (status, [1])


def test_a_generator_may_ask_for_it_while_it_streams(project: Make) -> None:
    routes = project(handler("after(note, 1)", "yield 'a'", "after(note, 2)", "yield 'b'"))

    response = routes.get("/x")
    routes.finish(response)

    assert (response.text, routes.module("x/route.py").seen) == ("ab", [1, 2])


def test_cookies_and_headers_can_be_read_in_it_and_a_cookie_set_there_is_an_error_in_the_log(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """Source: facts/nextjs.md A6."""
    routes = project(
        handler(
            "after(lambda: note([cookies()['a'], headers()['x']]))",
            "after(lambda: cookies().set('b', '1'))",
            "after(note, 1)",
            "return {}",
        )
    )

    response = routes.get("/x", [("cookie", "a=1"), ("x", "2")])
    routes.finish(response)

    assert (routes.module("x/route.py").seen, response.values("set-cookie")) == ([["1", "2"], 1], [])
    (line,) = log_lines()
    assert line["exception_name"] == "HandlerError"
    assert "a cookie was set after the response had gone out. Set it before the handler returns." in line["exception"]


def test_on_a_loop_they_wait_side_by_side(project: Make) -> None:
    source = """
        import asyncio
        from edgeroutes import after
        seen = []
        gate = asyncio.Event()
        async def wait():
            seen.append("waiting")
            await gate.wait()
            seen.append("done")
        async def open_gate():
            seen.append("opening")
            gate.set()
        async def cancelled():
            asyncio.current_task().cancel()
            await asyncio.sleep(1)
        def GET():
            after(wait)
            after(cancelled)
            after(open_gate)
            return {}
    """
    routes = project(source, needs_loop=True)

    routes.finish(routes.get("/x"))

    assert routes.module("x/route.py").seen == ["waiting", "opening", "done"]


def test_without_a_loop_one_that_waits_is_an_error_in_the_log(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    source = handler(
        "import asyncio", "after(asyncio.sleep, 0.001)", "after(asyncio.sleep, 0)", "after(note, 1)", "return {}"
    )
    routes = project(source)

    routes.finish(routes.get("/x"))

    assert [line["exception_name"] for line in log_lines()] == ["HandlerError", "HandlerError"]
    assert routes.module("x/route.py").seen == [1]


def test_what_is_not_a_function_is_refused_where_it_is_given(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    assert project(handler("after(note(1))", "return {}")).get("/x").status == 500
    assert "TypeError: after() takes a function and its arguments, not None" in log_lines()[0]["exception"]


def test_using_it_does_not_make_a_cached_response_dynamic(project: Make) -> None:
    """Source: facts/nextjs.md A7."""
    response = project(f"revalidate = 60\n{handler('after(note, 1)', 'return {}')}").get("/x")

    assert (response.header("cache-control") or "").startswith("public, s-maxage=60")


def test_nothing_is_left_to_do_where_nothing_was_given(project: Make) -> None:
    routes = project(handler("return {}"))
    early = routes.application.open(FakeIncoming("GET", "/none"))

    response = routes.get("/x")
    routes.finish(response)

    assert response.call is not None
    assert (response.call.has_after, early.has_after) == (False, False)
