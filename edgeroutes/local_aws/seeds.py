"""infra/seed/*.json and *.yaml: what is in a project's resources at first, in dev and in tests, by logical id. Floor 3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError, ProjectError, require_no_problems
from edgeroutes.plan.cloudformation import parse_yaml
from edgeroutes.routing.reading import list_folder, read_file, read_text

if TYPE_CHECKING:
    from pathlib import Path

SEED_FOLDER = "infra/seed"
_ENDINGS = (".json", ".yaml", ".yml")
_MAX_OBJECT_BYTES = 1024 * 1024 * 1024
_MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """The first data of one resource.

    Args:
        value: A table's items, a bucket's objects, a queue's messages, a secret's or a parameter's value.
        where: Its file and line.
        folder: Where that file lies; files that the seed names are beside it.
    """

    value: Any
    where: str
    folder: Path

    def read_file(self, name: str) -> bytes:
        """The content of a file beside the seed.

        Raises:
            ConfigError: It cannot be read.
        """
        try:
            return read_file(self.folder / name, f"{SEED_FOLDER}/{name}", limit_bytes=_MAX_OBJECT_BYTES)
        except FileNotFoundError as err:
            raise ConfigError(f"there is no file {name!r}", where=self.where, hint="Put it beside the seed") from err


def read_seeds(root: Path) -> dict[str, Seed]:
    """What infra/seed/ of the project in `root` says, logical id → seed.

    Raises:
        ProjectError: For files that cannot be read, and for a resource that two of them name.
    """
    folder, seeds = root / SEED_FOLDER, dict[str, Seed]()
    problems: list[ProjectError] = []
    files = [folder / name for name in list_folder(folder, SEED_FOLDER, _ENDINGS)]
    for file in files:
        try:
            _add(seeds, file)
        except ProjectError as err:
            problems.append(err)
    require_no_problems(problems)
    return seeds


def _add(seeds: dict[str, Seed], file: Path) -> None:
    source_file = f"{SEED_FOLDER}/{file.name}"
    parsed = parse_yaml(read_text(file, source_file, limit_bytes=_MAX_BYTES), source_file)  # JSON is YAML
    for logical_id, value in parsed.value.items():
        where = parsed.where(logical_id)
        if logical_id in seeds:
            problem = f"{logical_id!r} is in {seeds[logical_id].where}, too"
            raise ConfigError(problem, where=where, hint="Keep what is in one resource in one file")
        seeds[logical_id] = Seed(value=value, where=where, folder=file.parent)
