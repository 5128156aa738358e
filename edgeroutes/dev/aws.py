"""AWS for the functions of a dev server: local AWS, or the deployed stack with `--aws`.

Local AWS is a moto server in a process of its own. One thread creates the resources of infra/, changes them after a save, and
creates them again when the server has died. A request waits only when it reads a variable that refers to a resource, or calls AWS.
"""

from __future__ import annotations

import select
import sys
import threading
import time
from dataclasses import replace
from enum import Enum
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from edgeroutes.dev.function_plan import layout_of, may_need_cloud, may_need_plan, plan_functions
from edgeroutes.dev.reports import CloudFailed, CloudReady, Failed, Logged
from edgeroutes.errors import EdgeroutesError, ProblemsError, ProjectError, ServiceError, ToolError
from edgeroutes.local_aws.server import MotoProcess
from edgeroutes.local_aws.template import local_template, without_dependents
from edgeroutes.names import CONFIG_FILE, INFRA_FOLDER, SAM_CONFIG_FILE, TEMPLATE_FILE
from edgeroutes.routing.conventions import FUNCTION_FILE

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, MutableMapping
    from pathlib import Path

    from edgeroutes.dev.function_plan import FunctionsPlan
    from edgeroutes.dev.reload import LiveProject
    from edgeroutes.dev.reports import Reporter
    from edgeroutes.local_aws.seeds import Seed
    from edgeroutes.local_aws.stack import ProjectCloud
    from edgeroutes.plan.cloudformation import Infra


# A server that dies so soon, so often in a row, is not started again.
_SHORT_LIFE_S = 10.0
_SHORT_LIVES = 3
_LOOK_AGAIN_S = 0.02
# The user's variables that lead boto3 to another endpoint or account.
_OTHER_ACCOUNTS = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
_OWN = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION")


class _State(Enum):
    """What requests that need local AWS do."""

    UNUSED = "no resources are needed"
    STARTING = "requests wait"
    READY = "requests go on"
    FAILED = "requests fail with the reason"
    CLOSED = "the server ends"


class _LocalAws:
    """Brings local AWS to what the project's files declare.

    Args:
        live: The project.
        report: Receives what was created.
        environ: Gets the endpoint and credentials without an account; `os.environ`, or a stand-in.
        is_lazy: Whether moto starts only when a request needs it.
    """

    def __init__(
        self, live: LiveProject, report: Reporter, environ: MutableMapping[str, str], *, is_lazy: bool = False
    ) -> None:
        self._live = live
        self._root: Path = live.loaded.project.root
        self._functions = live.function_environment
        self._report = report
        self._credentials = _Credentials(environ)
        self._is_lazy = is_lazy
        self._state = _State.UNUSED
        self._failure = ""
        self._moto: MotoProcess | None = None
        self._made: ProjectCloud | None = None
        self._resources: Mapping[str, str] | None = None
        self._seeds: Mapping[str, Seed] = {}
        self._infra: Infra | None = None
        self._layout: Hashable = None
        self._reported_failure: tuple[str, bool] | None = None
        self._warned: set[str] = set()
        self._route_problems: frozenset[str] = frozenset()
        self._short_lives = 0
        self._tasks: SimpleQueue[str] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="edgeroutes-aws", daemon=True)

    def start(self) -> None:
        """Begin, where the project has anything to create or resolve."""
        project = self._live.loaded.project
        self._layout = layout_of(project)
        self._thread.start()
        if may_need_plan(project):
            if may_need_cloud(project):
                self._prepare()
            self._request_update()

    def expect(self, changed: Iterable[Path]) -> None:
        """Hold requests from before a save is read until `look` has handled it, where it may concern local AWS."""
        if any(_may_change_functions(path, self._root) for path in changed):
            self._enter(_State.STARTING)

    def look(self, changed: Iterable[Path]) -> None:
        """Take over what a save has changed: infra/, function.yaml, settings, the set of functions."""
        project = self._live.loaded.project
        layout, before = layout_of(project), self._layout
        self._layout = layout
        is_named = any(_may_change_functions(path, self._root) for path in changed)
        if is_named or (layout != before and (self._made is not None or may_need_plan(project))):
            self._request_update()

    def close(self) -> None:
        """End the server."""
        self._enter(_State.CLOSED)
        self._tasks.put("end")
        if self._moto is not None:
            self._moto.stop()
        if self._thread.is_alive():
            self._thread.join(2)
        self._credentials.restore()

    def _request_update(self) -> None:
        self._enter(_State.STARTING)
        self._tasks.put("update")

    def _enter(self, state: _State) -> None:
        """Change the state, and have the requests that wait go on, fail or wait."""
        if self._state is _State.CLOSED:
            return
        self._state = state
        if state is _State.STARTING:
            self._functions.hold()
        if self._moto is not None and state is not _State.CLOSED:
            self._moto.set_state(_MOTO_STATES[state], self._failure if state is _State.FAILED else "")
        if state is not _State.STARTING:
            self._functions.release()

    def _work(self) -> None:
        while (task := self._tasks.get()) != "end":
            while not self._tasks.empty() and task != "end":
                task = self._tasks.get()
            if task == "end" or self._state is _State.CLOSED:
                break
            state = self._try_to_update()
            if state is not None and self._tasks.empty():
                self._enter(state)

    def _try_to_update(self) -> _State | None:
        """The state that the update leads to; None where moto died meanwhile, so that everything is created again."""
        try:
            self._update()
        except EdgeroutesError as err:
            self._report_problems(err)
        except Exception as err:  # noqa: BLE001  # of boto3, or ours
            if self._state is _State.CLOSED:
                return None
            if self._moto is not None and self._made is not None and not self._moto.is_running:
                return None
            self._report(Failed(message="local AWS could not be created", error=err))
            self._report_problems(ToolError(f"moto could not be used: {type(err).__name__}: {err}"))
        if self._failure:
            return _State.FAILED
        return _State.UNUSED if self._moto is None else _State.READY

    def _update(self) -> None:
        began = time.perf_counter()
        try:
            wanted = plan_functions(self._live.loaded.project, self._infra)
            wanted, dropped = self._without_missing_parameters(wanted)
        except EdgeroutesError as err:
            self._functions.fail_plan(_project_errors(err))
            raise
        has_lost = bool(wanted.problems) and self._infra is not None and _files(self._infra) - _files(wanted.infra)
        if not has_lost:
            self._infra = wanted.infra
        self._functions.put_plan(wanted.plan, wanted.plain_variables, wanted.unresolved, wanted.faults)
        self._report_route_problems(wanted)
        if not wanted.needs_cloud and self._made is None:
            self._end_without_resources(wanted)
        elif has_lost and self._made is not None:  # its resources would be deleted, with their data
            self._put_variables(wanted, self._made, dropped)
        elif self._wait_until_needed():
            self._update_resources(wanted, dropped, began)
        if wanted.problems:
            self._report_problems(ProblemsError(wanted.problems), is_working=True)

    def _without_missing_parameters(self, wanted: FunctionsPlan) -> tuple[FunctionsPlan, set[str]]:
        """The plan without what needs a parameter that has no value, and the logical ids of that."""
        from edgeroutes.local_aws.template import missing_parameter, read_parameters

        _, missing = read_parameters(self._root, local_template(wanted.document))
        if not missing:
            return wanted, set()
        places = {name: where for name, _, where in wanted.infra.properties("Parameters")}
        problems = tuple(missing_parameter(name, places.get(name, TEMPLATE_FILE)) for name in missing)
        document, dropped = without_dependents(wanted.document, missing)
        faults = {
            route.route_path: problems
            for function in wanted.plan.functions
            if function.logical_id in dropped
            for route in function.routes
        }
        functions = tuple(each for each in wanted.plan.functions if each.logical_id not in dropped)
        return replace(
            wanted,
            plan=replace(wanted.plan, functions=functions),
            document=document,
            resources={name: kind for name, kind in wanted.resources.items() if name not in dropped},
            faults={**wanted.faults, **faults},
            problems=(*wanted.problems, *problems),
        ), dropped

    def _end_without_resources(self, wanted: FunctionsPlan) -> None:
        self._failure = ""
        had_endpoint = self._credentials.restore()
        moto, self._moto = self._moto, None
        if moto is not None:
            moto.stop()
        if self._functions.put(wanted.plain_variables) or had_endpoint:
            self._reload_functions()

    def _wait_until_needed(self) -> bool:
        """Wait for a request that needs moto, where it is lazy; False when the server ends first."""
        moto = self._prepare()
        listening = moto.listen() if self._is_lazy else None
        while listening is not None and self._state is not _State.CLOSED:
            if self._functions.wanted.wait(_LOOK_AGAIN_S) or select.select([listening], [], [], 0)[0]:
                self._is_lazy, listening = False, None
        return self._state is not _State.CLOSED

    def _update_resources(self, wanted: FunctionsPlan, dropped: set[str], began: float) -> None:
        is_new = self._start_moto()
        if self._state is _State.CLOSED:
            return
        started = self._made = self._put(wanted, is_new=is_new)
        self._put_variables(wanted, started, dropped)
        lacking = {each.where for each in started.cloud.warnings}
        made = {name: type_name for name, type_name in wanted.resources.items() if name not in lacking}
        before, self._resources = self._resources or {}, made
        added = tuple(name for name in made if name not in before)
        removed = tuple(name for name in before if name not in made)
        warnings = [str(each) for each in started.cloud.warnings if str(each) not in self._warned]
        is_fixed = self._reported_failure is not None and not wanted.problems
        if is_new or added or removed or warnings or is_fixed:
            self._reported_failure = None
            self._warned.update(warnings)
            self._report(
                CloudReady(
                    url=started.cloud.endpoint_url or "",
                    resources=made,
                    added=() if is_new else added,
                    removed=() if is_new else removed,
                    duration_ms=(time.perf_counter() - began) * 1000,
                    warnings=tuple(warnings),
                )
            )

    def _put_variables(self, wanted: FunctionsPlan, started: ProjectCloud, dropped: set[str]) -> None:
        plain = wanted.plain_variables
        functions = {each.logical_id for each in wanted.plan.functions} - dropped
        known = functions & started.cloud.resources.keys()
        variables = {name: started.cloud.environment_of(name) if name in known else plain[name] for name in functions}
        self._failure = ""
        if self._functions.put(variables):
            self._reload_functions()

    def _prepare(self) -> MotoProcess:
        """Lead boto3 to local AWS instead of the user's account; the server may start later."""
        if self._moto is None:
            self._moto = MotoProcess(on_wait=self._report_wait)
        self._moto.listen()
        self._credentials.replace(self._moto.url)
        return self._moto

    def _report_wait(self, call: str) -> None:
        self._report(Logged(level="INFO", message=f"a request waits for local AWS: {call}"))

    def _start_moto(self) -> bool:
        """Have a running server; whether it is a new one."""
        moto = self._prepare()
        if self._made is None and not self._short_lives and not moto.is_running:
            self._report(Logged(level="INFO", message="local AWS starts; only requests that use it wait"))
        if not moto.ensure():
            return False
        arguments = (moto, time.monotonic())
        threading.Thread(target=self._watch, args=arguments, name="edgeroutes-moto", daemon=True).start()
        return True

    def _watch(self, moto: MotoProcess, started_at: float) -> None:
        """Wait for the server's end, and start it again unless it was stopped."""
        moto.wait()
        if self._state is _State.CLOSED or moto is not self._moto:
            return
        self._enter(_State.STARTING)
        self._short_lives = self._short_lives + 1 if time.monotonic() - started_at < _SHORT_LIFE_S else 0
        if self._short_lives >= _SHORT_LIVES:
            hint = "Free memory or disk space, save a file of infra/ to try again, or use --aws"
            problem = ToolError(f"the moto server stopped {self._short_lives} times in a row", hint=hint)
            self._report_problems(problem, is_working=False)
            self._enter(_State.FAILED)
            moto.stop()  # else requests would wait on its socket
            return
        message = "the moto server stopped; it starts again, with the data of infra/seed/ only"
        self._report(Logged(level="WARNING", message=message))
        self._tasks.put("update")

    def _put(self, wanted: FunctionsPlan, *, is_new: bool) -> ProjectCloud:
        from edgeroutes.local_aws.seeds import read_seeds
        from edgeroutes.local_aws.stack import Cloud, start_cloud

        cloud = Cloud(self._prepare().url, self._credentials.region)
        seeds = read_seeds(self._root)
        if wanted.problems:  # without the seeds of what is left out
            seeds = {name: seed for name, seed in seeds.items() if name in wanted.resources}
        before = self._seeds = {} if is_new else self._seeds
        started = start_cloud(self._root, cloud, document=wanted.document, seeds=seeds, seeds_before=before)
        self._seeds = seeds
        return started

    def _reload_functions(self) -> None:
        """Load the functions again, because their modules may have read other variables."""
        cache = sys.modules.get("edgeroutes.services.data_cache")
        if cache is not None:
            cache.reset_data_cache()
        state = sys.modules.get("edgeroutes.guards.state")
        if state is not None:
            state.reset_state_store()
        self._live.refresh()

    def _report_route_problems(self, wanted: FunctionsPlan) -> None:
        """Report what breaks single routes, once; the reload reports what the scan found."""
        scanned = {str(each) for each in self._live.loaded.problems}
        of_infra = {str(each) for each in wanted.problems}
        found = {str(each): None for faults in wanted.faults.values() for each in faults}
        for problem in found:
            if problem not in scanned | of_infra | self._route_problems:
                self._report(Logged(level="ERROR", message=problem))
        self._route_problems = frozenset(found)

    def _report_problems(self, err: EdgeroutesError, *, is_working: bool | None = None) -> None:
        if self._state is _State.CLOSED:
            return
        if is_working is None:
            is_working = self._resources is not None and self._moto is not None and self._moto.is_running
        if not is_working:
            self._failure = str(err)
            self._functions.fail_cloud(_project_errors(err))
        if self._reported_failure != (str(err), is_working):
            self._reported_failure = (str(err), is_working)
            problems = err.problems if isinstance(err, ProblemsError) else (err,)
            self._report(CloudFailed(problems=problems, is_working=is_working))


_MOTO_STATES = {
    _State.UNUSED: "open",
    _State.STARTING: "held",
    _State.READY: "open",
    _State.FAILED: "failed",
}


class _Credentials:
    """The variables by which boto3 finds an endpoint and an account, in an environment."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        self.region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        self._environ = environ
        self._before: dict[str, str] | None = None

    def replace(self, url: str) -> None:
        """Remove what leads to the user's account, and put in local AWS."""
        if self._before is None:
            self._before = dict(self._environ)
        for name in _OTHER_ACCOUNTS:
            self._environ.pop(name, None)
        self._environ.update(
            AWS_ACCESS_KEY_ID="edgeroutes",
            AWS_SECRET_ACCESS_KEY="edgeroutes",  # noqa: S106  # not a secret
            AWS_REGION=self.region,
            AWS_DEFAULT_REGION=self.region,
            AWS_ENDPOINT_URL=url,
        )

    def restore(self) -> bool:
        """Bring back what was there before; whether anything had been replaced."""
        before, self._before = self._before, None
        if before is None:
            return False
        for name in (*_OWN, *_OTHER_ACCOUNTS):
            self._environ.pop(name, None)
            if name in before:
                self._environ[name] = before[name]
        return True


def make_cloud(
    live: LiveProject, report: Reporter, environ: MutableMapping[str, str], *, aws: bool, is_lazy: bool = False
) -> _LocalAws | DeployedAws:
    """Local AWS; the user's where it is chosen or an endpoint is already named."""
    if aws or "AWS_ENDPOINT_URL" in environ:
        return DeployedAws(live, report)
    return _LocalAws(live, report, environ, is_lazy=is_lazy)


def _project_errors(err: EdgeroutesError) -> tuple[ProjectError, ...]:
    problems = err.problems if isinstance(err, ProblemsError) else (err,)
    found = tuple(each for each in problems if isinstance(each, ProjectError))
    return found or (ProjectError(err.problem, where=err.where, hint=err.hint),)


def _files(infra: Infra) -> set[str]:
    return {each.source_file for each in infra.documents}


def _may_change_functions(path: Path, root: Path) -> bool:
    return path.name in (FUNCTION_FILE, CONFIG_FILE, SAM_CONFIG_FILE) or path.is_relative_to(root / INFRA_FOLDER)


class DeployedAws:
    """Reads the functions' variables of the deployed stack once, at the start.

    Args:
        live: The project, whose name is the stack's.
        report: Receives where they are from, and which have no value.
    """

    def __init__(self, live: LiveProject, report: Reporter) -> None:
        self._live = live
        self._function_environment = live.function_environment
        self._report = report

    def start(self) -> None:
        """Begin; requests wait for it."""
        if may_need_plan(self._live.loaded.project):
            self._function_environment.hold()
            threading.Thread(target=self._read, name="edgeroutes-deployed", daemon=True).start()

    def expect(self, changed: Iterable[Path]) -> None: ...

    def look(self, changed: Iterable[Path]) -> None:
        """A save does not change what is deployed."""

    def close(self) -> None: ...

    def _read(self) -> None:
        try:
            wanted = plan_functions(self._live.loaded.project)
            plain = wanted.plain_variables
            self._function_environment.put_plan(wanted.plan, plain, wanted.unresolved, wanted.faults)
            for problem in wanted.problems:
                self._report(Logged(level="ERROR", message=str(problem)))
            found = self._found(wanted)
            self._function_environment.put({name: {**plain[name], **found.get(name, {})} for name in plain})
            self._warn_of_unresolved(wanted, found)
        except EdgeroutesError as err:
            self._report(Logged(level="ERROR", message=str(err)))
        except Exception as err:  # noqa: BLE001  # a thread's end
            self._report(Failed(message="the deployed stack could not be read", error=err))
        finally:
            self._function_environment.release()

    def _found(self, wanted: FunctionsPlan) -> dict[str, dict[str, str]]:
        if not any(wanted.unresolved.values()):
            return {}
        stack = wanted.plan.config.name
        try:
            found = deployed_variables(stack)
        except ServiceError as err:
            self._report(Logged(level="WARNING", message=str(err)))
            return {}
        message = f"the functions' variables are those of the deployed stack {stack!r} ({len(found)} functions)"
        self._report(Logged(level="INFO", message=message))
        return found

    def _warn_of_unresolved(self, wanted: FunctionsPlan, found: dict[str, dict[str, str]]) -> None:
        fixed = self._function_environment.fixed
        lacking: dict[str, list[str]] = {}
        for function, names in wanted.unresolved.items():
            for name in names - found.get(function, {}).keys() - fixed:
                lacking.setdefault(name, []).append(function)
        for name, functions in sorted(lacking.items()):
            more = f" and {len(functions) - 1} more" if len(functions) > 1 else ""
            message = (
                f"{name} of {functions[0]}{more} has no value here: its value is a resource's."
                " Deploy the stack, or give it one in .env.local"
            )
            self._report(Logged(level="WARNING", message=message))


def deployed_variables(stack: str) -> dict[str, dict[str, str]]:
    """Logical id of a function → its deployed variables.

    Args:
        stack: The stack's name, in the account and the region of the environment's credentials.

    Raises:
        ServiceError: There is no such stack, or AWS refused.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        pages = boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        names: dict[str, str] = {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for page in pages
            for each in page["StackResourceSummaries"]
            if each["ResourceType"] == "AWS::Lambda::Function" and "PhysicalResourceId" in each
        }
        client: Any = boto3.client("lambda")
        return {
            logical_id: client.get_function_configuration(FunctionName=name).get("Environment", {}).get("Variables", {})
            for logical_id, name in names.items()
        }
    except (BotoCoreError, ClientError) as err:
        hint = "Deploy it, choose its account and region (AWS_PROFILE, AWS_REGION), or set the variables in .env.local"
        raise ServiceError(
            f"its functions' variables cannot be read: {err}", where=f"the stack {stack!r}", hint=hint
        ) from err
