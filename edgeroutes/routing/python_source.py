"""Python source as a syntax tree, from any thread. Build wing; the runtime side never loads it."""

from __future__ import annotations

import ast
import threading

# CPython 3.11 counts the depth of the tree that it builds once for all threads: two at a time raise "SystemError: AST constructor
# recursion depth mismatch". Source: CPython's Parser/asdl_c.py, `PyAST_mod2obj`. The parser holds the GIL, so waiting costs nothing.
_PARSING = threading.Lock()


def parse_python(source: str | bytes, filename: str = "<unknown>") -> ast.Module:
    """The syntax tree of a source file.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: As `ast.parse` does.
    """
    with _PARSING:
        try:
            return ast.parse(source, filename=filename)
        except SystemError:  # code that is not ours parsed in another thread at that moment
            return ast.parse(source, filename=filename)
