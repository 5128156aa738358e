"""Projects of Poetry, PDM and pip-tools: `sam build` follows what these tools locked, with groups and extras.

Each runs with files that the real tool wrote (`locked/`), and again with the tool's own commands where it is on the PATH.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.house.wheel import build_wheel
from tests.system.real_project import SAM, SETTINGS, UV, RealProject, make_library, told

if TYPE_CHECKING:
    from collections.abc import Callable

LOCKED = Path(__file__).parent / "locked"
ROUTE = """\
import httpx
import idna
import tabulate

def GET():
    with httpx.Client(http2=True):
        return [idna.__name__, tabulate.wcwidth.__name__]
"""
EXPECTED = ["idna", "wcwidth"]
pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not UV, reason="uv is not installed"),
    pytest.mark.skipif(SAM is None, reason="the SAM CLI is neither on PATH nor in .tools"),
    pytest.mark.skipif(shutil.which("make") is None, reason="there is no make"),
]


def need(tool: str) -> str:
    """The tool's program; a skip where it is not installed."""
    found = shutil.which(tool)
    if found is None:
        pytest.skip(f"{tool} is not on the PATH")
    return found


@pytest.fixture(scope="session")
def links(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("dist")).parent


@pytest.fixture
def make(links: Path, tmp_path: Path) -> Callable[[str], RealProject]:
    def make(tool: str) -> RealProject:
        shutil.copytree(LOCKED / tool, tmp_path / "shop")
        variables = {"POETRY_VIRTUALENVS_IN_PROJECT": "true", "PDM_CHECK_UPDATE": "0"}
        project = RealProject(root=tmp_path / "shop", links=links, variables=variables)
        project.write({"functions/hello/route.py": ROUTE})
        if not (project.root / "pyproject.toml").exists():
            project.write({"pyproject.toml": ""})
        project.append("pyproject.toml", SETTINGS)
        return project

    return make


def run(project: RealProject, *command: str) -> None:
    done = project.run(*command)
    assert done.returncode == 0, done.stdout + done.stderr


def check_bundle(project: RealProject) -> None:
    """The bundle responds, in the versions of the lock, without the tools of the group for development."""
    assert project.built_by_sam("HelloFunction", "/hello") == EXPECTED
    bundle = project.root / ".aws-sam" / "build" / "HelloFunction"
    assert not (bundle / "iniconfig").exists()
    assert (bundle / "h2").is_dir()
    with project.dev() as dev:
        assert dev.get("/hello") == EXPECTED


@pytest.mark.parametrize("tool", ["poetry", "pdm"])
def test_a_lock_that_the_tool_wrote(tool: str, make: Callable[[str], RealProject]) -> None:
    project = make(tool)
    project.install("idna<3.10", "httpx[http2]", "tabulate[widechars]", "iniconfig")
    check_bundle(project)
    bundle = project.root / ".aws-sam" / "build" / "HelloFunction"
    lock = (project.root / f"{tool}.lock").read_text()
    version = next(bundle.glob("idna-*.dist-info")).name.removesuffix(".dist-info").partition("-")[2]
    assert f'name = "idna"\nversion = "{version}"' in lock  # and not the one that is installed


@pytest.mark.parametrize("tool", ["poetry", "pdm"])
def test_a_lock_that_is_older_than_pyproject(tool: str, make: Callable[[str], RealProject]) -> None:
    project = make(tool)
    project.install("idna", "httpx[http2]", "tabulate[widechars]")
    text = (project.root / "pyproject.toml").read_text()
    for old in ("idna (>=3.9,<4.0)", "idna>=3.9"):
        text = text.replace(old, "idna<3")
    project.write({"pyproject.toml": text})
    (line,) = project.refused()
    assert line.startswith("pyproject.toml:")
    assert f"'idna<3' is declared, and {tool}.lock has idna" in line
    assert line.endswith(f"Run '{tool} lock'.")


def test_poetry_itself(make: Callable[[str], RealProject]) -> None:
    poetry = need("poetry")
    project = make("poetry")
    (project.root / "poetry.lock").unlink()
    make_library(project.root.parent / "lib", "corp-lib", "poetry")
    run(project, poetry, "env", "use", sys.executable)
    run(project, poetry, "add", "-n", "--lock", "--editable", "../lib")
    run(project, poetry, "install", "-n", "--all-groups", "--all-extras", "--no-root")
    project.install()
    project.write({"functions/lib/route.py": "from corp_lib import tell\n\ndef GET():\n    return tell()\n"})
    check_bundle(project)
    assert project.built("LibFunction", "/lib") == told("corp-lib")


def test_pdm_itself(make: Callable[[str], RealProject]) -> None:
    pdm = need("pdm")
    project = make("pdm")
    (project.root / "pdm.lock").unlink()
    make_library(project.root.parent / "lib", "corp-lib", "pdm")
    run(project, pdm, "venv", "create")
    run(project, pdm, "use", "-q", str(project.bin / "python"))
    run(project, pdm, "lock", "-q", "-G", ":all")
    run(project, pdm, "add", "-q", "-dG", "lib", "-e", "../lib")
    run(project, pdm, "install", "-q", "-G", ":all")
    project.install()
    project.write({"functions/lib/route.py": "from corp_lib import tell\n\ndef GET():\n    return tell()\n"})
    check_bundle(project)
    assert project.built("LibFunction", "/lib") == told("corp-lib")


@pytest.mark.parametrize("by_tool", [False, True], ids=["written", "again"])
def test_pip_compile(by_tool: bool, make: Callable[[str], RealProject]) -> None:
    program = need("pip-compile") if by_tool else ""
    project = make("piptools")
    if by_tool:
        (project.root / "requirements.txt").unlink()
        options = ("--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--strip-extras")
        run(project, program, "-q", *options, "requirements.in")
    project.install("-r", "requirements.txt")
    check_bundle(project)
    bundle = project.root / ".aws-sam" / "build" / "HelloFunction"
    assert (bundle / "idna-3.10.dist-info").is_dir()  # constraints.txt
