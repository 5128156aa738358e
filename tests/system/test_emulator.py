"""Real routes in AWS's runtime emulator, under the runtime client that Lambda uses."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.system.emulator import Emulator, find_emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.system

HANDLER = """
import os
from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.runtime.manifest import Manifest, ManifestRoute

routes = {routes!r}
manifest = Manifest([ManifestRoute(path, file, needs_loop=loop) for path, file, loop in routes])
handler = LambdaHandler(manifest, os.path.dirname(os.path.abspath(__file__)))
"""

# Route path → whether it needs a loop, and its file.
ROUTES = {
    "/hello": (False, "async def GET():\n    return {'message': 'Hello', 'snow': '☃'}\n"),
    "/users/[id]": (
        False,
        """
from dataclasses import dataclass
from .greeting import greet

@dataclass
class Changes:
    name: str

async def GET(id: int, loud: bool = False):
    return greet(id, loud)

async def PUT(id: int, changes: Changes):
    return {"id": id, "name": changes.name}
""",
    ),
    "/echo": (
        False,
        """
from edgeroutes import Request, Response

async def POST(request: Request):
    return Response(await request.body(), 201, {"content-type": "image/png"})
""",
    ),
    "/session": (
        False,
        """
from edgeroutes import cookies, redirect

async def GET():
    return dict(cookies())

async def POST():
    cookies().set("session", "a b", http_only=True)
    cookies().set("theme", "dark")
    redirect("/session")
""",
    ),
    "/broken": (False, "async def GET():\n    raise KeyError('the secret cause')\n"),
    "/after/[name]": (
        False,
        """
from pathlib import Path
from edgeroutes import after

HERE = Path(__file__).parents[3]

async def POST(name: str):
    done = HERE / f"{name}.done"
    after(done.touch)
    return {"done": done.exists()}
""",
    ),
    "/loop": (
        True,
        """
import asyncio

opened = {}

async def tick():
    await asyncio.sleep(0.01)
    opened["ticked"] = True

async def POST():
    opened.update(loop=asyncio.get_running_loop(), task=asyncio.ensure_future(tick()), ticked=False)
    return {"ticked": opened["ticked"]}

async def GET():
    await opened["task"]
    return {"same": opened["loop"] is asyncio.get_running_loop(), "ticked": opened["ticked"]}
""",
    ),
}  # fmt: skip
GREETING = "def greet(id, loud):\n    return f'User {id}' + '!' * loud\n"


def write_task(task: Path, routes: dict[str, tuple[bool, str]]) -> None:
    listed = []
    for route_path, (needs_loop, source) in routes.items():
        source_file = f"functions{route_path}/route.py"
        (task / source_file).parent.mkdir(parents=True)
        (task / source_file).write_text(source)
        listed.append((route_path, source_file, needs_loop))
    (task / "handler.py").write_text(HANDLER.format(routes=listed))


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], Emulator]]:
    program = find_emulator()
    if program is None:
        pytest.skip("the Lambda runtime emulator is not here: run 'make sam' on Linux, or name it in EDGEROUTES_RIE")
    started: list[Emulator] = []

    def start_in(task: Path) -> Emulator:
        started.append(Emulator(program, task, tmp_path_factory.mktemp("log") / "output"))
        return started[-1]

    yield start_in
    for emulator in started:
        emulator.stop()


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("task")
    write_task(folder, ROUTES)
    (folder / "functions" / "users" / "[id]" / "greeting.py").write_text(GREETING)
    return folder


@pytest.fixture(scope="module")
def emulator(start: Callable[[Path], Emulator], task: Path) -> Emulator:
    return start(task)


def rest_event(method: str, path: str, *, body: bytes = b"", **headers: str) -> dict[str, Any]:
    sent = {
        "Host": "abc.execute-api.eu-west-1.amazonaws.com",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    path, _, query = path.partition("?")
    pairs = dict(pair.split("=") for pair in query.split("&") if pair)
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": pairs or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in pairs.items()} or None,
        "requestContext": {"requestId": "gateway-1", "stage": "live", "identity": {"sourceIp": "203.0.113.7"}},
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }


def test_a_get_returns_its_response(emulator: Emulator) -> None:
    assert emulator.invoke(rest_event("GET", "/hello")) == {
        "statusCode": 200,
        "multiValueHeaders": {"content-type": ["application/json"], "cache-control": ["private, no-store"]},
        "body": '{"message":"Hello","snow":"☃"}',
        "isBase64Encoded": False,
    }


def test_segments_queries_and_bodies_arrive_and_files_beside_the_route_are_found(emulator: Emulator) -> None:
    result = emulator.invoke(rest_event("GET", "/users/7?loud=true"))
    assert (result["statusCode"], result["body"]) == (200, "User 7!")
    changes = rest_event("PUT", "/users/7", body=b'{"name": "Ada"}', Content_Type="application/json")
    assert json.loads(emulator.invoke(changes)["body"]) == {"id": 7, "name": "Ada"}
    wrong = emulator.invoke(rest_event("PUT", "/users/7", body=b'{"name": 1}', Content_Type="application/json"))
    assert (wrong["statusCode"], [error["field"] for error in json.loads(wrong["body"])["errors"]]) == (400, ["name"])


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/users/x", 404), ("DELETE", "/hello", 405)]
)
def test_what_no_handler_serves_has_its_status(emulator: Emulator, method: str, path: str, status: int) -> None:
    assert emulator.invoke(rest_event(method, path))["statusCode"] == status


def test_binary_bodies_go_both_ways(emulator: Emulator) -> None:
    content = bytes(range(256))
    result = emulator.invoke(rest_event("POST", "/echo", body=content, Content_Type="image/png"))
    assert (result["statusCode"], result["isBase64Encoded"]) == (201, True)
    assert base64.b64decode(result["body"]) == content


def test_cookies_go_both_ways(emulator: Emulator) -> None:
    result = emulator.invoke(rest_event("POST", "/session"))
    assert result["statusCode"] == 307
    assert result["multiValueHeaders"]["location"] == ["/session"]
    assert [line.split(";")[0] for line in result["multiValueHeaders"]["set-cookie"]] == ["session=a%20b", "theme=dark"]
    sent = emulator.invoke(rest_event("GET", "/session", Cookie="session=a%20b; theme=dark"))
    assert json.loads(sent["body"]) == {"session": "a b", "theme": "dark"}


def test_an_exception_is_a_problem_without_its_cause_and_one_line_in_the_log(emulator: Emulator) -> None:
    before = len(emulator.log_lines())
    result = emulator.invoke(rest_event("GET", "/broken"))
    problem = json.loads(result["body"])
    assert (result["statusCode"], problem["status"], problem["title"]) == (500, 500, "Internal Server Error")
    assert "secret" not in result["body"]
    (line,) = emulator.log_lines()[before:]
    assert (line["level"], line["route"], line["method"]) == ("ERROR", "/broken", "GET")
    assert line["request_id"] == problem["request_id"] != ""
    assert "KeyError: 'the secret cause'" in line["exception"]


def test_after_has_run_before_the_next_invocation(emulator: Emulator, task: Path) -> None:
    # The emulator gives a response out only when the function requests the next event: see test_runtime_api.py for the order before.
    result = emulator.invoke(rest_event("POST", "/after/work"))
    assert json.loads(result["body"]) == {"done": False}
    assert (task / "work.done").exists()
    assert [line for line in emulator.log_lines() if line["level"] == "WARNING"] == []


def test_one_loop_lives_from_invocation_to_invocation(emulator: Emulator) -> None:
    assert json.loads(emulator.invoke(rest_event("POST", "/loop"))["body"]) == {"ticked": False}
    assert json.loads(emulator.invoke(rest_event("GET", "/loop"))["body"]) == {"same": True, "ticked": True}


def test_an_event_that_is_not_http_fails_by_name_and_the_next_one_gets_a_response(emulator: Emulator) -> None:
    before = len(emulator.log_lines())
    result = emulator.invoke({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
    assert result["errorType"] == "EventError"
    assert "the keys detail, detail-type, source" in result["errorMessage"]
    assert [line["message"] for line in emulator.log_lines()[before:] if "message" in line] == [result["errorMessage"]]
    assert emulator.invoke(rest_event("GET", "/hello"))["statusCode"] == 200


def test_a_function_whose_route_does_not_import_says_so_and_stays_alive(
    start: Callable[[Path], Emulator], tmp_path: Path
) -> None:
    write_task(tmp_path, {"/lonely": (False, "import nowhere_to_be_found\n")})
    emulator = start(tmp_path)
    statuses = [emulator.invoke(rest_event("GET", path))["statusCode"] for path in ("/lonely", "/other", "/lonely")]
    assert statuses == [500, 404, 500]
    assert "the module 'nowhere_to_be_found' is not there" in emulator.log_lines()[0]["exception"]
