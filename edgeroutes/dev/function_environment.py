"""The environment of functions while requests are handled: their variables, and the ones of `.env` files.

All functions run in one process, so a context variable has the running one. In it `os.environ` has its own variables, and none that
only other functions have. Code outside of all functions, such as a thread that does not copy the context, sees the variables that
all functions agree on.

`aws` sets the functions' variables; a request waits for those that it reads. A variable that was there before the server wins over
`.env.local`, that over `.env`, that over the functions' own, and that over `[tool.edgeroutes.env]`. None of it is bundled.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from threading import Event, Lock, current_thread, main_thread
from typing import TYPE_CHECKING, Any, Protocol

from edgeroutes.dev.reports import Logged
from edgeroutes.names import DISTRIBUTION_ID_VARIABLE, DISTRIBUTION_PARAMETER_VARIABLE, ENV_FILES, SECRET_VARIABLE
from edgeroutes.routing.reading import read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from contextlib import AbstractContextManager
    from types import FrameType

    from edgeroutes.dev.reports import Reporter
    from edgeroutes.errors import ProjectError
    from edgeroutes.plan.model import ProjectPlan
    from edgeroutes.routing.scan import RouteFile


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


# Variables that only deployed functions need, behind CloudFront.
DEPLOYED_ONLY = frozenset({SECRET_VARIABLE, DISTRIBUTION_PARAMETER_VARIABLE, DISTRIBUTION_ID_VARIABLE})


@dataclass(frozen=True, slots=True)
class VariablesByRoute:
    """The variables of the functions, as a worker receives them.

    Args:
        by_function: Logical id → variables.
        function_of: Route path → logical id.
        fixed: The names of variables that functions cannot set.
        is_complete: Whether no other values are to come.
    """

    by_function: Mapping[str, Mapping[str, str]]
    function_of: Mapping[str, str]
    fixed: frozenset[str]
    is_complete: bool = True


class FunctionEnvironment:
    """The functions' variables, and the problems that keep functions from having them.

    They become known in two steps: the plan has the variables of each function, then local AWS resolves those that refer to
    resources. A request waits only when it needs what is not known yet.

    Args:
        root: The project's folder.
        environment: The other variables, of which some win over the functions'.
        report: Gets a line for a request that waits.
    """

    def __init__(
        self, root: Path, environment: Environment | VariablesByRoute, report: Reporter = lambda _: None
    ) -> None:
        self._root = root
        self._environment = environment
        self._report = report
        self._is_planned, self._is_resolved = Event(), Event()
        self.wanted = Event()
        """Set when a request waits for local AWS."""
        self._by_function: Mapping[str, Mapping[str, str]] = {}
        self._resolved: Mapping[str, Mapping[str, str]] | None = None
        self._function_of: Mapping[str, str] = {}
        self._unresolved: Mapping[str, Collection[str]] = {}
        self._faults: Mapping[str, tuple[ProjectError, ...]] = {}
        self._cloud_faults: tuple[ProjectError, ...] = ()
        self._plan_faults: tuple[ProjectError, ...] = ()
        self._plan_faults_before: tuple[ProjectError, ...] = ()
        self._lock = Lock()
        self._shared_reads: dict[tuple[str, str], str] = {}
        self.release()

    @classmethod
    def restored(cls, root: Path, variables: VariablesByRoute) -> FunctionEnvironment:
        """Those of another process, which no longer change."""
        restored = cls(root, variables)
        restored.restore(variables)
        return restored

    def restore(self, variables: VariablesByRoute) -> None:
        """Take over the variables of another process."""
        self._environment = variables
        self._by_function, self._function_of = variables.by_function, variables.function_of
        if variables.is_complete:
            self._is_resolved.set()
        else:
            self._is_resolved.clear()

    def variables(self) -> VariablesByRoute:
        """The argument of `restored`."""
        return VariablesByRoute(self._by_function, self._function_of, self.fixed, self.is_ready)

    @property
    def fixed(self) -> frozenset[str]:
        """The names of variables that functions cannot set."""
        return self._environment.fixed

    def hold(self) -> None:
        """Make requests wait for the plan and for values."""
        self._is_planned.clear()
        self._is_resolved.clear()

    def release(self) -> None:
        self._is_planned.set()
        self._is_resolved.set()

    @property
    def is_ready(self) -> bool:
        return self._is_resolved.is_set()

    def faults(self, route: RouteFile | None) -> tuple[ProjectError, ...]:
        """The problems that keep a route from responding; waits where a save may have fixed them."""
        found = self._known_faults(route)
        if found and not self._is_resolved.is_set():
            self._is_planned.wait()
            found = self._known_faults(route)
            if found and found == self._cloud_faults:
                self._is_resolved.wait()
                found = self._known_faults(route)
        return found

    def _known_faults(self, route: RouteFile | None) -> tuple[ProjectError, ...]:
        if route is None:
            return ()
        needs_cloud = self._unresolved.get(self._function_of.get(route.route_path, ""))
        return self._faults.get(route.route_path) or self._plan_faults or (self._cloud_faults if needs_cloud else ())

    def fail_plan(self, faults: tuple[ProjectError, ...]) -> None:
        """No function is known, for these reasons."""
        self._plan_faults = faults

    def fail_cloud(self, faults: tuple[ProjectError, ...]) -> None:
        """Variables that refer to resources have no value, for these reasons."""
        self._cloud_faults = faults

    def put_plan(
        self,
        plan: ProjectPlan,
        plain: Mapping[str, Mapping[str, str]],
        unresolved: Mapping[str, Collection[str]],
        faults: Mapping[str, tuple[ProjectError, ...]],
    ) -> None:
        """Set which variables functions have; `put` sets the unresolved ones.

        Args:
            plan: The functions.
            plain: Logical id → the variables whose values are known.
            unresolved: Logical id → the names of the others.
            faults: Route path → the problems that keep it from responding.
        """
        self._plan_faults_before = self._plan_faults
        self._plan_faults, self._faults, self._unresolved = (), faults, unresolved
        self._function_of = {
            route.route_path: function.logical_id for function in plan.functions for route in function.routes
        }
        # With the earlier values, which stay if the resources cannot be changed.
        before = self._resolved or {}
        self._by_function = {
            name: _shipped(
                {
                    **variables,
                    **{key: value for key, value in before.get(name, {}).items() if key in unresolved.get(name, ())},
                }
            )
            for name, variables in plain.items()
        }
        self._share()
        self._is_planned.set()

    def put(self, by_function: Mapping[str, Mapping[str, str]]) -> bool:
        """Set all variables, logical id → variables; whether modules may have read others before."""
        before, has_failed = self._resolved, bool(self._cloud_faults or self._plan_faults_before)
        self._plan_faults_before = ()
        self._resolved = self._by_function = {name: _shipped(variables) for name, variables in by_function.items()}
        self._cloud_faults = ()
        self._share()
        return has_failed or (before is not None and before != self._resolved)

    def _share(self) -> None:
        if isinstance(self._environment, Environment):
            self._environment.share(common_variables(self._by_function))

    def running(self, route: RouteFile | None, *, loading: bool = False) -> AbstractContextManager[None]:
        """Run the block with the variables of the route's function."""
        if self._is_resolved.is_set():
            return running(self.variables_of(route, loading=loading))
        return running(LateVariables(self, route, loading=loading))

    def wait_for(self, route: RouteFile | None, name: str | None, reason: str) -> None:
        """Wait until a variable of a route's function (None: all) is known.

        Raises:
            ProjectError: It gets no value.
        """
        self._is_planned.wait()
        if route is None or self._is_resolved.is_set():
            return
        unresolved = self._unresolved.get(self._function_of.get(route.route_path, ""), ())
        if name in unresolved or (name is None and unresolved):
            self.wait_for_cloud(route, reason)

    def wait_for_cloud(self, route: RouteFile, reason: str) -> None:
        """Wait until the resources of infra/ are created.

        Raises:
            ProjectError: They cannot be created.
        """
        if not self._is_resolved.is_set():
            self.wanted.set()
            self._report(Logged(level="INFO", message=f"{route.route_path} waits for local AWS: {reason}"))
            self._is_resolved.wait()
        faults = self.faults(route)
        if faults:
            raise faults[0]

    def wait_outside(self, name: str) -> None:
        """Wait for a variable that a thread without a function reads, such as one of a `ThreadPoolExecutor`."""
        if not self._is_resolved.is_set() and not is_own_thread():
            self.wait_for_name(name)

    def wait_for_name(self, name: str) -> None:
        """Wait for a variable that any function gets."""
        self._is_planned.wait()
        if any(name in names for names in self._unresolved.values()):
            self.wanted.set()
            self._is_resolved.wait()

    def unresolved(self, route: RouteFile) -> Collection[str]:
        """The names of a route's variables without a value; waits for the plan."""
        self._is_planned.wait()
        if self._is_resolved.is_set():
            return ()
        return self._unresolved.get(self._function_of.get(route.route_path, ""), ())

    def has_value(self, name: str) -> bool:
        """Whether a variable has a value that no function's own one replaces."""
        if isinstance(self._environment, Environment):
            return self._environment.is_fixed(name)
        return name in self._environment.fixed

    @property
    def has_faults(self) -> bool:
        return bool(self._faults or self._cloud_faults or self._plan_faults)

    @property
    def late_names(self) -> frozenset[str]:
        """The variables that get their values from local AWS."""
        return frozenset(name for names in self._unresolved.values() for name in names)

    def take_shared_reads(self) -> list[str]:
        """The warnings for shared modules that read what differs between functions; each once."""
        with self._lock:
            warnings = [text for text in self._shared_reads.values() if text]
            self._shared_reads = dict.fromkeys(self._shared_reads, "")
        return warnings

    def variables_of(self, route: RouteFile | None, *, loading: bool) -> FunctionVariables | None:
        """The variables of a route's function, as far as they are known."""
        name = self._function_of.get(route.route_path) if route is not None else None
        if name is None or name not in self._by_function:
            return None
        fixed = self._environment.fixed
        own = {key: value for key, value in self._by_function[name].items() if key not in fixed}
        others = {key for variables in self._by_function.values() for key in variables} - own.keys() - fixed
        if not loading or route is None:
            return FunctionVariables(own=own, hidden=frozenset(others))
        source_file = str(self._root / route.source_file)

        def on_import(key: str, file: str, line: int) -> None:
            if file != source_file:
                self._note_shared(key, file, line)

        return FunctionVariables(own=own, hidden=frozenset(others), on_import=on_import)

    def _note_shared(self, key: str, file: str, line: int) -> None:
        """Note that a module of the project read a variable at its import in which functions differ."""
        values = {name: variables[key] for name, variables in self._by_function.items() if key in variables}
        if len(set(values.values())) < 2 or not Path(file).is_relative_to(self._root):
            return
        where = f"{Path(file).relative_to(self._root).as_posix()}:{line}"
        each = ", ".join(f"{value!r} for {name}" for name, value in sorted(values.items())[:3])
        text = (
            f"{where} reads {key} while it is imported, and functions differ in it ({each}). Here they share the module, and so the first"
            " one's value. Read it inside a function"
        )
        with self._lock:
            self._shared_reads.setdefault((where, key), text)


def is_own_thread() -> bool:
    """Whether the thread is one of the dev server's, not of the project's."""
    thread = current_thread()
    return thread is main_thread() or thread.name.startswith("edgeroutes")


def _shipped(variables: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in variables.items() if key not in DEPLOYED_ONLY}


class _LateEnvironment(Protocol):
    """What `LateVariables` uses of a `FunctionEnvironment`; a worker has its parent's."""

    @property
    def is_ready(self) -> bool: ...

    def has_value(self, name: str) -> bool: ...

    def wait_for(self, route: RouteFile | None, name: str | None, reason: str) -> None: ...

    def variables_of(self, route: RouteFile | None, *, loading: bool) -> FunctionVariables | None: ...


class LateVariables:
    """The variables of a function while not all are known: reading one waits for that one.

    Args:
        function_environment: Knows them.
        route: The function's.
        loading: Whether its file is being imported.
    """

    def __init__(self, function_environment: _LateEnvironment, route: RouteFile | None, *, loading: bool) -> None:
        self._function_environment = function_environment
        self._route = route
        self._loading = loading
        self._known: FunctionVariables | None = None
        self._given: dict[str, str] = {}
        self._is_complete = False

    def for_name(self, name: str | None) -> FunctionVariables | None:
        """The variables once this one (None: all) is known; None where the process's own value counts.

        Raises:
            ProjectError: It gets no value.
        """
        if self._is_complete or (name is not None and self._function_environment.has_value(name)):
            return self._known
        self._function_environment.wait_for(self._route, name, f"it reads {name or 'its environment'}")
        is_complete = self._function_environment.is_ready
        found = self._function_environment.variables_of(self._route, loading=self._loading)
        given = dict(found.own) if found is not None else {}
        if found is not None and self._known is not None:
            self._take_over_changes(found.own, self._known.own)
        self._known, self._given, self._is_complete = found, given, is_complete
        return found

    def _take_over_changes(self, own: dict[str, str], before: dict[str, str]) -> None:
        """Repeat what the handler has set and deleted; its other variables may have new values."""
        for name in self._given.keys() - before.keys():
            own.pop(name, None)
        own.update({name: value for name, value in before.items() if self._given.get(name) != value})


class Environment:
    """The variables of one project, put into an environment and removed again.

    Args:
        root: The project's folder.
        environ: `os.environ`, or a stand-in.
    """

    def __init__(self, root: Path, environ: MutableMapping[str, str]) -> None:
        self._root = root
        self._environ = environ
        self._own: dict[str, str] = {}
        self._files: dict[str, str] = {}
        self._settings: Mapping[str, str] = {}
        self._shared: Mapping[str, str] = {}

    @property
    def fixed(self) -> frozenset[str]:
        """The names whose value is from outside or from a file, and wins over a function's own."""
        return frozenset(self._environ) - (self._own.keys() - self._files.keys())

    def is_fixed(self, name: str) -> bool:
        return name in self._environ and (name not in self._own or name in self._files)

    def share(self, variables: Mapping[str, str]) -> None:
        """Put in the variables that all functions agree on, instead of the ones before."""
        self._shared = variables
        self._put_in()

    def load(self, settings: Mapping[str, str]) -> None:
        """Put in the variables of the files and settings, and remove those that are no longer there.

        Args:
            settings: `[tool.edgeroutes.env]`.

        Raises:
            ConfigError: A file cannot be read.
        """
        self._settings, self._files = settings, self._read_files()
        self._put_in()

    def _put_in(self) -> None:
        wanted = {**self._settings, **self._shared, **self._files}
        for name in [name for name, value in self._own.items() if self._environ.get(name) == value]:
            del self._environ[name]
        self._own = {name: value for name, value in wanted.items() if name not in self._environ}
        self._environ.update(self._own)

    def _read_files(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in ENV_FILES:
            path = self._root / name
            if (path / "pyvenv.cfg").exists():  # a virtual environment
                continue
            try:
                text = read_text(path, name)
            except FileNotFoundError:
                continue
            from dotenv import dotenv_values

            values = dotenv_values(stream=StringIO(text))
            found.update({key: value for key, value in values.items() if value is not None})
        return found
