"""Shared libraries and programs of the project itself: the build names those that the functions cannot run."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.machine_code import foreign_code
from edgeroutes.build.target import Target
from tests.build.projects import HELLO, OWN_RUNTIME, make_project

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
