"""Which indexes uv asks: where nobody recorded hashes, a version is what the index has under it, and another index may have another file.

Source: docs.astral.sh/uv "Configuration files" and "Environment variables", read 2026-11-30.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SETTINGS_FILE = "uv.toml"
# Of [tool.uv] and uv.toml, and the variables that set the same.
_KEYS = (
    "index",
    "index-url",
    "extra-index-url",
    "find-links",
    "no-index",
    "index-strategy",
    "exclude-newer",
    "prerelease",
    "resolution",
)
_VARIABLES = (
    "UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX", "UV_INDEX_STRATEGY",
    "UV_EXCLUDE_NEWER", "UV_PRERELEASE", "UV_RESOLUTION", "UV_CONSTRAINT", "UV_OVERRIDE", "UV_CONFIG_FILE", "UV_NO_CONFIG",
)  # fmt: skip
_CREDENTIALS = re.compile(r"//[^/@\s]*@")


def variables_digest() -> str:
    """A digest of the variables that choose indexes and versions, without credentials: a new token is not another index."""
    return _digest([without_credentials(os.environ.get(name, "")) for name in _VARIABLES])


def settings_files(root: Path) -> list[Path]:
    """The files beside pyproject.toml in which uv may find indexes: of the project and the folders above it, the user, and the machine."""
    config = Path(os.environ.get("APPDATA") or os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    named = os.environ.get("UV_CONFIG_FILE")
    system = [config / "uv" / SETTINGS_FILE, Path("/etc/uv", SETTINGS_FILE)]
    return [*(folder / SETTINGS_FILE for folder in (root, *root.parents)), *system, *([root / named] if named else [])]


def index_digest(root: Path, settings: Iterable[Mapping[str, Any]], options: Iterable[str]) -> str:
    """A digest of all that chooses indexes.

    Args:
        root: The project.
        settings: `[tool.uv]` of the project and of its workspace.
        options: Of uv, that the project's requirements name.
    """
    from edgeroutes.build.requirements import read_text  # whoever only compares variables does without packaging

    chosen = [{key: each[key] for key in _KEYS if key in each} for each in settings]
    texts = [read_text(path) for path in settings_files(root)]
    plain = [without_credentials(each) for each in (json.dumps(chosen, default=str), *texts, *options)]
    return _digest([variables_digest(), *plain])


def without_credentials(text: str) -> str:
    """A text whose URLs have lost user and password."""
    return _CREDENTIALS.sub("//", text)


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256(json.dumps([*parts]).encode()).hexdigest()[:16]
