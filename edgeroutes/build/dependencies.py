"""Which distributions go into a function: what its imports reach, what these require, less what Lambda has.

Lambda's Python has boto3 and what boto3 requires. These stay out, unless the project pins boto3 itself (`==` in what it declares,
or `include` in function.yaml) or something else requires them as well: jmespath ships where Powertools is used, for Lambda's
jmespath is whichever its boto3 wants.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from edgeroutes.build.declared import has_name, required_names
from edgeroutes.build.imports import ImportKind
from edgeroutes.build.modules import OWN_PACKAGE, Origin
from edgeroutes.errors import DependencyError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from edgeroutes.build.graph import ImportGraph, ReachedModule, Reason
    from edgeroutes.build.modules import Module
    from edgeroutes.build.pins import Pins
    from edgeroutes.build.target import Target
    from edgeroutes.build.wheels import Wheels
    from edgeroutes.errors import ProjectError

# Source: docs.aws.amazon.com/lambda "lambda-python" (the runtime includes the SDK and its dependencies), read 2026-11-21. The runtime
# client is there, too, with what it needs.
LAMBDA_HAS = frozenset({"awslambdaric", "boto3", "botocore", "s3transfer", "simplejson", "snapshot-restore-py"})
# What boto3 requires and therefore is there as well, in a version that only boto3 chose.
LAMBDA_HAS_FOR_BOTO3 = frozenset({"jmespath", "python-dateutil", "six", "urllib3"})
_MAY_BE_MISSING = frozenset({ImportKind.OPTIONAL, ImportKind.TEXT, ImportKind.FOLDER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A distribution that a function needs by itself.

    Args:
        name: Normalised.
        extras: Of it that are needed.
        reason: Why, as `why` says it: `functions/route.py:1 imports pydantic`.
        where: The file and line to name when it cannot be had.
    """

    name: str
    extras: frozenset[str] = frozenset()
    reason: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """A declared distribution that a library mentions without requiring it.

    Args:
        name: Normalized.
        how: What `why` shows: `bs4/builder/_lxml.py:9 of beautifulsoup4 imports lxml`.
        words: Lowercase beginnings of words that a function's code has where it uses the two together: names of the companion, of the
            extras that have it, of its entry points, and of the module that mentions it.
        selectors: Words that select a module of the library that mentions it, as a whole string or as a URL's scheme: `db` in
            `"db+sqlite://"`.
        is_offered: Whether the library offers it as an extra, or reads its entry points.
        is_plugin: Whether the library reads its entry points.
        is_adapters: Whether the library mentions it in an adapter alone, which runs only where a function's code has one of the words.
    """

    name: str
    how: str
    is_offered: bool = False
    is_plugin: bool = False
    is_adapters: bool = False
    words: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A distribution of a function, with what requires it: a root or another distribution.

    Args:
        name: Normalised.
        root: Where it began.
        required_by: The distribution that led to it; empty for a root.
        how: What leads from that one to it, where it does not require it: `sqlalchemy/dialects/…:9 of sqlalchemy imports psycopg`.
    """

    name: str
    root: Root
    required_by: str = ""
    how: str = ""


def check_declared(graph: ImportGraph, pins: Pins) -> Iterator[DependencyError]:
    """The distributions that the project's files import and that it does not declare."""
    told: set[str] = set()
    for reached in graph.modules.values():
        module = reached.module
        reason = _needing_import(graph, reached)
        if module.origin is not Origin.DISTRIBUTION or not module.form.is_file or reason is None:
            continue
        name = module.distribution
        if name in told or name == OWN_PACKAGE or (name and (pins.is_declared(name) or name in LAMBDA_HAS)):
            continue
        if name in LAMBDA_HAS_FOR_BOTO3:
            continue
        told.add(name)
        yield _undeclared(module, graph.where(reason.importer, reason.line), pins)


def imported_roots(graph: ImportGraph, pins: Pins) -> list[Root]:
    """The distributions that a function's files import, without those that need not be there."""
    roots: dict[str, Root] = {}
    for reached in graph.modules.values():
        name = reached.module.distribution
        if reached.module.origin is not Origin.DISTRIBUTION or name in roots or name in {"", OWN_PACKAGE}:
            continue
        if not any(graph.modules[str(each.importer)].module.origin is Origin.PROJECT for each in reached.reasons):
            continue
        if not pins.is_declared(name) and name not in LAMBDA_HAS | LAMBDA_HAS_FOR_BOTO3:
            continue  # an optional import of something that the project does not have
        if all(each.kind is ImportKind.TEXT for each in reached.reasons):
            continue  # whether a text means a distribution, its declaration decides
        link = graph.chain(reached)[-1:]
        extras = pins.extras_of(name)
        where = graph.where(link[0].file, link[0].line) if link else ""
        roots[name] = Root(name=name, extras=extras, reason=graph.render_chain(graph.chain(reached)), where=where)
    return list(roots.values())


def excluded_imports(graph: ImportGraph, exclude: Collection[str]) -> Iterator[Problem]:
    """Where the project's files import distributions that `exclude` keeps out, one warning for each."""
    told: set[str] = set()
    for reached in graph.modules.values():
        name = reached.module.distribution
        reason = _needing_import(graph, reached) if name in exclude and name not in LAMBDA_HAS else None
        if reason is not None and name not in told:
            told.add(name)
            problem = (
                f"imports {reached.module.name!r}, and 'exclude' in function.yaml keeps {name!r} out of the function"
            )
            hint = "Remove it from 'exclude', or list it under 'include' in the function.yaml of this route"
            yield Problem(problem, where=graph.where(reason.importer, reason.line), hint=hint)


def resolve(
    roots: Iterable[Root],
    wheels: Wheels,
    pins: Pins,
    target: Target,
    *,
    exclude: Collection[str] = (),
    companions: Callable[[str], Iterable[Companion]] = lambda _: (),
) -> dict[str, Requirement]:
    """All distributions of a function by name, each with what required it first.

    Requirements of distributions that are not fetched yet are missing: fetch them and call this again.

    Args:
        roots: What the function needs by itself.
        wheels: Say what each distribution requires.
        pins: Say what the project pins.
        target: Decides markers.
        exclude: Names that stay out, with what only they require.
        companions: The declared distributions that go along with a library.
    """
    roots = list(roots)
    pinned = {root.name for root in roots if root.reason.startswith("include")}
    ships_boto3 = bool({"boto3", "botocore"} & pinned) or pins.is_pinned("boto3") or pins.is_pinned("botocore")
    left_out = {*exclude, OWN_PACKAGE, *(() if ships_boto3 else LAMBDA_HAS)}
    found: dict[str, Requirement] = {}
    seen: set[tuple[str, str]] = set()
    queue = [(root, root.name, root.extras, "", "") for root in roots]
    for root, name, requested, required_by, how in queue:
        extras = requested | pins.extras_of(name)  # however it is reached: a driver is declared with its extra
        if name in left_out:
            continue
        if not required_by and not ships_boto3 and name in LAMBDA_HAS_FOR_BOTO3 and not pins.is_declared(name):
            continue
        if name not in found:
            found[name] = Requirement(name=name, root=root, required_by=required_by, how=how)
            queue += [(root, each.name, frozenset(), name, each.how) for each in companions(name)]
        requires = wheels.requires(name)
        for extra in ("", *sorted(extras | pins.extras_of(name))):
            if requires is None or (name, extra) in seen:
                continue
            seen.add((name, extra))
            queue += [
                (root, each, its_extras, name, "")
                for each, its_extras in required_names(requires, extra, target.marker_environment())
            ]
    return found


def resolve_all(
    functions: Mapping[str, tuple[list[Root], Collection[str]]],
    wheels: Wheels,
    pins: Pins,
    target: Target,
    *,
    companions: Callable[[str, str], Iterable[Companion]] = lambda *_: (),
) -> tuple[dict[str, dict[str, Requirement]], dict[str, Requirement]]:
    """The distributions of every function, and those of them that the store lacks.

    Args:
        functions: By logical id, the roots and the names that stay out.
        wheels: Where they are.
        pins: The versions.
        target: What they are for.
        companions: As for `resolve`, given the logical id, too.
    """
    resolved = {
        key: resolve(roots, wheels, pins, target, exclude=exclude, companions=partial(companions, key))
        for key, (roots, exclude) in functions.items()
    }
    found = {name: each for by_name in resolved.values() for name, each in by_name.items()}
    return resolved, {
        name: each for name, each in found.items() if name not in pins.local and wheels.tree(name) is None
    }


def explain_missing(error: ProjectError, missing: Mapping[str, Requirement]) -> DependencyError:
    """What cannot be had, with the import that needs it as the place; as it is when it names none of them."""
    named = [each for name, each in sorted(missing.items()) if has_name(error.problem, name)]
    where = next((each.root.where for each in named if each.root.where), error.where)
    return DependencyError(error.problem, where=where, hint=error.hint)


def _needing_import(graph: ImportGraph, reached: ReachedModule) -> Reason | None:
    """The first import of the project's that needs the module to be there."""
    return next((each for each in reached.reasons if _is_needed(graph, each)), None)


def _is_needed(graph: ImportGraph, reason: Reason) -> bool:
    importer = graph.modules[str(reason.importer)].module
    is_sure = importer.origin is Origin.PROJECT and importer.key not in graph.unsure
    return is_sure and reason.kind not in _MAY_BE_MISSING


def _undeclared(module: Module, where: str, pins: Pins) -> DependencyError:
    if not module.distribution:
        problem = f"{module.name!r} is installed, but no distribution says that it brings it"
        return DependencyError(problem, where=where, hint="Install it from a distribution, or move it into the project")
    declared = next((each for each in pins.distributions if each.name == module.distribution), None)
    if declared is not None and ";" in declared.declarations[0].text:
        marker = declared.declarations[0].text.partition(";")[2].strip()
        problem = f"{module.name!r} comes from {declared.name!r}, which {declared.where} declares for others than the functions: {marker}"
        return DependencyError(problem, where=where, hint="Correct the marker or 'runtime', or import it in a 'try'")
    add = {
        "uv.lock": f"Run 'uv add {module.distribution}'",
        "requirements.txt": f"Add {module.distribution!r} to requirements.txt",
    }.get(pins.source, f"Add {module.distribution!r} to [project] dependencies in pyproject.toml")
    problem = (
        f"{module.name!r} comes from {module.distribution!r}, which is installed here and not declared ({pins.source})"
    )
    return DependencyError(problem, where=where, hint=add)
