from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from edgeroutes.dev.watch import Watcher, folders_beside, matters, watched_folders
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


def test_changes_are_reported_with_their_files(project: Path) -> None:
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


@pytest.mark.parametrize("name", ["build", "dist", "env", "venv", "node_modules", "htmlcov", "site-packages"])
def test_a_route_folder_of_any_name_is_watched(project: Path, name: str) -> None:
    write_files(project, {f"functions/{name}/route.py": "", "functions/x/__pycache__/route.py": ""})
    own = (project / "functions",)
    assert matters(project / f"functions/{name}/route.py", project, lambda _: False, own)
    assert matters(project / f"functions/{name}", project, lambda _: False, own)
    assert not matters(project / "functions/x/__pycache__/route.py", project, lambda _: False, own)
    assert not matters(project / f"{name}/route.py", project, lambda _: False, own)


def test_what_a_link_made_later_leads_to_is_watched(project: Path) -> None:
    write_files(project, {"build/shared/route.py": ""})
    seen: set[Path] = set()
    watcher = Watcher(project, seen.update, lambda _: False, app_dir=lambda: "functions")
    try:
        (project / "functions/linked").symlink_to(project / "build/shared")
        until(lambda: project / "functions/linked" in seen, "the link")
        seen.clear()
        write_files(project, {"build/shared/route.py": "A = 1"})
        until(lambda: {path.name for path in seen} == {"route.py"}, "the change behind the link")
    finally:
        watcher.close()


def test_editable_installs_outside_the_project_are_watched(tmp_path: Path) -> None:
    project, member, site_packages = tmp_path / "api", tmp_path / "shared/src", tmp_path / "environment/site-packages"
    write_files(tmp_path, {"api/lib/db.py": "", "shared/src/shop/a.py": "", "environment/site-packages/x.py": ""})
    (site_packages / "_shop.pth").write_text(f"{member}\n")
    (site_packages / "_own.pth").write_text(f"{project}\n")
    beside = folders_beside(project, [site_packages])
    assert beside == (member,)
    seen: set[Path] = set()
    watcher = Watcher(project, seen.update, lambda _: False, beside=beside)
    try:
        write_files(
            tmp_path, {"shared/src/shop/a.py": "A = 1", "shared/src/shop/data.txt": "", "shared/README.txt": ""}
        )
        until(lambda: seen == {member / "shop/a.py"}, "the change")
    finally:
        watcher.close()


def test_a_file_above_the_project_that_declares_packages_is_watched(project: Path) -> None:
    member = project / "lib"
    files = [project / "uv.lock"]
    seen: set[Path] = set()
    watcher = Watcher(member, seen.update, lambda _: False, files=lambda: files)
    try:
        (project / "uv.lock").write_text("version = 1")
        until(lambda: seen == {project / "uv.lock"}, "the lock")
    finally:
        watcher.close()


def test_nothing_is_reported_after_the_end(project: Path) -> None:
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
