"""Python source as a syntax tree, from any thread, and values that can be read without running it. Never loaded on Lambda."""

from __future__ import annotations

import ast
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edgeroutes.errors import RouteFileError
from edgeroutes.http.cors import CORS
from edgeroutes.routing.conventions import GUARD_NAMES
from edgeroutes.routing.guards import (
    AnyOfConfig,
    ApiKeyConfig,
    BearerConfig,
    CognitoConfig,
    IdempotencyConfig,
    RateLimitConfig,
    Reference,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from edgeroutes.routing.bindings import Binding, Bindings


# CPython 3.11 counts the depth of the tree that it builds once for all threads: two at a time raise "SystemError: AST constructor
# recursion depth mismatch". Source: CPython's Parser/asdl_c.py, `PyAST_mod2obj`. The parser holds the GIL, so waiting costs nothing.
_PARSING = threading.Lock()
# A tree takes about 40 times the memory of its source.
_SHARED_BYTES = 4_000_000
_shared: _SharedTrees | None = None

# Public name → the class whose values may stand in a route file's config.
VALUE_CLASSES: Mapping[str, Callable[..., object]] = {
    "edgeroutes.CORS": CORS,
    "edgeroutes.http.cors.CORS": CORS,
    "edgeroutes.auth.any_of": AnyOfConfig,
    "edgeroutes.auth.api_key": ApiKeyConfig,
    "edgeroutes.auth.bearer": BearerConfig,
    "edgeroutes.auth.cognito": CognitoConfig,
    "edgeroutes.idempotency.Idempotency": IdempotencyConfig,
    "edgeroutes.ratelimit.RateLimit": RateLimitConfig,
}
# Public name of a guard → under which name a file declares it.
GUARD_CLASSES: Mapping[str, str] = {
    name: "auth" if name.startswith("edgeroutes.auth.") else "limit" if name.endswith(".RateLimit") else "idempotent"
    for name, make in VALUE_CLASSES.items()
    if make is not CORS
}
# Whose argument may be a function, which only running the file gives.
_TAKES_FUNCTION = frozenset({"edgeroutes.auth.api_key"})


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
        RouteFileError: It cannot, or a value class does not accept its arguments.
    """
    name = binding.name
    if binding.kind == "import":
        problem = (
            f"{name} is imported from {bindings.imports.get(name)!r}, and config must stand in the route file itself"
        )
        hint = f"Write '{name} = ...' with a literal"
        if name in GUARD_NAMES:
            hint = f"Write '{name} = ...' with a guard, or import it under another name: a route file declares guards by this one"
        raise RouteFileError(problem, where=where, hint=hint)
    if any(other.is_conditional for other in bindings.every if other.name == name):
        problem = f"{name} is set below an 'if', 'try', 'with' or loop. It must be readable without running the file"
        raise RouteFileError(problem, where=where, hint=f"Write one '{name} = ...' at the top level")
    node = binding.node
    if binding.kind == "value" and isinstance(node, ast.expr):
        try:
            return _read_value(node, bindings, name, where)
        except (ValueError, TypeError, MemoryError, RecursionError):
            there = render_node(node)
    else:
        there = {"function": "a function", "class": "a class"}.get(binding.kind, "changed after it is set")
    problem = f"{name} is {there}. It must be readable without running the file"
    hint = "Write a literal, or call one of edgeroutes' own value classes with literals"
    raise RouteFileError(problem, where=where, hint=hint)


def _read_value(node: ast.expr, bindings: Bindings, name: str, where: str) -> object:
    """The value of a literal, or of a call of a value class with such arguments; of a list of calls, too.

    Raises:
        ValueError: The expression would have to be run.
        RouteFileError: A value class does not accept these arguments.
    """
    if isinstance(node, ast.List | ast.Tuple) and any(isinstance(each, ast.Call) for each in node.elts):
        return [_read_value(each, bindings, name, where) for each in node.elts]
    if not isinstance(node, ast.Call):
        return ast.literal_eval(node)
    dotted = bindings.dotted_name(node.func) or ""
    make = VALUE_CLASSES.get(dotted)
    if make is None:
        raise ValueError(f"{dotted} is not a value class")
    takes_function = dotted in _TAKES_FUNCTION

    def read(argument: ast.expr) -> object:
        if takes_function and isinstance(argument, ast.Name | ast.Attribute | ast.Lambda):
            return Reference(render_node(argument))
        return _read_value(argument, bindings, name, where)

    args = [read(argument) for argument in node.args]
    kwargs = {word.arg or "**": read(word.value) for word in node.keywords}
    if "**" in kwargs:
        raise ValueError("** would have to be run")
    try:
        return make(*args, **kwargs)
    except (TypeError, ValueError) as err:
        called = dotted.rpartition(".")[2]
        problem = str(err).replace(f"{getattr(make, '__name__', '')}.__init__()", f"{called}()")
        if isinstance(err, TypeError):
            problem = problem.partition(". Did you mean")[0]  # which Python 3.13 adds
        raise RouteFileError(f"{name}: {problem}", where=where) from err


def is_literal(node: ast.AST | None) -> bool:
    """Whether this is a literal: a string, a number, a list, a dict, None."""
    if not isinstance(node, ast.expr):
        return False
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return isinstance(node, ast.JoinedStr | ast.List | ast.Dict | ast.Set | ast.Tuple | ast.ListComp | ast.DictComp)
    return True
