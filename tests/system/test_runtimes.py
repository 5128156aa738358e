"""Every runtime on every architecture, with a distribution that has machine code: built by the real uv."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.builder import Builder
from edgeroutes.build.installer import UvInstaller
from edgeroutes.config import ARCHITECTURES, PYTHONS
from edgeroutes.pipeline import plan_project
from tests.build.projects import make_project
from tests.fakes.installer import FakeWheel
from tests.packages.machine_code import machine_code

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.system
ROUTE = "import markupsafe\n\ndef GET():\n    return str(markupsafe.escape('<'))\n"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("runtime", PYTHONS)
def test_a_runtime_builds_with_the_machine_code_that_it_can_load(
    runtime: str, architecture: str, tmp_path: Path
) -> None:
    settings = f'[tool.edgeroutes]\nruntime = "{runtime}"\narchitecture = "{architecture}"\n'
    files = {"functions/a/route.py": ROUTE, "pyproject.toml": settings, "requirements.txt": "markupsafe==3.0.3\n"}
    installed = {"markupsafe": FakeWheel(version="3.0.3", files={"markupsafe/__init__.py": ""})}
    project = make_project(tmp_path, files, installed)
    builder = Builder(
        project.root, plan_project(project.root), installer=UvInstaller(), site_packages=[project.site_packages]
    )
    with builder.store.locked():
        out = project.link(builder.build(), "AFunction", tmp_path / "out")
    ((path, machine),) = machine_code(out).items()
    assert f"cpython-{runtime.removeprefix('python').replace('.', '')}-" in path
    assert machine == architecture
