"""The cost of a request to the dev server: a hit in its CDN, the same response without the CDN, and bare Starlette on the same uvicorn.

Run from the repository's root, as `make bench` does::

    .venv/bin/python benchmarks/dev_cdn.py [ROUNDS]

Each server runs in a process of its own. One client sends requests over one connection, so the result is the time of one
request, not the machine's capacity. One run measures everything, interleaved, and the best of the rounds counts.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
REQUESTS = 400
PROJECT = {
    "kept": "revalidate = 3600\n\nasync def GET(id: str):\n    return {'id': id}\n",
    "made": "async def GET(id: str):\n    return {'id': id}\n",
}
STARLETTE = """
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

async def get(request):
    return JSONResponse({"id": request.path_params["id"]})

class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print("http://127.0.0.1:%d" % self.servers[0].sockets[0].getsockname()[1], flush=True)

app = Starlette(routes=[Route("/kept/{id}", get)])
Server(uvicorn.Config(app, port=0, http="h11", loop="asyncio", log_level="critical", access_log=False)).run()
"""


@contextmanager
def serving(command: list[str]) -> Iterator[tuple[str, int]]:
    """Host and port of a server that prints its URL in its first line."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parent)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        threading.Thread(target=process.stdout.read, daemon=True).start()  # the log, which nobody reads
        url = json.loads(line)["url"] if line.startswith("{") else line.strip()
        host, _, port = url.removeprefix("http://").partition(":")
        yield host, int(port)
    finally:
        process.kill()
        process.wait()


def request_us(address: tuple[str, int], path: str, expected: str | None) -> float:
    """The best of ten series, a request's microseconds."""
    connection = http.client.HTTPConnection(*address)
    best = 1e9
    for _ in range(10):
        start = time.perf_counter()
        for _ in range(REQUESTS // 10):
            connection.request("GET", path)
            response = connection.getresponse()
            assert response.read() in (b'{"id":"42"}', b'{"id": "42"}'), response.status
        best = min(best, time.perf_counter() - start)
        assert response.headers.get("x-cache") == expected, response.headers
    connection.close()
    return best / (REQUESTS // 10) * 1e6


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        for name, text in PROJECT.items():
            route = Path(folder, "functions", name, "[id]", "route.py")
            route.parent.mkdir(parents=True)
            route.write_text(text)
        dev = [sys.executable, "-m", "edgeroutes", "dev", "--root", folder, "--port", "0", "--json"]
        candidates = {
            "a hit in the CDN": (dev, "/kept/42", "Hit from cloudfront"),
            "made anew, through the CDN": (dev, "/made/42", "Miss from cloudfront"),
            "made anew, --no-cdn": ([*dev, "--no-cdn"], "/made/42", None),
            "bare Starlette": ([sys.executable, "-c", STARLETTE], "/kept/42", None),
        }
        best = dict.fromkeys(candidates, 1e9)
        for _ in range(rounds):
            for name, (command, path, expected) in candidates.items():
                with serving(command) as address:
                    if expected and expected.startswith("Hit"):
                        connection = http.client.HTTPConnection(*address)
                        connection.request("GET", path)
                        connection.getresponse().read()
                    best[name] = min(best[name], request_us(address, path, expected))
    floor = best["bare Starlette"]
    for name, figure in sorted(best.items(), key=lambda row: row[1]):
        print(f"{name:30}{figure:10.0f} µs {figure / floor:5.2f}x")


if __name__ == "__main__":
    main()
