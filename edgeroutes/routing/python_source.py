"""Python source as a syntax tree, from any thread. The runtime side never loads it."""

from __future__ import annotations

import ast
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

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
