"""`os.environ` with the variables of the function that runs, although all functions run in one process.

A context variable has the running function. It sees its own variables, and none that only other functions have. Code outside of all
functions, such as a thread that does not copy the context, sees the variables that all functions agree on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType


@dataclass(slots=True, kw_only=True)
class FunctionVariables:
    """The variables of one function.

    Args:
        own: Its variables; a handler may change them.
        hidden: The names that only other functions have.
        on_import: Receives each of its variables that is read while its route is loaded: name, and file and line of the reader.
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
        return self


class _VariableSource(Protocol):
    """Variables of a function that may not be known yet."""

    def for_name(self, name: str | None) -> FunctionVariables | None:
        """The variables once this one (None: all) is known; None where the process's own value counts."""


_running: ContextVar[_VariableSource | None] = ContextVar("edgeroutes_function_variables", default=None)


@contextmanager
def running(variables: _VariableSource | None) -> Iterator[None]:
    """Run the block as a function with these variables, including tasks and threads that copy the context."""
    token = _running.set(variables)
    try:
        yield
    finally:
        _running.reset(token)


@contextmanager
def per_function_environ(wait_outside: Callable[[str], None] | None = None) -> Iterator[None]:
    """Replace the mapping inside `os.environ`; the object stays, for code that has imported it by name.

    Args:
        wait_outside: Waits for a variable that is missing outside of all functions, where functions are about to get it.
    """
    environ: Any = os.environ
    before = environ._data  # noqa: SLF001 - os.environ has no other place for its values
    environ._data = _FunctionData(before, wait_outside)  # noqa: SLF001
    try:
        yield
    finally:
        environ._data = before  # noqa: SLF001


def _function_variables(name: str | None) -> FunctionVariables | None:
    source = _running.get()
    if source is None or isinstance(source, FunctionVariables):
        return source
    token = _running.set(None)  # finding the variables reads the process's environment
    try:
        return source.for_name(name)
    finally:
        _running.reset(token)


class _FunctionData(MutableMapping[Any, Any]):
    """The mapping inside `os.environ`, with keys and values as the operating system has them.

    `os.environ` writes to the process's environment before it writes here; for a function's own variable that is undone.
    """

    def __init__(self, process: dict[Any, Any], wait_outside: Callable[[str], None] | None) -> None:
        self._process = process
        self._wait_outside = wait_outside

    def __getitem__(self, key: Any) -> Any:
        name = os.environ.decodekey(key)
        variables = _function_variables(name)
        if variables is None or name not in variables:
            return self._process_value(key, name)
        if variables.on_import is not None:
            variables.on_import(name, *_reader(sys._getframe(1)))  # noqa: SLF001 - the caller, without inspect
        return os.environ.encodevalue(variables.own[name])

    def _process_value(self, key: Any, name: str) -> Any:
        if key not in self._process and self._wait_outside is not None and _running.get() is None:
            self._wait_outside(name)
        return self._process[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        name = os.environ.decodekey(key)
        variables = _function_variables(name)
        if variables is None or name not in variables:
            self._process[key] = value
            return
        self._restore_process_value(key)
        variables.own[name] = os.environ.decodevalue(value)

    def __delitem__(self, key: Any) -> None:
        name = os.environ.decodekey(key)
        variables = _function_variables(name)
        if variables is None or name not in variables:
            del self._process[key]
            return
        self._restore_process_value(key)
        del variables.own[name]

    def _restore_process_value(self, key: Any) -> None:
        if key in self._process:
            os.putenv(key, self._process[key])
        else:
            os.unsetenv(key)

    def __iter__(self) -> Iterator[Any]:
        # HTTP clients look for proxies, and botocore for a few names: they do not wait for all variables.
        reader = _reader(sys._getframe(1))[0]  # noqa: SLF001
        looks_for_proxies = f"{os.sep}botocore{os.sep}" in reader or reader.endswith(f"urllib{os.sep}request.py")
        variables = _function_variables("AWS_REGION" if looks_for_proxies else None)
        if variables is None:
            return iter(self._process)
        names = [key for key in self._process if os.environ.decodekey(key) not in variables]
        return iter([*names, *map(os.environ.encodekey, variables.own)])

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _reader(frame: FrameType | None) -> tuple[str, int]:
    """File and line of the first caller outside the mapping's own code."""
    machinery = {os.__file__, __file__, "<frozen os>", "<frozen _collections_abc>"}
    while frame is not None and frame.f_code.co_filename in machinery:
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else ("", 0)


def common_variables(several: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The variables that have one value in all functions that have them."""
    values: dict[str, set[str]] = {}
    for variables in several.values():
        for name, value in variables.items():
            values.setdefault(name, set()).add(value)
    return {name: value for name, found in values.items() if len(found) == 1 for value in found}
