"""Which routes share a function: those with `isolate`, and those whose URLs API Gateway cannot distinguish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.errors import ProjectError, RouteFileError
from edgeroutes.plan.api_tree import plant_paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from edgeroutes.plan.api_tree import PathNode
    from edgeroutes.routing.scan import RouteFile

ALONE = "route"
# A static folder beside a `[parameter]` repeats the API resources below the parameter (see `api_tree`). Up to this
# number are repeated; with more, the routes below the parameter share a function, and a single resource leads to it.
MAX_REPEATED = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Routes of one function.

    Args:
        routes: In the order in which they are tried.
        name: The name in `isolate`, else empty.
        reason: Why they share the function; empty for one route.
    """

    routes: tuple[RouteFile, ...]
    name: str = ""
    reason: str = ""


def group_routes(
    routes: Sequence[RouteFile], isolate: Mapping[str, str], problems: list[ProjectError]
) -> tuple[Group, ...]:
    """Every route in one group, in the order of the groups' first routes.

    Args:
        routes: In the order in which they are tried.
        isolate: Route path → "route" or a group's name, as the folders and the project set it; the route file's own wins.
        problems: Gets groups with streaming and buffered routes.
    """
    by_path = {route.route_path: route for route in routes}
    named = {path: route.config.isolate or isolate[path] for path, route in by_path.items()}
    joined = _Joined(by_path)
    for first, other, reason in _indistinct_pairs(plant_paths(route.pattern for route in routes)):
        # The API's tree can also separate them, and does if they could not share a function.
        alone = named[first] == named[other] == ALONE
        if alone and by_path[first].exports.streams == by_path[other].exports.streams:
            joined.join(first, other, reason)
    groups: dict[str, list[RouteFile]] = {}
    for route in routes:
        name = named[route.route_path]
        key = f"={name}" if name != ALONE else joined.find(route.route_path)
        groups.setdefault(key, []).append(route)
    made = []
    for key, members in groups.items():
        name = key[1:] if key.startswith("=") else ""
        reason = f"isolate = {name!r}" if name else joined.reasons.get(key, "")
        made.append(Group(routes=tuple(members), name=name, reason=reason if len(members) > 1 else ""))
    for group in made:
        problems += _check_modes(group)
    return tuple(made)


def _indistinct_pairs(node: PathNode) -> Iterator[tuple[str, str, str]]:
    """Pairs of routes that share a function because of their URLs, each with the reason."""
    if node.parameter and node.parameter.leaf and node.catch_all:
        variable, catch_all = node.parameter.leaf, node.catch_all[1]
        reason = f"{variable} stands beside {catch_all}, and API Gateway allows one variable per level"
        yield variable, catch_all, reason
    if node.parameter and node.statics:
        below = [route for child in _children(node.parameter) for route in _routes(child)]
        if len(below) > MAX_REPEATED:
            reason = f"{len(below)} routes stand below one '[{node.parameter_name}]' that has static folders beside it"
            yield from ((first, other, reason) for first in below for other in below if first < other)
    for child in _children(node):
        yield from _indistinct_pairs(child)


def _children(node: PathNode) -> list[PathNode]:
    return [*node.statics.values(), *([node.parameter] if node.parameter else [])]


def _routes(node: PathNode) -> Iterator[str]:
    if node.leaf:
        yield node.leaf
    if node.catch_all:
        yield node.catch_all[1]
    for child in _children(node):
        yield from _routes(child)


class _Joined:
    """Disjoint sets of route paths; each set is named by its first member."""

    def __init__(self, route_paths: dict[str, RouteFile]) -> None:
        self.order = {route_path: index for index, route_path in enumerate(route_paths)}
        self.parents = {route_path: route_path for route_path in route_paths}
        self.reasons: dict[str, str] = {}

    def find(self, route_path: str) -> str:
        while self.parents[route_path] != route_path:
            route_path = self.parents[route_path]
        return route_path

    def join(self, first: str, other: str, reason: str) -> None:
        roots = sorted({self.find(first), self.find(other)}, key=self.order.__getitem__)
        kept = roots[0]
        reasons = [self.reasons.pop(root, "") for root in roots]
        for root in roots:
            self.parents[root] = kept
        said = dict.fromkeys(part for text in (*reasons, reason) for part in text.split("; ") if part)
        self.reasons[kept] = "; ".join(said)


def _check_modes(group: Group) -> list[ProjectError]:
    streaming = [route for route in group.routes if route.exports.streams]
    buffered = [route for route in group.routes if not route.exports.streams]
    if not streaming or not buffered:
        return []
    problem = (
        f"group {group.name!r} contains streaming routes ({_shown(streaming)}) and buffered ones ({_shown(buffered)}). "
        "A function is one or the other"
    )
    hint = "Export another 'isolate' in one of the two kinds, such as 'isolate = \"route\"', or the same 'streaming' in both"
    return [RouteFileError(problem, where=streaming[0].source_file, hint=hint)]


def _shown(routes: Sequence[RouteFile]) -> str:
    files = [route.source_file for route in routes[:3]]
    return ", ".join([*files, f"{len(routes) - 3} more"] if len(routes) > 3 else files)
