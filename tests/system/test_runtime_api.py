"""A function's process under the real awslambdaric, and the order in which it speaks to Lambda."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from edgeroutes.testing.runtime_api import RuntimeApi

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HANDLER = """
import os
from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.runtime.manifest import Manifest, ManifestRoute

route = ManifestRoute("/job", "functions/job/route.py", needs_loop=bool(os.environ["NEEDS_LOOP"]))
handler = LambdaHandler(Manifest([route]), os.path.dirname(os.path.abspath(__file__)))
"""
# What is given to `after` is held up until the test lets it go on.
ROUTE = """
import time
from pathlib import Path
from edgeroutes import after, cached

HERE = Path(__file__).parents[2]

def held(name):
    (HERE / f"{name}.started").touch()
    while not (HERE / f"{name}.release").exists():
        time.sleep(0.002)
    (HERE / f"{name}.done").touch()

async def held_async(name):
    held(name)

async def POST(name: str):
    after(held_async if name.startswith("async") else held, name)
    return {"name": name}

async def GET():
    return "next"

@cached(revalidate=1)
def slow():
    if not (HERE / "first").exists():
        (HERE / "first").touch()
        return "old"
    held("refresh")
    return "new"

async def PUT():
    return slow()
"""


@pytest.fixture(params=["", "1"], ids=["without a loop", "on a loop"])
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RuntimeApi]:
    (tmp_path / "functions" / "job").mkdir(parents=True)
    (tmp_path / "functions" / "job" / "route.py").write_text(ROUTE)
    (tmp_path / "handler.py").write_text(HANDLER)
    api = RuntimeApi()
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "NEEDS_LOOP": request.param,
    }
    command = [sys.executable, "-m", "awslambdaric", "handler.handler"]
    function = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield api
    finally:
        function.kill()
        function.wait()
        api.close()


def event(method: str, **query: str) -> dict[str, object]:
    return {
        "httpMethod": method,
        "path": "/job",
        "headers": {},
        "queryStringParameters": query or None,
        "requestContext": {},
        "body": None,
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize("name", ["plain", "async"])
def test_after_runs_when_the_response_is_out_and_before_the_next_event_is_read(
    api: RuntimeApi, tmp_path: Path, name: str
) -> None:
    result = api.invoke(event("POST", name=name))

    # The response is out, the work is under way, and the function has not requested more: the sandbox is awake.
    assert json.loads(result["body"]) == {"name": name}
    wait_for(tmp_path / f"{name}.started")
    assert not (tmp_path / f"{name}.done").exists()
    assert api.calls == ["next", "response"]

    (tmp_path / f"{name}.release").touch()
    api.wait_for_calls(["next", "response", "next"])
    assert (tmp_path / f"{name}.done").exists()
    assert api.invoke(event("GET"))["body"] == "next"


def test_a_value_whose_time_is_over_is_returned_at_once_and_made_anew_before_the_sandbox_sleeps(
    api: RuntimeApi, tmp_path: Path
) -> None:
    assert api.invoke(event("PUT"))["body"] == "old"
    time.sleep(1.1)

    assert api.invoke(event("PUT"))["body"] == "old"
    wait_for(tmp_path / "refresh.started")
    assert api.calls == ["next", "response", "next", "response"]

    (tmp_path / "refresh.release").touch()
    api.wait_for_calls(["next", "response", "next", "response", "next"])
    assert api.invoke(event("PUT"))["body"] == "new"


def test_an_event_that_is_not_http_is_an_error_and_the_function_goes_on(api: RuntimeApi) -> None:
    assert api.invoke({"Records": []})["errorType"] == "EventError"
    assert api.invoke(event("GET"))["body"] == "next"
    assert api.calls[:4] == ["next", "error", "next", "response"]


def wait_for(path: Path, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} did not appear"
        time.sleep(0.002)
