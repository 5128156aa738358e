from __future__ import annotations

from typing import TYPE_CHECKING

from edgeroutes.build.local_folder import make_local_folder

if TYPE_CHECKING:
    from pathlib import Path


def test_git_ignores_the_local_folder_whatever_is_written_first(tmp_path: Path) -> None:
    make_local_folder(tmp_path / ".edgeroutes" / "cache" / "deep")
    assert (tmp_path / ".edgeroutes" / ".gitignore").read_text() == "*\n"
    assert sorted(path.name for path in tmp_path.rglob(".gitignore")) == [".gitignore"]


def test_a_gitignore_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / ".edgeroutes").mkdir()
    (tmp_path / ".edgeroutes" / ".gitignore").write_text("mine\n")
    make_local_folder(tmp_path / ".edgeroutes" / "cache")
    assert (tmp_path / ".edgeroutes" / ".gitignore").read_text() == "mine\n"


def test_a_folder_elsewhere_gets_none(tmp_path: Path) -> None:
    make_local_folder(tmp_path / "cache")
    assert not [*tmp_path.rglob(".gitignore")]
