"""Where the routes run: in a worker process that each save replaces, or in this process.

Importing the project's modules a second time into one process is safe only if nothing outside of them refers to the first ones. Libraries
do: SQLModel's tables, prometheus_client's counters, log handlers, `atexit`, threads and open sockets. So each save starts a process in
which no module of the project was ever imported, as `uvicorn --reload` does, and a fork server makes that cheap: 5 ms to fork, measured on
two cores, so projects that look harmless are treated the same.

Requests that an old worker has begun end there; it gets no new ones, and ends after the last.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.reduction import send_handle
from queue import SimpleQueue
from socket import socketpair
from typing import TYPE_CHECKING, Any

from edgeroutes.dev import keys
from edgeroutes.dev.gateway import gateway_error
from edgeroutes.dev.invocation import Invocation
from edgeroutes.dev.loop_thread import LoopThread, MountedApps
from edgeroutes.dev.reports import REPORTED, Failed, Logged, unpack_error
from edgeroutes.dev.response_writer import ClientGone
from edgeroutes.dev.worker import RouteFacts, WorkerState
from edgeroutes.errors import ProjectError
from edgeroutes.plan.manifest import manifest_arguments, route_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from edgeroutes.dev.function_environment import VariablesByRoute
    from edgeroutes.dev.gateway import Limits
    from edgeroutes.dev.project import LoadedProject
    from edgeroutes.dev.reload import LiveProject
    from edgeroutes.dev.reports import Reporter
    from edgeroutes.dev.response_writer import ResponseWriter
    from edgeroutes.routing.scan import RouteFile
    from edgeroutes.types import Event

# Forking on macOS can crash in system libraries. Source: docs.python.org/3/library/multiprocessing.html, "Contexts and start methods".
CAN_FORK = hasattr(os, "fork") and sys.platform != "darwin"
HAS_WORKERS = os.name == "posix"
# How long a new worker waits for an idle one to end, whose sockets the project may open again when it is imported.
_END_WAIT_S = 1.0
_CLOSE_WAIT_S = 2.5


class InProcess:
    """Runs routes in this process and imports their modules again after a save: for tests, and where there are no workers.

    Args:
        live: The project.
        report: Receives failures.
        limits: Of event and result.
    """

    def __init__(self, live: LiveProject, report: Reporter, limits: Limits) -> None:
        self._live = live
        self._report = report
        self._limits = limits
        self._loop = LoopThread(report, str(live.root))
        self._apps = MountedApps(self._loop)

    def start(self) -> None: ...

    def invocation(self, event: Event) -> Invocation:
        return Invocation(self._live, event, loop=self._loop, limits=self._limits, report=self._report)

    def drop_packages(self) -> None:
        """Packages stay as they are until the server is restarted."""

    def replace(self, before: LoadedProject) -> None:
        """Shut down the apps of the replaced project, after its last request."""
        self._apps.retire(before)

    def close(self) -> None:
        self._apps.end()
        self._loop.close()


class Workers:
    """Runs routes in worker processes.

    Args:
        live: The project.
        report: Receives failures.
        limits: Of event and result.
        environ: The variables of the workers.
        invalidate: Invalidates in the CDN; None without a CDN.
        starter: Starts them.
    """

    def __init__(
        self,
        live: LiveProject,
        report: Reporter,
        limits: Limits,
        *,
        environ: Mapping[str, str],
        invalidate: Callable[[list[str]], None] | None,
        starter: Starter,
    ) -> None:
        self.live = live
        self.report = report
        self._limits = limits
        self._environ = environ
        self._invalidate = invalidate
        self._lock = threading.Lock()
        self._files: set[str] = set()
        self._is_closing = False
        self._all: list[_WorkerProcess] = []
        self._starter = starter
        live.loaded_files = lambda: list(self._files)

    def start(self) -> None:
        with self._lock:
            self._begin_worker(None)

    def invocation(self, event: Event) -> RemoteInvocation:
        return RemoteInvocation(self, event)

    def drop_packages(self) -> None:
        """Import the installed packages again in the next worker."""
        self._starter.end()

    def replace(self, _: LoadedProject) -> None:
        """Give new requests to a new worker."""
        with self._lock:
            if self._is_closing or not self._all:
                return
            old = self._all[-1]
            self._begin_worker(old)
            old.retire()

    def close(self) -> None:
        with self._lock:
            self._is_closing = True
            workers = list(self._all)
        for worker in workers:
            worker.send("end", 0)
        for worker in workers:
            worker.ended.wait(_CLOSE_WAIT_S)
            worker.kill()
        self._starter.end()

    def begin(self, event: Event) -> tuple[_WorkerProcess, int, _Messages]:
        """Run an event on the newest worker."""
        with self._lock:
            if self._all[-1].ended.is_set() and not self._is_closing:  # it has crashed
                self._begin_worker(None)
            worker = self._all[-1]
            number, messages = worker.expect()
        worker.started.wait()
        function_environment = self.live.function_environment
        worker.send("run", number, event, function_environment.is_ready, function_environment.has_faults)
        return worker, number, messages

    def _begin_worker(self, predecessor: _WorkerProcess | None) -> None:
        """Start a worker; with the lock held."""
        worker = _WorkerProcess(self, self.live.loaded)
        self._all = [each for each in self._all if not each.ended.is_set()] + [worker]
        environ = {**os.environ, **self._environ}
        late = self.live.function_environment.late_names  # for which the packages need not be imported again
        self._starter.start_worker(worker, {name: value for name, value in environ.items() if name not in late})
        threading.Thread(target=worker.begin, args=(self._state(environ), predecessor), daemon=True).start()

    def _state(self, environ: Mapping[str, str]) -> WorkerState:
        loaded = self.live.loaded
        project = loaded.project
        return WorkerState(
            root=str(project.root),
            config=project.config,
            routes=[
                (route.route_path, route.source_file, route_arguments(route, project.cors.get(route.route_path)))
                for route in project.scan.routes
            ],
            manifest=manifest_arguments(project.config),
            gateway_fields=project.gateway_fields,
            faults_behind_404=loaded.faults_behind_404(),
            read_at=loaded.read_at,
            environ=environ,
            sys_path=sys.path,
            functions=self.live.function_environment.variables(),
            limits=self._limits,
            has_cdn=self._invalidate is not None,
        )

    def reply(self, worker: _WorkerProcess, name: str, arguments: tuple[Any, ...]) -> Any:
        """The reply to a worker's question."""
        if name == "invalidate":
            return self._invalidate(*arguments) if self._invalidate is not None else None
        if name == "newer":
            return self.live.wait_for_newer(worker.loaded, *arguments)
        if name == "outside":
            self.live.function_environment.wait_for_name(*arguments)
            return os.environ.get(arguments[0])
        if name == "keys":
            return keys.control(*arguments)
        loaded = worker.loaded
        route = loaded.routes[arguments[0]] if arguments[0] is not None else None
        if name in ("late", "variables"):
            return self._late_variables(route, *arguments[1:], is_loading=name == "late")
        assert route is not None  # noqa: S101  # only variables are those of no route
        return RouteFacts(
            file=route,
            faults=loaded.faults(route),
            needs_loop=loaded.project.needs_loop(route),
            is_final=loaded.has_judged(route),
        )

    def _late_variables(
        self, route: RouteFile | None, *arguments: Any, is_loading: bool
    ) -> tuple[VariablesByRoute, tuple[ProjectError, ...]]:
        """The variables once one of them is known, and the problems that keep the route from having it."""
        function_environment = self.live.function_environment
        try:
            if is_loading and route is not None:
                self.live.wait_before_loading(route, *arguments)
            elif arguments:
                function_environment.wait_for(route, *arguments)
        except ProjectError as error:
            return function_environment.variables(), function_environment.faults(route) or (error,)
        return function_environment.variables(), () if arguments else function_environment.faults(route)

    def note_modules(self, installed: list[str], files: list[str]) -> None:
        """Note a worker's modules, and import their packages in advance for the next one."""
        self._files.update(files)
        self._starter.preload(installed)


class Starter:
    """Starts workers from a fork server, which it starts and restarts itself.

    Args:
        root: The project's folder.
        forks: Whether workers are forked; else each fork server becomes one worker.
    """

    def __init__(self, root: str, *, forks: bool) -> None:
        self._root = root
        self._forks = forks
        self._lock = threading.RLock()
        self._names: dict[str, None] = {}
        self._excluded: set[str] = set()
        self._environ: Mapping[str, str] = dict(os.environ)
        self._server: _ForkServerProcess | None = None

    def begin(self) -> _ForkServerProcess:
        """Start the server, before it is needed."""
        with self._lock:
            # The project's modules must not be found there, even by a package that imports them.
            sys_path = [path for path in sys.path if path and not self._is_own_folder(path)]
            self._server = server = _ForkServerProcess(sys_path, forks=self._forks)
            if self._names:
                server.send("preload", (list(self._names), dict(self._environ)))
            threading.Thread(target=self._read, args=(server,), name="edgeroutes-starter", daemon=True).start()
            return server

    def start_worker(self, worker: _WorkerProcess, environ: Mapping[str, str]) -> None:
        """Start a worker. A package may have read the environment at its import, so another environment takes another server."""
        with self._lock:
            if environ != self._environ and self._names:
                self.end()
            self._environ = environ
            (self._server or self.begin()).start_worker(worker)

    def preload(self, names: Iterable[str]) -> None:
        with self._lock:
            new = [name for name in names if name not in self._names and name.partition(".")[0] not in self._excluded]
            self._names.update(dict.fromkeys(new))
            if new and self._server is not None:
                self._server.send("preload", (new, dict(self._environ)))

    def end(self) -> None:
        """End the server once it has started what was requested; its workers live on."""
        with self._lock:
            server, self._server = self._server, None
            if server is not None:
                server.end()

    def _is_own_folder(self, path: str) -> bool:
        return f"{path}/".startswith(f"{self._root}/") and not {"site-packages", "dist-packages"} & set(path.split("/"))

    def _read(self, server: _ForkServerProcess) -> None:
        """Read a server's messages until it ends, and replace one that ended by itself."""
        with suppress(EOFError, OSError):
            while True:
                kind, value = server.control.recv()
                with self._lock:
                    if kind == "started":
                        server.has_started(value)
                        if not self._forks and server is self._server:
                            self.end()
                            self.begin()
                    elif kind == "unforkable":
                        self._excluded.add(value)
                        self._names = {name: None for name in self._names if name.partition(".")[0] != value}
        with self._lock:
            if server is self._server:
                self.end()
                self.begin()
            for worker in server.unstarted:
                (self._server or self.begin()).start_worker(worker)
        server.process.wait()


class _ForkServerProcess:
    """A `fork_server`, seen from the parent.

    Args:
        sys_path: Its search path.
        forks: Whether it starts workers more than once.
    """

    def __init__(self, sys_path: list[str], *, forks: bool) -> None:
        self.control, its_end = Pipe()
        self.unstarted: deque[_WorkerProcess] = deque()
        self._is_ending = False
        command = [
            sys.executable,
            *subprocess._args_from_interpreter_flags(),  # type: ignore[attr-defined]  # noqa: SLF001  # as multiprocessing does
            *("-P", "-m", "edgeroutes.dev.fork_server", str(its_end.fileno())),
        ]
        with its_end:
            self.process = subprocess.Popen(command, pass_fds=[its_end.fileno()])  # noqa: S603
        self.control.send({"sys_path": sys_path, "forks": forks})

    def send(self, kind: str, value: Any) -> None:
        """Send a message; the reader of its messages notices when it has died."""
        with suppress(OSError):
            self.control.send((kind, value))

    def start_worker(self, worker: _WorkerProcess) -> None:
        self.unstarted.append(worker)
        self.send("start", None)
        with suppress(OSError):
            send_handle(self.control, worker.descriptor, 0)

    def has_started(self, pid: int) -> None:
        """The worker that was requested first is there."""
        self.unstarted.popleft().has_started(pid)
        self._end_if_idle()

    def end(self) -> None:
        """End it when no worker is to be started any more."""
        self._is_ending = True
        self._end_if_idle()

    def _end_if_idle(self) -> None:
        if self._is_ending and not self.unstarted:
            self.send("end", None)


_Messages = SimpleQueue[tuple[str, Any, tuple[str | None, str, tuple[str, ...] | None]]]


class _WorkerProcess:
    """A worker, seen from the parent.

    Args:
        workers: Looks up the project's source for it.
        loaded: The project that it runs.
    """

    def __init__(self, workers: Workers, loaded: LoadedProject) -> None:
        self.loaded = loaded
        self.started = threading.Event()
        self.ended = threading.Event()
        self._workers = workers
        own, self._its_end = socketpair()
        self._connection = Connection(own.detach())
        self._sending = threading.Lock()
        self._lock = threading.Lock()
        self._invocations: dict[int, _Messages] = {}
        self._count = 0
        self._is_retired = False
        self._pid = 0

    @property
    def descriptor(self) -> int:
        """Its end of the connection."""
        return self._its_end.fileno()

    def has_started(self, pid: int) -> None:
        self._pid = pid
        self._its_end.close()

    def begin(self, state: WorkerState, predecessor: _WorkerProcess | None) -> None:
        """Send the project, then read its messages until it ends."""
        if predecessor is not None and predecessor.is_idle:
            predecessor.ended.wait(_END_WAIT_S)
        self.send("start", state)
        self.started.set()
        try:
            while True:
                self._take(*self._connection.recv())
        except (EOFError, OSError):
            pass
        except Exception as error:  # noqa: BLE001  # a thread's end
            self._workers.report(Failed(message="a worker's message could not be read", error=error))
        self.ended.set()
        with self._lock:
            self._connection.close()
            for messages in self._invocations.values():
                messages.put(("died", None, (None, "", None)))

    @property
    def is_idle(self) -> bool:
        return not self._invocations

    def expect(self) -> tuple[int, _Messages]:
        """The number of a new invocation, and the queue of its messages."""
        with self._lock:
            self._count += 1
            messages = self._invocations[self._count] = SimpleQueue()
            return self._count, messages

    def drop(self, number: int) -> None:
        """Remove a finished invocation; the last one of a retired worker ends this, too."""
        with self._lock:
            del self._invocations[number]
            is_last = self._is_retired and not self._invocations
        if is_last:
            self.send("end", 0)

    def retire(self) -> None:
        """End it when it has no invocation left."""
        with self._lock:
            self._is_retired = True
            is_idle = not self._invocations
        if is_idle:
            threading.Thread(target=self._end, daemon=True).start()

    def _end(self) -> None:
        self.started.wait()
        self.send("end", 0)

    def kill(self) -> None:
        if self._pid and not self.ended.is_set():
            with suppress(OSError):
                os.kill(self._pid, 9)

    def send(self, *message: Any) -> None:
        """Send a message, unless it has ended."""
        with self._sending, suppress(OSError, ValueError):
            self._connection.send(message)

    def _take(self, kind: str, *rest: Any) -> None:
        report = self._workers.report
        match kind:
            case "out":
                number, *message = rest
                if (messages := self._invocations.get(number)) is not None:
                    messages.put(tuple(message))
            case "ask":
                threading.Thread(target=self._reply, args=rest, daemon=True).start()
            case "modules":
                self._workers.note_modules(*rest)
            case "failed":
                error = unpack_error(rest[1])
                vars(error).pop(REPORTED, None)  # which only the worker's own reports decide
                report(Failed(message=rest[0], error=error, is_repeated=rest[2]))
            case "logged":
                report(Logged(level=rest[0], message=rest[1], fields=rest[2]))

    def _reply(self, number: int, name: str, arguments: tuple[Any, ...]) -> None:
        try:
            reply = self._workers.reply(self, name, arguments)
        except Exception as error:  # noqa: BLE001  # the worker waits for the reply
            self._workers.report(Failed(message=f"a worker's question {name!r} failed", error=error))
            self.kill()
            return
        self.send("reply", number, reply)


class RemoteInvocation:
    """An `Invocation` in a worker."""

    def __init__(self, workers: Workers, event: Event) -> None:
        self.note = ""
        self.dynamic_reasons: tuple[str, ...] | None = None
        self.route: RouteFile | None = None
        self._workers = workers
        self._event = event
        self._has_started = False

    @property
    def streams(self) -> bool:
        return self.route is not None and self.route.exports.streams

    def run(self, writer: ResponseWriter) -> None:
        """Write the response; never raises."""
        try:
            while self._is_superseded(writer):
                pass
        except Exception as error:  # noqa: BLE001  # a thread's end
            self._workers.report(Failed(message=f"{self._event['path']} failed inside edgeroutes", error=error))
        finally:
            writer.abort()

    def _is_superseded(self, writer: ResponseWriter) -> bool:
        """Run it on the newest worker; whether that refused, because a newer one is there."""
        worker, number, messages = self._workers.begin(self._event)
        try:
            self._report_disconnect(writer, worker, number)
            while True:
                kind, payload, facts = messages.get()
                self._note(worker, *facts)
                if kind in ("done", "again", "died"):
                    break
                try:
                    self._pass_on(writer, kind, payload)
                except ClientGone:
                    self.note = self.note or "the client left"
                    worker.send("gone", number)
                else:
                    if kind in ("whole", "write", "end"):
                        worker.send("sent", number)
        finally:
            worker.drop(number)
        if kind == "died":
            self._fail(writer)
        return kind == "again"

    def _report_disconnect(self, writer: ResponseWriter, worker: _WorkerProcess, number: int) -> None:
        try:
            writer.on_disconnect(lambda: worker.send("gone", number))
        except ClientGone:
            worker.send("gone", number)

    def _note(
        self, worker: _WorkerProcess, route: str | None, note: str, dynamic_reasons: tuple[str, ...] | None
    ) -> None:
        if route is not None:
            self.route = worker.loaded.routes.get(route)
        self.note = note or self.note
        self.dynamic_reasons = dynamic_reasons if dynamic_reasons is not None else self.dynamic_reasons

    def _pass_on(self, writer: ResponseWriter, kind: str, payload: Any) -> None:
        """Send a message to the client, and wait until it is sent or the next one may follow."""
        match kind:
            case "whole":
                self._has_started = True
                writer.send_whole(payload).result()
            case "start":
                self._has_started = True
                writer.start(payload)
            case "write":
                if (room := writer.write(payload)) is not None:
                    room.result()
            case "end":
                writer.end().result()
            case "cut":
                writer.abort()

    def _fail(self, writer: ResponseWriter) -> None:
        """502, or a closed connection: the worker has crashed, as a function would."""
        reason = (
            "the process that runs the routes has ended: a crash in C code, os.abort(), a signal, or no memory left"
        )
        path = str(self._event["path"])
        self._workers.report(Logged(level="ERROR", message=f"502: {reason}", fields={"path": path}))
        self.note = "cut: the process has ended" if self._has_started else self.note
        if not self._has_started:
            with suppress(Exception):
                fields = self._workers.live.loaded.project.gateway_fields
                writer.send_whole(gateway_error(502, reason, path, fields)).result()
