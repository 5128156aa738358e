"""The script that links a bundle for one `sam build`, run under processes that look like SAM's."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgeroutes.build.session import MAKEFILE_RULE, find_sam_build, is_current, read_process, write_script
from edgeroutes.build.store import Store

pytestmark = pytest.mark.skipif(
    not Path("/proc/self").exists() or not shutil.which("make"), reason="needs /proc and make"
)

# A "sam build" that runs make for the functions it is given; each rule says how the bundle got there.
SAM = """\
import subprocess, sys
for name in sys.argv[2:]:
    out = f"{sys.path[0]}/out/{name}"
    subprocess.run(["mkdir", "-p", out], check=True)
    subprocess.run(["make", "--makefile", f"{sys.path[0]}/Makefile", f"build-{name}", f"ARTIFACTS_DIR={out}"], cwd="/", check=True)
"""
# What `edgeroutes bundle` does, as far as the script is concerned.
BUNDLE = """\
import sys
from pathlib import Path
from edgeroutes.build.session import find_sam_build, is_current, write_script
from edgeroutes.build.store import Store
store = Store(Path(sys.argv[4]) / ".edgeroutes" / "store")
sam = find_sam_build()
Path(sys.argv[6], "by-python").write_text(str(is_current(store, sam)))
write_script(store, sam)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "a project"
    tree = root / ".edgeroutes" / "store" / "trees" / "tree"
    tree.mkdir(parents=True)
    (tree / "by-script").touch()
    functions = root / ".edgeroutes" / "store" / "functions"
    functions.mkdir()
    for name in ("A", "B", "C"):
        (functions / name).write_text("tree\n")
    (root / "sam").write_text(SAM)
    (root / "bundle.py").write_text(BUNDLE)
    command = f'EDGEROUTES = "{sys.executable}" "{root}/bundle.py"\n'
    (root / "Makefile").write_text(command + MAKEFILE_RULE)
    return root


def run(project: Path, *arguments: str) -> dict[str, str]:
    """What `sam` with these arguments brought about, function → who linked it."""
    shutil.rmtree(project / "out", ignore_errors=True)
    repository = str(Path(__file__).parents[2])
    command = [sys.executable, str(project / "sam"), *arguments]
    subprocess.run(command, check=True, capture_output=True, env={"PYTHONPATH": repository, "PATH": "/usr/bin:/bin"})
    return {path.parent.name: path.name for path in sorted((project / "out").glob("*/*"))}


def test_the_first_target_asks_edgeroutes_and_the_others_only_link(project: Path) -> None:
    assert run(project, "build", "A", "B", "C") == {"A": "by-python", "B": "by-script", "C": "by-script"}


def test_another_sam_build_asks_again(project: Path) -> None:
    run(project, "build", "A", "B")
    assert run(project, "build", "B", "A") == {"A": "by-script", "B": "by-python"}


def test_a_command_that_may_build_twice_always_asks(project: Path) -> None:
    assert run(project, "sync", "A", "B") == {"A": "by-python", "B": "by-python"}


def test_a_function_that_was_not_built_is_built_on_demand(project: Path) -> None:
    assert run(project, "build", "A", "D", "B") == {"A": "by-python", "B": "by-script", "D": "by-python"}


def test_a_path_of_windows_leads_to_the_projects_own_program(tmp_path: Path) -> None:
    """On a POSIX system `C:\\shop` is one name: make and sh get the same texts as there."""
    scripts = tmp_path / "C:\\shop" / ".venv" / "Scripts"
    scripts.mkdir(parents=True)
    program = scripts / "edgeroutes.exe"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    (tmp_path / "C:\\shop\\Makefile").write_text(MAKEFILE_RULE)
    command = ["make", "--makefile", "C:\\shop\\Makefile", "build-A", "ARTIFACTS_DIR=C:\\out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["bundle", "A", "--root", "C:\\shop", "--to", "C:\\out"], done.stderr


def test_outside_of_sam_there_is_no_session(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert find_sam_build() is None
    write_script(store, None)
    assert not is_current(store, None)
    assert not (tmp_path / "link.sh").exists()
    assert read_process(0) is None
