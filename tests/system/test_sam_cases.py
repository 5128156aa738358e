"""Folders of tests/cases/sam through the real SAM CLI: what `sam build` and `sam validate --lint` do with a project.

A case has the project's files, and `case.toml`: `change` are files that are written after template.yaml (text; an empty one is deleted),
`command` is what runs, `code` how it ends, `shows` what its output has.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from edgeroutes.build.session import MAKEFILE_RULE
from edgeroutes.pipeline import project_template, write_template
from tests.build.projects import OWN_RUNTIME

REPOSITORY = Path(__file__).parents[2]
CASES = REPOSITORY / "tests" / "cases" / "sam"
SAM = shutil.which("sam") or next(map(str, REPOSITORY.glob(".tools/*/bin/sam")), None)
pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(300),
    pytest.mark.skipif(SAM is None, reason="the SAM CLI is neither on PATH nor in .tools"),
    pytest.mark.skipif(shutil.which("make") is None, reason="there is no make"),
]


def write_project(root: Path, case: Path) -> None:
    shutil.copytree(case, root, ignore=shutil.ignore_patterns("case.toml"))
    settings = root / "pyproject.toml"
    text = settings.read_text() if settings.exists() else ""
    settings.write_text(
        f'[project]\nname = "case"\nversion = "1"\n[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n{text}'
    )
    command = f'"{sys.executable}" -P -m edgeroutes.cli.build'
    (root / "Makefile").write_text(MAKEFILE_RULE.replace("$(EDGEROUTES) bundle", command))


@pytest.mark.parametrize("name", sorted(path.parent.name for path in CASES.glob("*/case.toml")))
def test_case(name: str, tmp_path: Path) -> None:
    root = tmp_path / "project"
    case = tomllib.loads((CASES / name / "case.toml").read_text())
    write_project(root, CASES / name)
    write_template(root, project_template(root).text)
    for path, text in case.get("change", {}).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    environment = {
        **os.environ,
        "SAM_CLI_TELEMETRY": "0",
        "PYTHONPATH": str(REPOSITORY),
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    command = [str(SAM), *case["command"].split()]
    ran = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    output = ran.stdout + ran.stderr
    assert ran.returncode == case["code"], output
    assert [line for line in case.get("shows", []) if line not in output] == [], output
    assert [line for line in case.get("hides", []) if line in output] == [], output
