"""Which modules a route's files reach: a worklist over what each file imports.

Two questions, one walk. For the bundle, distributions are leaves and edgeroutes' own modules are followed one by one;
for the event loop, distributions are followed, edgeroutes is the leaf, and what `event_loop.py` knows to be waitless is
left out. Type-checking imports are seen and not followed.

What edgeroutes itself imports inside functions is walked last and apart ("late"): its own files ship, while the
distributions behind them are features, which the route's source decides about; they are reported as skipped.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from edgeroutes.build.event_loop import EDGEROUTES_LOOP_NAMES, LOOP_PACKAGES, event_loop_reason
from edgeroutes.build.modules import Origin, SearchPath
from edgeroutes.build.resolve import Resolver
from edgeroutes.build.sources import SourceReader
from edgeroutes.build.steps import StepReader
from edgeroutes.build.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from edgeroutes.build.graph import Chain, ImportGraph, LibraryImports
    from edgeroutes.build.import_values import FileImports
    from edgeroutes.build.settings_texts import SettingsTexts
    from edgeroutes.build.walk_values import Core

_WORTH_SAVING = 16


class Tracer:
    """Traces entry files of one project; keep it between traces, for it remembers what did not change.

    Args:
        search_path: Where modules are looked for.
        cache_directory: Where to keep what files import between processes; None keeps it in memory.
        saves: Whether a trace that read many files writes the cache; else only `save` does.
        scans_once: Whether each file is looked at once and for all, as one build does; else again in each trace.
        loop_names: Names of edgeroutes that need an event loop.
    """

    def __init__(
        self,
        search_path: SearchPath,
        *,
        cache_directory: Path | None = None,
        saves: bool = True,
        scans_once: bool = False,
        loop_names: frozenset[str] = EDGEROUTES_LOOP_NAMES,
    ) -> None:
        self._project_root = search_path.project_root
        self._sources = SourceReader(cache_directory)
        self._steps = StepReader(Resolver(search_path), self._sources)
        self._loop_names = loop_names
        self._saves = saves
        self._scans_once, self._has_scanned = scans_once, False
        self._lock = Lock()
        self._cores: dict[tuple[Path, ...], Core] = {}

    def trace(
        self,
        entry_files: Iterable[Path],
        *,
        into_distributions: bool = False,
        stop_at: frozenset[str] = frozenset(),
        within: frozenset[str] | None = None,
        core: Iterable[Path] = (),
        libraries: Sequence[LibraryImports] = (),
        settings: Sequence[SettingsTexts] = (),
    ) -> ImportGraph:
        """All modules that the files reach.

        Args:
            entry_files: Absolute, or relative to the project's root.
            core: Files of edgeroutes that every function imports. What they import inside functions is there for features, and is
                wanted only if something else imports it.
            libraries: What files of distributions import of edgeroutes.
            settings: What settings and configuration files name.
            into_distributions: Follow distributions and take edgeroutes as a leaf, not the other way round.
            stop_at: Top-level names; once one is reached, the graph is left as it is.
            within: The distributions that are there at run time; None for all.

        Raises:
            ImportRaisedError: A file of the project is not Python.
            ProblemsError: Several are not.
        """
        followed = frozenset({Origin.PROJECT, Origin.DISTRIBUTION if into_distributions else Origin.EDGEROUTES})
        loop_names = self._loop_names if into_distributions else frozenset()
        with self._lock:
            if not (self._scans_once and self._has_scanned):
                self._has_scanned = True
                if self._steps.start_scan():
                    self._cores.clear()
            walk = Walk(
                self._steps,
                followed=followed,
                stop_at=stop_at,
                loop_names=loop_names,
                within=within,
                cores=self._cores,
            )
            graph = walk.trace(
                tuple(self._project_root / path for path in entry_files),
                tuple(self._project_root / path for path in core),
                libraries,
                settings,
            )
            if self._saves:
                self._sources.save(at_least=_WORTH_SAVING)
        return graph

    def imports(self, file: Path) -> FileImports:
        """What a file of the project imports, as the last trace read it."""
        return self._sources.read(file, where=self._steps.where(file))

    @property
    def read_files(self) -> list[Path]:
        """All files that the traces looked at."""
        return self._sources.read_files

    @property
    def listed_directories(self) -> list[Path]:
        """All directories that they looked into."""
        return self._steps.resolver.directories.known

    def save(self) -> None:
        """Write all that was learnt to the cache directory; a trace does so itself only after reading many files."""
        with self._lock:
            self._sources.save()

    def event_loop_reason(self, entry_files: Iterable[Path], within: frozenset[str] | None = None) -> Chain | None:
        """The chain by which the files reach asyncio, anyio or trio; None when they reach none. Stops at the first."""
        graph = self.trace(entry_files, into_distributions=True, stop_at=LOOP_PACKAGES, within=within)
        return event_loop_reason(graph)
