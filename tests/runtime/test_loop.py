"""With and without an event loop: decisions.md "Loop or not is decided before the call"."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextvars import ContextVar, copy_context
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.errors import HandlerError
from edgeroutes.runtime.loop import LoopFree, PersistentLoop, explain_missing_loop
from tests.fakes.incoming import FakeIncoming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

MESSAGE = (
    "it waits for something that needs an event loop, but nothing that it imports is one. "
    "Import asyncio (or anyio) in the route file, so that it is given a loop."
)


class Waits:
    """An awaitable that needs somebody to wake it."""

    def __await__(self) -> Iterator[None]:
        yield


async def inner(value: int) -> int:
    return value


async def never_waiting(value: int) -> int:
    return await inner(value) + 1


def test_a_coroutine_that_never_waits_needs_no_loop() -> None:
    assert LoopFree().run(never_waiting(1), copy_context()) == 2


def test_one_that_waits_is_an_error_at_the_place_where_it_does() -> None:
    steps = []

    async def waiting() -> None:
        try:
            await Waits()
        except HandlerError as error:
            steps.append(str(error))
            raise
        finally:
            steps.append("finally")

    with pytest.raises(HandlerError):
        LoopFree().run(waiting(), copy_context())
    assert steps == [MESSAGE, "finally"]


def test_one_that_waits_again_is_reported_again() -> None:
    async def stubborn() -> int:
        told = 0
        for _ in range(3):
            try:
                await Waits()
            except HandlerError:
                told += 1
        return told

    assert LoopFree().run(stubborn(), copy_context()) == 3


def test_both_run_in_the_context_that_they_are_given() -> None:
    variable: ContextVar[str] = ContextVar("variable", default="outside")

    async def change() -> str:
        variable.set("inside")
        return variable.get()

    loop = PersistentLoop()
    for runner in (LoopFree(), loop):
        context = copy_context()
        assert runner.run(change(), context) == "inside"
        assert (context[variable], variable.get()) == ("inside", "outside")
    loop.close()


def test_other_errors_stay_as_they_are() -> None:
    error, missing = ValueError("event loop"), RuntimeError("no running event loop")

    explained = explain_missing_loop(missing)

    assert explain_missing_loop(error) is error
    assert (type(explained), str(explained), explained.__cause__) == (HandlerError, MESSAGE, missing)


@pytest.mark.parametrize("wait", ["asyncio.sleep(0)", "asyncio.sleep(0.001)", "asyncio.Event().wait()"])
def test_a_loop_free_handler_that_waits_after_all_is_a_500_with_a_clear_line(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]], wait: str
) -> None:
    source = f"async def GET():\n    import asyncio\n    await {wait}\n    return 'done'\n"

    response = project(source, needs_loop=False).get("/x")

    assert (response.status, response.json()["detail"]) == (500, "the server could not handle the request")
    (line,) = log_lines()
    assert (line["exception_name"], MESSAGE in line["exception"]) == ("HandlerError", True)


def test_the_same_handler_is_fine_on_a_loop(project: Make) -> None:
    source = "async def GET():\n    import asyncio\n    await asyncio.sleep(0.001)\n    return 'done'\n"

    assert project(source, needs_loop=True).get("/x").text == "done"


def test_what_is_opened_in_one_request_lives_on_in_the_next(project: Make) -> None:
    source = """
        import asyncio
        async def _echo(reader, writer):
            while line := await reader.readline():
                writer.write(b"echo " + line)
                await writer.drain()
            writer.close()
        connection = None
        async def GET(line: str):
            global connection, server
            if connection is None:
                server = await asyncio.start_server(_echo, "127.0.0.1", 0)
                host, port = server.sockets[0].getsockname()
                connection = await asyncio.open_connection(host, port)
            reader, writer = connection
            writer.write(line.encode() + b"\\n")
            return (await reader.readline()).decode().strip()
        async def DELETE():
            connection[1].close()
            server.close()
            await connection[1].wait_closed()
            await asyncio.sleep(0.01)
            return "closed"
    """
    routes = project(source, needs_loop=True)

    assert [routes.get(f"/x?line={line}").text for line in ("one", "two")] == ["echo one", "echo two"]
    assert routes.request("DELETE", "/x").text == "closed"


def test_a_task_goes_on_while_the_next_request_runs(project: Make) -> None:
    source = """
        import asyncio
        queue = asyncio.Queue()
        results = []
        worker = None
        async def work():
            while True:
                results.append(await queue.get())
        async def GET(item: str):
            global worker
            worker = worker or asyncio.create_task(work())
            queue.put_nowait(item)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            return results
    """
    routes = project(source, needs_loop=True)

    assert [routes.get(f"/x?item={item}").json() for item in "ab"] == [["a"], ["a", "b"]]


def test_every_request_is_a_task(project: Make) -> None:
    source = """
        import asyncio
        async def GET():
            async with asyncio.timeout(5):
                return [asyncio.current_task() is not None]
    """

    assert project(source, needs_loop=True).get("/x").json() == [True]


def test_awaiting_what_was_cancelled_is_a_500(project: Make, log_lines: Callable[[], list[dict[str, Any]]]) -> None:
    source = """
        import asyncio
        async def GET():
            other = asyncio.create_task(asyncio.sleep(10))
            other.cancel()
            await other
    """

    assert project(source, needs_loop=True).get("/x").status == 500
    assert [line["exception_name"] for line in log_lines()] == ["CancelledError"]


def test_a_cancellation_where_no_loop_runs_is_a_500(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    source = "import asyncio\nasync def GET():\n    raise asyncio.CancelledError\n"

    assert project(source, needs_loop=False).get("/x").status == 500
    assert [line["exception_name"] for line in log_lines()] == ["CancelledError"]


@pytest.mark.parametrize("needs_loop", [False, True])
def test_a_base_exception_of_a_library_is_a_500(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]], needs_loop: bool
) -> None:
    """Extensions written in Rust (pydantic-core, orjson) panic with one; Next.js responds to whatever is thrown (R1)."""
    source = """
        class PanicException(BaseException):
            pass
        async def GET():
            raise PanicException("index out of bounds")
    """

    assert project(source, needs_loop=needs_loop).get("/x").status == 500
    assert [line["exception_name"] for line in log_lines()] == ["PanicException"]


def test_a_keyboard_interrupt_in_the_main_thread_goes_through_unless_it_is_in_lambda(
    project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes = project("async def GET():\n    raise KeyboardInterrupt\n")

    with pytest.raises(KeyboardInterrupt):
        routes.get("/x")
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    assert routes.get("/x").status == 500


def test_a_cancelled_request_is_cancelled(project: Make) -> None:
    routes = project("import asyncio\nasync def GET():\n    await asyncio.sleep(10)\n", needs_loop=True)

    async def run() -> None:
        task = asyncio.create_task(routes.application.open(FakeIncoming("GET", "/x")).respond())
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())


def test_a_closed_loop_is_opened_anew() -> None:
    loop = PersistentLoop()

    async def running() -> object:
        return asyncio.get_running_loop()

    first = loop.run(running(), copy_context())
    assert loop.run(running(), copy_context()) is first
    loop.close()
    loop.close()
    assert loop.run(running(), copy_context()) is not first
    loop.close()


def test_a_loop_free_route_never_loads_asyncio() -> None:
    program = """
        import sys
        from tempfile import mkdtemp
        from pathlib import Path
        root = Path(mkdtemp())
        (root / "functions/[id]").mkdir(parents=True)
        (root / "functions/[id]/route.py").write_text('''
        from edgeroutes import after, cookies, not_found
        async def GET(id: int, page: int = 1):
            after(print, "after")
            cookies().set("a", "b")
            if id == 404:
                not_found()
            return {"id": id, "page": page}
        ''')
        before = set(sys.modules)
        from edgeroutes.adapters.proxy import LambdaHandler
        from edgeroutes.runtime.manifest import Manifest, ManifestRoute
        handler = LambdaHandler(Manifest([ManifestRoute("/[id]", "functions/[id]/route.py", needs_loop=False)]), str(root))
        def get(path):
            return handler({"httpMethod": "GET", "path": path, "requestContext": {}})
        assert get("/7")["body"] == '{"id":7,"page":1}', get("/7")
        assert get("/404")["statusCode"] == 404
        loaded = {name for name in set(sys.modules) - before if not name.startswith(("edgeroutes", "functions"))}
        heavy = {"asyncio", "typing", "dataclasses", "inspect", "email", "urllib", "starlette", "anyio", "ssl", "http.client"}
        assert not loaded & heavy, loaded & heavy
    """
    done = subprocess.run(
        [sys.executable, "-S", "-c", dedent(program)],
        check=False,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": "."},
    )

    assert (done.returncode, done.stderr) == (0, "")
