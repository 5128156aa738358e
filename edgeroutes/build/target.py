"""The machine that functions run on, as wheels, markers and bytecode name it."""

from __future__ import annotations

import os
import re
import struct
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet

if TYPE_CHECKING:
    from pathlib import Path

    from edgeroutes.config import Config

_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
# The C library of a runtime's image. Source: docs.aws.amazon.com/lambda "lambda-runtimes", read 2026-11-21: python3.11 is
# Amazon Linux 2 (glibc 2.26), python3.12 and later are Amazon Linux 2023 (glibc 2.34). uv knows no manylinux_2_26 and no
# manylinux_2_24: the next lower one that it knows is manylinux_2_17, which is manylinux2014.
_MANYLINUX_AL2 = "2_17"
_MANYLINUX_AL2023 = "2_34"
_ON_AL2 = frozenset({"3.11"})

# Lambda's own patch version is not known here, and changes: any that a specifier allows will do.
_PATCHES = range(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A Lambda runtime on one architecture.

    Args:
        python: `3.13`.
        machine: As wheels call it: `x86_64` or `aarch64`.
    """

    python: str
    machine: str

    @classmethod
    def of(cls, config: Config) -> Target:
        """The target of a project's functions."""
        return cls(python=config.runtime.removeprefix("python"), machine=_MACHINES[config.architecture])

    @property
    def platform(self) -> str:
        """The newest platform that uv knows and the runtime's image can load: `x86_64-manylinux_2_34`."""
        return f"{self.machine}-manylinux_{_MANYLINUX_AL2 if self.python in _ON_AL2 else _MANYLINUX_AL2023}"

    @property
    def cache_tag(self) -> str:
        """What bytecode files are called after: `cpython-313`."""
        return f"cpython-{self.python.replace('.', '')}"

    @property
    def tag(self) -> str:
        """The part of a store's name that distinguishes targets: `cp313-x86_64`."""
        return f"cp{self.python.replace('.', '')}-{self.machine}"

    @property
    def version_info(self) -> tuple[int, int]:
        """`(3, 13)`."""
        major, minor = self.python.split(".")
        return int(major), int(minor)

    @property
    def is_newer_than_ours(self) -> bool:
        """Whether its syntax may be newer than the Python that runs this can parse."""
        return self.version_info > sys.version_info[:2]

    def marker_environment(self) -> dict[str, str]:
        """The variables of environment markers. Source: PEP 508."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }


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


def allows_python(specifier: str, python: str) -> bool:
    """Whether any patch version of a Python such as `3.13` is allowed; True where the specifier is not valid."""
    try:
        allowed = SpecifierSet(specifier)
    except InvalidSpecifier:
        return True
    return any(allowed.contains(f"{python}.{patch}", prereleases=True) for patch in _PATCHES)
