"""What a function's settings name: modules and paths in its variables, and in the configuration files that ship with its modules."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edgeroutes.build.modules import Module, Origin
from edgeroutes.build.path_texts import PathText, possible_paths
from edgeroutes.build.texts import Text, TextPlace
from edgeroutes.names import CONFIG_FILE
from edgeroutes.routing.conventions import FUNCTION_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

    from edgeroutes.config import Config
    from edgeroutes.plan.model import FunctionPlan

# Configuration, and the templates that import modules.
_ENDINGS = (".cfg", ".conf", ".ini", ".json", ".mako", ".toml", ".xml", ".yaml", ".yml", ".zcml")
_MAX_BYTES = 256 * 1024
_DOTTED = re.compile(r"(?<![\w./\\@-])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?::[A-Za-z_]\w*)?(?![\w/@-])")
_SETTING = re.compile(r"""[\s"'-]*([\w.-]+)["']?\s*[:=](.*)""")
_BETWEEN = re.compile(r"""[\s,;"'()\[\]{}]+""")
_PATH = re.compile(r"(?:\.\.?/)*[A-Za-z_][\w.-]*(?:/[\w.-]+)*/?")
# Keys whose single words are paths: alembic's script_location.
_HOLDS_PATH = re.compile(r"path|file|folder|dir|location|template|root|include", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsTexts:
    """What one file that is not Python names.

    Args:
        module: The file, as the trace shows it.
        texts: Dotted names, each once.
        paths: Paths, each once.
    """

    module: Module
    texts: tuple[Text, ...] = ()
    paths: tuple[PathText, ...] = ()


def settings_texts(
    root: Path,
    files: Iterable[str],
    function: FunctionPlan,
    config: Config,
    tops: Collection[str],
    *,
    exists: Callable[[str], bool],
) -> list[SettingsTexts]:
    """The modules and paths that the variables of a function and the configuration files among its own files name.

    Args:
        root: The project.
        files: The function's files, relative to it.
        function: The plan.
        config: The project's settings.
        tops: The top-level modules that there are.
        exists: Whether the project has a path.
    """
    found = [_in_file(root, path, exists) for path in files if path.endswith(_ENDINGS)]
    variables = function.properties.get("Environment", {}).get("Variables", {})
    file, _, line = function.places.get("Environment", "").partition(":")
    found.append(_in_values(root, file or FUNCTION_FILE, variables.values(), int(line or 1)))
    found.append(_in_values(root, CONFIG_FILE, config.env.values(), 1))
    known = (
        replace(each, texts=tuple(text for text in each.texts if text.dotted.partition(".")[0] in tops))
        for each in found
    )
    return [each for each in known if each.texts or each.paths]


def _in_file(root: Path, path: str, exists: Callable[[str], bool]) -> SettingsTexts:
    try:
        data = (root / path).read_bytes()
    except OSError:
        data = b""
    text = "" if len(data) > _MAX_BYTES else data.decode("utf-8", "replace")
    names: dict[str, int] = {}
    paths: dict[str, int] = {}
    folder = path.rpartition("/")[0]
    for number, line in enumerate(text.splitlines(), start=1):
        for match in _DOTTED.finditer(line):
            names.setdefault(match[0], number)
        for found in _paths_in(line):
            if any(map(exists, possible_paths(found, folder))):
                paths.setdefault(found, number)
    return _texts(root, path, names.items(), tuple(PathText(path=each, line=n) for each, n in paths.items()))


def _paths_in(line: str) -> Iterator[str]:
    """What a line may name as a path: `script_location = migrations`, `$ref: "schemas/pet.yaml"`; nothing of a comment."""
    if line.lstrip().startswith(("#", ";")):
        return
    setting = _SETTING.match(line)
    is_place = setting is not None and _HOLDS_PATH.search(setting[1]) is not None
    value = (setting[2] if setting is not None else line).replace("%(here)s/", "")
    for each in (part.partition("#")[0] for part in _BETWEEN.split(value)):
        if _PATH.fullmatch(each) and (is_place or "/" in each or each.endswith(_ENDINGS)):
            yield each.rstrip("/").removeprefix("./")


def _in_values(root: Path, path: str, values: Iterable[object], line: int) -> SettingsTexts:
    names = {each: line for each in values if isinstance(each, str) and re.fullmatch(r"[A-Za-z_][\w.:]*", each)}
    return _texts(root, path, names.items())


def _texts(root: Path, path: str, names: Iterable[tuple[str, int]], paths: tuple[PathText, ...] = ()) -> SettingsTexts:
    module = Module(name=path, origin=Origin.PROJECT, path=root / path, root=root, archive_path=path)
    return SettingsTexts(module=module, texts=tuple(_text(name, line) for name, line in names), paths=paths)


def _text(name: str, line: int) -> Text:
    return Text(text=name, line=line, place=TextPlace.LISTED)
