"""What one trace keeps for another, and what it asks of a module that is not read yet, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from edgeroutes.build.graph import Reason, SkippedImport
    from edgeroutes.build.modules import Module
    from edgeroutes.build.steps import Step


class Question(NamedTuple):
    """The names that an importer takes from one module that its step loads: followed once that module is read."""

    importer: Module
    step: Step
    position: int
    late: bool


class Core(NamedTuple):
    """A walk over what every function has, as it is before the function's own files."""

    modules: dict[str, tuple[Module, tuple[Reason, ...]]]
    has_lazy_names: dict[str, bool]
    questions: dict[str, tuple[Question, ...]]
    unfolded: frozenset[tuple[str, str, bool]]
    skipped: tuple[SkippedImport, ...]
    late_only: frozenset[str]
