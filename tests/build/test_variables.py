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
        ("import os\nos.environ.get(key='KEY')", use("KEY", 2)),
        ("import os\nos.getenv(key='KEY', default='x')", use("KEY", 2, has_default=True)),
        (
            "import os\ndef f():\n    name = 'KEY'\n    return os.environ[name]",
            use("KEY", 4, is_required=True, runs_at_import=False),
        ),
        ("import os\nP = 'K'\nos.environ[P + 'EY']", use("KEY", 3, is_required=True)),
        ("import os\nP = 'K'\nos.environ[f'{P}EY']", use("KEY", 3, is_required=True)),
        ("import os\nenv = os.environ\nenv['KEY']", use("KEY", 3, is_required=True)),
        ("import os\nget = os.environ.get\nget('KEY')", use("KEY", 3)),
        ("import os\nos.environ.pop('KEY')", use("KEY", 2, is_required=True)),
        ("import os\nos.environ.pop('KEY', None)", use("KEY", 2, has_default=True)),
        ("import os\nos.environ.update(KEY='x')", use("KEY", 2, sets=True)),
        ("import os\nos.environ.update({'KEY': 'x'})", use("KEY", 2, sets=True)),
        ("import os\ndef f(x=os.environ['KEY']): pass", use("KEY", 2, is_required=True)),
        (
            "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    key: str",
            use("KEY", 3, is_required=True, runs_at_import=False),
        ),
        (
            "class S(pydantic_settings.BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='K')\n    ey: int = 1",
            use("KEY", 3, has_default=True, runs_at_import=False),
        ),
        (
            "class S(BaseSettings):\n    a: str = Field(..., validation_alias='KEY')\n    b: ClassVar[int]\n    _c: int",
            use("KEY", 2, is_required=True, runs_at_import=False),
        ),
        (
            "class S(BaseSettings):\n    class Config:\n        env_prefix = 'K'\nclass T(S):\n    key: str = Field(default_factory=str)",
            use("KEY", 5, has_default=True, runs_at_import=False),
        ),
        (
            "class S(BaseSettings):\n    model_config = SettingsConfigDict(env_nested_delimiter='__')\n    key: Part",
            use("KEY", 3, runs_at_import=False),
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
def test_uses_without_a_name_are_left_out(source: str, tmp_path: Path) -> None:
    assert uses(tmp_path, source) == ()


def test_a_file_that_is_gone_or_not_text_has_none(tmp_path: Path) -> None:
    assert read_variable_uses(tmp_path / "none.py") == ()
    (tmp_path / "a.py").write_bytes(b"environ\xff\x00")
    assert read_variable_uses(tmp_path / "a.py") == ()


def test_each_name_of_a_loop_is_found(tmp_path: Path) -> None:
    source = "import os\nfor name in ('A', 'B'):\n    os.environ[name]\nfound = [os.getenv(n) for n in ['C', x]]\n"
    assert [each.name for each in uses(tmp_path, source)] == ["A", "B", "C"]
