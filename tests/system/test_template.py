"""The real SAM CLI over our templates."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from edgeroutes import pipeline

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("sam") is None, reason="the SAM CLI is not on PATH"),
]
SMALL = Path(__file__).parents[1] / "cases" / "template" / "small"

# What `sam local start-api` would serve; it needs Docker to start, but not to read a template.
ROUTES = """
import sys
from samcli.lib.providers.api_provider import ApiProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider
stacks, _ = SamLocalStackProvider.get_stacks(sys.argv[1])
for route in ApiProvider(stacks, cwd=".").api.routes:
    print(route.path, route.function_name)
"""


def sam(*arguments: str, cwd: Path) -> str:
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-central-1"}
    done = subprocess.run(["sam", *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    copy = tmp_path / "project"
    shutil.copytree(SMALL, copy)
    pipeline.write_template(copy, pipeline.project_template(copy).text)
    return copy


def test_sam_validates_and_lints_it(project: Path) -> None:
    assert "is a valid SAM Template" in sam("validate", "--lint", cwd=project)


def test_sam_builds_each_function_with_make(project: Path) -> None:
    rule = "build-%:\n\techo 'handler = None' > '$(ARTIFACTS_DIR)/edgeroutes_function.py'\n"
    (project / "Makefile").write_text(rule)
    sam("build", "--parallel", cwd=project)
    built = {path.parent.name for path in project.glob(".aws-sam/build/*/edgeroutes_function.py")}
    plan = pipeline.plan_project(project)
    assert built == {function.logical_id for function in (*plan.functions, plan.fallback)}


def test_sam_local_serves_every_path_of_the_api(project: Path) -> None:
    python = Path(shutil.which("sam") or "").resolve().parent / "python"
    if not python.exists():
        pytest.skip("the SAM CLI has no Python beside it")
    template = str(project / "template.yaml")
    done = subprocess.run([python, "-c", ROUTES, template], capture_output=True, text=True, check=True)
    resources = pipeline.plan_project(project).api_resources
    assert sorted(done.stdout.splitlines()) == sorted(f"{each.path} {each.logical_id}" for each in resources)
