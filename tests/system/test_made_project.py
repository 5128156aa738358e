"""What `edgeroutes init` makes, with edgeroutes from its wheel in an environment of its own: its tests pass at once."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.installer import find_uv
from tests.house.wheel import build_wheel
from tests.testing.projects import NOTES, outcome, write_project

if TYPE_CHECKING:
    from pathlib import Path

UV = find_uv(os.environ)
pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not UV, reason="uv is not installed"),
]


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "VIRTUAL_ENV"))}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    wheel = build_wheel(tmp_path_factory.mktemp("dist"))
    assert run(folder, str(UV), "venv", "env").returncode == 0
    python = str(folder / "env" / "bin" / "python")
    requirement = f"edgeroutes[dev,testing] @ {wheel.as_uri()}"
    installed = run(folder, str(UV), "pip", "install", "--python", python, requirement)
    if installed.returncode:
        pytest.skip(f"its dependencies cannot be had: {installed.stderr[-300:]}")
    return folder / "env" / "bin"


def test_its_tests_pass_and_so_does_one_with_aws(environment: Path, tmp_path: Path) -> None:
    made = run(tmp_path, str(environment / "edgeroutes"), "init", "my-app")
    assert made.returncode == 0, made.stderr
    root = tmp_path / "my-app"
    assert not (root / "tests" / "conftest.py").exists()
    done = run(root, str(environment / "pytest"), "-q")
    assert outcome(done) == "3 passed", done.stdout

    test = "def test_notes(client, aws):\n    assert client.get('/notes').json() == ['one']\n"
    more = {**NOTES, "tests/test_notes.py": test, "pyproject.toml": (root / "pyproject.toml").read_text()}
    done = run(write_project(root, more), str(environment / "pytest"), "-q")
    assert outcome(done) == "4 passed", done.stdout
