"""The handlers that a file exports, as far as its source shows: async or not, generator or not, arguments to fill.

Nothing is run.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.errors import RouteFileError
from edgeroutes.routing.argument_problems import unfillable
from edgeroutes.routing.callables import Module, Signature, plain_signature
from edgeroutes.routing.conventions import METHODS
from edgeroutes.routing.patterns import RESERVED_NAMES
from edgeroutes.routing.python_source import is_literal, render_node, unquoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgeroutes.routing.bindings import Bindings, Function

_STREAMING_RESPONSES = frozenset({"stream", "sse", "ndjson", "json_array"})
_BODILESS = (204, 205, 304)
_FOUND_ANYWAY = ("collections.abc.", "edgeroutes.", "fastapi.responses.", "starlette.responses.", "typing.")
_PYDANTIC_HOOK = "__get_pydantic_core_schema__"
_UNCONVERTIBLE = frozenset(
    {"complex", "memoryview", "range", "slice", "type", "collections.abc.Callable", "typing.Callable"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One exported callable.

    Args:
        name: Such as 'GET' or 'app'.
        line: Where it is bound, from 1.
        is_async: Whether it is an `async def`; None where its definition is elsewhere.
        is_generator: Whether it yields; None where its definition is elsewhere.
        is_decorated: Whether its definition carries decorators, which may change all the rest.
    """

    name: str
    line: int
    is_async: bool | None
    is_generator: bool | None
    is_decorated: bool


def read_export(name: str, bindings: Bindings) -> Export | None:
    """The callable that the file exports under this name; None for nothing, or for a literal."""
    binding = bindings.last(name)
    if binding is None or binding.kind == "other" or is_literal(binding.node):
        return None
    function = bindings.function_of(binding)
    return Export(
        name=name,
        line=binding.line,
        is_async=None if function is None else isinstance(function, ast.AsyncFunctionDef),
        is_generator=None if function is None else _yields(function),
        is_decorated=bool(getattr(function, "decorator_list", ())),
    )


def read_methods(bindings: Bindings) -> tuple[Export, ...]:
    """The methods that the file exports, in the order of METHODS."""
    exports = (read_export(name, bindings) for name in METHODS)
    return tuple(export for export in exports if export is not None)


def is_streaming(methods: Sequence[Export], bindings: Bindings, module: ast.Module) -> bool:
    """Whether a response of this file streams, as far as the source shows.

    True for a generator among the handlers, for `Response.stream`, `.sse`, `.ndjson` and `.json_array`, and for
    Starlette's `StreamingResponse`. A generator that a helper in another file returns is not seen.
    """
    if any(export.is_generator for export in methods):
        return True
    names = (bindings.dotted_name(node) for node in ast.walk(module) if isinstance(node, ast.Attribute | ast.Name))
    return any(_is_streaming_response(name.split(".")) for name in names if name)


def _is_streaming_response(parts: list[str]) -> bool:
    if parts[-1] in {"StreamingResponse", "EventSourceResponse"}:
        return True
    return parts[0] in {"Response", "edgeroutes"} and parts[-2:-1] == ["Response"] and parts[-1] in _STREAMING_RESPONSES


def _yields(function: Function) -> bool:
    """Whether the function's own body yields; what it defines inside does not count."""
    waiting: list[ast.AST] = [function.body] if isinstance(function, ast.Lambda) else list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))
    return False


def check_callable(name: str, bindings: Bindings, source_file: str) -> Iterator[tuple[int, RouteFileError]]:
    """A literal where a callable is meant, with its line."""
    binding = bindings.last(name)
    if binding is not None and binding.node is not None and is_literal(binding.node):
        problem = f"{name} is {render_node(binding.node, 40)}, which cannot be called. Allowed is a function or another callable"
        hint = f"Write 'async def {name}(...)', or rename the constant"
        yield binding.line, RouteFileError(problem, where=f"{source_file}:{binding.line}", hint=hint)


def check_arguments(
    methods: Sequence[Export], bindings: Bindings, parameter_names: Sequence[str], source_file: str
) -> Iterator[tuple[int, RouteFileError]]:
    """The arguments of handlers that nothing can fill, with their lines.

    Functions behind decorators, and those defined elsewhere, are checked when the route is loaded.

    Args:
        methods: The handlers to look at.
        bindings: Of their file.
        parameter_names: What the route's path captures.
        source_file: For the problems.
    """
    for export, function in plain_handlers(methods, bindings):
        signature = plain_signature(export.name, function, Module(bindings, source_file))
        yield from check_parameters(signature, parameter_names)


def check_parameters(signature: Signature, parameter_names: Sequence[str]) -> Iterator[tuple[int, RouteFileError]]:
    """The parameters of a handler or dependency that nothing can fill, with their lines.

    A parameter is filled by its name (a captured segment, `request`, `params`, `context`), its annotation or its default.
    """
    for argument, default in signature.arguments:
        is_bare = argument.annotation is None and default is None
        if is_bare and argument.arg not in (*parameter_names, *RESERVED_NAMES):
            fault, hint = unfillable(argument.arg, parameter_names)
            problem = f"argument {argument.arg!r} of {signature.name} {fault}"
            where = f"{signature.module.source_file}:{argument.lineno}"
            yield argument.lineno, RouteFileError(problem, where=where, hint=hint)
    yield from signature.found_problems()


def plain_handlers(methods: Sequence[Export], bindings: Bindings) -> Iterator[tuple[Export, Function]]:
    """The handlers that are defined in the file without decorators, each once."""
    seen: set[int] = set()
    for export in methods:
        binding = bindings.last(export.name)
        function = bindings.function_of(binding) if binding else None
        if function is not None and not export.is_decorated and id(function) not in seen:
            seen.add(id(function))
            yield export, function


def check_returns(
    methods: Sequence[Export], bindings: Bindings, source_file: str
) -> Iterator[tuple[int, RouteFileError]]:
    """The handlers' return annotations that cannot have an effect, with their lines, as far as the source shows.

    Handlers behind decorators, and those defined elsewhere, are checked when the route is loaded.
    """
    for export, function in plain_handlers(methods, bindings):
        if isinstance(function, ast.Lambda):
            continue
        returned = unquoted(function.returns)
        if returned is not None:
            for problem, hint in (*_status_problems(returned, bindings), *_type_problems(returned, bindings)):
                where = f"{source_file}:{function.lineno}"
                yield function.lineno, RouteFileError(f"{export.name}: {problem}", where=where, hint=hint)


def _status_problems(returned: ast.expr, bindings: Bindings) -> Iterator[tuple[str, str]]:
    outer: list[ast.expr] = []
    if _last_name(returned, bindings) == "Annotated" and isinstance(returned, ast.Subscript):
        outer = list(returned.slice.elts) if isinstance(returned.slice, ast.Tuple) else []
    for node in ast.walk(returned):
        if not isinstance(node, ast.Call) or bindings.dotted_name(node.func) != "edgeroutes.Status":
            continue
        status = next((each.value for each in node.args if isinstance(each, ast.Constant)), 200)
        if type(status) is not int or not 200 <= status <= 599:
            yield f"Status has the value {status!r}. Allowed is a number from 200 to 599", "Correct it"
        elif node not in outer[1:]:
            problem = f"Status({status}) has no effect inside the return annotation"
            yield problem, f"Write '-> Annotated[…, Status({status})]' around the whole annotation"
        elif status in _BODILESS and not (isinstance(outer[0], ast.Constant) and outer[0].value is None):
            problem = f"status {status} has no body, and the return annotation has a type for one"
            yield problem, f"Write '-> Annotated[None, Status({status})]'"


def _type_problems(returned: ast.expr, bindings: Bindings) -> Iterator[tuple[str, str]]:
    for node in type_names(returned, bindings):
        name = bindings.dotted_name(node) or ""
        if (
            isinstance(node, ast.Name)
            and is_for_type_checkers(node.id, bindings)
            and not _is_found_anyway(node, bindings)
        ):
            problem = f"the return type {node.id} is imported for type checkers only, and is needed when the route runs"
            yield problem, "Import it outside 'if TYPE_CHECKING:'"
        binding = bindings.last(node.id) if isinstance(node, ast.Name) else None
        is_bare = binding is not None and isinstance(binding.node, ast.ClassDef) and _has_no_fields(binding.node)
        is_imported = binding is None or binding.kind == "import"
        if is_bare or (is_imported and name in _UNCONVERTIBLE):
            hint = (
                "Use a dataclass, TypedDict, NamedTuple, pydantic model, msgspec Struct, JSON's own types or Response"
            )
            yield f"the return type {name} cannot be used to convert a response", hint


def type_names(node: ast.expr | None, bindings: Bindings) -> Iterator[ast.Name | ast.Attribute]:
    """The types in an annotation, without the values in Annotated and Literal."""
    if isinstance(node, ast.Name | ast.Attribute):
        yield node
    elif isinstance(node, ast.Subscript):
        name = _last_name(node, bindings)
        inner = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        yield from type_names(node.value, bindings)
        for each in inner[: {"Annotated": 1, "Literal": 0}.get(name)]:
            yield from type_names(each, bindings)
    elif isinstance(node, ast.BinOp):
        yield from (*type_names(node.left, bindings), *type_names(node.right, bindings))


def is_for_type_checkers(name: str, bindings: Bindings) -> bool:
    """Whether the file has the name under `if TYPE_CHECKING:` alone."""
    return name in bindings.imports and bindings.last(name) is None


def _is_found_anyway(node: ast.Name, bindings: Bindings) -> bool:
    """Whether edgeroutes finds a name in a return annotation without the import."""
    return bindings.imports[node.id].startswith(_FOUND_ANYWAY)


def _has_no_fields(node: ast.ClassDef) -> bool:
    """Whether it is a plain class, which neither a decorator nor a base class nor `__json__` makes a model."""
    defined = {getattr(statement, "name", "") for statement in node.body}
    return not (node.bases or node.keywords or node.decorator_list or defined & {"__json__", _PYDANTIC_HOOK})


def _last_name(node: ast.expr, bindings: Bindings) -> str:
    name = bindings.dotted_name(node.value) if isinstance(node, ast.Subscript) else None
    return (name or "").rpartition(".")[2]
