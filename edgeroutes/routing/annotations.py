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
from edgeroutes.routing.argument_problems import (
    IMPORT_IT,
    NO_FIXED_NUMBER,
    bad_default,
    cycle,
    several_bodies,
    unsupported,
)
from edgeroutes.routing.callables import CallableReader, Module, Signature, is_not_given
from edgeroutes.routing.handlers import check_parameters, is_for_type_checkers, type_names
from edgeroutes.routing.patterns import RESERVED_NAMES
from edgeroutes.routing.python_source import render_node, unquoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from edgeroutes.routing.bindings import Binding

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
    _path: tuple[Signature, ...] = ()

    def check_handler(self, name: str, parameter_names: Sequence[str], *, is_plain: bool) -> Iterator[Found]:
        """What is wrong with the arguments of one handler, and of the functions that it depends on.

        Args:
            name: As the file exports it.
            parameter_names: What the route's path captures.
            is_plain: Whether its arguments that nothing can fill are known already.
        """
        signature = CallableReader(self.find_module).read(ast.Name(id=name, ctx=ast.Load()), self.module)
        if signature is not None:
            yield from self._in(signature).check(signature, parameter_names, is_plain=is_plain)

    def _in(self, signature: Signature) -> AnnotationChecker:
        """The checker for the file of a signature."""
        return AnnotationChecker(signature.module, self.find_module, self._checked, (*self._path, signature))

    def check(self, signature: Signature, parameter_names: Sequence[str], *, is_plain: bool = False) -> Iterator[Found]:
        """What is wrong with the arguments of a callable of this file, each callable once; see `check_handler`."""
        key = (signature.module.source_file, signature.line)
        if key in self._checked:
            return
        self._checked.add(key)
        if not is_plain:
            for line, error in check_parameters(signature, parameter_names):
                yield (line if len(self._path) == 1 else 0), error
        bodies = []
        for argument, default in signature.arguments:
            found = self._read(argument.annotation, self.module, 0)
            for node, module in (*found.metadata, (default, self.module)):
                yield from self._check_dependency(node, module, found, parameter_names)
            where = f"argument {argument.arg!r} of {signature.name}"
            yield from self._check_names(argument.annotation, argument, self.module, where)
            if argument.annotation is None or _is_elsewhere(default, self.module):
                continue
            yield from self._check_default(argument, default, where)
            place = self._place_of(argument, found, parameter_names)
            if place == "body":
                bodies.append(argument)
            if place != "elsewhere" and argument.arg not in RESERVED_NAMES:
                yield from self._check_argument(argument, found, where, place)
        yield from self._check_bodies(signature.name, bodies)

    def _place_of(self, argument: ast.arg, found: Type, parameter_names: Sequence[str]) -> str:
        """Where the argument comes from; empty where its type decides that."""
        place = self._place(found)
        if place in ("", "query") and argument.arg in parameter_names and not self._is_named(found):
            return "segment"
        return "body" if not place and found.is_body and argument.arg not in RESERVED_NAMES else place

    def _check_argument(self, argument: ast.arg, found: Type, where: str, place: str) -> Iterator[Found]:
        if place == "file":
            yield from self._check_file(found, argument, where)
        elif found.python is tuple and len(found.inner) > 1 and place != "body":
            yield self._problem(argument, f"{where}: {NO_FIXED_NUMBER[0]}", NO_FIXED_NUMBER[1])
        else:
            yield from self._check_type(found, argument, self.module, where, place)

    def _check_dependency(
        self, node: ast.expr | None, module: Module, found: Type, parameter_names: Sequence[str]
    ) -> Iterator[Found]:
        """What is wrong with what a `Depends(…)` calls, as far as source shows it."""
        if not isinstance(node, ast.Call) or module.called(node) != "edgeroutes.Depends":
            return
        reader = CallableReader(self.find_module)
        given = [*node.args, *(word.value for word in node.keywords if word.arg == "dependency")]
        if given:
            signature = reader.read(given[0], module)
        elif found.model is not None:
            signature = reader.of_class(*found.model)
        else:
            signature = None
        if signature is None:
            return
        nodes = [each.node for each in self._path]
        if signature.node in nodes:
            names = [each.name for each in self._path[nodes.index(signature.node) :]]
            yield self._problem(signature.node, *cycle([*names, names[0]]), signature.module)
        else:
            yield from self._in(signature).check(signature, parameter_names)

    def _check_names(self, annotation: ast.expr | None, node: ast.AST, module: Module, where: str) -> Iterator[Found]:
        """The types of an annotation that are not there when the route runs."""
        for name in type_names(unquoted(annotation), module.bindings):
            if isinstance(name, ast.Name) and is_for_type_checkers(name.id, module.bindings):
                problem = f"{where}: {name.id} is imported for type checkers only"
                yield self._problem(node, problem, IMPORT_IT, module)

    def _check_bodies(self, name: str, bodies: list[ast.arg]) -> Iterator[Found]:
        if len(bodies) > 1:
            fault, hint = several_bodies(argument.arg for argument in bodies)
            yield self._problem(bodies[1], f"the body of {name} {fault}", hint)

    def _check_file(self, found: Type, argument: ast.arg, where: str) -> Iterator[Found]:
        for each in found.inner if found.kind == "container" else (found,):
            if each.kind not in ("file", "unknown") and each.label != "bytes":
                hint = "Use UploadFile, bytes, or a list of these"
                yield self._problem(argument, f"{where}: {each.label} is not a supported type of a file", hint)

    def _check_default(self, argument: ast.arg, default: ast.expr | None, where: str) -> Iterator[Found]:
        if isinstance(default, ast.Call) and _is_field_call(self.module.bindings.dotted_name(default.func) or ""):
            fault, hint = bad_default(render_node(default), argument.arg)
            yield self._problem(argument, f"the default of {where} {fault}", hint)

    def _problem(self, node: ast.AST, problem: str, hint: str, module: Module | None = None) -> Found:
        line = getattr(node, "lineno", 1)
        file = (module or self.module).source_file
        return line if module in (None, self.module) else 0, RouteFileError(problem, where=f"{file}:{line}", hint=hint)

    def _place(self, found: Type) -> str:
        """Where a marker takes the argument from; empty without one, `elsewhere` for one that is not of this module's concern."""
        for node, module in reversed(found.metadata):
            name = module.called(node)
            if name.startswith("edgeroutes."):
                return _PLACES.get(name.rpartition(".")[2], "elsewhere")
        if found.kind == "file" or any(each.kind == "file" for each in found.inner):
            return "file"
        return next((place for place in map(self._place, found.inner) if place), "") if found.kind == "union" else ""

    def _is_named(self, found: Type) -> bool:
        """Whether a marker names what it takes, `Query("id")`: then it is not the segment of the argument's name."""
        return any(
            isinstance(node, ast.Call) and node.args and _is_ours(module.called(node))
            for node, module in found.metadata
        )

    def _check_type(self, found: Type, node: ast.AST, module: Module, where: str, place: str) -> Iterator[Found]:
        """What is wrong with the type of an argument or field, and inside of it."""
        if found.kind == "unsupported":
            if any(_is_validator(owner.called(item)) for item, owner in found.metadata):
                return  # pydantic makes the value
            problem, hint = unsupported(found.label, "body" if place == "body" else "parameter")
            yield self._problem(node, f"{where}: {problem}", hint, module)
            return
        if place == "segment" and found.is_body:
            yield self._problem(node, f"{where} is a captured segment, not {found.label}", "Annotate it str", module)
            return
        yield from self._check_constraints(found, node, module, where)
        for each in found.inner:
            yield from self._check_type(each, node, module, where, "body" if place == "body" else "")
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
            if is_not_given(statement, module):
                continue
            label = f"{where}: field {definition.name}.{statement.target.id}"
            if not found.library:
                yield from self._check_names(statement.annotation, statement, module, label)
            inner = self._read(statement.annotation, module, 0)
            if (
                not found.library
                and isinstance(statement.value, ast.Call)
                and _is_field_call(module.called(statement.value))
            ):
                problem = f"{label} has the default {render_node(statement.value)}. Allowed are values"
                yield self._problem(statement, problem, "Write 'name: Annotated[T, …] = value'", module)
            if from_strings and inner.kind in ("model", "dict") and not inner.metadata:
                problem = f"{label}: {inner.label} cannot be read from a {place}. Allowed are scalars and lists of them"
                yield self._problem(statement, problem, "Move it into a body model", module)
            elif found.library:
                yield from self._check_library(inner, statement, module, label, found.library)
            else:
                yield from self._check_type(inner, statement, module, label, "" if from_strings else "body")

    def _check_library(self, found: Type, node: ast.AST, module: Module, where: str, library: str) -> Iterator[Found]:
        others = ("msgspec",) if library == "pydantic" else ("pydantic", "annotated_types")
        for item, place in found.metadata:
            name = place.called(item)
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
            if _is_validator(place.called(item)):
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
            return Type(kind="unsupported", label=label, model=(node, module))
        return Type(kind="model", label=label, model=(node, module), library=library)

    def _library_of(self, node: ast.ClassDef, module: Module, depth: int) -> str | None:
        """What validates a class; None where source does not show it, `unsupported` for a class that nothing does."""
        decorators = [module.called(each) for each in node.decorator_list]
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


def _is_ours(name: str) -> bool:
    return name.startswith("edgeroutes.") and name.rpartition(".")[2] in _PLACES


def _is_elsewhere(default: ast.expr | None, module: Module) -> bool:
    """Whether a default takes the argument from elsewhere than the request: `Depends(f)`."""
    name = module.called(default) if isinstance(default, ast.Call) else ""
    return name.startswith("edgeroutes.") and not _is_ours(name)


def _is_field_call(name: str) -> bool:
    return _is_ours(name) or name == "pydantic.Field" or name.startswith("fastapi.")


def _is_validator(name: str) -> bool:
    return name.startswith("pydantic.") and not name.endswith((".Field", ".StringConstraints"))


def _unknown_metadata(node: ast.expr, module: Module) -> tuple[str, str] | None:
    """Why metadata cannot be enforced, and what to do; None where it can, or where only running it shows."""
    name = module.called(node)
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
    name = module.called(node)
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
