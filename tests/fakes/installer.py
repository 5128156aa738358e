"""Distributions, locks and interpreters as a test draws them: the `Installer` for builds without uv."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes.build.modules import normalize_name
from edgeroutes.errors import DependencyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgeroutes.build.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeWheel:
    """A distribution.

    Args:
        version: Of it.
        requires: Its `Requires-Dist` lines.
        files: Path → text; what the wheel holds beside its metadata.
    """

    version: str = "1.0"
    requires: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


def write_wheel(name: str, wheel: FakeWheel, into: Path) -> None:
    """Install it: its files, METADATA, RECORD and what else an installer leaves."""
    metadata = f"{name.replace('-', '_')}-{wheel.version}.dist-info"
    head = [f"Name: {name}", f"Version: {wheel.version}", *(f"Requires-Dist: {each}" for each in wheel.requires)]
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
        lock: What `uv export` would say.
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
        return self.lock

    def compile(self, requirements: str, preferred: str, root: Path, target: Target) -> str:
        """Each requirement in the version of its wheel, and what that requires."""
        names = [_name(line) for line in requirements.splitlines() if ";" not in line and line]
        return "".join(f"{name}=={self.wheels[name].version}\n" for name in self._closure(names))

    def install(
        self, names: Sequence[str], constraints: str, root: Path, target: Target, into: Path, *, with_requirements: bool
    ) -> None:
        """Put them there, and what they require without a marker."""
        self.installed.append(list(names))
        wanted = [_name(each) for each in names]
        for name in self._closure(wanted) if with_requirements else wanted:
            if name not in self.wheels:
                raise DependencyError(f"no index has {name!r}", hint="Mend its name")
            write_wheel(name, self.wheels[name], into)

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


def _name(requirement: str) -> str:
    return normalize_name(re.split(r"[^A-Za-z0-9_.-]", requirement.strip())[0])
