"""The trees of files that a function consists of, beside its wheels: local distributions, edgeroutes, and the project's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeroutes.build.entry import ENTRY_FILE
from edgeroutes.build.metadata_files import local_metadata, project_metadata
from edgeroutes.build.modules import OWN_PACKAGE
from edgeroutes.build.own_parts import own_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from edgeroutes.build.bundle import Bundle
    from edgeroutes.build.local import LocalDistribution
    from edgeroutes.build.pins import Pins
    from edgeroutes.build.trees import TreePlan, TreeWriter

    Files = dict[str, Path | bytes]


class FunctionTrees:
    """Plans the trees of one project's functions; what they share is found once.

    Args:
        root: The project.
        pins: Know the distributions that are folders of this machine.
        writer: Names trees by their contents.
    """

    def __init__(self, root: Path, pins: Pins, writer: TreeWriter) -> None:
        self._pins = pins
        self._writer = writer
        self._metadata = project_metadata(root, pins.local)
        self._local: dict[tuple[str, tuple[Path, ...]], Files] = {}

    @property
    def local_files(self) -> set[Path]:
        """The files of distributions that are folders of this machine, as far as functions have them."""
        return {file for files in self._local.values() for file in files.values() if not isinstance(file, bytes)}

    def plan(self, bundle: Bundle, entry: str, requirements: Collection[str]) -> list[TreePlan]:
        """The trees of a function; of two with the same file the latter wins.

        Args:
            bundle: What was decided.
            entry: The source of its entry module.
            requirements: Its distributions.

        Raises:
            DependencyError: A local distribution cannot be bundled.
            BundleError: A file cannot be read.
        """
        files: Files = {each.archive_path: each.source for each in bundle.files}
        own = own_files(bundle.graph, requirements, bundle.unused)
        return [
            *(self._plan_local(self._pins.local[name], bundle) for name in self._local_names(bundle, requirements)),
            self._writer.plan(OWN_PACKAGE, own, of=f"{OWN_PACKAGE} itself", is_compact=True),
            self._writer.plan(
                bundle.function.logical_id,
                {**self._metadata, **files, ENTRY_FILE: entry.encode()},
                of="the project",
                data=frozenset(each.archive_path for each in bundle.files if each.is_data),
                is_users=True,
            ),
        ]

    def make(self, plans: Iterable[Iterable[TreePlan]]) -> None:
        """Put the trees of these functions into the store; see `TreeWriter.make`."""
        self._writer.make(plan for several in plans for plan in several)

    def _local_names(self, bundle: Bundle, requirements: Collection[str]) -> list[str]:
        wanted = {*bundle.local_tops, *(name for name in requirements if name in self._pins.local)}
        return sorted(wanted - bundle.exclude)

    def _plan_local(self, distribution: LocalDistribution, bundle: Bundle) -> TreePlan:
        reached = bundle.local_tops.get(distribution.name, ())
        key = (distribution.name, reached)
        if key not in self._local:
            files = distribution.files(reached)
            self._local[key] = {**files, **local_metadata(distribution, files)}
        return self._writer.plan(
            f"{distribution.name}-local", self._local[key], of=distribution.name, distribution=distribution.name
        )
