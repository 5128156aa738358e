"""The files of distributions that import edgeroutes themselves: a library of response helpers needs what they need."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgeroutes.build.graph import LibraryImports
from edgeroutes.build.imports import OWN_NAMES, parse_imports
from edgeroutes.build.modules import OWN_PACKAGE, Form, Module, Origin
from edgeroutes.build.syntax import parse_source, read_uses
from edgeroutes.errors import ImportRaisedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from edgeroutes.build.distributions import InstalledDistribution

_MENTIONS_US = re.compile(rb"^\s*(?:from|import)\s+edgeroutes\b", re.MULTILINE)


def own_users(files: Iterable[str], locate: Callable[[str], Path], distribution: str) -> tuple[LibraryImports, ...]:
    """Those of a distribution's files that import edgeroutes.

    Args:
        files: Their paths in a bundle.
        locate: Gives the place of a file.
        distribution: Its normalized name.
    """
    found = []
    for path in files:
        if not path.endswith(".py"):
            continue
        try:
            file = locate(path)
            source = file.read_bytes()
            if OWN_PACKAGE.encode() in source and _MENTIONS_US.search(source):
                found.append(_read(file, path, source, distribution))
        except (OSError, ImportRaisedError):  # gone, or a template: it imports nothing
            continue
    return tuple(found)


def _read(file: Path, path: str, source: bytes, distribution: str) -> LibraryImports:
    module = Module(
        name=path.removesuffix("/__init__.py").removesuffix(".py").replace("/", "."),
        origin=Origin.DISTRIBUTION,
        form=Form.PACKAGE if path.endswith("/__init__.py") else Form.SOURCE,
        path=file,
        archive_path=path,
        distribution=distribution,
    )
    sites = tuple(
        site
        for site in parse_imports(source, where=path).sites
        if not site.level and site.module.partition(".")[0] == OWN_PACKAGE
    )
    uses = tuple(read_uses(parse_source(source, where=path), OWN_NAMES).items())
    return LibraryImports(module=module, sites=sites, uses=uses)


class OwnUsers:
    """Those of the installed distributions, each looked at once.

    Args:
        installed: What is installed.
    """

    def __init__(self, installed: Sequence[InstalledDistribution]) -> None:
        self._installed = {each.name: each for each in installed if each.name != OWN_PACKAGE}
        self._known: dict[str, tuple[LibraryImports, ...]] = {}

    def of(self, names: Iterable[str]) -> tuple[LibraryImports, ...]:
        """The files of these distributions, and of what they require without a marker, that import edgeroutes."""
        queue = [*names]
        seen: dict[str, None] = {}
        while queue:
            name = queue.pop()
            if name not in seen and name in self._installed:
                seen[name] = None
                queue += self._installed[name].required_names
        return tuple(each for name in sorted(seen) for each in self._of(name))

    def _of(self, name: str) -> tuple[LibraryImports, ...]:
        if name not in self._known:
            each = self._installed[name]
            self._known[name] = own_users(each.record, each.metadata.parent.joinpath, name)
        return self._known[name]
