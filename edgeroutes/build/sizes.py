"""How big functions are, and what makes them so: Lambda's limits, and the files to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from edgeroutes.build.store import Tree

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


def check_unzipped(logical_id: str, size_bytes: int, biggest: Callable[[], Iterable[SizedFile]]) -> BundleError | None:
    """What is wrong with a bundle's size; None where Lambda takes it."""
    if size_bytes <= UNZIPPED_LIMIT_BYTES:
        return None
    problem = (
        f"{render_bytes(size_bytes)} unzipped are more than Lambda's {render_bytes(UNZIPPED_LIMIT_BYTES)}. "
        f"The biggest files:\n{render_files(biggest())}"
    )
    hint = "Leave out what is not needed (exclude in function.yaml), or split the route's work over several routes"
    return BundleError(problem, where=logical_id, hint=hint)


def render_files(files: Iterable[SizedFile]) -> str:
    """The files as lines: size, path, and who brought them."""
    lines = (f"  {render_bytes(file.size_bytes):>9}  {file.path}  ({file.brought_by})" for file in files)
    return "\n".join(lines)


def render_bytes(size_bytes: int) -> str:
    """`1.4 MB`, `37 KB`: as Lambda counts, 1 MB being 1024 KB."""
    if size_bytes >= _MIB:
        return f"{size_bytes / _MIB:.1f} MB"
    return f"{-(-size_bytes // 1024)} KB"
