"""String literals of a source file that may name modules: `"lib.settings"`, `"lib.tasks:run"`, `"lib.logs.JsonFormatter"`."""

from __future__ import annotations

import ast
import posixpath
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from edgeroutes.build.modules import Module, Origin
from edgeroutes.names import CONFIG_FILE
from edgeroutes.routing.conventions import FUNCTION_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from edgeroutes.config import Config
    from edgeroutes.plan.model import FunctionPlan


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


_MAX_PATH_LENGTH = 200
# Names of calls, parameters, variables and keys whose texts are paths: FileSystemLoader, StaticFiles(directory=…), TEMPLATE_DIR, "DIRS".
_HOLDS_PATH = re.compile(
    r"path|file|folder|dir|template|static|asset|locale|translation|textdomain|resource|fixture|root|glob|open|^load|loader$|^read|^(?:exists|join|walk|contents)$",
    re.IGNORECASE,
)
# What libraries read from the project's root by default, or from beside the module that makes an application.
# Source: the documentation of each: Flask "Application Setup", Bottle "Templates", dynaconf "Settings Files", python-decouple, Flask-Babel,
# Celery "Configuration", Piccolo "piccolo_conf.py", Scrapy "Settings".
_DEFAULTS = {
    "bottle": ("views",),
    "celery": ("celeryconfig.py",),
    "decouple": ("settings.ini",),
    "dynaconf": tuple(
        f"{name}.{ending}" for name in ("settings", "config") for ending in ("toml", "yaml", "yml", "ini", "json", "py")
    ),
    "flask": ("static", "templates"),
    "flask_babel": ("translations",),
    "piccolo": ("piccolo_conf.py",),
    "quart": ("static", "templates"),
    "scrapy": ("scrapy.cfg",),
}
# By these, code says that it reads Flask's folder of values and files that belong to no module.
_INSTANCE = frozenset({"instance_path", "instance_relative_config", "open_instance_resource"})
_JOINING = re.compile(r"(?:.*Path|join|joinpath|with_name|glob|rglob)")
_METHODS = frozenset({"glob", "joinpath", "rglob", "with_name"})
_NOT_HERE = re.compile(r"gettempdir|mkdtemp|TemporaryDirectory|home|expanduser")
_OPEN_ENDED = re.compile(r"[*?\[{%]")


@dataclass(frozen=True, slots=True, kw_only=True)
class PathText:
    """A path in the project, as far as the file writes it down.

    Args:
        path: With slashes, `.` and the last slash removed.
        line: 1-based, of its first occurrence.
        names_code: Whether it may stand for modules: all of it is written, or what is not ends in `.py`.
        is_default: Whether a library reads it by default, and the file only imports the library.
    """

    path: str
    line: int
    names_code: bool = True
    is_default: bool = False


def possible_paths(path: str, folder: str) -> Iterator[str]:
    """Where a path may lead that a file of this folder names, relative to the project: from the root, the folder, or one between."""
    parts = folder.split("/") if folder else []
    for depth in range(len(parts) + 1):
        found = posixpath.normpath("/".join([*parts[:depth], path]))
        if found != "." and not found.startswith("../") and found != "..":
            yield found


def read_path_texts(tree: ast.Module) -> tuple[PathText, ...]:
    """The paths of a file, each once, in the order of their lines.

    A text with a slash or a file's ending counts anywhere, a single word only where a path is expected.
    """
    found = {each.path: each for each in _default_paths(tree)}
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, is_place = waiting.pop()
        pieces = _pieces(node)
        if pieces is None:
            waiting += _children(node, is_place=is_place)
            continue
        path, names_code = _fixed_part(pieces)
        if path and (is_place or _is_joined(node) or "/" in path or "." in path):
            line = getattr(node, "lineno", 0)
            known = found.get(path, PathText(path=path, line=line, names_code=names_code))
            names_code = known.names_code or names_code
            found[path] = replace(known, line=min(line, known.line), names_code=names_code, is_default=False)
        if not isinstance(node, ast.Constant):  # what only run time knows may hold texts of its own
            waiting += ((child, False) for child in _parts(node) if _pieces(child) is None)
    return tuple(sorted(found.values(), key=lambda each: each.line))


def _default_paths(tree: ast.Module) -> Iterator[PathText]:
    """The paths that libraries read although no code writes them down."""
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
            paths = [path for each in modules for path in _DEFAULTS.get(each.partition(".")[0], ())]
            yield from (
                PathText(path=path, line=line, names_code=path.endswith(".py"), is_default=True) for path in paths
            )
        elif getattr(node, "attr", getattr(node, "arg", None)) in _INSTANCE:
            yield PathText(path="instance", line=line)


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of an expression that joins a path; of a method, what it is called on."""
    for child in ast.iter_child_nodes(node):
        yield child.value if isinstance(node, ast.Call) and isinstance(child, ast.Attribute) else child


def _is_joined(node: ast.AST) -> bool:
    """Whether the expression joins a path: `ROOT / "data"`, `Path("data")`, `os.path.join(ROOT, "data")`."""
    return isinstance(node, ast.Call) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div))


def _pieces(node: ast.AST) -> list[str] | None:
    """The texts that an expression joins to a path, one for each part that is written; None for what is not such an expression.

    An empty first piece stands for what only run time knows; any other unknown part ends the list with `*`.
    """
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return _head(node.values[0], node) if node.values else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        left = node.left
        while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add):
            left = left.left
        return _head(left, node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return _joined([node.left, node.right])
    if isinstance(node, ast.Call) and node.args and _JOINING.fullmatch(called_name(node)):
        base = [node.func.value] if isinstance(node.func, ast.Attribute) and node.func.attr != "join" else []
        is_method = called_name(node) in _METHODS
        return _joined([*(base if is_method else []), *node.args])
    return None


def _head(node: ast.expr, whole: ast.expr) -> list[str] | None:
    """The beginning of a text that goes on with what only run time knows."""
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return None
    is_format = isinstance(whole, ast.BinOp) and isinstance(whole.op, ast.Mod)
    return [node.value if is_format else f"{node.value}*{_ending(whole)}"]


def _joined(nodes: Sequence[ast.expr]) -> list[str] | None:
    found: list[str] = []
    for number, node in enumerate(nodes):
        pieces = _pieces(node)
        if pieces is None and number == 0:
            if _is_elsewhere(node):
                return ["/"]
            pieces = [""]
        found += pieces if pieces is not None else ["*" + _ending(node)]
    return found if any(found) else None


def _ending(node: ast.expr) -> str:
    """`.py` for a name that only run time completes and that ends so: `f"{name}.py"`, `name + ".py"`."""
    last = node.values[-1] if isinstance(node, ast.JoinedStr) and node.values else getattr(node, "right", None)
    is_source = isinstance(last, ast.Constant) and isinstance(last.value, str) and last.value.endswith(".py")
    return ".py" if is_source else ""


def _is_elsewhere(node: ast.expr) -> bool:
    """Whether the expression is a folder of the machine, such as the one for temporary files."""
    calls = (each for each in ast.walk(node) if isinstance(each, ast.Call))
    return any(_NOT_HERE.fullmatch(called_name(each)) for each in calls)


def _fixed_part(pieces: Sequence[str]) -> tuple[str, bool]:
    """The path up to the first part that is not known, and whether it may stand for modules; empty for what is not one in the project."""
    first = pieces[0]
    if first.startswith("/") or "://" in first or any(len(piece) > _MAX_PATH_LENGTH for piece in pieces):
        return "", False
    parts = [part for piece in pieces for part in piece.split("/") if part not in {"", "."}]
    length = next((number for number, part in enumerate(parts) if _OPEN_ENDED.search(part)), len(parts))
    known = parts[:length]
    is_path = all(part == ".." or (part.isprintable() and not part.startswith(".")) for part in known)
    names_code = length == len(parts) or parts[-1].endswith(".py")
    return "/".join(known) if is_path else "", names_code


def _children(node: ast.AST, *, is_place: bool) -> Iterator[tuple[ast.AST, bool]]:
    """The parts of a node, each with whether a path is expected there."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):  # a docstring
        return
    if isinstance(node, ast.Call):
        yield node.func, False
        holds = _HOLDS_PATH.search(called_name(node)) is not None
        yield from ((argument, holds) for argument in node.args)
        yield from ((each.value, holds or _is_path_name(each.arg)) for each in node.keywords)
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
            yield value, is_place or _is_path_name(name)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if node.value is not None:
            yield node.value, any(_is_path_name(_target_name(target)) for target in targets)
    elif isinstance(node, ast.arguments):
        yield from _defaults(node)
    else:
        inherits = isinstance(
            node, ast.List | ast.Tuple | ast.Set | ast.IfExp | ast.BoolOp | ast.Starred | ast.NamedExpr
        )
        yield from ((child, is_place and inherits) for child in ast.iter_child_nodes(node))


def _defaults(node: ast.arguments) -> Iterator[tuple[ast.AST, bool]]:
    positional = [*node.posonlyargs, *node.args]
    pairs = [*zip(reversed(positional), reversed(node.defaults), strict=False)]
    pairs += [(name, value) for name, value in zip(node.kwonlyargs, node.kw_defaults, strict=True) if value is not None]
    yield from ((value, _is_path_name(name.arg)) for name, value in pairs)


def _is_path_name(name: str | None) -> bool:
    return bool(name) and _HOLDS_PATH.search(str(name)) is not None


def _target_name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


# Configuration, and the templates that import modules.
_ENDINGS = (".cfg", ".conf", ".ini", ".json", ".mako", ".toml", ".xml", ".yaml", ".yml", ".zcml")
_MAX_BYTES = 256 * 1024
_DOTTED_NAME = re.compile(r"(?<![\w./\\@-])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?::[A-Za-z_]\w*)?(?![\w/@-])")
# A single word that is a value: in quotes, in a list, or alone behind its key; never a key or a part of a sentence.
_WORD = re.compile(r"""(?:^\s*|["'\[,=:(]\s*|-\s+)([A-Za-z_]\w*)["']?(?=\s*(?:[,\])}]|\s#|$))""")
_WITH_SECTIONS = (".cfg", ".conf", ".ini", ".toml")
_SECTION = re.compile(r"\s*\[+[^\],]*\]+\s*(?:#.*)?")
_SETTING = re.compile(r"""[\s"'-]*([\w.-]+)["']?\s*[:=](.*)""")
_BETWEEN = re.compile(r"""[\s,;"'()\[\]{}]+""")
_PATH = re.compile(r"(?:\.\.?/)*[A-Za-z_][\w.-]*(?:/[\w.-]+)*/?")
# Keys whose single words are paths: alembic's script_location.
_KEY_OF_PATH = re.compile(r"path|file|folder|dir|location|template|root|include", re.IGNORECASE)


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
        for match in _DOTTED_NAME.finditer(line):
            names.setdefault(match[0], number)
        is_value = not (_is_comment(line) or (path.endswith(_WITH_SECTIONS) and _SECTION.fullmatch(line)))
        for match in _WORD.finditer(line) if is_value else ():
            names.setdefault(match[1], number)
        for found in _paths_in(line):
            if any(map(exists, possible_paths(found, folder))):
                paths.setdefault(found, number)
    return _texts(root, path, names.items(), tuple(PathText(path=each, line=n) for each, n in paths.items()))


def _paths_in(line: str) -> Iterator[str]:
    """What a line may name as a path: `script_location = migrations`, `$ref: "schemas/pet.yaml"`; nothing of a comment."""
    if _is_comment(line):
        return
    setting = _SETTING.match(line)
    is_place = setting is not None and _KEY_OF_PATH.search(setting[1]) is not None
    value = (setting[2] if setting is not None else line).replace("%(here)s/", "")
    for each in (part.partition("#")[0] for part in _BETWEEN.split(value)):
        if _PATH.fullmatch(each) and (is_place or "/" in each or each.endswith(_ENDINGS)):
            yield each.rstrip("/").removeprefix("./")


def is_settings_file(file: Path) -> bool:
    """Whether a file is configuration by its name."""
    return file.name.endswith(_ENDINGS)


def quote_value(line: str) -> str:
    """A line of configuration with its value in quotes, as code would have it: `backend: db+sqlite://`."""
    setting = _SETTING.match(line)
    value = setting[2].strip() if setting is not None else ""
    return f'{line} "{value}"' if value and not value.startswith(("'", '"')) else line


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith(("#", ";"))


def _in_values(root: Path, path: str, values: Iterable[object], line: int) -> SettingsTexts:
    names = {each: line for each in values if isinstance(each, str) and re.fullmatch(r"[A-Za-z_][\w.:]*", each)}
    return _texts(root, path, names.items())


def _texts(root: Path, path: str, names: Iterable[tuple[str, int]], paths: tuple[PathText, ...] = ()) -> SettingsTexts:
    module = Module(name=path, origin=Origin.PROJECT, path=root / path, root=root, archive_path=path)
    return SettingsTexts(module=module, texts=tuple(_text(name, line) for name, line in names), paths=paths)


def _text(name: str, line: int) -> Text:
    return Text(text=name, line=line, place=TextPlace.LISTED)
