"""The trees of files that a function consists of, beside its wheels: local distributions, edgeroutes, and the project's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeroutes.build.entry import ENTRY_FILE
from edgeroutes.build.local import project_metadata
from edgeroutes.build.modules import OWN_PACKAGE
from edgeroutes.build.own_parts import own_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from edgeroutes.build.bundle import Bundle
    from edgeroutes.build.local import LocalFiles
    from edgeroutes.build.pins import Pins
    from edgeroutes.build.trees import TreePlan, TreeWriter

    Files = dict[str, Path | bytes]


class FunctionTrees:
    """Plans the trees of one project's functions; what they share is found once.

    Args:
        root: The project.
        pins: Know the distributions that are folders of this machine.
        writer: Names trees by their contents.
        local: By function and name, the files of distributions that are folders of this machine.
    """

    def __init__(
        self, root: Path, pins: Pins, writer: TreeWriter, local: Mapping[str, Mapping[str, LocalFiles]]
    ) -> None:
        self._writer = writer
        self._local = local
        self._metadata = project_metadata(root, pins.local)

    @property
    def local_files(self) -> set[Path]:
        """The files of distributions that are folders of this machine, as far as functions have them."""
        contents = (content for each in self._local.values() for files in each.values() for content in files.values())
        return {content for content in contents if not isinstance(content, bytes)}

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
            *(
                self._writer.plan(f"{name}-local", content, of=name, distribution=name)
                for name, content in sorted(self._local[bundle.function.logical_id].items())
            ),
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
