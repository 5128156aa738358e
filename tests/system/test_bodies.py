"""Hostile and mistaken bodies to built bundles, under awslambdaric as it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64decode
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.build.installer import UvInstaller, find_uv
from edgeroutes.dev.gateway import HttpRequest, rest_event
from edgeroutes.pipeline import plan_project
from edgeroutes.testing.runtime_api import RuntimeApi
from tests.conformance.bodies import CASES, MAX_RESPONSE_BYTES, ROUTES, Case, write_project
from tests.conformance.test_bodies import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
EDGEROUTES = Path(sys.executable).parent / "edgeroutes"


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RuntimeApi]]:
    """The Runtime API of each route's sandbox, in which its bundle runs."""
    root = tmp_path_factory.mktemp("bodies")
    write_project(root)
    config = plan_project(root).config
    python = UvInstaller().find_python(config.runtime.removeprefix("python"))
    if python is None:
        pytest.skip(f"there is no {config.runtime} on this machine, for which the bundles are built")
    runtime = tmp_path_factory.mktemp("runtime") / "python"
    requirement = f"awslambdaric=={version('awslambdaric')}"
    command = [str(find_uv(os.environ)), "pip", "install", "--target", runtime, "--python", python, requirement]
    installed = subprocess.run(command, capture_output=True, text=True, check=False)
    if installed.returncode:
        pytest.skip(f"{requirement} cannot be had: {installed.stderr[-300:]}")
    processes, apis = [], {}
    for name in ROUTES:
        bundle = root / "bundles" / name
        command = [EDGEROUTES, "bundle", f"{name.title()}Function", "--root", root, "--to", bundle]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stderr
        apis[name] = api = RuntimeApi()
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{bundle}{os.pathsep}{runtime}",
            "AWS_LAMBDA_RUNTIME_API": api.address,
            "AWS_LAMBDA_FUNCTION_NAME": name,
        }
        command = [python, "-S", "-m", "awslambdaric", "edgeroutes_function.handler"]
        processes.append(subprocess.Popen(command, cwd=bundle, env=environment, stdout=subprocess.DEVNULL))
    yield apis
    for process in processes:
        process.kill()
        process.wait()
    for api in apis.values():
        api.close()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_body_gets_its_response_from_a_built_bundle(functions: dict[str, RuntimeApi], case: Case) -> None:
    request = HttpRequest(method=case.method, path=case.path, headers=case.sent, body=case.body)

    result: Any = functions[case.path.strip("/")].invoke(json.loads(json.dumps(rest_event(request))))

    body = b64decode(result["body"]) if result["isBase64Encoded"] else result["body"].encode()
    assert result["statusCode"] == case.status, body[:500]
    assert len(body) < MAX_RESPONSE_BYTES or case.status == 200
    assert shown(body, case.wanted) == case.wanted
