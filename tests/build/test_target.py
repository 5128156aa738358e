"""What the functions' Python and machine can run: the project, its distributions, and its own libraries and programs."""

from __future__ import annotations

import json
import struct
import sys
from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.target import Target, allows_python, foreign_code
from edgeroutes.errors import ProblemsError, ProjectError
from tests.build.projects import HELLO, OWN_RUNTIME, make_project
from tests.fakes.installer import FakeWheel

if TYPE_CHECKING:
    from pathlib import Path

TARGET = Target(python="3.13", machine="aarch64")


def elf(machine: int, order: int = 1) -> bytes:
    return struct.pack("<4sBB10xHH", b"\x7fELF", 2, order, 3, machine) + bytes(44)


FILES: dict[str, tuple[str, bytes, int, str]] = {
    "a library of its own machine": ("fast.so", elf(183), 0o644, ""),
    "an extension of its own Python": ("fast.cpython-313-aarch64-linux-gnu.so", elf(183), 0o644, ""),
    "an extension for several Pythons": ("fast.abi3.so", elf(183), 0o644, ""),
    "an extension of another Python": ("fast.cpython-311-aarch64-linux-gnu.so", elf(183), 0o644, "Python 3.11"),
    "an extension of another machine": ("fast.cpython-313-x86_64-linux-gnu.so", elf(62), 0o644, "Linux on x86_64"),
    "a program of its own machine": ("bin/tool", elf(183), 0o755, ""),
    "a program of another machine": ("bin/tool", elf(62), 0o755, "Linux on x86_64"),
    "a program of a rare machine": ("bin/tool", elf(243), 0o755, "Linux on machine 243"),
    "a program of a big-endian machine": ("bin/tool", elf(21, order=2), 0o755, "Linux on a big-endian machine"),
    "an extension of macOS": ("fast.cpython-313-darwin.so", b"\xcf\xfa\xed\xfe" + bytes(60), 0o644, "macOS"),
    "a program of several Macs": ("bin/tool", b"\xca\xfe\xba\xbe" + bytes(60), 0o755, "macOS"),
    "an extension of Windows": ("fast.cp313-win_amd64.pyd", b"MZ" + bytes(60), 0o644, "Windows"),
    "a script": ("bin/tool", b"#!/bin/sh\necho\n", 0o755, ""),
    "a download": ("tool.bin", elf(62), 0o644, ""),
    "an empty library": ("fast.so", b"", 0o644, ""),
    "a cut library": ("fast.so", b"\x7fELF\x02\x01", 0o644, ""),
}


@pytest.mark.parametrize(("name", "content", "mode", "compiled_for"), FILES.values(), ids=FILES)
def test_what_a_file_is_compiled_for_is_read_from_its_first_bytes(
    name: str, content: bytes, mode: int, compiled_for: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    file.chmod(mode)
    assert foreign_code(file, TARGET) == compiled_for


def test_a_build_names_the_projects_files_that_the_functions_cannot_run(tmp_path: Path) -> None:
    settings = f'[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\narchitecture = "arm64"\n'
    project = make_project(
        tmp_path,
        {"pyproject.toml": settings, "functions/x/route.py": f"import lib\n{HELLO}", "lib/__init__.py": ""},
        {},
    )
    (project.root / "lib/own.so").write_bytes(elf(183))
    (project.root / "lib/tool").write_bytes(elf(62))
    (project.root / "lib/tool").chmod(0o755)
    report = project.build()
    python = OWN_RUNTIME.removeprefix("python")
    said = (
        f"lib/tool is compiled for Linux on x86_64. The functions run Python {python} on Linux on aarch64, which cannot use it. Compile it "
        "for them, or list it under 'exclude' in function.yaml."
    )
    assert report.warnings == (said,)


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
