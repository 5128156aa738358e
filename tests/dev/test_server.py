"""Start and end of the server; its responses are in test_app."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from edgeroutes.dev.gateway import Limits
from edgeroutes.dev.server import DEFAULT_PORT, DevServer, listen, listen_near
from edgeroutes.errors import ToolError
from tests.dev.serving import PATIENCE_S, Recorder, serving, shared_module, until, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.dev.reports import Responded
    from tests.dev.serving import Served


ROOT = Path(__file__).parents[2]
TICKS = """
    import asyncio

    async def GET():
        while True:
            yield "tick\\n"
            await asyncio.sleep(0.01)
"""


def test_the_output_at_the_start(tmp_path: Path) -> None:
    with serving(tmp_path, {"a": "def GET():\n    return ''\n", "b": "def get():\n    return ''\n"}) as served:
        started = served.told.started[0]
    assert (started.url, started.routes, started.warnings) == (f"http://127.0.0.1:{served.server.port}", 2, ())
    assert [problem.where for problem in started.problems] == ["functions/b/route.py:1", "functions/b/route.py"]


def test_listening_for_other_machines_is_warned_of(tmp_path: Path) -> None:
    with serving(tmp_path, {"a": "def GET():\n    return 'text'\n"}, host="0.0.0.0") as served:
        assert served.get("/a").text == "text"
        assert served.get("/a", headers={"Host": "evil.example"}).status_code == 403
    assert [warning.partition(":")[0] for warning in served.told.started[0].warnings] == ["listening on 0.0.0.0"]


def test_a_taken_port_is_named_with_the_next_one(tmp_path: Path) -> None:
    write_files(tmp_path, {"a": "def GET():\n    return ''\n"})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ToolError) as caught:
            DevServer(tmp_path, Recorder(), port=port, environ={})
    assert str(caught.value) == (
        f"127.0.0.1:{port}: port {port} is taken. End the program that has it, or take another with --port {port + 1}."
    )


def test_without_a_port_the_next_that_is_free_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with listen_near("127.0.0.1", port) as found:
            assert port < found.getsockname()[1] < port + 20


def test_a_port_that_was_not_chosen_is_reported(tmp_path: Path) -> None:
    server_files = {"a": "def GET():\n    return ''\n"}
    write_files(tmp_path, server_files)
    with ExitStack() as used:
        with suppress(OSError):  # somebody else may have it already, which is as good
            used.enter_context(socket.create_server(("127.0.0.1", DEFAULT_PORT)))
        server = DevServer(tmp_path, Recorder(), environ={})
        used.callback(server._socket.close)
        used.callback(server._watcher.close)
        (warning,) = server._warnings()
    assert server.port > DEFAULT_PORT
    assert warning == f"port {DEFAULT_PORT} is taken, so this is port {server.port}. --port chooses one"


def test_the_start_lists_the_routes(tmp_path: Path) -> None:
    with serving(tmp_path, {"a": "def GET():\n    return ''\n\n\ndef POST():\n    return ''\n"}) as served:
        (line,) = served.told.started[0].table
    assert (line.methods, line.path, line.source_file) == (("GET", "POST"), "/a", "functions/a/route.py")


def test_clearing_the_cache_has_the_next_request_run_the_route(tmp_path: Path) -> None:
    route = "revalidate = 60\ncount = 0\n\n\ndef GET():\n    global count\n    count += 1\n    return str(count)\n"
    with serving(tmp_path, {"a": route}) as served:
        assert [served.get("/a").json() for _ in range(2)] == [1, 1]
        served.server.clear_cache()
        assert served.get("/a").json() == 2
        assert [each.message for each in served.told.logged] == ["CDN cache cleared (1 entry)"]


def test_an_address_that_is_not_this_machines_is_refused() -> None:
    with pytest.raises(ToolError, match=r"192\.0\.2\.1:0: this machine cannot listen there"):
        listen("192.0.2.1", 0)


def test_a_port_is_free_again_after_the_end(tmp_path: Path) -> None:
    with serving(tmp_path, {"a": "def GET():\n    return ''\n"}) as served:
        served.get("/a")
    listen("127.0.0.1", served.server.port).close()


class Command:
    """`python -m edgeroutes dev --json` in a process of its own."""

    def __init__(self, root: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "edgeroutes", "dev", "--root", str(root), "--port", "0", "--json", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")},
        )
        assert self.process.stdout is not None
        self.first: dict[str, Any] = json.loads(self.process.stdout.readline())
        self.url: str = self.first["url"]

    def end(self) -> tuple[int, bytes]:
        """Ctrl-C; the exit code, and what was written to standard error."""
        self.process.send_signal(signal.SIGINT)
        _, error = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, error


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    write_files(tmp_path, {"ticks": TICKS, "plain": "def GET():\n    return 'text'\n"})
    command = Command(tmp_path)
    yield command
    if command.process.poll() is None:
        command.process.kill()
        command.process.communicate()


def test_ctrl_c_ends_it_with_0_also_with_open_streams(command: Command) -> None:
    with httpx.Client(base_url=command.url, timeout=PATIENCE_S) as client, client.stream("GET", "/ticks") as response:
        lines = response.iter_lines()
        assert [next(lines), next(lines)] == ["tick", "tick"]
        assert command.end() == (0, b"")
        with pytest.raises(httpx.RemoteProtocolError):
            list(lines)


def test_the_process_reloads_and_serves(command: Command, tmp_path: Path) -> None:
    assert httpx.get(f"{command.url}/plain", timeout=PATIENCE_S).text == "text"
    write_files(tmp_path, {"plain": "def GET():\n    return 'anew'\n"})
    until(lambda: httpx.get(f"{command.url}/plain", timeout=PATIENCE_S).text == "anew", "the reload")
    assert command.end() == (0, b"")


def test_a_handler_prints_on_when_whoever_reads_the_output_has_left(command: Command, tmp_path: Path) -> None:
    write_files(tmp_path, {"plain": "def GET():\n    print('x' * 100_000)\n    return 'printed'\n"})
    assert command.process.stdout is not None
    command.process.stdout.close()
    until(lambda: httpx.get(f"{command.url}/plain", timeout=PATIENCE_S).text == "printed", "the response")
    assert httpx.get(f"{command.url}/plain", timeout=PATIENCE_S).text == "printed"
    command.process.send_signal(signal.SIGINT)
    assert command.process.wait(PATIENCE_S) == 0
    assert command.process.stderr is not None
    command.process.stderr.close()


def test_what_a_package_prints_at_its_import_is_printed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site_packages = tmp_path / "environment/site-packages"
    write_files(
        site_packages, {"greeting.py": "import os\nprint('hello from greeting')\nos.write(2, b'hello from C\\n')\n"}
    )
    monkeypatch.setenv("PYTHONPATH", str(site_packages))
    route = "import importlib\n\ngreeting = importlib.import_module(''.join(('greet', 'ing')))\n\ndef GET():\n    return 'V'\n"
    write_files(tmp_path / "project", {"a": route})
    command = Command(tmp_path / "project")
    try:
        for version in "V12":
            write_files(tmp_path / "project", {"a": route.replace("V", version)})
            until(lambda: httpx.get(f"{command.url}/a", timeout=PATIENCE_S).text == version, "the reload")  # noqa: B023
    finally:
        command.process.send_signal(signal.SIGINT)
        output, error = command.process.communicate(timeout=PATIENCE_S)
    assert (output.count(b"hello from greeting"), error.count(b"hello from C")) == (1, 1)


def test_no_worker_outlives_a_server_that_is_killed(tmp_path: Path) -> None:
    write_files(tmp_path, {"pids": "import os\n\ndef GET():\n    return f'{os.getpid()} {os.getppid()}'\n"})
    command = Command(tmp_path)
    try:
        pids = [int(pid) for pid in httpx.get(f"{command.url}/pids", timeout=PATIENCE_S).text.split()]
    finally:
        command.process.kill()
        command.process.communicate()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "the end of the worker and the fork server")


# What runs is noted before the body is looked at.
HANDLER = """
    import ran
    from edgeroutes import Request

    {define} POST(request: Request):
        ran.handlers.append(request.headers.get("x-name"))
        return "done"

    PUT = DELETE = PATCH = POST

    {define} HEAD(request: Request):
        ran.handlers.append(request.headers.get("x-name"))
        return "done"
"""
APP = """
    import ran
    async def app(scope, receive, send):
        ran.handlers.append("app")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
"""
FILES = {
    "sync": HANDLER.format(define="def"),
    "async": "import asyncio\n" + HANDLER.format(define="async def").replace("\n    ", "\n"),
    "app/[[...path]]": APP,
    "hello": "def GET():\n    return 'hello'\n",
}
LIMITS = Limits(head_timeout_s=1.0, body_pause_s=0.5, body_timeout_s=1.5)


@pytest.fixture(scope="module")
def handlers() -> Iterator[list[str]]:
    """What has run."""
    ran: list[str] = []
    with shared_module("ran", handlers=ran):
        yield ran


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, handlers: list[str]) -> Iterator[Served]:
    del handlers
    with serving(tmp_path_factory.mktemp("project"), FILES, limits=LIMITS) as served:
        yield served


def connect(served: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.server.port))


LENGTH = "content-length: 1000\r\n\r\nhalf of the body"
CHUNKED = "transfer-encoding: chunked\r\n\r\n"
CUT = {
    "a length, and less": LENGTH,
    "a length, and nothing": "content-length: 1000\r\n\r\n",
    "one byte less": "content-length: 3\r\n\r\nab",
    "no chunk": CHUNKED,
    "in a chunk": f"{CHUNKED}10\r\nhalf",
    "after a chunk": f"{CHUNKED}4\r\nhalf\r\n",
    "in a chunk's length": f"{CHUNKED}4\r\nhalf\r\n1",
    "before the last line": f"{CHUNKED}4\r\nhalf\r\n0\r\n",
    "no chunk at all": f"{CHUNKED}nonsense\r\n",
    "expected": f"expect: 100-continue\r\n{LENGTH}",
}


@pytest.mark.parametrize("how", ["close", "reset", "half-close"])
@pytest.mark.parametrize("what", CUT)
@pytest.mark.parametrize("path", ["/sync", "/async", "/app/x"])
def test_a_request_that_is_cut_off_runs_no_handler(
    served: Served, handlers: list[str], path: str, what: str, how: str
) -> None:
    handlers.clear()
    count = len(posted(served))
    with connect(served) as client:
        client.sendall(f"POST {path} HTTP/1.1\r\nhost: localhost\r\nx-name: cut\r\n{CUT[what]}".encode())
        time.sleep(0.02)
        if how == "half-close":
            client.shutdown(socket.SHUT_WR)
            until(lambda: not client.recv(1000), "the end")
        elif how == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    seen = until(lambda: posted(served)[count:], "the line in the log")[0]
    assert (seen.status, seen.note) == (0, "the client left")
    assert served.get("/hello").text == "hello"
    assert handlers == []


def posted(served: Served) -> list[Responded]:
    return [each for each in served.told.responded if each.method == "POST"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD"])
def test_no_method_runs_with_half_a_body(served: Served, handlers: list[str], method: str) -> None:
    handlers.clear()
    with connect(served) as client:
        client.sendall(f"{method} /sync HTTP/1.1\r\nhost: localhost\r\nx-name: cut\r\n{LENGTH}".encode())
    until(lambda: served.told.responded[-1].note == "the client left", "the line in the log")
    assert handlers == []
    assert served.client.request(method, "/sync", headers={"x-name": "whole"}).status_code == 200
    assert handlers == ["whole"]


def test_a_storm_of_cut_requests_leaves_no_thread_and_no_descriptor(served: Served, handlers: list[str]) -> None:
    served.get("/hello")
    handlers.clear()
    threads, descriptors = threading.active_count(), open_descriptors()
    for _ in range(200):
        with connect(served) as client:
            client.sendall(f"POST /sync HTTP/1.1\r\nhost: localhost\r\n{LENGTH}".encode())
        assert threading.active_count() <= threads + 1
    until(lambda: open_descriptors() <= descriptors and threading.active_count() <= threads, "the end of all")
    assert handlers == []


def open_descriptors() -> int:
    return len([*Path("/dev/fd").iterdir()])


def test_a_body_that_stops_is_given_up(served: Served, handlers: list[str]) -> None:
    handlers.clear()
    with connect(served) as client:
        client.sendall(f"POST /sync HTTP/1.1\r\nhost: localhost\r\n{LENGTH}".encode())
        said = b""
        while not said.endswith(b"}"):
            said += client.recv(5000)
        assert said.startswith(b"HTTP/1.1 408 ")
        assert b"the request body did not arrive in time: 16 bytes of it are here" in said
        assert until(lambda: not client.recv(1000), "the end of the connection")
    assert handlers == []


def test_a_body_that_drips_is_given_up_and_so_is_its_connection(served: Served, handlers: list[str]) -> None:
    handlers.clear()
    began = time.monotonic()
    with connect(served) as client:
        client.sendall(b"POST /sync HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n")
        with suppress(ConnectionError):
            while time.monotonic() - began < 10:
                client.sendall(b"x")
                time.sleep(0.1)
    assert 1 < time.monotonic() - began < 9
    assert handlers == []


def test_a_head_that_does_not_arrive_is_given_up_however_slowly_it_drips(served: Served) -> None:
    began = time.monotonic()
    with connect(served) as silent, connect(served) as dripping:
        dripping.sendall(b"GET /hello HTTP/1.1\r\nx: ")
        silent.settimeout(10)
        dripping.settimeout(0.1)
        received = b""
        while not received.startswith(b"HTTP/1.1 408 "):
            dripping.sendall(b"x")
            try:
                received += dripping.recv(1000)
            except TimeoutError:
                assert time.monotonic() - began < 8
        assert silent.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_a_second_head_on_a_connection_must_arrive_as_well(served: Served) -> None:
    with connect(served) as client:
        client.settimeout(10)
        client.sendall(b"GET /hello HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert client.recv(5000).startswith(b"HTTP/1.1 200 ")
        client.sendall(b"GET /hello HTTP/1.1\r\nx: ")
        until(lambda: not client.recv(5000), "the end of the connection")


def test_a_handler_may_take_longer_than_a_head_may(tmp_path: Path) -> None:
    slow = "import time\n\ndef GET():\n    time.sleep(0.6)\n    return 'slow'\n"
    with serving(tmp_path, {"slow": slow}, limits=Limits(head_timeout_s=0.2)) as served:
        assert [served.get("/slow").text for _ in range(2)] == ["slow", "slow"]


def test_slow_connections_keep_nobody_waiting(served: Served) -> None:
    slow = [connect(served) for _ in range(300)]
    try:
        for each in slow:
            each.sendall(b"GET /hello HT")
        began = time.monotonic()
        assert served.get("/hello").text == "hello"
        assert time.monotonic() - began < 2
        for each in slow:
            each.settimeout(10)
            assert each.recv(1000).startswith(b"HTTP/1.1 408 ")
    finally:
        for each in slow:
            each.close()
