"""Rows of public bug reports (B1, B3 to B6, B8 to B11, B16, B23, B24) through the real `sam build`: each function returns what dev returns.

A folder of tests/cases/rows has a whole project, several rows in one, and `expected.json`: the response of each route.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.build.projects import OWN_RUNTIME, invoke
from tests.fakes.package_index import PackageIndex
from tests.house.wheel import build_wheel
from tests.system.real_project import UV, RealProject, make_library, parsed
from tests.system.test_sam_build import SAM

if TYPE_CHECKING:
    from collections.abc import Mapping

CASES = Path(__file__).parents[1] / "cases" / "rows"
pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not UV, reason="uv is not installed"),
    pytest.mark.skipif(SAM is None, reason="the SAM CLI is neither on PATH nor in .tools"),
    pytest.mark.skipif(shutil.which("make") is None, reason="there is no make"),
]
CORP_ROWS = {
    "corp_rows/__init__.py": "",
    "corp_rows/bin/tool": "#!/bin/sh\necho tool\n",
    "corp_rows/checks.py": "from corp_rows.tests import CHECKED\n\ndef run():\n    return CHECKED\n",
    "corp_rows/tests/__init__.py": "CHECKED = 'checked'\n",
    "corp_rows/web.py": (
        "from edgeroutes import Response, cached, logger\n\ndef events():\n    logger.info('events')\n"
        "    return Response.sse([{'n': 1}])\n\n@cached(revalidate=60)\nasync def number():\n    return 1\n"
    ),
}


@pytest.fixture(scope="session")
def links(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("dist")).parent


def make_project(case: str, folder: Path, links: Path, **places: str) -> RealProject:
    """The project of a case, with the addresses that its pyproject.toml leaves open."""
    root = folder / "project"
    shutil.copytree(CASES / case, root, symlinks=True)
    project = RealProject(root=root, links=links)
    text = (root / "pyproject.toml").read_text()
    for name, place in places.items():
        text = text.replace(f'"{name}"', f'"{place}"')
    project.write({"pyproject.toml": f'{text}\n[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n'})
    return project


def write_wheel(folder: Path, name: str, files: Mapping[str, str]) -> Path:
    """A wheel whose scripts are executable, as a build backend writes them."""
    metadata = f"{name}-1.0.dist-info"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    written = {
        **files,
        f"{metadata}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{metadata}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    written[f"{metadata}/RECORD"] = "".join(f"{each},,\n" for each in (*written, f"{metadata}/RECORD"))
    with zipfile.ZipFile(path, "w") as archive:
        for each, text in written.items():
            info = zipfile.ZipInfo(each)
            info.external_attr = (0o100755 if text.startswith("#!") else 0o100644) << 16
            archive.writestr(info, text)
    return path


def check_responses(project: RealProject) -> None:
    """`sam build`, and each route from its bundle, and from dev."""
    expected: dict[str, Any] = json.loads((project.root / "expected.json").read_text())
    done = project.sam_build()
    assert done.returncode == 0, done.stderr
    built = project.root / ".aws-sam" / "build"
    names = {name: "".join(part.title() for part in name.split("-")) for name in expected}
    responses = {name: parsed(invoke(built / f"{names[name]}Function", f"/{name}")["body"]) for name in expected}
    assert responses == expected
    with project.dev() as dev:
        assert {name: dev.get(f"/{name}") for name in expected} == expected


def test_libraries_data_programs_and_what_a_library_uses_of_edgeroutes(links: Path, tmp_path: Path) -> None:
    project = make_project("libraries", tmp_path, links)
    write_wheel(project.root / "vendor", "corp_rows", CORP_ROWS)
    project.sync()
    check_responses(project)


def test_an_index_a_repository_a_source_distribution_and_a_wheel(links: Path, tmp_path: Path) -> None:
    corp = make_library(tmp_path / "corp-lib", "corp-lib", "uv")
    subprocess.run([UV, "build", "-q", "--wheel", "-o", str(tmp_path / "corp"), str(corp)], check=True)
    repository = make_library(tmp_path / "from git", "from-git", "uv")
    git = ("git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b")
    for command in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "one")):
        subprocess.run([*git, *command], check=True)
    with PackageIndex(tmp_path / "corp") as index:
        project = make_project("sources", tmp_path, links, INDEX=index.url, REPOSITORY=repository.as_uri())
        wheel = write_wheel(project.root / "vendor", "shared_utils", {"shared_utils/__init__.py": "V = 1\n"})
        wheel.rename(wheel.with_name("shared_utils-1.0-py2.py3-none-any.whl"))
        project.sync()
        check_responses(project)


def test_requirements_with_another_index_and_constraints_that_change(links: Path, tmp_path: Path) -> None:
    corp = make_library(tmp_path / "corp-lib", "corp-lib", "uv")
    subprocess.run([UV, "build", "-q", "--wheel", "-o", str(tmp_path / "corp"), str(corp)], check=True)
    with PackageIndex(tmp_path / "corp") as index:
        root = tmp_path / "project"
        project = RealProject(root=root, links=links)
        project.write(
            {
                "pyproject.toml": f'[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n',
                "requirements.txt": f"--extra-index-url {index.url}\n-c constraints.txt\nedgeroutes[dev]\ncorp-lib\nidna\n",
                "constraints.txt": "idna==3.10\n",
                "functions/hello/route.py": "from importlib.metadata import version\n\nimport idna\nfrom corp_lib import tell\n\n"
                "def GET():\n    return [version('idna'), *tell()]\n",
            }
        )
        project.install("-r", "requirements.txt")
        for version in ("3.10", "3.9"):
            project.write({"constraints.txt": f"idna=={version}\n"})
            done = project.sam_build()
            assert done.returncode == 0, done.stderr
            body = parsed(invoke(root / ".aws-sam" / "build" / "HelloFunction", "/hello")["body"])
            assert body == [version, "corp-lib", "1.2.3", "data of corp-lib"]
