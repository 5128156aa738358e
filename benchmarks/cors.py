"""The cost of CORS and one middleware: per request, per preflight, and at the start of a function.

Run from the repository's root::

    .venv/bin/python benchmarks/cors.py [ROUNDS]

A handler is called in process with the REST event of a browser. Each round measures every row, and the best round counts. *start* is
the time of a new interpreter for the modules and the handler, without the interpreter itself; the best of as many processes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from edgeroutes.adapters.proxy import LambdaHandler  # noqa: E402  # the repository's own
from edgeroutes.http.cors import CORS  # noqa: E402
from edgeroutes.runtime.manifest import Manifest, ManifestRoute  # noqa: E402

CALLS = 2_000
APP = "https://app.example.com"
ONE = CORS(APP, methods=["GET"], credentials=True)
SEVERAL = CORS(
    [APP, "https://other.example.com", "https://*.preview.example.com"], methods=["GET"], headers=["x-trace"]
)
PATTERN = CORS(r"regex:https://[a-z]+\.example\.com", methods=["GET"])
MIDDLEWARE = "async def middleware(request, call_next):\n    return await call_next(request)\n"

START = """
import json, re, sys, time
import awslambdaric.bootstrap
began = time.perf_counter()
from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.runtime.manifest import Manifest, ManifestRoute
options = {}
if sys.argv[2] == "cors":
    from edgeroutes.http.cors import CORS
    options["cors"] = CORS(["https://app.example.com", "https://other.example.com"], methods=["GET"])
handler = LambdaHandler(Manifest([ManifestRoute("/hello", "functions/route.py", needs_loop=False, **options)]), sys.argv[1])
handler(json.loads(sys.argv[3]), None)
print((time.perf_counter() - began) * 1000)
"""


def event(method: str, **headers: str) -> dict[str, Any]:
    """A REST API's event."""
    sent = {
        "Host": "api.example.com",
        "Accept": "*/*",
        "User-Agent": "Mozilla/5.0",
        "X-Forwarded-For": "203.0.113.7",
        **headers,
    }
    return {
        "path": "/hello",
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "requestContext": {"requestId": "1"},
    }


CROSS = event("GET", Origin=APP)
PREFLIGHT = event(
    "OPTIONS", **{"Origin": APP, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-trace"}
)


def handler(root: Path, *, cors: CORS | None = None, middleware: bool = False) -> LambdaHandler:
    """A function with one route that returns a small JSON document."""
    route = ManifestRoute(
        "/hello",
        "functions/route.py",
        middleware_files=["functions/middleware.py"] if middleware else [],
        needs_loop=False,
        cors=cors,
    )
    return LambdaHandler(Manifest([route]), str(root))


def microseconds(made: LambdaHandler, asked: dict[str, Any]) -> float:
    """Per call."""
    began = time.perf_counter()
    for _ in range(CALLS):
        made(asked, None)
    return (time.perf_counter() - began) / CALLS * 1e6


def start_milliseconds(root: Path, what: str) -> float:
    """From an interpreter with awslambdaric to the first response."""
    command = [sys.executable, "-c", START, str(root), what, json.dumps(CROSS)]
    environ = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }  # Lambda has bytecode
    return float(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environ).stdout)


def main(rounds: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "functions").mkdir()
        (root / "functions" / "route.py").write_text("def GET():\n    return {'hello': 'world'}\n")
        (root / "functions" / "middleware.py").write_text(MIDDLEWARE)
        rows = {
            "no CORS": (handler(root), CROSS),
            "one origin": (handler(root, cors=ONE), CROSS),
            "several origins": (handler(root, cors=SEVERAL), CROSS),
            "an expression": (handler(root, cors=PATTERN), CROSS),
            "a preflight": (handler(root, cors=SEVERAL), PREFLIGHT),
            "one middleware": (handler(root, middleware=True), CROSS),
        }
        best = dict.fromkeys(rows, float("inf"))
        starts = dict.fromkeys(("plain", "cors"), float("inf"))
        for _ in range(rounds):
            for name, (made, asked) in rows.items():
                best[name] = min(best[name], microseconds(made, asked))
            for what, fastest in starts.items():
                starts[what] = min(fastest, start_milliseconds(root, what))
        plain = best["no CORS"]
        for name, figure in best.items():
            print(f"{name:<18}{figure:7.1f} µs  {figure - plain:+6.1f}")
        print(f"{'start':<18}{starts['plain']:7.2f} ms")
        print(f"{'start with CORS':<18}{starts['cors']:7.2f} ms  {starts['cors'] - starts['plain']:+6.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
