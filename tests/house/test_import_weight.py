"""What a request makes Python import: every module is milliseconds of each user's cold start.

Counted is what edgeroutes adds to an interpreter that has awslambdaric, and what the route file itself imports, loaded already.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EVENTS = Path(__file__).parents[1] / "events"
# Source: facts/performance.md (November 2026): 2 to 107 ms each on top of awslambdaric.
HEAVY = {
    "anyio", "asyncio", "aws_lambda_powertools", "boto3", "botocore", "dataclasses", "email", "http.client", "inspect", "mangum",
    "msgspec", "pathlib", "pydantic", "ssl", "starlette", "tempfile", "typing", "urllib.request", "uuid", "zoneinfo",
}  # fmt: skip
# What a hello may add besides our own modules: all of it built in or frozen, together under a millisecond.
FREE = {"_contextvars", "binascii", "contextvars", "importlib.machinery"}

PROGRAM = """
import json, sys
import awslambdaric.bootstrap

source_file, preload, events, origins = json.loads(sys.argv[1])
for name in preload:
    __import__(name)
before = set(sys.modules)

from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.runtime.manifest import Manifest, ManifestRoute

options = {}
if origins:
    from edgeroutes.http.cors import CORS

    options["cors"] = CORS(origins, methods=["GET"], headers=["x-trace"])
handler = LambdaHandler(Manifest([ManifestRoute("/items/[id]", source_file, needs_loop=False, **options)]), sys.argv[2])
statuses = [handler(event, None)["statusCode"] for event in events]
json.dump([statuses, sorted(set(sys.modules) - before)], sys.stdout)
"""

HELLO = "async def GET(id: str):\n    return {'id': id}\n"
DATACLASS = """
from dataclasses import dataclass

@dataclass
class Post:
    title: str
    tags: list[str]

async def POST(post: Post):
    return post
"""
TYPED_DICT = """
from typing import TypedDict

class Post(TypedDict):
    title: str

def POST(post: Post):
    return post
"""
RESPONSES = """
from edgeroutes import Request, Response, cookies, headers, not_found, redirect

def GET(request: Request, id: int, page: int = 1):
    cookies().set("seen", "1", http_only=True, max_age=60)
    if id == 1:
        redirect("/elsewhere")
    if id == 2:
        not_found()
    return Response.json([headers()["host"], request.url.path, request.cookies], status=203)
"""
REMEMBERED = """
from edgeroutes import cache_tags, cached
revalidate = 60
@cached(revalidate=60, tags=["a"])
def find(id):
    cache_tags("b")
    return {"id": id}
async def GET(id: str):
    return find(id)
"""
CACHED = "revalidate = 60\ntags = ['a']\ndef GET():\n    return 'text'\n"
EVENTS_WITH_HEARTBEATS = "from edgeroutes import Response\ndef GET():\n    return Response.sse(iter('ab'))\n"
FILE = "from edgeroutes import Response\ndef GET():\n    return Response.file('functions/route.py')\n"


def rest_event(method: str, path: str, body: Any = None) -> dict[str, Any]:
    headers = {
        "Host": "example.com",
        "Content-Type": "application/json",
        "Cookie": "a=1; b=%20",
        "X-Forwarded-Proto": "https",
    }
    return {
        "httpMethod": method,
        "path": path,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {"page": "2"},
        "multiValueQueryStringParameters": {"page": ["2"]},
        "requestContext": {"requestId": "1", "identity": {"sourceIp": "203.0.113.7"}},
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def http_event(method: str, path: str) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "page=2",
        "cookies": ["a=1"],
        "headers": {"host": "example.com"},
        "requestContext": {"requestId": "1", "http": {"method": method, "path": path, "sourceIp": "203.0.113.7"}},
        "isBase64Encoded": False,
    }


def respond(
    tmp_path: Path,
    source: str,
    events: list[dict[str, Any]],
    preload: tuple[str, ...] = (),
    *,
    origins: tuple[str, ...] = (),
) -> tuple[list[int], set[str]]:
    """Statuses, and the modules that a fresh interpreter had to load for them."""
    file = tmp_path / "functions" / "route.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(source)
    question = json.dumps(["functions/route.py", preload, events, origins])
    command = [sys.executable, "-c", PROGRAM, question, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    statuses, added = json.loads(done.stdout.splitlines()[-1])  # behind the log lines of a failure
    return statuses, set(added)


def outsiders(added: set[str]) -> set[str]:
    return {name for name in added if name.partition(".")[0] not in ("edgeroutes", "functions")}


def test_a_hello_loads_our_own_modules_and_next_to_nothing_else(tmp_path: Path) -> None:
    events = [rest_event("GET", "/items/1"), http_event("GET", "/items/1"), rest_event("HEAD", "/items/1")]
    statuses, added = respond(tmp_path, HELLO, events)
    assert statuses == [200, 200, 200]
    assert outsiders(added) <= FREE


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("def GET():\n    return {'id': 1}\n", set()),
        (HELLO, {"annotations", "binding", "values"}),
        ("def GET() -> dict[str, str]:\n    return {'id': '1'}\n", {"annotations", "response_models", "returns"}),
    ],
    ids=["no argument", "a segment", "a return annotation"],
)
def test_a_hello_loads_what_reads_its_signature_and_nothing_else_for_it(
    tmp_path: Path, source: str, parts: set[str]
) -> None:
    _, added = respond(tmp_path, source, [rest_event("GET", "/items/1")])
    names = {name.rpartition(".")[2] for name in added if name.startswith("edgeroutes.runtime.")}
    always = {
        "application", "context", "endpoint", "loop", "manifest", "responses", "signature",
    }  # fmt: skip
    assert names == always | parts
    assert not added & {f"edgeroutes.http.{name}" for name in ("cookies", "problem", "request_bodies", "url")}


def test_cors_loads_its_own_three_modules_and_only_where_it_is_declared(tmp_path: Path) -> None:
    from_elsewhere = rest_event("GET", "/items/1")
    from_elsewhere["multiValueHeaders"] |= {"Origin": ["https://a.example"]}
    preflight = rest_event("OPTIONS", "/items/1")
    preflight["multiValueHeaders"] |= {"Origin": ["https://a.b.example"], "Access-Control-Request-Method": ["GET"]}

    _, plain = respond(tmp_path, HELLO, [from_elsewhere])
    statuses, added = respond(
        tmp_path, HELLO, [preflight, from_elsewhere], origins=("https://a.example", "https://*.b.example")
    )

    assert statuses == [204, 200]
    assert added - plain == {"edgeroutes.http.cors", "edgeroutes.runtime.cors"}


@pytest.mark.parametrize(
    ("source", "preload", "events", "statuses"),
    [
        (HELLO, (), [rest_event("DELETE", "/items/1"), rest_event("OPTIONS", "/items/1"), rest_event("BREW", "/")], [405, 204, 404]),
        (HELLO, (), [rest_event("GET", "/items/a%20b/"), rest_event("GET", "/none"), rest_event("GET", "/items/%")], [308, 404, 400]),
        (RESPONSES, (), [rest_event("GET", f"/items/{item}") for item in ("0", "1", "2", "x")], [203, 307, 404, 404]),
        (CACHED, (), [rest_event("GET", "/items/1")], [200]),
        (REMEMBERED, (), [rest_event("GET", "/items/1"), rest_event("GET", "/items/1")], [200, 200]),
        (
            DATACLASS,
            ("dataclasses",),
            [rest_event("POST", "/items/1", {"title": "a", "tags": ["b"]}), rest_event("POST", "/items/1", {"title": 1})],
            [200, 400],
        ),
        (
            TYPED_DICT,
            ("typing",),
            [rest_event("POST", "/items/1", {"title": "a"}), rest_event("POST", "/items/1", [])],
            [200, 400],
        ),
        ("def GET():\n    raise KeyError(1)\n", (), [rest_event("GET", "/items/1")], [500]),
        (EVENTS_WITH_HEARTBEATS, (), [rest_event("GET", "/items/1")], [200]),
        (FILE, (), [rest_event("GET", "/items/1")], [200]),
    ],
    ids=["methods", "paths", "responses", "cached", "remembered", "dataclass", "typed dict", "failure", "events", "file"],
)  # fmt: skip
def test_an_ordinary_request_loads_nothing_heavy(
    tmp_path: Path, source: str, preload: tuple[str, ...], events: list[dict[str, Any]], statuses: list[int]
) -> None:
    found, added = respond(tmp_path, source, events, preload)
    assert found == statuses
    assert added & HEAVY == set()
