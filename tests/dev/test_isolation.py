from __future__ import annotations

import importlib
import os
import py_compile
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from edgeroutes.dev.isolation import drop_modules, is_project_file, loaded_files
from edgeroutes.runtime.endpoint import load_module
from tests.dev.serving import PATIENCE_S, shared_module, write_files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    drop_modules(tmp_path)


def test_the_projects_modules_are_dropped_packages_and_route_files_too(root: Path) -> None:
    files = {"forgettable/__init__.py": "", "forgettable/db.py": "", "forgettable_space/one.py": ""}
    write_files(root, {**files, "functions/rss.xml/[id]/route.py": "from forgettable.db import *\n"})
    load_module(str(root), "functions/rss.xml/[id]/route.py")
    importlib.import_module("forgettable_space.one")
    assert sorted(drop_modules(root)) == [
        "forgettable",
        "forgettable.db",
        "forgettable_space",
        "forgettable_space.one",
        "functions.rss\N{ONE DOT LEADER}xml",
        "functions.rss\N{ONE DOT LEADER}xml.[id].route",
    ]
    assert list(loaded_files(root)) == []


def test_installed_modules_and_our_own_stay(root: Path) -> None:
    write_files(root, {".venv/lib/python3.11/site-packages/installed_here.py": "", "edgeroutes/own.py": ""})
    sys.path.insert(0, str(root / ".venv/lib/python3.11/site-packages"))
    try:
        installed = importlib.import_module("installed_here")
        assert drop_modules(root) == []
        assert sys.modules["installed_here"] is installed
    finally:
        sys.path.remove(str(root / ".venv/lib/python3.11/site-packages"))
        sys.modules.pop("installed_here", None)


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("/p/lib/db.py", True),
        ("/p/functions/api/edgeroutes/route.py", True),
        ("/p/.venv/lib/python3.11/site-packages/x.py", False),
        ("/usr/lib/python3/dist-packages/x.py", False),
        ("/p/conda/lib/python3.11/json/__init__.py", False),
        ("/project/lib/db.py", False),
    ],
)
def test_what_is_a_file_of_the_project(path: str, own: bool) -> None:
    assert is_project_file(path, "/p", ["/p/conda"]) is own


def test_of_two_saves_in_one_second_with_one_size_the_second_is_read(root: Path) -> None:
    file = root / "twice.py"
    file.write_text("VALUE = 1\n")
    os.utime(file, ns=(10**18, 10**18))
    py_compile.compile(str(file), invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    assert importlib.import_module("twice").VALUE == 1
    file.write_text("VALUE = 2\n")
    os.utime(file, ns=(10**18 + 1000, 10**18 + 1000))
    drop_modules(root)
    assert importlib.import_module("twice").VALUE == 1  # what Python itself makes of it
    drop_modules(root, [file])
    assert importlib.import_module("twice").VALUE == 2


def test_a_module_that_another_thread_is_importing_is_waited_for(root: Path) -> None:
    write_files(root, {"slow_import.py": "import gate\ngate.entered.set()\ngate.leave.wait(20)\nVALUE = 1\n"})
    entered, leave, seen = threading.Event(), threading.Event(), []

    def load() -> None:
        from slow_import import VALUE  # type: ignore[import-not-found]

        seen.append(VALUE)

    with shared_module("gate", entered=entered, leave=leave):
        thread = threading.Thread(target=load)
        thread.start()
        assert entered.wait(PATIENCE_S)
        threading.Timer(0.05, leave.set).start()
        dropped = drop_modules(root)
        thread.join()
    assert (seen, dropped) == ([1], ["slow_import"])
