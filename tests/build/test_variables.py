from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.variables import VariableUse, read_variable_uses

if TYPE_CHECKING:
    from pathlib import Path


def uses(tmp_path: Path, source: str) -> tuple[VariableUse, ...]:
    (tmp_path / "a.py").write_text(source)
    return read_variable_uses(tmp_path / "a.py")


def use(name: str, line: int, **known: bool) -> VariableUse:
    return VariableUse(name=name, line=line, **known)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import os\nos.environ['KEY']", use("KEY", 2, is_required=True)),
        ("import os as o\no.environ['KEY']", use("KEY", 2, is_required=True)),
        ("import os.path\nos.environ['KEY']", use("KEY", 2, is_required=True)),
        ("from os import environ\nenviron['KEY']", use("KEY", 2, is_required=True)),
        ("from os import environ as env\nenv['KEY']", use("KEY", 2, is_required=True)),
        ("import os\nNAME = 'KEY'\nos.environ[NAME]", use("KEY", 3, is_required=True)),
        ("import os\nNAME: str = 'KEY'\nos.environ[NAME]", use("KEY", 3, is_required=True)),
        ("import os\nos.environ.get('KEY')", use("KEY", 2)),
        ("import os\nos.environ.get('KEY', 'x')", use("KEY", 2, has_default=True)),
        ("import os\nos.getenv('KEY')", use("KEY", 2)),
        ("from os import getenv as g\ng('KEY', default='x')", use("KEY", 2, has_default=True)),
        ("import os\nif 'KEY' in os.environ: pass", use("KEY", 2, has_default=True)),
        ("import os\nos.environ['KEY'] = 'x'", use("KEY", 2, sets=True)),
        ("import os\nos.environ.setdefault('KEY', 'x')", use("KEY", 2, has_default=True, sets=True)),
        ("import os\ntry:\n    os.environ['KEY']\nexcept KeyError: pass", use("KEY", 3)),
        ("import os\ntry:\n    os.environ['KEY']\nexcept (ValueError, LookupError): pass", use("KEY", 3)),
        ("import os\ntry:\n    os.environ['KEY']\nexcept ValueError: pass", use("KEY", 3, is_required=True)),
        ("import os\nclass A:\n    key = os.environ['KEY']", use("KEY", 3, is_required=True)),
        (
            "import os\nasync def f():\n    return os.environ['KEY']",
            use("KEY", 3, is_required=True, runs_at_import=False),
        ),
        ("import os\nf = lambda: os.environ['KEY']", use("KEY", 2, is_required=True, runs_at_import=False)),
    ],
)
def test_a_use_is_found_with_what_it_means(source: str, expected: VariableUse, tmp_path: Path) -> None:
    assert uses(tmp_path, source) == (expected,)


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ[name()]",
        "import os\nNAME = 'A1'\nNAME = 'B1'\nos.environ[NAME]",
        "environ = {}\nenviron['KEY']",
        "import other as os\nprint(os.environ['KEY'])",
        "request.environ['KEY']",
        "import os\ndel os.environ[",
        "# os.environ['KEY']",
        "",
    ],
)
def test_what_is_no_use_or_names_none_is_left_out(source: str, tmp_path: Path) -> None:
    assert uses(tmp_path, source) == ()


def test_a_file_that_is_gone_or_not_text_has_none(tmp_path: Path) -> None:
    assert read_variable_uses(tmp_path / "none.py") == ()
    (tmp_path / "a.py").write_bytes(b"environ\xff\x00")
    assert read_variable_uses(tmp_path / "a.py") == ()
