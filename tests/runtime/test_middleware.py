"""Folder middleware: decisions.md "The runtime"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.routing.table import RouteTable
from edgeroutes.runtime.middleware import FolderMiddleware, matching_middleware

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

HELLO = "def GET():\n    return 'hello'\n"


def marking(name: str) -> str:
    return f"""
async def middleware(request, call_next):
    request.state.seen = [*getattr(request.state, "seen", []), "{name}"]
    response = await call_next(request)
    response.headers.append("x-seen", "{name}")
    return response
"""


def test_three_nested_ones_run_outermost_first(project: Make) -> None:
    routes = project(
        {
            "middleware.py": marking("root"),
            "a/(group)/middleware.py": marking("group"),
            "a/(group)/b/middleware.py": marking("b"),
            "a/(group)/b/route.py": "def GET(request):\n    return request.state.seen\n",
            "a/(group)/route.py": "def GET(request):\n    return request.state.seen\n",
        }
    )

    inner, outer = routes.get("/a/b"), routes.get("/a")

    assert (inner.json(), inner.values("x-seen")) == (["root", "group", "b"], ["b", "group", "root"])
    assert (outer.json(), outer.values("x-seen")) == (["root", "group"], ["group", "root"])


def test_one_may_respond_without_calling_the_next(project: Make) -> None:
    routes = project(
        {
            "middleware.py": marking("outer"),
            "x/middleware.py": "def middleware(request, call_next):\n    return {'stopped': True}\n",
            "x/route.py": "def GET():\n    1 / 0\n",
        }
    )

    response = routes.get("/x")

    assert (response.status, response.json(), response.values("x-seen")) == (200, {"stopped": True}, ["outer"])


def test_one_may_refuse_or_redirect_and_those_further_out_see_a_response(project: Make) -> None:
    for statement, status in (("unauthorized()", 401), ("redirect('/login')", 307), ("raise HTTPError(418)", 418)):
        routes = project(
            {
                "middleware.py": marking("outer"),
                "x/middleware.py": "from edgeroutes import HTTPError, redirect, unauthorized\n"
                f"def middleware(request, call_next):\n    {statement}\n",
                "x/route.py": HELLO,
            }
        )
        response = routes.get("/x")
        assert (response.status, response.values("x-seen")) == (status, ["outer"])


WATCHING = """
async def middleware(request, call_next):
    try:
        response = await call_next(request)
    except Exception as error:
        return {"raised": type(error).__name__}
    return {"status": response.status, "location": response.headers.get("location")}
"""


@pytest.mark.parametrize(
    ("statement", "seen"),
    [
        ("return 'a'", {"status": 200, "location": None}),
        ("not_found()", {"status": 404, "location": None}),
        ("raise HTTPError(409)", {"status": 409, "location": None}),
        ("redirect('/y')", {"status": 307, "location": "/y"}),
        ("1 / 0", {"raised": "ZeroDivisionError"}),
        ("return None", {"raised": "HandlerError"}),
        ("return int('x')", {"raised": "ValueError"}),
    ],
)
def test_it_sees_http_errors_and_redirects_as_responses_and_other_exceptions_as_exceptions(
    project: Make, statement: str, seen: dict[str, Any]
) -> None:
    source = f"from edgeroutes import HTTPError, not_found, redirect\ndef GET():\n    {statement}\n"

    assert project({"middleware.py": WATCHING, "x/route.py": source}).get("/x").json() == seen


def test_it_sees_what_arguments_refuse(project: Make) -> None:
    routes = project({"middleware.py": WATCHING, "[id]/route.py": "def GET(id: int, page: int):\n    return id\n"})

    assert [routes.get(target).json()["status"] for target in ("/x?page=1", "/1")] == [404, 400]


def test_an_exception_that_nobody_caught_is_a_500(project: Make, log_lines: Callable[[], list[dict[str, Any]]]) -> None:
    routes = project({"middleware.py": marking("outer"), "x/route.py": "def GET():\n    1 / 0\n"})

    assert routes.get("/x").status == 500
    assert [line["exception_name"] for line in log_lines()] == ["ZeroDivisionError"]


def test_it_wraps_405_and_automatic_options_but_not_unmatched_paths(project: Make) -> None:
    routes = project({"middleware.py": marking("m"), "x/route.py": HELLO})

    seen = {
        (method, target): routes.request(method, target).values("x-seen")
        for method, target in (("POST", "/x"), ("OPTIONS", "/x"), ("HEAD", "/x"), ("GET", "/none"), ("GET", "/x/"))
    }

    assert seen == {
        ("POST", "/x"): ["m"],
        ("OPTIONS", "/x"): ["m"],
        ("HEAD", "/x"): ["m"],
        ("GET", "/none"): [],
        ("GET", "/x/"): [],
    }


@pytest.mark.parametrize(
    ("matcher", "covered"),
    [
        ("'/admin/[[...rest]]'", ["/admin", "/admin/users"]),
        ("['/admin', '/[page]']", ["/admin", "/open"]),
        ("['/admin/[id]', '/admin/[id]']", ["/admin/users"]),
        ("'/[...all]'", ["/admin", "/admin/users", "/open"]),
        ("None", ["/admin", "/admin/users", "/open"]),
        ("'/nothing'", []),
    ],
)
def test_a_matcher_names_the_paths_it_is_for(project: Make, matcher: str, covered: list[str]) -> None:
    routes = project(
        {
            "middleware.py": f"matcher = {matcher}\n{marking('m')}",
            "admin/route.py": HELLO,
            "admin/[id]/route.py": HELLO,
            "open/route.py": HELLO,
        }
    )

    assert [target for target in ("/admin", "/admin/users", "/open") if routes.get(target).values("x-seen")] == covered


def test_a_matcher_is_from_the_url_root_without_the_base_path(project: Make) -> None:
    files = {"admin/middleware.py": f"matcher = '/admin/[id]'\n{marking('m')}", "admin/[id]/route.py": HELLO}

    assert project(files, base_path="/app").get("/app/admin/7").values("x-seen") == ["m"]


def test_a_matcher_is_read_as_at_build_time(project: Make) -> None:
    routes = project(
        {
            "middleware.py": f"matcher = ['/%5Fa', '/_b']\n{marking('m')}",
            "%5Fa/route.py": HELLO,
            "%5Fb/route.py": HELLO,
        }
    )

    assert [routes.get(target).values("x-seen") for target in ("/_a", "/_b")] == [["m"], ["m"]]


def test_middleware_runs_where_a_path_has_no_reading() -> None:
    async def middleware(request: Any, call_next: Any) -> Any:
        raise NotImplementedError

    layer = FolderMiddleware(middleware, RouteTable([("/admin", True)]), "middleware.py")

    assert [matching_middleware([layer], path) for path in ("/admin", "/other", "/%zz")] == [[layer], [], [layer]]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("matcher = 5\ndef middleware(request, call_next): ...", "matcher is 5. Write a pattern from the URL root"),
        ("matcher = []\ndef middleware(request, call_next): ...", "matcher is []. Write a pattern from the URL root"),
        ("matcher = 'admin'\ndef middleware(request, call_next): ...", "matcher is 'admin'. Write a pattern"),
        (
            "matcher = ['/[a]', '/[b]']\ndef middleware(request, call_next): ...",
            "matcher cannot be read: '/[b]' and '/[a]' serve the same URLs.",
        ),
        (
            "matcher = '/(group)/a'\ndef middleware(request, call_next): ...",
            "matcher cannot be read: pattern '/(group)/a' has the group '(group)', which is in no URL. Leave it out.",
        ),
        (
            "def middlewear(request, call_next): ...",
            "the function 'middleware' is missing. Define 'async def middleware",
        ),
        ("middleware = 5", "the function 'middleware' is missing."),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error_that_names_it(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]], source: str, problem: str
) -> None:
    routes = project({"middleware.py": source, "x/route.py": HELLO})

    assert routes.get("/x").status == 500
    (line,) = log_lines()
    assert line["exception_name"] == "RouteFileError"
    assert f"{routes.app_dir}/middleware.py: {problem}" in line["exception"]


def test_one_that_returns_nothing_is_an_error_that_names_it(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    source = "async def middleware(request, call_next):\n    await call_next(request)\n"
    routes = project({"middleware.py": source, "x/route.py": HELLO})

    assert routes.get("/x").status == 500
    problem = f"{routes.app_dir}/middleware.py:1, middleware: the middleware returned None. Allowed is a response. End it with "
    assert f"{problem}'return await call_next(request)'." in log_lines()[0]["exception"]


def test_one_without_await_is_an_error_that_names_it(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    source = "async def middleware(request, call_next):\n    return call_next(request)\n"
    routes = project({"middleware.py": source, "x/route.py": HELLO})

    assert routes.get("/x").status == 500
    problem = (
        f"{routes.app_dir}/middleware.py:1, middleware: the middleware returned call_next(request) without awaiting it"
    )
    assert (
        f"{problem}. Allowed is a response. End it with 'return await call_next(request)'."
        in log_lines()[0]["exception"]
    )


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("async def middleware(request): ...", "the middleware takes (request). Allowed are the request and call_next"),
        ("async def middleware(): ...", "the middleware takes (). Allowed are the request and call_next"),
        (
            "async def middleware(request, call_next, user): ...",
            "the middleware takes (request, call_next, user). Allowed are the request and call_next",
        ),
        (
            "class Guard:\n    async def run(self, request): ...\nmiddleware = Guard().run",
            "the middleware takes (request). Allowed are the request and call_next",
        ),
        (
            "async def middleware(request, call_next):\n    yield",
            "the middleware is a generator. Allowed is a function that returns a response",
        ),
    ],
)
def test_one_that_cannot_be_called_is_refused_before_it_runs(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]], source: str, problem: str
) -> None:
    routes = project({"middleware.py": source, "x/route.py": HELLO})

    assert routes.get("/x").status == 500
    (line,) = log_lines()
    assert (line["exception_name"], problem in line["exception"]) == ("RouteFileError", True)


@pytest.mark.parametrize("needs_loop", [False, True])
def test_one_that_is_not_async_may_return_what_call_next_gives(project: Make, needs_loop: bool) -> None:
    source = "def middleware(request, call_next):\n    return call_next(request)\n"

    assert project({"middleware.py": source, "x/route.py": HELLO}, needs_loop=needs_loop).get("/x").status == 200


def test_headers_that_it_sets_are_seen_by_everything_further_in(project: Make) -> None:
    setting = """
async def middleware(request, call_next):
    return await call_next(request.with_headers({"X-User": "ada", "Cookie": "a=2"}))
"""
    inner = """
from edgeroutes import headers
async def middleware(request, call_next):
    request.state.inner = [request.headers["x-user"], headers()["x-user"]]
    return await call_next(request)
"""
    handler = """
from typing import Annotated
from edgeroutes import Header, cookies, headers
def GET(request, x_user: Annotated[str, Header()]):
    return [*request.state.inner, request.headers["x-user"], headers()["x-user"], x_user, cookies()["a"], request.headers["accept"]]
"""
    routes = project({"middleware.py": setting, "x/middleware.py": inner, "x/route.py": handler})

    response = routes.get("/x", [("x-user", "forged"), ("cookie", "a=1"), ("accept", "a")])

    assert response.json() == ["ada"] * 5 + ["2", "a"]


def test_cookies_set_in_it_go_onto_the_response(project: Make) -> None:
    source = """
from edgeroutes import cookies
async def middleware(request, call_next):
    cookies().set("before", "1")
    response = await call_next(request)
    cookies().set("after", "2")
    response.cookies.set("own", "3")
    return response
"""

    response = project({"middleware.py": source, "x/route.py": HELLO}).get("/x")

    assert response.values("set-cookie") == ["own=3; Path=/", "before=1; Path=/", "after=2; Path=/"]


def test_it_may_respond_with_a_stream_of_its_own(project: Make) -> None:
    source = """
async def middleware(request, call_next):
    response = await call_next(request)
    return (f"<{chunk}>" for chunk in [response.body])
"""

    response = project({"middleware.py": source, "x/route.py": HELLO}).get("/x")

    assert (response.status, response.text, response.header("content-type")) == (
        200,
        "<hello>",
        "text/plain; charset=utf-8",
    )


def test_it_may_wrap_a_stream(project: Make) -> None:
    source = """
async def shout(chunks):
    async for chunk in chunks:
        yield chunk.upper()
async def middleware(request, call_next):
    response = await call_next(request)
    response.body = shout(response.body)
    return response
"""
    streaming = "async def GET():\n    yield 'a'\n    yield 'b'\n"

    assert project({"middleware.py": source, "x/route.py": streaming}).get("/x").text == "AB"
