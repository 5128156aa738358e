"""What to do about a module that is not there."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from edgeroutes.build.modules import normalize_name

if TYPE_CHECKING:
    from collections.abc import Collection

_CUTOFF = 0.75
# Modules that are often imported and whose distribution has another name.
_DISTRIBUTIONS = {
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "multipart": "python-multipart",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}


def likely_distribution(name: str) -> str:
    """The distribution, normalized, that would bring a module; empty for a relative name."""
    top = name.partition(".")[0]
    return normalize_name(_DISTRIBUTIONS.get(top, top))


def missing_hint(name: str, neighbours: Collection[str], *, in_project: bool) -> str:
    """What to do about a missing module, as an imperative.

    Args:
        name: Dotted and absolute, or with its leading dots.
        neighbours: The modules that are where it would be.
        in_project: Whether it would be a file of the project.
    """
    package, dot, last = name.rpartition(".")
    near = difflib.get_close_matches(last, sorted(neighbours), n=1, cutoff=_CUTOFF)
    if near and (dot or in_project):
        return f"Import {package + dot + near[0]!r} instead"
    if name.startswith("."):
        return "Make the file, or import it by its path from the project's root"
    file = f"{name.replace('.', '/')}.py"
    if in_project:
        return f"Make the file {file}"
    if package:
        return f"Install a version of {package!r} that has it"
    wanted = _DISTRIBUTIONS.get(name, name)
    likely = f"Import {near[0]!r}, or add" if near else "Add"
    return f"{likely} {wanted!r} to the project's dependencies and install it, or make the file {file}"
