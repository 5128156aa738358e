"""Why a function contains a distribution, a module or a file, for `edgeroutes why`."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from edgeroutes.build.modules import OWN_PACKAGE, normalize_name
from edgeroutes.build.sizes import bundle_files, render_bytes
from edgeroutes.errors import BundleError
from edgeroutes.plan.lookup import find_function

if TYPE_CHECKING:
    from edgeroutes.build.report import BuildReport, BuiltFunction


# Reasons that name the distribution, or the given module of it.
_SAYING = (" imports ", " names ", " reads the entry points ", " declares ")


def explain(report: BuildReport, route: str, name: str) -> list[str]:
    """Through which files a route's function came to hold something.

    Args:
        report: Of a build.
        route: A route's path, with or without its first slash, its folder, its route file or its function's logical id.
        name: A distribution, a dotted module, or a file as it lies in the bundle.

    Returns:
        Lines, from the route file on: `["functions/api/users/[id]/route.py:3 imports lib.db", "lib/db.py:1 imports pydantic"]`.

    Raises:
        ConfigError: There is no such route.
        BundleError: Its function does not hold it.
    """
    found = find_function((built.bundle.function for built in report.functions), route)
    built = next(each for each in report.functions if each.logical_id == found.logical_id)
    lines = (
        _explain_distribution(built, normalize_name(name)) or _explain_module(built, name) or _explain_file(built, name)
    )
    if lines:
        return lines
    mention = report.left_out.get(built.logical_id, {}).get(normalize_name(name))
    if mention:
        problem = f"the function does not contain {name!r}: {mention}, other functions use it, and nothing in this one's code shows a use"
        hint = f"If it needs it, list {name!r} under 'include' in its function.yaml"
        raise BundleError(problem, where=built.logical_id, hint=hint)
    known = [*built.requirements, *bundle_files(built.trees)]
    near = get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]!r}" if near else "'edgeroutes build --json' lists what each function contains"
    raise BundleError(f"the function does not contain {name!r}", where=built.logical_id, hint=hint)


def _explain_distribution(built: BuiltFunction, name: str) -> list[str]:
    """The chain of requirements down to the import, feature or setting that began it, told from there on."""
    chain = []
    requirement = built.requirements.get(name)
    while requirement is not None:
        if requirement.required_by:
            chain.append(requirement.how or f"{requirement.required_by} requires {requirement.name}")
        else:
            reason = requirement.root.reason
            says_it = any(word in reason for word in _SAYING)
            brings = [] if says_it or reason.endswith(f" {requirement.name}") else [f"this brings {requirement.name}"]
            chain += [*reversed(brings), *reversed(reason.splitlines())]
        requirement = built.requirements.get(requirement.required_by)
    return chain[::-1]


def _explain_module(built: BuiltFunction, name: str) -> list[str]:
    graph = built.bundle.graph
    lines = graph.render_chain(graph.why(name)).splitlines()
    if not lines and any(graph.project_root / name == entry for entry in graph.entries):
        return [f"{name} is where the function begins"]
    return lines


def _explain_file(built: BuiltFunction, name: str) -> list[str]:
    """Who brought a file of the bundle, and what it weighs."""
    tree = bundle_files(built.trees).get(name)
    if tree is None:
        return []
    distribution = str(tree.facts.get("distribution", ""))
    own = next(
        (f"{name} is {each.reason}" for each in built.bundle.files if each.archive_path == name and each.reason), ""
    )
    weighs = f"{name} ({render_bytes(tree.sizes[name])}) comes from {distribution or tree.facts['of']}"
    because = _explain_distribution(built, distribution) if distribution else [own] if own else []
    if not because and tree.facts.get("of") == f"{OWN_PACKAGE} itself":
        because = ["every function contains the modules of edgeroutes that handle requests"]
    return [weighs, *because]
