"""What an expression stands for, as far as boto3 is concerned: a client, a resource, a text, a variable.

Names are followed to where they are bound: in the function, in the module, or in another module of the project by the line that
imports it, as the tracer found it. A parameter holds what the call that is followed gives it; what is computed is not known.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgeroutes.build.imports import parse_imports
from edgeroutes.routing.python_source import parse_python

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from edgeroutes.build.imports import ImportSite


Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Variable:
    """A text that the environment has: `os.environ["USERS_TABLE"]`."""

    name: str


@dataclass(frozen=True, slots=True)
class Client:
    """`boto3.client("dynamodb")`; with an operation, a paginator or waiter of it."""

    service: str
    operation: str = ""


@dataclass(frozen=True, slots=True)
class Thing:
    """`boto3.resource("dynamodb").Table(name)`: the service's resource by its path, `("Table",)`, and what identifies it."""

    service: str
    path: tuple[str, ...] = ()
    identifiers: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name of boto3 or of os: `boto3.client`. A session is like boto3 itself."""

    name: str


@dataclass(frozen=True, slots=True)
class Definition:
    """A function or class of the project, in its place."""

    node: Scope
    place: Place


@dataclass(frozen=True, slots=True)
class Modules:
    """What a name stands for that an import bound: modules of the project, the package first."""

    files: tuple[SourceFile, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SourceFile:
    """A module of the project, read.

    Args:
        path: Its file.
        tree: Its source.
        sites: What it imports, by the name that is bound.
        targets: Line of an import → the modules of the project that it reaches.
    """

    path: Path
    tree: ast.Module
    sites: Mapping[str, ImportSite]
    targets: dict[int, list[SourceFile]] = field(default_factory=dict)

    @property
    def definitions(self) -> dict[str, Scope]:
        """Its functions and classes, also those behind an `if` or `try`."""
        return {node.name: node for node in _own_statements(self.tree.body) if isinstance(node, Scope)}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands: a file, in it the classes and functions around it, outermost first, and what the innermost was given."""

    file: SourceFile
    scopes: tuple[Scope, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)


def parameter_names(function: Function) -> set[str]:
    """What a function calls its arguments."""
    return {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}


def read_source(path: Path, where: str) -> SourceFile:
    """The file, read.

    Raises:
        ImportRaisedError: It is not Python.
    """
    source = path.read_bytes()
    imports = parse_imports(source, where=where)
    sites = {name: site for site in imports.sites for name in site.binds}
    return SourceFile(path=path, tree=parse_python(source), sites=sites)


def _own_statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a body and of the blocks in it, but not of its functions and classes."""
    for statement in body:
        yield statement
        if not isinstance(statement, Scope):
            for _, value in ast.iter_fields(statement):
                blocks = value if isinstance(value, list) else []
                inner = [each for each in blocks if isinstance(each, ast.stmt)]
                yield from _own_statements(inner)
                for each in blocks:
                    if isinstance(each, ast.ExceptHandler | ast.match_case):
                        yield from _own_statements(each.body)


_DEPTH = 24
_PROPERTIES = frozenset({"property", "cached_property"})


def value_of(node: ast.expr | None, place: Place, depth: int = 0) -> Any:
    """What the expression stands for; None where that is not known. Lists and mappings hold values, too."""
    read = _READERS.get(type(node))
    return None if read is None or depth > _DEPTH else read(node, place, depth + 1)


def _constant(node: ast.Constant, _: Place, __: int) -> Any:
    return node.value if isinstance(node.value, str) else None


def _name(node: ast.Name, place: Place, depth: int) -> Any:
    for count in range(len(place.scopes), 0, -1):
        scope = place.scopes[count - 1]
        if isinstance(scope, ast.ClassDef):
            continue
        is_innermost = count == len(place.scopes)
        if node.id in parameter_names(scope):
            return place.given.get(node.id) if is_innermost else None
        inner = place if is_innermost else Place(place.file, place.scopes[:count])
        bound = list(_bound(scope.body, node.id))
        if bound:
            return _first(bound, inner, depth)
    return value_in(place.file, node.id, depth)


def value_in(file: SourceFile, name: str, depth: int = 0) -> Any:
    """What the module has by this name: its own, or imported."""
    if depth > _DEPTH:
        return None
    bound = list(_bound(file.tree.body, name))
    if bound:
        return _first(bound, Place(file), depth)
    if name in file.definitions:
        return Definition(file.definitions[name], Place(file))
    site = file.sites.get(name)
    return None if site is None else _imported(file, site, name, depth)


def _imported(file: SourceFile, site: ImportSite, name: str, depth: int) -> Any:
    if not site.level and site.module.partition(".")[0] in {"boto3", "os"}:
        wanted = f".{site.names[site.binds.index(name)]}" if site.names else ""
        return Symbol(f"{site.module}{wanted}" if wanted else _name_bound(site))
    targets = file.targets.get(site.line, [])
    if not site.names:
        return Modules(tuple(targets))
    wanted = site.names[site.binds.index(name)]
    for target in targets:
        found = value_in(target, wanted, depth + 1)
        if found is not None:
            return found
    return Modules(tuple(each for each in targets if wanted in {each.path.stem, each.path.parent.name}))


def _name_bound(site: ImportSite) -> str:
    """What `import a.b` binds is a; `import a.b as c` binds a.b."""
    top = site.module.partition(".")[0]
    return top if site.binds == (top,) else site.module


def _attribute(node: ast.Attribute, place: Place, depth: int) -> Any:
    if isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}:
        return _of_self(node.attr, place, depth)
    base = value_of(node.value, place, depth)
    if isinstance(base, Symbol):
        name = f"{base.name}.{node.attr}".replace("boto3.session.", "boto3.")
        return Symbol(name)
    if isinstance(base, Modules):
        found = (value_in(file, node.attr, depth) for file in base.files)
        return next((each for each in found if each is not None), None)
    if isinstance(base, Thing):  # a collection: bucket.objects
        return Thing(base.service, (*base.path, node.attr), base.identifiers)
    return None


def _of_self(name: str, place: Place, depth: int) -> Any:
    """An attribute of the object that the code around belongs to: assigned in one of its methods, a property, or a method."""
    index = next((n for n, scope in enumerate(place.scopes) if isinstance(scope, ast.ClassDef)), None)
    if index is None:
        return None
    owner, scopes = place.scopes[index], place.scopes[: index + 1]
    for method in owner.body:
        if not isinstance(method, Function):
            continue
        inner = Place(place.file, (*scopes, method))
        if method.name == name:
            return (
                _returned(method, inner, depth)
                if _is_property(method)
                else Definition(method, Place(place.file, scopes))
            )
        for statement in _own_statements(method.body):
            found = [value for target, value in _targets(statement) if _is_own_attribute(target, name)]
            known = _first(found, inner, depth)
            if known is not None:
                return known
    return _first(list(_bound(owner.body, name)), Place(place.file, scopes), depth)


def _call(node: ast.Call, place: Place, depth: int) -> Any:
    function = value_of(node.func, place, depth)
    if isinstance(function, Symbol):
        return _call_symbol(function.name, node, place, depth)
    if isinstance(function, Definition) and isinstance(function.node, Function):
        scopes = (*function.place.scopes, function.node)
        given = _given(function.node, node, place, depth)
        return _returned(function.node, Place(function.place.file, scopes, given), depth)
    if not isinstance(node.func, ast.Attribute):
        return None
    if isinstance(function, Thing) and node.func.attr[:1].isupper():
        identifiers = (value_of(each, place, depth) for each in arguments(node))
        return Thing(function.service, function.path, (*function.identifiers, *identifiers))
    base = value_of(node.func.value, place, depth)
    if isinstance(base, Client) and node.func.attr in {"get_paginator", "get_waiter"}:
        operation = value_of(argument(node, 0, "operation_name", "waiter_name"), place, depth)
        return Client(base.service, operation) if isinstance(operation, str) else None
    return None


def _given(function: Function, call: ast.Call, place: Place, depth: int) -> dict[str, Any]:
    """Parameter → what a call gives it."""
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    if names[:1] in (["self"], ["cls"]):
        del names[0]
    by_position = zip(names, call.args, strict=False)
    by_name = ((keyword.arg, keyword.value) for keyword in call.keywords if keyword.arg)
    return {name: value_of(value, place, depth) for name, value in (*by_position, *by_name)}


def _call_symbol(name: str, node: ast.Call, place: Place, depth: int) -> Any:
    if name == "boto3.Session":
        return Symbol("boto3")
    first = value_of(argument(node, 0, "service_name", "key"), place, depth)
    if not isinstance(first, str):
        return None
    if name in {"os.getenv", "os.environ.get"}:
        return Variable(first)
    made = {"boto3.client": Client, "boto3.resource": Thing}.get(name)
    return made(first) if made else None


def arguments(node: ast.Call) -> list[ast.expr]:
    """The values that a call passes, by position, then by name."""
    return [*node.args, *(keyword.value for keyword in node.keywords)]


def argument(node: ast.Call, position: int, *names: str) -> ast.expr | None:
    """The value of one argument, passed by position or by one of these names."""
    if len(node.args) > position:
        return node.args[position]
    return next((keyword.value for keyword in node.keywords if keyword.arg in names), None)


def _subscript(node: ast.Subscript, place: Place, depth: int) -> Any:
    key = value_of(node.slice, place, depth)
    is_environment = value_of(node.value, place, depth) == Symbol("os.environ")
    return Variable(key) if is_environment and isinstance(key, str) else None


def _list(node: ast.List | ast.Tuple, place: Place, depth: int) -> Any:
    return [value_of(each, place, depth) for each in node.elts]


def _dict(node: ast.Dict, place: Place, depth: int) -> Any:
    pairs = zip(node.keys, node.values, strict=True)
    return {value_of(key, place, depth): value_of(value, place, depth) for key, value in pairs if key is not None}


def _either(node: ast.BoolOp | ast.IfExp, place: Place, depth: int) -> Any:
    choices = node.values if isinstance(node, ast.BoolOp) else [node.body, node.orelse]
    return _first(choices, place, depth)


def _inside(node: ast.Await | ast.NamedExpr, place: Place, depth: int) -> Any:
    return value_of(node.value, place, depth)


def _first(nodes: list[ast.expr], place: Place, depth: int) -> Any:
    found = (value_of(node, place, depth) for node in nodes)
    return next((each for each in found if each is not None), None)


def _returned(function: Function, place: Place, depth: int) -> Any:
    returns = [each.value for each in _own_statements(function.body) if isinstance(each, ast.Return) and each.value]
    return _first(returns, place, depth)


def _bound(body: Iterable[ast.stmt], name: str) -> Iterator[ast.expr]:
    for statement in _own_statements(body):
        for target, value in _targets(statement):
            if isinstance(target, ast.Name) and target.id == name:
                yield value


def _targets(statement: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(statement, ast.Assign):
        yield from ((target, statement.value) for target in statement.targets)
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        yield statement.target, statement.value
    elif isinstance(statement, ast.With | ast.AsyncWith):
        yield from ((item.optional_vars, item.context_expr) for item in statement.items if item.optional_vars)


def _is_own_attribute(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Attribute) and target.attr == name and getattr(target.value, "id", "") == "self"


def _is_property(function: Function) -> bool:
    names = {getattr(each, "id", getattr(each, "attr", "")) for each in function.decorator_list}
    return bool(names & _PROPERTIES)


_READERS: dict[type[ast.expr | None], Any] = {
    ast.Attribute: _attribute,
    ast.Await: _inside,
    ast.BoolOp: _either,
    ast.Call: _call,
    ast.Constant: _constant,
    ast.Dict: _dict,
    ast.IfExp: _either,
    ast.List: _list,
    ast.Name: _name,
    ast.NamedExpr: _inside,
    ast.Subscript: _subscript,
    ast.Tuple: _list,
}
