"""The resources of infra/ in a moto server, for as long as the dev server runs. Floor 3; moto itself is in a process of its own.

One thread does everything, in the order of what it is told: make the resources, change them after a save, make them again when the server
has died. Requests wait meanwhile, so that the one after a save finds what was saved. What cannot be made leaves what there was.
"""

from __future__ import annotations

import sys
import threading
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING

from edgeroutes.config import INFRA_FOLDER
from edgeroutes.dev.function_plan import layout_of, may_need_plan, plan_functions
from edgeroutes.dev.reports import CloudFailed, CloudReady, Failed, Logged
from edgeroutes.errors import EdgeroutesError, ProblemsError, ProjectError, ToolError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, MutableMapping
    from pathlib import Path

    from edgeroutes.dev.cloud.process import MotoProcess
    from edgeroutes.dev.cloud.project import ProjectCloud
    from edgeroutes.dev.cloud.seeds import Seed
    from edgeroutes.dev.function_plan import FunctionsPlan
    from edgeroutes.dev.reload import LiveProject
    from edgeroutes.dev.reports import Reporter

# A server that dies so soon again and again will not be kept alive by starting it once more.
_SHORT_LIFE_S = 10.0
_SHORT_LIVES = 3
# What of the user's would have boto3 ask elsewhere, or with other credentials, than the desk's.
_AWAY = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")


class Desk:
    """Keeps the cloud of a project as its files say.

    Args:
        live: The project; its functions get their variables.
        report: Is told what was made.
        environ: Gets the endpoint and credentials that are no one's; `os.environ`, or a stand-in.
    """

    def __init__(self, live: LiveProject, report: Reporter, environ: MutableMapping[str, str]) -> None:
        self._live = live
        self._root: Path = live.generation.project.root
        self._surroundings = live.surroundings
        self._report = report
        self._environ = environ
        self._environ_before: dict[str, str] | None = None
        self._region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        self._moto: MotoProcess | None = None
        self._resources: Mapping[str, str] | None = None
        self._seeds: Mapping[str, Seed] = {}
        self._layout: Hashable = None
        self._has_made = False
        self._has_failed = False
        self._warned: set[str] = set()
        self._short_lives = 0
        self._tasks: SimpleQueue[str] = SimpleQueue()
        self._is_closing = False
        self._thread = threading.Thread(target=self._work, name="edgeroutes-desk", daemon=True)

    def start(self) -> None:
        """Begin, where the project has anything to be made or resolved; requests wait for it."""
        self._layout = layout_of(self._live.generation.project)
        self._thread.start()
        if may_need_plan(self._live.generation.project):
            self._surroundings.hold()
            self._tasks.put("make")

    def expect(self, changed: Iterable[Path]) -> None:
        """Have requests wait from before a save is read until `look` is done with it, where it is one for the cloud."""
        if any(_may_change_functions(path, self._root) for path in changed):
            self._surroundings.hold()

    def look(self, changed: Iterable[Path]) -> None:
        """Take over what a save has changed in infra/, in function.yaml files, in settings, or in which functions there are."""
        project = self._live.generation.project
        layout, before = layout_of(project), self._layout
        self._layout = layout
        is_named = any(_may_change_functions(path, self._root) for path in changed)
        if is_named or (layout != before and (self._has_made or may_need_plan(project))):
            self._surroundings.hold()
            self._tasks.put("make")

    def close(self) -> None:
        """End the server."""
        self._is_closing = True
        self._tasks.put("end")
        if self._moto is not None:
            self._moto.stop()
        if self._thread.is_alive():
            self._thread.join(2)
        self._restore_environ()

    def _work(self) -> None:
        while (task := self._tasks.get()) != "end":
            while not self._tasks.empty() and task != "end":
                task = self._tasks.get()
            if task == "end" or self._is_closing:
                break
            if self._try_to_make() and self._tasks.empty():
                self._surroundings.release()
        self._surroundings.release()

    def _try_to_make(self) -> bool:
        """Whether requests may go on: with what was made, with what was there before, or to be told what is wrong."""
        try:
            self._make()
        except EdgeroutesError as err:
            self._tell_problems(err)
        except Exception as err:  # noqa: BLE001  # of boto3, or ours
            if self._is_closing:
                return True
            if self._moto is not None and not self._moto.is_running:
                return False  # it has died in the middle of a call; who watches it has all made again
            self._report(Failed(message="the cloud on the desk could not be made", error=err))
            self._tell_problems(ToolError(f"moto could not be used: {type(err).__name__}: {err}"))
        return True

    def _make(self) -> None:
        """Bring everything to what the files say."""
        began = time.perf_counter()
        wanted = plan_functions(self._live.generation.project)
        self._has_made = True
        if self._moto is None and not wanted.needs_cloud:
            if self._surroundings.put(wanted.plan, wanted.plain_variables):
                self._start_anew()
            self._surroundings.faults = ()
            return
        is_new = self._start_moto()
        if self._is_closing:
            return
        started = self._put(wanted, is_new=is_new)
        variables = {each.logical_id: started.cloud.environment_of(each.logical_id) for each in wanted.plan.functions}
        is_other = self._surroundings.put(wanted.plan, variables)
        if is_other or is_new:  # a client that a module has opened asks an endpoint of before
            self._start_anew()
        self._surroundings.faults = ()
        lacking = {each.where for each in started.cloud.warnings}
        made = {name: type_name for name, type_name in wanted.resources.items() if name not in lacking}
        before, self._resources = self._resources or {}, made
        added = tuple(name for name in made if name not in before)
        removed = tuple(name for name in before if name not in made)
        warnings = [str(each) for each in started.cloud.warnings if str(each) not in self._warned]
        if is_new or added or removed or warnings or self._has_failed:
            self._has_failed = False
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

    def _start_moto(self) -> bool:
        """Have a server that runs; whether it is a new one."""
        from edgeroutes.dev.cloud.process import MotoProcess

        self._set_environ()
        if self._moto is None:
            self._report(
                Logged(level="INFO", message="starting moto for the resources of infra/; requests wait for them")
            )
            self._moto = MotoProcess()
        if not self._moto.ensure():
            return False
        self._environ["AWS_ENDPOINT_URL"] = self._moto.url
        threading.Thread(
            target=self._watch, args=(self._moto, time.monotonic()), name="edgeroutes-moto", daemon=True
        ).start()
        return True

    def _watch(self, moto: MotoProcess, started_at: float) -> None:
        """Wait for the server's end; one that nobody wanted is told, and makes everything be made again."""
        moto.wait()
        if self._is_closing:
            return
        self._surroundings.hold()
        self._short_lives = self._short_lives + 1 if time.monotonic() - started_at < _SHORT_LIFE_S else 0
        if self._short_lives >= _SHORT_LIVES:
            hint = "Free memory or disk space, save a file of infra/ to try again, or use --aws"
            problem = ToolError(f"the moto server has died {self._short_lives} times in a row", hint=hint)
            self._tell_problems(problem, is_working=False)
            self._surroundings.release()
            return
        message = "the moto server has died; it is started again, and its resources hold what is in infra/seed/"
        self._report(Logged(level="WARNING", message=message))
        self._tasks.put("make")

    def _put(self, wanted: FunctionsPlan, *, is_new: bool) -> ProjectCloud:
        from edgeroutes.dev.cloud.project import start_cloud
        from edgeroutes.dev.cloud.seeds import read_seeds
        from edgeroutes.dev.cloud.stack import Cloud

        assert self._moto is not None  # noqa: S101  # it has just been started
        cloud = Cloud(self._moto.url, self._region)
        seeds = read_seeds(self._root)
        before = self._seeds = {} if is_new else self._seeds
        started = start_cloud(self._root, cloud, document=wanted.document, seeds_before=before)
        self._seeds = seeds
        return started

    def _start_anew(self) -> None:
        """Forget what was read from the variables of before."""
        cache = sys.modules.get("edgeroutes.services.data_cache")
        if cache is not None:
            cache.forget_data_cache()
        self._live.refresh()

    def _tell_problems(self, err: EdgeroutesError, *, is_working: bool | None = None) -> None:
        if self._is_closing:
            return
        self._has_failed = True
        problems = err.problems if isinstance(err, ProblemsError) else (err,)
        if is_working is None:
            is_working = self._resources is not None and self._moto is not None and self._moto.is_running
        if not is_working:
            self._surroundings.faults = tuple(each for each in problems if isinstance(each, ProjectError)) or (
                ProjectError(err.problem, where=err.where, hint=err.hint),
            )
        self._report(CloudFailed(problems=problems, is_working=is_working))

    def _set_environ(self) -> None:
        """Take what could reach the user's account out: no request is answered before there is an endpoint in its place."""
        if self._environ_before is not None:
            return
        self._environ_before = dict(self._environ)
        for name in _AWAY:
            self._environ.pop(name, None)
        self._environ.update(
            AWS_ACCESS_KEY_ID="edgeroutes",
            AWS_SECRET_ACCESS_KEY="edgeroutes",  # noqa: S106  # nobody's
            AWS_REGION=self._region,
            AWS_DEFAULT_REGION=self._region,
        )

    def _restore_environ(self) -> None:
        if self._environ_before is None:
            return
        ours = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION")
        for name in (*ours, *_AWAY):
            self._environ.pop(name, None)
            if name in self._environ_before:
                self._environ[name] = self._environ_before[name]


def _may_change_functions(path: Path, root: Path) -> bool:
    return path.name in ("function.yaml", "pyproject.toml", "samconfig.toml") or path.is_relative_to(
        root / INFRA_FOLDER
    )
