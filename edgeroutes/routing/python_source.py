"""Python source as a syntax tree, from any thread, and values that can be read without running it. Never loaded on Lambda."""

from __future__ import annotations

import ast
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edgeroutes.errors import RouteFileError
from edgeroutes.http.cors import CORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.routing.bindings import Binding, Bindings


# CPython 3.11 counts the depth of the tree that it builds once for all threads: two at a time raise "SystemError: AST constructor
# recursion depth mismatch". Source: CPython's Parser/asdl_c.py, `PyAST_mod2obj`. The parser holds the GIL, so waiting costs nothing.
_PARSING = threading.Lock()
# A tree takes about 40 times the memory of its source.
_SHARED_BYTES = 4_000_000
_shared: _SharedTrees | None = None


class _SharedTrees(dict[bytes, ast.Module]):
    """Trees by their source, as far as the sources fit into the limit."""

    room_bytes = _SHARED_BYTES

    def add(self, source: bytes, tree: ast.Module) -> None:
        self.room_bytes -= len(source)
        if self.room_bytes >= 0:
            self[source] = tree


@contextmanager
def shared_trees() -> Iterator[None]:
    """Parse each source once until the end of the block: several readers get one tree, which none of them may change."""
    global _shared  # noqa: PLW0603  # the readers share no object that could carry it
    outer, _shared = _shared, _SharedTrees() if _shared is None else _shared
    try:
        yield
    finally:
        _shared = outer


def parse_python(source: str | bytes, filename: str = "<unknown>") -> ast.Module:
    """The syntax tree of a source file.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: As `ast.parse` does.
    """
    shared = _shared
    if shared is None:
        return _parse(source, filename)
    key = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    tree = shared.get(key)
    if tree is None:
        tree = _parse(source, filename)
        shared.add(key, tree)
    return tree


def _parse(source: str | bytes, filename: str) -> ast.Module:
    with _PARSING:
        try:
            return ast.parse(source, filename=filename)
        except SystemError:  # code that is not ours parsed in another thread at that moment
            return ast.parse(source, filename=filename)


def render_node(node: ast.AST, max_length: int = 60) -> str:
    """The node as source, shortened for a message."""
    try:
        text = ast.unparse(node)
    except ValueError:  # a number of more digits than Python prints
        text = "…"
    return text if len(text) <= max_length else text[: max_length - 1] + "…"


def unquoted(node: ast.expr | None) -> ast.expr | None:
    """An annotation that is a string as the expression in it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return ast.parse(node.value, mode="eval").body
        except (SyntaxError, ValueError):
            return None
    return node


def read_constant(binding: Binding, bindings: Bindings, where: str) -> object:
    """The value of a name that must be readable without running the file.

    Args:
        binding: Of the name.
        bindings: Of its file.
        where: The file with its line, for the error.

    Raises:
        RouteFileError: It cannot, or `CORS` does not accept its arguments.
    """
    name = binding.name
    if binding.kind == "import":
        problem = (
            f"{name} is imported from {bindings.imports.get(name)!r}, and config must stand in the route file itself"
        )
        raise RouteFileError(problem, where=where, hint=f"Write '{name} = ...' with a literal")
    if any(other.is_conditional for other in bindings.every if other.name == name):
        problem = f"{name} is set below an 'if', 'try', 'with' or loop. It must be readable without running the file"
        raise RouteFileError(problem, where=where, hint=f"Write one '{name} = ...' at the top level")
    node = binding.node
    if binding.kind == "value" and isinstance(node, ast.expr):
        try:
            return _read_value(node, bindings, where)
        except (ValueError, TypeError, MemoryError, RecursionError):
            there = render_node(node)
    else:
        there = {"function": "a function", "class": "a class"}.get(binding.kind, "changed after it is set")
    problem = f"{name} is {there}. It must be readable without running the file"
    hint = "Write a literal, or call one of edgeroutes' own value classes with literals"
    raise RouteFileError(problem, where=where, hint=hint)


def _read_value(node: ast.expr, bindings: Bindings, where: str) -> object:
    """The value of a literal, or of a call of `CORS` with literal arguments.

    Raises:
        ValueError: The expression would have to be run.
        RouteFileError: `CORS` does not accept these arguments.
    """
    if not isinstance(node, ast.Call):
        return ast.literal_eval(node)
    dotted = bindings.dotted_name(node.func) or ""
    if not (dotted.startswith("edgeroutes.") and dotted.endswith(".CORS")):
        raise ValueError(f"{dotted} is not a value class")
    args = [ast.literal_eval(argument) for argument in node.args]
    kwargs = {word.arg or "**": ast.literal_eval(word.value) for word in node.keywords}
    if "**" in kwargs:
        raise ValueError("** would have to be run")
    try:
        return CORS(*args, **kwargs)
    except (TypeError, ValueError) as err:
        problem = str(err).replace("CORS.__init__()", "CORS()").partition(". Did you mean")[0]  # which Python 3.13 adds
        raise RouteFileError(f"cors: {problem}", where=where) from err


def is_literal(node: ast.AST | None) -> bool:
    """Whether this is a literal: a string, a number, a list, a dict, None."""
    if not isinstance(node, ast.expr):
        return False
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return isinstance(node, ast.JoinedStr | ast.List | ast.Dict | ast.Set | ast.Tuple | ast.ListComp | ast.DictComp)
    return True
