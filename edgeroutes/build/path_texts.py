"""String literals of a source file that may be paths from the project's root: `open("data/x.json")`, `FileSystemLoader("templates")`."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
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
_JOINING = re.compile(r"(?:.*Path|join|joinpath|with_name)")
_NOT_HERE = re.compile(r"gettempdir|mkdtemp|TemporaryDirectory|home|expanduser")
_OPEN_ENDED = re.compile(r"[*?\[{%]")


@dataclass(frozen=True, slots=True, kw_only=True)
class PathText:
    """A path below the project's root, as far as the file writes it down.

    Args:
        path: With slashes, `.` and the last slash removed.
        line: 1-based, of its first occurrence.
    """

    path: str
    line: int


def read_path_texts(tree: ast.Module) -> tuple[PathText, ...]:
    """The paths of a file, each once, in the order of their lines.

    A text with a slash or a file's ending counts anywhere, a single word only where a path is expected.
    """
    found: dict[str, int] = {}
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, is_place = waiting.pop()
        pieces = _pieces(node)
        if pieces is None:
            waiting += _children(node, is_place=is_place)
            continue
        path = _fixed_part(pieces)
        if path and (is_place or _is_joined(node) or "/" in path or "." in path):
            line = getattr(node, "lineno", 0)
            found[path] = min(line, found.get(path, line))
        if not isinstance(node, ast.Constant):  # what only run time knows may hold texts of its own
            waiting += ((child, False) for child in ast.iter_child_nodes(node) if _pieces(child) is None)
    return tuple(PathText(path=path, line=line) for path, line in sorted(found.items(), key=lambda each: each[1]))


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
        return _head(node.values[0]) if node.values else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return _head(node.left)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return _joined([node.left, node.right])
    if isinstance(node, ast.Call) and node.args and _JOINING.fullmatch(called_name(node)):
        base = [node.func.value] if isinstance(node.func, ast.Attribute) and node.func.attr != "join" else []
        is_method = called_name(node) in {"joinpath", "with_name"}
        return _joined([*(base if is_method else []), *node.args])
    return None


def _head(node: ast.expr) -> list[str] | None:
    """The beginning of a text that goes on with what only run time knows."""
    return [f"{node.value}*"] if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _joined(nodes: Sequence[ast.expr]) -> list[str] | None:
    found: list[str] = []
    for number, node in enumerate(nodes):
        pieces = _pieces(node)
        if pieces is None and number == 0:
            if _is_elsewhere(node):
                return ["/"]
            pieces = [""]
        found += pieces if pieces is not None else ["*"]
    return found if any(found) else None


def _is_elsewhere(node: ast.expr) -> bool:
    """Whether the expression is a folder of the machine, such as the one for temporary files."""
    calls = (each for each in ast.walk(node) if isinstance(each, ast.Call))
    return any(_NOT_HERE.fullmatch(called_name(each)) for each in calls)


def _fixed_part(pieces: Sequence[str]) -> str:
    """The path up to the first part that is not known; empty where it leads out of the project, or to nothing."""
    first = pieces[0]
    if first.startswith("/") or "://" in first or any(len(piece) > _MAX_LENGTH for piece in pieces):
        return ""
    parts: list[str] = []
    for part in (part for piece in pieces for part in piece.split("/") if part not in {"", "."}):
        if _OPEN_ENDED.search(part):
            break
        parts.append(part)
    is_path = ".." not in parts and all(part.isprintable() and not part.startswith(".") for part in parts)
    return "/".join(parts) if is_path else ""


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
