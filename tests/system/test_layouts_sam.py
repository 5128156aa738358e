"""Layouts and sources of distributions that failed on 0.1 (rows B2, B7, B11, B13 and B15 of a report), through the real `sam build`."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.build.projects import OWN_RUNTIME, invoke
from tests.house.wheel import build_wheel
from tests.system.real_project import UV, RealProject
from tests.system.test_sam_build import SAM

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = Path(__file__).parents[3] / "shared" / "cases" / "build"
pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not UV, reason="there is no uv"),
    pytest.mark.skipif(SAM is None, reason="the SAM CLI is neither on PATH nor in .tools"),
    pytest.mark.skipif(shutil.which("make") is None, reason="there is no make"),
    pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is absent"),
]


@pytest.fixture(scope="session")
def links(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("dist")).parent


@pytest.fixture
def make(links: Path, tmp_path: Path) -> Callable[..., RealProject]:
    def make(case: str, below: str = ".") -> RealProject:
        top = tmp_path / "case"
        shutil.copytree(CASES / case, top)
        root = top / below
        venv = None if below == "." else top / ".venv"
        project = RealProject(root=root, links=links, venv=venv)
        if (root / "pyproject.toml").is_file():
            text = (root / "pyproject.toml").read_text()
            project.write(
                {"pyproject.toml": text.replace("[tool.edgeroutes]", f'[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"')}
            )
        else:
            project.write({"pyproject.toml": f'[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n'})
        return project

    return make


def sam_build(project: RealProject) -> subprocess.CompletedProcess[str]:
    """`edgeroutes init`, `edgeroutes template`, `sam build`, as a user's shell with an active environment has it."""
    for command in (("init", "."), ("template",)):
        done = project.edgeroutes(*command)
        assert done.returncode == 0, done.stderr
    path = f"{project.bin}:{project._environment()['PATH']}"
    environment = {**project._environment(), "PATH": path, "SAM_CLI_TELEMETRY": "0"}
    return subprocess.run(
        [str(SAM), "build"], cwd=project.root, env=environment, capture_output=True, text=True, check=False
    )


def response(project: RealProject) -> Any:
    """What the built hello function returns."""
    done = sam_build(project)
    assert done.returncode == 0, done.stderr
    return json.loads(invoke(project.root / ".aws-sam" / "build" / "HelloFunction", "/hello")["body"])


def test_a_src_layout(make: Callable[..., RealProject]) -> None:
    project = make("01-src-layout")
    project.sync()
    assert response(project) == {"p": 3}


def test_a_local_distribution_that_requires_another(make: Callable[..., RealProject]) -> None:
    project = make("03-local-dist-transitive", "services/api")
    project.sync()
    assert response(project) == {"b": "b+from a"}


def test_a_local_wheel(make: Callable[..., RealProject]) -> None:
    project = make("11-local-wheel-under-sam")
    project.sync()
    assert response(project) == {"v": 1}


def test_a_flat_layout_of_setuptools(make: Callable[..., RealProject]) -> None:
    project = make("16-setuptools-flat-editable")
    (project.root / "_flatlib").rename(project.root.parent / "flatlib")
    project.sync()
    assert response(project) == {"p": "flat"}


def test_a_hash_that_is_wrong(make: Callable[..., RealProject]) -> None:
    project = make("19-hashes-unchecked")
    project.install("idna")
    done = sam_build(project)
    assert done.returncode == 1
    assert "requirements.txt:1: no file of 'idna==3.10' has a hash that this line lists" in done.stderr + done.stdout
