"""String literals of a source file that may be paths in the project: `open("data/x.json")`, `FileSystemLoader("templates")`."""

from __future__ import annotations

import ast
import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edgeroutes.build.texts import called_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MAX_LENGTH = 200
# Names of calls, parameters, variables and keys whose texts are paths: FileSystemLoader, StaticFiles(directory=…), TEMPLATE_DIR, "DIRS".
_HOLDS_PATH = re.compile(
    r"path|file|folder|dir|template|static|asset|locale|resource|fixture|root|glob|open|^load|loader$|^read|^(?:exists|join|walk|contents)$",
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
    if first.startswith("/") or "://" in first or any(len(piece) > _MAX_LENGTH for piece in pieces):
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
