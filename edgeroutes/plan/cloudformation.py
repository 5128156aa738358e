"""YAML with CloudFormation's short tags → plain values with their line numbers, and the parsed infra/*.yaml of a project. Reads no files.

Short tags become the long form: `!Ref X` is `{"Ref": "X"}`, `!GetAtt X.Arn` is `{"Fn::GetAtt": ["X", "Arn"]}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from edgeroutes.errors import ConfigError, ProjectError, suggest

if TYPE_CHECKING:
    from collections.abc import Iterator


# Source: docs.aws.amazon.com/AWSCloudFormation "intrinsic-function-reference" (read 2026-11-21).
SHORT_TAGS: Mapping[str, str] = {
    "!Ref": "Ref",
    "!Condition": "Condition",
    **{
        f"!{name}": f"Fn::{name}"
        for name in (
            "And",
            "Base64",
            "Cidr",
            "Equals",
            "FindInMap",
            "ForEach",
            "GetAZs",
            "GetAtt",
            "If",
            "ImportValue",
            "Join",
            "Length",
            "Not",
            "Or",
            "Select",
            "Split",
            "Sub",
            "ToJsonString",
            "Transform",
        )
    },
}

_Path = tuple[str | int, ...]

_MAX_VALUES = 60_000
_MAX_DEPTH = 100
_MAX_DIGITS = 64
_NUMBERS = frozenset({"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"})


@dataclass(frozen=True, slots=True)
class YamlText:
    """A parsed YAML file.

    Args:
        source_file: Its name, for messages.
        value: Its content; an empty mapping for an empty file.
        lines: The line of each key and item, from 1.
    """

    source_file: str
    value: dict[str, Any]
    lines: Mapping[_Path, int]

    def where(self, *path: str | int) -> str:
        """The file with the line of the nearest thing on this path, `infra/tables.yaml:12`."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return f"{self.source_file}:{self.lines[path[:length]]}"
        return self.source_file

    def below(self, *path: str) -> YamlText:
        """The mapping at this path as a file of its own; empty if there is none."""
        value = value_at(self.value, *path)
        if not isinstance(value, dict):
            return YamlText(self.source_file, {}, {})
        depth = len(path)
        lines = {place[depth:]: line for place, line in self.lines.items() if place[:depth] == path}
        return YamlText(self.source_file, value, lines)


def is_intrinsic(value: object) -> bool:
    """Whether this is a function such as `{"Ref": "X"}`, whose value only CloudFormation knows."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    key = next(iter(value))
    return key in {"Ref", "Condition"} or (isinstance(key, str) and key.startswith("Fn::"))


def is_macro(name: str) -> bool:
    """Whether a key among names, such as those of resources, is a function that generates several: `Fn::ForEach::Tables`."""
    return name.startswith("Fn::")


def parse_yaml(text: str, source_file: str) -> YamlText:
    """The mapping in a function.yaml or an infra/*.yaml.

    Raises:
        ConfigError: It is not YAML, not a mapping, has a key twice, or a tag that CloudFormation does not know.
    """
    try:
        return _parse(_Loader(text), source_file)
    except yaml.reader.ReaderError as err:
        where = f"{source_file}:{text.count(chr(10), 0, err.position) + 1}"
        raise ConfigError(f"the file is not YAML: it has the character {chr(err.character)!r}", where=where) from err
    except yaml.YAMLError as err:
        raise _not_yaml(err, source_file) from err
    except RecursionError as err:
        raise ConfigError("the file is nested too deeply", where=source_file) from err


def _parse(loader: _Loader, source_file: str) -> YamlText:
    node = loader.get_single_node()
    if node is None or node.tag == "tag:yaml.org,2002:null":
        return YamlText(source_file, {}, {})
    if not isinstance(node, yaml.MappingNode):
        where = f"{source_file}:{node.start_mark.line + 1}"
        problem = "the file is not a mapping of names to values"
        raise ConfigError(problem, where=where, hint="Write 'Name: value' lines")
    reader = _Reader(loader, source_file)
    value = reader.read(node, ())
    return YamlText(source_file, value, reader.lines)


def _not_yaml(err: yaml.YAMLError, source_file: str) -> ConfigError:
    mark = getattr(err, "problem_mark", None) or getattr(err, "context_mark", None)
    where = f"{source_file}:{mark.line + 1}" if mark else source_file
    said = " ".join(part for part in (getattr(err, "context", None), getattr(err, "problem", None)) if part)
    return ConfigError(f"the file is not YAML: {said or err}", where=where)


class _Loader(yaml.SafeLoader):
    """YAML without dates: CloudFormation reads `2012-10-17` as a string."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - so declared by PyYAML
        first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def fetch_flow_collection_start(self, token: type[yaml.Token]) -> None:
        """Limits open brackets: with thousands, each costs PyYAML as much as all before it."""
        if self.flow_level >= _MAX_DEPTH:
            raise yaml.scanner.ScannerError(problem="nested too deeply", problem_mark=self.get_mark())
        super().fetch_flow_collection_start(token)


class _Reader:
    """Nodes → values, with their lines."""

    def __init__(self, loader: _Loader, source_file: str) -> None:
        self.loader = loader
        self.source_file = source_file
        self.lines: dict[_Path, int] = {}
        self._open: list[yaml.Node] = []
        self._count = 0

    def read(self, node: yaml.Node, path: _Path) -> Any:
        if any(node is other for other in self._open):
            raise ConfigError("an anchor contains itself", where=self._where(node))
        self._count += 1
        if self._count > _MAX_VALUES:  # a few lines of aliases of aliases make billions
            problem = f"the file, its aliases written out, has more than {_MAX_VALUES:,} values"
            raise ConfigError(problem, where=self.source_file, hint="Use fewer aliases, or split the file")
        self._open.append(node)
        try:
            return self._read_tagged(node, path) if node.tag.startswith("!") else self._read_plain(node, path)
        finally:
            self._open.pop()

    def _read_tagged(self, node: yaml.Node, path: _Path) -> Any:
        name = SHORT_TAGS.get(node.tag)
        if name is None:
            hint = suggest(node.tag, SHORT_TAGS, f"Allowed are {', '.join(SHORT_TAGS)}")
            raise ConfigError(f"CloudFormation knows no tag {node.tag!r}", where=self._where(node), hint=hint)
        value = node.value if isinstance(node, yaml.ScalarNode) else self._read_plain(node, (*path, name))
        if name == "Fn::GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {name: value}

    def _read_plain(self, node: yaml.Node, path: _Path) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._read_mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self.lines[(*path, index)] = item.start_mark.line + 1
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._read_scalar(node)

    def _read_scalar(self, node: yaml.Node) -> Any:
        if node.tag in _NUMBERS and len(node.value) > _MAX_DIGITS:
            problem = f"a number has {len(node.value):,} characters. At most {_MAX_DIGITS} are read"
            raise ConfigError(problem, where=self._where(node))
        try:
            return self.loader.construct_object(node)
        except (
            ArithmeticError,
            AttributeError,
            LookupError,
            TypeError,
            ValueError,
        ) as err:  # `!!bool maybe`, `!!float x`
            problem = f"{str(node.value)[:80]!r} is not a value of YAML's type {node.tag.rpartition(':')[2]!r}"
            raise ConfigError(problem, where=self._where(node)) from err

    def _read_mapping(self, node: yaml.MappingNode, path: _Path) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                for part in self._merge_parts(value_node, path):
                    merged = {**part, **merged}
                continue
            key = self._key(key_node)
            if key in own:
                problem = f"the key {key!r} stands here twice, first in line {self.lines[(*path, key)]}"
                raise ConfigError(problem, where=self._where(key_node), hint="Remove one of them")
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            own[key] = self.read(value_node, (*path, key))
        return {**{key: value for key, value in merged.items() if key not in own}, **own}

    def _merge_parts(self, node: yaml.Node, path: _Path) -> Iterator[dict[str, Any]]:
        for part in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(part, yaml.MappingNode):
                raise ConfigError("'<<' takes a mapping", where=self._where(part))
            yield self.read(part, path)

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise ConfigError("a key is not a plain string", where=self._where(node))
        return str(node.value)

    def _where(self, node: yaml.Node) -> str:
        return f"{self.source_file}:{node.start_mark.line + 1}"


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
