from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from edgeroutes.dev.watch import Watcher, matters, watched_folders
from tests.dev.serving import until, write_files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("functions", "lib", ".venv/lib", "node_modules/x", ".git", "own_env", "__pycache__"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "own_env/pyvenv.cfg").touch()
    return tmp_path


def test_only_folders_that_may_hold_code_are_watched(project: Path) -> None:
    assert watched_folders(project) == [str(project / "functions"), str(project / "lib")]


@pytest.mark.parametrize(
    ("path", "does"),
    [
        ("functions/a/route.py", True),
        ("functions/a/function.yaml", True),
        ("lib/db.py", True),
        ("top.py", True),
        ("pyproject.toml", True),
        (".env", True),
        (".env.local", True),
        (".env.example", False),
        ("lib/data.sqlite", False),
        ("lib/data.sqlite-journal", False),
        ("functions/a/.route.py.swp", False),
        ("functions/a/__pycache__/route.cpython-311.pyc", False),
        ("functions/a/__pycache__", False),
        ("lib/node_modules/x.py", False),
        (".venv/lib/x.py", False),
        (".git/index.py", False),
        ("build/x.py", False),
        ("README.md", False),
    ],
)
def test_which_changes_matter(project: Path, path: str, does: bool) -> None:
    assert matters(project / path, project, lambda _: False) is does


def test_a_folder_matters_when_it_has_code_or_had_some(project: Path) -> None:
    write_files(project, {"functions/new/route.py": "", "uploads/x.txt": ""})
    assert matters(project / "functions/new", project, lambda _: False)
    assert not matters(project / "uploads", project, lambda _: True)
    assert matters(project / "functions/gone", project, lambda path: path.name == "gone")
    assert not matters(project / "functions/never", project, lambda path: path.name == "gone")


def test_changes_are_told_with_their_files(project: Path) -> None:
    seen: set[Path] = set()
    watcher = Watcher(project, seen.update, lambda path: path.name == "fresh")
    try:
        write_files(project, {"lib/db.py": "", "lib/data.json": "", ".env": "A=1"})
        until(lambda: {project / "lib/db.py", project / ".env"} <= seen, "the first change")
        write_files(project, {"fresh/deep/x.py": ""})  # a new folder in the project is watched at once
        until(lambda: project / "fresh" in seen, "the new folder")
        write_files(project, {"fresh/deep/x.py": "A = 1"})
        until(lambda: project / "fresh/deep/x.py" in seen, "the file in it")
        seen.clear()
        shutil.rmtree(project / "fresh")
        until(lambda: project / "fresh" in seen, "the removal")
    finally:
        watcher.close()
    assert project / "lib/data.json" not in seen


def test_nothing_is_told_after_the_end(project: Path) -> None:
    seen: set[Path] = set()
    watcher = Watcher(project, seen.update, lambda _: False)
    watcher.close()
    write_files(project, {"lib/db.py": ""})
    assert seen == set()


def test_polling_is_for_file_systems_that_tell_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "1")
    seen: set[Path] = set()
    watcher = Watcher(project, seen.update, lambda _: False)
    try:
        write_files(project, {"lib/db.py": "A = 1"})
        until(lambda: project / "lib/db.py" in seen, "the change")
    finally:
        watcher.close()
