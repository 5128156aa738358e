"""`cookies()`, `headers()`, `RouteContext`: what belongs to the request in progress."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.errors import HandlerError
from edgeroutes.runtime.context import after, cookies, headers
from tests.fakes.incoming import FakeIncoming

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

EPOCH = "Thu, 01 Jan 1970 00:00:00 GMT"


def handler(*statements: str, method: str = "GET") -> str:
    body = "\n".join(f"    {statement}" for statement in statements)
    return (
        "from edgeroutes import HTTPError, Response, RouteContext, cookies, headers, not_found, permanent_redirect, redirect, see_other\n"
        f"async def {method}(request, context: RouteContext):\n{body}\n"
    )


def test_cookies_is_a_mapping_of_what_was_sent_and_what_was_set(project: Make) -> None:
    source = handler(
        "jar = cookies()",
        "before = dict(jar)",
        "jar.set('b', 'x y')",
        "cookies().set('c', '3')",
        "cookies().delete('a')",
        "return [before, dict(jar), 'a' in jar, jar.get('none'), jar['b'], len(jar), repr(jar), request.cookies]",
    )

    response = project(source).get("/x", [("cookie", "a=1; b=2")])

    after_all = {"a": "", "b": "x y", "c": "3"}
    assert response.json() == [
        {"a": "1", "b": "2"},
        after_all,
        True,
        None,
        "x y",
        3,
        f"Cookies({after_all!r})",
        {"a": "1", "b": "2"},
    ]
    assert response.values("set-cookie") == ["b=x%20y; Path=/", "c=3; Path=/", f"a=; Path=/; Expires={EPOCH}"]


def test_cookies_are_kept_apart_by_domain_and_path_and_deleted_so(project: Make) -> None:
    source = handler(
        "cookies().set('a', '1')",
        "cookies().set('a', '2', path='/app')",
        "cookies().set('a', '3', domain='example.org')",
        "cookies().delete('a', path='/app')",
        "cookies().set('a', '4', http_only=True)",
        "return cookies()['a']",
    )

    response = project(source).get("/x")

    assert response.text == "4"
    assert response.values("set-cookie") == [
        "a=4; Path=/; HttpOnly",
        f"a=; Path=/app; Expires={EPOCH}",
        "a=3; Path=/; Domain=example.org",
    ]


@pytest.mark.parametrize(
    ("result", "status"),
    [
        ("return {}", 200),
        ("return 'a'", 200),
        ("return Response(status=204)", 204),
        ("return Response(status=404)", 404),
        ("return Response.redirect('/y')", 307),
        ("redirect('/y')", 307),
        ("permanent_redirect('/y')", 308),
        ("see_other('/y')", 303),
    ],
)
def test_cookies_go_onto_whatever_the_handler_returns_redirects_too(project: Make, result: str, status: int) -> None:
    response = project(handler("cookies().set('a', '1')", result)).get("/x")

    assert (response.status, response.values("set-cookie"), response.header("cache-control")) == (
        status,
        ["a=1; Path=/"],
        "private, no-store",
    )


@pytest.mark.parametrize(("result", "status"), [("not_found()", 404), ("raise HTTPError(429)", 429), ("1 / 0", 500)])
def test_cookies_do_not_go_onto_errors(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]], result: str, status: int
) -> None:
    """Source: facts/nextjs.md K17."""
    response = project(handler("cookies().set('a', '1')", result)).get("/x")

    assert (response.status, response.values("set-cookie")) == (status, [])
    assert len(log_lines()) == (status == 500)


def test_the_responses_own_cookie_of_a_name_wins_over_the_requests(project: Make) -> None:
    source = handler(
        "cookies().set('a', 'request', path='/app')",
        "cookies().set('b', 'request')",
        "response = Response('', headers={'Set-Cookie': 'c=line; Foo=bar'})",
        "response.cookies.set('a', 'response')",
        "return response",
    )

    assert project(source).get("/x").values("set-cookie") == [
        "c=line; Path=/",
        "a=response; Path=/",
        "b=request; Path=/",
    ]


def test_set_cookie_lines_of_a_response_stay_as_they_are_without_cookies_of_the_request(project: Make) -> None:
    source = handler(
        "cookies()", "return Response('', headers=[('Set-Cookie', 'a=1; Foo=bar'), ('Set-Cookie', 'a=2')])"
    )

    assert project(source).get("/x").values("set-cookie") == ["a=1; Foo=bar", "a=2"]


def test_headers_are_read_only_and_found_in_any_case(project: Make) -> None:
    source = handler(
        "try:",
        "    headers()['x'] = '1'",
        "except TypeError as error:",
        "    return [headers()['USER-AGENT'], headers().get('nothing'), dict(headers()), str(error)]",
    )

    assert project(source).get("/x", [("User-Agent", "curl"), ("X", "1"), ("x", "2")]).json() == [
        "curl",
        None,
        {"user-agent": "curl", "x": "1, 2"},
        "'Headers' object does not support item assignment",
    ]


def test_outside_a_request_there_are_none() -> None:
    def call() -> list[str]:
        messages = []
        for function in (cookies, headers, lambda: after(print)):
            with pytest.raises(HandlerError) as raised:
                function()
            messages.append(str(raised.value))
        return messages

    hint = "Call it in a handler or in what a handler calls."
    assert copy_context().run(call) == [
        f"cookies() was called outside a request. {hint}",
        f"headers() was called outside a request. {hint}",
        f"after() was called outside a request. {hint}",
    ]


class FakeLambdaContext:
    aws_request_id = "aws-1"

    def get_remaining_time_in_millis(self) -> int:
        return 1234


def test_the_context_says_what_is_known_of_the_invocation(project: Make) -> None:
    routes = project(
        {
            "users/[id]/route.py": handler(
                "return [context.route, context.params, context.request_id, context.remaining_ms, context.aws_event, "
                "type(context.aws_context).__name__]"
            )
        }
    )

    on_lambda = routes.ask(FakeIncoming("GET", "/users/a%20b", event={"k": 1}, aws_context=FakeLambdaContext()))
    elsewhere = routes.get("/users/7")

    assert on_lambda.json() == ["/users/[id]", {"id": "a b"}, "request-1", 1234, {"k": 1}, "FakeLambdaContext"]
    assert elsewhere.json() == ["/users/[id]", {"id": "7"}, "request-1", None, None, "NoneType"]


@pytest.mark.parametrize(
    ("headers_sent", "function", "status"),
    [
        ([("content-type", "application/x-www-form-urlencoded")], "redirect", 303),
        ([("content-type", "application/x-www-form-urlencoded; charset=UTF-8")], "redirect", 303),
        ([("content-type", "Multipart/Form-Data; boundary=X")], "permanent_redirect", 303),
        ([("content-type", "application/json")], "redirect", 307),
        ([("content-type", "text/plain")], "permanent_redirect", 308),
        ([], "redirect", 307),
        ([("content-type", "application/x-www-form-urlencoded")], "see_other", 303),
    ],
)
def test_a_redirect_after_a_form_post_is_a_303(
    project: Make, headers_sent: list[tuple[str, str]], function: str, status: int
) -> None:
    """Source: decisions.md; facts/nextjs.md K23, K24 (there parameters of the type count)."""
    response = project(handler(f"{function}('/ä')", method="POST")).request("POST", "/x", headers_sent, b"a=1")

    assert (response.status, response.headers, response.body) == (
        status,
        [("location", "/%C3%A4"), ("cache-control", "private, no-store")],
        b"",
    )


@pytest.mark.parametrize(("method", "status"), [("GET", 307), ("PUT", 307)])
def test_other_methods_with_a_form_redirect_as_they_say(project: Make, method: str, status: int) -> None:
    headers_sent = [("content-type", "application/x-www-form-urlencoded")]

    assert project(handler("redirect('/y')", method=method)).request(method, "/x", headers_sent).status == status


def test_a_redirect_to_raw_input_with_a_line_break_is_a_500_and_no_header(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    source = handler("redirect(request.query_params['to'])")

    response = project(source).get("/x?to=%0d%0aSet-Cookie:%20a=1")

    assert (response.status, response.values("set-cookie"), response.values("location")) == (500, [], [])
    assert [line["exception_name"] for line in log_lines()] == ["ValueError"]


def test_concurrent_requests_never_see_each_others(project: Make) -> None:
    source = """
        import asyncio
        from edgeroutes import cookies, headers
        gate = None
        async def GET(id: str):
            cookies().set("id", id)
            await gate.wait()
            return [id, dict(cookies()), headers()["x"]]
    """
    routes = project({"[id]/route.py": source}, needs_loop=True)
    names = ["a", "b", "c"]

    async def run() -> list[Any]:
        calls = [
            routes.application.open(FakeIncoming("GET", f"/{name}", [("x", name), ("cookie", f"sent={name}")]))
            for name in names
        ]
        tasks = [asyncio.create_task(call.respond()) for call in calls]
        routes.application.endpoint(routes.manifest().routes[0])
        routes.module("[id]/route.py").gate = asyncio.Event()
        await asyncio.sleep(0)
        routes.module("[id]/route.py").gate.set()
        return [(response.body, response.headers.getlist("set-cookie")) for response in await asyncio.gather(*tasks)]

    assert asyncio.run(run()) == [
        (f'["{name}",{{"sent":"{name}","id":"{name}"}},"{name}"]', [f"id={name}; Path=/"]) for name in names
    ]


def test_cookies_and_headers_may_be_awaited_as_in_nextjs(project: Make) -> None:
    source = (
        "from edgeroutes import cookies, headers\n"
        "async def GET():\n"
        "    jar = await cookies()\n"
        "    jar.set('seen', '1')\n"
        "    return {'a': jar['a'], 'x': (await headers())['x']}\n"
    )
    response = project({"r/route.py": source}).get("/r", [("Cookie", "a=1"), ("X", "2")])

    assert (response.json(), response.header("set-cookie")) == ({"a": "1", "x": "2"}, "seen=1; Path=/")


@pytest.mark.parametrize("annotation", ["RouteContext[Params]", "RouteContext"])
@pytest.mark.parametrize("future", ["", "from __future__ import annotations\n"])
def test_the_params_of_a_context_are_converted_by_its_type(project: Make, annotation: str, future: str) -> None:
    source = (
        f"{future}from typing import TypedDict\nfrom edgeroutes import RouteContext\n"
        "class Params(TypedDict):\n    id: int\n    rest: list[float]\n"
        f"async def GET(context: {annotation}):\n    return context.params\n"
    )
    routes = project({"[id]/[...rest]/route.py": source})
    is_typed = annotation != "RouteContext"

    assert routes.get("/7/1/2.5").json() == (
        {"id": 7, "rest": [1.0, 2.5]} if is_typed else {"id": "7", "rest": ["1", "2.5"]}
    )
    assert routes.get("/x/1").status == (404 if is_typed else 200)


def test_params_are_converted_by_a_model(project: Make) -> None:
    source = (
        "from dataclasses import dataclass\n@dataclass\nclass Params:\n    id: int\n"
        "async def GET(params: Params):\n    return params\n"
    )
    routes = project({"[id]/route.py": source})
    assert routes.get("/7").json() == {"id": 7}
    assert routes.get("/x").status == 404


def test_the_environment_is_test_in_tests() -> None:
    import edgeroutes

    assert edgeroutes.environment == "test"


@pytest.mark.parametrize(("variable", "expected"), [({}, "dev"), ({"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1"}, "lambda")])
def test_the_environment_is_lambda_where_lambda_runs_it(variable: dict[str, str], expected: str) -> None:
    program = "from edgeroutes import environment; print(environment)"
    done = subprocess.run([sys.executable, "-c", program], env=variable, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected
