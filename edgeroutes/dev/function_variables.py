"""`os.environ` as each function has it on Lambda, though all of them run in one process. Floor 3; knows no requests.

While a function runs (a context variable says which), the variables that the project gives to functions are those of this one:
another value than elsewhere, or none, although a neighbour has one. What runs outside of any function, such as a thread that copies
no context, sees those on which all functions agree. Everything else in the environment is the process's own.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType


@dataclass(slots=True, kw_only=True)
class FunctionVariables:
    """What one function has in its environment.

    Args:
        own: Its variables; a handler may change them.
        hidden: The names that it does not have, while others do.
        on_import: Is told of each of its variables that is read while its route is loaded: name, file and line of who reads.
    """

    own: dict[str, str]
    hidden: frozenset[str] = frozenset()
    on_import: Callable[[str, str, int], None] | None = None
    _known: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._known = self.hidden | self.own.keys()

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def for_name(self, _: str | None) -> FunctionVariables | None:
        """These: they are known."""
        return self


class VariableSource(Protocol):
    """Variables of a function that may not be known yet."""

    def for_name(self, name: str | None) -> FunctionVariables | None:
        """The variables once this one is known, or all of them for None; None where the process's own value counts."""


_running: ContextVar[VariableSource | None] = ContextVar("edgeroutes_function_variables", default=None)
_wait_outside: Callable[[str], None] | None = None


@contextmanager
def running(variables: VariableSource | None) -> Iterator[None]:
    """What runs within runs as a function with these variables; also in tasks and threads that take the context along."""
    token = _running.set(variables)
    try:
        yield
    finally:
        _running.reset(token)


@contextmanager
def per_function_environ(wait_outside: Callable[[str], None] | None = None) -> Iterator[None]:
    """Have `os.environ` tell functions apart.

    The object stays and gets another class, so that whoever did `from os import environ` before sees the same as everybody.

    Args:
        wait_outside: Waits for a variable that is missing where no function is known to run, if functions are about to get it.
    """
    global _wait_outside
    before, _wait_outside = os.environ.__class__, wait_outside
    os.environ.__class__ = _FunctionEnviron
    try:
        yield
    finally:
        os.environ.__class__, _wait_outside = before, None


def _function_variables(name: str | None) -> FunctionVariables | None:
    source = _running.get()
    if source is None or isinstance(source, FunctionVariables):
        return source
    token = _running.set(None)  # who finds them out reads the process's environment
    try:
        return source.for_name(name)
    finally:
        _running.reset(token)


class _FunctionEnviron(os._Environ):  # type: ignore[type-arg]  # noqa: SLF001 - there is no other base with this layout
    def __getitem__(self, key: Any) -> Any:
        variables = _function_variables(key)
        if variables is None or key not in variables:
            return self._own_value(key)
        if variables.on_import is not None:
            variables.on_import(key, *_reader(sys._getframe(1)))  # noqa: SLF001 - the way to a caller without inspect
        return variables.own[key]

    def _own_value(self, key: Any) -> Any:
        """The process's own value."""
        try:
            return super().__getitem__(key)
        except KeyError:
            if _wait_outside is None or _running.get() is not None:
                raise
        _wait_outside(key)
        return super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        variables = _function_variables(key)
        if variables is None or key not in variables:
            super().__setitem__(key, value)
        else:
            variables.own[key] = self.decodevalue(self.encodevalue(value))

    def __delitem__(self, key: Any) -> None:
        variables = _function_variables(key)
        if variables is None or key not in variables:
            super().__delitem__(key)
        else:
            del variables.own[key]

    def __iter__(self) -> Iterator[Any]:
        # Clients of HTTP look for proxies, and those of botocore for a few names: they need nothing that is still to come.
        reader = _reader(sys._getframe(1))[0]  # noqa: SLF001
        looks_for_proxies = f"{os.sep}botocore{os.sep}" in reader or reader.endswith(f"urllib{os.sep}request.py")
        variables = _function_variables("AWS_REGION" if looks_for_proxies else None)
        if variables is None:
            return super().__iter__()
        names = [name for name in super().__iter__() if name not in variables]
        return iter([*names, *variables.own])

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _reader(frame: FrameType | None) -> tuple[str, int]:
    """File and line of the first caller that is not the mapping's own machinery."""
    machinery = {os.__file__, __file__, "<frozen os>", "<frozen _collections_abc>"}
    while frame is not None and frame.f_code.co_filename in machinery:
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else ("", 0)


def common_variables(several: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Those that have one value in all functions that have them."""
    values: dict[str, set[str]] = {}
    for variables in several.values():
        for name, value in variables.items():
            values.setdefault(name, set()).add(value)
    return {name: value for name, found in values.items() if len(found) == 1 for value in found}
