"""The project's functions in this process: which one answers, and what it finds around it while it runs. Roof.

A function on Lambda has a process of its own; here all share one, so what is a function's own, its environment, is put in place around
each call.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

from edgeroutes.adapters.events import read_event
from edgeroutes.dev.function_environment import Environment
from edgeroutes.dev.gateway import HttpRequest, rest_event
from edgeroutes.dev.invocation import DevContext
from edgeroutes.dev.project import Project
from edgeroutes.pipeline import plan_scan
from edgeroutes.runtime.application import Application
from edgeroutes.runtime.dependencies import identity, overrides
from edgeroutes.testing.adapters import ADAPTERS, Adapter
from edgeroutes.testing.environment import FAKE_CREDENTIALS, NOT_IN_TESTS, put_environment, restored_environment
from edgeroutes.testing.output import Output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from edgeroutes.local_aws.stack import Cloud
    from edgeroutes.plan.model import FunctionPlan


class Functions:
    """The functions of a project.

    Args:
        root: The project's folder, absolute.
        environ: What the environment was before any test ran; what differs from it now was set by the test, and wins.

    Raises:
        ProjectError: When the project's settings, layout or route files have something wrong; all of it at once.
    """

    def __init__(self, root: Path, environ: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.project = Project(root)
        self.manifest = self.project.manifest()
        self.output = Output()
        self.running: list[FunctionPlan] = []
        """Those that run now: the last one is asked by the one before it."""
        self.cloud: Cloud | None = None
        """The `Cloud` that is on, whose names the environment has then."""
        self.left_out: set[str] = set()
        """Variables that functions have had to do without, because AWS on the desk is off."""
        self.enforces_iam = False
        """Whether they may do with AWS only what their policies allow."""
        self._plan = plan_scan(root, self.project.config, self.project.scan)
        self._of_route = {route.route_path: plan for plan in self._plan.functions for route in plan.routes}
        self._gateway = Application(self.manifest, str(root), mount=_no_mount)
        self._adapters: dict[tuple[str, bool], Adapter] = {}
        self._overrides: list[Override] = []
        self._before = dict(os.environ) if environ is None else environ
        self._files = _read_files(root)
        self._outside: Mapping[str, str] = {}  # the environment in which the first of those that run was asked

    @property
    def plans(self) -> Mapping[str, FunctionPlan]:
        """Every function, by its logical id."""
        return {plan.logical_id: plan for plan in (*self._plan.functions, self._plan.fallback)}

    def function_of(self, request: HttpRequest) -> FunctionPlan:
        """The function that answers a request: the fallback where no route does."""
        route = self._gateway.open(read_event(rest_event(request), None)).route
        return self._plan.fallback if route is None else self._of_route[route.route_path]

    def adapter(self, name: str, *, debug: bool) -> Adapter:
        """The routes behind an adapter, the same one each time; to be made while the function runs, for it may load its route."""
        key = (name, debug)
        if key not in self._adapters:
            from edgeroutes.services.revalidation import stay_local

            stay_local()
            self._adapters[key] = ADAPTERS[name](self.manifest, str(self.root), debug=debug)
        return self._adapters[key]

    def context_of(self, plan: FunctionPlan) -> DevContext:
        """What Lambda gives a function beside the event."""
        config = self.project.config
        memory_mib = plan.properties.get("MemorySize", config.memory_mib)
        context = DevContext(function_name=self.name_of(plan), memory_mib=memory_mib)
        timeout_s = plan.properties.get("Timeout", config.timeout_s)
        context.set_timeout(timeout_s if isinstance(timeout_s, int | float) else config.timeout_s)
        return context

    def name_of(self, plan: FunctionPlan) -> str:
        """What a function is called on AWS."""
        made = self.cloud.resources.get(plan.logical_id) if self.cloud else None
        return made.physical_id if made else plan.logical_id

    def environment_of(self, plan: FunctionPlan) -> dict[str, str]:
        """What a function finds in its environment besides what is there for all.

        What the test has set wins over `.env` files, these over the template; without AWS on the desk it has of the template what is
        plain text. There is no AWS_LAMBDA_FUNCTION_NAME: projects ask by it whether they are on Lambda.
        """
        declared = self._declared(plan)
        outside = self._outside if self.running else os.environ
        set_by_test = {name: value for name, value in outside.items() if self._before.get(name) != value}
        wanted = {name: value for name, value in {**declared, **self._files}.items() if name not in NOT_IN_TESTS}
        return {**{name: set_by_test.get(name, value) for name, value in wanted.items()}, **FAKE_CREDENTIALS}

    def _declared(self, plan: FunctionPlan) -> dict[str, str]:
        if self.cloud is not None:
            with suppress(KeyError):
                return self.cloud.environment_of(plan.logical_id)
        own = (plan.properties.get("Environment") or {}).get("Variables") or {}
        plain = {name: _plain_text(value) for name, value in {**self.project.config.env, **own}.items()}
        self.left_out.update(name for name, value in plain.items() if value is None)
        return {name: value for name, value in plain.items() if value is not None}

    @contextmanager
    def run(self, plan: FunctionPlan) -> Iterator[None]:
        """For as long as a function runs: its environment is in place, and what it writes is taken down."""
        with restored_environment():
            if not self.running:
                self._outside = dict(os.environ)
            put_environment(
                {name: value for name, value in self._outside.items() if name not in NOT_IN_TESTS}
                | self.environment_of(plan)
            )
            self.running.append(plan)
            try:
                with self.output.taken_down(), self._allowed(plan):
                    yield
            finally:
                self.running.pop()

    def _allowed(self, plan: FunctionPlan) -> AbstractContextManager[object]:
        """What keeps a function to its policies, where that is asked for."""
        if self.cloud is None or not self.enforces_iam:
            return nullcontext()
        from edgeroutes.local_aws.iam.enforcement import enforce

        return enforce(self.cloud, plan.logical_id, root=self.root)

    def override(self, dependency: Callable[..., Any], replacement: Callable[..., Any]) -> Override:
        """Call another function in the place of a dependency, until `close` at the latest."""
        for each in (dependency, replacement):
            if not callable(each):
                raise TypeError(
                    f"client.override takes two functions, not {each!r:.60}. For a value, write lambda: value"
                )
        self._overrides.append(Override(dependency, replacement))
        return self._overrides[-1]

    def close(self) -> None:
        """End overrides and what the routes have started, and clear their data cache; a request after it starts anew."""
        while self._overrides:
            self._overrides.pop().end()
        while self._adapters:
            _, adapter = self._adapters.popitem()
            adapter.close()
        cache = sys.modules.get("edgeroutes.services.data_cache")
        if cache is not None:
            cache.reset_data_cache()


class Override:
    """A function in the place of a dependency, from now to the end of the `with` block that this opens, or to `end`."""

    def __init__(self, dependency: Callable[..., Any], replacement: Callable[..., Any]) -> None:
        self._key = identity(dependency)
        self._before = overrides.get(self._key)
        self._is_on = True
        overrides[self._key] = replacement

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Put back what was there before."""
        if self._is_on and self._before is None:
            overrides.pop(self._key, None)
        elif self._is_on and self._before is not None:
            overrides[self._key] = self._before
        self._is_on = False


def _plain_text(value: Any) -> str | None:
    """The value as CloudFormation writes it into an environment; None where that needs resources."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return value if isinstance(value, str) and "{{resolve:" not in value else None


def _read_files(root: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    Environment(root, found).load({})
    return found


async def _no_mount(*_: object) -> Any:
    raise NotImplementedError("it is asked which route answers, and never for the answer")
