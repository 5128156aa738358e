"""What the annotations of handlers say, read from source: types that nothing fills, constraints that cannot hold, two bodies.

The same rules as when the route is loaded (`edgeroutes.runtime`), as far as source shows them. Classes are followed into the
project's own modules; what comes from a library is left to the library, and to the moment when the route is loaded.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import RouteFileError
from edgeroutes.http.parameters import CONTAINERS, NAMES, find_contradiction, find_problem
from edgeroutes.routing.handlers import check_parameters, is_for_type_checkers, type_names, unquoted
from edgeroutes.routing.python_source import render_node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from edgeroutes.routing.bindings import Binding, Bindings, Function

    Found = tuple[int, RouteFileError]

_SCALARS: Mapping[str, type] = {
    "str": str, "int": int, "float": float, "bool": bool, "decimal.Decimal": Decimal, "datetime.date": date,
    "datetime.datetime": datetime, "datetime.time": time,
}  # fmt: skip
_CONTAINERS: Mapping[str, type] = (
    {each.__name__: each for each in CONTAINERS}
    | {f"typing.{each.__name__.capitalize()}": each for each in CONTAINERS}
    | {
        f"{module}.{name}": kind
        for module in ("collections.abc", "typing")
        for name, kind in (
            ("Sequence", list),
            ("MutableSequence", list),
            ("Set", set),
            ("AbstractSet", set),
            ("MutableSet", set),
        )
    }
)
_DICTS = frozenset(
    {"dict", "typing.Dict"}
    | {f"{module}.{name}" for module in ("collections.abc", "typing") for name in ("Mapping", "MutableMapping")}
)
_UNSUPPORTED = frozenset(
    {
        "bytes", "bytearray", "complex", "memoryview", "range", "type", "datetime.timedelta", "datetime.timezone", "re.Pattern",
        "fractions.Fraction", "types.SimpleNamespace",
        *(f"collections.{name}" for name in ("ChainMap", "Counter", "OrderedDict", "defaultdict", "deque")),
        *(f"collections.abc.{name}" for name in ("Callable", "Collection", "Generator", "Iterable", "Iterator")),
        *(f"typing.{name}" for name in ("Callable", "Collection", "DefaultDict", "Deque", "Iterable", "Iterator", "OrderedDict")),
        *(f"ipaddress.IPv{version}{name}" for version in (4, 6) for name in ("Address", "Interface", "Network")),
        *(f"pathlib.{name}" for name in ("Path", "PosixPath", "PurePath", "PurePosixPath")),
    }
)  # fmt: skip
_WRAPPERS = frozenset({"NotRequired", "Required", "ReadOnly", "Final"})
_OWN_BASES = frozenset({"TypedDict", "NamedTuple"})
_LIBRARY_BASES: Mapping[str, str] = {
    "pydantic": "pydantic",
    "pydantic_settings": "pydantic",
    "sqlmodel": "pydantic",
    "msgspec": "msgspec",
}
_PLACES: Mapping[str, str] = {
    "Query": "query", "Header": "header", "Cookie": "cookie", "Form": "form", "File": "file", "Body": "body",
}  # fmt: skip
_ANNOTATED_TYPES: Mapping[str, tuple[str, ...]] = {
    "Ge": ("ge",), "Gt": ("gt",), "Le": ("le",), "Lt": ("lt",), "MultipleOf": ("multiple_of",), "MinLen": ("min_length",),
    "MaxLen": ("max_length",), "Len": ("min_length", "max_length"), "Interval": (),
}  # fmt: skip
_MOST_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Module:
    """A file of the project that annotations lead to."""

    bindings: Bindings
    source_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """What an annotation is.

    Args:
        kind: `scalar`, `container`, `dict`, `model`, `file`, `union`, `unsupported`, or `unknown` where only running it shows.
        label: How the author writes it.
        python: The class of its values, of a scalar or container.
        inner: The types of a union or the items of a container.
        metadata: Of `Annotated`, innermost first, with the module that each expression stands in.
        model: The class of a model, with its module.
        library: The library that validates a model; empty for a dataclass, TypedDict or NamedTuple.
    """

    kind: str
    label: str = ""
    python: type | None = None
    inner: tuple[Type, ...] = ()
    metadata: tuple[tuple[ast.expr, Module], ...] = ()
    model: tuple[ast.ClassDef, Module] | None = None
    library: str = ""

    @property
    def is_body(self) -> bool:
        """Whether an argument of this type without a marker is the body."""
        if self.kind == "container":
            return any(each.is_body or each.kind == "container" for each in self.inner)
        return self.kind in ("dict", "model") or (self.kind == "union" and any(each.is_body for each in self.inner))


@dataclass(slots=True)
class AnnotationChecker:
    """Checks the arguments of a route file's handlers.

    Args:
        module: The route file.
        find_module: A module of the project by its dotted name, which may begin with dots, and the file that imports it.
    """

    module: Module
    find_module: Callable[[str, str], Module | None]
    _checked: set[tuple[str, int]] = field(default_factory=set)
    _path: tuple[tuple[str, Function], ...] = ()

    def check(self, name: str, function: Function, parameter_names: Sequence[str]) -> Iterator[Found]:
        """What is wrong with the arguments of one handler, and of the functions that it depends on."""
        self._path = (*self._path, (name, function))
        bodies = []
        for argument, default in _arguments(function):
            where = f"argument {argument.arg!r} of {name}"
            found = self._read(argument.annotation, self.module, 0)
            for node, module in (*found.metadata, (default, self.module)):
                yield from self._check_dependency(node, module, parameter_names)
            yield from self._check_names(argument.annotation, argument, self.module, where)
            if argument.annotation is None or _is_elsewhere(default, self.module):
                continue
            yield from self._check_default(argument, default, where)
            place = self._place(found)
            if place == "elsewhere" or argument.arg in ("request", "context", "params"):
                continue
            if place in ("", "query") and argument.arg in parameter_names and not self._is_named(found):
                place = "segment"
            if place == "body" or (not place and found.is_body):
                bodies.append(argument)
            if place == "file":
                yield from self._check_file(found, argument, where)
            elif found.python is tuple and len(found.inner) > 1 and argument not in bodies:
                problem = f"{where}: repeated values have no fixed number"
                yield self._problem(argument, problem, "Write tuple[T, ...] or list[T]")
            else:
                yield from self._check_type(found, argument, self.module, where, place)
        yield from self._check_bodies(name, bodies)

    def _check_dependency(
        self, node: ast.expr | None, module: Module, parameter_names: Sequence[str]
    ) -> Iterator[Found]:
        """What is wrong with the function in a `Depends(…)`, where it is a function of the project without decorators."""
        target = None
        if isinstance(node, ast.Call) and node.args and _called(node, module) == "edgeroutes.Depends":
            target = node.args[0]
        found = None if target is None else self._find_function(target, module, 0)
        if target is None or found is None:
            return
        function, owner = found
        name = getattr(function, "name", render_node(target))
        functions = [each for _, each in self._path]
        if function in functions:
            names = [each for each, _ in self._path[functions.index(function) :]]
            problem = f"the dependencies are a cycle: {' → '.join((*names, names[0]))}"
            yield self._problem(function, problem, "Move the part that both need into a third function", owner)
        elif (key := (owner.source_file, function.lineno)) not in self._checked:
            self._checked.add(key)
            yield from check_parameters(name, function, parameter_names, owner.source_file)
            checker = AnnotationChecker(owner, self.find_module, self._checked, self._path)
            yield from checker.check(name, function, parameter_names)

    def _find_function(self, node: ast.expr, module: Module, depth: int) -> tuple[Function, Module] | None:
        """The function without decorators that a name stands for, in whichever of the project's modules it is."""
        binding = module.bindings.last(node.id) if isinstance(node, ast.Name) else None
        if binding is not None and binding.kind != "import":
            function = module.bindings.function_of(binding)
            is_plain = function is not None and not getattr(function, "decorator_list", None)
            return (function, module) if function is not None and is_plain else None
        module_name, _, name = (module.bindings.dotted_name(node) or "").rpartition(".")
        other = self.find_module(module_name, module.source_file) if module_name.strip(".") else None
        if other is None or depth > _MOST_DEPTH:
            return None
        return self._find_function(ast.Name(id=name, ctx=ast.Load()), other, depth + 1)

    def _check_names(self, annotation: ast.expr | None, node: ast.AST, module: Module, where: str) -> Iterator[Found]:
        """The types of an annotation that are not there when the route runs."""
        for name in type_names(unquoted(annotation), module.bindings):
            if isinstance(name, ast.Name) and is_for_type_checkers(name.id, module.bindings):
                hint = "Import it outside 'if TYPE_CHECKING:', because it is needed when the route runs"
                yield self._problem(node, f"{where}: {name.id} is imported for type checkers only", hint, module)

    def _check_bodies(self, name: str, bodies: list[ast.arg]) -> Iterator[Found]:
        if len(bodies) > 1:
            names = " and ".join(argument.arg for argument in bodies)
            problem = f"the body of {name} cannot be {names} at once"
            yield self._problem(
                bodies[1], problem, "Make one model with a field for each, or mark single fields with Form()"
            )

    def _check_file(self, found: Type, argument: ast.arg, where: str) -> Iterator[Found]:
        for each in found.inner if found.kind == "container" else (found,):
            if each.kind not in ("file", "unknown") and each.label != "bytes":
                hint = "Use UploadFile, bytes, or a list of these"
                yield self._problem(argument, f"{where}: {each.label} is not a supported type of a file", hint)

    def _check_default(self, argument: ast.arg, default: ast.expr | None, where: str) -> Iterator[Found]:
        if isinstance(default, ast.Call) and _is_field_call(self.module.bindings.dotted_name(default.func) or ""):
            problem = f"the default of {where} is {render_node(default)}. Allowed are values"
            yield self._problem(argument, problem, f"Write '{argument.arg}: Annotated[T, …] = value'")

    def _problem(self, node: ast.AST, problem: str, hint: str, module: Module | None = None) -> Found:
        line = getattr(node, "lineno", 1)
        file = (module or self.module).source_file
        return line if module in (None, self.module) else 0, RouteFileError(problem, where=f"{file}:{line}", hint=hint)

    def _place(self, found: Type) -> str:
        """Where a marker takes the argument from; empty without one, `elsewhere` for one that is not of this module's concern."""
        for node, module in reversed(found.metadata):
            name = _called(node, module)
            if name.startswith("edgeroutes."):
                return _PLACES.get(name.rpartition(".")[2], "elsewhere")
        if found.kind == "file" or any(each.kind == "file" for each in found.inner):
            return "file"
        return next((place for place in map(self._place, found.inner) if place), "") if found.kind == "union" else ""

    def _is_named(self, found: Type) -> bool:
        """Whether a marker names what it takes, `Query("id")`: then it is not the segment of the argument's name."""
        return any(
            isinstance(node, ast.Call) and node.args and _is_ours(_called(node, module))
            for node, module in found.metadata
        )

    def _check_type(self, found: Type, node: ast.AST, module: Module, where: str, place: str) -> Iterator[Found]:
        """What is wrong with the type of an argument or field, and inside of it."""
        if found.kind == "unsupported":
            if any(_is_validator(_called(item, owner)) for item, owner in found.metadata):
                return  # pydantic makes the value
            hint = (
                "Use str, int, float, bool, UUID, date, datetime, Decimal, an Enum, a Literal or, for a body, a model"
            )
            yield self._problem(node, f"{where}: {found.label} is not a supported type", hint, module)
            return
        if place == "segment" and found.is_body:
            yield self._problem(node, f"{where} is a captured segment, not {found.label}", "Annotate it str", module)
            return
        yield from self._check_constraints(found, node, module, where)
        for each in found.inner:
            yield from self._check_type(each, node, module, where, "")
        if found.model is not None:
            yield from self._check_model(found, where, place)

    def _check_model(self, found: Type, where: str, place: str) -> Iterator[Found]:
        assert found.model is not None  # noqa: S101  # the caller has looked
        definition, module = found.model
        from_strings = place in ("query", "header", "cookie")
        key = (f"{module.source_file}:{definition.name}:{from_strings}", definition.lineno)
        if key in self._checked:
            return
        self._checked.add(key)
        for statement in definition.body:
            if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
                continue
            if _is_not_given(statement, module):
                continue
            label = f"{where}: field {definition.name}.{statement.target.id}"
            if not found.library:
                yield from self._check_names(statement.annotation, statement, module, label)
            inner = self._read(statement.annotation, module, 0)
            if (
                not found.library
                and isinstance(statement.value, ast.Call)
                and _is_field_call(_called(statement.value, module))
            ):
                problem = f"{label} has the default {render_node(statement.value)}. Allowed are values"
                yield self._problem(statement, problem, "Write 'name: Annotated[T, …] = value'", module)
            if from_strings and inner.kind in ("model", "dict") and not inner.metadata:
                problem = f"{label}: {inner.label} cannot be read from a {place}. Allowed are scalars and lists of them"
                yield self._problem(statement, problem, "Move it into a body model", module)
            elif found.library:
                yield from self._check_library(inner, statement, module, label, found.library)
            else:
                yield from self._check_type(inner, statement, module, label, "")

    def _check_library(self, found: Type, node: ast.AST, module: Module, where: str, library: str) -> Iterator[Found]:
        others = ("msgspec",) if library == "pydantic" else ("pydantic", "annotated_types")
        for item, place in found.metadata:
            name = _called(item, place)
            if name.partition(".")[0] in others or (_is_ours(name) and isinstance(item, ast.Call) and item.keywords):
                hint = "Use pydantic.Field(…)" if library == "pydantic" else "Use msgspec.Meta(…)"
                yield self._problem(node, f"{where}: {library} does not enforce {render_node(item)}", hint, module)
        for each in found.inner:
            yield from self._check_library(each, node, module, where, library)

    def _check_constraints(self, found: Type, node: ast.AST, module: Module, where: str) -> Iterator[Found]:
        constraints: dict[str, Any] = {}
        for item, place in found.metadata:
            problem = _unknown_metadata(item, place)
            if problem is not None:
                yield self._problem(node, f"{where}: {problem[0]}", problem[1], module)
                return
            if _is_validator(_called(item, place)):
                break  # it may change the type
            constraints.update(_read_constraints(item, place))
        for kind in _leaves(found):
            for name, value in constraints.items():
                fault = find_problem(name, value, kind.python, kind.label) if kind.python else None
                if fault is not None:
                    yield self._problem(node, f"{where}: {fault[0]}", fault[1], module)
                    return
        try:
            contradiction = find_contradiction(constraints)
        except TypeError:
            return
        if contradiction is not None:
            yield self._problem(node, f"{where}: {contradiction[0]}", contradiction[1], module)

    def _read(self, node: ast.expr | None, module: Module, depth: int) -> Type:
        """The type that an annotation shows."""
        if node is None:
            return Type(kind="unknown")
        label = render_node(node)
        if depth > _MOST_DEPTH:
            return Type(kind="unknown", label=label)
        if isinstance(node, ast.Constant):
            return self._read_constant(node, module, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._union((node.left, node.right), module, label, depth)
        if isinstance(node, ast.Subscript):
            return self._read_generic(node, module, label, depth)
        if isinstance(node, ast.Call):
            return self._read_call(node, module, label, depth)
        return self._read_name(node, module, label, depth)

    def _read_constant(self, node: ast.Constant, module: Module, depth: int) -> Type:
        if not isinstance(node.value, str):
            return Type(kind="unknown", label=render_node(node))
        try:
            inner = ast.parse(node.value, mode="eval").body
        except SyntaxError:
            return Type(kind="unknown", label=node.value)
        return self._read(inner, module, depth + 1)

    def _union(self, nodes: Sequence[ast.expr], module: Module, label: str, depth: int) -> Type:
        kinds = [self._read(node, module, depth + 1) for node in nodes if not _is_none(node)]
        if len(kinds) == 1:
            return kinds[0]
        return Type(kind="union", label=label, inner=tuple(kinds))

    def _read_generic(self, node: ast.Subscript, module: Module, label: str, depth: int) -> Type:
        dotted = module.bindings.dotted_name(node.value) or ""
        parts = tuple(node.slice.elts) if isinstance(node.slice, ast.Tuple) else (node.slice,)
        last = dotted.rpartition(".")[2]
        if last == "Annotated" and parts:
            found = self._read(parts[0], module, depth + 1)
            return _with_metadata(found, tuple((part, module) for part in parts[1:]))
        if last in ("Optional", "Union"):
            return self._union(parts, module, label, depth)
        if last in _WRAPPERS:
            return self._read(parts[0], module, depth + 1)
        if dotted in _CONTAINERS:
            inner = (self._read(part, module, depth + 1) for part in parts if not _is_ellipsis(part))
            return Type(kind="container", label=label, python=_CONTAINERS[dotted], inner=tuple(inner))
        if dotted in _DICTS:
            return Type(kind="dict", label=label, python=dict, inner=(self._read(parts[-1], module, depth + 1),))
        generic = self._read(node.value, module, depth + 1)
        return generic if generic.kind in ("model", "unsupported") else Type(kind="unknown", label=label)

    def _read_call(self, node: ast.Call, module: Module, label: str, depth: int) -> Type:
        dotted = module.bindings.dotted_name(node.func) or ""
        if dotted.endswith("NewType") and len(node.args) == 2:
            return self._read(node.args[1], module, depth + 1)
        return Type(kind="unknown", label=label)

    def _read_name(self, node: ast.expr, module: Module, label: str, depth: int) -> Type:
        dotted = module.bindings.dotted_name(node) or ""
        binding = module.bindings.last(node.id) if isinstance(node, ast.Name) else None
        if binding is not None and binding.kind != "import":
            return self._read_binding(binding, module, label, depth)
        if dotted in _SCALARS:
            return Type(kind="scalar", label=label, python=_SCALARS[dotted])
        if dotted in _CONTAINERS:
            return Type(kind="container", label=label, python=_CONTAINERS[dotted])
        if dotted in _DICTS:
            return Type(kind="dict", label=label, python=dict)
        if dotted.endswith(".UploadFile"):
            return Type(kind="file", label=label)
        if dotted in _UNSUPPORTED:
            return Type(kind="unsupported", label=label)
        module_name, _, name = dotted.rpartition(".")
        other = self.find_module(module_name, module.source_file) if module_name.strip(".") else None
        found = other.bindings.last(name) if other is not None else None
        if other is None or found is None:
            return Type(kind="unknown", label=label)
        if found.kind == "import":
            return (
                self._read_name(ast.Name(id=name, ctx=ast.Load()), other, label, depth + 1)
                if depth < _MOST_DEPTH
                else Type(kind="unknown")
            )
        return self._read_binding(found, other, label, depth)

    def _read_binding(self, binding: Binding, module: Module, label: str, depth: int) -> Type:
        if isinstance(binding.node, ast.ClassDef):
            return self._read_class(binding.node, module, label, depth)
        if isinstance(binding.node, ast.Subscript | ast.BinOp | ast.Call | ast.Name | ast.Attribute):
            return self._read(binding.node, module, depth + 1)
        return Type(kind="unknown", label=label)

    def _read_class(self, node: ast.ClassDef, module: Module, label: str, depth: int) -> Type:
        library = self._library_of(node, module, depth)
        if library is None:
            return Type(kind="unknown", label=label)
        if library == "unsupported":
            return Type(kind="unsupported", label=label)
        return Type(kind="model", label=label, model=(node, module), library=library)

    def _library_of(self, node: ast.ClassDef, module: Module, depth: int) -> str | None:
        """What validates a class; None where source does not show it, `unsupported` for a class that nothing does."""
        decorators = [_called(each, module) for each in node.decorator_list]
        if "dataclasses.dataclass" in decorators:
            return ""
        if decorators or depth > _MOST_DEPTH:
            return None
        for base in node.bases:
            dotted = module.bindings.dotted_name(base) or ""
            if dotted.rpartition(".")[2] in _OWN_BASES:
                return ""
            if dotted.partition(".")[0] in _LIBRARY_BASES:
                return _LIBRARY_BASES[dotted.partition(".")[0]]
            found = self._read_name(base, module, "", depth + 1)
            if found.kind == "model":
                return found.library
        methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
        is_plain = not (node.bases or node.keywords) and not methods & {"__get_pydantic_core_schema__"}
        return "unsupported" if is_plain else None


def _arguments(function: Function) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    missing: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    yield from zip(positional, [*missing, *arguments.defaults], strict=True)
    yield from zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)


def _is_not_given(statement: ast.AnnAssign, module: Module) -> bool:
    """Whether a class's annotation is of no field that a request fills: `ClassVar[…]` and `field(init=False)`."""
    annotation = unquoted(statement.annotation)
    if isinstance(annotation, ast.Subscript):
        annotation = annotation.value
    if annotation is not None and (module.bindings.dotted_name(annotation) or "").rpartition(".")[2] == "ClassVar":
        return True
    value = statement.value
    return isinstance(value, ast.Call) and any(
        word.arg == "init" and isinstance(word.value, ast.Constant) and word.value.value is False
        for word in value.keywords
    )


def _with_metadata(found: Type, metadata: tuple[tuple[ast.expr, Module], ...]) -> Type:
    return Type(
        kind=found.kind, label=found.label, python=found.python, inner=found.inner, metadata=(*found.metadata, *metadata),
        model=found.model, library=found.library,
    )  # fmt: skip


def _leaves(found: Type) -> Iterator[Type]:
    """The types that a constraint of the whole is for."""
    if found.kind == "union":
        for each in found.inner:
            yield from _leaves(each)
    else:
        yield found


def _called(node: ast.expr, module: Module) -> str:
    """The dotted name of what is called or named."""
    return module.bindings.dotted_name(node.func if isinstance(node, ast.Call) else node) or ""


def _is_ours(name: str) -> bool:
    return name.startswith("edgeroutes.") and name.rpartition(".")[2] in _PLACES


def _is_elsewhere(default: ast.expr | None, module: Module) -> bool:
    """Whether a default takes the argument from elsewhere than the request: `Depends(f)`."""
    name = _called(default, module) if isinstance(default, ast.Call) else ""
    return name.startswith("edgeroutes.") and not _is_ours(name)


def _is_field_call(name: str) -> bool:
    return _is_ours(name) or name == "pydantic.Field" or name.startswith("fastapi.")


def _is_validator(name: str) -> bool:
    return name.startswith("pydantic.") and not name.endswith((".Field", ".StringConstraints"))


def _unknown_metadata(node: ast.expr, module: Module) -> tuple[str, str] | None:
    """Why metadata cannot be enforced, and what to do; None where it can, or where only running it shows."""
    name = _called(node, module)
    last = name.rpartition(".")[2]
    if _is_ours(name) and isinstance(node, ast.Call):
        return _unknown_option(last, node)
    if name.startswith("fastapi."):
        return (
            f"{name} has no effect in a route file. Allowed are the markers of edgeroutes",
            f"Write 'from edgeroutes import {last}'",
        )
    binding = module.bindings.last(node.id) if isinstance(node, ast.Name) else None
    is_function = binding is not None and binding.kind == "function"
    is_class = not isinstance(node, ast.Call) and name.startswith(("annotated_types.", "msgspec."))
    if isinstance(node, ast.Lambda) or is_function or (is_class and name.rpartition(".")[2][:1].isupper()):
        if is_class and name.rpartition(".")[2] not in {*_ANNOTATED_TYPES, "Meta", "Predicate", "Timezone", "Not"}:
            return None
        problem = f"{render_node(node)} in Annotated may be a constraint, and edgeroutes cannot enforce it"
        return problem, "Use annotated_types.Predicate(f), a pydantic validator, or Query(ge=…) and its like"
    if name == "pydantic.Field" and isinstance(node, ast.Call):
        for word in node.keywords:
            if word.arg in ("alias", "validation_alias", "default", "default_factory"):
                hint = "Name it in a marker, Query('name'), or make the class a pydantic model"
                return (
                    f"Field({word.arg}=…) has no effect here",
                    hint if "alias" in word.arg else "Write '= value' after the type",
                )
    return None


def _unknown_option(marker: str, node: ast.Call) -> tuple[str, str] | None:
    """The first option of a marker that it does not have, and what to do."""
    allowed = {"Body": NAMES, "File": ("name", "max_bytes", "types")}.get(marker, ("name", *NAMES))
    for word in node.keywords:
        if word.arg is not None and word.arg not in allowed:
            hint = f"Write {marker}('name')" if "alias" in word.arg else "Remove it"
            hint = "Write a string beside the marker" if word.arg in ("title", "description") else hint
            hint = "Write pydantic's Field(discriminator=…)" if word.arg == "discriminator" else hint
            return f"{marker} has no option {word.arg!r}. Allowed are {', '.join(allowed)}", hint
    return None


def _read_constraints(node: ast.expr, module: Module) -> Iterator[tuple[str, Any]]:
    """The constraints in one piece of metadata whose values are literals."""
    if not isinstance(node, ast.Call):
        return
    name = _called(node, module)
    owner, _, last = name.rpartition(".")
    names: tuple[str, ...] = ()
    if owner == "annotated_types":
        names = _ANNOTATED_TYPES.get(last, ())
    elif not (_is_ours(name) or name in ("msgspec.Meta", "pydantic.Field", "pydantic.StringConstraints")):
        return
    given = [*zip(names, node.args, strict=False), *((word.arg or "", word.value) for word in node.keywords)]
    for key, value in given:
        if key not in NAMES or (key == "pattern" and owner == "pydantic"):
            continue  # pydantic's patterns are not Python's
        try:
            literal = ast.literal_eval(value)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
        if literal is not None:
            yield key, literal


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...
