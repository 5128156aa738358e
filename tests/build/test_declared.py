"""What a project declares, from each place where its tools let it be declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.declared import declared_distributions, is_dev_group, read_declarations
from edgeroutes.build.distributions import installed_distributions
from edgeroutes.errors import ConfigError, DependencyError
from tests.fakes.installer import FakeWheel, write_wheel

if TYPE_CHECKING:
    from pathlib import Path

PYPROJECT = """\
[project]
name = "Own.Project"
dependencies = [
  "PyYAML >=6",
  "edgeroutes[dev]",
]
[project.optional-dependencies]
pg = ["psycopg[binary]==3.2"]
all = ["own-project[pg]"]
[dependency-groups]
db = ["psycopg[pool]", {include-group = "dev"}]
dev = ["pytest"]
[tool.uv]
dev-dependencies = ["mypy"]
[tool.pdm.dev-dependencies]
web = ["httpx"]
[tool.poetry.dependencies]
python = "^3.11"
redis = {version = "^5", extras = ["hiredis"], optional = true}
idna = "3.10"
numpy = [{version = "<2", python = "<3.12"}, {version = ">=2", python = ">=3.12"}]
[tool.poetry.group.lint.dependencies]
ruff = "*"
"""


def declared(root: Path) -> list[tuple[str, str, set[str], str, bool, bool]]:
    return [
        (each.name, each.where, set(each.extras), each.group, each.is_dev, each.is_exact)
        for each in read_declarations(root)
    ]


def test_every_table_of_pyproject_is_read_with_the_line_of_each(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    assert declared(tmp_path) == [
        ("pyyaml", "pyproject.toml:4", set(), "", False, False),
        ("edgeroutes", "pyproject.toml:5", {"dev"}, "", False, False),
        ("psycopg", "pyproject.toml:8", {"binary"}, "pg", False, True),
        ("psycopg", "pyproject.toml:11", {"pool"}, "db", False, False),
        ("pytest", "pyproject.toml:12", set(), "dev", True, False),
        ("mypy", "pyproject.toml:14", set(), "dev", True, False),
        ("httpx", "pyproject.toml:16", set(), "dev-web", True, False),
        ("redis", "pyproject.toml:19", {"hiredis"}, "", False, False),
        ("idna", "pyproject.toml:20", set(), "", False, True),
        ("numpy", "pyproject.toml:21", set(), "", False, False),
        ("numpy", "pyproject.toml:21", set(), "", False, False),
        ("ruff", "pyproject.toml:23", set(), "lint", True, False),
    ]


def test_a_requirement_that_two_groups_have_is_found_in_both(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[dependency-groups]\na = ["x"]\nb = [\n "x",\n]\n')
    assert [each.where for each in read_declarations(tmp_path)] == ["pyproject.toml:2", "pyproject.toml:4"]


def test_requirements_are_read_with_those_they_include_and_the_line_of_each(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(
        "# comment\n--extra-index-url https://example.org/simple\n-r more/base.txt\n-c constraints.txt\n"
        "idna==3.10 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb  # why\n./local\n-e ../other\n"
    )
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "base.txt").write_text(
        "\nredis[hiredis]~=5.0 ; python_version > '3'\n-r ../requirements.txt\n"
    )
    (tmp_path / "constraints.txt").write_text("idna<4\n")
    found = read_declarations(tmp_path)
    assert [(each.name, each.where, each.extras, each.is_exact) for each in found] == [
        ("redis", "more/base.txt:2", {"hiredis"}, False),
        ("idna", "requirements.txt:5", set(), True),
    ]
    assert found.files == ("pyproject.toml", "requirements.txt", "more/base.txt", "constraints.txt")


@pytest.mark.parametrize(
    ("files", "error", "message"),
    [
        ({"pyproject.toml": "[project\n"}, ConfigError, r"^pyproject.toml:1: not valid TOML"),
        (
            {"pyproject.toml": '[project]\ndependencies = [\n  "a=1",\n]\n'},
            DependencyError,
            r"^pyproject.toml:3: 'a=1' ",
        ),
        ({"requirements.txt": "\na=1\n"}, DependencyError, r"^requirements.txt:2: 'a=1' "),
        (
            {"requirements.txt": "a\n-r none.txt\n"},
            DependencyError,
            r"^requirements.txt:2: there is no file 'none.txt'",
        ),
        ({"requirements.txt": "-c x/none.txt\n"}, DependencyError, r"^requirements.txt:1: there is no file 'x/none"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(
    files: dict[str, str], error: type[Exception], message: str, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(error, match=message):
        read_declarations(tmp_path)


def test_a_file_that_is_not_utf8_or_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes(b"idna # caf\xe9\n")
    with pytest.raises(DependencyError, match=r"^requirements.txt:1: byte 0xe9 is not UTF-8"):
        read_declarations(tmp_path)
    (tmp_path / "pyproject.toml").mkdir()
    with pytest.raises(DependencyError, match=r"^pyproject.toml: this is a folder"):
        read_declarations(tmp_path)


def test_a_declared_distribution_says_how_it_is_imported_and_what_requires_it(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["a", "google-part", "edgeroutes"]\n[dependency-groups]\ndev = ["a", "b"]\ntest = ["c"]\n'
    )
    site_packages = tmp_path / "site-packages"
    entry_points = "[console_scripts]\nrun = aa.cli:main\n[plugins]\nx = aa.x\n"
    for name, files in {
        "a": {"aa/__init__.py": "", "aa/cli.py": "", "a-1.0.dist-info/entry_points.txt": entry_points},
        "google-part": {"google/cloud/part/__init__.py": "", "google/cloud/part/x.py": "", "google/_upb.abi3.so": ""},
    }.items():
        write_wheel(name, FakeWheel(files=files), site_packages)
    installed = {each.name: each for each in installed_distributions([site_packages])}
    requires = {"a": ["m"], "m": ["b"], "b": ["m"]}
    a, google, b, c = declared_distributions(
        read_declarations(tmp_path), installed, lambda name: requires.get(name, [])
    )
    assert (a.import_names, google.import_names) == ({"aa"}, {"google.cloud.part", "google._upb"})
    assert [(each.group, each.name, each.value) for each in a.entry_points] == [
        ("console_scripts", "run", "aa.cli:main"),
        ("plugins", "x", "aa.x"),
    ]
    assert [each.is_dev_only for each in (a, google, b, c)] == [False, False, True, True]
    assert (a.groups, a.where, b.required_by, c.import_names) == ({"", "dev"}, "pyproject.toml:2", {"a"}, set())


def test_groups_of_tools_are_known_by_their_names() -> None:
    names = ["dev", "test", "tests", "lint", "docs", "dev-tools", "typecheck", "unit_tests", "pre-commit", "Dev"]
    assert [name for name in names if not is_dev_group(name)] == []
    assert [
        name for name in ["db", "pg", "redis", "latest", "contest", "developers-db", "document"] if is_dev_group(name)
    ] == []


def test_an_editable_folder_of_pdm_is_read_by_its_name(tmp_path: Path) -> None:
    written = "-e file:///${PROJECT_ROOT}/../lib#egg=my-lib"
    (tmp_path / "pyproject.toml").write_text(f'[tool.pdm.dev-dependencies]\nlocal = ["{written}", "httpx"]\n')
    assert [each.name for each in read_declarations(tmp_path)] == ["my-lib", "httpx"]
