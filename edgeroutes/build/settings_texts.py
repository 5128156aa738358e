"""Modules that a function's settings name: its variables, and the configuration files that ship with its modules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.build.modules import Module, Origin
from edgeroutes.build.texts import Text, TextPlace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from edgeroutes.config import Config
    from edgeroutes.plan.model import FunctionPlan

_ENDINGS = (".cfg", ".conf", ".ini", ".json", ".toml", ".yaml", ".yml")
_MAX_BYTES = 256 * 1024
_DOTTED = re.compile(r"(?<![\w./\\@-])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?::[A-Za-z_]\w*)?(?![\w/@-])")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsTexts:
    """Dotted names in one file that is not Python.

    Args:
        module: The file, as the trace shows it.
        texts: The names, each once.
    """

    module: Module
    texts: tuple[Text, ...]


def settings_texts(
    root: Path, files: Iterable[str], function: FunctionPlan, config: Config, tops: Collection[str]
) -> list[SettingsTexts]:
    """The names of modules in the variables of a function and in the configuration files among its own files.

    Args:
        root: The project.
        files: The function's files, relative to it.
        function: The plan.
        config: The project's settings.
        tops: The top-level modules that there are.
    """
    found = [_in_file(root, path) for path in files if path.endswith(_ENDINGS)]
    variables = function.properties.get("Environment", {}).get("Variables", {})
    file, _, line = function.places.get("Environment", "").partition(":")
    found.append(_in_values(root, file or "function.yaml", variables.values(), int(line or 1)))
    found.append(_in_values(root, "pyproject.toml", config.env.values(), 1))
    known = ((each, tuple(text for text in each.texts if text.dotted.partition(".")[0] in tops)) for each in found)
    return [SettingsTexts(module=each.module, texts=texts) for each, texts in known if texts]


def _in_file(root: Path, path: str) -> SettingsTexts:
    try:
        data = (root / path).read_bytes()
    except OSError:
        data = b""
    text = "" if len(data) > _MAX_BYTES else data.decode("utf-8", "replace")
    names: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        for match in _DOTTED.finditer(line):
            names.setdefault(match[0], number)
    return _texts(root, path, names.items())


def _in_values(root: Path, path: str, values: Iterable[object], line: int) -> SettingsTexts:
    names = {each: line for each in values if isinstance(each, str) and re.fullmatch(r"[A-Za-z_][\w.:]*", each)}
    return _texts(root, path, names.items())


def _texts(root: Path, path: str, names: Iterable[tuple[str, int]]) -> SettingsTexts:
    module = Module(name=path, origin=Origin.PROJECT, path=root / path, root=root, archive_path=path)
    return SettingsTexts(module=module, texts=tuple(_text(name, line) for name, line in names))


def _text(name: str, line: int) -> Text:
    return Text(text=name, line=line, place=TextPlace.LISTED)
