"""The arguments of a callable as `inspect.signature` reports them, read from source.

Read are functions, decorated ones, classes, their instances, methods and partial objects of the project.
None wherever source does not show them: then the loaded route reports what is wrong.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from edgeroutes.errors import RouteFileError
from edgeroutes.routing.argument_problems import POSITIONAL_ONLY, refused_by_wrapper, required_by_wrapper, variadic
from edgeroutes.routing.python_source import unquoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from edgeroutes.routing.bindings import Bindings, Function

    Argument = tuple[ast.arg, ast.expr | None]

_MOST_DEPTH = 20
# Decorators of libraries that keep the signature.
_TRANSPARENT = frozenset({"edgeroutes.cached", "functools.cache", "functools.lru_cache"})
_STATIC = frozenset({"staticmethod", "classmethod"})
_MARKS = frozenset({"typing.Generic", "typing.Protocol", "abc.ABC", "object", "typing.ABC"})


@dataclass(frozen=True, slots=True)
class Module:
    """A file of the project that annotations lead to."""

    bindings: Bindings
    source_file: str

    def called(self, node: ast.expr) -> str:
        """The dotted name of what is called or named."""
        return self.bindings.dotted_name(node.func if isinstance(node, ast.Call) else node) or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The arguments of one callable.

    Args:
        name: For messages.
        module: Where the arguments are written.
        node: The definition that they are part of; a lambda's and a function's own, of a dataclass the class.
        arguments: Each with its default, or None.
        problems: What makes it uncallable: line, problem and hint.
    """

    name: str
    module: Module
    node: ast.AST
    arguments: tuple[Argument, ...] = ()
    problems: tuple[tuple[int, str, str], ...] = ()

    @property
    def line(self) -> int:
        """Where the definition is, from 1."""
        return getattr(self.node, "lineno", 1)

    def without(self, names: frozenset[str]) -> Signature:
        """The same without the arguments that something else gives."""
        return replace(self, arguments=tuple(each for each in self.arguments if each[0].arg not in names))

    def without_first(self) -> Signature:
        """The same as a bound method has it."""
        return replace(self, arguments=self.arguments[1:])

    def found_problems(self) -> Iterator[tuple[int, RouteFileError]]:
        """The problems, with their lines."""
        for line, problem, hint in self.problems:
            yield line, RouteFileError(problem, where=f"{self.module.source_file}:{line}", hint=hint)


@dataclass(slots=True)
class CallableReader:
    """Reads what expressions call.

    Args:
        find_module: A module of the project by its dotted name, which may begin with dots, and the file that imports it.
    """

    find_module: Callable[[str, str], Module | None]
    _depth: int = field(default=0)

    def read(self, node: ast.expr, module: Module) -> Signature | None:
        """The arguments of what the expression is, when it is called."""
        if self._depth > _MOST_DEPTH:
            return None
        self._depth += 1
        try:
            return self._read(node, module)
        finally:
            self._depth -= 1

    def _read(self, node: ast.expr, module: Module) -> Signature | None:
        if isinstance(node, ast.Lambda):
            return self._of_function(node, module)
        if isinstance(node, ast.Call):
            return self._of_call(node, module)
        found = self._definition(node, module, 0)
        if found is None:
            return self._of_method(node, module) if isinstance(node, ast.Attribute) else None
        definition, owner = found
        if isinstance(definition, ast.ClassDef):
            return self.of_class(definition, owner)
        if isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
            return self._of_function(definition, owner)
        return self.read(definition, owner) if isinstance(definition, ast.expr) else None

    def _definition(self, node: ast.expr, module: Module, depth: int) -> tuple[ast.AST, Module] | None:
        """The statement or value that a name stands for, in whichever of the project's modules it is."""
        binding = module.bindings.last(node.id) if isinstance(node, ast.Name) else None
        if binding is not None and binding.kind != "import":
            return (binding.node, module) if binding.node is not None else None
        module_name, _, name = (module.bindings.dotted_name(node) or "").rpartition(".")
        other = self.find_module(module_name, module.source_file) if module_name.strip(".") else None
        if other is None or depth > _MOST_DEPTH:
            return None
        return self._definition(ast.Name(id=name, ctx=ast.Load()), other, depth + 1)

    def _of_call(self, node: ast.Call, module: Module) -> Signature | None:
        """Of `partial(f, x=1)`, of a class's instance, and of a function that a decorator is called with."""
        if module.called(node) == "functools.partial" and node.args:
            found = self.read(node.args[0], module)
            if found is None or len(node.args) > 1 or any(word.arg is None for word in node.keywords):
                return None
            return found.without(frozenset(word.arg for word in node.keywords if word.arg))
        found_definition = self._definition(node.func, module, 0)
        if found_definition is None:
            return None
        definition, owner = found_definition
        if isinstance(definition, ast.ClassDef):
            return self._of_attribute(definition, owner, "__call__", is_bound=True)
        if len(node.args) == 1 and not node.keywords:
            inner = self.read(node.args[0], module)
            return None if inner is None else self._decorated(node.func, inner, module)
        return None

    def _of_method(self, node: ast.Attribute, module: Module) -> Signature | None:
        """Of `instance.method` and `Class.static_method`."""
        found = self._definition(node.value, module, 0)
        is_bound = found is not None and isinstance(found[0], ast.Call)
        if found is not None and isinstance(found[0], ast.Call):
            found = self._definition(found[0].func, found[1], 0)
        if found is None or not isinstance(found[0], ast.ClassDef):
            return None
        return self._of_attribute(found[0], found[1], node.attr, is_bound=is_bound)

    def _of_attribute(self, definition: ast.ClassDef, module: Module, name: str, *, is_bound: bool) -> Signature | None:
        function = _method(definition, name)
        if function is None or definition.keywords:
            return None
        decorators = {module.called(each) for each in function.decorator_list}
        if decorators & _STATIC:
            plain = plain_signature(_name(function), function, module) if len(decorators) == 1 else None
            return plain.without_first() if plain is not None and "classmethod" in decorators else plain
        found = self._of_function(function, module)
        return found.without_first() if found is not None and is_bound else found

    def of_class(self, definition: ast.ClassDef, module: Module) -> Signature | None:
        """The arguments with which a class makes an instance."""
        if definition.keywords or _method(definition, "__new__") is not None:
            return None
        function = _method(definition, "__init__")
        decorators = [module.called(each) for each in definition.decorator_list]
        if function is not None and not decorators:
            found = self._of_function(function, module)
            return None if found is None else replace(found.without_first(), name=definition.name)
        bases = [base for base in definition.bases if self._is_followed(base, module)]
        if decorators == ["dataclasses.dataclass"] and not bases and function is None:
            return _of_dataclass(definition, module)
        if decorators or len(bases) > 1:
            return None
        if not bases:
            return Signature(name=definition.name, module=module, node=definition)
        found = self.read(bases[0], module)
        return None if found is None else replace(found, name=definition.name)

    def _is_followed(self, base: ast.expr, module: Module) -> bool:
        name = module.called(base.value if isinstance(base, ast.Subscript) else base)
        return name not in _MARKS

    def _of_function(self, function: Function, module: Module) -> Signature | None:
        found: Signature | None = plain_signature(_name(function), function, module)
        for decorator in reversed(getattr(function, "decorator_list", [])):
            if found is None:
                return None
            found = self._decorated(decorator, found, module)
        return found

    def _decorated(self, decorator: ast.expr, inner: Signature, module: Module) -> Signature | None:
        """What a decorator leaves of a signature."""
        if module.called(decorator) in _TRANSPARENT:
            return inner
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        found = self._definition(target, module, 0)
        if found is None or not isinstance(found[0], ast.FunctionDef) or found[0].decorator_list:
            return None
        function: ast.FunctionDef | None = found[0]
        if isinstance(decorator, ast.Call) and function is not None:
            returned = _returned(function)
            function = returned if isinstance(returned, ast.FunctionDef) and not returned.decorator_list else None
        return None if function is None else _applied(function, inner, found[1])


def _method(definition: ast.ClassDef, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    found = [
        each
        for each in definition.body
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name == name
    ]
    return found[-1] if found else None


def _name(function: Function) -> str:
    return "lambda" if isinstance(function, ast.Lambda) else function.name


def plain_signature(name: str, function: Function, module: Module) -> Signature:
    """The arguments of a function without its decorators."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    missing: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = [
        *zip(positional, [*missing, *arguments.defaults], strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    problems = []
    if [each for each in arguments.posonlyargs if each.arg not in ("self", "cls")]:
        problems.append((function.lineno, f"{name}: {POSITIONAL_ONLY[0]}", POSITIONAL_ONLY[1]))
    rest = arguments.vararg or arguments.kwarg
    if rest is not None:
        fault, hint = variadic(f"{'*' if arguments.vararg else '**'}{rest.arg}")
        problems.append((rest.lineno, f"{name} {fault}", hint))
    return Signature(name=name, module=module, node=function, arguments=tuple(pairs), problems=tuple(problems))


def _of_dataclass(definition: ast.ClassDef, module: Module) -> Signature | None:
    arguments: list[Argument] = []
    for statement in definition.body:
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        if not is_not_given(statement, module):
            argument = ast.arg(arg=statement.target.id, annotation=statement.annotation)
            ast.copy_location(argument, statement)
            arguments.append((argument, _default_of_field(statement.value, module)))
    return Signature(name=definition.name, module=module, node=definition, arguments=tuple(arguments))


def is_not_given(statement: ast.AnnAssign, module: Module) -> bool:
    """Whether a class's annotation is of no field that a request fills: `ClassVar[…]`, `_: KW_ONLY` and `field(init=False)`."""
    annotation = unquoted(statement.annotation)
    if isinstance(annotation, ast.Subscript):
        annotation = annotation.value
    name = module.bindings.dotted_name(annotation) if annotation is not None else None
    if (name or "").rpartition(".")[2] in ("ClassVar", "KW_ONLY"):
        return True
    value = statement.value
    return isinstance(value, ast.Call) and any(
        word.arg == "init" and isinstance(word.value, ast.Constant) and word.value.value is False
        for word in value.keywords
    )


def _default_of_field(value: ast.expr | None, module: Module) -> ast.expr | None:
    if not isinstance(value, ast.Call) or module.called(value) != "dataclasses.field":
        return value
    return next((word.value for word in value.keywords if word.arg in ("default", "default_factory")), None)


def _returned(function: ast.FunctionDef) -> ast.expr | ast.FunctionDef | ast.AsyncFunctionDef | None:
    """What a decorator returns, a name of one of its functions as that function; None where it does more than define and return."""
    *before, last = function.body
    defined = {}
    for statement in before:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            defined[statement.name] = statement
        elif not isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign) or _sets_attribute(statement):
            return None
    if not isinstance(last, ast.Return) or last.value is None:
        return None
    return defined.get(last.value.id, last.value) if isinstance(last.value, ast.Name) else last.value


def _sets_attribute(statement: ast.stmt) -> bool:
    """Whether a statement may set a function's `__signature__` or `__wrapped__`."""
    if isinstance(statement, ast.Expr):
        return "update_wrapper" in ast.dump(statement)
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return not all(isinstance(target, ast.Name) for target in targets)


def _applied(decorator: ast.FunctionDef, inner: Signature, module: Module) -> Signature | None:
    """The signature of what a decorator of the project returns for a function."""
    arguments = [*decorator.args.posonlyargs, *decorator.args.args]
    returned = _returned(decorator)
    if not arguments or returned is None:
        return None
    taken = arguments[0].arg
    if isinstance(returned, ast.Name):
        return inner if returned.id == taken else None
    if not isinstance(returned, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    match returned.decorator_list:
        case []:
            return plain_signature(returned.name, returned, module)
        case [ast.Call(args=[ast.Name(id=wrapped)]) as wraps] if module.called(wraps) == "functools.wraps":
            return _wrapped(returned.args, inner) if wrapped == taken else None
    return None


def _wrapped(wrapper: ast.arguments, inner: Signature) -> Signature:
    """The signature behind `functools.wraps`, with the problem of a wrapper that cannot be called with it."""
    names = [argument.arg for argument, _ in inner.arguments]
    by_name = [*wrapper.args, *wrapper.kwonlyargs]
    defaults: Sequence[ast.expr | None] = [
        *[None] * (len(wrapper.args) - len(wrapper.defaults)),
        *wrapper.defaults[-len(wrapper.args) :],
        *wrapper.kw_defaults,
    ]
    taken = {argument.arg for argument in by_name}
    refused = [name for name in names if name not in taken and wrapper.kwarg is None]
    required = [
        argument.arg
        for argument, default in zip(by_name, defaults, strict=False)
        if default is None and argument.arg not in names
    ]
    if not refused and not required:
        return inner
    fault, hint = refused_by_wrapper(refused[0]) if refused else required_by_wrapper(required[0])
    return replace(inner, problems=(*inner.problems, (inner.line, f"{inner.name}: its {fault}", hint)))
