from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.session import MAKEFILE_RULE
from edgeroutes.cli import main
from edgeroutes.cli.init import print_init
from edgeroutes.errors import ConfigError, ToolError

if TYPE_CHECKING:
    from pathlib import Path

MADE = [
    ".gitignore",
    "Makefile",
    "README.md",
    "functions/hello/route.py",
    "infra/README.md",
    "pyproject.toml",
    "samconfig.toml",
    "template.yaml",
    "tests/test_hello.py",
]
PYPROJECT = """\
# ours
[project]
name    = "billing"   # as the bank knows it
version = "3.1"
dependencies = [
    'requests',  # http
]

[tool.ruff]
line-length = 99
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty folder that is called as a stack may be."""
    folder = tmp_path / "my-app"
    folder.mkdir()
    return folder


def run_here(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([sys.executable, "-m", *command], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_what_it_makes_passes_its_own_tests_and_its_template_is_current(root: Path) -> None:
    assert print_init(str(root), as_json=False) == 0
    assert list(files(root)) == MADE
    assert "3 passed" in run_here(root, "pytest", "-q", "-p", "no:cacheprovider").stdout
    run_here(root, "edgeroutes", "template", "--check")


def test_what_it_makes_is_formatted_linted_and_typed(root: Path) -> None:
    print_init(str(root), as_json=False)
    run_here(root, "ruff", "format", "--check", "--isolated", ".")
    run_here(
        root,
        "ruff",
        "check",
        "--isolated",
        "--select",
        "A,ANN,ARG,B,E,ERA,F,I,PL,PT,RET,RUF,SIM,UP,W",
        "--ignore",
        "PLR2004",
        ".",
    )
    run_here(root, "edgeroutes", "typecheck")


def test_each_file_knows_the_projects_name(root: Path) -> None:
    print_init(str(root), as_json=False)
    project = tomllib.loads((root / "pyproject.toml").read_text())
    assert (project["project"]["name"], project["tool"]["edgeroutes"]["name"]) == ("my-app", "my-app")
    config = tomllib.loads((root / "samconfig.toml").read_text())
    assert config["default"]["global"]["parameters"] == {"stack_name": "my-app"}
    assert (root / "README.md").read_text().startswith("# my-app\n")
    assert not [path for path, content in files(root).items() if b"$name" in content or b"$version" in content]


def test_it_says_what_it_made_and_what_comes_next(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_init(str(root), as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"my-app in {root}"
    assert "  functions/hello/route.py  GET, POST /hello" in lines
    assert lines[-3:] == [
        f"  cd {os.path.relpath(root)}",
        "  uv sync                   # or: python3 -m venv .venv && .venv/bin/pip install 'edgeroutes[dev,testing]'",
        "  uv run edgeroutes dev     # or: .venv/bin/edgeroutes dev",
    ]


def test_a_second_time_nothing_is_missing_and_no_byte_changes(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_init(str(root), as_json=False)
    before = files(root)
    capsys.readouterr()
    assert print_init(str(root), as_json=False) == 0
    assert capsys.readouterr() == (f"my-app in {root}: no file was missing\n  template.yaml  current\n", "")
    assert files(root) == before


def test_in_a_folder_with_files_it_adds_what_is_missing(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = {
        "pyproject.toml": PYPROJECT,
        "Makefile": "ROOT := /srv\n\nall:\n\techo $(ROOT)",
        ".gitignore": "*.pyc\n/.venv",
        "README.md": "# Billing\n",
        "infra/tables.yaml": "Resources: {}\n",
        "samconfig.yaml": "version: 0.1\n",
        "functions/bills/route.py": "def GET():\n    return []\n",
    }
    for name, text in own.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.chdir(root)
    assert main(["init"]) == 0
    assert set(files(root)) == {*own, "template.yaml"}
    unchanged = ("README.md", "infra/tables.yaml", "samconfig.yaml", "functions/bills/route.py")
    assert {name: (root / name).read_text() for name in unchanged} == {name: own[name] for name in unchanged}
    assert (root / "Makefile").read_text() == f"{own['Makefile']}\n\n{MAKEFILE_RULE}"
    assert (root / ".gitignore").read_text().splitlines()[:3] == ["*.pyc", "/.venv", "__pycache__/"]
    assert (root / ".gitignore").read_text().count(".venv") == 1
    made = subprocess.run(["make", "-s", "all"], cwd=root, capture_output=True, text=True, check=True)
    assert made.stdout.endswith("/srv\n")
    assert "Makefile        + the rule build-%" in capsys.readouterr().out


def test_a_pyproject_gets_what_is_missing_and_keeps_its_formatting(root: Path) -> None:
    (root / "pyproject.toml").write_text(PYPROJECT)
    print_init(str(root), as_json=False)
    text = (root / "pyproject.toml").read_text()
    # uv before 0.9.30 leaves one space before a comment, later ones two.
    lines = [line.split() for line in text.splitlines()]
    assert [line for line in PYPROJECT.splitlines() if line.split() not in lines] == []
    document = tomllib.loads(text)
    assert sorted(document["project"]["dependencies"]) == ["edgeroutes>=0.1", "requests"]
    assert document["dependency-groups"] == {"dev": ["edgeroutes[dev,testing]"]}
    assert document["tool"]["edgeroutes"] == {"name": "billing"}


def test_a_requirement_that_uv_cannot_add_is_reported_with_the_command(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "pyproject.toml").write_text(PYPROJECT.replace("version =", 'requires-python = ">=9"\nversion ='))
    assert print_init(str(root), as_json=False) == 0
    assert capsys.readouterr().err.splitlines() == [
        "note: pyproject.toml: it does not declare edgeroutes>=0.1. Run uv add 'edgeroutes>=0.1'.",
        "note: pyproject.toml: it does not declare edgeroutes[dev,testing]. Run uv add --group dev 'edgeroutes[dev,testing]'.",
    ]
    assert tomllib.loads((root / "pyproject.toml").read_text())["project"]["dependencies"] == ["requests"]


def test_a_project_of_another_tool_keeps_its_dependencies(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "pyproject.toml").write_text('[tool.poetry]\nname = "x"\n')
    print_init(str(root), as_json=False)
    written = (root / "pyproject.toml").read_text()
    assert written.startswith('[tool.poetry]\nname = "x"\n\n[tool.edgeroutes]\n')
    assert "dependency-groups" not in written
    out, err = capsys.readouterr()
    assert "it has no [project]" in err
    assert "uv sync" not in out


def test_a_requirements_file_stays_what_declares_the_dependencies(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "requirements.txt").write_text("requests\n")
    print_init(str(root), as_json=False)
    assert set(tomllib.loads((root / "pyproject.toml").read_text())) == {"tool"}
    assert capsys.readouterr().err.startswith("note: requirements.txt: it declares the functions' dependencies.")


@pytest.mark.parametrize("rule", ["build-%:\n\tedgeroutes bundle $*\n", "build-%: deps\n\tcp -r . x\n"])
def test_a_rule_of_ones_own_stays_the_only_one(root: Path, rule: str) -> None:
    (root / "Makefile").write_text(rule)
    print_init(str(root), as_json=True)
    assert (root / "Makefile").read_text() == rule


def test_a_rule_that_calls_something_else_is_reported(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "Makefile").write_text("build-%:\n\tcp -r . x\n")
    print_init(str(root), as_json=True)
    (note,) = json.loads(capsys.readouterr().out)["notes"]
    assert note.startswith("Makefile: its rule for build-% does not run edgeroutes")


def test_a_makefile_that_includes_others_gets_the_rule_first(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "Makefile").write_text("-include local.mk\nall:\n\t@echo $(EDGEROUTES_ROOT)\n")
    (root / "local.mk").write_text("X = 1\n")
    print_init(str(root), as_json=False)
    said = subprocess.run(
        ["make", "-s", "-f", str(root / "Makefile"), "all"], cwd=root, capture_output=True, text=True, check=True
    )
    assert said.stdout == f"{root}\n"
    assert "Put $(EDGEROUTES_ROOT)/ before the paths that it includes" in capsys.readouterr().err


def test_a_template_of_ones_own_is_left_alone_and_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "template.yaml").write_text("Transform: AWS::Serverless-2016-10-31\n")
    assert print_init(str(root), as_json=False) == 1
    assert (root / "template.yaml").read_text() == "Transform: AWS::Serverless-2016-10-31\n"
    assert capsys.readouterr().err == (
        "template.yaml: edgeroutes did not generate this file, and leaves it as it is. "
        "Move its resources to infra/, delete the file, and run 'edgeroutes template'.\n"
    )


@pytest.mark.parametrize(
    ("name", "instead"),
    [("my_app", "my-app"), ("1st", "app-1st"), ("app-", "app"), ("é", "app"), ("a" * 129, "a" * 128)],
)
def test_a_name_that_no_stack_can_have_is_refused_with_one_that_it_can(tmp_path: Path, name: str, instead: str) -> None:
    with pytest.raises(ConfigError) as raised:
        print_init(str(tmp_path / name), as_json=False)
    assert str(raised.value) == (
        f"edgeroutes init: the name is {name!r}, which is the stack's name, too. "
        f"Allowed are up to 128 letters, digits and -, with a letter first and no - last. Use {instead!r}."
    )
    assert not (tmp_path / name).exists()


def test_a_project_cannot_be_called_like_what_it_depends_on(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a project cannot depend on itself"):
        print_init(str(tmp_path / "edgeroutes"), as_json=False)


def test_the_current_folders_name_is_made_one_that_a_stack_can_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my_app").mkdir()
    monkeypatch.chdir(tmp_path / "my_app")
    assert main(["init", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    made = [name for name in MADE if name != "template.yaml"]
    assert (document["name"], sorted(document["made"]), document["problems"]) == ("my-app", made, [])


def test_what_stands_in_the_way_is_named(root: Path) -> None:
    (root / "taken").write_text("")
    with pytest.raises(ToolError, match="taken: a file has this name"):
        print_init(str(root / "taken"), as_json=False)
    (root / "tests").write_text("")
    with pytest.raises(
        ToolError, match=r"tests/test_hello\.py: the file cannot be written: (File exists|Not a directory)"
    ):
        print_init(str(root), as_json=False)


def test_settings_that_cannot_be_read_are_refused_before_anything_is_written(root: Path) -> None:
    (root / "pyproject.toml").write_text("[[[")
    with pytest.raises(ConfigError, match="not valid TOML"):
        print_init(str(root), as_json=False)
    assert list(files(root)) == ["pyproject.toml"]
