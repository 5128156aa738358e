"""What handlers do to the process of `edgeroutes dev`, and what becomes of its output: the other routes go on."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.dev.serving import until, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = {
    "hello": "def GET():\n    print('hello is printed')\n    return 'hello'\n",
    "async-hello": "import asyncio\n\nasync def GET():\n    await asyncio.sleep(0)\n    return 'hello'\n",
    "fails/[text]": "def GET(text: str):\n    raise ValueError(f'no such {text}')\n",
    "surrogate": "def GET():\n    raise ValueError('\\ud800')\n",
    "close": "import sys\n\ndef GET():\n    sys.stdout.close()\n    sys.stderr.close()\n    return 'closed'\n",
    "replace": "import sys\n\ndef GET():\n    sys.stdout = object()\n    return 'replaced'\n",
    "nothing": "import sys\n\ndef GET():\n    sys.stdout = None\n    return 'nothing'\n",
    "exit": "import os\n\ndef GET():\n    os._exit(3)\n",
    "async-exit": "import asyncio, os\n\nasync def GET():\n    await asyncio.sleep(0)\n    os._exit(3)\n",
    "fork": (
        "import os\n\ndef GET():\n    child = os.fork()\n    if not child:\n        os._exit(7)\n"
        "    return str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    ),
    "crash": "import ctypes\n\ndef GET():\n    ctypes.string_at(0)\n",
    "stop": "import asyncio\n\nasync def GET():\n    asyncio.get_running_loop().stop()\n    await asyncio.sleep(0.1)\n    return 'on'\n",
    "stop-soon": (
        "import asyncio\n\nasync def GET():\n    loop = asyncio.get_running_loop()\n    loop.call_soon(loop.stop)\n"
        "    await asyncio.sleep(0.1)\n    return 'on'\n"
    ),
    "stop-past": (
        "import asyncio\n\nasync def GET():\n    loop = asyncio.get_running_loop()\n    type(loop).stop(loop)\n"
        "    await asyncio.sleep(0.1)\n    return 'on'\n"
    ),
    "block": "import asyncio\nfrom lib.slow import wait\n\nasync def GET():\n    await asyncio.sleep(0)\n    wait()\n    return 'late'\n",
    "lib/slow.py": "import time\n\n\ndef wait():\n    time.sleep(1.6)\n",
}


class Process:
    """A running `edgeroutes dev` whose output goes into a file, until its test starts another."""

    def __init__(self, root: Path, stdout: int | None = None) -> None:
        self.output_file = root.parent / f"{root.name}.output"
        with self.output_file.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "edgeroutes", "dev", "--port", str(port_of(root))],
                cwd=root,
                stdout=output if stdout is None else stdout,
                stderr=output,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port_of(root)}", timeout=60, trust_env=False)
        until(self._responds, "the start")

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    @property
    def output(self) -> str:
        return self.output_file.read_bytes().decode()

    def printed(self, text: str) -> bool:
        return bool(until(lambda: text in self.output, f"{text!r} in {self.output}"))

    def _responds(self) -> bool:
        assert self.process.poll() is None, self.output
        with suppress(httpx.ConnectError):
            return self.get("/async-hello").text == "hello"
        return False


_ports: dict[Path, int] = {}


def port_of(root: Path) -> int:
    """A port that was free a moment ago."""
    import socket

    if root not in _ports:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            _ports[root] = taken.getsockname()[1]
    return _ports[root]


@contextmanager
def running(root: Path, stdout: int | None = None) -> Iterator[Process]:
    write_files(root, FILES)
    process = Process(root, stdout)
    try:
        yield process
    finally:
        process.client.close()
        process.process.terminate()
        process.process.wait(30)


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with running(tmp_path_factory.mktemp("project")) as dev:
        yield dev


def goes_on(dev: Process) -> None:
    """Both kinds of routes respond, and printing works."""
    count = dev.output.count("hello is printed")
    assert [dev.get("/async-hello").text, dev.get("/hello").text] == ["hello", "hello"]
    until(lambda: dev.output.count("hello is printed") > count, "the print of a handler")


@pytest.mark.parametrize("path", ["/close", "/replace", "/nothing"])
def test_a_handler_that_takes_standard_output_away_takes_it_from_nobody_else(dev: Process, path: str) -> None:
    assert dev.get(path).status_code == 200
    dev.printed(f"functions{path}/route.py had run; it is open again")
    goes_on(dev)
    assert dev.get("/fails/a").status_code == 500
    dev.printed("ValueError: no such a")


@pytest.mark.parametrize("path", ["/surrogate", "/fails/%ED%A0%80"])
def test_half_a_character_in_a_message_does_no_harm(dev: Process, path: str) -> None:
    response = dev.get(path)
    assert response.status_code in (400, 500)
    assert response.headers["content-type"] == "application/problem+json"
    if response.status_code == 500:
        dev.printed("ValueError: \\ud800")
    goes_on(dev)


def test_what_a_client_sends_reaches_the_terminal_escaped(dev: Process) -> None:
    dev.get("/fails/%1B%5D0%3BPWNED%07%1B%5B2J%C2%9B2J%E2%80%AE%0D%0Aedgeroutes%20dev%20http%3A%2F%2Fevil")
    dev.printed("ValueError: no such \\x1b]0;PWNED\\x07\\x1b[2J\\x9b2J\\u202e\\r\n  │ edgeroutes dev http://evil\n")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", dev.output)
    assert "\nedgeroutes dev http://evil" not in dev.output


@pytest.mark.parametrize("path", ["/exit", "/async-exit"])
def test_a_handler_that_ends_its_process_ends_its_request(dev: Process, path: str) -> None:
    response = dev.get(path)
    assert response.status_code == 500
    assert "SystemExit" in response.text
    dev.printed("SystemExit: 3")
    goes_on(dev)


def test_a_process_that_a_handler_forks_may_end_itself(dev: Process) -> None:
    assert dev.get("/fork").text == "7"
    goes_on(dev)


def test_stopping_the_loop_is_refused_with_the_name_of_the_route(dev: Process) -> None:
    assert dev.get("/stop").status_code == 500
    dev.printed(
        "error: functions/stop/route.py called loop.stop(), which would end the event loop of every async route."
    )
    assert dev.get("/stop-soon").text == "on"
    dev.printed("error: functions/stop-soon/route.py called loop.stop()")
    goes_on(dev)


def test_the_loop_goes_on_also_for_who_gets_past_the_refusal(dev: Process) -> None:
    assert dev.get("/stop-past").text == "on"
    goes_on(dev)


def test_a_handler_that_blocks_the_loop_is_named(dev: Process) -> None:
    assert dev.get("/block").text == "late"
    dev.printed(
        "warning: functions/block/route.py:6 (in lib/slow.py:5) has blocked the event loop for 1 s, and every other async route waits."
    )
    assert dev.output.count("has blocked the event loop") == 1
    goes_on(dev)


def test_the_server_outlives_who_reads_its_output(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with running(tmp_path / "project", writing) as dev:
        os.close(writing)
        os.read(reading, 10)
        os.close(reading)
        for _ in range(3):
            assert dev.get("/fails/a").status_code == 500
            assert [dev.get("/async-hello").text, dev.get("/hello").text] == ["hello", "hello"]
        dev.process.send_signal(signal.SIGTERM)
        dev.process.wait(30)
        assert "Traceback" not in dev.output


def test_a_crash_says_where(tmp_path: Path) -> None:
    with running(tmp_path / "project") as dev:
        assert dev.get("/crash").status_code == 502
        assert dev.get("/hello").status_code == 200
        until(lambda: "Fatal Python error: Segmentation fault" in dev.output, "the report")
        assert re.search(r'File ".*/functions/crash/route\.py", line 4 in GET', dev.output)


def test_cut_requests_leave_nothing_in_the_process(tmp_path: Path) -> None:
    """Threads and descriptors, as the kernel counts them."""
    import socket

    with running(tmp_path / "project") as dev:
        before = counts(dev.process.pid)
        for _ in range(200):
            with socket.create_connection(("127.0.0.1", port_of(tmp_path / "project"))) as client:
                client.sendall(b"POST /hello HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\nhalf")

        def is_as_before() -> bool:
            threads, descriptors = counts(dev.process.pid)
            return threads <= before[0] + 1 and descriptors <= before[1] + 1

        until(is_as_before, "the end of all")


def counts(process_id: int) -> tuple[int, int]:
    """Threads, descriptors."""
    if not os.path.isdir("/proc/self/task"):  # noqa: PTH112
        pytest.skip("only Linux counts them in /proc")
    return len(os.listdir(f"/proc/{process_id}/task")), len(os.listdir(f"/proc/{process_id}/fd"))  # noqa: PTH208
