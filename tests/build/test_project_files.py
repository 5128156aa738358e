"""Data beside modules, and what function.yaml includes and excludes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.project_files import DataFiles, included_files, matches
from edgeroutes.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

FILES = (
    "README.md",
    "lib/__init__.py",
    "lib/db.py",
    "lib/queries.sql",
    "lib/py.typed",
    "lib/.env",
    "lib/templates/mail/a.html",
    "lib/templates/.hidden/b.html",
    "lib/templates/node_modules/c.html",
    "lib/code/x.py",
    "lib/code/x.txt",
    "lib/__pycache__/db.pyc",
    "functions/[id]/route.py",
    "functions/[id]/page.html",
    "functions/[id]/function.yaml",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for file in FILES:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    return tmp_path


def test_a_module_brings_the_data_beside_it_and_folders_without_python(root: Path) -> None:
    data = DataFiles(root)
    assert data.beside(["lib/db.py", "lib/__init__.py"]) == ["lib/queries.sql", "lib/templates/mail/a.html"]
    assert data.beside(["functions/[id]/route.py"]) == ["functions/[id]/page.html"]
    assert data.beside(["settings.py"]) == []


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("lib/queries.sql", ["lib/queries.sql"]),
        ("lib/code", ["lib/code/x.py", "lib/code/x.txt"]),
        ("lib/**/*.html", ["lib/templates/mail/a.html"]),
        ("functions/[id]", ["functions/[id]/function.yaml", "functions/[id]/page.html", "functions/[id]/route.py"]),
        ("lib.db", []),
        ("nothing/*.x", []),
    ],
)
def test_an_include_is_a_file_a_folder_or_a_pattern(root: Path, entry: str, expected: list[str]) -> None:
    found = included_files(root, entry, where="function.yaml, include")
    assert [path for path in found if not path.endswith("function.yaml")] == [
        path for path in expected if not path.endswith("function.yaml")
    ]


@pytest.mark.parametrize("entry", ["../x", "/etc/passwd", "lib/../../x"])
def test_an_include_stays_in_the_project(root: Path, entry: str) -> None:
    with pytest.raises(ConfigError, match="leads out of the project"):
        included_files(root, entry, where="function.yaml, include")


@pytest.mark.parametrize(
    ("path", "entry", "expected"),
    [
        ("lib/db.py", "lib/db.py", True),
        ("lib/db.py", "lib.db", True),
        ("lib/db.py", "lib", True),
        ("lib/db.py", "lib/", True),
        ("lib/db.py", "li", False),
        ("lib/db.py", "lib.d", False),
        ("lib/a/b.txt", "lib/*.txt", True),
        ("lib/__init__.py", "lib", True),
    ],
)
def test_an_exclude_is_a_path_a_folder_a_pattern_or_a_module(path: str, entry: str, expected: bool) -> None:
    assert matches(path, entry) is expected
