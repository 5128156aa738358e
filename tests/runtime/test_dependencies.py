"""Dependencies of handlers; what FastAPI does, too, is in test_fastapi_dependencies.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.runtime.dependencies import Depends

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]
    LogLines = Callable[[], list[dict[str, Any]]]

HEAD = """
import asyncio
from contextvars import ContextVar
from typing import Annotated
from edgeroutes import Depends, HTTPError, Request, Response, after, cookies, headers, not_found, redirect
log = []
"""
SESSION = """
def session():
    try:
        yield "session"
        log.append("commit")
    except BaseException as error:
        log.append(f"rollback {error!r}")
        raise
    finally:
        log.append("close")
Session = Annotated[str, Depends(session)]
"""
ASYNC_SESSION = SESSION.replace("def session", "async def session")
LOOPS = pytest.mark.parametrize("needs_loop", [False, True], ids=["without a loop", "on a loop"])
KINDS = pytest.mark.parametrize("session", [SESSION, ASYNC_SESSION], ids=["sync", "async"])


def log_of(routes: RouteProject) -> list[Any]:
    found: list[Any] = routes.module("x/route.py").log
    return found


@LOOPS
@KINDS
def test_the_end_of_a_generator_runs_after_the_response_and_after(
    project: Make, session: str, *, needs_loop: bool
) -> None:
    source = "def GET(session: Session):\n    after(log.append, 'after')\n    return session\n"
    routes = project(HEAD + session + source, needs_loop=needs_loop)

    response = routes.get("/x")
    before = list(log_of(routes))
    routes.finish(response)

    assert (response.text, before, log_of(routes)) == ("session", [], ["after", "commit", "close"])


@LOOPS
@KINDS
def test_the_end_of_a_generator_runs_after_the_last_chunk(project: Make, session: str, *, needs_loop: bool) -> None:
    source = "def GET(session: Session):\n    yield 'a'\n    log.append('last')\n    yield 'b'\n"
    routes = project(HEAD + session + source, needs_loop=needs_loop)

    response = routes.get("/x")
    routes.finish(response)

    assert (response.text, log_of(routes)) == ("ab", ["last", "commit", "close"])


@LOOPS
@KINDS
@pytest.mark.parametrize(
    ("statement", "status", "log"),
    [
        ("redirect('/y')", 307, ["commit", "close"]),
        ("return Response(status=404)", 404, ["commit", "close"]),
        ("not_found()", 404, ["rollback HTTPError(404, '')", "close"]),
        ("1 / 0", 500, ["rollback ZeroDivisionError('division by zero')", "close"]),
        ("raise SystemExit(3)", 500, ["rollback SystemExit(3)", "close"]),
        ("return None", 500, None),
    ],
)
@pytest.mark.usefixtures("log_lines")
def test_an_error_is_raised_in_the_generator_and_a_redirect_is_not(
    project: Make, session: str, statement: str, status: int, log: list[str] | None, *, needs_loop: bool
) -> None:
    routes = project(f"{HEAD}{session}def GET(session: Session):\n    {statement}\n", needs_loop=needs_loop)

    response = routes.get("/x")
    routes.finish(response)

    assert response.status == status
    assert log_of(routes) == log or (log is None and log_of(routes)[0].startswith("rollback HandlerError("))


@KINDS
@pytest.mark.usefixtures("log_lines")
def test_a_stream_that_fails_on_its_way_is_raised_in_the_generator(project: Make, session: str) -> None:
    source = "async def GET(session: Session):\n    yield 'a'\n    raise ValueError('broken')\n"
    routes = project(HEAD + session + source, needs_loop=True)
    handler = routes.lambda_handler()

    response = handler({"httpMethod": "GET", "path": "/x", "headers": {}, "requestContext": {}})

    assert (response["statusCode"], log_of(routes)) == (500, ["rollback ValueError('broken')", "close"])


@pytest.mark.usefixtures("log_lines")
def test_an_error_of_middleware_around_the_handler_is_raised_in_the_generator(project: Make) -> None:
    middleware = (
        "async def middleware(request, call_next):\n    await call_next(request)\n    raise ValueError('late')\n"
    )
    route = f"{HEAD}{SESSION}def GET(session: Session):\n    return session\n"
    routes = project({"middleware.py": middleware, "x/route.py": route})

    response = routes.get("/x")
    routes.finish(response)

    assert (response.status, log_of(routes)) == (500, ["rollback ValueError('late')", "close"])


@LOOPS
def test_a_generator_that_catches_an_error_does_not_hide_it(project: Make, *, needs_loop: bool) -> None:
    source = """
def swallow():
    try:
        yield
    except HTTPError:
        log.append("swallowed")
def GET(session: Session, swallowed: Annotated[None, Depends(swallow)]):
    not_found()
"""
    routes = project(HEAD + SESSION + source, needs_loop=needs_loop)

    assert (routes.get("/x").status, log_of(routes)) == (
        404,
        ["swallowed", "rollback HTTPError(404, '')", "close"],
    )


@KINDS
def test_an_interrupt_in_a_task_group_is_raised_in_the_generator_as_itself(project: Make, session: str) -> None:
    source = """
async def GET(session: Session):
    async with asyncio.TaskGroup():
        not_found()
"""
    routes = project(HEAD + session + source, needs_loop=True)

    assert (routes.get("/x").status, log_of(routes)) == (404, ["rollback HTTPError(404, '')", "close"])


@LOOPS
@KINDS
def test_what_a_generator_raises_after_the_response_is_logged(
    project: Make, log_lines: LogLines, session: str, *, needs_loop: bool
) -> None:
    broken = session.replace('log.append("commit")', 'raise ValueError("commit failed")')
    source = "def outer():\n    try:\n        yield\n    finally:\n        log.append('outer')\n"
    source += "def GET(outer: Annotated[None, Depends(outer)], session: Session):\n    return session\n"
    routes = project(HEAD + broken + source, needs_loop=needs_loop)

    response = routes.get("/x")
    routes.finish(response)

    assert (response.status, log_of(routes)) == (200, ["rollback ValueError('commit failed')", "close", "outer"])
    assert [(line["message"], line["exception_name"]) for line in log_lines()] == [
        ("GET /x failed in a dependency after the response was sent", "ValueError")
    ]


@LOOPS
@pytest.mark.parametrize("kind", ["def", "async def"])
@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("if False:\n        yield", "the dependency did not yield. Yield exactly one value."),
        ("yield 1\n    yield 2", "the dependency yielded more than once. Yield exactly one value."),
    ],
)
def test_a_generator_yields_exactly_once(
    project: Make, log_lines: LogLines, kind: str, body: str, problem: str, *, needs_loop: bool
) -> None:
    source = f"{HEAD}{kind} dependency():\n    {body}\ndef GET(value: Annotated[None, Depends(dependency)]):\n    return 'x'\n"
    routes = project(source, needs_loop=needs_loop)

    routes.finish(routes.get("/x"))

    (line,) = log_lines()
    assert f"{routes.app_dir}/x/route.py:7, dependency: {problem}" in line["exception"]


@LOOPS
@pytest.mark.parametrize("kind", ["def", "async def"])
def test_context_variables_that_a_dependency_sets_are_seen_by_the_handler_and_reset(
    project: Make, kind: str, *, needs_loop: bool
) -> None:
    source = f"""
tenant = ContextVar("tenant", default="none")
{kind} set_tenant(name: str):
    token = tenant.set(name)
    yield
    tenant.reset(token)
    log.append("reset")
def GET(_: Annotated[None, Depends(set_tenant)]):
    return tenant.get()
"""
    routes = project(HEAD + source, needs_loop=needs_loop)

    response = routes.get("/x?name=acme")
    routes.finish(response)

    assert (response.text, log_of(routes)) == ("acme", ["reset"])


@LOOPS
def test_a_dependency_reads_and_sets_what_belongs_to_the_request(project: Make, *, needs_loop: bool) -> None:
    source = """
def seen(request: Request, context, params):
    cookies().set("seen", "1")
    return [request.method, context.route, dict(params), headers()["x-a"]]
def GET(seen: Annotated[list, Depends(seen)]):
    return seen
"""
    routes = project({"x/[id]/route.py": HEAD + source}, needs_loop=needs_loop)

    response = routes.get("/x/7", [("x-a", "b")])

    assert response.json() == ["GET", "/x/[id]", {"id": "7"}, "b"]
    assert response.values("set-cookie") == ["seen=1; Path=/"]


def test_a_dependency_reads_the_body_as_a_handler_does(project: Make) -> None:
    source = """
from dataclasses import dataclass
@dataclass
class Note:
    text: str
def text(note: Note):
    return note.text.upper()
def POST(note: Note, text: Annotated[str, Depends(text)]):
    return [note.text, text]
"""
    routes = project(HEAD + source)

    assert routes.post_json("/x", {"text": "a"}).json() == ["a", "A"]
    assert routes.post_json("/x", {}).json()["errors"] == [{"field": "text", "message": "is required"}]


@pytest.mark.parametrize("dynamic", ["headers", "cookies"])
def test_a_dependency_that_reads_headers_makes_a_cached_route_dynamic(project: Make, dynamic: str) -> None:
    source = f"""
revalidate = 60
def seen(ask: bool = False):
    return dict({dynamic}()) if ask else None
def GET(seen: Annotated[dict, Depends(seen)]):
    return "x"
"""
    routes = project(HEAD + source)

    assert (routes.get("/x").header("cache-control") or "").startswith("public, s-maxage=60")
    assert routes.get("/x?ask=true").header("cache-control") == "private, no-store"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (
            "def dependency(limit): ...",
            (
                "x/route.py:7, dependency, argument 'limit': it is not a captured segment and has neither annotation nor default. "
                "Annotate it as a query parameter or a body, or take request, params or context."
            ),
        ),
        (
            "def dependency(value: Exception): ...",
            "x/route.py:7, dependency, argument 'value': ",
        ),
        (
            "def dependency(*args): ...",
            "x/route.py:7, dependency: it takes *args, which nothing in a request can fill.",
        ),
        (
            "def dependency(inner: 'Annotated[str, Depends(other)]'): ...\ndef other(inner: Annotated[str, Depends(dependency)]): ...",
            (
                "x/route.py:7, dependency: the dependencies are a cycle: dependency → other → dependency. "
                "Move the part that both need into a third function."
            ),
        ),
        (
            "def dependency(inner: 'Annotated[str, Depends(dependency)]'): ...",
            "x/route.py:7, dependency: the dependencies are a cycle: dependency → dependency. ",
        ),
    ],
)
def test_dependencies_that_cannot_be_called_are_refused_before_they_run(
    project: Make, log_lines: LogLines, source: str, problem: str
) -> None:
    routes = project(f"{HEAD}{source}\ndef GET(value: Annotated[str, Depends(dependency)]): ...\n")

    assert routes.get("/x").status == 500
    (line,) = log_lines()
    assert line["exception_name"] == "RouteFileError"
    assert f"{routes.app_dir}/{problem}" in line["exception"]


def test_depends_takes_a_function_that_is_not_called() -> None:
    with pytest.raises(
        TypeError, match=r"^Depends\(\) takes a function, not 'x'\. Write Depends\(function\), without calling it$"
    ):
        Depends("x")  # type: ignore[arg-type]


def test_depends_without_a_function_needs_a_type_that_can_be_called(project: Make, log_lines: LogLines) -> None:
    routes = project(f"{HEAD}def GET(value: str | int = Depends()):\n    return value\n")

    assert routes.get("/x").status == 500
    assert (
        "Depends() without a function calls the annotated type, and str | int cannot be called"
        in log_lines()[0]["exception"]
    )
