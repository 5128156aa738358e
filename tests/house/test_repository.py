"""What is committed belongs to the project, not to the machine that it was written on."""

from __future__ import annotations

import os
import subprocess
import tomllib
from pathlib import Path

import pytest

from edgeroutes._version import __version__

ROOT = Path(__file__).parents[2]
# Folders that every machine has say nothing of this one.
EVERYWHERE = ("/", "/home", "/opt", "/srv", "/tmp", "/usr", "/var")


@pytest.fixture(scope="module")
def files() -> list[Path]:
    """Every file that is committed, or would be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("this is not a git repository")
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_folder_of_this_machine(files: list[Path]) -> None:
    folders = {f"{folder}/".encode() for folder in (Path.home(), ROOT, ROOT.parent) if str(folder) not in EVERYWHERE}
    found = [
        file.relative_to(ROOT).as_posix() for file in files if any(folder in file.read_bytes() for folder in folders)
    ]
    assert found == []


def test_no_secret_or_generated_file_is_committed(files: list[Path]) -> None:
    unwanted = {".env", ".env.local", ".DS_Store", "__pycache__", ".venv", ".tools", "dist", ".bench", ".aws-sam"}
    found = [file.relative_to(ROOT).as_posix() for file in files if unwanted & set(file.relative_to(ROOT).parts)]
    assert [name for name in found if not name.startswith("tests/cases/")] == []


def test_scripts_can_be_run() -> None:
    assert all(os.access(ROOT / ".ci" / name, os.X_OK) for name in ("floors", "run"))


def test_the_changelog_opens_with_this_version() -> None:
    headings = [line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")]
    assert headings[0].startswith(f"## {__version__}")


def test_the_lock_file_is_of_this_project() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (locked,) = [package for package in lock["package"] if package["name"] == declared["name"]]
    assert lock["requires-python"] == declared["requires-python"]
    assert len(locked["dependencies"]) == len(declared["dependencies"])
