"""The exports of route and middleware files, read from their source.

Misspelt exports are problems; reads of the request's headers, cookies and client are found for `explain`.
"""

from __future__ import annotations

import ast
import difflib
import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ImportRaisedError, LayoutError, ProblemsError, ProjectError, RouteFileError
from edgeroutes.routing.annotations import AnnotationChecker
from edgeroutes.routing.bindings import read_bindings
from edgeroutes.routing.callables import Module
from edgeroutes.routing.conventions import (
    APP_EXPORT,
    CONFIG_NAMES,
    GUARD_NAMES,
    METHODS,
    STATIC_PARAMS_EXPORT,
    SegmentConfig,
    require_config_value,
)
from edgeroutes.routing.handlers import (
    Export,
    check_arguments,
    check_callable,
    check_returns,
    is_streaming,
    plain_handlers,
    read_export,
    read_methods,
)
from edgeroutes.routing.patterns import Pattern, parse_pattern
from edgeroutes.routing.python_source import GUARD_CLASSES, is_literal, parse_python, read_constant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from edgeroutes.http.cors import CORS
    from edgeroutes.routing.bindings import Binding, Bindings
    from edgeroutes.routing.guards import AuthConfig, IdempotencyConfig, RateLimitConfig


_Found = tuple[int, ProjectError]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteExports:
    """What a route file exports.

    Args:
        source_file: As it was given.
        methods: In the order of METHODS.
        app: The ASGI application that serves all methods.
        generate_static_params: The function of that name.
        config: Only what is allowed; what is not is a problem.
        config_lines: Name → line of what the config sets.
        streams: Whether its responses stream: `streaming`, else what the source shows.
        problems: What is wrong with the file, by line, all of it; empty for a good one.
        nothing_exported: The problem of a file that exports neither method nor app; apart, since such a file still
            responds (405, and 204 to OPTIONS).
    """

    source_file: str
    methods: tuple[Export, ...] = ()
    app: Export | None = None
    generate_static_params: Export | None = None
    config: SegmentConfig
    config_lines: Mapping[str, int] = field(default_factory=dict)
    streams: bool = False
    problems: tuple[ProjectError, ...] = ()
    nothing_exported: RouteFileError | None = None

    @property
    def method_names(self) -> tuple[str, ...]:
        return tuple(export.name for export in self.methods)


@dataclass(frozen=True, slots=True, kw_only=True)
class MiddlewareExports:
    """What a middleware file exports.

    Args:
        source_file: As it was given.
        middleware: The function; None where the file declares guards or CORS alone. It is a problem if it declares nothing.
        cors: For the routes of its folder: a `CORS`, False for none, or None where it is not set.
        auth, limit, idempotent: The same of guards; whatever `matcher` says, they are for every route of the folder.
        config_lines: Name → line of what of these is set.
        matcher: The patterns that it is for, or None for every route at or below its folder.
        problems: What is wrong with the file, by line, all of it.
    """

    source_file: str
    middleware: Export | None = None
    cors: CORS | bool | None = None
    auth: AuthConfig | bool | None = None
    limit: tuple[RateLimitConfig, ...] | bool | None = None
    idempotent: IdempotencyConfig | bool | None = None
    config_lines: Mapping[str, int] = field(default_factory=dict)
    matcher: tuple[Pattern, ...] | None = None
    problems: tuple[ProjectError, ...] = ()


def config_lines(source: str) -> dict[str, int]:
    """Name → line of the segment config in a route file's text; empty for one that is not Python."""
    parsed = read_module(source, "")
    if isinstance(parsed, ProjectError):
        return {}
    return _config_lines(parsed[1])


def _config_lines(bindings: Bindings) -> dict[str, int]:
    return {
        binding.name: binding.line
        for binding in bindings.every
        if binding.name in CONFIG_NAMES and not _is_guard_module(binding, bindings)
    }


def _is_guard_module(binding: Binding, bindings: Bindings) -> bool:
    """Whether a guard's name is a module here: `from edgeroutes import auth`, `import auth`."""
    name = binding.name
    return (
        binding.kind == "import" and name in GUARD_NAMES and bindings.imports.get(name) in (name, f"edgeroutes.{name}")
    )


def check_annotations(
    source: str,
    exports: RouteExports,
    parameter_names: Sequence[str],
    find_module: Callable[[str, str], Module | None],
) -> tuple[ProjectError, ...]:
    """What is wrong with the annotations of a route file's handlers, by line.

    Args:
        source: The file's text.
        exports: What it exports.
        parameter_names: What the route's path captures.
        find_module: See `AnnotationChecker`.
    """
    parsed = read_module(source, exports.source_file)
    if isinstance(parsed, ProjectError):
        return ()
    checker = AnnotationChecker(Module(parsed[1], exports.source_file), find_module)
    plain = {export.name for export, _ in plain_handlers(exports.methods, parsed[1])}
    return _by_line(
        found
        for export in exports.methods
        for found in checker.check_handler(export.name, parameter_names, is_plain=export.name in plain)
    )


@lru_cache(maxsize=4096)
def read_module(source: str, source_file: str) -> tuple[ast.Module, Bindings] | ProjectError:
    """A file's syntax tree and what it binds, or why it is not Python."""
    try:
        with warnings.catch_warnings(action="ignore"):  # such as an unknown escape in the author's file
            module = parse_python(source, source_file)
    except SyntaxError as err:
        return ImportRaisedError(f"syntax error: {err.msg}", where=f"{source_file}:{err.lineno or 1}")
    except (ValueError, RecursionError, MemoryError) as err:
        return ImportRaisedError(f"syntax error: {err}", where=source_file)
    return module, read_bindings(module)


@lru_cache(maxsize=4096)
def read_exports(source: str, source_file: str, parameter_names: tuple[str, ...] = ()) -> RouteExports:
    """The exports of a route file, and all its problems.

    Args:
        source: The file's text.
        source_file: For problems, such as 'functions/users/[id]/route.py'.
        parameter_names: The parameters of the route's path, which handlers may take by name.
    """
    parsed = read_module(source, source_file)
    if isinstance(parsed, ProjectError):
        return RouteExports(source_file=source_file, config=SegmentConfig(), problems=(parsed,))
    module, bindings = parsed
    methods = read_methods(bindings)
    app = read_export(APP_EXPORT, bindings)
    config, config_problems = _read_config(bindings, source_file)
    return RouteExports(
        source_file=source_file,
        methods=methods,
        app=app,
        generate_static_params=read_export(STATIC_PARAMS_EXPORT, bindings),
        config=config,
        config_lines=_config_lines(bindings),
        streams=is_streaming(methods, bindings, module) if config.streaming is None else config.streaming,
        problems=_by_line(
            [
                *config_problems,
                *check_names(bindings, source_file),
                *(found for name in METHODS for found in check_callable(name, bindings, source_file)),
                *check_callable(STATIC_PARAMS_EXPORT, bindings, source_file),
                *_check_app(app, methods, source_file),
                *check_arguments(methods, bindings, parameter_names, source_file),
                *check_returns(methods, bindings, source_file),
            ]
        ),
        nothing_exported=None if methods or app else _nothing_exported(bindings, source_file),
    )


def _by_line(found: Iterable[_Found]) -> tuple[ProjectError, ...]:
    return tuple(problem for _, problem in sorted(found, key=lambda pair: pair[0]))


def _check_app(app: Export | None, methods: Sequence[Export], source_file: str) -> Iterator[_Found]:
    if app is not None and methods:
        names = ", ".join(export.name for export in methods)
        problem = f"both 'app' and {names} are exported. Allowed is one ASGI application or methods"
        hint = "Move 'app' to a '[[...path]]' folder of its own, or give it another name"
        yield app.line, RouteFileError(problem, where=f"{source_file}:{app.line}", hint=hint)


def _nothing_exported(bindings: Bindings, source_file: str) -> RouteFileError:
    problem = f"no handler is exported. Allowed are {', '.join(METHODS)} and app"
    hint = "Write 'async def GET(request)'"
    if bindings.last("*") is not None:
        hint = "Import each handler by its name; 'import *' is not followed"
    return RouteFileError(problem, where=source_file, hint=hint)


def _read_config(bindings: Bindings, source_file: str) -> tuple[SegmentConfig, list[_Found]]:
    values, problems = _read_settings(CONFIG_NAMES, bindings, source_file)
    return SegmentConfig(**values), problems


def _read_settings(names: Iterable[str], bindings: Bindings, source_file: str) -> tuple[dict[str, Any], list[_Found]]:
    values: dict[str, Any] = {}
    problems: list[_Found] = []
    for name in sorted(names):
        binding = bindings.last(name)
        if binding is None or _is_guard_module(binding, bindings):
            continue
        where = f"{source_file}:{binding.line}"
        try:
            values[name] = require_config_value(name, read_constant(binding, bindings, where), where)
        except RouteFileError as err:
            problems.append((binding.line, err))
    return values, problems


@lru_cache(maxsize=1024)
def read_middleware(source: str, source_file: str) -> MiddlewareExports:
    """What this middleware file exports, and all that is wrong with it.

    Args:
        source: The file's text.
        source_file: For problems, such as 'functions/admin/middleware.py'.
    """
    parsed = read_module(source, source_file)
    if isinstance(parsed, ProjectError):
        return MiddlewareExports(source_file=source_file, problems=(parsed,))
    bindings = parsed[1]
    middleware = read_export("middleware", bindings)
    matcher, problems = _read_matcher(bindings, source_file)
    settings, config_problems = _read_settings(_FOLDER_CONFIG, bindings, source_file)
    problems += config_problems
    problems += _check_folder_config(bindings, source_file)
    if middleware is not None or matcher is not None or not _declares(bindings):
        problems += _check_middleware(middleware, bindings, source_file)
    return MiddlewareExports(
        source_file=source_file,
        middleware=middleware,
        config_lines={name: line for name, line in _config_lines(bindings).items() if name in _FOLDER_CONFIG},
        matcher=matcher,
        **settings,
        problems=_by_line(problems),
    )


# What a folder's middleware.py may declare for its routes.
_FOLDER_CONFIG = ("cors", *GUARD_NAMES)


def _declares(bindings: Bindings) -> bool:
    return any(name in _FOLDER_CONFIG for name in _config_lines(bindings))


def _check_folder_config(bindings: Bindings, source_file: str) -> Iterator[_Found]:
    """Config that only a route file may have, and misspelt names of a folder's config."""
    for binding in bindings.every:
        if binding.name in bindings.used or not (is_literal(binding.node) or _is_value_call(binding, bindings)):
            continue
        where = f"{source_file}:{binding.line}"
        if binding.name in CONFIG_NAMES and binding.name not in _FOLDER_CONFIG:
            problem = f"{binding.name!r} has no effect in a middleware file. Allowed are {', '.join(_FOLDER_CONFIG)}"
            yield binding.line, RouteFileError(problem, where=where, hint="Move it to the route files")
        elif _is_value_call(binding, bindings) and binding.name not in _FOLDER_CONFIG:
            unnamed = _guard_fault(binding, bindings)
            likely = _likely(binding.name, [*_FOLDER_CONFIG])
            if unnamed is not None:
                yield binding.line, RouteFileError(unnamed[0], where=where, hint=unnamed[1])
            elif likely is not None and bindings.last(likely) is None:
                problem = f"{binding.name!r} is not the config of a folder"
                yield binding.line, RouteFileError(problem, where=where, hint=f"Rename it to {likely!r}")


def _check_middleware(middleware: Export | None, bindings: Bindings, source_file: str) -> Iterator[_Found]:
    signature = "async def middleware(request, call_next)"
    if middleware is None:
        names = [binding.name for binding in bindings.every if binding.kind == "function"]
        close = difflib.get_close_matches("middleware", names, n=1)
        problem = "no function 'middleware' is exported"
        hint = f"Rename {close[0]!r} to 'middleware'" if close else f"Write '{signature}'"
        yield 0, RouteFileError(problem, where=source_file, hint=hint)
    elif middleware.is_async is False and not middleware.is_decorated:
        problem = "middleware is a plain function, which cannot await call_next"
        where = f"{source_file}:{middleware.line}"
        yield middleware.line, RouteFileError(problem, where=where, hint=f"Write '{signature}'")
    elif not middleware.is_decorated:
        yield from _check_middleware_arguments(middleware, bindings, source_file, signature)


def _check_middleware_arguments(
    middleware: Export, bindings: Bindings, source_file: str, signature: str
) -> Iterator[_Found]:
    binding = bindings.last("middleware")
    function = bindings.function_of(binding) if binding is not None else None
    if function is None:
        return
    taken = [*function.args.posonlyargs, *function.args.args]
    required = len(taken) - len(function.args.defaults)
    if required > 2 or (len(taken) < 2 and function.args.vararg is None):
        names = ", ".join(argument.arg for argument in taken)
        problem = f"the middleware takes ({names}). Allowed are the request and call_next"
        hint = f"Write '{signature}', and end it with 'return await call_next(request)'"
        yield middleware.line, RouteFileError(problem, where=f"{source_file}:{middleware.line}", hint=hint)
    elif middleware.is_generator:
        problem = "the middleware is a generator. Allowed is a function that returns a response"
        hint = "Write 'return await call_next(request)' instead of 'yield'"
        yield middleware.line, RouteFileError(problem, where=f"{source_file}:{middleware.line}", hint=hint)


def _read_matcher(bindings: Bindings, source_file: str) -> tuple[tuple[Pattern, ...] | None, list[_Found]]:
    binding = bindings.last("matcher")
    if binding is None:
        return None, []
    where = f"{source_file}:{binding.line}"
    try:
        value = read_constant(binding, bindings, where)
        return _require_patterns(value, where), []
    except RouteFileError as err:
        return None, [(binding.line, err)]
    except ProblemsError as err:
        return None, [(binding.line, problem) for problem in err.problems]


def _require_patterns(value: object, where: str) -> tuple[Pattern, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not texts or not all(isinstance(text, str) for text in texts):
        problem = f"matcher is {value!r}. Allowed: a pattern in folder syntax, and a list of them"
        raise RouteFileError(problem, where=where, hint="Write one such as '/api/[[...path]]'")
    patterns, problems = [], []
    for text in texts:
        try:
            patterns.append(parse_pattern(text, where))
        except LayoutError as err:
            problems.append(RouteFileError(err.problem, where=where, hint=err.hint))
        except ProblemsError as err:
            problems += [RouteFileError(fault.problem, where=where, hint=fault.hint) for fault in err.problems]
    if problems:
        raise ProblemsError(problems)
    return tuple(patterns)


# High enough to leave 'tag' (0.857 like 'tags'), 'revalidator' (0.857) and 'stream' (0.8) to the author.
_CLOSE_CONFIG = 0.88
# 'PSOT' is 0.75 like 'POST'; only functions that are called so are looked at.
_CLOSE_METHOD = 0.75

# Source: RFC 9110 section 9 and draft-ietf-httpbis-safe-method-w-body, methods that Next.js does not dispatch either.
_OTHER_METHODS = frozenset({"TRACE", "CONNECT", "QUERY"})


def check_names(bindings: Bindings, source_file: str) -> Iterator[tuple[int, RouteFileError]]:
    """The names that look like a misspelt export, each with its line."""
    seen: set[str] = set()
    for binding in bindings.every:
        if binding.name in seen or binding.name in CONFIG_NAMES or binding.name in METHODS:
            continue
        seen.add(binding.name)
        fault = _fault(binding, bindings)
        if fault is not None:
            problem, hint = fault
            yield binding.line, RouteFileError(problem, where=f"{source_file}:{binding.line}", hint=hint)


def _fault(binding: Binding, bindings: Bindings) -> tuple[str, str] | None:
    name = binding.name
    if name == "default":
        return "a route file has no 'default' export", "Name each handler after its method, such as 'GET'"
    if binding.kind == "function" and name.upper() in METHODS:
        return f"{name!r} is not a method: methods are written in upper case", f"Name it {name.upper()!r}"
    if name in bindings.used:
        return None
    if _is_function(binding, bindings):
        return _method_fault(name) or _static_params_fault(name)
    if is_literal(binding.node) or _is_value_call(binding, bindings):
        return _guard_fault(binding, bindings) or _config_fault(name, bindings)
    return None


def _is_function(binding: Binding, bindings: Bindings) -> bool:
    return binding.kind in {"function", "value"} and bindings.function_of(binding) is not None


def _is_value_call(binding: Binding, bindings: Bindings) -> bool:
    """Whether one of edgeroutes' own classes is called, as in `Cors = CORS()`."""
    dotted = bindings.dotted_name(binding.node.func) if isinstance(binding.node, ast.Call) else None
    return (dotted or "").startswith("edgeroutes.")


def _guard_fault(binding: Binding, bindings: Bindings) -> tuple[str, str] | None:
    """A guard under another name than that of guards, which the file uses nowhere: it would protect nothing."""
    dotted = bindings.dotted_name(binding.node.func) if isinstance(binding.node, ast.Call) else None
    name = GUARD_CLASSES.get(dotted or "")
    if name is None:
        return None
    called = (dotted or "").rpartition(".")[2]
    return f"{called}(…) under the name {binding.name!r} has no effect", f"Rename it to {name!r}"


def _method_fault(name: str) -> tuple[str, str] | None:
    if not (name.isupper() and name.isalpha()):
        return None
    allowed = f"Allowed are {', '.join(METHODS)}"
    if name in _OTHER_METHODS:
        return f"{name!r} is a method that no request reaches. {allowed}", "Export one of those, or rename the function"
    likely = [method for method in METHODS if sorted(method) == sorted(name)]
    likely = likely or difflib.get_close_matches(name, METHODS, n=1, cutoff=_CLOSE_METHOD)
    if not likely:
        return None
    return f"{name!r} is not a method. {allowed}", f"Rename it to {likely[0]!r}"


def _static_params_fault(name: str) -> tuple[str, str] | None:
    likely = _likely(name, [STATIC_PARAMS_EXPORT])
    return (f"{name!r} is not an export that edgeroutes reads", f"Rename it to {likely!r}") if likely else None


def _config_fault(name: str, bindings: Bindings) -> tuple[str, str] | None:
    likely = _likely(name, sorted(CONFIG_NAMES))
    if likely is None or bindings.last(likely) is not None:
        return None
    return f"{name!r} is not a segment config", f"Rename it to {likely!r}"


def _likely(name: str, exports: list[str]) -> str | None:
    """The export that this name is meant to be: the same letters in another case, other underscores, or nearly so."""
    if name in exports or name.startswith("_"):
        return None
    letters = {export.replace("_", ""): export for export in exports}
    same = letters.get(name.replace("_", "").lower())
    if same is not None:
        return same
    close = difflib.get_close_matches(name.lower(), exports, n=1, cutoff=_CLOSE_CONFIG)
    return close[0] if close else None


_OF_THE_REQUEST = frozenset({"headers", "cookies", "client"})
_ACCESSORS = {f"edgeroutes.{name}": name for name in ("headers", "cookies")}
_MARKERS = {"edgeroutes.Header": "headers", "edgeroutes.Cookie": "cookies"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicRead:
    """One place that reads it.

    Args:
        what: `headers`, `cookies`, `client` or `aws_event`.
        line: Where, from 1.
        function: The top-level function that it stands in; empty for none.
    """

    what: str
    line: int
    function: str = ""


def find_dynamic_reads(source: str) -> tuple[DynamicRead, ...]:
    """The places of a file that read it, by line; none of a file that is not Python.

    Such a read makes the response of a cached route dynamic; that is decided when it runs (`runtime/context`). Reads by functions of other
    files are not seen.
    """
    parsed = read_module(source, "")
    if isinstance(parsed, ProjectError):
        return ()
    module, bindings = parsed
    found = {
        DynamicRead(what=what, line=node.lineno, function=getattr(statement, "name", ""))
        for statement in module.body
        for node, what in _read_nodes(statement, bindings)
    }
    return tuple(sorted(found, key=lambda read: (read.line, read.what)))


def _read_nodes(statement: ast.stmt, bindings: Bindings) -> Iterator[tuple[ast.expr, str]]:
    requests = {name for node in ast.walk(statement) for name in _request_arguments(node, bindings)}
    for node in ast.walk(statement):
        if isinstance(node, ast.Call):
            called = bindings.dotted_name(node.func) or ""
            if called in _ACCESSORS or called in _MARKERS:
                yield node, _ACCESSORS.get(called) or _MARKERS[called]
        elif isinstance(node, ast.Attribute):
            if node.attr == "aws_event":
                yield node, "aws_event"
            elif node.attr in _OF_THE_REQUEST and isinstance(node.value, ast.Name) and node.value.id in requests:
                yield node, node.attr


def _request_arguments(node: ast.AST, bindings: Bindings) -> Iterator[str]:
    """The arguments of a function that are the request: by name, or by annotation."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
        annotated = (
            argument.annotation is not None and bindings.dotted_name(argument.annotation) == "edgeroutes.Request"
        )
        if argument.arg == "request" or annotated:
            yield argument.arg
