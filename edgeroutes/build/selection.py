"""Which distributions each function gets: its imports, what these require, and what is declared and mentioned.

Repeated until nothing is added: a library that ships may mention another declared distribution, or import edgeroutes' features.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from edgeroutes.build.declared import required_names
from edgeroutes.build.dependencies import LAMBDA_HAS, Companion, Requirement, Root, resolve, resolve_all
from edgeroutes.build.pins import own_requirements
from edgeroutes.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from edgeroutes.build.bundle import Bundle
    from edgeroutes.build.companions import Companions
    from edgeroutes.build.graph import LibraryImports
    from edgeroutes.build.pins import Pins
    from edgeroutes.build.target import Target
    from edgeroutes.build.trace import Tracer
    from edgeroutes.build.wheels import Wheels
    from edgeroutes.plan.model import FunctionPlan

    Resolved = Mapping[str, Mapping[str, Requirement]]

_DECLARED = ""
# Unzipped, with bytecode: what any mention brings, and what all mentions of a library together bring where a function imports it.
_SMALL_BYTES = 2_000_000
_MODERATE_BYTES = 16_000_000
# What a plugin may add to a library that a function imports: it is declared for that library.
_PLUGIN_BYTES = 32_000_000
# The names of a library's functions that say more than that: shorter ones are words of any code.
_DISTINCT_LENGTH = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What was decided.

    Args:
        bundles: Of all functions, with what their libraries ask of edgeroutes.
        requirements: By logical id, the function's distributions.
        notes: What the author should know, one line each.
        left_out: By logical id, the declared distributions that libraries of the function mention and that it lacks, each with the place.
    """

    bundles: tuple[Bundle, ...]
    requirements: Resolved
    notes: tuple[str, ...]
    left_out: Mapping[str, Mapping[str, str]]


class Selector:
    """Decides for all functions at once, for what no function mentions goes into several.

    Args:
        pins: The project's versions.
        wheels: The distributions that are known.
        target: What they are for.
        companions: Who mentions what.
        tracer: Of the project.
        collect: Decides on a function's own files, given what its libraries import of edgeroutes.
        app_dir: The folder of the routes, for hints.
        fetch: Puts these distributions into the store, given the requirements so far.
    """

    def __init__(
        self,
        pins: Pins,
        wheels: Wheels,
        target: Target,
        companions: Companions,
        tracer: Tracer,
        *,
        collect: Callable[[FunctionPlan, Sequence[LibraryImports]], Bundle],
        fetch: Callable[[Mapping[str, Requirement], Sequence[Bundle], Resolved], None],
        app_dir: str,
    ) -> None:
        self._pins = pins
        self._wheels = wheels
        self._target = target
        self._companions = companions
        self._tracer = tracer
        self._collect = collect
        self._fetch = fetch
        self._app_dir = app_dir

    def select(self, bundles: Iterable[Bundle]) -> Selection:
        """The distributions of these functions, all of them in the store."""
        chosen = [*bundles]
        everywhere: dict[str, Root] = {}
        while True:
            resolved = self._resolve(chosen, everywhere)
            again = [self._with_libraries(each, resolved[each.function.logical_id]) for each in chosen]
            if again != chosen:
                chosen = again
                continue
            added = self._unmentioned(chosen, resolved, everywhere)
            if not added:
                break
            everywhere |= added
        left_out = self._left_out(chosen, resolved)
        notes = (*self._notes(everywhere.values(), chosen, resolved), *self._left_out_notes(chosen, left_out))
        places = {key: {each.name: each.how for _, each in reversed(found)} for key, found in left_out.items()}
        return Selection(bundles=tuple(chosen), requirements=resolved, notes=notes, left_out=places)

    def _resolve(self, bundles: Sequence[Bundle], everywhere: Mapping[str, Root]) -> Resolved:
        """Every function's distributions, fetched where the store lacks them."""
        lacked: set[str] = set()
        while True:
            needed = {each.function.logical_id: (self._roots(each, everywhere), each.exclude) for each in bundles}
            if any(roots for roots, _ in needed.values()):
                needed[_DECLARED] = (self._declared_roots(bundles), frozenset[str]())
            resolved, missing = self._with_companions(bundles, needed)
            resolved.pop(_DECLARED, None)
            if not missing:
                return resolved
            if missing.keys() <= lacked:
                raise BundleError(f"uv did not install {', '.join(sorted(missing))}", where=self._pins.source)
            lacked |= missing.keys()
            self._fetch(missing, bundles, resolved)

    def _roots(self, bundle: Bundle, everywhere: Mapping[str, Root]) -> list[Root]:
        found = {root.name: root for root in bundle.roots}
        for root in self._companions.of_project(bundle.graph, self._tracer):
            found.setdefault(root.name, root)
        if found:
            for root in everywhere.values():
                found.setdefault(root.name, root)
        return [*found.values()]

    def _with_companions(
        self, bundles: Sequence[Bundle], needed: Mapping[str, tuple[list[Root], Collection[str]]]
    ) -> tuple[dict[str, dict[str, Requirement]], dict[str, Requirement]]:
        """The distributions of every function, with those that its libraries mention and that it may use.

        A mention brings what is declared, unless that is large, another function's own code shows that it uses it, and this one's does
        not: urllib3 mentions cryptography for whoever wants it. A library that the function itself imports may bring more, and all that
        its functions need whose names the function's code has: `pagerank` of networkx imports scipy.
        """
        of_library = cache(self._companions.of_library)  # as long as the store has the same trees
        texts = {each.function.logical_id: self._companions.text_of(each) for each in bundles}

        @cache
        def has(key: str, each: Companion) -> bool:
            return _shows_use(each, texts.get(key, ""))

        def shown(key: str, library: str) -> Iterator[Companion]:
            return (each for each in of_library(library) if has(key, each))

        resolved, _ = resolve_all(needed, self._wheels, self._pins, self._target, companions=shown)
        used = {root.name for key, (roots, _) in needed.items() if key != _DECLARED for root in roots}
        used |= {each.name for by_name in resolved.values() for each in by_name.values() if each.how}
        imported = {key: {root.name for root in roots} for key, (roots, _) in needed.items()}

        @cache
        def is_small(name: str) -> bool:
            return self._added_bytes([name]) <= _SMALL_BYTES

        @cache
        def is_moderate(library: str) -> bool:
            mentioned = (each.name for each in of_library(library) if each.name in used)
            return self._added_bytes(mentioned, library) <= _MODERATE_BYTES

        @cache
        def is_light_plugin(each: Companion, library: str) -> bool:
            return each.is_plugin and self._added_bytes([each.name], library) <= _PLUGIN_BYTES

        @cache
        def calls(key: str, each: Companion, library: str) -> bool:
            names = [name for name in self._companions.users(library, each.name) if len(name) >= _DISTINCT_LENGTH]
            pattern = rf"\b(?:{'|'.join(map(re.escape, names))})\b"
            return bool(names) and re.search(pattern, texts.get(key, "")) is not None

        def brought(key: str, library: str) -> Iterator[Companion]:
            is_imported = library in imported[key]
            brings_all = key == _DECLARED or (is_imported and is_moderate(library))
            return (
                each
                for each in of_library(library)
                if has(key, each)
                or (not each.is_adapters and (brings_all or each.name not in used or is_small(each.name)))
                or (
                    is_imported
                    and not each.is_adapters
                    and (is_light_plugin(each, library) or calls(key, each, library))
                )
            )

        return resolve_all(needed, self._wheels, self._pins, self._target, companions=brought)

    def _added_bytes(self, names: Iterable[str], library: str = "") -> int:
        """The size of distributions with all that they require beyond what a library has, as far as the store has them."""
        added = self._closure(names) - (self._closure([library]) if library else set())
        trees = map(self._wheels.tree, added)
        return sum(sum(tree.sizes.values()) for tree in trees if tree is not None)

    def _closure(self, names: Iterable[str]) -> set[str]:
        roots = [Root(name=name, extras=self._pins.extras_of(name)) for name in names]
        return {*resolve(roots, self._wheels, self._pins, self._target)}

    def _declared_roots(self, bundles: Sequence[Bundle]) -> list[Root]:
        """What the project declares to need, unless all functions exclude it; what another of these requires ships with that one."""
        excluded = set.intersection(*(set(each.exclude) for each in bundles if each.function.routes))
        excluded |= LAMBDA_HAS | {
            name for name, _ in required_names(own_requirements(), "", self._target.marker_environment())
        }
        return [
            Root(
                name=each.name,
                extras=each.extras,
                reason=f"{each.where} declares {each.name}, and nothing in the project mentions it",
                where=each.where,
            )
            for each in self._companions.declared.values()
            if each.name not in excluded and "" in each.groups and not each.required_by
        ]

    def _with_libraries(self, bundle: Bundle, requirements: Iterable[str]) -> Bundle:
        libraries = self._companions.own_users(requirements)
        return bundle if libraries == bundle.libraries else self._collect(bundle.function, libraries)

    def _unmentioned(
        self, bundles: Sequence[Bundle], resolved: Resolved, everywhere: Mapping[str, Root]
    ) -> dict[str, Root]:
        """Declared distributions that no function has, for those that have third-party code."""
        shipped = {name for by_name in resolved.values() for name in by_name}
        if not shipped:
            return {}
        return {
            root.name: root for root in self._declared_roots(bundles) if root.name not in shipped | everywhere.keys()
        }

    def _left_out(self, bundles: Sequence[Bundle], resolved: Resolved) -> dict[str, list[tuple[str, Companion]]]:
        """By logical id, what the libraries of a function mention and it goes without, each with the library."""
        of_library = cache(self._companions.of_library)
        return {
            key: [
                (library, each)
                for library in resolved[key]
                for each in of_library(library)
                if each.name not in resolved[key] and each.name not in bundle.exclude | LAMBDA_HAS
            ]
            for bundle in bundles
            for key in (bundle.function.logical_id,)
        }

    def _left_out_notes(
        self, bundles: Sequence[Bundle], left_out: Mapping[str, Sequence[tuple[str, Companion]]]
    ) -> Iterator[str]:
        """Large extras of libraries that functions import, and that ship with other functions alone."""
        found: dict[str, dict[str, set[str]]] = {}
        for bundle in bundles:
            key = bundle.function.logical_id
            imported = {root.name for root in bundle.roots if root.where}
            for library, each in left_out[key]:
                if library in imported and each.is_offered:
                    found.setdefault(library, {}).setdefault(each.name, set()).add(key)
        for library, names in sorted(found.items()):
            without = sorted(set().union(*names.values()))
            shown = ", ".join(without[:3]) + (f" and {len(without) - 3} more" if len(without) > 3 else "")
            yield (
                f"{library} can use {', '.join(sorted(names))}, which other functions use; {shown} shows no use of it and goes "
                "without. List it in the function.yaml of a function: under 'include' where the function needs it, else under 'exclude'."
            )

    def _notes(self, roots: Iterable[Root], bundles: Sequence[Bundle], resolved: Resolved) -> Iterator[str]:
        """One line for all that go into the same functions."""
        together: dict[frozenset[str], list[Root]] = {}
        for root in roots:
            holders = (each.function for each in bundles if root.name in resolved[each.function.logical_id])
            together.setdefault(frozenset(each.logical_id for each in holders if each.routes), []).append(root)
        for functions, several in together.items():
            yield self._note(several, "1 function" if len(functions) == 1 else f"{len(functions)} functions")

    def _note(self, roots: Sequence[Root], functions: str) -> str:
        first = roots[0].where
        shown = [f"{each.name!r}" + (f" ({each.where})" if each.where != first else "") for each in roots]
        them, are, go, name = ("it", "is", "it goes", "it") if len(roots) == 1 else ("them", "are", "they go", "one")
        listed = ", ".join(shown[:-1]) + (" and " if shown[:-1] else "") + shown[-1]
        return (
            f"{first}: {listed} {are} declared and nothing in the project names {them}, so {go} into {functions} with third-party code. To "
            f"keep {them} out, write 'exclude: [{', '.join(each.name for each in roots)}]' in {self._app_dir}/function.yaml; where one "
            f"function needs {name}, list it under 'include' of its function.yaml."
        )


def _shows_use(companion: Companion, text: str) -> bool:
    """Whether code has one of a companion's words, or a string that is or begins with one that selects it."""
    pattern = rf"(?<![a-z])(?:{'|'.join(map(re.escape, companion.words))})"
    if companion.selectors:
        pattern += rf"""|["'](?:{"|".join(map(re.escape, companion.selectors))})(?:["']|\+\w+:|:/)"""
    return re.search(pattern, text) is not None
