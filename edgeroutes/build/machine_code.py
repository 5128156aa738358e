"""Shared libraries and programs among the project's own files, which the functions can run only if they are compiled for Lambda.

Wheels are chosen by their tags; what lies in a project is often the product of a build on the developer's machine.
"""

from __future__ import annotations

import os
import re
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from edgeroutes.build.target import Target

_LIBRARY_ENDINGS = (".so", ".pyd", ".dylib")
# Source: elf(5), EI_DATA and e_machine.
_ELF = struct.Struct("<4sxB12xH")
_ELF_MACHINES = {62: "x86_64", 183: "aarch64"}
_LITTLE_ENDIAN = 1
# Source: mach-o/loader.h and mach-o/fat.h, MH_MAGIC_64 and FAT_MAGIC; the first word of a PE file.
_OTHER_SYSTEMS = {b"\xcf\xfa\xed\xfe": "macOS", b"\xca\xfe\xba\xbe": "macOS", b"MZ": "Windows"}
_PYTHON_TAG = re.compile(r"\.cpython-(\d)(\d+)[a-z]*-[^.]*\.so")


def foreign_code(file: Path, target: Target) -> str:
    """What a file is compiled for, where that is not the functions' platform; empty for everything else.

    Raises:
        OSError: It cannot be read.
    """
    is_library = file.name.endswith(_LIBRARY_ENDINGS)
    if not (is_library or os.access(file, os.X_OK)):
        return ""
    with file.open("rb") as opened:
        start = opened.read(_ELF.size)
    for magic, system in _OTHER_SYSTEMS.items():
        if start.startswith(magic):
            return system
    if not start.startswith(b"\x7fELF") or len(start) < _ELF.size:
        return ""
    _, order, number = _ELF.unpack(start)
    machine = _ELF_MACHINES.get(number, f"machine {number}") if order == _LITTLE_ENDIAN else "a big-endian machine"
    if machine != target.machine:
        return f"Linux on {machine}"
    tag = _PYTHON_TAG.search(file.name)
    version = f"{tag[1]}.{tag[2]}" if tag else target.python
    return f"Python {version}" if version != target.python else ""
