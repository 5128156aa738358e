"""A route whose model waits, while it is validated, for another request: what blocks an event loop never gets it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

_MODELS = {
    "dataclass": """
from dataclasses import dataclass
@dataclass
class Body:
    text: str
    def __post_init__(self):
        wait()
""",
    "pydantic": """
from pydantic import BaseModel, model_validator
class Body(BaseModel):
    text: str
    @model_validator(mode="after")
    def check(self):
        wait()
        return self
""",
}
KINDS = tuple(_MODELS)
LARGE = json.dumps({"text": "x" * 100_000}).encode()


def waiting_route(kind: str, patience_seconds: float) -> str:
    """The source of a route: POST is validated until GET has been requested, and responds whether it was.

    It shares the module `gate` with its test: `begun` and `asked` are events, `found` is a list.
    """
    return f"""
import asyncio
import gate
def wait():
    gate.begun.set()
    gate.found.append(gate.asked.wait({patience_seconds}))
{_MODELS[kind]}
async def GET():
    gate.asked.set()
    return {{}}
async def POST(body: Body):
    return {{"asked": gate.found.pop()}}
"""


def post_and_get(url: str, gate: Any, patience_seconds: float) -> object:
    """What POST responds, when GET is requested as soon as it has begun."""
    with ThreadPoolExecutor(1) as pool, httpx.Client(base_url=url, timeout=2 * patience_seconds) as client:
        posting = pool.submit(client.post, "/x", content=LARGE)
        assert gate.begun.wait(patience_seconds)
        client.get("/x")
        return posting.result().json()
