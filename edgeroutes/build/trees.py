"""Source files as trees of the store: copied, compiled in one go, named by their contents."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.build.bytecode import Compilation, bytecode_path, pack, with_loader
from edgeroutes.build.entry import ENTRY_FILE
from edgeroutes.build.local import project_metadata
from edgeroutes.build.modules import OWN_PACKAGE
from edgeroutes.build.own_parts import own_files
from edgeroutes.build.report import UNZIPPED_LIMIT_BYTES
from edgeroutes.build.store import is_program, link_file, storage_errors
from edgeroutes.errors import BundleError, ImportRaisedError, require_no_problems
from edgeroutes.routing.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from edgeroutes.build.bundle import Bundle
    from edgeroutes.build.bytecode import BrokenSource, Interpreter
    from edgeroutes.build.local import LocalFiles
    from edgeroutes.build.pins import Pins
    from edgeroutes.build.store import Store
    from edgeroutes.build.target import Target

    Files = dict[str, Path | bytes]


_FORMAT = "4"
_Key = tuple[str, str, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class TreePlan:
    """A tree that is to be.

    Args:
        name: By its contents.
        files: The source of each file, or its content, by the path in the bundle.
        digests: Of the contents, by the same path.
        of: Whose files they are, for messages.
        distribution: The local distribution that they are; empty for none.
        is_compact: Whether one file of bytecode stands for the sources, where there is an interpreter to make it: edgeroutes itself.
        is_users: Whether a file that is not Python is the user's to fix.
        programs: Those of its files that can be run.
        data: Those that are not modules, whatever their names, and get no bytecode.
    """

    name: str
    files: Mapping[str, Path | bytes]
    digests: Mapping[str, str]
    of: str
    distribution: str = ""
    is_compact: bool = False
    is_users: bool = False
    programs: frozenset[str] = frozenset()
    data: frozenset[str] = frozenset()

    def key(self, path: str) -> _Key:
        """What tells a file of this tree from those of others."""
        return path, self.digests[path], path in self.programs


class TreeWriter:
    """Makes trees of source files, what they share only once.

    Args:
        store: Where they go.
        target: Where they are to run.
        interpreter: Makes their bytecode; none is made without.
    """

    def __init__(self, store: Store, target: Target, interpreter: Interpreter | None) -> None:
        self._store = store
        self._target = target
        self._interpreter = interpreter
        self._digests: dict[Path, str] = {}

    def plan(
        self,
        prefix: str,
        files: Mapping[str, Path | bytes],
        *,
        of: str,
        distribution: str = "",
        is_compact: bool = False,
        is_users: bool = False,
        data: frozenset[str] = frozenset(),
    ) -> TreePlan:
        """The tree of these files; `prefix` is the readable part of its name."""
        if is_compact and self._interpreter is not None:
            files = with_loader(files)
        digests = {path: self.digest(content) for path, content in sorted(files.items())}
        programs = [
            path for path, content in sorted(files.items()) if not isinstance(content, bytes) and is_program(content)
        ]
        made_by = self._interpreter.magic if self._interpreter is not None else "sources"
        described = json.dumps(
            [_FORMAT, made_by, is_compact, self._target.cache_tag, list(digests.items()), programs, sorted(data)]
        )
        name = f"{prefix}-{hashlib.sha256(described.encode()).hexdigest()[:20]}"
        return TreePlan(
            name=name,
            files=files,
            digests=digests,
            of=of,
            distribution=distribution,
            is_compact=is_compact,
            is_users=is_users,
            programs=frozenset(programs),
            data=data,
        )

    def make(self, plans: Iterable[TreePlan]) -> None:
        """Put those of these trees into the store that it lacks.

        Raises:
            ProblemsError: Files that are not Python to the functions' interpreter; one alone is an ImportRaisedError.
            BundleError: A file changed meanwhile.
            ToolError: The store cannot be written.
        """
        lacking = {plan.name: plan for plan in plans if self._store.tree(plan.name) is None}
        if not lacking:
            return
        with storage_errors(self._store.folder):
            parent = self._store.unfinished_folder()
            try:
                first: dict[_Key, Path] = {}
                for plan in lacking.values():
                    self._copy(plan, parent / plan.name, first)
                for compact in (False, True):
                    self._compile([plan for plan in lacking.values() if plan.is_compact is compact], first)
                for plan in lacking.values():
                    self._share_bytecode(plan, parent / plan.name, first)
                if self._interpreter is not None:
                    for plan in lacking.values():
                        if plan.is_compact:
                            pack(parent / plan.name)
                for plan in lacking.values():  # only now: it moves the folder that other trees shared from
                    facts = {"of": plan.of, "distribution": plan.distribution}
                    self._store.adopt(plan.name, parent / plan.name, facts)
            finally:
                shutil.rmtree(parent, ignore_errors=True)

    def digest(self, content: Path | bytes) -> str:
        """The SHA-256 of a file, read once, or of bytes."""
        if isinstance(content, bytes):
            return hashlib.sha256(content).hexdigest()
        known = self._digests.get(content)
        if known is None:
            known = self._digests[content] = hashlib.sha256(_read(content)).hexdigest()
        return known

    def _copy(self, plan: TreePlan, folder: Path, first: dict[_Key, Path]) -> None:
        for path, content in plan.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            earlier = first.setdefault(plan.key(path), target)
            if earlier is not target:
                link_file(earlier, target)
                continue
            data = content if isinstance(content, bytes) else _read(content)
            if hashlib.sha256(data).hexdigest() != plan.digests[path]:
                raise BundleError("it changed while it was built", where=str(content), hint="Build again")
            target.write_bytes(data)
            if path in plan.programs:
                target.chmod(0o755)

    def _compile(self, plans: Sequence[TreePlan], first: Mapping[_Key, Path]) -> None:
        """Compile what the plans need, each file where it was copied first."""
        if self._interpreter is None:
            return
        files: dict[Path, Compilation] = {}
        users: dict[str, str] = {}
        for plan in plans:
            for path in plan.digests:
                source = first[plan.key(path)]
                if not path.endswith(".py") or path in plan.data:
                    continue
                if plan.is_users:
                    users[str(source)] = path
                bytecode = self._bytecode(source, plan)
                files[source] = Compilation(source=str(source), archive_path=path, bytecode=str(bytecode))
        if files:
            broken = self._interpreter.compile([*files.values()], compact=plans[0].is_compact)
            require_no_problems([self._problem(each, users[each.source]) for each in broken if each.source in users])

    def _share_bytecode(self, plan: TreePlan, folder: Path, first: Mapping[_Key, Path]) -> None:
        """Give the tree the bytecode of what it shares; of a compact one, take the sources away."""
        for path in plan.digests:
            source, bytecode = folder / path, self._bytecode(first[plan.key(path)], plan)
            if not path.endswith(".py") or not bytecode.is_file():
                continue
            own = self._bytecode(source, plan)
            if own != bytecode:
                own.parent.mkdir(exist_ok=True)
                link_file(bytecode, own)
            if plan.is_compact:
                source.unlink()

    def _bytecode(self, source: Path, plan: TreePlan) -> Path:
        if plan.is_compact:  # Python's "legacy" place, the one in which it also looks where there is no source
            return source.with_suffix(".pyc")
        return source.parent / bytecode_path(source.name, self._target)

    def _problem(self, broken: BrokenSource, path: str) -> ImportRaisedError:
        where = f"{path}:{broken.line}" if broken.line else path
        hint = f"Write it for Python {self._target.python}, or set runtime in [tool.edgeroutes]"
        problem = f"syntax error in Python {self._target.python}, which the functions run on: {broken.problem}"
        return ImportRaisedError(problem, where=where, hint=hint)


def _read(file: Path) -> bytes:
    """A file's content.

    Raises:
        BundleError: It cannot be read, or is larger than any bundle.
    """
    try:
        return read_file(file, str(file), limit_bytes=UNZIPPED_LIMIT_BYTES, error=BundleError)
    except FileNotFoundError as err:
        raise BundleError("it was taken away while it was built", where=str(file), hint="Build again") from err


class FunctionTrees:
    """Plans the trees of one project's functions; what they share is found once.

    Args:
        root: The project.
        pins: Know the distributions that are folders of this machine.
        writer: Names trees by their contents.
        local: By function and name, the files of distributions that are folders of this machine.
    """

    def __init__(
        self, root: Path, pins: Pins, writer: TreeWriter, local: Mapping[str, Mapping[str, LocalFiles]]
    ) -> None:
        self._writer = writer
        self._local = local
        self._metadata = project_metadata(root, pins.local)

    @property
    def local_files(self) -> set[Path]:
        """The files of distributions that are folders of this machine, as far as functions have them."""
        contents = (content for each in self._local.values() for files in each.values() for content in files.values())
        return {content for content in contents if not isinstance(content, bytes)}

    def plan(self, bundle: Bundle, entry: str, requirements: Collection[str]) -> list[TreePlan]:
        """The trees of a function; of two with the same file the latter wins.

        Args:
            bundle: What was decided.
            entry: The source of its entry module.
            requirements: Its distributions.

        Raises:
            DependencyError: A local distribution cannot be bundled.
            BundleError: A file cannot be read.
        """
        files: Files = {each.archive_path: each.source for each in bundle.files}
        own = own_files(bundle.graph, requirements, bundle.unused)
        return [
            *(
                self._writer.plan(f"{name}-local", content, of=name, distribution=name)
                for name, content in sorted(self._local[bundle.function.logical_id].items())
            ),
            self._writer.plan(OWN_PACKAGE, own, of=f"{OWN_PACKAGE} itself", is_compact=True),
            self._writer.plan(
                bundle.function.logical_id,
                {**self._metadata, **files, ENTRY_FILE: entry.encode()},
                of="the project",
                data=frozenset(each.archive_path for each in bundle.files if each.is_data),
                is_users=True,
            ),
        ]

    def make(self, plans: Iterable[Iterable[TreePlan]]) -> None:
        """Put the trees of these functions into the store; see `TreeWriter.make`."""
        self._writer.make(plan for several in plans for plan in several)
