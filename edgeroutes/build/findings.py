"""What a trace has to report of the modules that it reached: those that are missing, and those that may not be what is meant."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from edgeroutes.build.graph import MissingModule, TraceWarning
from edgeroutes.build.import_values import ImportKind
from edgeroutes.build.modules import Origin

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from edgeroutes.build.graph import Reason
    from edgeroutes.build.modules import Module
    from edgeroutes.build.steps import StepReader

    Reached = tuple[Module, Sequence[Reason]]


def sure_modules(modules: Mapping[str, Reached], guards: Container[ImportKind]) -> set[str]:
    """The keys of the modules that are loaded for sure, by imports of other kinds than these."""
    sure = {key for key, (_, reasons) in modules.items() if not reasons}
    waiting = True
    while waiting:
        found = {
            key
            for key, (_, reasons) in modules.items()
            if key not in sure and any(each.kind not in guards and str(each.importer) in sure for each in reasons)
        }
        sure |= found
        waiting = bool(found)
    return sure


def missing_modules(modules: Mapping[str, Reached], steps: StepReader, sure: Container[str]) -> Iterator[MissingModule]:
    """What files of the project that are loaded for sure import, and nobody has."""
    for module, reason, importer in _missing(modules):
        if importer.key in sure:
            yield MissingModule(
                importer=reason.importer,
                line=reason.line,
                kind=reason.kind,
                module=module.name,
                hint=steps.missing_hint(importer, module.name),
            )


def perhaps_missing(modules: Mapping[str, Reached], steps: StepReader, sure: Container[str]) -> Iterator[TraceWarning]:
    """The same for files that may never be loaded, or whose failure to load is caught."""
    for module, reason, importer in _missing(modules):
        if importer.key not in sure:
            _, reasons = modules[importer.key]
            is_scanned = any(each.kind is ImportKind.FOLDER for each in reasons)
            how = "a scan of its folder may load this file" if is_scanned else "this file is imported behind a guard"
            problem = f"no module named {module.name!r}, and {how}"
            yield _warning(reason, problem, steps.missing_hint(importer, module.name))


def oddities(modules: Iterable[Reached]) -> Iterator[TraceWarning]:
    """Modules that are found, and may not be what the author means."""
    for module, reasons in modules:
        if not reasons or not module.form.is_file:
            continue
        if module.origin is Origin.PROJECT and module.name in sys.stdlib_module_names:
            problem = f"{module.archive_path} hides the standard library's {module.name!r}"
            yield _warning(reasons[0], problem, "Rename it")
        elif module.origin is Origin.DISTRIBUTION and not module.distribution:
            problem = f"{module.name!r} is installed, but no distribution says that it brings it"
            yield _warning(reasons[0], problem, "Install it from a distribution, or move it into the project")


def _missing(modules: Mapping[str, Reached]) -> Iterator[tuple[Module, Reason, Module]]:
    """What files of the project import without a guard, and nobody has, with the importer."""
    for module, reasons in modules.values():
        if module.origin is Origin.MISSING:
            for reason in reasons:
                importer = modules[str(reason.importer)][0]
                if importer.origin is Origin.PROJECT and reason.kind is not ImportKind.OPTIONAL:
                    yield module, reason, importer


def _warning(reason: Reason, problem: str, hint: str) -> TraceWarning:
    return TraceWarning(importer=reason.importer, line=reason.line, problem=problem, hint=hint)
