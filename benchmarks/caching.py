"""The cost of caching inside the function: headers of a cached and of a dynamic response, and hits in the data cache.

Run from the repository's root, as `make bench` does::

    .venv/bin/python benchmarks/caching.py

The first rows are whole requests through the Lambda adapter, in one process, interleaved, the best of the rounds; the others are calls.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.requests import event
from edgeroutes import cached
from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.runtime.manifest import Manifest, ManifestRoute

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS, CALLS = 15, 2_000
BODY = {"id": 1, "name": "Fountain pen", "tags": ["ink", "office"] * 10, "text": "The quick brown fox. " * 40}
HANDLER = f"BODY = {BODY!r}\nasync def GET():\n    return BODY\n"
ROUTES = {
    "a dynamic response": HANDLER,
    "a kept one: Cache-Control, tags, ETag": f"revalidate = 60\ntags = ['a', 'b']\n{HANDLER}",
    "the same, 304": f"revalidate = 60\ntags = ['a', 'b']\n{HANDLER}",
    "a kept one, of a cached function": (
        "from edgeroutes import cached\nrevalidate = 60\n"
        f"BODY = {BODY!r}\n@cached(revalidate=60, tags=['c'])\ndef find():\n    return BODY\nasync def GET():\n    return find()\n"
    ),
}


@cached(revalidate=3600, tags=["a"])
def small(number: int) -> dict[str, int]:
    return {"number": number}


@cached(revalidate=3600)
def large(_: int) -> list[dict[str, Any]]:
    return [BODY] * 50


@cached(revalidate=3600)
async def waiting(number: int) -> dict[str, int]:
    return {"number": number}


def best_us(function: Callable[[], object], calls: int = CALLS) -> float:
    best = 1e9
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(calls):
            function()
        best = min(best, time.perf_counter() - start)
    return best / calls * 1e6


def request_rows(root: Path) -> dict[str, float]:
    rows = {}
    for number, (name, source) in enumerate(ROUTES.items()):
        file = root / f"bench_{number}" / "route.py"
        file.parent.mkdir()
        file.write_text(source)
        route = ManifestRoute("/x", f"bench_{number}/route.py", needs_loop=False)
        handler = LambdaHandler(Manifest([route]), str(root))
        asked = event("GET", "/x")
        response = handler(asked, None)
        if "304" in name:
            asked["headers"]["If-None-Match"] = response["multiValueHeaders"]["etag"][0]
            asked["multiValueHeaders"]["If-None-Match"] = response["multiValueHeaders"]["etag"]
        assert handler(asked, None)["statusCode"] == (304 if "304" in name else 200)
        rows[name] = best_us(lambda handler=handler, asked=asked: handler(asked, None))  # type: ignore[misc]
    return rows


def awaited_us() -> float:
    async def series() -> float:
        best = 1e9
        for _ in range(ROUNDS):
            start = time.perf_counter()
            for _ in range(CALLS):
                await waiting(1)
            best = min(best, time.perf_counter() - start)
        return best / CALLS * 1e6

    return asyncio.run(series())


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, folder)
        rows = request_rows(Path(folder))
    rows["data cache: a hit, 12 bytes"] = best_us(lambda: small(1))
    rows["data cache: a hit, 12 bytes, async"] = awaited_us()
    rows["data cache: a hit, 54 KB"] = best_us(lambda: large(1), 100)
    for name, figure in rows.items():
        print(f"{name:40}{figure:9.1f} µs")


if __name__ == "__main__":
    main()
