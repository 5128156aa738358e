"""What functions find around them while requests are answered: their variables, once these are known. Floor 3; knows no AWS.

Who finds out about them (`desk`, `deployed`) puts them in; who answers a request waits for that, and takes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

from edgeroutes.dev.environment import Environment
from edgeroutes.dev.function_variables import FunctionVariables, common_variables, running

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from edgeroutes.errors import ProjectError
    from edgeroutes.plan.model import ProjectPlan
    from edgeroutes.routing.scan import RouteFile

# What only the deployed functions need: behind CloudFront, and to reach it.
DEPLOYED_ONLY = frozenset(
    {"EDGEROUTES_ORIGIN_SECRET", "EDGEROUTES_DISTRIBUTION_PARAMETER", "EDGEROUTES_DISTRIBUTION_ID"}
)


@dataclass(frozen=True, slots=True)
class VariablesByRoute:
    """The variables of the functions, as a worker receives them.

    Args:
        by_function: Logical id → variables.
        function_of: Route path → logical id.
        fixed: The names of variables whose value no function sets.
    """

    by_function: Mapping[str, Mapping[str, str]]
    function_of: Mapping[str, str]
    fixed: frozenset[str]


class Surroundings:
    """The functions' variables, and whether they are there yet.

    Args:
        root: The project's folder.
        environment: The variables that the project has otherwise, of which some win over the functions'.
    """

    def __init__(self, root: Path, environment: Environment | VariablesByRoute) -> None:
        self.faults: tuple[ProjectError, ...] = ()
        """What keeps every route from answering."""
        self._root = root
        self._environment = environment
        self._ready = Event()
        self._ready.set()
        self._by_function: Mapping[str, Mapping[str, str]] = {}
        self._function_of: Mapping[str, str] = {}
        self._lock = Lock()
        self._shared_reads: dict[tuple[str, str], str] = {}

    @classmethod
    def restored(cls, root: Path, variables: VariablesByRoute) -> Surroundings:
        """Those of another process, which does not change them any more."""
        restored = cls(root, variables)
        restored._by_function, restored._function_of = variables.by_function, variables.function_of
        return restored

    def variables(self) -> VariablesByRoute:
        """What `restored` needs."""
        return VariablesByRoute(self._by_function, self._function_of, self.fixed)

    @property
    def fixed(self) -> frozenset[str]:
        """The names of variables whose value is no function's to say."""
        return self._environment.fixed

    def hold(self) -> None:
        """Have requests wait."""
        self._ready.clear()

    def release(self) -> None:
        """Let requests go on."""
        self._ready.set()

    @property
    def is_ready(self) -> bool:
        """Whether requests may go on."""
        return self._ready.is_set()

    def put(self, plan: ProjectPlan, by_function: Mapping[str, Mapping[str, str]]) -> bool:
        """Take over what the functions have, logical id → variables; whether any of it is another than before."""
        before = self._by_function
        self._by_function = {
            name: {key: value for key, value in variables.items() if key not in DEPLOYED_ONLY}
            for name, variables in by_function.items()
        }
        self._function_of = {
            route.route_path: function.logical_id for function in plan.functions for route in function.routes
        }
        if isinstance(self._environment, Environment):
            self._environment.share(common_variables(self._by_function))
        return self._by_function != before

    def running(self, route: RouteFile | None, *, loading: bool = False) -> AbstractContextManager[None]:
        """What runs within finds the variables of the route's function."""
        return running(self._variables_of(route, loading=loading))

    def take_shared_reads(self) -> list[str]:
        """What is to be said of modules that several functions share and that read what differs between these, once."""
        with self._lock:
            said = [text for text in self._shared_reads.values() if text]
            self._shared_reads = dict.fromkeys(self._shared_reads, "")
        return said

    def _variables_of(self, route: RouteFile | None, *, loading: bool) -> FunctionVariables | None:
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
        """Remember that a module of the project took a variable when it was imported, where functions differ in it."""
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
