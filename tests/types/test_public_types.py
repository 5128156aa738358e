"""The public names under mypy --strict and pyright strict: correct use has no error, and each planted mistake is one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import edgeroutes
import edgeroutes.testing
from tests.types.snippets import CORRECT, MISTAKES

if TYPE_CHECKING:
    from collections.abc import Mapping

    Errors = Mapping[str, Mapping[int, str]]

SNIPPETS = CORRECT | MISTAKES
CHECKERS = ("mypy", "pyright")
MYPY_CACHE = Path(__file__).parents[2] / ".mypy_cache" / "snippets"
# Without a cache mypy reads every library that edgeroutes imports.
pytestmark = pytest.mark.timeout(600)


_MARK = re.compile(r"# error(?: of (\w+):.*)?$")


def module_of(name: str) -> str:
    return re.sub(r"\W+", "_", name)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("types")
    for name, text in SNIPPETS.items():
        (folder / f"{module_of(name)}.py").write_text(text)
    return folder


def run_mypy(project: Path) -> Errors:
    # The cache has the libraries from the second run on; the snippets are new each time.
    arguments = ["--strict", "--no-error-summary", "--hide-error-context", "--cache-dir", str(MYPY_CACHE), "."]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *arguments], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for file, line, message in re.findall(r"^(\w+)\.py:(\d+): error: (.*)$", done.stdout, re.MULTILINE):
        found[file][int(line)] = message
    return found


def run_pyright(project: Path) -> Errors:
    if find_spec("pyright") is None:
        pytest.skip("pyright is not installed")
    if shutil.which("node") is None:
        pytest.skip("pyright needs node, which is not on the PATH")
    settings = {"typeCheckingMode": "strict", "include": ["*.py"]}
    (project / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable],
        cwd=project,
        env={**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for each in json.loads(done.stdout)["generalDiagnostics"]:
        if each["severity"] == "error":
            found[Path(each["file"]).stem][each["range"]["start"]["line"] + 1] = each["message"]
    return found


@pytest.fixture(scope="module", params=CHECKERS)
def checked(request: pytest.FixtureRequest, project: Path) -> tuple[str, Errors]:
    checker = str(request.param)
    return checker, (run_mypy if checker == "mypy" else run_pyright)(project)


@pytest.mark.parametrize("name", CORRECT)
def test_correct_use_has_no_error(checked: tuple[str, Errors], name: str) -> None:
    _, errors = checked
    assert dict(errors.get(module_of(name), {})) == {}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_an_error_in_its_line(checked: tuple[str, Errors], name: str) -> None:
    checker, errors = checked
    marks = {number: _MARK.search(line) for number, line in enumerate(MISTAKES[name].split("\n"), 1)}
    wrong = {number for number, mark in marks.items() if mark and mark.group(1) in (None, checker)}
    found = errors.get(module_of(name), {})
    assert wrong <= found.keys(), found


@pytest.mark.parametrize("name", [*edgeroutes.__all__, *edgeroutes.testing.__all__])
def test_correct_use_of_each_public_name_is_checked(name: str) -> None:
    assert any(re.search(rf"(?:import .*\b|edgeroutes\.){name}\b", text) for text in CORRECT.values())
