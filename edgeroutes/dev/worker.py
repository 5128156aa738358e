"""The process that runs the routes. Each save replaces it, so that nothing of the project's last load is left.

It receives events from the parent, which has the socket, the CDN and local AWS, and sends responses back. One thread reads the
messages, and each invocation has a thread of its own. The parent looks up the project's source for it.
"""

from __future__ import annotations

import atexit
import faulthandler
import os
import signal
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from io import BufferedWriter, FileIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.dev import keys
from edgeroutes.dev.function_environment import (
    FunctionEnvironment,
    LateVariables,
    is_own_thread,
    per_function_environ,
    running,
)
from edgeroutes.dev.gateway import Limits
from edgeroutes.dev.invocation import Invocation
from edgeroutes.dev.isolation import StandardStreams, exits_contained, loaded_modules
from edgeroutes.dev.loop_thread import LoopThread, MountedApps
from edgeroutes.dev.project import SETTLING_S, LazyRoute
from edgeroutes.dev.reports import Failed, Logged, is_reported, log_writer, pack_error, plain_value
from edgeroutes.dev.response_writer import WINDOW_BYTES, ClientGone
from edgeroutes.runtime.log import add_writer
from edgeroutes.runtime.manifest import Manifest, ManifestRoute
from edgeroutes.services.revalidation import stay_local, use_invalidator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from multiprocessing.connection import Connection

    from edgeroutes.config import Config
    from edgeroutes.dev.function_environment import FunctionVariables, VariablesByRoute
    from edgeroutes.dev.gateway import HttpResponse
    from edgeroutes.dev.reports import Report
    from edgeroutes.errors import ProjectError
    from edgeroutes.routing.scan import RouteFile
    from edgeroutes.types import Event

# How long the exit functions of the project may take.
_EXIT_WAIT_S = 2.0
_end_process = os._exit  # handlers find another one


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """The project as a worker receives it: what a function's bundle contains, and the environment.

    Args:
        root: The project's folder.
        config: Its settings.
        routes: The arguments of each `ManifestRoute`.
        manifest: The arguments of the `Manifest`.
        gateway_fields: Headers of errors that API Gateway itself sends.
        faults_behind_404: The problems that may cause a 404.
        read_at: When the project was read, on the monotonic clock.
        environ: The environment variables.
        sys_path: The module search path.
        functions: The variables of each function.
        limits: Of event and result.
        has_cdn: Whether the parent has a CDN.
    """

    root: str
    config: Config
    routes: Sequence[tuple[str, str, Mapping[str, Any]]]
    manifest: Mapping[str, Any]
    gateway_fields: list[tuple[str, str]]
    faults_behind_404: tuple[ProjectError, ...]
    read_at: float
    environ: Mapping[str, str]
    sys_path: list[str]
    functions: VariablesByRoute
    limits: Limits = field(default_factory=Limits)
    has_cdn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFacts:
    """The parent's knowledge of a route.

    Args:
        file: The scanned route.
        faults: The problems that keep it from running.
        needs_loop: Whether it runs on an event loop.
        is_final: Whether this is complete, so that it need not be requested again.
    """

    file: RouteFile
    faults: tuple[ProjectError, ...]
    needs_loop: bool
    is_final: bool


class Worker:
    """Runs invocations until the parent, at the other end of the connection, ends it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._writers: dict[int, _RemoteResponseWriter] = {}
        self._questions: dict[int, Future[Any]] = {}
        self._modules = 0
        self.root = ""
        self.standard_streams: StandardStreams
        os.register_at_fork(after_in_child=connection.close)  # else the parent would not see this process end

    def serve(self) -> None:
        """Serve until the parent leaves or ends it; then end the process."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with suppress(OSError, ValueError, AttributeError):
            faulthandler.enable()
        try:
            state: WorkerState = self._connection.recv()[1]
        except (EOFError, OSError):
            os._exit(0)
        self._enter(state)
        loop = LoopThread(self.report, state.root)
        apps = MountedApps(loop)
        with exits_contained(), per_function_environ(self._wait_outside), keys.yielding(self._control_keys):
            loaded = WorkerProject(state, self)
            function_environment = FunctionEnvironment.restored(Path(state.root), state.functions)
            with suppress(EOFError, OSError):
                while (message := self._connection.recv())[0] != "end":
                    self._take(message, loaded, function_environment, loop)
            apps.end()
            loop.close(0.2)
            _run_exit_functions()

    def send(self, *message: Any) -> None:
        """Send to the parent, from any thread.

        Raises:
            ClientGone: The parent has left.
        """
        try:
            with self._sending:
                self._connection.send(message)
        except (OSError, ValueError) as error:
            raise ClientGone from error

    def ask(self, name: str, *arguments: Any) -> Any:
        """Ask the parent and wait for its reply.

        Raises:
            RuntimeError: In the thread that would receive it.
        """
        if threading.current_thread() is threading.main_thread():
            raise RuntimeError(f"the main thread of a worker cannot wait for {name!r}")
        future: Future[Any] = Future()
        number = id(future)
        self._questions[number] = future
        self.send("ask", number, name, arguments)
        return future.result()

    def report(self, report: Report) -> None:
        with suppress(ClientGone):
            if isinstance(report, Failed):
                is_repeated = report.is_repeated or is_reported(report.error)
                self.send("failed", report.message, pack_error(report.error), is_repeated)
            elif isinstance(report, Logged):
                self.send("logged", report.level, report.message, plain_value(dict(report.fields)))

    def _control_keys(self, action: str) -> None:
        with suppress(ClientGone):
            self.ask("keys", action)

    def _wait_outside(self, name: str) -> None:
        """Wait for a variable that functions get later, in a thread without a function."""
        value = None if is_own_thread() else self.ask("outside", name)
        if value is not None:
            os.environ[name] = value

    def _enter(self, state: WorkerState) -> None:
        """Take over the project's environment, search path, output and services."""
        self.root = state.root
        os.environ.clear()
        os.environ.update(state.environ)
        sys.path[:] = state.sys_path
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            if (before := getattr(sys, name)) is not None:
                file = BufferedWriter(_UnbrokenOutput(descriptor, "w", closefd=False))
                options = {"encoding": before.encoding, "errors": before.errors}
                setattr(sys, name, TextIOWrapper(file, line_buffering=True, **options))
        self.standard_streams = StandardStreams()
        if "numpy.random" in sys.modules:  # else all workers had the same random numbers; `random` itself does this
            sys.modules["numpy.random"].seed()
        stay_local()
        if state.has_cdn:
            use_invalidator(_ParentCdn(self))
        add_writer(log_writer(self.report))

    def _take(
        self,
        message: tuple[Any, ...],
        loaded: WorkerProject,
        function_environment: FunctionEnvironment,
        loop: LoopThread,
    ) -> None:
        kind, number, *rest = message
        if kind == "run":
            event, is_ready, has_faults = rest
            late = _ParentEnvironment(self, function_environment, is_ready=is_ready, has_faults=has_faults)
            writer = self._writers[number] = _RemoteResponseWriter(number, self)
            live = OneInvocation(self, writer, loaded, late)
            arguments = (live, event, writer, loop, loaded.limits)
            threading.Thread(target=self._run, args=arguments, name="edgeroutes-request", daemon=True).start()
        elif kind == "reply":
            self._questions.pop(number).set_result(rest[0])
        elif (known := self._writers.get(number)) is not None:
            known.delivered() if kind == "sent" else known.leave()

    def _run(
        self, live: OneInvocation, event: Event, writer: _RemoteResponseWriter, loop: LoopThread, limits: Limits
    ) -> None:
        invocation = Invocation(live, event, loop=loop, limits=limits, report=self.report)
        writer.invocation = invocation
        invocation.run(writer)
        with suppress(ClientGone):
            self._send_modules()
            writer.send("done", None)
        self._writers.pop(writer.number, None)

    def _send_modules(self) -> None:
        """Send the loaded modules to the parent, where they have changed."""
        if len(sys.modules) != self._modules:
            self._modules = len(sys.modules)
            self.send("modules", *loaded_modules())


class _RemoteResponseWriter:
    """A `ResponseWriter` whose client is the parent's."""

    def __init__(self, number: int, worker: Worker) -> None:
        self.number = number
        self.invocation: Invocation | None = None
        self._worker = worker
        self._lock = threading.Lock()
        self._waiting: list[tuple[Future[None], int]] = []
        self._waiting_bytes = 0
        self._is_gone = False
        self._is_superseded = False
        self._callbacks: list[Callable[[], None]] = []

    def send_whole(self, response: HttpResponse) -> Future[None]:
        return self._request("whole", response, 0)

    def start(self, head: HttpResponse) -> None:
        self._require_client()
        self.send("start", head)

    def write(self, chunk: bytes) -> Future[None] | None:
        sent = self._request("write", chunk, len(chunk))
        return sent if self._waiting_bytes > WINDOW_BYTES else None

    def end(self) -> Future[None]:
        return self._request("end", None, 0)

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        with self._lock:
            self._callbacks.append(callback)
            is_gone = self._is_gone
        if is_gone:
            callback()

    def abort(self) -> None:
        if not self._is_superseded:
            with suppress(ClientGone):
                self.send("cut", None)

    def supersede(self) -> None:
        """Send nothing, because a newer worker runs the event."""
        self._is_superseded = self._is_gone = True
        self.send("again", None)

    def delivered(self) -> None:
        """The parent has sent the oldest waiting message."""
        with self._lock:
            if not self._waiting:  # the client has left meanwhile
                return
            sent, size = self._waiting.pop(0)
            self._waiting_bytes -= size
        sent.set_result(None)

    def leave(self) -> None:
        """The client has left."""
        with self._lock:
            self._is_gone = True
            waiting, self._waiting = self._waiting, []
            callbacks, self._callbacks = self._callbacks, []
        for sent, _ in waiting:
            sent.set_exception(ClientGone())
        for callback in callbacks:
            callback()

    def send(self, kind: str, payload: Any) -> None:
        """Send to the parent, with the invocation's notes so far."""
        invocation = self.invocation
        route = invocation.route.route_path if invocation is not None and invocation.route is not None else None
        note, reads = (invocation.note, invocation.dynamic_reasons) if invocation is not None else ("", None)
        self._worker.send("out", self.number, kind, payload, (route, note, reads))

    def _request(self, kind: str, payload: Any, size: int) -> Future[None]:
        sent: Future[None] = Future()
        with self._lock:
            self._require_client()
            self._waiting.append((sent, size))
            self._waiting_bytes += size
            self.send(kind, payload)
        return sent

    def _require_client(self) -> None:
        if self._is_gone:
            raise ClientGone


class WorkerProject:
    """The part of a `LoadedProject` that `Invocation` uses, where the parent has the source."""

    def __init__(self, state: WorkerState, worker: Worker) -> None:
        self.project = state
        self.loading = threading.Lock()
        self.warned: set[str] = set()
        self.limits = state.limits
        self._worker = worker
        self._facts: dict[str, RouteFacts] = {}
        routes = [
            LazyRoute(path, file, partial(self._needs_loop, path), **arguments)
            for path, file, arguments in state.routes
        ]
        self.handler = LambdaHandler(Manifest(routes, **state.manifest), state.root, debug=True)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """The parent counts."""
        yield

    def route_file(self, route: ManifestRoute | None) -> RouteFile | None:
        return None if route is None else self._fact(route.route_path).file

    def faults(self, route: ManifestRoute | None) -> tuple[ProjectError, ...]:
        return () if route is None else self._fact(route.route_path).faults

    def may_be_half_read(self, route: ManifestRoute | None) -> bool:
        if time.monotonic() - self.project.read_at > SETTLING_S or route is None:
            return False
        facts = self._fact(route.route_path)
        return bool(facts.faults) or facts.file.exports.nothing_exported is not None

    def faults_behind_404(self) -> tuple[ProjectError, ...]:
        return self.project.faults_behind_404

    def _needs_loop(self, route_path: str) -> bool:
        return self._fact(route_path).needs_loop

    def _fact(self, route_path: str) -> RouteFacts:
        known = self._facts.get(route_path)
        if known is None or not known.is_final:
            known = self._facts[route_path] = self._worker.ask("route", route_path)
        return known


class OneInvocation:
    """The part of a `LiveProject` that `Invocation` uses."""

    def __init__(
        self,
        worker: Worker,
        writer: _RemoteResponseWriter,
        loaded: WorkerProject,
        function_environment: _ParentEnvironment,
    ) -> None:
        self.loaded = loaded
        self.function_environment = function_environment
        self.standard_streams = worker.standard_streams
        self._worker = worker
        self._writer = writer

    def wait_before_loading(self, route: RouteFile, method: str) -> None:
        self.function_environment.ask("late", route, method)

    def wait_for_newer(self, _: object, timeout_s: float) -> bool:
        """False; raises ClientGone where a newer worker runs the event."""
        if self._worker.ask("newer", timeout_s):
            self._writer.supersede()
            raise ClientGone
        return False


class _ParentEnvironment:
    """The part of a `FunctionEnvironment` that `Invocation` uses, where the parent may still be resolving variables.

    Args:
        worker: Asks the parent.
        known: The variables that this worker has; it takes over the parent's.
        is_ready: Whether the parent has all variables.
        has_faults: Whether the parent has problems.
    """

    def __init__(self, worker: Worker, known: FunctionEnvironment, *, is_ready: bool, has_faults: bool) -> None:
        self._worker = worker
        self._known = known
        self._has_faults = has_faults
        self._is_ready = is_ready and known.is_ready

    @property
    def is_ready(self) -> bool:
        return self._is_ready

    def faults(self, route: RouteFile | None) -> tuple[ProjectError, ...]:
        if route is None or (self._is_ready and not self._has_faults):
            return ()
        return self._asked("variables", route.route_path)

    def ask(self, name: str, route: RouteFile | None, *arguments: Any) -> None:
        """Wait for variables in the parent, and take them over.

        Raises:
            ProjectError: A variable gets no value.
        """
        faults = self._asked(name, None if route is None else route.route_path, *arguments)
        if faults:
            raise faults[0]

    def _asked(self, name: str, route_path: str | None, *arguments: Any) -> tuple[ProjectError, ...]:
        variables, faults = self._worker.ask(name, route_path, *arguments)
        self._known.restore(variables)
        self._is_ready = variables.is_complete
        self._has_faults = self._has_faults or bool(faults)
        return tuple(faults)

    def wait_for(self, route: RouteFile | None, name: str | None, reason: str) -> None:
        self.ask("variables", route, name, reason)

    def running(self, route: RouteFile | None, *, loading: bool = False) -> AbstractContextManager[None]:
        if self._is_ready:
            return self._known.running(route, loading=loading)
        return running(LateVariables(self, route, loading=loading))

    def has_value(self, name: str) -> bool:
        return self._known.has_value(name)

    def variables_of(self, route: RouteFile | None, *, loading: bool) -> FunctionVariables | None:
        return self._known.variables_of(route, loading=loading)

    def take_shared_reads(self) -> list[str]:
        return self._known.take_shared_reads()


class _ParentCdn:
    """An invalidator that uses the parent's CDN."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def invalidate(self, items: Sequence[str]) -> None:
        """Invalidate before it returns."""
        self._worker.ask("invalidate", list(items))


class _UnbrokenOutput(FileIO):
    """Standard output that may be a pipe whose reader has left (`edgeroutes dev | head`): `print` does not fail."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            return len(data)


def _run_exit_functions() -> None:
    """Run the project's `atexit` functions, then end the process although threads of the project may run."""
    end = threading.Timer(_EXIT_WAIT_S, _end_process, (0,))
    end.daemon = True
    end.start()
    atexit._run_exitfuncs()  # noqa: SLF001  # as the interpreter does, but without waiting for threads first
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    _end_process(0)
