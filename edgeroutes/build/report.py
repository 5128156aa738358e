"""What a build did, as values: its functions with their files, sizes, and the reasons for them."""

from __future__ import annotations

import json
import zipfile
import zlib
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from edgeroutes.build.modules import OWN_PACKAGE, normalize_name
from edgeroutes.errors import BundleError
from edgeroutes.plan.model import find_function

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from edgeroutes.build.bundle import Bundle
    from edgeroutes.build.dependencies import Requirement
    from edgeroutes.build.store import Store, Tree


# Source: docs.aws.amazon.com/lambda "gettingstarted-limits", read 2026-11-21: 250 MB unzipped, layers included; 50 MB zipped for uploads
# through the API and the console, while SAM uploads through S3, which has no such limit.
UNZIPPED_LIMIT_BYTES = 250 * 1024 * 1024
ZIPPED_LIMIT_BYTES = 50 * 1024 * 1024
_MIB = 1024 * 1024
_SHOWN_FILES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SizedFile:
    """A file of a bundle, and who brought it."""

    path: str
    size_bytes: int
    brought_by: str


def bundle_files(trees: Iterable[Tree]) -> dict[str, Tree]:
    """The tree that gives each file of a bundle, by the file's path; of several the last, as when they are linked."""
    return {path: tree for tree in trees for path in tree.sizes}


def unzipped_bytes(trees: Iterable[Tree]) -> int:
    """The size of all files of a bundle."""
    return sum(tree.sizes[path] for path, tree in bundle_files(trees).items())


def biggest_files(trees: Iterable[Tree], reasons: Mapping[str, str], count: int = _SHOWN_FILES) -> list[SizedFile]:
    """The biggest files of a bundle, biggest first.

    Args:
        trees: Of the bundle.
        reasons: By tree name, who brought it.
        count: How many.
    """
    files = [
        SizedFile(path=path, size_bytes=tree.sizes[path], brought_by=reasons.get(tree.name, ""))
        for path, tree in bundle_files(trees).items()
    ]
    return sorted(files, key=lambda file: (-file.size_bytes, file.path))[:count]


def _check_unzipped(logical_id: str, size_bytes: int, biggest: Callable[[], Iterable[SizedFile]]) -> BundleError | None:
    """What is wrong with a bundle's size; None where Lambda takes it."""
    if size_bytes <= UNZIPPED_LIMIT_BYTES:
        return None
    problem = (
        f"{render_bytes(size_bytes)} unzipped are more than Lambda's {render_bytes(UNZIPPED_LIMIT_BYTES)}. "
        f"The biggest files:\n{_render_files(biggest())}"
    )
    hint = "Leave out what is not needed (exclude in function.yaml), or split the route's work over several routes"
    return BundleError(problem, where=logical_id, hint=hint)


def _render_files(files: Iterable[SizedFile]) -> str:
    """The files as lines: size, path, and who brought them."""
    lines = (f"  {render_bytes(file.size_bytes):>9}  {file.path}  ({file.brought_by})" for file in files)
    return "\n".join(lines)


def render_bytes(size_bytes: int) -> str:
    """`1.4 MB`, `37 KB`: as Lambda counts, 1 MB being 1024 KB."""
    if size_bytes >= _MIB:
        return f"{size_bytes / _MIB:.1f} MB"
    return f"{-(-size_bytes // 1024)} KB"


_DATE = (1980, 1, 1, 0, 0, 0)
_MODE, _PROGRAM_MODE = 0o100644 << 16, 0o100755 << 16
_LEVEL = 6
# A zip file's own bytes for each entry, without the name, which stands there twice; and for the whole.
# Source: APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.
_ENTRY_BYTES = 30 + 46
_END_BYTES = 22


def write_zip(trees: Iterable[Tree], to: Path) -> None:
    """Write a bundle's files to a zip, sorted, all dated 1980."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as file:
        for path, tree in sorted(bundle_files(trees).items()):
            entry = zipfile.ZipInfo(path, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            is_program = (tree.folder / path).stat().st_mode & 0o100
            entry.external_attr = _PROGRAM_MODE if is_program else _MODE
            entry.create_system = 3
            file.writestr(entry, (tree.folder / path).read_bytes())


def zipped_bytes(trees: Iterable[Tree], store: Store) -> int:
    """How big a bundle's zip is; what was measured once is kept in the store."""
    return _END_BYTES + sum(_tree_bytes(tree, store) for tree in trees)


def _tree_bytes(tree: Tree, store: Store) -> int:
    known = store.zipped_bytes.get(tree.name)
    if known is None:
        name = f"trees/{tree.name}.zipped"
        text = store.read_text(name)
        if not text:
            text = str(
                sum(_ENTRY_BYTES + 2 * len(path.encode()) + _deflated(tree.folder / path) for path in tree.sizes)
            )
            store.write_text(name, text)
        known = store.zipped_bytes[tree.name] = int(text)
    return known


def _deflated(file: Path) -> int:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return len(packer.compress(file.read_bytes())) + len(packer.flush())


_SUMMARY = "summary.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltFunction:
    """A function in the store.

    Args:
        bundle: What was decided.
        requirements: Its distributions, by name.
        trees: Its files; a later tree's file stands for an earlier one's.
        is_new: Whether anything in it differs from the last build.
    """

    bundle: Bundle
    requirements: Mapping[str, Requirement]
    trees: tuple[Tree, ...]
    is_new: bool

    @property
    def logical_id(self) -> str:
        """Its name in the template."""
        return self.bundle.function.logical_id

    @property
    def reasons(self) -> dict[str, str]:
        """Who brought each tree, by the tree's name."""
        brought = {}
        for tree in self.trees:
            name = str(tree.facts.get("distribution", ""))
            brought[tree.name] = (
                _brought_by(self.requirements[name])
                if name in self.requirements
                else tree.facts.get("of", "the project")
            )
        return brought


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build did.

    Args:
        functions: All of the plan, the fallback last.
        warnings: What may be wrong, each once.
        new_data: Files of the project in bundles that are not modules, and were in none after the last build.
        left_out: By logical id, the declared distributions that libraries of the function mention and that it lacks, each with the place.
    """

    functions: tuple[BuiltFunction, ...]
    warnings: tuple[str, ...]
    new_data: tuple[str, ...] = ()
    left_out: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def write_summary(store: Store, functions: Iterable[BuiltFunction]) -> None:
    """Note what `read_summary` needs to know of functions beside their trees."""
    summary = {
        each.logical_id: {
            "routes": [route.route_path for route in each.bundle.function.routes],
            "distributions": sorted(each.requirements),
        }
        for each in functions
    }
    store.write_text(_SUMMARY, json.dumps(summary))


def read_summary(store: Store) -> list[dict[str, Any]]:
    """What the functions of the last build hold and weigh, the fallback last; empty where there was no build."""
    summary = json.loads(store.read_text(_SUMMARY) or "{}")
    return [
        {"function": name, **noted, **_weight(store.function_trees(name), store)} for name, noted in summary.items()
    ]


def _weight(trees: list[Tree], store: Store) -> dict[str, int]:
    return {
        "files": len(bundle_files(trees)),
        "unzipped_bytes": unzipped_bytes(trees),
        "zipped_bytes": zipped_bytes(trees, store),
    }


def check_size(built: BuiltFunction) -> BundleError | None:
    """What is wrong with a function's size; None where Lambda takes it."""
    size_bytes = unzipped_bytes(built.trees)
    return _check_unzipped(built.logical_id, size_bytes, lambda: biggest_files(built.trees, built.reasons))


def _brought_by(requirement: Requirement) -> str:
    asked = requirement.root.reason.splitlines()[-1] if requirement.root.reason else requirement.root.name
    return (
        f"{requirement.name}, which {requirement.required_by} requires: {asked}" if requirement.required_by else asked
    )


def warn_zipped(built: BuiltFunction, store: Store) -> str:
    """What to know of a function whose zip only goes through S3, as SAM sends it; empty for a smaller one."""
    if unzipped_bytes(built.trees) <= ZIPPED_LIMIT_BYTES:
        return ""
    size_bytes = zipped_bytes(built.trees, store)
    if size_bytes <= ZIPPED_LIMIT_BYTES:
        return ""
    return (
        f"{built.logical_id}: {render_bytes(size_bytes)} zipped are more than the {render_bytes(ZIPPED_LIMIT_BYTES)} that Lambda takes "
        f"directly; 'sam deploy' goes through S3. The biggest files:\n{_render_files(biggest_files(built.trees, built.reasons))}"
    )


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
        ConfigError: The project does not have the route.
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
