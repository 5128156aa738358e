"""edgeroutes' own bytecode in one file of a bundle: a file for each module took a quarter of a hello's cold start, and of its size.

`edgeroutes/__init__.pyc` becomes a program that reads the file, finds the modules in it, and runs the package's own `__init__` in its
namespace. A module is unmarshalled when it is imported, so the file can hold all that the function may need.

The file: where each module is, marshalled, as `{"edgeroutes.http": (is_package, start, end)}`, then the code of the modules. Places are
counted from the end of the file, as negative numbers; one byte follows the last module.
"""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING

from edgeroutes.build.modules import OWN_PACKAGE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MODULES_FILE = f"{OWN_PACKAGE}/modules.bin"
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
        with open(self._parent + "/{MODULES_FILE}", "rb") as file:
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
    (folder / MODULES_FILE).write_bytes(b"".join(content))


def packed_modules(bundle: Path) -> dict[str, bytes]:
    """Each module in the packed file of a bundle, with its bytecode; without such a file none."""
    file = bundle / MODULES_FILE
    if not file.is_file():
        return {}
    content = file.read_bytes()
    places: dict[str, tuple[bool, int, int]] = marshal.loads(content)  # noqa: S302  # written by `pack`
    return {name: content[start:end] for name, (_, start, end) in places.items()}
