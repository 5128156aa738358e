"""`sam build` in folders whose names have spaces and characters of the shell, and with the environment of a workspace above."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgeroutes.build.session import MAKEFILE_RULE
from edgeroutes.pipeline import project_template, write_template
from tests.build.projects import HELLO, OWN_RUNTIME, invoke

REPOSITORY = Path(__file__).parents[2]
SAM = shutil.which("sam") or next(map(str, REPOSITORY.glob(".tools/*/bin/sam")), None)
pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(300),
    pytest.mark.skipif(SAM is None, reason="the SAM CLI is neither on PATH nor in .tools"),
    pytest.mark.skipif(shutil.which("make") is None, reason="there is no make"),
]


@pytest.mark.parametrize(
    "name", ["my  project", "it's", "a&b;c", "a(b)", "a$HOME$(x)", "-dash", 'quo"te', "per%cent", "#hash", "é ü"]
)
@pytest.mark.parametrize("where", ["project", "workspace"])
def test_a_project_builds_wherever_it_lies(tmp_path: Path, name: str, where: str) -> None:
    root = tmp_path / name / "services" / "api" if where == "workspace" else tmp_path / name
    (root / "functions/hello").mkdir(parents=True)
    (root / "functions/hello/route.py").write_text(HELLO)
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "case"\nversion = "1"\n[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n'
    )
    (root / "Makefile").write_text(MAKEFILE_RULE)
    program = tmp_path / name / ".venv/bin/edgeroutes"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{REPOSITORY}" exec "{sys.executable}" -P -m edgeroutes "$@"\n')
    program.chmod(0o755)
    write_template(root, project_template(root).text)
    paths = [path for path in os.environ["PATH"].split(os.pathsep) if not Path(path, "edgeroutes").exists()]
    environment = {
        **os.environ,
        "SAM_CLI_TELEMETRY": "0",
        "PATH": os.pathsep.join(paths),
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    ran = subprocess.run([str(SAM), "build"], cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert invoke(root / ".aws-sam/build/HelloFunction", "/hello")["body"] == '{"hello":"world"}'
