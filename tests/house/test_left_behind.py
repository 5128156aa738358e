"""A project that one test module loads is unknown to the next."""

from __future__ import annotations

import shutil
from pathlib import Path
from textwrap import dedent

from tests.testing.projects import outcome, run_pytest

LOADS = """
    import sys

    def test_loads(tmp_path_factory):
        root = tmp_path_factory.mktemp("{name}")
        (root / "lib").mkdir()
        (root / "lib/db.py").write_text("TABLE = '{name}'")
        sys.path.insert(0, str(root))
        from lib.db import TABLE
        assert TABLE == "{name}"
"""


def test_a_test_module_imports_its_own_project(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parents[1] / "conftest.py", tmp_path / "conftest.py")
    for name in ("one", "two"):
        (tmp_path / f"test_{name}.py").write_text(dedent(LOADS.format(name=name)))
    done = run_pytest(tmp_path)
    assert outcome(done) == "2 passed", done.stdout
