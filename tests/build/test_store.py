"""The store on disk: trees whole or not at all, and bundles linked from them."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from edgeroutes.build import store as store_module
from edgeroutes.build.report import SizedFile, biggest_files, render_bytes, unzipped_bytes, write_zip, zipped_bytes
from edgeroutes.build.store import ZIP_EPOCH, Store, Tree, file_lock, link_trees, storage_errors
from edgeroutes.errors import BundleError, ToolError
from tests.build.projects import HELLO, OWN_RUNTIME, invoke


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / ".edgeroutes" / "store")


def make_tree(store: Store, name: str, files: dict[str, str]) -> Tree:
    folder = store.unfinished_folder()
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    store.adopt(name, folder, {"of": name})
    tree = store.tree(name)
    assert tree is not None
    return tree


def test_a_tree_is_found_again_with_its_sizes_and_dates(store: Store) -> None:
    tree = make_tree(store, "one", {"a/b.txt": "12", "c": ""})
    found = Store(store.folder).tree("one")
    assert found == tree
    assert dict(tree.sizes) == {"a/b.txt": 2, "c": 0}
    status = (tree.folder / "a/b.txt").stat()
    assert (status.st_mtime, status.st_mode & 0o777) == (ZIP_EPOCH, 0o444)
    assert store.tree("two") is None


def test_git_ignores_it(store: Store) -> None:
    with store.locked():
        pass
    assert (store.folder.parent / ".gitignore").read_text() == "*\n"


def test_a_folder_then_holds_exactly_the_bundle(store: Store, tmp_path: Path) -> None:
    one, two = make_tree(store, "one", {"a/b": "1", "c": "1"}), make_tree(store, "two", {"c": "2"})
    link_trees([one, two], tmp_path / "out")
    link_trees([one, two], tmp_path / "out")
    assert {path.name: path.read_text() for path in (tmp_path / "out").rglob("*") if path.is_file()} == {
        "b": "1",
        "c": "2",
    }
    is_link = (tmp_path / "out/c").stat().st_ino == (two.folder / "c").stat().st_ino
    assert is_link is not os.access(two.folder / "c", os.W_OK)  # root may write everywhere
    with pytest.raises(BundleError, match="contains 1 files that are not part of the bundle, such as 'a/b'"):
        link_trees([two], tmp_path / "out")


def test_on_another_device_files_are_copied(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    tree = make_tree(store, "one", {"a": "1"})
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    link_trees([tree], tmp_path / "out")
    assert (tmp_path / "out/a").read_text() == "1"
    assert (tmp_path / "out/a").stat().st_ino != (tree.folder / "a").stat().st_ino


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, r"^/out: the disk is full \(No space left on device\). Free some space.$"),
        (
            errno.EROFS,
            r"^/out/a: it cannot be written \(Read-only file system\). Allow writing, or choose another folder.$",
        ),
    ],
)
def test_a_full_or_read_only_disk_is_reported(number: int, message: str) -> None:
    with pytest.raises(ToolError, match=message), storage_errors(Path("/out")):
        raise OSError(number, os.strerror(number), "/out/a")


def test_a_bundle_into_a_file_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(ToolError, match="it cannot be written"):
        link_trees([make_tree(store, "one", {"a/b": "1"})], tmp_path / "out")


def test_what_no_build_has_used_for_long_is_swept_away(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    make_tree(store, "old", {"a": ""})
    make_tree(store, "used", {"a": ""})
    later = time.time() + 15 * 24 * 3600
    monkeypatch.setattr(store_module.time, "time", lambda: later)
    store.sweep(["used"])
    assert sorted(path.name for path in (store.folder / "trees").iterdir()) == ["used", "used.json"]


def test_sizes_and_zips(store: Store, tmp_path: Path) -> None:
    trees = [make_tree(store, "one", {"a.txt": "x" * 3000, "b": "1"}), make_tree(store, "two", {"b": "22"})]
    assert unzipped_bytes(trees) == 3002
    assert biggest_files(trees, {"one": "the project"}, 1) == [
        SizedFile(path="a.txt", size_bytes=3000, brought_by="the project")
    ]
    for name in ("1.zip", "2.zip"):
        write_zip(trees, tmp_path / name)
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    # What is in two trees is counted twice: an upper bound, near enough.
    estimate = zipped_bytes(trees, store)
    assert 0 <= estimate - (tmp_path / "1.zip").stat().st_size < 100
    assert zipped_bytes(trees, store) == estimate
    assert [render_bytes(size) for size in (0, 1, 1025, 1_600_000)] == ["0 KB", "1 KB", "2 KB", "1.5 MB"]


def test_a_file_of_the_store_that_was_changed_invalidates_its_tree(store: Store) -> None:
    for change in ("append", "same size", "removed", "a link"):
        tree = make_tree(store, "one", {"a": "1", "b": "2"})
        file = tree.folder / "a"
        file.chmod(0o644)
        if change == "append":
            file.write_text("1evil")
        elif change == "same size":
            file.write_text("6")
        else:
            file.unlink()
            if change == "a link":
                file.symlink_to("b")
        assert not store.is_sound("one"), change
        assert store.changed == [file]
        store.changed.clear()
        assert make_tree(store, "one", {"a": "1", "b": "2"}).folder.joinpath("a").read_text() == "1"


def test_programs_stay_programs_and_other_files_do_not_become_any(store: Store, tmp_path: Path) -> None:
    def write(folder: Path) -> dict[str, str]:
        for name, content, mode in (
            ("tool", b"#!/bin/sh\n", 0o755),
            ("bin", b"\x7fELF", 0o700),
            ("text", b"a", 0o777),
            ("off", b"#!x", 0o644),
        ):
            (folder / name).write_bytes(content)
            (folder / name).chmod(mode)
        return {}

    link_trees([store.make_tree("one", write)], tmp_path / "out")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()}
    assert modes == {"tool": 0o555, "bin": 0o555, "text": 0o444, "off": 0o444}


REPOSITORY = Path(__file__).parents[2]
# Runs in a process whose Python has no module that only POSIX has, and a `msvcrt` that locks by a set in memory. Files that are read-only
# cannot be removed, and the file system knows no links.
WITHOUT_POSIX = """
import asyncio, importlib, os, pkgutil, shutil, subprocess, sys, types  # asyncio and subprocess choose their system when they are imported
from pathlib import Path
for name in ("fcntl", "grp", "pwd", "termios", "resource"):
    sys.modules[name] = None
taken = []
def locking(descriptor, mode, count):
    if len(taken) == 0:
        taken.append("refused")
        raise OSError(13, "Permission denied")
    taken.append((mode, count))
import edgeroutes
for room in ("build", "cli", "dev", "plan", "template", "routing"):
    package = importlib.import_module(f"edgeroutes.{room}")
    for module in pkgutil.walk_packages(package.__path__, f"edgeroutes.{room}."):
        if ".skeleton" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
sys.modules["msvcrt"] = types.SimpleNamespace(locking=locking, LK_NBLCK=2, LK_UNLCK=0)
from edgeroutes.build.builder import Builder
from edgeroutes.pipeline import plan_project
def make_builder(root):
    return Builder(root, plan_project(root))
builder = make_builder(Path(sys.argv[1]))
sys.platform = "win32"
def unlink(path, *, dir_fd=None, original=os.unlink):
    if not os.stat(path, dir_fd=dir_fd).st_mode & 0o222:
        raise PermissionError(13, "Access is denied", str(path))
    original(path, dir_fd=dir_fd)
os.unlink = os.remove = unlink
def no_links(*_, **__):
    raise OSError(1, "Incorrect function")
os.link = no_links
from edgeroutes.build.store import link_trees
for text in ("first", "second"):
    Path(sys.argv[1], "functions/a/route.py").write_text(f"def GET():\\n    return {text!r}\\n")
    with builder.store.locked():
        report = builder.build()
    link_trees(report.functions[0].trees, Path(sys.argv[1], "out"))
    builder = Builder(Path(sys.argv[1]), plan_project(Path(sys.argv[1])))
print([each.logical_id for each in report.functions], taken[:2])
shutil.rmtree(builder.store.folder)
"""


def test_a_process_without_fcntl_imports_everything_and_builds(tmp_path: Path) -> None:
    (tmp_path / "functions" / "a").mkdir(parents=True)
    (tmp_path / "functions" / "a" / "route.py").write_text(HELLO)
    (tmp_path / "pyproject.toml").write_text(f'[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n')
    command = [sys.executable, "-c", WITHOUT_POSIX, str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "['AFunction', 'FallbackFunction'] ['refused', (2, 1)]"
    assert invoke(tmp_path / "out", "/a")["body"] == "second"


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    inside: list[str] = []

    def hold(name: str) -> None:
        with file_lock(tmp_path / "lock"):
            inside.append(f"{name} in")
            time.sleep(0.05)
            inside.append(f"{name} out")

    threads = [threading.Thread(target=hold, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [pair.split()[1] for pair in inside] == ["in", "out"] * 3
    assert all(inside[n].split()[0] == inside[n + 1].split()[0] for n in (0, 2, 4))
