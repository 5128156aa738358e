"""Which of edgeroutes' features the files of a function use. Floor 2; reads sources, through the tracer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes.build.special_cases import FeatureUse, find_features
from edgeroutes.routing.python_source import parse_python

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from edgeroutes.build.graph import ImportGraph
    from edgeroutes.build.trace import Tracer
    from edgeroutes.plan.model import FunctionPlan


class FeatureReader:
    """Finds features in the files that were traced, each file read once.

    Args:
        tracer: That traced them.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._known: dict[tuple[Path, int], tuple[FeatureUse, ...]] = {}

    def uses(self, graph: ImportGraph, function: FunctionPlan) -> Iterator[tuple[Path, FeatureUse]]:
        """Each feature that the project's files in the graph use, with the file."""
        app_lines = {route.source_file: route.exports.app.line for route in function.routes if route.exports.app}
        for module in graph.project_modules:
            if module.file.name.endswith(".py"):
                for use in self._of(module.file, app_lines.get(module.archive_path, 0)):
                    yield module.file, use

    def _of(self, file: Path, app_line: int) -> tuple[FeatureUse, ...]:
        known = self._known.get((file, app_line))
        if known is None:
            source = file.read_bytes()
            found = find_features(source, parse_python(source), self._tracer.imports(file), app_line=app_line)
            known = self._known[file, app_line] = tuple(found)
        return known


def feature_names(functions: Iterable[FunctionPlan], tracer: Tracer) -> dict[str, frozenset[str]]:
    """The id of a function → the names of the features that its routes, and what these import of the project, use.

    Raises:
        ImportRaisedError: A file of the project is not Python.
        ProblemsError: Several are not.
    """
    reader = FeatureReader(tracer)
    return {
        function.logical_id: frozenset(
            use.feature.name for _, use in reader.uses(tracer.trace(map(Path, function.source_files)), function)
        )
        for function in functions
    }
