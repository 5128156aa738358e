"""Dependencies: functions whose values handlers take as arguments. Loaded by files that use `Depends`."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar, copy_context
from functools import partial
from types import AsyncGeneratorType, GeneratorType, MappingProxyType

from edgeroutes.errors import HandlerError, RouteFileError
from edgeroutes.http.interrupts import HTTPError, Redirect, find_interrupt
from edgeroutes.http.parameters import Source
from edgeroutes.runtime.binding import bind
from edgeroutes.runtime.loop import is_fatal, running_loop, starts_nothing
from edgeroutes.runtime.signature import ABSENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from contextvars import Context
    from types import CodeType
    from typing import Any

    from edgeroutes.http.response import Response
    from edgeroutes.runtime.application import Call
    from edgeroutes.runtime.binding import Binding, Errors, Segments
    from edgeroutes.runtime.context import RequestScope

_FAILED: Any = object()
# Source: inspect.CO_GENERATOR and CO_ASYNC_GENERATOR.
_GENERATORS = 0x20 | 0x200

overrides: ContextVar[Mapping[Any, Callable[..., Any]]] = ContextVar(
    "edgeroutes_overrides", default=MappingProxyType({})
)
"""What `client.override` puts in the place of dependencies, by `identity`; empty outside tests."""


class Depends(Source):
    """An argument whose value a function gives: `user: Annotated[User, Depends(current_user)]`.

    The function takes arguments as a handler does, other dependencies included, and is called once per request, however many take it.
    The part of a generator after its `yield` runs when the response is complete.

    Args:
        dependency: A function, sync or async, a generator function that yields once, a class, or any callable. Without it the annotated
            type is called.
        use_cache: False calls it once for every argument that takes it.

    Raises:
        TypeError: When it cannot be called.
    """

    __slots__ = ("comes_first", "dependency", "use_cache")
    place = "dependency"

    def __init__(self, dependency: Callable[..., Any] | None = None, *, use_cache: bool = True) -> None:
        super().__init__()
        if dependency is not None and not callable(dependency):
            raise TypeError(
                f"Depends() takes a function, not {dependency!r:.60}. Write Depends(function), without calling it"
            )
        self.dependency = dependency
        self.use_cache = use_cache
        self.comes_first = (
            False  # whether it is called before anything is read from the request; it takes no arguments then
        )

    def for_function(self, function: Any) -> Depends:
        """The same with this function, which for `Depends()` is the annotated type."""
        if function is self.dependency:
            return self
        found = Depends(use_cache=self.use_cache)
        found.dependency = None if function is ABSENT else function
        return found

    def __repr__(self) -> str:
        return f"Depends({_name(self.dependency) if self.dependency else ''})"


def identity(function: Callable[..., Any]) -> Any:
    """By which a dependency is recognized: methods of one object are equal, objects that cannot be hashed are themselves."""
    try:
        hash(function)
    except TypeError:
        return id(function)
    return function


class Dependencies:
    """The dependencies of one handler, those of dependencies included.

    Args:
        wanted: The handler's own, by the argument's name.
        segments: As in `bind`.
        where: The handler, for messages.
        root: The project's folder, for messages.
        replaced: As in `overrides`.

    Raises:
        RouteFileError: For a cycle, and for an argument of a dependency that nothing in a request can fill.
    """

    __slots__ = ("_arguments", "_inputs", "_known", "_nodes", "_replaced")

    def __init__(
        self,
        wanted: Sequence[tuple[str, Depends]],
        segments: Segments,
        where: str,
        root: str,
        replaced: Mapping[Any, Callable[..., Any]] | None = None,
    ) -> None:
        self._arguments = (wanted, segments, where, root)
        self._replaced = replaced or {}
        self._nodes: list[_Node] = []
        self._known: dict[Any, int] = {}
        self._inputs = [(name, self._add(depends, f"{where}, argument {name!r}", ())) for name, depends in wanted]

    def _add(self, depends: Depends, where: str, path: tuple[Callable[..., Any], ...]) -> int:
        """The index of a dependency's node, after those that it takes."""
        _, segments, _, root = self._arguments
        function = depends.dependency
        if not callable(function):
            problem = f"Depends() without a function calls the annotated type, and {function!r:.60} cannot be called"
            raise RouteFileError(problem, where=where, hint="Write Depends(function)")
        replacement = self._replaced.get(identity(function))
        if replacement is not None and replacement not in path:  # it may take the original
            function = replacement
        if function in path:
            from edgeroutes.routing.argument_problems import cycle

            problem, hint = cycle([_name(each) for each in (*path[path.index(function) :], function)])
            raise RouteFileError(problem, where=_place(function, root), hint=hint)
        key = identity(function)
        if depends.use_cache and key in self._known:
            return self._known[key]
        place = _place(function, root)
        binding = bind(function, segments, place)
        inner = binding.dependencies if binding is not None else ()
        inputs = [(name, self._add(each, f"{place}, argument {name!r}", (*path, function))) for name, each in inner]
        self._nodes.append(_Node(function, binding, inputs, place, comes_first=depends.comes_first and binding is None))
        return self._known.setdefault(key, len(self._nodes) - 1) if depends.use_cache else len(self._nodes) - 1

    async def respond(
        self, call: Callable[[dict[str, Any]], Awaitable[Response]], binding: Binding, scope: RequestScope
    ) -> Response:
        """The handler's response; an error is raised in the generators that have yielded, a redirect is not.

        Args:
            call: Calls the handler with its arguments.
            binding: The handler's.
            scope: The request.
        """
        replaced = overrides.get()
        used = Dependencies(*self._arguments, replaced) if replaced else self
        try:
            return await call(await used.arguments(scope, binding))
        except BaseException as error:
            interrupt = find_interrupt(error) if isinstance(error, Exception) else None
            if isinstance(interrupt, Redirect):
                raise
            # Of a task group the generators see the one error that is the response.
            thrown = interrupt if interrupt is not None and isinstance(error, ExceptionGroup) else error
            raised = await unwind(scope, thrown)
            if raised is None or raised is thrown:
                raise
            raise raised from raised.__cause__

    async def arguments(self, scope: RequestScope, binding: Binding) -> dict[str, Any]:
        """The handler's arguments, with those that its dependencies give.

        A dependency is called unless a value for itself, or for one that it takes, is not valid.

        Raises:
            HTTPError: As `Binding.arguments`.
        """
        errors: Errors = []
        values: list[Any] = [_FAILED] * len(self._nodes)
        for index, node in enumerate(self._nodes):
            if node.comes_first:
                values[index] = await node.value(values, scope, errors)
        arguments = await _read_arguments(binding, scope, errors)
        for index, node in enumerate(self._nodes):
            if not node.comes_first:
                values[index] = await node.value(values, scope, errors)
        if errors:
            raise HTTPError(400, errors=[each for index, each in enumerate(errors) if each not in errors[:index]])
        arguments.update((name, values[index]) for name, index in self._inputs)
        return arguments


class _Node:
    """One function that gives a value.

    Args:
        function: What is called.
        binding: Its arguments; None for none.
        inputs: The arguments that other nodes give: name and index.
        where: For messages.
        comes_first: As of `Depends`.
    """

    __slots__ = ("_binding", "_function", "_inputs", "_is_generator", "_is_sync", "_where", "comes_first")

    def __init__(
        self,
        function: Callable[..., Any],
        binding: Binding | None,
        inputs: list[tuple[str, int]],
        where: str,
        *,
        comes_first: bool,
    ) -> None:
        self.comes_first = comes_first
        self._function = function
        self._binding = binding
        self._inputs = inputs
        self._is_sync = not starts_nothing(function)
        code = _code(function)
        self._is_generator = code is not None and bool(code.co_flags & _GENERATORS)
        self._where = where

    async def value(self, values: list[Any], scope: RequestScope, errors: Errors) -> Any:
        """The function's value; `_FAILED`, with the errors, where its arguments are not valid."""
        count = len(errors)
        arguments = await _read_arguments(self._binding, scope, errors) if self._binding is not None else {}
        arguments.update((name, values[index]) for name, index in self._inputs)
        if len(errors) > count or any(values[index] is _FAILED for _, index in self._inputs):
            return _FAILED
        if self._is_sync:
            result = await _call(lambda: self._function(**arguments))
        else:
            result = self._function(**arguments)
        if hasattr(result, "__await__"):
            result = await result
        return await self._entered(result, scope) if self._is_generator else result

    async def _entered(self, generator: Any, scope: RequestScope) -> Any:
        """The value that the generator yields; its end is left for `unwind`."""
        if isinstance(generator, GeneratorType):
            manager = contextmanager(lambda: generator)()
            context = copy_context()  # of all its steps, since a variable's token is good in its context only

            async def enter() -> Any:
                return await _call(manager.__enter__, context)

            async def leave(error: BaseException | None) -> None:
                await _call(lambda: manager.__exit__(*_triple(error)), context)
        elif isinstance(generator, AsyncGeneratorType):
            async_manager = asynccontextmanager(lambda: generator)()
            enter = async_manager.__aenter__

            async def leave(error: BaseException | None) -> None:
                await async_manager.__aexit__(*_triple(error))
        else:
            return generator  # a decorator has made a value of it
        value = await self._yielding_once(enter())
        if scope.cleanups is None:
            scope.cleanups = []
        scope.cleanups.append(lambda error: self._yielding_once(leave(error)))
        return value

    async def _yielding_once(self, step: Awaitable[Any]) -> Any:
        try:
            return await step
        except RuntimeError as error:
            if not str(error).startswith("generator didn't"):  # as contextlib reports it
                raise
            problem = (
                "the dependency yielded more than once" if "stop" in str(error) else "the dependency did not yield"
            )
            raise HandlerError(problem, where=self._where, hint="Yield exactly one value") from error


def _triple(error: BaseException | None) -> tuple[Any, Any, Any]:
    """An error as context managers take it."""
    return (None, None, None) if error is None else (type(error), error, error.__traceback__)


async def _read_arguments(binding: Binding, scope: RequestScope, errors: Errors) -> dict[str, Any]:
    if not binding.may_read_form:
        return binding.read(scope, errors)
    from edgeroutes.runtime.bodies import read_arguments

    return await read_arguments(binding, scope, errors)


async def _call(function: Callable[[], Any], context: Context | None = None) -> Any:
    if running_loop() is None:
        return function()
    from edgeroutes.runtime.offload import call_sync

    return await call_sync(function, context)


async def unwind(scope: RequestScope, error: BaseException | None) -> BaseException | None:
    """Run what the request's generators have after their `yield`, the last first, and return the error that counts in the end.

    An error is raised in each of them, at its `yield`. One may raise another in its place; one that catches it and returns changes
    nothing.
    """
    while scope.cleanups:
        try:
            await scope.cleanups.pop()(error)
        except BaseException as raised:  # noqa: BLE001  # the caller raises or logs it
            error = raised
    return error


async def unwind_after_response(scope: RequestScope, call: Call) -> None:
    """Unwind when the response is complete; an error of that is logged."""
    scope.sealed = "after the response was sent"
    error = await unwind(scope, call.failure)
    if error is None or error is call.failure:
        return
    if is_fatal(error):
        raise error
    from edgeroutes.runtime.failures import log_broken_stream

    log_broken_stream(error, call, "failed in a dependency after the response was sent")


def _code(function: Any) -> CodeType | None:
    """The code of a callable, found behind partial objects, decorators and classes; None where it is not Python's."""
    while isinstance(function, partial) or hasattr(function, "__wrapped__"):
        function = function.func if isinstance(function, partial) else function.__wrapped__
    if not hasattr(function, "__code__"):
        function = vars(function).get("__init__") if isinstance(function, type) else type(function).__call__
    return getattr(function, "__code__", None)


def _name(function: Any) -> str:
    return getattr(function, "__qualname__", None) or getattr(function, "__name__", None) or type(function).__qualname__


def _place(function: Any, root: str) -> str:
    """`lib/users.py:12, current_user`; the name alone where no source is known."""
    code = _code(function)
    if code is None or code.co_filename.startswith("<"):
        return _name(function)
    return f"{code.co_filename.removeprefix(f'{root}/')}:{code.co_firstlineno}, {_name(function)}"
