"""String literals of a source file that may name modules: `"lib.settings"`, `"lib.tasks:run"`, `"lib.logs.JsonFormatter"`."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::[A-Za-z_][\w.]*)?")
# Source: PyPA, "Names and normalization".
_DISTRIBUTION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_WORDS = re.compile(r"\s*[A-Za-z_][\w.:]*(?:[ \t]*[,\n]\s*[A-Za-z_][\w.:]*)*,?\s*")
_MAX_LENGTH = 150
# Functions of importlib.metadata, whose argument is a distribution.
_METADATA = frozenset({"distribution", "metadata", "requires", "version"})
# Functions of importlib.resources, pkgutil and pkg_resources, whose first argument is a package.
_READING = frozenset({
    "files", "contents", "is_resource", "open_binary", "open_text", "read_binary", "read_text", "get_data", "resource_filename",
    "resource_listdir", "resource_stream", "resource_string",
})  # fmt: skip
# Calls whose text is a label, not a module. Source: logging, structlog, opentelemetry.
_LABELLING = frozenset(
    {"getLogger", "get_logger", "getChild", "get_tracer", "get_meter", "getattr", "hasattr", "setattr"}
)
# Calls that import what their text names: Django's import_string and setup, Celery's autodiscover_tasks, Werkzeug's, stevedore's.
_IMPORTING = re.compile(
    r"import|load|module|autodiscover|include|resolve|register|scan|run_path|locate|find_spec|available|installed|optional|require|depend"
    r"|backend|plugin|driver",
    re.IGNORECASE,
)


class TextPlace(StrEnum):
    """Where a text stands, the weakest first; a single word names a module only where modules are listed or imported."""

    KEY = "key"
    """A dict's key: of a logging configuration, a route, a registry."""
    PLAIN = "plain"
    LISTED = "listed"
    """In a list, tuple or set."""
    IMPORTED = "imported"
    """An argument of a call that imports or loads, or reads a distribution's metadata or a package's data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A string literal that reads like a module, like something in one, or like a distribution.

    Args:
        text: `lib.tasks`, or `lib.tasks:run`.
        line: 1-based, of its first occurrence.
        place: The strongest of its occurrences.
    """

    text: str
    line: int
    place: TextPlace

    @property
    def dotted(self) -> str:
        """The text with a dot for the colon."""
        return self.text.replace(":", ".")


_STRENGTH = tuple(TextPlace)


def read_texts(tree: ast.Module, *, reads_lists: bool = False) -> tuple[Text, ...]:
    """The texts of a file, each once, in the order of their lines; docstrings and labels (`getLogger("lib.db")`) are left out.

    Args:
        tree: Of the file.
        reads_lists: Whether keys, and words on lines of their own or between commas, count as lists of modules where the file imports
            what a variable names: `{"audit": {"on": True}}`, `"audit, billing"`.
    """
    found: dict[str, Text] = {}
    is_listing = reads_lists and imports_by_variable(tree)
    for node, place, text in _strings(tree, is_listing=is_listing):
        if len(text) > _MAX_LENGTH or not (
            _DOTTED.fullmatch(text) or (place is TextPlace.IMPORTED and _DISTRIBUTION.fullmatch(text))
        ):
            continue
        known = found.get(text)
        if known is None or _STRENGTH.index(place) > _STRENGTH.index(known.place):
            found[text] = Text(text=text, line=node.lineno, place=place)
    return tuple(sorted(found.values(), key=lambda each: each.line))


def _strings(tree: ast.Module, *, is_listing: bool) -> Iterator[tuple[ast.Constant, TextPlace, str]]:
    for node, place in _constants(tree):
        if not isinstance(node.value, str):
            continue
        if is_listing and place is not TextPlace.IMPORTED:
            words = node.value.replace(",", " ").split() if _WORDS.fullmatch(node.value) else [node.value]
            yield from ((node, TextPlace.LISTED, word) for word in words)
        else:
            yield node, place, node.value


def is_importing(name: str) -> bool:
    """Whether a function of this name imports what its arguments name: `import_optional_dependency`, `is_package_available`."""
    return _IMPORTING.search(name) is not None


_BY_VARIABLE = re.compile(r"import|find_spec|load_?(?:module|plugin|class|object)|available", re.IGNORECASE)


def imports_by_variable(tree: ast.Module) -> bool:
    """Whether a file imports what a variable names, so that its lists of words may be lists of modules."""
    return any(
        isinstance(node, ast.Call)
        and node.args
        and not isinstance(node.args[0], ast.Constant)
        and _BY_VARIABLE.search(called_name(node))
        for node in ast.walk(tree)
    )


def called_name(node: ast.Call) -> str:
    """The last part of what is called: `import_module` of `importlib.import_module(…)`."""
    function = node.func
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def _constants(tree: ast.Module) -> Iterator[tuple[ast.Constant, TextPlace]]:
    """Every constant with its place; docstrings, labels and `__all__` left out."""
    waiting: list[tuple[ast.AST, TextPlace]] = [(tree, TextPlace.PLAIN)]
    while waiting:
        node, place = waiting.pop()
        if isinstance(node, ast.Constant):
            yield node, place
        elif isinstance(node, ast.Dict):
            waiting += ((key, TextPlace.KEY) for key in node.keys if key is not None)
            waiting += ((value, TextPlace.PLAIN) for value in node.values)
        elif isinstance(node, ast.List | ast.Tuple | ast.Set):
            waiting += ((element, TextPlace.LISTED) for element in node.elts)
        elif isinstance(node, ast.Call):
            waiting += _of_call(node)
        elif not _is_silent(node):
            waiting += ((child, TextPlace.PLAIN) for child in ast.iter_child_nodes(node))


def _of_call(node: ast.Call) -> Iterator[tuple[ast.AST, TextPlace]]:
    name = called_name(node)
    yield node.func, TextPlace.PLAIN
    place = TextPlace.IMPORTED if is_importing(name) or name in _METADATA | _READING else TextPlace.PLAIN
    for value in (*node.args, *(keyword.value for keyword in node.keywords)):
        if not (name in _LABELLING and isinstance(value, ast.Constant)):
            yield value, place


def _is_silent(node: ast.AST) -> bool:
    """Whether the statement is a docstring or `__all__`."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)
