"""Declared distributions that ship because code mentions them, although no import of the project's leads to them.

A driver in a database's URL, a parser that a string names, a plugin that is found by its entry point: nothing but the declaration and a
mention connects them with the function. What the libraries mention is cached by their trees, so that only a new tree is scanned.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from edgeroutes.build.dependencies import Companion, Root
from edgeroutes.build.imports import NEVER_RUN, FileImports, ImportKind
from edgeroutes.build.mentions import (
    Mention,
    extras_that_bring,
    find_mentions,
    imports_of,
    is_tool,
    is_tool_group,
    make_identity,
    naming_texts,
    own_users,
    read_selectors,
    read_users,
)
from edgeroutes.build.texts import is_settings_file, quote_value
from edgeroutes.errors import DependencyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from edgeroutes.build.bundle import Bundle
    from edgeroutes.build.declared import DeclaredDistribution
    from edgeroutes.build.distributions import InstalledDistribution
    from edgeroutes.build.graph import ImportGraph, LibraryImports
    from edgeroutes.build.local import LocalDistribution
    from edgeroutes.build.mentions import Identity
    from edgeroutes.build.store import Store, Tree
    from edgeroutes.build.trace import Tracer
    from edgeroutes.build.wheels import Wheels

FILE = "mentions.json"
_FORMAT = 6
# Their extras are adapters for libraries that a function uses by itself or not at all.
_OBSERVERS = frozenset({"ddtrace", "elastic-apm", "logfire", "newrelic", "sentry-sdk"})


# Words that code has for other reasons: extras that mean everything, and names of modules that hold anything.
_GENERAL = frozenset(
    {
        "all", "async", "base", "common", "compat", "complete", "config", "default", "extra", "extras", "frame", "full", "helpers",
        "init", "main", "optional", "performance", "standard", "types", "utils",
    }
)  # fmt: skip


class Companions:
    """The declared distributions of one project, and who mentions them.

    Args:
        declared: What the project declares; tools are left out.
        wheels: Have the libraries' trees.
        installed: What is installed, by name: tells import names of what is not in the store yet.
        local: The folders of this machine among them, whose files may change at any time.
        store: Keeps what was found.
        variables: The values of the variables that all functions have.
    """

    def __init__(
        self,
        declared: Iterable[DeclaredDistribution],
        wheels: Wheels,
        installed: Mapping[str, InstalledDistribution],
        local: Mapping[str, LocalDistribution],
        store: Store,
        *,
        variables: Iterable[object] = (),
    ) -> None:
        self.declared = {each.name: each for each in declared if not (each.is_dev_only or is_tool(each.name))}
        self._wheels = wheels
        self._installed = installed
        self._local = local
        self._local_facts: dict[tuple[str, ...], tuple[dict[str, Mention], tuple[LibraryImports, ...]]] = {}
        self._store = store
        self._variables = tuple(variables)
        self._known: dict[str, Any] = {}
        with contextlib.suppress(ValueError):
            stored = json.loads(store.read_text(FILE) or "{}")
            self._known = stored.get("trees", {}) if stored.get("format") == _FORMAT else {}
        self._used: dict[str, Any] = {}
        self._identities: dict[tuple[str, bool], tuple[str, Identity]] = {}
        self._texts: dict[Path, str] = {}
        self._by_file: dict[Path, tuple[FileImports, list[tuple[str, int, str]]]] = {}

    def of_library(self, name: str) -> list[Companion]:
        """The declared distributions that a library mentions."""
        found: dict[str, Companion] = {}
        offers = () if name in _OBSERVERS else self._wheels.requires(name) or ()
        extras = extras_that_bring(name, offers, lambda other: self._wheels.requires(other) or ())
        for each, names in extras.items():
            if each in self.declared and not self.declared[each].is_own_only:
                how = f"{name} offers {each} as its extra {names[0]!r}, and the project declares both"
                found[each] = Companion(name=each, how=how, is_offered=True, words=self._words(each, names))
        tree = self._wheels.tree(name)
        if tree is not None or name in self._local:
            mentions = self._mentions(tree, name) if tree is not None else self._read_local(name)[0]
            for each, mention in mentions.items():
                if self.declared[each].is_own_only:  # nobody declares it for a library
                    continue
                place = f"{mention.file}:{mention.line}" if mention.line else mention.file
                words = self._words(each, extras.get(each, ()), mention.file, *mention.adapters)
                how = f"{place} of {name} {mention.how}"
                found[each] = Companion(
                    name=each,
                    how=how,
                    is_offered=each in extras or mention.is_plugin,
                    is_plugin=mention.is_plugin,
                    is_adapters=mention.adapters != () and each not in extras,
                    words=words,
                    selectors=self._selectors(tree, each) if tree is not None else (),
                )
        return [found[each] for each in sorted(found)]

    def _words(self, name: str, extras: Iterable[str], file: str = "", *adapters: str) -> tuple[str, ...]:
        """The words by which code shows that it uses a distribution through a library; short and general ones are left out."""
        declared = self.declared[name]
        points = (each.name for each in declared.entry_points if not is_tool_group(each.group))
        stem = PurePosixPath(file).stem.strip("_")
        modules = (*adapters, stem) if file.endswith(".py") else ()
        told = {word.lower() for word in (*extras, *(each for each in (*points, *modules) if len(each) > 3))} - _GENERAL
        return tuple(
            sorted({name, name.replace("-", "_"), *map(str.lower, self._identity(name)[1].import_names), *told})
        )

    def text_of(self, bundle: Bundle) -> str:
        """The code, configuration and variables of a function in lowercase, without comments on lines of their own."""
        variables = bundle.function.properties.get("Environment", {}).get("Variables", {}).values()
        values = (f'"{each}"'.lower() for each in (*self._variables, *variables) if isinstance(each, str))
        files = (file.source for file in bundle.files if file.source.suffix == ".py" or is_settings_file(file.source))
        return "\n".join((*map(self._text, files), *values))

    def _text(self, file: Path) -> str:
        if file not in self._texts:
            try:
                lines = file.read_text("utf-8", "replace").lower().splitlines()
            except OSError:
                lines = []
            lines = [line for line in lines if not line.lstrip().startswith("#")]
            self._texts[file] = "\n".join(lines if file.suffix == ".py" else map(quote_value, lines))
        return self._texts[file]

    def of_project(self, graph: ImportGraph, tracer: Tracer) -> Iterator[Root]:
        """The declared distributions that the project's files in a graph mention."""
        told: set[str] = set()
        mentions = [
            (module, self._in_file(module.file, tracer.imports(module.file)))
            for module in graph.project_modules
            if module.file.suffix == ".py"
        ]
        mentions += [(each.module, [*self._read(FileImports(texts=each.texts))]) for each in graph.settings]
        for module, found in mentions:
            for name, line, how in found:
                if name not in told:
                    told.add(name)
                    where = graph.where(module.file, line)
                    chain = graph.render_chain(graph.chain(graph.modules[module.key]))
                    reason = f"{chain}\n{where} {how}" if chain else f"{where} {how}"
                    yield Root(name=name, extras=self.declared[name].extras, reason=reason, where=where)

    def own_users(self, names: Iterable[str]) -> tuple[LibraryImports, ...]:
        """The files of these libraries that import edgeroutes."""
        found: list[LibraryImports] = []
        for name in sorted(names):
            tree = self._wheels.tree(name)
            if tree is not None:
                found += self._own_users(tree, name)
            elif name in self._local:
                found += self._read_local(name)[1]
        return tuple(found)

    def _selectors(self, tree: Tree, name: str) -> tuple[str, ...]:
        """The words that select those modules of a library that mention a distribution."""
        facts = self._facts(tree)
        if "tables" not in facts:
            facts["tables"] = read_selectors(tree.sizes, tree.folder.joinpath)
        known = facts.setdefault("selectors", {})
        signature, identity = self._identity(name)
        if signature not in known:
            files = (path for path in facts["tables"] if find_mentions([path], tree.folder.joinpath, [identity]))
            known[signature] = sorted({word for path in files for word in facts["tables"][path]})
        return tuple(known[signature])

    def users(self, library: str, name: str) -> tuple[str, ...]:
        """The public functions of a library that need a distribution, in lowercase."""
        tree = self._wheels.tree(library)
        if tree is None:
            return ()
        known = self._facts(tree).setdefault("users", {})
        signature, identity = self._identity(name)
        if signature not in known:
            known[signature] = read_users(tree.sizes, tree.folder.joinpath, identity)
        return tuple(known[signature])

    def save(self) -> None:
        """Keep what this build used."""
        if self._used != self._known:
            self._store.write_text(FILE, json.dumps({"format": _FORMAT, "trees": self._used}, sort_keys=True))

    def _own_users(self, tree: Tree, name: str) -> tuple[LibraryImports, ...]:
        facts = self._facts(tree)
        if "own" not in facts:
            users = own_users(tree.sizes, tree.folder.joinpath, name)
            facts["own"] = [each.module.archive_path for each in users]
            return users
        return own_users(facts["own"], tree.folder.joinpath, name) if facts["own"] else ()

    def _read_local(self, name: str) -> tuple[dict[str, Mention], tuple[LibraryImports, ...]]:
        """What a folder of this machine mentions, and its files that import edgeroutes; read once per build."""
        key = (name, *(self._identity(each)[0] for each in self.declared if each != name))
        if key not in self._local_facts:
            files: Mapping[str, Path] = {}
            with contextlib.suppress(DependencyError):  # reported where it ships
                files = self._local[name].files()
            wanted = [self._identity(each)[1] for each in self.declared if each != name]
            self._local_facts[key] = (
                find_mentions(files, files.__getitem__, wanted),
                own_users(files, files.__getitem__, name),
            )
        return self._local_facts[key]

    def _mentions(self, tree: Tree, library: str) -> dict[str, Mention]:
        """The declared distributions that a library's files mention."""
        facts = self._facts(tree)
        known = facts.setdefault("found", {})
        current = {name: self._identity(name) for name in self.declared if name != library}
        new = [identity for signature, identity in current.values() if signature not in known]
        if new:
            found = find_mentions(tree.sizes, tree.folder.joinpath, new)
            for identity in new:
                mention = found.get(identity.name)
                signature = current[identity.name][0]
                known[signature] = (
                    [mention.file, mention.line, mention.how, mention.adapters] if mention is not None else []
                )
        mentions = {}
        for name, (signature, _) in current.items():
            if known[signature]:
                file, line, how, adapters = known[signature]
                mentions[name] = Mention(file=file, line=line, how=how, adapters=tuple(adapters))
        return mentions

    def _facts(self, tree: Tree) -> dict[str, Any]:
        if tree.name not in self._used:
            known = self._known.get(tree.name, {})
            self._used[tree.name] = {**known, "found": dict(known.get("found", {}))}
        facts: dict[str, Any] = self._used[tree.name]
        return facts

    def _in_file(self, file: Path, imports: FileImports) -> list[tuple[str, int, str]]:
        """The declared distributions that one file mentions, each with a line and what `why` says."""
        known = self._by_file.get(file)
        if known is None or known[0] is not imports:
            known = self._by_file[file] = (imports, [*self._read(imports)])
        return known[1]

    def _read(self, imports: FileImports) -> Iterator[tuple[str, int, str]]:
        # What a model's annotations name, a validator may look for at run time.
        skips = frozenset({ImportKind.SCRIPT}) if imports.has_fields else NEVER_RUN
        for name in self.declared:
            _, identity = self._identity(name)
            site = next(imports_of(identity, imports.sites, skips=skips), None)
            if site is not None:
                yield name, site.line, f"imports {site.module} ({site.kind})"
                continue
            text, how = next(naming_texts(identity, imports.texts), (None, ""))
            if text is not None:
                yield name, text.line, how

    def _identity(self, name: str) -> tuple[str, Identity]:
        """What a declared distribution is called in code, and a short text that changes with it."""
        tree = self._wheels.tree(name)
        known = self._identities.get((name, tree is not None))
        if known is not None:
            return known
        files: Sequence[str] = ()
        groups = ""
        if tree is not None:
            files = [*tree.sizes]
            groups = _entry_points(tree.folder, files)
        elif name in self._installed:
            each = self._installed[name]
            files = each.record
            groups = _entry_points(each.metadata.parent, files)
        identity = make_identity(
            name, files, groups, self.declared[name].import_names if self.declared[name].is_local else ()
        )
        described = json.dumps([name, identity.import_names, identity.groups, identity.domain_like])
        known = (hashlib.sha256(described.encode()).hexdigest()[:16], identity)
        self._identities[name, tree is not None] = known
        if self._identities.get((name, False), known) != known:  # the wheel has other names than what is installed
            self._by_file.clear()
        return known


def _entry_points(folder: Path, files: Iterable[str]) -> str:
    path = next((each for each in files if each.endswith(".dist-info/entry_points.txt")), "")
    try:
        return (folder / path).read_text("utf-8", "replace") if path else ""
    except OSError:
        return ""
