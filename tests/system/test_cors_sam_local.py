"""CORS and nested middleware under `sam local` in Docker: the cases of every adapter, for routes that `sam build` has built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from edgeroutes.pipeline import plan_project
from tests.conformance.cases import CROSS_ORIGIN, LAYERS, Case
from tests.conformance.drivers import ReceivedResponse
from tests.conformance.expectations import differences
from tests.system.sam_local import RESPONSE_SECONDS, SamLocal, require_image

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
ROUTES = Path(__file__).parents[1] / "conformance" / "own" / "own_functions"


@pytest.fixture(scope="module")
def http(sam: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    if shutil.which("make") is None:
        pytest.skip("there is no make")
    folder = tmp_path_factory.mktemp("cors")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0", "PATH": path, "AWS_DEFAULT_REGION": "eu-central-1"}

    def run(root: Path, *command: str) -> None:
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    run(folder, "edgeroutes", "init", "app")
    root = folder / "app"
    require_image(plan_project(root).config)
    for name in ("shared", "nested"):
        shutil.copytree(ROUTES / name, root / "functions" / name, ignore=shutil.ignore_patterns("__pycache__"))
    run(root, "edgeroutes", "template")
    run(root, sam, "build")
    local = SamLocal(program=sam, template=root / ".aws-sam" / "build" / "template.yaml")
    with local.serving() as url, httpx.Client(base_url=url, timeout=RESPONSE_SECONDS) as client:
        yield client
    local.remove_containers()


@pytest.mark.parametrize("case", [*CROSS_ORIGIN, *LAYERS], ids=lambda case: case.name)
def test_a_response_is_the_same_under_sam_local(case: Case, http: httpx.Client) -> None:
    sent = [("Accept-Encoding", "identity"), *case.sent]
    got = http.request(case.method, case.path, params=case.query or None, headers=sent, content=case.body)
    headers = [(name.decode().lower(), value.decode()) for name, value in got.headers.raw]
    response = ReceivedResponse(status=got.status_code, headers=headers, body=got.content)
    expect = {"status": case.status, "headers": case.headers, "body": case.wanted}
    assert differences(response, expect) == []
