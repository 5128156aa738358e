"""What a build did, as values: its functions with their files and the reasons for them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgeroutes.build.archive import zipped_bytes
from edgeroutes.build.sizes import (
    ZIPPED_LIMIT_BYTES,
    biggest_files,
    bundle_files,
    check_unzipped,
    render_bytes,
    render_files,
    unzipped_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edgeroutes.build.bundle import Bundle
    from edgeroutes.build.dependencies import Requirement
    from edgeroutes.build.store import Store, Tree
    from edgeroutes.errors import BundleError

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
    return check_unzipped(built.logical_id, size_bytes, lambda: biggest_files(built.trees, built.reasons))


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
        f"directly; 'sam deploy' goes through S3. The biggest files:\n{render_files(biggest_files(built.trees, built.reasons))}"
    )
