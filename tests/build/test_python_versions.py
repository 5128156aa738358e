"""A project and its distributions have to allow the Python that the functions run on."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.python_versions import allows_python
from edgeroutes.errors import ProblemsError, ProjectError
from tests.build.projects import HELLO, OWN_RUNTIME, make_project
from tests.fakes.installer import FakeWheel

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = f'[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n'
OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"
NEXT = f"{sys.version_info[0]}.{sys.version_info[1] + 1}"
WHEEL = {"one": FakeWheel(files={"one.py": ""}, python=f">={NEXT}")}
IMPORTING = {"functions/a/route.py": f"import one\n{HELLO}"}


def refusal(root: Path, files: dict[str, str], wheels: dict[str, FakeWheel]) -> list[str]:
    with pytest.raises(ProjectError) as caught:
        make_project(root, files, wheels).build()
    error = caught.value
    return [str(each) for each in (error.problems if isinstance(error, ProblemsError) else (error,))]


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        (">=3.12", True), (">=3.12.4", True), ("==3.12.*", True), (">=3.11,<4", True), ("<3.13", True), ("", True), ("nonsense", True),
        (">=3.13", False), ("<3.12", False), ("!=3.12.*", False), ("==3.13.1", False),
    ],
)  # fmt: skip
def test_a_specifier_allows_a_python_of_which_it_allows_any_patch(specifier: str, expected: bool) -> None:
    assert allows_python(specifier, "3.12") is expected


@pytest.mark.parametrize(
    ("written", "key", "line"),
    [
        (f'[project]\nname = "x"\nrequires-python = ">={NEXT}"\n', "requires-python", 3),
        (f'[project]\nname = "x"\nrequires-python = "<{OWN}"\n', "requires-python", 3),
        (f'[tool.poetry.dependencies]\npython = "^{NEXT}"\n', "python", 2),
        ('[tool.poetry.dependencies]\npython = "~3.10"\n', "python", 2),
    ],
)
def test_a_project_for_another_python_is_refused_at_its_line(written: str, key: str, line: int, tmp_path: Path) -> None:
    files = {"pyproject.toml": written + SETTINGS, "functions/a/route.py": HELLO}
    (problem,) = refusal(tmp_path, files, {})
    specifier = written.rpartition(" = ")[2].strip().strip('"')
    assert problem == (
        f"pyproject.toml:{line}: {key} is {specifier!r}, and the functions run on {OWN_RUNTIME}. "
        f"Set 'runtime' in [tool.edgeroutes] to a Python that it allows, or allow {OWN}."
    )


@pytest.mark.parametrize("python", [f"^{OWN}", f"~{OWN}", f">={OWN},<4.0", "*", "^3.10 || ^4"])
def test_poetrys_constraints_are_read_as_poetry_means_them(python: str, tmp_path: Path) -> None:
    written = f'[tool.poetry.dependencies]\npython = "{python}"\n'
    assert make_project(tmp_path, {"pyproject.toml": written + SETTINGS, "functions/a/route.py": HELLO}).build()


def test_a_distribution_that_requires_another_python_is_refused_where_it_is_imported(tmp_path: Path) -> None:
    (problem,) = refusal(tmp_path, IMPORTING, WHEEL)
    assert problem == (
        f"functions/a/route.py:1: 'one' 1.0 requires Python >={NEXT}, and the functions run on {OWN_RUNTIME}. Choose a version of 'one' "
        "for that Python, or set 'runtime' in [tool.edgeroutes]."
    )


def test_a_distribution_that_a_marker_keeps_from_the_functions_is_reported_with_its_marker(tmp_path: Path) -> None:
    declared = f"one ; python_version >= '{NEXT}'"
    pyproject = f'[project]\nname = "x"\nversion = "1"\ndependencies = [{json.dumps(declared)}, "two"]\n' + SETTINGS
    lock = "[[package]]\nname = 'two'\nversion = '1.0'\n"
    files = {**IMPORTING, "pyproject.toml": pyproject, "poetry.lock": lock}
    (problem,) = refusal(tmp_path, files, {"one": FakeWheel(files={"one.py": ""}), "two": FakeWheel()})
    assert problem == (
        f"functions/a/route.py:1: 'one' comes from 'one', which pyproject.toml:4 declares for others than the functions: "
        f"python_version >= '{NEXT}'. Correct the marker or 'runtime', or import it in a 'try'."
    )
