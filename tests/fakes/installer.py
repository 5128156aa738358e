"""Distributions, locks and interpreters as a test draws them: the `Installer` for builds without uv."""

from __future__ import annotations

import re
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes.build.installer import UnknownDistributionError
from edgeroutes.build.modules import OWN_PACKAGE, normalize_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgeroutes.build.installer import Request
    from edgeroutes.build.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeWheel:
    """A distribution.

    Args:
        version: Of it.
        requires: Its `Requires-Dist` lines.
        files: Path → text; what the wheel holds beside its metadata.
        python: Its `Requires-Python`; empty for none.
    """

    version: str = "1.0"
    requires: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    python: str = ""


def write_wheel(name: str, wheel: FakeWheel, into: Path) -> None:
    """Install it: its files, METADATA, RECORD and what else an installer leaves."""
    metadata = f"{name.replace('-', '_')}-{wheel.version}.dist-info"
    head = [f"Name: {name}", f"Version: {wheel.version}", *(f"Requires-Dist: {each}" for each in wheel.requires)]
    head += [f"Requires-Python: {wheel.python}"] if wheel.python else []
    files = {
        **wheel.files,
        f"{metadata}/METADATA": "\n".join(head) + "\n\nLong description.\n",
        f"{metadata}/INSTALLER": "fake\n",
        f"{metadata}/licenses/LICENSE": "a licence\n",
    }
    files[f"{metadata}/RECORD"] = "".join(f"{path},,\n" for path in (*files, f"{metadata}/RECORD"))
    for path, text in files.items():
        (into / path).parent.mkdir(parents=True, exist_ok=True)
        (into / path).write_text(text)


class FakeInstaller:
    """Knows the wheels it was given.

    Args:
        wheels: By name.
        lock: What uv locked: one `name==version` a line.
        pythons: Interpreters by version; by default our own alone.
    """

    def __init__(
        self, wheels: Mapping[str, FakeWheel], *, lock: str = "", pythons: Mapping[str, Path] | None = None
    ) -> None:
        self.wheels = dict(wheels)
        self.lock = lock
        own = {f"{sys.version_info[0]}.{sys.version_info[1]}": Path(sys.executable)}
        self.pythons = own if pythons is None else pythons
        self.installed: list[list[str]] = []

    def export_lock(self, root: Path) -> str:
        """The lock that it was given."""
        return pylock(dict(line.split("==") for line in self.lock.splitlines()))

    def compile(self, request: Request, root: Path, target: Target) -> str:
        """Each requirement in the version of its wheel, and what that requires unless that is left out."""
        text = "".join((root / file).read_text() for file in request.files) + request.requirements
        left_out = {_name(line) for line in request.overrides.splitlines()} | {OWN_PACKAGE}
        names = [_name(line) for line in text.splitlines() if ";" not in line and line[:1].isalnum()]
        unknown = [name for name in names if name not in self.wheels and name not in left_out]
        if unknown:
            raise UnknownDistributionError(unknown[0], where=request.where, hint="Correct its name")
        found = names if request.is_flat else self._closure(names)
        return pylock({name: self.wheels[name].version for name in found if name in self.wheels})

    def install(
        self, lock: str, root: Path, target: Target, into: Path, *, options: Sequence[str] = (), builds: bool = False
    ) -> None:
        """Put there what the lock has."""
        packages = tomllib.loads(lock)["packages"]
        self.installed.append([f"{each['name']}=={each['version']}" for each in packages])
        for each in packages:
            write_wheel(each["name"], self.wheels[each["name"]], into)

    def find_python(self, version: str) -> Path | None:
        """The interpreter that it was given."""
        return self.pythons.get(version)

    def _closure(self, names: Sequence[str]) -> list[str]:
        found: list[str] = []
        queue = list(names)
        while queue:
            name = queue.pop(0)
            if name not in found:
                found.append(name)
                required = self.wheels[name].requires if name in self.wheels else ()
                queue += [_name(each) for each in required if ";" not in each]
        return found


def pylock(versions: Mapping[str, str]) -> str:
    """A lock that has a wheel for every platform of each of these distributions."""
    packages = (
        f"[[packages]]\nname = '{name}'\nversion = '{version}'\nwheels = [{{url = "
        f"'https://index.example/{name.replace('-', '_')}-{version}-py3-none-any.whl', hashes = {{sha256 = '{version * 8}'}}}}]\n"
        for name, version in versions.items()
    )
    return "\n".join(['lock-version = "1.0"', 'created-by = "fake"', *packages])


def _name(requirement: str) -> str:
    return normalize_name(re.split(r"[^A-Za-z0-9_.-]", requirement.strip())[0])
