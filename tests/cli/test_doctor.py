from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.cli import main
from edgeroutes.cli.init import print_init
from edgeroutes.names import TEMPLATE_FILE
from tests.cli.test_documentation import screen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Examine = Callable[[], tuple[int, dict[str, Any]]]

MACHINE = ["Python", "uv", "make", "SAM CLI", "Docker", "functions' Python", "AWS credentials", "AWS region"]
PROJECT = ["template.yaml", "Makefile", "samconfig.toml", ".gitignore", "last sam build"]
# Programs that say what the real ones do.
PROGRAMS = {
    "uv": "echo 'uv 0.13.8 (x86_64-unknown-linux-gnu)'",
    "make": "echo 'GNU Make 4.3'; echo 'Built for x86_64-pc-linux-gnu'",
    "sam": "echo 'SAM CLI, version 1.170.0'",
    "docker": "echo 20.10.24",
}


def put_program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All programs that there are, in a folder; uv is the one that `UV` names, whatever the environment of the tests has."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, script in PROGRAMS.items():
        put_program(folder, name, script)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("UV", str(folder / "uv"))
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    return folder


@pytest.fixture
def root(tmp_path: Path, programs: Path) -> Path:
    root = tmp_path / "my-app"
    root.mkdir()
    own = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (root / "pyproject.toml").write_text(f'[tool.edgeroutes]\nname = "my-app"\nruntime = "{own}"\n')
    print_init(str(root), as_json=True)
    return root


@pytest.fixture
def examine(root: Path, capsys: pytest.CaptureFixture[str]) -> Examine:
    def examined() -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        code = main(["doctor", "--json", "--root", str(root)])
        document = json.loads(capsys.readouterr().out)
        assert document["ready"] == (code == 0)
        return code, {each.pop("name"): each for each in document["findings"]}

    return examined


def test_a_machine_that_has_all_is_ready(examine: Examine, programs: Path) -> None:
    code, findings = examine()
    assert (code, list(findings)) == (0, [*MACHINE, *PROJECT])
    assert {name: each["state"] for name, each in findings.items() if each["state"] != "ok"} == {
        "AWS credentials": "note",
        "AWS region": "note",
    }
    assert findings["make"] == {"state": "ok", "found": f"4.3, {programs}/make", "hint": ""}
    assert findings["SAM CLI"]["found"] == f"1.170.0, {programs}/sam"
    assert findings["uv"]["found"] == f"0.13.8, {programs}/uv"


@pytest.mark.parametrize(("program", "name"), [("make", "make"), ("sam", "SAM CLI")])
def test_without_a_program_that_sam_build_needs_it_is_1(
    examine: Examine, programs: Path, program: str, name: str
) -> None:
    (programs / program).unlink()
    code, findings = examine()
    assert (code, findings[name]["state"]) == (1, "missing")
    assert findings[name]["hint"]


def test_the_screen_of_the_documentation(root: Path, programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (programs / "sam").unlink()
    capsys.readouterr()
    assert main(["doctor", "--root", str(root)]) == 1
    printed = (
        capsys.readouterr().out.replace(str(programs), "/usr/bin").replace(sys.executable, "/my-app/.venv/bin/python")
    )
    version = ".".join(map(str, sys.version_info[:2]))
    printed = printed.replace(platform.python_version(), "3.13.0").replace(f"  {version}, ", "  3.13, ")
    assert printed == screen("cli.md", "edgeroutes doctor")


def test_a_program_that_fails_is_not_there(examine: Examine, programs: Path) -> None:
    put_program(programs, "sam", "echo broken >&2; exit 1")
    code, findings = examine()
    assert (code, findings["SAM CLI"]["found"]) == (1, f"{programs}/sam --version fails")


@pytest.mark.parametrize("script", [None, "exit 1"])
def test_docker_is_needed_for_sam_local_alone(examine: Examine, programs: Path, script: str | None) -> None:
    if script is None:
        (programs / "docker").unlink()
    else:
        put_program(programs, "docker", script)
    code, findings = examine()
    assert (code, findings["Docker"]["state"]) == (0, "note")
    assert "only 'sam local' needs it" in findings["Docker"]["found"]


def test_a_functions_python_that_is_not_here_costs_bytecode(
    examine: Examine, root: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(programs))
    put_program(programs, "uv", 'case $1 in --version) echo "uv 1.0";; *) exit 2;; esac')
    other = "3.14" if sys.version_info[:2] != (3, 14) else "3.13"
    (root / "pyproject.toml").write_text(f'[tool.edgeroutes]\nname = "my-app"\nruntime = "python{other}"\n')
    main(["template", "--root", str(root)])
    code, findings = examine()
    assert (code, findings["functions' Python"]) == (
        0,
        {
            "state": "note",
            "found": f"Python {other} is not installed, so functions have no bytecode and compile at each cold start",
            "hint": f"Run 'uv python install {other}'",
        },
    )


def test_credentials_are_named_by_their_place_and_never_shown(
    examine: Examine, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    code, findings = examine()
    assert (code, findings["AWS credentials"]["found"]) == (0, "an access key in the environment")
    assert findings["AWS region"]["found"] == "eu-central-1, from AWS_DEFAULT_REGION"
    main(["doctor", "--root", str(root)])
    out = capsys.readouterr().out
    assert "very-secret" not in out
    assert "AKIAEXAMPLE" not in out


def test_what_the_project_lacks_is_named_with_what_to_do(examine: Examine, root: Path) -> None:
    for name in (TEMPLATE_FILE, "Makefile", "samconfig.toml"):
        (root / name).unlink()
    code, findings = examine()
    assert code == 1
    assert {name: findings[name] for name in PROJECT[:3]} == {
        "template.yaml": {"state": "missing", "found": "the file is missing", "hint": "Run 'edgeroutes template'"},
        "Makefile": {
            "state": "missing",
            "found": "the file is missing",
            "hint": "Run 'edgeroutes init', which adds it",
        },
        "samconfig.toml": {
            "state": "note",
            "found": "the file is missing, so 'sam deploy' needs its values as options",
            "hint": "Run 'edgeroutes init', which adds one",
        },
    }


def test_a_template_that_is_not_current_and_a_route_that_is_wrong_are_missing(examine: Examine, root: Path) -> None:
    (root / "functions/other").mkdir()
    (root / "functions/other/route.py").write_text("def GET():\n    return 1\n")
    code, findings = examine()
    assert (code, findings[TEMPLATE_FILE]["found"]) == (1, "the file is not current")
    (root / "functions/other/route.py").write_text("def get():\n    return 1\n")
    code, findings = examine()
    assert code == 1
    assert findings[TEMPLATE_FILE]["found"].startswith("functions/other/route.py:1: ")


def test_settings_that_cannot_be_read_and_a_folder_without_routes_are_reported(examine: Examine, root: Path) -> None:
    (root / "pyproject.toml").write_text('[tool.edgeroutes]\nappdir = "x"\n')
    code, findings = examine()
    assert (code, findings["pyproject.toml"]["hint"]) == (1, "Did you mean 'app_dir'")
    (root / "pyproject.toml").write_text('[tool.edgeroutes]\napp_dir = "nowhere"\n')
    code, findings = examine()
    assert (code, findings["project"]["state"]) == (1, "missing")


def test_folders_that_git_does_not_ignore_are_reported(
    examine: Examine, root: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{programs}:/usr/local/bin:/usr/bin:/bin")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    assert examine()[1][".gitignore"]["found"] == "git ignores .edgeroutes and .aws-sam"
    (root / ".gitignore").write_text(".edgeroutes/\n")
    assert examine()[1][".gitignore"]["found"] == "git does not ignore .aws-sam, the folders of builds"


def test_a_build_that_is_older_than_a_route_is_reported(examine: Examine, root: Path) -> None:
    built = root / ".aws-sam" / "build" / TEMPLATE_FILE
    built.parent.mkdir(parents=True)
    built.write_text("")
    assert examine()[1]["last sam build"]["found"] == "nothing has changed since"
    os.utime(root / "functions/hello/route.py", (4e9, 4e9))
    assert examine()[1]["last sam build"] == {
        "state": "note",
        "found": "it is older than functions/hello/route.py",
        "hint": "Run 'sam build' before 'sam deploy' or 'sam local'",
    }


def test_for_people_it_is_a_line_each(root: Path, programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (programs / "make").unlink()
    capsys.readouterr()
    assert main(["doctor", "--root", str(root)]) == 1
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert len(lines) == len(MACHINE) + len(PROJECT)
    assert lines[2] == (
        "missing  make               it is not on the PATH, and 'sam build' needs it. "
        "Install it: apt install make, dnf install make, apk add make."
    )
    assert lines[3] == f"ok       SAM CLI            1.170.0, {programs}/sam"
    assert err == "'sam build' does not work until the missing items are fixed.\n"
