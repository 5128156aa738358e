from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.routing.reading import DiskTree, FileTree
from edgeroutes.routing.scan import scan
from tests.fakes.file_tree import HANDLER, FakeFileTree

if TYPE_CHECKING:
    from pathlib import Path


def written(root: Path, files: dict[str, str]) -> DiskTree:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return DiskTree(root)


def test_the_disk_and_the_picture_of_it_are_the_same_tree(tmp_path: Path) -> None:
    files = {"functions/b/route.py": "b", "functions/a/[id]/x.txt": "ä", "functions/a/route.py": "a"}
    trees: list[FileTree] = [written(tmp_path, files), FakeFileTree(files)]
    for tree in trees:
        assert list(tree.list_names("functions")) == ["a", "b"]
        assert list(tree.list_names("functions/a")) == ["[id]", "route.py"]
        assert tree.is_directory("functions/a/[id]")
        assert not tree.is_directory("functions/a/route.py")
        assert not tree.is_directory("nothing")
        assert tree.read_text("functions/a/[id]/x.txt") == "ä"


def test_a_file_is_read_in_the_encoding_that_it_declares(tmp_path: Path) -> None:
    tree = written(tmp_path, {})
    (tmp_path / "latin.py").write_bytes("# coding: latin-1\nx = 'é'\r\n".encode("latin-1"))
    (tmp_path / "bom.py").write_bytes("\ufeffx = 1\n".encode())
    assert tree.read_text("latin.py") == "# coding: latin-1\nx = 'é'\n"
    assert tree.read_text("bom.py") == "x = 1\n"


@pytest.mark.parametrize("content", [b"x = '\xff'", b"# coding: nonsense\n"])
def test_a_file_in_no_encoding_is_a_problem_of_its_route(tmp_path: Path, content: bytes) -> None:
    tree = written(tmp_path, {"functions/a/route.py": ""})
    (tmp_path / "functions/a/route.py").write_bytes(content)
    assert [problem.where for problem in scan(tree).problems] == ["functions/a/route.py:1"]


def test_links_on_the_disk_end_somewhere(tmp_path: Path) -> None:
    tree = written(tmp_path, {"functions/a/route.py": HANDLER})
    (tmp_path / "functions/a/up").symlink_to(tmp_path / "functions")
    (tmp_path / "functions/self").symlink_to("self")
    (tmp_path / "functions/broken").symlink_to(tmp_path / "gone")
    (tmp_path / "functions/b").symlink_to(tmp_path / "functions/a")
    found = scan(tree)
    assert [route.source_file for route in found.routes] == ["functions/a/route.py", "functions/b/route.py"]
    assert found.problems == ()
