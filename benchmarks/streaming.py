"""The speed of streams: a function under unmodified awslambdaric with a raw Runtime API, `edgeroutes dev`, and Starlette.

    .venv/bin/python benchmarks/streaming.py

Chunks contain the time of their `yield`; the reader records when they arrive (CLOCK_MONOTONIC is the same for all processes). Targets:
first byte within 2 ms of the first yield, chunks within 1 ms, 200 MB at over 300 MB/s with less than 20 MB above idle, ten
thousand small chunks per second.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUTE = """
import resource, time
{imports}

def peak_kib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

{kind} GET(kind: str):
    if kind == "idle":
        yield f"{{peak_kib()}}\\n"
    elif kind == "paced":
        for _ in range(200):
            yield f"{{time.monotonic():.9f}}\\n"
            {sleep}
    elif kind == "small":
        for _ in range(50_000):
            yield f"{{time.monotonic():.9f}}\\n"
    elif kind == "large":
        piece = bytes(64 * 1024)
        for _ in range(200 * 16):
            yield piece
        yield f"\\n{{peak_kib()}}\\n"
"""
HANDLER = """
import os
from edgeroutes.adapters.streaming import StreamingHandler
from edgeroutes.runtime.manifest import Manifest, ManifestRoute
route = ManifestRoute("/x", "functions/x/route.py", needs_loop=%s)
handler = StreamingHandler(Manifest([route]), os.path.dirname(os.path.abspath(__file__)))
"""
STARLETTE = """
import asyncio, time
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

async def x(request):
    kind = request.query_params["kind"]
    async def paced():
        for _ in range(200):
            yield f"{time.monotonic():.9f}\\n"
            await asyncio.sleep(0.005)
    async def small():
        for _ in range(50_000):
            yield f"{time.monotonic():.9f}\\n"
    async def large():
        piece = bytes(64 * 1024)
        for _ in range(200 * 16):
            yield piece
    return StreamingResponse({"paced": paced, "small": small, "large": large}[kind]())

app = Starlette(routes=[Route("/x", x)])
"""
Arrivals = list[tuple[float, bytes]]


def main() -> None:
    """Measure, and print a table."""
    for needs_loop in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            write_route(Path(folder), needs_loop=needs_loop)
            measure_function(Path(folder), needs_loop=needs_loop)
    with tempfile.TemporaryDirectory() as folder:
        write_route(Path(folder), needs_loop=True)
        (Path(folder) / "pyproject.toml").write_text("")
        (Path(folder) / "peer.py").write_text(STARLETTE)
        port = free_port()
        run_server("edgeroutes dev", ["-m", "edgeroutes", "dev", "--port", str(port)], Path(folder), port)
        port = free_port()
        run_server("uvicorn + Starlette", ["-m", "uvicorn", "peer:app", "--port", str(port)], Path(folder), port)


def write_route(folder: Path, *, needs_loop: bool) -> None:
    route = folder / "functions" / "x" / "route.py"
    route.parent.mkdir(parents=True)
    how = (
        ("import asyncio", "async def", "await asyncio.sleep(0.005)")
        if needs_loop
        else ("", "def", "time.sleep(0.005)")
    )
    route.write_text(ROUTE.format(imports=how[0], kind=how[1], sleep=how[2]))


def measure_function(folder: Path, *, needs_loop: bool) -> None:
    (folder / "handler.py").write_text(HANDLER % needs_loop)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        variables = {**os.environ, "PYTHONPATH": str(folder), "AWS_LAMBDA_RUNTIME_API": address}
        variables["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand"
        command = [sys.executable, "-m", "awslambdaric", "handler.handler"]
        function = subprocess.Popen(command, cwd=folder, env=variables)
        try:
            ask = RuntimeApi(listener).ask
            idle_kib = last_number(ask("idle"))
            where = f"awslambdaric, {'on a loop' if needs_loop else 'without a loop'}"
            report_delays(where, ask("paced"))
            report_small(where, ask("small"))
            large = ask("large")
            report_large(where, large)
            print(f"{where}: memory above idle {(last_number(large) - idle_kib) / 1024:.1f} MiB")
        finally:
            function.kill()
            function.wait()


class RuntimeApi:
    """A minimal Runtime API of Lambda: it sends one event at a time and reads the response as fast as possible."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._waiting: socket.socket | None = None

    def ask(self, kind: str) -> Arrivals:
        """The chunks of the response to an event, each with its arrival time."""
        connection, head = self._waiting or self._accept(), b""
        if not self._waiting:
            head = read_head(connection)
            assert head.startswith(b"GET "), head
        event = {"httpMethod": "GET", "path": "/x", "queryStringParameters": {"kind": kind}, "requestContext": {}}
        body = json.dumps(event).encode()
        deadline = int(time.time() * 1000) + 900_000
        connection.sendall(
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"Lambda-Runtime-Aws-Request-Id: 1\r\nLambda-Runtime-Deadline-Ms: {deadline}\r\n\r\n".encode()
            + body
        )
        posting = self._accept()
        arrivals = read_until(posting, b"0\r\n\r\n")
        posting.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        posting.close()
        read_head(connection)  # the next GET, on awslambdaric's open connection
        self._waiting = connection
        return arrivals

    def _accept(self) -> socket.socket:
        return self._listener.accept()[0]


def run_server(name: str, arguments: list[str], folder: Path, port: int) -> None:
    variables = {**os.environ, "PYTHONPATH": str(folder)}
    server = subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        # The delays come last: the first response loads the modules of streams.
        for report, kind in ((report_small, "small"), (report_large, "large"), (report_delays, "paced")):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(f"GET /x?kind={kind} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                report(name, read_until(connection, b"0\r\n\r\n"))
    finally:
        server.terminate()
        server.wait()


def report_delays(name: str, arrivals: Arrivals) -> None:
    delays = [(came - yielded) * 1000 for came, yielded in stamps(arrivals)]
    print(
        f"{name}: first yield to first byte {delays[0]:.2f} ms; chunk delay median {statistics.median(delays):.2f} ms, "
        f"p99 {sorted(delays)[-3]:.2f} ms"
    )


def report_small(name: str, arrivals: Arrivals) -> None:
    came = [time for time, _ in stamps(arrivals)]
    print(f"{name}: {len(came) / (came[-1] - came[0]):,.0f} small chunks per second")


def report_large(name: str, arrivals: Arrivals) -> None:
    size = sum(len(part) for _, part in arrivals)
    print(f"{name}: {size / 1e6 / (arrivals[-1][0] - arrivals[0][0]):,.0f} MB/s for {size / 1e6:.0f} MB")


def stamps(arrivals: Arrivals) -> list[tuple[float, float]]:
    """When each line arrived, and when it was yielded."""
    found = []
    rest = b""
    for came, part in arrivals:
        *lines, rest = (rest + part).split(b"\n")
        found += [(came, float(line)) for line in lines if line.count(b".") == 1 and line.replace(b".", b"").isdigit()]
    return found


def last_number(arrivals: Arrivals) -> int:
    return int([line for line in b"".join(part for _, part in arrivals[-3:]).split(b"\n") if line.isdigit()][-1])


def read_until(connection: socket.socket, end: bytes) -> Arrivals:
    arrivals: Arrivals = []
    tail = b""
    while not tail.endswith(end):
        part = connection.recv(1 << 20)
        if not part:
            raise ConnectionError(f"it hung up after {tail!r}")
        arrivals.append((time.monotonic(), part))
        tail = (tail + part)[-len(end) :] if len(part) < len(end) else part[-len(end) :]
    return arrivals


def read_head(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.recv(4096)
        if not part:
            raise ConnectionError("it hung up")
        head += part
    return head


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    main()
