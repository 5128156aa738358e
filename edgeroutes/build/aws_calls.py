"""What a route's own modules call with boto3, read from their source.

Only what the route can come to counts: the statements of every module that it imports, of their functions and classes those whose names
are mentioned where it can come to, and of a class the methods whose names are used there, of whatever object. Distributions and
edgeroutes itself are not read; a test that enforces IAM sees their calls.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgeroutes.build.aws_values import (
    Client,
    Definition,
    Function,
    Modules,
    Place,
    Scope,
    SourceFile,
    Symbol,
    Thing,
    argument,
    arguments,
    parameter_names,
    read_source,
    value_in,
    value_of,
)
from edgeroutes.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from edgeroutes.build.graph import ImportGraph

    _Piece = tuple[Place, ast.AST]

_NO_CALLS = frozenset({"can_paginate", "close", "get_paginator", "get_waiter", "get_available_subresources"})
_MAKERS = frozenset({"boto3.client", "boto3.resource"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsCall:
    """One call in a source.

    Args:
        where: File and line.
        service: As boto3 calls it: `dynamodb`.
        path: Of a resource: `("Table",)`; empty for a client's method.
        method: `put_item`; of a paginator or waiter its name.
        identifiers: What the resource was made of.
        arguments: By position, as the parameters.
        parameters: By name: texts, environment variables (`Variable`), lists and mappings of them; None where not known.
        is_open: Whether there are more, which `**` passes.
    """

    where: str
    service: str
    path: tuple[str, ...] = ()
    method: str
    identifiers: tuple[Any, ...] = ()
    arguments: tuple[Any, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    is_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsUse:
    """All that was found, in the order of files and lines; `unread` are calls whose service or operation the source does not show."""

    calls: tuple[AwsCall, ...] = ()
    unread: tuple[Problem, ...] = ()


def find_aws_calls(graph: ImportGraph) -> AwsUse:
    """What the project's modules in the graph call with boto3.

    Args:
        graph: Traced from a function's routes and middleware.

    Raises:
        ImportRaisedError: A file is not Python.
    """
    files = _read_files(graph)
    reader = _Reader(graph=graph)
    for place, node in _reached(files, graph):
        reader.read(node, place)
    # Who calls a function that passes its parameter on tells the service, or not; one that nobody here calls does not.
    unread = [*reader.unread, *(each for function, each in reader.passing.items() if function not in reader.called)]
    by_line = sorted(reader.calls, key=_position)
    return AwsUse(calls=tuple(by_line), unread=tuple(sorted(unread, key=_position)))


def _position(found: AwsCall | Problem) -> tuple[str, int]:
    file, _, line = found.where.rpartition(":")
    return file, int(line)


def _read_files(graph: ImportGraph) -> dict[str, SourceFile]:
    files = {
        str(module.file): read_source(module.file, module.archive_path)
        for module in graph.project_modules
        if module.file.suffix == ".py"
    }
    for reached in graph.modules.values():
        target = files.get(str(reached.module.path))
        for reason in reached.reasons if target else ():
            importer = files.get(str(reason.importer))
            if importer is not None and target is not None:
                importer.targets.setdefault(reason.line, []).append(target)
    return files


def _reached(files: Mapping[str, SourceFile], graph: ImportGraph) -> Iterator[tuple[Place, ast.AST]]:
    """The statements, functions and methods that the entries can come to, each once."""
    seen: set[ast.AST] = set()
    asked: set[str] = set()  # attributes
    dormant: dict[str, list[_Piece]] = {}  # methods, by names that are not used yet
    waiting: list[_Piece] = []
    for file in files.values():
        is_entry = file.path in graph.entries
        waiting += [(Place(file), each) for each in file.tree.body if is_entry or not isinstance(each, Scope)]
    while waiting:
        place, node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, ast.ClassDef):
            for piece, name in _parts(node, place):
                (waiting if not name or name in asked else dormant.setdefault(name, [])).append(piece)
            continue
        yield place, node
        for name in {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)} - asked:
            asked.add(name)
            waiting += dormant.pop(name, [])
        waiting += _mentioned(node, place.file)


def _parts(node: ast.ClassDef, place: Place) -> Iterator[tuple[_Piece, str]]:
    """What a class consists of; of a method that somebody has to ask for, the name."""
    for each in (*node.bases, *node.decorator_list):
        yield (place, each), ""
    for statement in node.body:
        is_method = isinstance(statement, Function) and not statement.name.startswith("__")
        inner = Place(place.file, (*place.scopes, node))
        yield (inner, statement), statement.name if is_method else ""  # type: ignore[attr-defined]  # a function


def _mentioned(node: ast.AST, file: SourceFile) -> Iterator[_Piece]:
    """The definitions of the project that a piece of source names."""
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            found = file.definitions.get(each.id) or _imported(each.id, file)
        elif isinstance(each, ast.Attribute):
            found = _member(each, file)
        else:
            continue
        if isinstance(found, Definition):
            yield found.place, found.node
        elif isinstance(found, Scope):
            yield Place(file), found


def _imported(name: str, file: SourceFile) -> Any:
    return value_in(file, name) if name in file.sites else None


def _member(node: ast.Attribute, file: SourceFile) -> Any:
    """`store.save`, where store is a module of the project."""
    base = value_of(node.value, Place(file)) if isinstance(node.value, ast.Name | ast.Attribute) else None
    if not isinstance(base, Modules):
        return None
    return next((found for each in base.files if (found := value_in(each, node.attr)) is not None), None)


def _passes_parameter(node: ast.Call, place: Place) -> bool:
    """Whether a call passes on what the function around it is given."""
    around = place.scopes[-1] if place.scopes else None
    names = parameter_names(around) if isinstance(around, Function) else set()
    return any(isinstance(each, ast.Name) and each.id in names for each in arguments(node))


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Gathers the calls of pieces of source."""

    graph: ImportGraph
    calls: list[AwsCall] = field(default_factory=list)
    unread: list[Problem] = field(default_factory=list)
    passing: dict[Scope, Problem] = field(default_factory=dict)
    called: set[Scope] = field(default_factory=set)
    makers: dict[Scope, bool] = field(default_factory=dict)

    def read(self, node: ast.AST, place: Place) -> None:
        if isinstance(node, ast.Call):
            self._call(node, place)
        inner = Place(place.file, (*place.scopes, node)) if isinstance(node, Scope) else place
        for child in ast.iter_child_nodes(node):
            self.read(child, inner)

    def _call(self, node: ast.Call, place: Place) -> None:
        if isinstance(node.func, ast.Attribute):
            self._method(node.func, node, place)
        for each in node.args:  # asyncio.to_thread(client.put_item, TableName=…), partial(…)
            if isinstance(each, ast.Attribute):
                self._method(each, node, place)
        self._maker(node, place)

    def _maker(self, node: ast.Call, place: Place) -> None:
        """A call that has to tell the service: of boto3's own functions, or of one that passes its parameter on to them."""
        function = value_of(node.func, place)
        if isinstance(function, Definition):
            self.called.add(function.node)
        if self._makes(function) and value_of(node, place) is None:
            unread = self._not_read(node, place, f"{ast.unparse(node.func)}: which service it is for is not known")
            if _passes_parameter(node, place):
                self.passing[place.scopes[-1]] = unread
            else:
                self.unread.append(unread)

    def _makes(self, function: Any) -> bool:
        """Whether what a call calls makes a client of what it is given: boto3's own, or a function that passes a parameter on to one."""
        if isinstance(function, Symbol):
            return function.name in _MAKERS
        if not isinstance(function, Definition) or not isinstance(function.node, Function):
            return False
        if function.node not in self.makers:
            self.makers[function.node] = False  # as long as it is being looked at: it may call itself
            inner = Place(function.place.file, (*function.place.scopes, function.node))
            calls = (each for each in ast.walk(function.node) if isinstance(each, ast.Call))
            makes = any(_passes_parameter(each, inner) and self._makes(value_of(each.func, inner)) for each in calls)
            self.makers[function.node] = makes
        return self.makers[function.node]

    def _method(self, method: ast.Attribute, call: ast.Call, place: Place) -> None:
        base = value_of(method.value, place)
        if isinstance(base, Client) and method.attr == "generate_presigned_url":
            self._presigned(call, place, base)
        elif isinstance(base, Client) and method.attr not in _NO_CALLS:
            self._add(call, place, service=base.service, method=base.operation or method.attr)
        elif (
            isinstance(base, Thing)
            and base.path
            and method.attr[:1].islower()
            and method.attr != "get_available_subresources"
        ):
            self._add(
                call, place, service=base.service, path=base.path, method=method.attr, identifiers=base.identifiers
            )

    def _presigned(self, call: ast.Call, place: Place, client: Client) -> None:
        """Whoever uses the URL does so as the one who signed it."""
        method = value_of(argument(call, 0, "ClientMethod"), place)
        if not isinstance(method, str):
            problem = "generate_presigned_url: for which method is not known"
            self.unread.append(self._not_read(call, place, problem))
            return
        parameters = value_of(argument(call, 1, "Params"), place)
        known = parameters if isinstance(parameters, dict) else {}
        self._append(
            call, place, service=client.service, method=method, parameters=known, is_open=known is not parameters
        )

    def _add(self, call: ast.Call, place: Place, **found: Any) -> None:
        parameters = {each.arg: value_of(each.value, place) for each in call.keywords if each.arg}
        given = tuple(value_of(each, place) for each in call.args)
        is_open = any(each.arg is None for each in call.keywords)
        self._append(call, place, arguments=given, parameters=parameters, is_open=is_open, **found)

    def _append(self, call: ast.Call, place: Place, **found: Any) -> None:
        self.calls.append(AwsCall(where=self.graph.where(place.file.path, call.lineno), **found))

    def _not_read(self, node: ast.Call, place: Place, problem: str) -> Problem:
        return Problem(problem, where=self.graph.where(place.file.path, node.lineno))
