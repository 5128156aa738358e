"""`sam build` with the real SAM CLI, make and uv: the same bundles however it is called, and never old ones."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgeroutes.build.installer import UvInstaller
from edgeroutes.build.session import MAKEFILE_RULE
from edgeroutes.pipeline import project_template, write_template
from tests.build.projects import HELLO, OWN_RUNTIME, bundle_paths, invoke

REPOSITORY = Path(__file__).parents[2]
SAM = shutil.which("sam") or next(map(str, REPOSITORY.glob(".tools/*/bin/sam")), None)
pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(300),
    pytest.mark.skipif(SAM is None, reason="the SAM CLI is neither on PATH nor in .tools"),
    pytest.mark.skipif(shutil.which("make") is None, reason="there is no make"),
]
# The target's Python need not be ours; where this machine has the default one, take it.
OTHER = UvInstaller().find_python("3.13")
PYTHON = OTHER or Path(sys.executable)
RUNTIME = "python3.13" if OTHER else OWN_RUNTIME
FILES = {
    "functions/route.py": HELLO,
    "functions/users/[id]/route.py": (
        "from lib.db import find\nfrom edgeroutes import HTTPError\n\n"
        "def GET(id: int):\n    return find(id) or HTTPError(404)\n\n"
        "async def POST(request):\n    return {name: value for name, value in (await request.form()).items()}\n"
    ),
    "functions/(group)/rss.xml/route.py": "def GET():\n    return 'feed'\n",
    "functions/files/[...path]/route.py": "def GET(path):\n    return path\n",
    "lib/db.py": (
        "from pathlib import Path\n\ndef find(id):\n    return {'name': Path(__file__).with_name('n.txt').read_text().split()[id]}\n"
    ),
    "lib/n.txt": "ada bob",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "a project"
    settings = f'[project]\nname = "sam-build"\nversion = "1"\n[tool.edgeroutes]\nruntime = "{RUNTIME}"\n'
    for path, text in {**FILES, "pyproject.toml": settings}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    command = f'"{sys.executable}" -P -m edgeroutes.cli.build'
    # The module takes what follows `bundle`; the installed command takes `bundle` as well.
    (root / "Makefile").write_text(MAKEFILE_RULE.replace("$(EDGEROUTES) bundle", command))
    write_template(root, project_template(root).text)
    return root


def sam_build(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0", "PYTHONPATH": str(REPOSITORY)}
    command = [str(SAM), "build", *options]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


def digests(root: Path) -> dict[str, str]:
    build = root / ".aws-sam" / "build"
    files = [path for path in build.rglob("*") if path.is_file() and path.name != "template.yaml"]
    return {path.relative_to(build).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_every_way_to_build_gives_the_same_bundles_and_they_run_alone(project: Path) -> None:
    results = []
    for options in ((), ("--parallel", "--cached"), ("--build-in-source",), ("--parallel",)):
        ran = sam_build(project, *options)
        assert ran.returncode == 0, ran.stderr
        results.append(digests(project))
    assert results[1:] == results[:1] * 3

    build = project / ".aws-sam" / "build"
    assert bundle_paths(build / "FallbackFunction") == {"edgeroutes_function.py"}
    assert invoke(build / "RootFunction", "/", python=str(PYTHON))["body"] == '{"hello":"world"}'
    assert invoke(build / "UsersIdFunction", "/users/1", python=str(PYTHON))["body"] == '{"name":"bob"}'
    assert invoke(build / "RssXmlFunction", "/rss.xml", python=str(PYTHON))["body"] == "feed"
    assert invoke(build / "FilesPathFunction", "/files/a/b", python=str(PYTHON))["body"] == '["a","b"]'
    assert invoke(build / "FallbackFunction", "/no", python=str(PYTHON))["status"] == 404
    assert (build / "UsersIdFunction" / "starlette" / "requests.py").is_file()


@pytest.mark.parametrize("options", [(), ("--parallel", "--cached")])
def test_what_changed_is_in_the_next_build(project: Path, options: tuple[str, ...]) -> None:
    route = project / "functions" / "route.py"
    before = {}
    for response in ("one", "two"):
        route.write_text(f"def GET():\n    return '{response}'\n")
        ran = sam_build(project, *options)
        assert ran.returncode == 0, ran.stderr
        root = project / ".aws-sam" / "build" / "RootFunction"
        assert invoke(root, "/", python=str(PYTHON))["body"] == response
        after = digests(project)
        changed = {path for path in after if after[path] != before.get(path, after[path])}
        assert {path for path in changed if not path.endswith(".pyc")} <= {"RootFunction/functions/route.py"}
        before = after


def test_a_project_that_cannot_be_built_says_why(project: Path) -> None:
    (project / "functions" / "route.py").write_text(f"import lib.dbb\n{HELLO}")
    ran = sam_build(project)
    assert ran.returncode == 1
    assert "functions/route.py:1: no module named 'lib.dbb'. Import 'lib.db' instead." in ran.stderr


def test_an_interrupted_build_is_made_good_by_the_next(project: Path) -> None:
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0", "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-P", "-m", "edgeroutes.cli.build", "UsersIdFunction", "--root", ".", "--to", "out"]
    for milliseconds in (150, 400, 700, 1000):
        running = subprocess.Popen(
            command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            running.wait(milliseconds / 1000)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        running.stdout.close()  # type: ignore[union-attr]
        running.stderr.close()  # type: ignore[union-attr]
        shutil.rmtree(project / "out", ignore_errors=True)
    ran = sam_build(project)
    assert ran.returncode == 0, ran.stderr
    build = project / ".aws-sam" / "build"
    assert invoke(build / "UsersIdFunction", "/users/0", python=str(PYTHON))["body"] == '{"name":"ada"}'
    assert not list((project / ".edgeroutes" / "store").rglob(".new-*"))
