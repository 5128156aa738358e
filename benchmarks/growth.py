"""Whether memory, file descriptors and threads grow: 10,000 invocations of four routes, and 2,000 requests to `edgeroutes dev`.

Run from the repository's root: `.venv/bin/python benchmarks/growth.py [INVOCATIONS [REQUESTS]]`. Each row is one process, measured
after a tenth of its calls and after all of them; Linux only (it reads /proc).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

ROUTES = {
    "hello": ("/hello", "def GET():\n    return {'hello': 'world'}\n"),
    "echo": (
        "/echo",
        (
            "from dataclasses import dataclass\n\n@dataclass\nclass Item:\n    name: str\n    tags: list[str]\n\n"
            "def POST(item: Item):\n    return item\n"
        ),
    ),
    "exception": ("/exception", "def GET(request):\n    raise ValueError(request.headers['x-number'])\n"),
    "mounted": (
        "/mounted/[[...path]]",
        (
            "from starlette.applications import Starlette\nfrom starlette.responses import PlainTextResponse\n"
            "from starlette.routing import Route\n\nasync def index(request):\n    return PlainTextResponse('mounted')\n\n"
            "app = Starlette(routes=[Route('/{rest:path}', index)])\n"
        ),
    ),
}
STATUSES = {"hello": 200, "echo": 200, "exception": 500, "mounted": 200}

INVOKE = """
import json, os, sys
from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.runtime.manifest import Manifest, ManifestRoute

root, path, name, status, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
handler = LambdaHandler(Manifest([ManifestRoute(path, f"functions{path}/route.py", needs_loop=name == "mounted")]), root)

def figures():
    fields = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(fields["VmRSS"].split()[0]) / 1024, len(os.listdir("/proc/self/fd")), int(fields["Threads"])

found = []
for number in range(count):
    event = {
        "httpMethod": "POST" if name == "echo" else "GET", "path": path.replace("[[...path]]", f"x{number}"),
        "headers": {"host": "a.example", "content-type": "application/json", "x-number": str(number)},
        "queryStringParameters": {"n": str(number)}, "requestContext": {"requestId": str(number)},
        "body": json.dumps({"name": f"name {number}", "tags": [str(number)] * 20}) if name == "echo" else None, "isBase64Encoded": False,
    }
    assert handler(event)["statusCode"] == status
    if number in (count // 10, count - 1):
        found.append(figures())
print(json.dumps(found), file=sys.stderr)
"""


def main() -> None:
    """Measure and print one row per process."""
    invocations, requests = (*map(int, sys.argv[1:]), *(10_000, 2_000)[len(sys.argv) - 1 :])
    print(f"{'':<12}{'calls':>8}{'RSS MB':>18}{'fds':>12}{'threads':>12}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, source in ROUTES.values():
            file = root / f"functions{path}" / "route.py"
            file.parent.mkdir(parents=True)
            file.write_text(source)
        for name, (path, _) in ROUTES.items():
            command = [sys.executable, "-c", INVOKE, folder, path, name, str(STATUSES[name]), str(invocations)]
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
            show(name, invocations, json.loads(done.stderr.splitlines()[-1]))
        show("dev", requests, measure_dev(root, requests))


def measure_dev(root: Path, count: int) -> list[tuple[float, int, int]]:
    """Figures of `edgeroutes dev` after a tenth of the requests and after all."""
    port = 20_000 + os.getpid() % 20_000
    command = [sys.executable, "-m", "edgeroutes", "dev", "--port", str(port)]
    server = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 60
        while fetch(f"{base}/hello") != 200:
            if time.monotonic() > end or server.poll() is not None:
                raise SystemExit("edgeroutes dev does not respond")
            time.sleep(0.2)
        found = []
        for number in range(count):
            name = [*ROUTES][number % len(ROUTES)]
            body = json.dumps({"name": str(number), "tags": ["a"]}).encode() if name == "echo" else None
            path = ROUTES[name][0].replace("[[...path]]", str(number))
            status = fetch(f"{base}{path}?n={number}", body)
            if status != STATUSES[name]:
                raise SystemExit(f"{path}: {status}")
            if number in {count // 10, count - 1}:
                time.sleep(1)  # threads and files of a request have been released
                found.append(figures_of(server.pid))
        return found
    finally:
        server.terminate()
        server.wait()


def fetch(url: str, body: bytes | None = None) -> int:
    """The status; 0 without a response."""
    try:
        request = Request(url, body, {"content-type": "application/json", "x-number": "1"})  # our own server
        with urlopen(request, timeout=30) as response:
            response.read()
            return int(response.status)
    except HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


def figures_of(pid: int) -> tuple[float, int, int]:
    """Resident memory in MB, file descriptors and threads of a process."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024, len([*Path(f"/proc/{pid}/fd").iterdir()]), int(fields["Threads"])


def show(name: str, calls: int, found: list[tuple[float, int, int]]) -> None:
    """Print a row: before → after."""
    (rss, fds, threads), (last_rss, last_fds, last_threads) = found
    print(
        f"{name:<12}{calls:>8,}{f'{rss:.1f} → {last_rss:.1f}':>18}{f'{fds} → {last_fds}':>12}{f'{threads} → {last_threads}':>12}",
        flush=True,
    )


if __name__ == "__main__":
    main()
