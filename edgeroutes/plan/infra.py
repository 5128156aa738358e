"""The parsed infra/*.yaml of a project. Reads no files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError, ProjectError
from edgeroutes.plan.cloudformation import YamlText, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Infra:
    """The files of infra/.

    Args:
        documents: In the order of their names.
        problems: Files that are not YAML.
    """

    documents: tuple[YamlText, ...] = ()
    problems: tuple[ProjectError, ...] = ()

    def properties(self, *path: str) -> Iterator[tuple[str, Any, str]]:
        """Key, value and place of each entry that a file declares below this path, such as ("Globals", "Function")."""
        for document in self.documents:
            value = value_at(document.value, *path)
            if isinstance(value, Mapping):
                yield from ((key, each, document.where(*path, key)) for key, each in value.items())


def value_at(value: Any, *path: str) -> Any:
    """The value at a path of mappings; None if there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def parse_infra(texts: Mapping[str, str]) -> Infra:
    """The files of infra/, name → text."""
    documents: list[YamlText] = []
    problems: list[ProjectError] = []
    for source_file, text in sorted(texts.items()):
        try:
            documents.append(parse_yaml(text, source_file))
        except ConfigError as err:
            problems.append(err)
    return Infra(documents=tuple(documents), problems=tuple(problems))
