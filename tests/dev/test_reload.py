"""Saves, as an editor makes them, and what the next request gets."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from edgeroutes.dev.reload import LiveProject, _may_be_scanned
from edgeroutes.errors import ConfigError, LayoutError
from tests.dev.serving import PATIENCE_S, Recorder, Served, serving, shared_module, until, write_files

if TYPE_CHECKING:
    from pathlib import Path

HELLO = "from lib.words import WORD\n\nasync def GET():\n    return WORD\n"


def words(word: str) -> str:
    return f"WORD = {word!r}\n"


def until_text(served: Served, path: str, text: str) -> float:
    """Milliseconds until the path responds with the text."""
    began = time.perf_counter()
    until(lambda: served.get(path).text == text, f"the response {text!r}")
    return (time.perf_counter() - began) * 1000


def test_a_saved_route_or_module_responds_with_the_new_code(tmp_path: Path) -> None:
    with serving(tmp_path, {"hello": HELLO, "lib/words.py": words("one")}) as served:
        assert served.get("/hello").text == "one"
        measured = []
        for number in range(8):
            served.write({"lib/words.py": words(f"lib {number}")})
            measured.append(until_text(served, "/hello", f"lib {number}"))
        served.write({"hello": "async def GET():\n    return 'route'\n"})
        measured.append(until_text(served, "/hello", "route"))
        last = served.told.reloaded[-1]
    print(f"save to new response: {', '.join(f'{ms:.0f}' for ms in measured)} ms")
    assert (last.changed, last.routes, last.problems) == (("functions/hello/route.py",), 1, ())
    assert 0 < last.duration_ms < 1000 * PATIENCE_S


def test_two_saves_of_equal_size_within_a_second_are_both_seen(tmp_path: Path) -> None:
    with serving(tmp_path, {"hello": HELLO, "lib/words.py": words("one")}) as served:
        for word in ("two", "six", "ten", "one") * 3:
            path = tmp_path / "lib/words.py"
            path.write_text(words(word))
            os.utime(path, ns=(10**18, 10**18))  # always the same mtime
            until_text(served, "/hello", word)


def test_a_save_by_rename_is_seen(tmp_path: Path) -> None:
    with serving(tmp_path, {"hello": HELLO, "lib/words.py": words("one")}) as served:
        write_files(tmp_path, {"lib/words.py.tmp": words("two")})
        (tmp_path / "lib/words.py.tmp").replace(tmp_path / "lib/words.py")
        until_text(served, "/hello", "two")


def test_a_request_in_flight_ends_with_the_code_it_began_with(tmp_path: Path) -> None:
    route = "import gate\n{}\nNAME = {!r}\n\n{}def GET():\n    gate.entered.set()\n    {}\n    return NAME\n"
    waits = {
        "sync": ("", "", "gate.leave.wait(20)"),
        "loop": ("import asyncio", "async ", "await asyncio.to_thread(gate.leave.wait, 20)"),
    }
    for kind, (imports, prefix, wait) in waits.items():
        with (
            shared_module("gate", entered=threading.Event(), leave=threading.Event()) as gate,
            serving(tmp_path / kind, {"slow": route.format(imports, "old", prefix, wait)}) as served,
            ThreadPoolExecutor(1) as pool,
        ):
            old = pool.submit(
                httpx.get, f"http://127.0.0.1:{served.server.port}/slow", timeout=PATIENCE_S, verify=False
            )
            assert gate.entered.wait(PATIENCE_S)
            served.saved({"slow": route.format(imports, "new", prefix, "pass")})
            new = served.get("/slow").text
            gate.leave.set()
            assert (old.result().text, new) == ("old", "new")


def test_an_open_stream_lives_through_a_reload(tmp_path: Path) -> None:
    route = (
        "import asyncio\nimport gate\n\nasync def GET():\n"
        "    yield 'a\\n'\n    await asyncio.to_thread(gate.go_on.wait, 20)\n    yield '{}\\n'\n"
    )
    with (
        shared_module("gate", go_on=threading.Event()) as gate,
        serving(tmp_path, {"ticks": route.format("old")}) as served,
        served.client.stream("GET", "/ticks") as response,
    ):
        lines = response.iter_lines()
        first = next(lines)
        served.saved({"ticks": route.format("new")})
        gate.go_on.set()
        assert [first, *lines] == ["a", "old"]


def test_requests_during_many_saves_all_have_a_response(tmp_path: Path) -> None:
    stop = threading.Event()

    def ask() -> set[str]:
        seen = set()
        with httpx.Client(
            base_url=f"http://127.0.0.1:{served.server.port}", timeout=PATIENCE_S, verify=False
        ) as client:
            while not stop.is_set():
                response = client.get("/hello")
                seen.add(f"{response.status_code} {response.text[:200]}")
        return seen

    with serving(tmp_path, {"hello": HELLO, "lib/words.py": words("0")}) as served, ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        for number in range(1, 16):
            served.saved({"lib/words.py": words(str(number))})
        stop.set()
        seen = set().union(*(each.result() for each in asking))
    assert seen <= {f"200 {number}" for number in range(16)}
    assert "200 15" in seen or len(seen) > 3


BROKEN = [
    ("def GET(:\n", "functions/hello/route.py:1: the file is not Python: invalid syntax."),
    ("def get():\n    return 1\n", "functions/hello/route.py:1: "),
    (
        "import no_such_module\n\ndef GET():\n    return 1\n",
        "functions/hello/route.py:1: no module named 'no_such_module'. Add 'no_such_module' to the project",
    ),
    (
        "from lib.words import NOTHING\n\ndef GET():\n    return 1\n",
        "ExportMissingError: functions/hello/route.py:1: the module 'lib.words' has no 'NOTHING'.",
    ),
    (
        "X = 1 / 0\n\ndef GET():\n    return 1\n",
        "ImportRaisedError: functions/hello/route.py:1: ZeroDivisionError was raised",
    ),
]


def test_a_broken_file_responds_with_its_error_and_line_until_it_is_fixed(tmp_path: Path) -> None:
    files = {"hello": HELLO, "lib/words.py": words("one"), "fine": "def GET():\n    return 'fine'\n"}
    with serving(tmp_path, files) as served:
        for text, said in BROKEN:
            served.saved({"hello": text})
            response = served.get("/hello")
            assert (response.status_code, served.get("/fine").text) == (500, "fine")
            assert response.json()["detail"].startswith(said)
            page = served.get("/hello", headers={"Accept": "text/html"})
            assert page.headers["content-type"] == "text/html; charset=utf-8"
        served.saved({"hello": HELLO})
        assert served.get("/hello").text == "one"


def test_a_broken_module_is_the_fault_of_the_routes_that_import_it(tmp_path: Path) -> None:
    with serving(
        tmp_path, {"hello": HELLO, "lib/words.py": words("one"), "fine": "def GET():\n    return 'fine'\n"}
    ) as served:
        served.saved({"lib/words.py": "WORD = (\n"})
        responses = [served.get("/hello"), served.get("/fine")]
        served.saved({"lib/words.py": words("two")})
        assert served.get("/hello").text == "two"
    assert [response.status_code for response in responses] == [500, 200]
    assert responses[0].json()["detail"].startswith("ImportRaisedError: lib/words.py:1: syntax error")


def test_a_layout_error_is_the_response_of_the_routes_it_is_about_and_behind_every_404(tmp_path: Path) -> None:
    plain = "def GET():\n    return 'text'\n"
    with serving(tmp_path, {"(one)/a": plain, "b": plain}) as served:
        reload = served.saved({"(two)/a": plain})
        said = [str(problem) for problem in reload.problems]
        assert len(said) == 1
        assert said[0].startswith(
            "functions/(two)/a/route.py: folders functions/(one)/a and functions/(two)/a have the same URL /a."
        )
        responses = [served.get("/a"), served.get("/b"), served.get("/absent")]
        assert [response.status_code for response in responses] == [500, 200, 500]
        assert [responses[0].json()["detail"], responses[2].json()["problems"]] == [said[0], said]
        shutil.rmtree(tmp_path / "functions/(two)")
        until(lambda: served.get("/a").status_code == 200, "the fix")
        assert served.get("/absent").status_code == 404


def test_new_and_removed_and_renamed_routes_are_seen_at_once(tmp_path: Path) -> None:
    plain = "def GET():\n    return 'text'\n"
    with serving(tmp_path, {"a": plain}) as served:
        assert served.get("/deep/new").status_code == 404
        served.write({"deep/new": plain})
        until_text(served, "/deep/new", "text")
        (tmp_path / "functions/deep").rename(tmp_path / "functions/other")
        until_text(served, "/other/new", "text")
        assert served.get("/deep/new").status_code == 404
        shutil.rmtree(tmp_path / "functions/other")
        until(lambda: served.get("/other/new").status_code == 404, "the removal")


def test_middleware_that_appears_wraps_the_routes(tmp_path: Path) -> None:
    middleware = """
        async def middleware(request, call_next):
            response = await call_next(request)
            response.headers["x-wrapped"] = "yes"
            return response
    """
    with serving(tmp_path, {"a": "def GET():\n    return 'text'\n"}) as served:
        assert "x-wrapped" not in served.get("/a").headers
        served.saved({"functions/middleware.py": middleware})
        assert served.get("/a").headers["x-wrapped"] == "yes"


def test_settings_that_cannot_be_read_respond_for_everything_until_they_are_fixed(tmp_path: Path) -> None:
    with serving(tmp_path, {"a": "def GET():\n    return 'text'\n", "pyproject.toml": ""}) as served:
        served.saved({"pyproject.toml": "[tool.edgeroutes]\ntrailing_slahs = true\n"})
        response = served.get("/a")
        assert response.status_code == 500
        assert response.json()["detail"].endswith("the setting does not exist. Did you mean 'trailing_slash'?")
        served.saved({"pyproject.toml": "[tool.edgeroutes]\ntrailing_slash = true\n"})
        assert (served.get("/a").status_code, served.get("/a/").text) == (308, "text")


def test_a_route_that_is_loading_for_ever_does_not_block_its_fix(tmp_path: Path) -> None:
    with (
        shared_module("gate", leave=threading.Event()) as gate,
        serving(tmp_path, {"stuck": "import gate\ngate.leave.wait(20)\n"}) as served,
    ):
        pool = ThreadPoolExecutor(1)
        stuck = pool.submit(httpx.get, f"http://127.0.0.1:{served.server.port}/stuck", timeout=PATIENCE_S, verify=False)
        until(lambda: "functions.stuck.route" in sys.modules, "the import")
        served.saved({"stuck": "def GET():\n    return 'fixed'\n"})
        fixed = served.get("/stuck").text
        gate.leave.set()
        assert fixed == "fixed"
        assert stuck.result().status_code in (200, 405)  # it had loaded nothing yet, so either code is right
        pool.shutdown()


def test_what_a_handler_writes_beside_the_code_does_not_reload(tmp_path: Path) -> None:
    route = """
        from pathlib import Path
        COUNT = []

        def GET():
            COUNT.append(1)
            folder = Path(__file__).parent / "data"
            folder.mkdir(exist_ok=True)
            (folder / "log.txt").write_text("x" * len(COUNT))
            return str(len(COUNT))
    """
    with serving(tmp_path, {"count": route}) as served:
        assert [served.get("/count").text for _ in range(3)] == ["1", "2", "3"]
        time.sleep(0.2)
        assert (served.get("/count").text, served.told.reloaded) == ("4", [])


def test_a_project_without_a_folder_of_routes_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LayoutError) as caught:
        LiveProject(tmp_path, Recorder(), {})
    assert str(caught.value) == (
        f"{tmp_path}: there is no folder 'functions' with routes. Create 'functions/hello/route.py', go to your project's folder,"
        " or name it with --root."
    )


def test_settings_that_cannot_be_read_at_the_start_are_an_error(tmp_path: Path) -> None:
    write_files(tmp_path, {"pyproject.toml": "[tool.edgeroutes]\nnmae = 'x'\n"})
    with pytest.raises(ConfigError, match="Did you mean 'name'"):
        LiveProject(tmp_path, Recorder(), {})


def mounted(name: str) -> str:
    return f"""
        from contextlib import asynccontextmanager

        import gate
        from starlette.applications import Starlette
        from starlette.responses import PlainTextResponse
        from starlette.routing import Route

        @asynccontextmanager
        async def lifespan(app):
            gate.seen.append("{name} starts")
            yield {{"pool": "{name} pool"}}
            gate.seen.append("{name} ends")

        async def home(request):
            await gate.enter()
            return PlainTextResponse(request.state.pool)

        app = Starlette(routes=[Route("/mounted/home", home), Route("/home", home)], lifespan=lifespan)
    """


def test_a_mounted_app_is_shut_down_when_its_last_request_ends(tmp_path: Path) -> None:
    import asyncio

    entered, leave = threading.Event(), threading.Event()

    async def enter() -> None:
        entered.set()
        await asyncio.to_thread(leave.wait, PATIENCE_S)

    with (
        shared_module("gate", seen=[], enter=enter) as gate,
        serving(tmp_path, {"mounted/[[...path]]": mounted("old")}) as served,
        ThreadPoolExecutor(1) as pool,
    ):
        url = f"http://127.0.0.1:{served.server.port}/mounted/home"
        old = pool.submit(httpx.get, url, timeout=PATIENCE_S, verify=False)
        assert entered.wait(PATIENCE_S)
        served.saved({"mounted/[[...path]]": mounted("new")})
        before = list(gate.seen)
        leave.set()
        assert (old.result().text, served.get("/mounted/home").text) == ("old pool", "new pool")
        until(lambda: "old ends" in gate.seen, "the old app's end")
    assert before == ["old starts"]
    assert sorted(gate.seen) == ["new ends", "new starts", "old ends", "old starts"]


@pytest.mark.parametrize(
    ("path", "may"),
    [
        ("src/functions/a/route.py", True),
        ("src/functions/middleware.py", True),
        ("src/functions/a/function.yaml", True),
        ("src/functions/a", True),
        ("src/functions", True),
        ("src", True),
        ("pyproject.toml", True),
        ("src/functions/a/schemas.py", False),
        ("src/functions/_shared/store.py", False),
        ("src/lib/route.py", True),  # a route's folder may be a link to it
        ("lib/db.py", False),
        (".env", False),
    ],
)
def test_which_changes_may_change_what_routes_there_are(tmp_path: Path, path: str, may: bool) -> None:
    assert _may_be_scanned(tmp_path / path, tmp_path / "src/functions") is may
