"""The store's lock, and that everything which builds runs where there is no fcntl: on Windows."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

from edgeroutes.build.store import file_lock
from tests.build.projects import HELLO, OWN_RUNTIME, invoke

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
from edgeroutes.cli.build import make_builder
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
    builder = make_builder(Path(sys.argv[1]))
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
