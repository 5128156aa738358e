"""The cost of validating a body: normal bodies, and expensive ones.

Run from the repository's root::

    .venv/bin/python benchmarks/validation.py [ROUNDS]

edgeroutes' validator (dataclasses), pydantic and msgspec read each body of about a megabyte, as in a route: bytes in, model or problem
document out. The best CPU time of the rounds counts; memory is the peak above the body itself, traced in a round of its own. `json` is
`json.loads` of the same bytes, the minimum for all of them. Figures are per megabyte of body.
"""

from __future__ import annotations

import json
import sys
import time
import tracemalloc
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import msgspec
import pydantic

from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.problem import Problems, problem_response
from edgeroutes.runtime.bodies import _own_readers
from edgeroutes.runtime.models import json_reader

if TYPE_CHECKING:
    from collections.abc import Callable

MEGABYTE = 1_000_000


@dataclass
class And:
    args: list[And | Or | Not | Leaf]


@dataclass
class Or:
    args: list[And | Or | Not | Leaf]


@dataclass
class Not:
    args: list[And | Or | Not | Leaf]


@dataclass
class Leaf:
    field: str


@dataclass
class Item:
    id: int
    name: str
    price: float
    tags: list[str]


@dataclass
class Body:
    items: list[Item] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    where: And | Or | Not | Leaf | None = None


class PydanticItem(pydantic.BaseModel):
    id: int
    name: str
    price: float
    tags: list[str]


class PydanticBody(pydantic.BaseModel):
    items: list[PydanticItem] = []
    counts: dict[str, int] = {}


class StructItem(msgspec.Struct):
    id: int
    name: str
    price: float
    tags: list[str]


class StructBody(msgspec.Struct):
    items: list[StructItem] = []
    counts: dict[str, int] = {}


def filled(part: str) -> str:
    """A list of a megabyte."""
    return f"[{','.join([part] * (MEGABYTE // (len(part) + 1)))}]"


def tree(levels: int, leaf: str) -> str:
    return '{"args":[' * levels + leaf + "]}" * levels


ITEM = json.dumps({"id": 1, "name": "A name of some length", "price": 12.5, "tags": ["red", "green"]})
BODIES: dict[str, str] = {
    "valid items": f'{{"items":{filled(ITEM)}}}',
    "wrong items": f'{{"items":{filled("1")}}}',
    "empty items": f'{{"items":{filled("{}")}}}',
    "items with one wrong field": f'{{"items":{filled(ITEM.replace("12.5", "null"))}}}',
    "long wrong names": json.dumps({"counts": {"x" * 1000 + str(place): "x" for place in range(MEGABYTE // 1008)}}),
    "numbers beyond float": f'{{"items":{filled("1e999")}}}',
    "lone surrogates": f'{{"items":{filled(json.dumps(chr(0xD800)))}}}',
    "unknown fields": f'{{"other":{filled("1")}}}',
    "filter trees, valid": f'{{"where":{{"args":{filled(tree(20, json.dumps({"field": "a"})))}}}}}',
    "filter trees, wrong leaf": f'{{"where":{{"args":{filled(tree(20, json.dumps({"field": 1})))}}}}}',
    "filter leaves, last one wrong": f'{{"where":{{"args":{filled(json.dumps({"field": "a"}))[:-1]},{{"field":1}}]}}}}',
    "nested too deep": "[" * MEGABYTE,
}
READERS: dict[str, Callable[[bytes, Problems], Any]] = {
    "dataclasses": _own_readers(Body, "benchmark")[0],
    "pydantic": json_reader(PydanticBody),
    "msgspec": json_reader(StructBody),
}


def respond(read: Callable[[bytes, Problems], Any], body: bytes) -> int:
    """The size of the problem document; 0 for a valid body."""
    problems = Problems()
    try:
        read(body, problems)
        if not problems:
            return 0
        error = HTTPError(400, errors=problems.errors())
    except HTTPError as found:
        error = found
    return len(problem_response(error, instance="/", request_id="").body or b"")  # type: ignore[arg-type]


def cpu_ms(work: Callable[[], Any], rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best * 1e3


def peak(work: Callable[[], Any]) -> int:
    tracemalloc.start()
    work()
    size: int = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return size


def load(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"{'':32}{'json':>16}" + "".join(f"{name:>26}" for name in READERS))
    for name, text in BODIES.items():
        body = text.encode()
        scale = MEGABYTE / len(body)
        floor = cpu_ms(lambda body=body: load(body), rounds) * scale  # type: ignore[misc]
        row = f"{name:32}{floor:6.0f} ms {peak(lambda body=body: load(body)) * scale / MEGABYTE:4.1f}x"  # type: ignore[misc]
        for library, read in READERS.items():
            if "filter" in name and library != "dataclasses":
                continue
            work = lambda read=read, body=body: respond(read, body)  # noqa: E731
            took, size = cpu_ms(work, rounds) * scale, peak(work) * scale / MEGABYTE
            row += f"{took:9.0f} ms {size:5.1f}x {work():6} B"
        print(row, flush=True)


if __name__ == "__main__":
    main()
