"""How long the matcher takes, and that the number of routes does not matter.

Run from the repository's root::

    .venv/bin/python benchmarks/matching.py

One run measures all tables, interleaved, so a busy machine slows every column equally. Each figure
is the best of the rounds. Ratios compare with the smallest table.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from edgeroutes.routing.table import RouteTable

SIZES = (1, 10, 100, 1_000, 5_000)
ROUNDS = 15
CALLS = 4_000


def routes(count: int) -> list[tuple[str, int]]:
    """Route paths as a project has them: four kinds, spread over many folders."""
    shapes = ("/api/r{}/[id]", "/api/r{}", "/r{}/[team]/items/[item]/edit", "/docs/r{}/[...slug]")
    return [(shapes[index % 4].format(index // 4), index) for index in range(count)]


def paths(count: int) -> dict[str, str]:
    """One path per kind of route, for the route in the table's middle."""
    middle = count // 8
    return {
        "static": f"/api/r{middle}" if count > 1 else "",
        "param": f"/api/r{middle}/42",
        "deep": f"/r{middle}/blue/items/7/edit" if count > 2 else "",
        "catch-all": f"/docs/r{middle}/a/b/c" if count > 3 else "",
        "encoded": f"/api/r{middle}/a%2Fb",
        "miss": "/api/nothing/at/all",
    }


def measure(table: RouteTable[int], path: str) -> float:
    """Microseconds for one match."""
    match = table.match
    start = time.perf_counter()
    for _ in range(CALLS):
        match(path)
    return (time.perf_counter() - start) / CALLS * 1e6


def main() -> None:
    tables = {size: RouteTable(routes(size)) for size in SIZES}
    kinds = list(paths(SIZES[-1]))
    best: dict[tuple[str, int], float] = {}
    for _ in range(ROUNDS):
        for size, table in tables.items():
            for kind, path in paths(size).items():
                if path:
                    best[kind, size] = min(measure(table, path), best.get((kind, size), 1e9))
    print(f"{'µs per match':12}" + "".join(f"{size:>8,} routes" for size in SIZES) + "   largest : smallest")
    for kind in kinds:
        row = [best.get((kind, size)) for size in SIZES]
        known = [value for value in row if value is not None]
        cells = "".join(f"{'':>15}" if value is None else f"{value:>15.2f}" for value in row)
        print(f"{kind:12}{cells}{known[-1] / known[0]:>12.2f}")
    start = time.perf_counter()
    RouteTable(routes(SIZES[-1]))
    print(f"building a table of {SIZES[-1]:,} routes: {(time.perf_counter() - start) * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
