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
from typing import TYPE_CHECKING, Any

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


_running: ContextVar[FunctionVariables | None] = ContextVar("edgeroutes_function_variables", default=None)


@contextmanager
def running(variables: FunctionVariables | None) -> Iterator[None]:
    """What runs within runs as a function with these variables; also in tasks and threads that take the context along."""
    token = _running.set(variables)
    try:
        yield
    finally:
        _running.reset(token)


@contextmanager
def per_function_environ() -> Iterator[None]:
    """Have `os.environ` tell functions apart.

    The object stays and gets another class, so that whoever did `from os import environ` before sees the same as everybody.
    """
    before = os.environ.__class__
    os.environ.__class__ = _FunctionEnviron
    try:
        yield
    finally:
        os.environ.__class__ = before


class _FunctionEnviron(os._Environ):  # type: ignore[type-arg]  # noqa: SLF001 - there is no other base with this layout
    def __getitem__(self, key: Any) -> Any:
        variables = _running.get()
        if variables is None or key not in variables:
            return super().__getitem__(key)
        if variables.on_import is not None:
            variables.on_import(key, *_reader(sys._getframe(1)))  # noqa: SLF001 - the way to a caller without inspect
        return variables.own[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        variables = _running.get()
        if variables is None or key not in variables:
            super().__setitem__(key, value)
        else:
            variables.own[key] = self.decodevalue(self.encodevalue(value))

    def __delitem__(self, key: Any) -> None:
        variables = _running.get()
        if variables is None or key not in variables:
            super().__delitem__(key)
        else:
            del variables.own[key]

    def __iter__(self) -> Iterator[Any]:
        variables = _running.get()
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
