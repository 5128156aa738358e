"""The cost of a request, cold and warm, compared with a bare handler and the installed peers.

Run from the repository's root, as `make bench` does::

    .venv/bin/python benchmarks/requests.py [ROUNDS]

All candidates do the same work: `GET /users/{id}`, and `POST /posts` with a validated body. *cold*: from the start of a process, under
the awslambdaric of Lambda, to its first response to a GET, through a Runtime API on a socket. *warm*: a call of the handler in process.
One run measures everything, interleaved, and the best of the rounds counts, so a busy machine slows every row equally.
Compare ratios, not numbers of two runs. The size of the development environment slows each cold start a little.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from edgeroutes.testing.runtime_api import RuntimeApi

HERE = Path(__file__).parent
CANDIDATES = {
    "bare handler": (HERE / "peers", "bare"),
    "edgeroutes": (HERE / "candidates" / "edgeroutes", "app"),
    "Starlette + Mangum": (HERE / "peers", "starlette_mangum"),
    "Powertools": (HERE / "peers", "powertools"),
}
CALLS = 3_000
POST = {"title": "Hello", "content": "The quick brown fox jumps over the lazy dog. " * 4, "published": True}

WARM = """
import json, sys, time
from types import SimpleNamespace
from importlib import import_module

handler = import_module(sys.argv[1]).handler
get, post = json.loads(sys.stdin.read())
context = SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 30000)
assert [handler(get, context)["statusCode"], handler(post, context)["statusCode"]] == [200, 201]
figures = []
for event in (get, post):
    best = 1e9
    for _ in range(10):
        start = time.perf_counter()
        for _ in range(int(sys.argv[2]) // 10):
            handler(event, context)
        best = min(best, time.perf_counter() - start)
    figures.append(best / (int(sys.argv[2]) // 10) * 1e6)
print(json.dumps(figures))
"""


def event(method: str, path: str, body: Any = None) -> dict[str, Any]:
    """A REST API's event with the headers of a browser."""
    headers = {
        "Accept": "application/json, text/plain, */*",
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "Content-Type": "application/json",
        "Host": "abcdef1234.execute-api.eu-west-1.amazonaws.com",
        "Origin": "https://www.example.com",
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {"page": "2"},
        "multiValueQueryStringParameters": {"page": ["2"]},
        "pathParameters": {"proxy": path[1:]},
        "stageVariables": None,
        "requestContext": {
            "httpMethod": method,
            "path": f"/live{path}",
            "requestId": "1",
            "resourcePath": "/{proxy+}",
            "stage": "live",
            "identity": {"sourceIp": "203.0.113.7"},
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


GET_EVENT = event("GET", "/users/42")
POST_EVENT = event("POST", "/posts", POST)


def environment(folder: Path) -> dict[str, str]:
    named = {
        "PYTHONPATH": f"{folder}{os.pathsep}{HERE.parent}",
        "AWS_REGION": "eu-west-1",
        "POWERTOOLS_SERVICE_NAME": "bench",
    }
    return {"PATH": os.environ["PATH"], "AWS_LAMBDA_FUNCTION_NAME": "bench", **named}


def cold_ms(folder: Path, module: str) -> float:
    """From the start of a process to its first response."""
    api = RuntimeApi()
    command = [sys.executable, "-m", "awslambdaric", f"{module}.handler"]
    variables = {**environment(folder), "AWS_LAMBDA_RUNTIME_API": api.address}
    start = time.perf_counter()
    with subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as function:
        response = api.invoke(GET_EVENT)
        taken = (time.perf_counter() - start) * 1e3
        function.kill()
    api.close()
    assert response["statusCode"] == 200, response
    return taken


def warm_us(folder: Path, module: str) -> tuple[float, float]:
    """One GET and one POST, the best of ten series."""
    command = [sys.executable, "-c", WARM, module, str(CALLS)]
    events = json.dumps([GET_EVENT, POST_EVENT])
    done = subprocess.run(command, env=environment(folder), input=events, capture_output=True, text=True, check=True)
    get, post = json.loads(done.stdout)
    return get, post


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    best: dict[str, list[float]] = {name: [1e9, 1e9, 1e9] for name in CANDIDATES}
    for _ in range(rounds):
        for name, (folder, module) in CANDIDATES.items():
            found = [cold_ms(folder, module), *warm_us(folder, module)]
            best[name] = [min(pair) for pair in zip(best[name], found, strict=True)]
    floor = best["bare handler"]
    print(
        f"{'':20}{'cold start':>20}{'warm GET':>20}{'warm POST':>20}    (best of {rounds} rounds, times the bare handler)"
    )
    for name, figures in sorted(best.items(), key=lambda row: row[1][0]):
        cells = [
            f"{figure:9.1f} {unit} {figure / least:5.1f}x"
            for figure, least, unit in zip(figures, floor, ("ms", "µs", "µs"), strict=True)
        ]
        print(f"{name:20}" + "".join(f"{cell:>20}" for cell in cells))


if __name__ == "__main__":
    main()
