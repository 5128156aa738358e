"""Layouts and sources of distributions that failed on 0.1 (rows B2, B7, B11, B13 and B15 of a report), through the real `sam build`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.build.projects import OWN_RUNTIME
from tests.house.wheel import build_wheel
from tests.system.real_project import SAM, UV, RealProject

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = Path(__file__).parents[3] / "shared" / "cases" / "build"
pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not UV, reason="uv is not installed"),
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


def test_a_src_layout(make: Callable[..., RealProject]) -> None:
    project = make("01-src-layout")
    project.sync()
    assert project.built_by_sam("HelloFunction", "/hello") == {"p": 3}


def test_a_local_distribution_that_requires_another(make: Callable[..., RealProject]) -> None:
    project = make("03-local-dist-transitive", "services/api")
    project.sync()
    assert project.built_by_sam("HelloFunction", "/hello") == {"b": "b+from a"}


def test_a_local_wheel(make: Callable[..., RealProject]) -> None:
    project = make("11-local-wheel-under-sam")
    project.sync()
    assert project.built_by_sam("HelloFunction", "/hello") == {"v": 1}


def test_a_flat_layout_of_setuptools(make: Callable[..., RealProject]) -> None:
    project = make("16-setuptools-flat-editable")
    (project.root / "_flatlib").rename(project.root.parent / "flatlib")
    project.sync()
    assert project.built_by_sam("HelloFunction", "/hello") == {"p": "flat"}


def test_a_hash_that_is_wrong(make: Callable[..., RealProject]) -> None:
    project = make("19-hashes-unchecked")
    project.install("idna")
    done = project.sam_build()
    assert done.returncode == 1
    assert "requirements.txt:1: no file of 'idna==3.10' has a hash that this line lists" in done.stderr + done.stdout
