"""Checks of a syntax tree without its imports: literals, guards, handlers, attributes."""

from __future__ import annotations

import ast
import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.errors import ImportRaisedError
from edgeroutes.routing.python_source import parse_python

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_TYPE_CHECKING_NAMES = frozenset({"TYPE_CHECKING", "MYPY"})
MACHINE_NAMES = frozenset({"find_spec", "implementation", "platform", "python_implementation", "version_info"})
"""A branch on one of these is taken on some machines only, so that what it imports may be absent on ours."""
_OWN_NAMES = frozenset({"__name__", "__package__"})
_TEXT_LIMIT = 80


def parse_source(source: str | bytes, *, where: str) -> ast.Module:
    """The source's syntax tree, without the warnings that its author will see elsewhere.

    Args:
        source: A whole Python file.
        where: The file's name, for the error.

    Raises:
        ImportRaisedError: The source is not Python, or newer than the Python that runs this.
    """
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return parse_python(source)
    except SyntaxError as err:
        place = f"{where}:{err.lineno}" if err.lineno else where
        text = f" ({err.text.strip()[:_TEXT_LIMIT]!r})" if err.text else ""
        raise ImportRaisedError(f"this is not Python {version}: {err.msg}{text}", where=place) from err
    except (ValueError, RecursionError, MemoryError) as err:  # null bytes; nesting that the parser refuses
        raise ImportRaisedError(f"this is not Python {version}: {str(err) or type(err).__name__}", where=where) from err


def attribute_uses(tree: ast.AST) -> dict[str, frozenset[str] | None]:
    """The attributes asked of each name: `a.b.c` gives `{"a": {"b", "b.c"}}`; None once a name is used bare."""
    uses: dict[str, set[str]] = {}
    bare: set[str] = set()
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        chain: list[str] = []
        while isinstance(node, ast.Attribute):
            chain.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            stack.extend(ast.iter_child_nodes(node))
        elif chain:
            uses.setdefault(node.id, set()).update(".".join(chain[: n + 1]) for n in range(len(chain)))
        elif isinstance(node.ctx, ast.Load):
            bare.add(node.id)
    return {name: None if name in bare else frozenset(uses[name]) for name in uses.keys() | bare}


def read_uses(tree: ast.AST, names: frozenset[str]) -> dict[str, int]:
    """Those of the names that code uses, each with its first line.

    A use is an attribute, an argument's name, a variable, an imported name, or a whole string (`getattr(x, "name")`); never a comment. A
    name with a dot in front counts as an attribute alone.
    """
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        for name in _named_by(node):
            if name in names:
                line = getattr(node, "lineno", 1)
                found[name] = min(line, found.get(name, line))
    return found


def _named_by(node: ast.AST) -> tuple[str, ...]:
    if isinstance(node, ast.Attribute):
        return (node.attr, f".{node.attr}")
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.keyword):
        return (node.arg or "",)
    if isinstance(node, ast.alias):
        return (node.name, node.asname or "")
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return (node.name,)
    return (_text_of(node),)


def is_type_checking(test: ast.expr) -> bool:
    """Whether the condition holds for type checkers only: `TYPE_CHECKING`, `typing.TYPE_CHECKING`, `False`."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(is_type_checking(value) for value in test.values)
    if isinstance(test, ast.Constant):
        return not test.value
    return _name_of(test) in _TYPE_CHECKING_NAMES


def is_script(test: ast.expr) -> bool:
    """Whether the condition is `__name__ == "__main__"`."""
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    sides = {_name_of(test.left), _name_of(test.comparators[0]), _text_of(test.left), _text_of(test.comparators[0])}
    return {"__name__", "__main__"} <= sides


def is_about_machine(test: ast.expr) -> bool:
    """Whether the condition checks Python's version, the platform or what is installed."""
    return any(_name_of(node) in MACHINE_NAMES for node in ast.walk(test)) or _text_of(test) in MACHINE_NAMES


def catches_import_error(handler: ast.ExceptHandler) -> bool:
    """Whether the handler runs when an import in its `try` fails."""
    caught = handler.type
    if caught is None:
        return True
    return any(
        _name_of(node) in _IMPORT_ERRORS for node in (caught.elts if isinstance(caught, ast.Tuple) else [caught])
    )


def suppresses_import_error(context: ast.expr) -> bool:
    """Whether the context manager is `suppress(ImportError)`."""
    return (
        isinstance(context, ast.Call)
        and _name_of(context.func) == "suppress"
        and any(_name_of(argument) in _IMPORT_ERRORS for argument in context.args)
    )


def _parse_module_text(node: ast.expr) -> tuple[int, str] | None:
    """The module that an expression names without being run: its level and its dotted name.

    `"a.b"` gives `(0, "a.b")`; `".b"`, `f"{__name__}.b"` and `__package__ + ".b"` give `(1, "b")`; anything else None.
    """
    pieces = _pieces(node)
    if pieces is None:
        return None
    own = bool(pieces) and pieces[0] is None
    rest = pieces[1:] if own else pieces
    if None in rest:
        return None
    text = "".join(piece for piece in rest if piece is not None)
    name = text.lstrip(".")
    if not all(part.isidentifier() for part in name.split(".")) or (own and not text.startswith(".")):
        return None
    return len(text) - len(name), name


def is_own_package(node: ast.expr) -> bool:
    """Whether the expression is the file's own `__package__`, `__name__` or `__spec__.parent`."""
    if isinstance(node, ast.Name):
        return node.id in _OWN_NAMES
    return isinstance(node, ast.Attribute) and node.attr == "parent" and _name_of(node.value) == "__spec__"


def _parse_texts(node: ast.expr | None) -> tuple[str, ...]:
    """The literal strings in a list, tuple, or set display; other elements are left out."""
    if not isinstance(node, ast.List | ast.Tuple | ast.Set):
        return ()
    return tuple(
        element.value for element in node.elts if isinstance(element, ast.Constant) and isinstance(element.value, str)
    )


def parse_dunder_import(call: ast.Call) -> tuple[int, str, tuple[str, ...]] | None:
    """Level, module and names that `__import__("module", …, ["name"])` imports; None where it names no literal."""
    found = _module_argument(call)
    return None if found is None else (*found, _parse_texts(_argument(call, 3, "fromlist")))


def parse_import_module(call: ast.Call) -> tuple[int, str, tuple[str, ...]] | None:
    """Level, module and no names that `import_module("module", package)` imports; None where it names no literal."""
    found = _module_argument(call)
    if found is None or not found[0] or not isinstance(_argument(call, 0, "name"), ast.Constant):
        return None if found is None else (*found, ())
    level, module = found
    package = _argument(call, 1, "package")
    if package is not None and is_own_package(package):
        return level, module, ()
    anchor = None if package is None else _parse_module_text(package)
    parents = anchor[1].split(".") if anchor is not None and not anchor[0] else []
    return (0, ".".join([*parents[: len(parents) - level + 1], module]), ()) if level <= len(parents) else None


def _module_argument(call: ast.Call) -> tuple[int, str] | None:
    name = _argument(call, 0, "name")
    return None if name is None else _parse_module_text(name)


def _argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    """The call's argument, given by position or by name."""
    if len(call.args) > position:
        return call.args[position]
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _pieces(node: ast.expr) -> list[str | None] | None:
    """The strings that the expression joins, None standing for the file's own package."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else None
    if is_own_package(node):
        return [None]
    if isinstance(node, ast.FormattedValue):
        return _pieces(node.value) if node.conversion == -1 and node.format_spec is None else None
    if isinstance(node, ast.JoinedStr):
        return _joined(node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _joined([node.left, node.right])
    return None


def _joined(nodes: Sequence[ast.expr]) -> list[str | None] | None:
    parts = [_pieces(node) for node in nodes]
    if any(part is None for part in parts):
        return None
    return [piece for part in parts if part is not None for piece in part]


def _name_of(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _text_of(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LazyExport:
    """One name of a façade.

    Args:
        name: What importers ask for.
        modules: Where it may live, in the order in which to try: `.main` is relative, `http.request` is relative or,
            failing that, absolute.
        line: 1-based line of the entry.
    """

    name: str
    modules: tuple[str, ...]
    line: int


def parse_lazy_exports(body: Sequence[ast.stmt]) -> tuple[tuple[LazyExport, ...], range]:
    """The façade's names and the lines of its `__getattr__`; nothing and an empty range for any other file."""
    getattr_ = next((node for node in _top_level(body) if _is_getattr(node)), None)
    if getattr_ is None:
        return (), range(0)
    inside = (node for node in ast.walk(getattr_) if isinstance(node, ast.Assign | ast.AnnAssign))
    exports: dict[str, LazyExport] = {}
    for node in (*_top_level(body), *inside):
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            exports.update((export.name, export) for export in _parse_dict(node.value))
    return tuple(exports.values()), range(getattr_.lineno, (getattr_.end_lineno or getattr_.lineno) + 1)


def parse_exports(body: Sequence[ast.stmt]) -> tuple[str, ...]:
    """The literal strings of `__all__`."""
    names: list[str] = []
    for node in _top_level(body):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            names.extend(_parse_texts(getattr(node, "value", None)))
    return tuple(dict.fromkeys(names))


def _top_level(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from _top_level(node.body)
            yield from _top_level(node.orelse)


def _is_getattr(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "__getattr__"


def _parse_dict(node: ast.Dict) -> Iterator[LazyExport]:
    for key, value in zip(node.keys, node.values, strict=True):
        if not (isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value.isidentifier()):
            continue
        texts = (
            (value.value,) if isinstance(value, ast.Constant) and isinstance(value.value, str) else _parse_texts(value)
        )
        modules = tuple(text for text in _joined_module(texts) if _is_module(text))
        if modules:
            yield LazyExport(name=key.value, modules=modules, line=key.lineno)


def _joined_module(texts: tuple[str, ...]) -> tuple[str, ...]:
    """A package followed by a relative module are one module: `("pydantic_core", ".core_schema")`."""
    if len(texts) == 2 and texts[1].startswith(".") and not texts[0].startswith("."):
        return (texts[0] + texts[1],)
    return texts


def _is_module(text: str) -> bool:
    return all(part.isidentifier() for part in text.lstrip(".").split("."))
