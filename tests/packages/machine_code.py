"""The machines for which the files of a bundle are compiled, as their ELF headers name them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Source: elf(5), EI_DATA and e_machine.
_MACHINES = {62: "x86_64", 183: "arm64"}
_HEADER = struct.Struct("<4sxB12xH")
_LITTLE_ENDIAN = 1


def machine_code(folder: Path) -> dict[str, str]:
    """Path → architecture of every shared library and program in a folder; `e_machine 3` for one that Lambda does not have."""
    return {path.relative_to(folder).as_posix(): machine for path in _files(folder) if (machine := _machine(path))}


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _machine(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(_HEADER.size)
    if not start.startswith(b"\x7fELF") or len(start) < _HEADER.size:
        return ""
    _, order, number = _HEADER.unpack(start)
    return _MACHINES.get(number, f"e_machine {number}") if order == _LITTLE_ENDIAN else "big-endian"
