"""Workers as `edgeroutes dev` has them: real processes, a fork server, and what a save must not leave behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from textwrap import dedent
from typing import TYPE_CHECKING

import httpx
import pytest

from edgeroutes.dev.workers import HAS_WORKERS
from tests.dev.serving import PATIENCE_S, Served, serving, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(not HAS_WORKERS, reason="workers need POSIX")

# An installed package that remembers what it is given, as SQLModel's metadata, prometheus_client's registry and SQLAlchemy's events do.
REGISTRY = """
    tables, listeners = {}, []

    class Base:
        def __init_subclass__(cls):
            if cls.__name__ in tables:
                raise ValueError(f"Table {cls.__name__!r} is already defined")
            tables[cls.__name__] = cls
"""
MODELS = """
    import atexit, logging, signal, socket, sys, threading, time, warnings
    from json import encoder
    import remembers

    class Hero(remembers.Base):
        pass

    def note_end():
        with open(ENDED, "a") as file:
            file.write("ended\\n")

    remembers.listeners.append(Hero)
    LOG = logging.getLogger("app")
    LOG.addHandler(logging.NullHandler())
    LISTENER = socket.create_server(("127.0.0.1", PORT))
    threading.Thread(target=time.sleep, args=(600,), name="poller").start()
    sys.path.append("/somewhere")
    warnings.simplefilter("error", ResourceWarning)
    encoder.patched = getattr(encoder, "patched", 0) + 1
    atexit.register(note_end)
"""
HEROES = """
    import logging, sys, threading
    from json import encoder
    import remembers
    from lib import models

    def GET():
        return {
            "version": VERSION,
            "tables": len(remembers.tables),
            "listeners": len(remembers.listeners),
            "handlers": len(logging.getLogger("app").handlers),
            "pollers": sum(each.name == "poller" for each in threading.enumerate()),
            "paths": sys.path.count("/somewhere"),
            "patched": encoder.patched,
        }
"""


@contextmanager
def working(root: Path, files: dict[str, str]) -> Iterator[Served]:
    """The server of a project, with worker processes."""
    with serving(root, files, workers=True, environ=dict(os.environ)) as served:
        yield served


def install(site_packages: Path, name: str, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module as an installed distribution."""
    monkeypatch.syspath_prepend(str(site_packages))
    information = site_packages / f"{name}-1.dist-info"
    information.mkdir(parents=True)
    (site_packages / f"{name}.py").write_text(source)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (information / "RECORD").write_text(f"{name}.py,,\n")


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def until_text(served: Served, path: str, text: str) -> httpx.Response:
    return until(lambda: (found := served.get(path)).text == text and found, f"the response {text!r}")


def test_a_save_leaves_nothing_of_the_last_load_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {*sys.modules}
    ended = tmp_path / "ended.log"
    install(tmp_path / "environment/site-packages", "remembers", dedent(REGISTRY), monkeypatch)
    models = MODELS.replace("PORT", str(free_port())).replace("ENDED", repr(str(ended)))
    files = {
        "pyproject.toml": "[project]\nname = 'x'\nversion = '0'\ndependencies = ['remembers']\n",
        "lib/models.py": models,
        "heroes": HEROES.replace("VERSION", "0"),
        "other": "def GET():\n    return 'other'\n",
    }
    once = {"tables": 1, "listeners": 1, "handlers": 1, "pollers": 1, "paths": 1, "patched": 1}
    with working(tmp_path / "project", files) as served:
        assert served.get("/heroes").json() == {"version": 0, **once}
        served.saved({"other": "def GET():\n    return 'another'\n"})
        assert (served.get("/other").text, served.get("/heroes").json()) == ("another", {"version": 0, **once})
        for version in (1, 2, 3):
            served.saved({"heroes": HEROES.replace("VERSION", str(version))})
            assert served.get("/heroes").json() == {"version": version, **once}
        assert "remembers" not in sys.modules
        assert not [name for name in sys.modules.keys() - before if name.startswith(("lib.", "functions."))]
    assert ended.read_text() == "ended\n" * 5


def test_where_nothing_can_be_forked_the_next_worker_waits_in_advance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgeroutes.dev.server.CAN_FORK", False)  # as on macOS
    pid = "import os\n\ndef GET():\n    return f'{os.getpid()} {VERSION}'\n"
    with working(tmp_path, {"a": pid.replace("VERSION", "0")}) as served:
        seen = [served.get("/a").text]
        for version in "123":
            served.saved({"a": pid.replace("VERSION", version)})
            seen.append(served.get("/a").text)
    assert [each.partition(" ")[2] for each in seen] == ["0", "1", "2", "3"]
    assert len({each.partition(" ")[0] for each in seen}) == 4


def test_a_package_that_starts_a_thread_when_it_is_imported_works_in_every_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = "import threading, time\n\nTHREAD = threading.Thread(target=time.sleep, args=(600,), daemon=True)\nTHREAD.start()\n"
    install(tmp_path / "environment/site-packages", "ticking", package, monkeypatch)
    files = {
        "pyproject.toml": "[project]\nname = 'x'\nversion = '0'\ndependencies = ['ticking']\n",
        "a": "import ticking\n\ndef GET():\n    return f'{ticking.THREAD.is_alive()} 0'\n",
    }
    with working(tmp_path / "project", files) as served:
        assert served.get("/a").text == "True 0"
        for version in "123":
            served.saved({"a": files["a"].replace("0", version)})
            assert served.get("/a").text == f"True {version}"


def test_a_module_opens_its_port_again_once_the_stream_that_has_it_ends(tmp_path: Path) -> None:
    go = tmp_path / "go"
    files = {
        "lib/door.py": f"import socket\n\nDOOR = socket.create_server(('127.0.0.1', {free_port()}))\n",
        "a": "from lib import door\n\ndef GET():\n    return '0'\n",
        "ticks": (
            "import pathlib, time\nfrom lib import door\n\ndef GET():\n    yield 'begun'\n"
            f"    while not pathlib.Path({str(go)!r}).exists():\n        time.sleep(0.01)\n"
        ),
    }
    with working(tmp_path / "project", files) as served:
        with served.client.stream("GET", "/ticks") as response:
            assert next(response.iter_text()) == "begun"
            served.saved({"a": files["a"].replace("'0'", "'1'")})
            refused = served.get("/a")
            assert (refused.status_code, "lib/door.py:3: OSError" in refused.json()["detail"]) == (500, True)
            go.touch()
        until_text(served, "/a", "1")


def test_an_open_stream_ends_in_the_worker_that_began_it(tmp_path: Path) -> None:
    route = """
        import os, pathlib, time

        def GET():
            yield f"{os.getpid()}\\n"
            while not pathlib.Path(GO).exists():
                time.sleep(0.01)
            yield "old {os.getpid()}\\n"
    """
    go = tmp_path / "go"
    route = route.replace("GO", repr(str(go))).replace('"old', 'f"old')
    with working(tmp_path / "project", {"ticks": route, "a": "def GET():\n    return 'a'\n"}) as served:
        with served.client.stream("GET", "/ticks") as response:
            lines = response.iter_lines()
            pid = next(lines)
            served.saved({"ticks": "import os\n\ndef GET():\n    return str(os.getpid())\n"})
            assert httpx.get(f"http://127.0.0.1:{served.server.port}/ticks").text != pid
            go.touch()
            assert list(lines) == [f"old {pid}"]
        until(lambda: not is_running(int(pid)), "the old worker's end")


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_requests_during_many_saves_all_have_a_response_of_some_version(tmp_path: Path) -> None:
    stop = threading.Event()

    def request() -> set[str]:
        seen = set()
        with httpx.Client(base_url=f"http://127.0.0.1:{served.server.port}", timeout=PATIENCE_S) as client:
            while not stop.is_set():
                found = client.post("/a")
                seen.add(f"{found.status_code} {found.text[:200]}")
        return seen

    with working(tmp_path, {"a": "def POST():\n    return '0'\n"}) as served, ThreadPoolExecutor(3) as pool:
        requests = [pool.submit(request) for _ in range(3)]
        for number in range(1, 9):
            count = len(served.told.reloaded)
            (tmp_path / "new.tmp").write_text(f"def POST():\n    return '{number}'\n")
            (tmp_path / "new.tmp").replace(tmp_path / "functions/a/route.py")
            until(lambda: served.told.reloaded[count:], "the reload")  # noqa: B023
        until(lambda: served.client.post("/a").text == "8", "the last version")
        stop.set()
        seen = set().union(*(each.result() for each in requests))
    assert seen <= {f"200 {number}" for number in range(9)}


def test_a_crash_fails_the_request_and_the_next_one_has_a_new_worker(tmp_path: Path) -> None:
    files = {
        "crash": "import ctypes\n\ndef GET():\n    return str(ctypes.string_at(0))\n",
        "a": "def GET():\n    return 'a'\n",
    }
    with working(tmp_path, files) as served:
        assert served.get("/a").text == "a"
        response = served.get("/crash")
        assert (response.status_code, served.get("/a").text) == (502, "a")
        assert "has ended: a crash in C code" in response.text
        assert [each.level for each in served.told.logged if "has ended" in each.message] == ["ERROR"]


def test_what_a_handler_raises_is_reported_with_its_type_message_lines_and_cause(tmp_path: Path) -> None:
    route = """
        class OwnError(Exception):
            pass

        def GET():
            try:
                1 / 0
            except ZeroDivisionError as error:
                raise OwnError("not today") from error
    """
    before = {*sys.modules}
    with working(tmp_path, {"a": route}) as served:
        response = served.get("/a")
        failed = until(lambda: served.told.failed, "the report")[0]
    lines = "".join(traceback.format_exception(failed.error))
    assert (response.status_code, type(failed.error).__name__, str(failed.error)) == (500, "OwnError", "not today")
    assert isinstance(failed.error.__cause__, Exception)
    assert f'{tmp_path}/functions/a/route.py", line 9, in GET' in lines
    assert "ZeroDivisionError: division by zero" in lines
    assert 'raise OwnError("not today") from error' in lines
    assert not [name for name in sys.modules.keys() - before if name.startswith("functions")]


def test_a_get_after_the_response_to_a_post_that_revalidates_is_never_old(tmp_path: Path) -> None:
    files = {
        "state.py": "n = 0\n",
        "x": "import state\nfrom edgeroutes import Response\n\nrevalidate = 3600\n\ndef GET():\n    return {'n': state.n}\n",
        "set": (
            "import state\nfrom edgeroutes import revalidate_path, see_other\n\n"
            "def POST(n: int):\n    state.n = n\n    revalidate_path('/x')\n    see_other('/x')\n"
        ),
    }
    for workers in (True, False):
        with serving(tmp_path / str(workers), files, workers=workers, environ=dict(os.environ)) as served:
            seen = []
            for number in range(1, 61):
                assert served.client.post("/set", params={"n": number}).status_code == 303
                seen.append(served.get("/x").json()["n"])
        assert seen == list(range(1, 61))


def test_a_module_of_a_package_beside_the_project_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = tmp_path / "shared"
    (beside / "beside_package").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(beside))
    module = beside / "beside_package/__init__.py"
    module.write_text("WORD = 'one'\n")
    route = "import importlib\n\nWORD = importlib.import_module('_'.join(('beside', 'package'))).WORD\n\ndef GET():\n    return WORD\n"
    with working(tmp_path / "project", {"a": route, "b": "def GET():\n    return 'b'\n"}) as served:
        assert served.get("/a").text == "one"
        module.write_text("WORD = 'three'\n")
        served.saved({"b": "def GET():\n    return 'c'\n"})
        assert served.get("/a").text == "three"


def test_a_module_that_is_a_link_out_of_the_project_is_refused_as_by_the_build(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere/words.py"
    elsewhere.parent.mkdir()
    elsewhere.write_text("WORD = 'one'\n")
    project = tmp_path / "project"
    (project / "lib").mkdir(parents=True)
    (project / "lib/words.py").symlink_to(elsewhere)
    with working(project, {"a": "from lib.words import WORD\n\ndef GET():\n    return WORD\n"}) as served:
        response = served.get("/a")
    assert response.status_code == 500
    assert response.json()["detail"] == (
        f"lib/words.py: this links to '{elsewhere}', outside the project."
        " Put a copy in its place, or make it a package that the project depends on by its path."
    )


def test_a_client_that_leaves_a_stream_closes_its_generator_in_the_worker(tmp_path: Path) -> None:
    route = """
        import asyncio, pathlib

        async def GET():
            try:
                while True:
                    yield "tick\\n"
                    await asyncio.sleep(0.01)
            finally:
                pathlib.Path(CLOSED).touch()
    """
    closed = tmp_path / "closed"
    with working(tmp_path / "project", {"ticks": route.replace("CLOSED", repr(str(closed)))}) as served:
        with served.client.stream("GET", "/ticks") as response:
            assert next(response.iter_lines()) == "tick"
        until(closed.exists, "the end of the generator")


def test_a_changed_env_file_reaches_packages_that_read_it_at_import(tmp_path: Path) -> None:
    route = "import os\n\nWORD = os.environ['WORD']\n\ndef GET():\n    return WORD\n"
    with working(tmp_path, {"a": route, ".env": "WORD=one\n"}) as served:
        assert served.get("/a").text == "one"
        served.saved({".env": "WORD=two\n"})
        assert served.get("/a").text == "two"


def test_the_end_of_the_server_ends_its_workers_and_streams(tmp_path: Path) -> None:
    route = """
        import os, time

        def GET():
            yield f"{os.getpid()}\\n"
            while True:
                time.sleep(0.01)
                yield "tick\\n"
    """
    with working(tmp_path, {"ticks": route}) as served, served.client.stream("GET", "/ticks") as response:
        lines = response.iter_lines()
        pid = int(next(lines))
        served.server.stop()
        with pytest.raises(httpx.RemoteProtocolError):
            list(lines)
        until(lambda: not is_running(pid), "the worker's end")


def test_a_worker_that_is_killed_between_requests_is_replaced(tmp_path: Path) -> None:
    with working(tmp_path, {"pid": "import os\n\ndef GET():\n    return str(os.getpid())\n"}) as served:
        pid = int(served.get("/pid").text)
        os.kill(pid, signal.SIGKILL)
        until(lambda: not is_running(pid), "the end")
        time.sleep(0.05)
        assert int(until(lambda: (found := served.get("/pid")).status_code == 200 and found.text, "a worker")) != pid
