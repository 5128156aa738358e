"""What of edgeroutes itself goes into a function: the modules that the trace reaches, less those that nothing in it can ask for.

The façade shows most of it: `from edgeroutes import fetch` reaches the module of `fetch`. Two things it cannot show. What the plan decides
(a folder's middleware, CORS), and methods of one class with very different needs (`Response.sse`): these are found by their names in
the syntax trees of the project's files and of the libraries that import edgeroutes. A name may mean something else, too: better a
module too many than one too few.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from edgeroutes.build.dependencies import LAMBDA_HAS, LAMBDA_HAS_FOR_BOTO3, Root
from edgeroutes.build.imports import Arguments, ImportKind
from edgeroutes.build.modules import OWN_PACKAGE, Form, Origin
from edgeroutes.plan.model import HIT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, MutableMapping, Sequence

    from edgeroutes.build.graph import ImportGraph, LibraryImports, ReachedModule
    from edgeroutes.build.imports import ImportSite
    from edgeroutes.build.mentions import OwnUsers
    from edgeroutes.build.modules import Module
    from edgeroutes.build.trace import Tracer
    from edgeroutes.config import Config
    from edgeroutes.plan.model import FunctionPlan


# Names → the modules that only code with one of them can ask for.
_BY_NAME = (
    ({"sse", "heartbeat_seconds"}, ("runtime/heartbeats.py",)),
    ({"sse", "ndjson", "json_array", "stream", "file"}, ("http/response_bodies.py",)),
    ({"cors", "CORS"}, ("http/cors.py",)),
)

_ON_LOOPS = frozenset({"runtime/offload.py"})
_MOUNT = "adapters/mount.py"  # load balancers' events need it, too, and those need Mangum


def unused_without_loops(unused: frozenset[str]) -> frozenset[str]:
    """`unused_parts` of a function whose routes need no event loop; a load balancer's events have one."""
    return unused | _ON_LOOPS if _MOUNT in unused else unused


def unused_parts(
    function: FunctionPlan, config: Config, names: Collection[str], arguments: Collection[Arguments]
) -> frozenset[str]:
    """The modules, by their paths in the package, such as `runtime/cors.py`.

    Args:
        function: The plan.
        config: The project's settings.
        arguments: What the handlers of its route files take.
        names: Those of `imports.OWN_NAMES` that the project's files and the libraries that import edgeroutes use, and the distributions
            that they import.
    """
    if Arguments.ANY in arguments:  # then a return annotation may make a stream of items
        names = {*names, "ndjson"}
    unnamed = (module for by, modules in _BY_NAME if by.isdisjoint(names) for module in modules)
    if config.cors is not None or function.cors:
        unnamed = (part for part in unnamed if part != "http/cors.py")
    return frozenset((*_unplanned(function, config, names), *unnamed, *_unread(arguments)))


def _unread(arguments: Collection[Arguments]) -> Iterator[str]:
    yield "runtime/dependencies.py"  # where `Depends` is imported from, the project or a library uses it
    if Arguments.ANY in arguments:
        return
    parts = ("bodies", "constraints", "decorated", "fields", "markers", "models", "response_models")
    yield from (f"runtime/{part}.py" for part in parts)
    if Arguments.SCALARS not in arguments:
        yield from ("runtime/conversion.py", "runtime/returns.py")


def _unplanned(function: FunctionPlan, config: Config, names: Collection[str]) -> Iterator[str]:
    if config.cors is None and not function.cors:
        yield "runtime/cors.py"
    if not any(route.middleware_files for route in function.routes):
        yield "runtime/middleware.py"
    if not function.guards:
        yield "runtime/guards.py"
    mounts = any(route.exports.app is not None for route in function.routes) or "starlette" in names
    if not mounts and "mangum" not in map(str.lower, function.include):
        yield _MOUNT
    if all(route.config.dynamic_params for route in function.routes):
        yield "runtime/static_params.py"
    if not config.cdn.enabled:
        yield "adapters/origin.py"


def own_files(graph: ImportGraph, distributions: Collection[str], unused: Collection[str] = ()) -> dict[str, Path]:
    """The files of edgeroutes itself that a function can use, by their paths in the bundle.

    What edgeroutes imports only for a feature (mounted apps: Mangum) is useless without that feature's distribution: a module that could
    not be imported stays out, and so does what only such modules import.

    Args:
        graph: Of the function.
        distributions: That it has.
        unused: What it cannot use for other reasons: paths in the package. What somebody outside edgeroutes imports is used all the same.
    """
    available = {*distributions, *LAMBDA_HAS, *LAMBDA_HAS_FOR_BOTO3}
    unusable = {
        each.importer
        for each in graph.skipped
        if each.kind is ImportKind.MODULE and each.distribution and each.distribution not in available
    }
    waiting = [each for each in graph.modules.values() if each.module.origin is Origin.EDGEROUTES and each.module.path]
    kept: dict[Path, Module] = {}
    importing: dict[Path, list[ReachedModule]] = {}
    queue = []
    for reached in waiting:
        if reached.module.file in unusable:
            continue
        is_outside = _is_imported_outside(graph, reached)
        if is_outside or (not reached.reasons and not _is_in(reached.module, unused)):
            queue.append(reached.module)
        else:
            # Nothing calls what would import an unused one; at load it is imported all the same.
            is_unused = _is_in(reached.module, unused)
            reasons = (each for each in reached.reasons if not is_unused or each.kind is ImportKind.MODULE)
            for importer in {reason.importer for reason in reasons}:
                importing.setdefault(importer, []).append(reached)
    for module in queue:
        if module.file not in kept:
            kept[module.file] = module
            queue += [reached.module for reached in importing.get(module.file, ())]
    return {module.archive_path: file for file, module in kept.items() if module.form.is_file}


def _is_imported_outside(graph: ImportGraph, reached: ReachedModule) -> bool:
    """Whether the project or a library imports this module of edgeroutes, itself or by a name of the façade."""
    importers = (graph.modules[str(reason.importer)].module for reason in reached.reasons)
    return any(each.origin is not Origin.EDGEROUTES or each.name == OWN_PACKAGE for each in importers)


def _is_in(module: Module, parts: Collection[str]) -> bool:
    return module.archive_path.removeprefix(f"{OWN_PACKAGE}/") in parts


FORMS = ("starlette", "python-multipart")
_MOUNTED_APP = ("mangum",)
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
        line = _form_line(each)
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
            yield from (Root(name=name, reason=f"{where} uses a mounted app", where=where) for name in _MOUNTED_APP)


def _email_line(used: FileUses) -> int:
    """The first line that shows that a file validates e-mail addresses with pydantic; 0 for none."""
    sites = [site for site in used.sites if site.module.partition(".")[0] == "pydantic" and not site.level]
    lines = [site.line for site in sites if _EMAIL_TYPES.intersection(site.names)]
    if any(not site.names for site in sites):  # import pydantic
        lines += [line for name, line in used.uses if name.removeprefix(".") in _EMAIL_TYPES]
    return min(lines, default=0)


def _form_line(used: FileUses) -> int:
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


# Names that show a feature which no module of its own does.
_SHOWN_BY_NAME = frozenset({HIT})


def feature_names(
    functions: Iterable[FunctionPlan],
    tracer: Tracer,
    users: OwnUsers | None = None,
    *,
    graphs: MutableMapping[str, ImportGraph] | None = None,
) -> dict[str, frozenset[str]]:
    """The id of a function → the modules of edgeroutes that its project files and libraries import, by the last part of their names.

    What only a name shows counts, too: `hit`.

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
        modules = frozenset(
            reached.module.name.rpartition(".")[2]
            for reached in graph.modules.values()
            if reached.module.origin is Origin.EDGEROUTES
            and reached.module.form is Form.SOURCE
            and _is_imported_outside(graph, reached)
        )
        uses = {name for each in file_uses(graph, tracer, libraries) for name, _ in each.uses}
        found[function.logical_id] = modules | (_SHOWN_BY_NAME & uses)
    return found
