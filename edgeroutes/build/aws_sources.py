"""A project's modules as the finder of AWS calls reads them, and what a name in them can stand for."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgeroutes.build.imports import parse_imports
from edgeroutes.routing.python_source import parse_python

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from edgeroutes.build.import_values import ImportSite

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
        return {node.name: node for node in own_statements(self.tree.body) if isinstance(node, Scope)}


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


def own_statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a body and of the blocks in it, but not of its functions and classes."""
    for statement in body:
        yield statement
        if not isinstance(statement, Scope):
            for _, value in ast.iter_fields(statement):
                blocks = value if isinstance(value, list) else []
                inner = [each for each in blocks if isinstance(each, ast.stmt)]
                yield from own_statements(inner)
                for each in blocks:
                    if isinstance(each, ast.ExceptHandler | ast.match_case):
                        yield from own_statements(each.body)
