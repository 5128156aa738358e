"""The paths that a REST API needs so that every request reaches the function that our matcher would choose.

API Gateway walks a tree of resources: on each level a static part beats `{id}` beats `{rest+}`, and of the latter two
one level has one at most. Whether it turns back from a branch that ends in nothing is documented nowhere (measured by
others: it does, github.com/floci-io/floci/pull/3399 and ministackorg/ministack/pull/1423, read 2026-11-21). So the tree
made here has no branch that would have to: at every resource it knows which routes are still *alive*, in the order in
which our matcher tries them, and routes that a static branch does not cover are repeated below it. `/users/me` beside
`/users/[id]/posts` makes `/users/me/posts` too, `/docs/intro` beside `/docs/[...slug]` makes `/docs/intro/{slug+}`, and
`[id]` beside `[...rest]` makes `/{id}` and `/{id}/{rest+}`. Functions match the request's path themselves, so the
parameters' names do not matter.

The tree is right for *any* distribution of the routes over functions; `group_routes` decides which share one: those with `isolate`,
and those whose URLs API Gateway cannot distinguish. If one shared function has everything below a resource, a single
`{proxy+}` replaces it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from edgeroutes.errors import LayoutError, ProjectError, RouteFileError
from edgeroutes.plan.model import ApiResource
from edgeroutes.routing.patterns import CATCH_ALL, OPTIONAL_CATCH_ALL, PARAM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from edgeroutes.routing.patterns import Pattern
    from edgeroutes.routing.scan import RouteFile


# Far above any raised quota of API Gateway; a guard against layouts whose repeats multiply.
_MAX_RESOURCES = 5_000


@dataclass(slots=True)
class _PathNode:
    """One level of the routes' own tree; routes are named by their route path."""

    statics: dict[str, _PathNode] = field(default_factory=dict)
    parameter: _PathNode | None = None
    parameter_name: str = ""
    leaf: str | None = None
    catch_all: tuple[str, str] | None = None  # the parameter's name and the route path
    matches_empty: bool = False  # whether the catch-all is optional

    def ending_here(self) -> str | None:
        """The route that matches a path that ends at this level."""
        return self.leaf or (self.catch_all[1] if self.catch_all and self.matches_empty else None)


def _plant_paths(patterns: Iterable[Pattern]) -> _PathNode:
    root = _PathNode()
    for pattern in patterns:
        node = root
        for segment in pattern.segments:
            if segment.kind in {CATCH_ALL, OPTIONAL_CATCH_ALL}:
                node.catch_all = (segment.name, pattern.route_path)
                node.matches_empty = segment.kind == OPTIONAL_CATCH_ALL
                break
            if segment.kind == PARAM:
                node.parameter = node.parameter or _PathNode()
                node.parameter_name = segment.name
                node = node.parameter
            else:
                node = node.statics.setdefault(segment.name, _PathNode())
        else:
            node.leaf = pattern.route_path
    return root


@dataclass(frozen=True, slots=True)
class _Greedy:
    """A catch-all that has captured a segment already: it matches whatever follows."""

    name: str
    route_path: str


# What may still match, first choice first. A _Greedy is the last: nothing behind it is ever tried.
_Alive: TypeAlias = "tuple[_PathNode | _Greedy, ...]"


@dataclass(slots=True)
class _Resource:
    """A resource of the API, with the logical id of its function."""

    target: str | None = None
    statics: dict[str, _Resource] = field(default_factory=dict)
    variable: tuple[str, _Resource] | None = None
    greedy: tuple[str, str] | None = None

    def children(self) -> list[_Resource]:
        return [*self.statics.values(), *([self.variable[1]] if self.variable else [])]

    def size(self) -> int:
        """The number of resources, this one and all below."""
        return 1 + bool(self.greedy) + sum(child.size() for child in self.children())

    def targets(self) -> set[str]:
        """The functions at or below this resource."""
        own = {target for target in (self.target, self.greedy and self.greedy[1]) if target}
        return own.union(*(child.targets() for child in self.children()))


def make_resources(
    patterns: Iterable[Pattern],
    functions: Mapping[str, str],
    *,
    shared: frozenset[str],
    fallback: str,
    base_path: str = "",
) -> tuple[tuple[ApiResource, ...], int]:
    """The API's paths with their functions, and the number of resources that API Gateway creates for them.

    Args:
        patterns: The patterns of all routes.
        functions: Route path → logical id of its function.
        shared: The ids of functions with several routes.
        fallback: The id of the function for paths without a route.
        base_path: The prefix of all routes, '/base' or ''.

    Returns:
        `((ApiResource(path="/", …), ApiResource(path="/users/{id}", …), ApiResource(path="/{proxy+}", …)), 4)`; the
        resource '/users', which has no function, is counted too.

    Raises:
        LayoutError: The routes need more resources than any API can have.
    """
    resource = _Grower(functions).grow((_plant_paths(patterns),))
    _share(resource, shared)
    for name in ["", *reversed(base_path.strip("/").split("/"))] if base_path else [""]:
        resource = _Resource(statics={name: resource}) if name else resource
        resource.target = resource.target or fallback
        _catch_rest(resource, fallback)
    found = sorted(_render(resource, ""))
    return tuple(ApiResource(path=path, logical_id=target) for path, target in found), resource.size()


class _Grower:
    """Creates resources from the routes that are alive."""

    def __init__(self, functions: Mapping[str, str]) -> None:
        self.functions = functions
        self.count = 0

    def grow(self, alive: _Alive) -> _Resource:
        self.count += 1
        if self.count > _MAX_RESOURCES:
            problem = f"the routes need more than {_MAX_RESOURCES} resources in API Gateway"
            hint = "Use fewer folders where names and '[parameters]' stand beside each other on several levels"
            raise LayoutError(problem, where="functions", hint=hint)
        first = alive[0]
        ends = first.route_path if isinstance(first, _Greedy) else _first_ending(alive)
        resource = _Resource(target=self.functions[ends] if ends else None)
        for name in sorted({name for node in alive if isinstance(node, _PathNode) for name in node.statics}):
            resource.statics[name] = self.grow(_step(alive, name))
        beyond = _step(alive, None)
        if not beyond:
            return resource
        first = beyond[0]
        if isinstance(first, _Greedy):
            resource.greedy = (first.name, self.functions[first.route_path])
        else:
            name = next(node.parameter_name for node in alive if isinstance(node, _PathNode) and node.parameter)
            resource.variable = (name, self.grow(beyond))
        return resource


def _first_ending(alive: _Alive) -> str | None:
    for item in alive:
        ends = item.route_path if isinstance(item, _Greedy) else item.ending_here()
        if ends:
            return ends
    return None


def _step(alive: _Alive, name: str | None) -> _Alive:
    """The routes that are alive one segment further; None is a segment that no folder has as its name."""
    after: list[_PathNode | _Greedy] = []
    for item in alive:
        if isinstance(item, _Greedy):
            after.append(item)
            break
        static = item.statics.get(name) if name is not None else None
        after += [node for node in (static, item.parameter) if node is not None]
        if item.catch_all:
            after.append(_Greedy(*item.catch_all))
            break
    return tuple(after)


def _share(resource: _Resource, shared: frozenset[str]) -> None:
    """Put one `{proxy+}` where several resources below this one go to the same shared function."""
    for child in resource.children():
        _share(child, shared)
    for target in _candidates(resource, shared):
        names = [name for name, child in resource.statics.items() if child.targets() == {target}]
        saved = sum(resource.statics[name].size() for name in names)
        if resource.variable:
            saved += resource.variable[1].size()
        # One folder's resources are merged in that folder.
        if saved <= (0 if resource.greedy else 1) or (len(names) < 2 and not (resource.variable or resource.greedy)):
            continue
        below = resource.variable[1].greedy if resource.variable else None
        name = (resource.greedy or below or resource.variable or ("proxy",))[0]
        resource.greedy, resource.variable = (name, target), None
        for dropped in names:
            del resource.statics[dropped]
        return


def _candidates(resource: _Resource, shared: frozenset[str]) -> Sequence[str]:
    """The shared functions that may take every path without a static part on this level, the largest first."""
    if resource.greedy:
        there = {resource.greedy[1]}
    elif resource.variable:
        there = resource.variable[1].targets()
        there = there if len(there) == 1 else set()
    else:
        there = set().union(*(child.targets() for child in resource.children()))
    below = [child for child in resource.statics.values() if len(child.targets()) == 1]
    sizes = {target: sum(child.size() for child in below if target in child.targets()) for target in there & shared}
    return sorted(sizes, key=lambda target: (-sizes[target], target))


def _catch_rest(resource: _Resource, fallback: str) -> None:
    """Send paths without a match on this level, or below its variable, to the fallback."""
    if resource.greedy:
        return
    if resource.variable:
        child = resource.variable[1]
        child.target = child.target or fallback
        _catch_rest(child, fallback)
    else:
        resource.greedy = ("proxy", fallback)


def _render(resource: _Resource, path: str, names: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    if resource.target:
        yield path or "/", resource.target
    for part, child in resource.statics.items():
        yield from _render(child, f"{path}/{part}", names)
    if resource.variable:
        name = _identifier(resource.variable[0], names)
        yield from _render(resource.variable[1], f"{path}/{{{name}}}", names | {name})
    if resource.greedy:
        yield f"{path}/{{{_identifier(resource.greedy[0], names)}+}}", resource.greedy[1]


def _identifier(name: str, taken: frozenset[str]) -> str:
    """The parameter's name as an identifier: `sam local` refuses '{user-id}'."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    plain = plain if plain[:1].isalpha() else f"p{plain}"
    number = 2
    chosen = plain
    while chosen in taken:
        chosen, number = f"{plain}_{number}", number + 1
    return chosen


_ALONE = "route"
# A static folder beside a `[parameter]` repeats the API resources below the parameter (see `api_tree`). Up to this
# number are repeated; with more, the routes below the parameter share a function, and a single resource leads to it.
_MAX_REPEATED = 25


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
    for first, other, reason in _indistinct_pairs(_plant_paths(route.pattern for route in routes)):
        # The API's tree can also separate them, and does if they could not share a function.
        alone = named[first] == named[other] == _ALONE
        if alone and by_path[first].exports.streams == by_path[other].exports.streams:
            joined.join(first, other, reason)
    groups: dict[str, list[RouteFile]] = {}
    for route in routes:
        name = named[route.route_path]
        key = f"={name}" if name != _ALONE else joined.find(route.route_path)
        groups.setdefault(key, []).append(route)
    made = []
    for key, members in groups.items():
        name = key[1:] if key.startswith("=") else ""
        reason = f"isolate = {name!r}" if name else joined.reasons.get(key, "")
        made.append(Group(routes=tuple(members), name=name, reason=reason if len(members) > 1 else ""))
    for group in made:
        problems += _check_modes(group)
    return tuple(made)


def _indistinct_pairs(node: _PathNode) -> Iterator[tuple[str, str, str]]:
    """Pairs of routes that share a function because of their URLs, each with the reason."""
    if node.parameter and node.parameter.leaf and node.catch_all:
        variable, catch_all = node.parameter.leaf, node.catch_all[1]
        reason = f"{variable} stands beside {catch_all}, and API Gateway has one variable on a level"
        yield variable, catch_all, reason
    if node.parameter and node.statics:
        below = [route for child in _children(node.parameter) for route in _routes(child)]
        if len(below) > _MAX_REPEATED:
            reason = f"{len(below)} routes stand below one '[{node.parameter_name}]' that has static folders beside it"
            yield from ((first, other, reason) for first in below for other in below if first < other)
    for child in _children(node):
        yield from _indistinct_pairs(child)


def _children(node: _PathNode) -> list[_PathNode]:
    return [*node.statics.values(), *([node.parameter] if node.parameter else [])]


def _routes(node: _PathNode) -> Iterator[str]:
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
