"""Builds where there is no room, or nothing may be written: real file systems, one line, and the next build succeeds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.build.projects import HELLO, OWN_RUNTIME

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]
pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "functions/hello").mkdir(parents=True)
    (root / "functions/hello/route.py").write_text(HELLO)
    (root / "pyproject.toml").write_text(f'[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n')
    return root


@pytest.fixture
def disk(root: Path) -> Iterator[Path]:
    """`.edgeroutes` as a file system of its own, with room for less than one bundle."""
    folder = root / ".edgeroutes"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def build(root: Path) -> tuple[int, str]:
    command = [sys.executable, "-P", "-m", "edgeroutes", "build"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_a_full_disk_is_one_line_and_leaves_nothing_behind(root: Path, disk: Path) -> None:
    assert build(root) == (1, f"{disk}/store: the disk is full (No space left on device). Free some space.\n")
    assert not list(disk.rglob(".new-*"))
    subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
    assert build(root)[0] == 0


def test_a_store_on_a_read_only_disk_is_one_line(root: Path, disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    code, said = build(root)
    assert (code, said.count("\n")) == (1, 1)
    assert said.endswith("it cannot be written (Read-only file system). Allow writing, or choose another folder.\n")
