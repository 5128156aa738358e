"""Which of edgeroutes' features a function uses, and the distributions that they need.

Most follow from imports: `from edgeroutes import logger` reaches the module of the logger, and that imports Powertools. Two do not: a
form is read by a method of every request, and a mounted app is an export.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from edgeroutes.build.dependencies import Root
from edgeroutes.build.import_values import ImportKind
from edgeroutes.build.modules import OWN_PACKAGE, Form, Origin
from edgeroutes.build.own_parts import is_imported_outside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, MutableMapping, Sequence

    from edgeroutes.build.graph import ImportGraph, LibraryImports
    from edgeroutes.build.import_values import ImportSite
    from edgeroutes.build.libraries import OwnUsers
    from edgeroutes.build.trace import Tracer
    from edgeroutes.plan.model import FunctionPlan

FORMS = ("starlette", "python-multipart")
MOUNTED_APP = ("mangum",)
# pydantic imports email-validator when a model has a field of these.
_EMAIL_TYPES = frozenset({"EmailStr", "NameEmail"})
_FORM_ARGUMENTS = frozenset({"File", "Form", "UploadFile"})


class FileUses(NamedTuple):
    """What one file uses of edgeroutes.

    Args:
        file: Of the project or of a library.
        sites: Its imports.
        uses: Names of `imports.OWN_NAMES` that it uses, each with its first line.
    """

    file: Path
    sites: tuple[ImportSite, ...]
    uses: tuple[tuple[str, int], ...]


def file_uses(graph: ImportGraph, tracer: Tracer, libraries: Sequence[LibraryImports] = ()) -> list[FileUses]:
    """What the project's files in the graph, and those of libraries that import edgeroutes, use of it."""
    found = []
    for module in graph.project_modules:
        if module.file.suffix == ".py":
            imports = tracer.imports(module.file)
            found.append(FileUses(module.file, imports.sites, imports.uses))
    return [*found, *(FileUses(each.module.file, each.sites, each.uses) for each in libraries)]


def feature_roots(graph: ImportGraph, function: FunctionPlan, used: Iterable[FileUses]) -> Iterator[Root]:
    """The distributions that the function's features need, each with the place that shows the feature."""
    # A body model takes fields of a form without any of these; one with files it refuses, and the log says what to include.
    for each in used:
        line = form_line(each)
        if line:
            where = graph.where(each.file, line)
            yield from (Root(name=name, reason=f"{where} uses forms", where=where) for name in FORMS)
        line = _email_line(each)
        if line:
            where = graph.where(each.file, line)
            yield Root(name="email-validator", reason=f"{where} uses pydantic's EmailStr", where=where)
    for route in function.routes:
        if route.exports.app is not None:
            where = f"{route.source_file}:{route.exports.app.line}"
            yield from (Root(name=name, reason=f"{where} uses a mounted app", where=where) for name in MOUNTED_APP)


def _email_line(used: FileUses) -> int:
    """The first line that shows that a file validates e-mail addresses with pydantic; 0 for none."""
    sites = [site for site in used.sites if site.module.partition(".")[0] == "pydantic" and not site.level]
    lines = [site.line for site in sites if _EMAIL_TYPES.intersection(site.names)]
    if any(not site.names for site in sites):  # import pydantic
        lines += [line for name, line in used.uses if name.removeprefix(".") in _EMAIL_TYPES]
    return min(lines, default=0)


def form_line(used: FileUses) -> int:
    """The first line that shows that a file reads forms: `request.form()`, or an argument from `Form` or `File`; 0 for none."""
    uses = dict(used.uses)
    lines = [uses[".form"]] if ".form" in uses else []
    for site in used.sites:
        if site.level or site.module.partition(".")[0] != OWN_PACKAGE:
            continue
        if _FORM_ARGUMENTS.intersection(site.names):
            lines.append(site.line)
        elif not site.names:  # import edgeroutes
            lines += [uses[name] for name in _FORM_ARGUMENTS & uses.keys()]
    return min(lines, default=0)


def own_requirements(graph: ImportGraph) -> Iterator[Root]:
    """The distributions that edgeroutes' own modules import for features that the function uses.

    A module that nothing outside edgeroutes imports is optional: what it imports is in the graph's skipped imports.
    """
    for reached in graph.modules.values():
        module = reached.module
        if module.origin is not Origin.DISTRIBUTION or module.distribution in {"", OWN_PACKAGE}:
            continue
        for reason in reached.reasons:
            importer = graph.modules[str(reason.importer)].module
            if importer.origin is Origin.EDGEROUTES and reason.kind is not ImportKind.OPTIONAL:
                lines = [graph.render_chain(graph.chain(graph.modules[importer.key]))]
                where = graph.where(reason.importer, reason.line)
                lines.append(f"{where} imports {module.name}")
                yield Root(name=module.distribution, reason="\n".join(filter(None, lines)), where=where)
                break


def feature_names(
    functions: Iterable[FunctionPlan],
    tracer: Tracer,
    users: OwnUsers | None = None,
    *,
    graphs: MutableMapping[str, ImportGraph] | None = None,
) -> dict[str, frozenset[str]]:
    """The id of a function → the modules of edgeroutes that its project files and libraries import, by the last part of their names.

    Args:
        functions: Of the project.
        tracer: Traces their files.
        users: Knows which libraries import edgeroutes.
        graphs: Gets the graph of each function, by its id.

    Raises:
        ImportRaisedError: A file of the project is not Python.
        ProblemsError: Several are not.
    """
    found = {}
    for function in functions:
        graph = tracer.trace(map(Path, function.source_files))
        if graphs is not None:
            graphs[function.logical_id] = graph
        libraries = users.of(graph.distributions) if users is not None else ()
        if libraries:
            graph = tracer.trace(map(Path, function.source_files), libraries=libraries)
        found[function.logical_id] = frozenset(
            reached.module.name.rpartition(".")[2]
            for reached in graph.modules.values()
            if reached.module.origin is Origin.EDGEROUTES
            and reached.module.form is Form.SOURCE
            and is_imported_outside(graph, reached)
        )
    return found
