"""All functions of a project, built once: trace, resolve, fetch, compile, put into the store.

::

    FunctionPlan ──collect──▶ Bundle ──resolve_all──▶ + distributions ──TreeWriter──▶ trees ──▶ functions/<LogicalId>

What was built before is recognised by the names of its trees, which say what went in: there is no "changed?" to get wrong.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_version

from edgeroutes.build.bundle import Bundle, Collector, without_loop_parts
from edgeroutes.build.bytecode import find_interpreter
from edgeroutes.build.companions import Companions
from edgeroutes.build.dependencies import Requirement, explain_missing
from edgeroutes.build.distributions import installed_distributions, installed_site_packages, startup_code, unread_links
from edgeroutes.build.entry import LoopDecisions, render_entry
from edgeroutes.build.installer import UvInstaller
from edgeroutes.build.local import local_files
from edgeroutes.build.modules import SearchPath
from edgeroutes.build.pins import read_pins
from edgeroutes.build.project_files import case_collisions
from edgeroutes.build.report import BuildReport, BuiltFunction, check_size, warn_zipped, write_summary
from edgeroutes.build.resolve import Resolver
from edgeroutes.build.selection import Selector
from edgeroutes.build.session import bundle_files_read, drop_inputs, folders_below, now_ns, record_inputs
from edgeroutes.build.store import FOLDER, Store
from edgeroutes.build.target import Target, foreign_code
from edgeroutes.build.trace import Tracer
from edgeroutes.build.trees import FunctionTrees, TreePlan, TreeWriter
from edgeroutes.build.wheels import Download, Fetcher, Wheels
from edgeroutes.errors import (
    BundleError,
    DependencyError,
    ImportRaisedError,
    ProblemsError,
    ProjectError,
    require_no_problems,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from edgeroutes.build.bytecode import Interpreter
    from edgeroutes.build.dependencies import Requirement
    from edgeroutes.build.distributions import InstalledDistribution
    from edgeroutes.build.installer import Installer
    from edgeroutes.build.pins import Pins
    from edgeroutes.build.store import Tree
    from edgeroutes.plan.model import FunctionPlan, ProjectPlan

_WARNINGS = "warnings.json"
"""The store's text with the last build's warnings."""
DATA = "data.txt"
"""The store's text with the data files of the last build."""


class Builder:
    """Builds the functions of a project.

    Args:
        root: The project, absolute.
        plan: Its functions.
        installer: Where wheels and interpreters come from; uv by default.
        site_packages: What is installed; by default what the Python that runs this has.
        own_root: The directory that holds the `edgeroutes` package to ship.
        progress: Gets the name of each step when it begins.
    """

    def __init__(
        self,
        root: Path,
        plan: ProjectPlan,
        *,
        installer: Installer | None = None,
        site_packages: Sequence[Path] | None = None,
        own_root: Path | None = None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._root = root
        self._plan = plan
        self._installer = installer or UvInstaller()
        self._site_packages = tuple(installed_site_packages() if site_packages is None else site_packages)
        own = {"edgeroutes_root": own_root} if own_root is not None else {}
        self._search_path = SearchPath(project_root=root, site_packages=self._site_packages, **own)
        self._target = Target.of(plan.config)
        self._progress = progress
        self.store = Store(root / FOLDER)

    def build(self) -> BuildReport:
        """Build what is not built yet. To be called with the store locked.

        Raises:
            ProjectError: For the one thing that is wrong; ProblemsError for several.
            ToolError: A program, or room on the disk, is missing.
        """
        started_ns = now_ns()
        drop_inputs(self.store)
        functions = (*self._plan.functions, self._plan.fallback)
        self._progress(f"tracing {len(functions)} functions")
        pins = self._pins()
        tracer = Tracer(self._search_path, cache_directory=self.store.folder, saves=False, scans_once=True)
        collector = self._collector(pins, tracer)
        collected = self._collect(functions, collector)
        interpreter = find_interpreter(self._target, self._installer, self.store.folder / "python.json")
        installed = {each.name: each for each in installed_distributions(self._site_packages)}
        fetcher = Fetcher(self._root, self._installer, pins, self._target, self._progress)
        wheels = Wheels(self.store, fetcher, pins, self._target, interpreter, installed=installed)
        writer = TreeWriter(self.store, self._target, interpreter)
        loops = LoopDecisions(self.store, tracer, self._site_packages, writer.digest)
        companions = Companions(
            pins.distributions,
            wheels,
            installed,
            pins.local,
            self.store,
            variables=self._plan.config.env.values(),
        )
        selector = Selector(
            pins,
            wheels,
            self._target,
            companions,
            tracer,
            collect=collector.collect,
            fetch=lambda missing, bundles, resolved: self._fetch_missing(wheels, missing, loops, bundles, resolved),
            app_dir=self._plan.config.app_dir,
        )
        selection = selector.select(collected)
        bundles, requirements = selection.bundles, selection.requirements
        on_loops = {
            each.function.logical_id: loops.needs_loop(each, requirements[each.function.logical_id]) for each in bundles
        }
        bundles = tuple(
            each if any(on_loops[each.function.logical_id].values()) else without_loop_parts(each) for each in bundles
        )
        entries = {
            key: render_entry(each.function, self._plan.config, on_loops[key])
            for each in bundles
            for key in (each.function.logical_id,)
        }
        tracer.save()
        loops.save()
        companions.save()
        self._progress("writing bundles")
        local = local_files(bundles, requirements, pins, self._root)
        function_trees = FunctionTrees(self._root, pins, writer, local)
        built = self._write(bundles, entries, requirements, wheels, function_trees)
        require_no_problems([problem for each in built if (problem := check_size(each)) is not None])
        self.store.write_functions({each.logical_id: each.trees for each in built})
        self.store.sweep({tree.name for each in built for tree in each.trees})
        heavy = [warning for each in built if (warning := warn_zipped(each, self.store))]
        warnings = (
            *map(str, self._plan.warnings),
            *selection.notes,
            *_version_warnings(pins, installed, requirements),
            *self._environment_warnings(wheels, requirements),
            *self._warnings(bundles, interpreter),
            *heavy,
        )
        self.store.write_text(_WARNINGS, json.dumps(warnings))
        new_data = self._note_data(bundles)
        write_summary(self.store, built)
        if interpreter is not None:  # else the next build looks whether there is one now
            read = [interpreter.program, *tracer.read_files, *(self._root / name for name in pins.files)]
            listed = [*tracer.listed_directories, *folders_below(self._root / self._plan.config.app_dir)]
            local_sources = function_trees.local_files
            files = {*read, *local_sources, *bundle_files_read(self._root, bundles)}
            folders = {*listed, *collector.folders.listed, *(file.parent for file in local_sources)}
            record_inputs(self.store, files, folders, started_ns=started_ns)
        return BuildReport(functions=tuple(built), warnings=warnings, new_data=new_data, left_out=selection.left_out)

    def _collector(self, pins: Pins, tracer: Tracer) -> Collector:
        resolver = Resolver(self._search_path)
        return Collector(
            self._root, self._plan.config, pins, tracer, resolver=resolver, own_root=self._search_path.edgeroutes_root
        )

    def _collect(self, functions: Iterable[FunctionPlan], collector: Collector) -> list[Bundle]:
        bundles: list[Bundle] = []
        problems: dict[str, ProjectError] = {}
        for function in functions:
            try:
                bundles.append(collector.collect(function))
            except ProjectError as error:
                several = error.problems if isinstance(error, ProblemsError) else (error,)
                problems.update((str(each), self._explained(each)) for each in several)
        require_no_problems(list(problems.values()))
        return bundles

    def _fetch_missing(
        self,
        wheels: Wheels,
        missing: Mapping[str, Requirement],
        loops: LoopDecisions,
        bundles: Sequence[Bundle],
        resolved: Mapping[str, Mapping[str, Requirement]],
    ) -> None:
        """Fetch distributions; while uv and the compilers work, look into what is installed for event loops."""
        with ThreadPoolExecutor(1) as pool:
            downloading = pool.submit(wheels.download, missing)
            for each in bundles:
                loops.needs_loop(each, resolved[each.function.logical_id])
            self._keep(wheels, missing, lambda _: downloading.result())

    def _keep(
        self, wheels: Wheels, missing: Mapping[str, Requirement], download: Callable[[Collection[str]], Download]
    ) -> None:
        self._progress(f"fetching {len(missing)} distributions")
        try:
            wheels.keep(download(missing))
        except (DependencyError, ProblemsError) as error:
            several = error.problems if isinstance(error, ProblemsError) else (error,)
            require_no_problems([explain_missing(each, missing) for each in several])

    def _pins(self) -> Pins:
        return read_pins(self._root, self._installer, self._target, self._site_packages, self.store.folder / "texts")

    def _write(
        self,
        bundles: Sequence[Bundle],
        entries: Mapping[str, str],
        requirements: Mapping[str, Mapping[str, Requirement]],
        wheels: Wheels,
        function_trees: FunctionTrees,
    ) -> list[BuiltFunction]:
        plans = {
            key: function_trees.plan(each, entries[key], requirements[key])
            for each in bundles
            for key in (each.function.logical_id,)
        }
        function_trees.make(plans.values())
        built = []
        for bundle in bundles:
            key = bundle.function.logical_id
            local_plans = [plan for plan in plans[key] if plan.distribution]
            wheel_trees = [tree for name in sorted(requirements[key]) if (tree := wheels.tree(name)) is not None]
            own_trees = [
                self._tree(plan) for plan in (*local_plans, *(plan for plan in plans[key] if not plan.distribution))
            ]
            trees = (*wheel_trees, *own_trees)
            is_new = self.store.function_trees(key) != [*trees]
            built.append(BuiltFunction(bundle=bundle, requirements=requirements[key], trees=trees, is_new=is_new))
        return built

    def _environment_warnings(
        self, wheels: Wheels, requirements: Mapping[str, Mapping[str, Requirement]]
    ) -> Iterator[str]:
        """What works here because Python reads files at its start that Lambda does not read."""
        for name in sorted({name for each in requirements.values() for name in each}):
            tree = wheels.tree(name)
            if tree is None:
                continue
            for path in (each for each in tree.sizes if each.endswith(".pth") and "/" not in each):
                for number, line in startup_code(tree.folder / path):
                    yield (
                        f"{path}:{number} of {name} runs {line[:80]!r} when Python starts, which Lambda does not do. If the functions need "
                        "it, run the same at the top of their route files."
                    )
        for link, folder in (found for each in self._site_packages for found in unread_links(each, self._root)):
            yield (
                f"{link.name}: {folder} was installed by 'setup.py develop', and functions get nothing of it: such a link does not say "
                f"which modules it has. Install it again with 'pip install -e {folder}' (pip 21.3 or newer), or with uv."
            )

    def _note_data(self, bundles: Iterable[Bundle]) -> tuple[str, ...]:
        """The data files that the last build did not have; those of this one are noted for the next."""
        data = sorted({file.archive_path for bundle in bundles for file in bundle.files if file.is_data})
        before = self.store.read_text(DATA).splitlines()
        self.store.write_text(DATA, "\n".join(data))
        return tuple(path for path in data if path not in set(before))

    def _tree(self, plan: TreePlan) -> Tree:
        tree = self.store.tree(plan.name)
        if tree is None:
            raise BundleError("what was just written is gone", where=plan.name, hint="Build again")
        return tree

    def _explained(self, problem: ProjectError) -> ProjectError:
        """A file that our own Python cannot parse may be good for a newer one: say so."""
        if not isinstance(problem, ImportRaisedError) or problem.hint or not self._target.is_newer_than_ours:
            return problem
        hint = f"If it is Python {self._target.python}, which the functions run on, run edgeroutes with that, too"
        return ImportRaisedError(problem.problem, where=problem.where, hint=hint)

    def _warnings(self, bundles: Sequence[Bundle], interpreter: Interpreter | None) -> list[str]:
        said: dict[str, None] = {}
        shipped = {file.source.relative_to(self._root).as_posix() for bundle in bundles for file in bundle.files}
        left_out = {
            path: reason for bundle in bundles for path, reason in bundle.left_out.items() if path not in shipped
        }
        for file in self.store.changed:
            name = file.relative_to(self._root).as_posix()
            said[f"{name} was changed after it was built, and is built again. Edit the project, not its bundles."] = (
                None
            )
        said.update((f"{path} {reason}.", None) for path, reason in sorted(left_out.items()))
        said.update(dict.fromkeys(case_collisions(sorted(shipped))))
        said.update((warning, None) for warning in _foreign_code_warnings(self._root, bundles, self._target))
        for bundle in bundles:
            said.update((str(warning), None) for warning in bundle.warnings)
        if interpreter is None:
            version = self._target.python
            said[
                f"there is no Python {version} on this machine, so that the functions go without bytecode: each cold start compiles "
                f"what it imports (Starlette +50 ms, Powertools +100 ms). Install it, for instance with 'uv python install {version}'."
            ] = None
        return list(said)


def _foreign_code_warnings(root: Path, bundles: Iterable[Bundle], target: Target) -> Iterator[str]:
    """The shared libraries and programs of the project that the functions cannot run."""
    for file in sorted({file.source for bundle in bundles for file in bundle.files if file.source.suffix != ".py"}):
        compiled_for = foreign_code(file, target)
        if compiled_for:
            yield (
                f"{file.relative_to(root).as_posix()} is compiled for {compiled_for}. The functions run Python {target.python} on Linux on "
                f"{target.machine}, which cannot use it. Compile it for them, or list it under 'exclude' in function.yaml."
            )


def _version_warnings(
    pins: Pins, installed: Mapping[str, InstalledDistribution], requirements: Mapping[str, Mapping[str, Requirement]]
) -> Iterator[str]:
    """The distributions of which the functions get another version than the one that is installed here."""
    shipped = sorted({name for each in requirements.values() for name in each} & installed.keys() & pins.by_name.keys())
    pairs = [(name, pins.by_name[name].version, installed[name].version) for name in shipped]
    others = [
        f"{name} {locked} ({here})"
        for name, locked, here in pairs
        if locked and canonicalize_version(locked) != canonicalize_version(here)
    ]
    if others:
        shown = ", ".join(others[:5]) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
        yield (
            f"{pins.source} has other versions than the environment in which dev and tests run (in parentheses): {shown}. "
            f"Install what {pins.source} has."
        )
