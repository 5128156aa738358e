"""The uploads that a function's own files declare and use, read from their source."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.errors import ConfigError
from edgeroutes.routing.python_source import parse_python
from edgeroutes.routing.uploads import UploadsConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from edgeroutes.build.graph import ImportGraph

_MODULE = "edgeroutes.uploads"
_METHODS = frozenset({"presigned_post", "presigned_put", "presigned_parts", "complete", "claim", "save"})
_ANY_TYPE = ("*/*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionUploads:
    """What one function does with uploads.

    Args:
        declared: Each `Uploads`, with bucket and prefix as they are written.
        methods: The names of the methods that its files call.
    """

    declared: tuple[UploadsConfig, ...] = ()
    methods: frozenset[str] = frozenset()


def read_uploads(graph: ImportGraph) -> FunctionUploads:
    """What a function's own files declare and call.

    Raises:
        ConfigError: A bucket or a prefix is not a literal, so that the template cannot have its permissions.
    """
    declared: dict[UploadsConfig, None] = {}
    methods: set[str] = set()
    for module in graph.project_modules:
        source = module.file.read_bytes() if module.file.suffix == ".py" else b""
        if not any(each.encode() in source for each in ("uploads", *_METHODS)):
            continue
        try:
            tree = parse_python(source, str(module.file))
        except (SyntaxError, ValueError, RecursionError):  # the trace reports it
            continue
        declared.update(dict.fromkeys(_declared(tree, lambda line, file=module.file: graph.where(file, line))))
        methods.update(
            node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in _METHODS
        )
    return FunctionUploads(declared=tuple(declared), methods=frozenset(methods) if declared else frozenset())


def _declared(tree: ast.Module, where: object) -> Iterator[UploadsConfig]:
    names = set(_names(ast.walk(tree)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
            yield _config(node, where(node.lineno))  # type: ignore[operator]


def _names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """How a file calls `Uploads`."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module == _MODULE:
            yield from (each.asname or each.name for each in node.names if each.name == "Uploads")
        elif isinstance(node, ast.ImportFrom) and node.module == "edgeroutes":
            yield from (f"{each.asname or each.name}.Uploads" for each in node.names if each.name == "uploads")
        elif isinstance(node, ast.Import):
            yield from (f"{each.asname or each.name}.Uploads" for each in node.names if each.name == _MODULE)


def _config(call: ast.Call, where: str) -> UploadsConfig:
    given = {each.arg: each.value for each in call.keywords}
    bucket = call.args[0] if call.args else given.get("bucket")
    prefix = given.get("prefix", ast.Constant("incoming/"))
    if not isinstance(bucket, ast.Constant) or not isinstance(prefix, ast.Constant):
        hint = "Write both as strings: the template grants permissions by them"
        raise ConfigError("the bucket or the prefix of Uploads is not a string literal", where=where, hint=hint)
    try:
        return UploadsConfig(bucket.value, types=_ANY_TYPE, max_bytes=1, prefix=prefix.value)  # type: ignore[arg-type]
    except ValueError as error:
        problem, _, hint = str(error).partition(". ")
        raise ConfigError(problem, where=where, hint=hint) from error
