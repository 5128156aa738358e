from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from edgeroutes.dev.remembered_tree import RememberedTree
from edgeroutes.errors import ImportRaisedError
from edgeroutes.routing.file_tree import DiskTree
from edgeroutes.routing.scan import scan
from tests.dev.serving import write_files

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = "def GET():\n    return 1\n"


def test_it_sees_what_the_disk_has_links_too(tmp_path: Path) -> None:
    write_files(tmp_path, {"a": PLAIN, "b/[id]": PLAIN, "other/linked/route.py": PLAIN})
    (tmp_path / "functions/c").symlink_to(tmp_path / "other")
    (tmp_path / "functions/a/up").symlink_to(tmp_path / "functions")
    tree, disk = RememberedTree(tmp_path), DiskTree(tmp_path)
    for _ in range(2):
        assert scan(tree) == scan(disk)
        for folder in ("functions", "functions/c", "functions/c/linked", "functions/a/up"):
            assert tree.resolve(folder) == disk.resolve(folder)
            assert tree.is_directory(folder)
            assert list(tree.list_names(folder)) == list(disk.list_names(folder))
    assert not tree.is_directory("functions/a/route.py")
    assert not tree.is_directory("nothing/here")


def test_it_sees_every_change(tmp_path: Path) -> None:
    write_files(tmp_path, {"a": PLAIN})
    tree = RememberedTree(tmp_path)
    seen = []
    changes = [
        {"b": PLAIN},
        {"a": "revalidate = 1\n" + PLAIN},
        {"c/d": PLAIN, "functions/middleware.py": "async def middleware(request, call_next): ...\n"},
    ]
    for change in changes:
        write_files(tmp_path, change)
        seen.append(scan(tree) == scan(DiskTree(tmp_path)))
    (tmp_path / "functions/b/route.py").unlink()
    (tmp_path / "functions/c").rename(tmp_path / "functions/e")
    seen.append(scan(tree) == scan(DiskTree(tmp_path)))
    assert seen == [True] * 4


def test_what_is_forgotten_is_read_again_though_its_mtime_is_the_same(tmp_path: Path) -> None:
    write_files(tmp_path, {"a": "X = 1\n"})
    tree = RememberedTree(tmp_path)
    file = tmp_path / "functions/a/route.py"
    os.utime(file, ns=(10**18, 10**18))
    before = tree.read_text("functions/a/route.py"), tree.list_names("functions")
    file.write_text("X = 2\n")
    os.utime(file, ns=(10**18, 10**18))
    status = (tmp_path / "functions").stat()
    (tmp_path / "functions/b").mkdir()
    os.utime(tmp_path / "functions", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (tree.read_text("functions/a/route.py"), tree.list_names("functions")) == before
    tree.forget([file, tmp_path / "functions/b"])
    assert (tree.read_text("functions/a/route.py"), tree.list_names("functions")) == ("X = 2\n", ("a", "b"))


def test_what_cannot_be_read_raises_what_the_disk_raises(tmp_path: Path) -> None:
    tree = RememberedTree(tmp_path)
    (tmp_path / "bad.py").write_bytes(b"# coding: nothing\n")
    for read in (lambda: tree.list_names("absent"), lambda: tree.read_text("absent.py")):
        with pytest.raises(OSError, match="No such file"):
            read()
    with pytest.raises(ImportRaisedError, match=r"bad\.py:1: the encoding is wrong"):
        tree.read_text("bad.py")
