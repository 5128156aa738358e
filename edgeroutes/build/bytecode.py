"""Bytecode for the functions' Python, made by an interpreter of that version.

A zip of SAM's dates all files 1980, so that ordinary bytecode would never be valid: ours is "unchecked-hash" (PEP 552), which
Python loads without looking at the source. The sources stay beside it, for tracebacks and for packages that read their own. Only
edgeroutes itself ships compact: bytecode alone, without docstrings and columns, in one file (see `packing`); its frames keep their
line numbers.
"""

from __future__ import annotations

import json
import marshal
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes.build.modules import OWN_PACKAGE
from edgeroutes.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgeroutes.build.installer import Installer
    from edgeroutes.build.target import Target


_MODULES_FILE = f"{OWN_PACKAGE}/modules.bin"
_INIT = f"{OWN_PACKAGE}/__init__.py"
_FACADE = "_facade"
# Without references between objects, which would depend on what else this process holds.
_PLAIN = 2
_HEADER_BYTES = 16  # Source: PEP 552
# The syntax of the oldest runtime, and no import that a handler of one route would not have made anyway.
_LOADER = f'''"""All modules of {OWN_PACKAGE} in one file. Written by edgeroutes: every build writes it anew."""

import sys
from importlib.machinery import ModuleSpec
from marshal import loads


class _Modules:
    """Finds the modules and loads them."""

    def __init__(self, folder):
        self._parent = folder.rpartition("/")[0]
        with open(self._parent + "/{_MODULES_FILE}", "rb") as file:
            self._content = memoryview(file.read())
        self._places = loads(self._content)

    def find_spec(self, name, path=None, target=None):
        if name not in self._places:
            return None
        is_package = self._places[name][0]
        place = self._parent + "/" + name.replace(".", "/")
        origin = place + ("/__init__.pyc" if is_package else ".pyc")
        spec = ModuleSpec(name, self, origin=origin, is_package=is_package)
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations.append(place)
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        self.run(module.__name__, module.__dict__)

    def run(self, name, namespace):
        _, start, end = self._places[name]
        exec(loads(self._content[start:end]), namespace)


_modules = _Modules(__path__[0])
sys.meta_path.insert(0, _modules)
_modules.run("{OWN_PACKAGE}.{_FACADE}", globals())
'''


def with_loader(files: Mapping[str, Path | bytes]) -> dict[str, Path | bytes]:
    """The sources of edgeroutes, with the one that finds the others in the packed file."""
    return {**files, _INIT: _LOADER.encode(), f"{OWN_PACKAGE}/{_FACADE}.py": files[_INIT]}


def pack(folder: Path) -> None:
    """Put the bytecode of edgeroutes in this tree into one file; only that of the loader stays by itself."""
    places: dict[str, tuple[bool, int, int]] = {}
    codes = []
    end = -1
    for file in sorted(folder.rglob("*.pyc")):
        is_package = file.stem == "__init__"
        place = file.parent if is_package else file.with_suffix("")
        name = ".".join(place.relative_to(folder).parts)
        if name == OWN_PACKAGE:
            continue
        codes.append(file.read_bytes()[_HEADER_BYTES:])
        file.unlink()
        places[name] = (is_package, end - len(codes[-1]), end)
        end -= len(codes[-1])
    content = [marshal.dumps(places, _PLAIN), *reversed(codes), b"\n"]
    (folder / _MODULES_FILE).write_bytes(b"".join(content))


def packed_modules(bundle: Path) -> dict[str, bytes]:
    """Each module in the packed file of a bundle, with its bytecode; without such a file none."""
    file = bundle / _MODULES_FILE
    if not file.is_file():
        return {}
    content = file.read_bytes()
    places: dict[str, tuple[bool, int, int]] = marshal.loads(content)  # noqa: S302  # written by `pack`
    return {name: content[start:end] for name, (_, start, end) in places.items()}


_LAMBDA_ROOT = "/var/task"
_IDENTITY = """
import importlib.util, json, sys
version = "%d.%d.%d" % sys.version_info[:3]
print(json.dumps([version, importlib.util.MAGIC_NUMBER.hex(), sys.version_info.releaselevel == "final"]))
"""
# Runs in the other interpreter: standard library only, the syntax of the oldest one. Tells which files are not Python to it.
_COMPILE = """
import importlib.util, json, os, signal, sys, warnings
from importlib._bootstrap_external import _code_to_hash_pyc
signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C at a terminal is ours, too: end, and say nothing
warnings.simplefilter("ignore")
failed = []
optimize = int(sys.argv[1])
for source, shown, target in json.load(sys.stdin):
    with open(source, "rb") as file:
        text = file.read()
    try:
        code = compile(text, shown, "exec", 0, True, optimize)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        failed.append([source, getattr(error, "lineno", None) or 0, getattr(error, "msg", None) or str(error)])
        continue
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as file:
        file.write(_code_to_hash_pyc(code, importlib.util.source_hash(text), False))
json.dump(failed, sys.stdout)
"""
_FILES_WORTH_A_PROCESS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """One source file and where its bytecode goes; `archive_path` is its place in the bundle, for tracebacks."""

    source: str
    archive_path: str
    bytecode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenSource:
    """A file that is not Python to the functions' interpreter; `line` is 0 where none is known."""

    source: str
    line: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python that makes bytecode.

    Args:
        program: To run.
        version: `3.13.0`.
        magic: What tells its bytecode from other versions', in hex.
    """

    program: Path
    version: str
    magic: str

    def compile(self, files: Sequence[Compilation], *, compact: bool = False) -> list[BrokenSource]:
        """Write the bytecode of these files; the same bytes for the same source and archive path.

        Args:
            files: What to compile.
            compact: Leave out docstrings, assertions and columns.

        Raises:
            ToolError: The interpreter failed otherwise than by refusing a source.
        """
        shares = _shares(files)
        running = [_start(self.program, compact=compact) for _ in shares]
        broken = []
        for process, share in zip(running, shares, strict=True):
            jobs = [[each.source, f"{_LAMBDA_ROOT}/{each.archive_path}", each.bytecode] for each in share]
            process.stdin.write(json.dumps(jobs).encode())  # type: ignore[union-attr]
            process.stdin.close()  # type: ignore[union-attr]
        for process in running:
            said = process.stdout.read()  # type: ignore[union-attr]
            process.stdout.close()  # type: ignore[union-attr]
            if process.wait():
                raise ToolError("it could not make bytecode", where=str(self.program), hint="Run it to see its error")
            broken += [BrokenSource(source=path, line=line, problem=text) for path, line, text in json.loads(said)]
        return broken


def find_interpreter(target: Target, installer: Installer, cache: Path) -> Interpreter | None:
    """An interpreter of the functions' version; None where this machine has none.

    Args:
        target: What the functions run on.
        installer: Knows the interpreters.
        cache: A file that keeps what was found.
    """
    known = _recall(cache)
    if known is not None and known.version.startswith(f"{target.python}."):
        return known
    program = installer.find_python(target.python)
    if program is None:
        return None
    asked = subprocess.run((program, "-I", "-S", "-c", _IDENTITY), capture_output=True, text=True, check=False)  # noqa: S603
    if asked.returncode:
        return None
    version, magic, is_final = json.loads(asked.stdout)
    if not is_final:  # whose bytecode the finished version refuses
        return None
    stamp = program.stat().st_mtime_ns
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text(json.dumps([str(program), stamp, version, magic]), "utf-8")
    return Interpreter(program=program, version=version, magic=magic)


def bytecode_path(archive_path: str, target: Target) -> str:
    """Where Python looks for a source's bytecode: `a/b.py` → `a/__pycache__/b.cpython-313.pyc`."""
    folder, slash, name = archive_path.rpartition("/")
    return f"{folder}{slash}__pycache__/{name.removesuffix('.py')}.{target.cache_tag}.pyc"


def _recall(cache: Path) -> Interpreter | None:
    try:
        path, stamp, version, magic = json.loads(cache.read_bytes())
        program = Path(path)
        return (
            Interpreter(program=program, version=version, magic=magic) if program.stat().st_mtime_ns == stamp else None
        )
    except (OSError, ValueError, TypeError):
        return None


def _start(program: Path, *, compact: bool) -> subprocess.Popen[bytes]:
    options = ("-I", "-S", *(("-X", "no_debug_ranges") if compact else ()))
    command = (program, *options, "-c", _COMPILE, "2" if compact else "0")
    try:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
    except OSError as error:
        raise ToolError(f"it does not start: {error.strerror}", where=str(program)) from error


def _shares(files: Sequence[Compilation]) -> list[Sequence[Compilation]]:
    """The files in as many like parts as are worth a process each."""
    count = max(1, min(os.cpu_count() or 1, len(files) // _FILES_WORTH_A_PROCESS))
    return [files[start::count] for start in range(count)]
