"""The process that runs the routes. It is replaced at every save, so that nothing of the project's last load is left.

It receives events from the parent, which has the socket, the CDN and local AWS, and sends back what goes to the client. One thread
reads the messages, and each invocation has a thread of its own, as in `invocation`. The parent answers questions about the project's
source, so a worker traces nothing.
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
from io import BufferedWriter, FileIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.dev import keys
from edgeroutes.dev.function_variables import per_function_environ, running
from edgeroutes.dev.generation import SETTLING_S
from edgeroutes.dev.invocation import Invocation
from edgeroutes.dev.limits import Limits
from edgeroutes.dev.loop_thread import LoopThread
from edgeroutes.dev.modules import loaded_modules
from edgeroutes.dev.mounted_apps import MountedApps
from edgeroutes.dev.outlet import ClientGone
from edgeroutes.dev.process_exit import exits_contained
from edgeroutes.dev.remote_errors import pack_error, plain_value
from edgeroutes.dev.reports import Failed, Logged, is_reported
from edgeroutes.dev.standard_streams import StandardStreams
from edgeroutes.dev.surroundings import LateVariables, Surroundings, is_own_thread
from edgeroutes.runtime.log import add_writer
from edgeroutes.runtime.manifest import Manifest, ManifestRoute
from edgeroutes.services.revalidation import stay_local, use_invalidator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from multiprocessing.connection import Connection

    from edgeroutes.config import Config
    from edgeroutes.dev.function_variables import FunctionVariables
    from edgeroutes.dev.gateway import HttpAnswer
    from edgeroutes.dev.reports import Report
    from edgeroutes.dev.surroundings import VariablesByRoute
    from edgeroutes.errors import ProjectError
    from edgeroutes.routing.scan import RouteFile
    from edgeroutes.types import Event

# How much of a stream may be on its way to the parent.
_WINDOW_BYTES = 64 * 1024
# How long the exit functions of the project may take.
_EXIT_WAIT_S = 2.0
_end_process = os._exit  # handlers find another one


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """What a worker receives of the project: what a function's bundle contains, and the environment.

    Args:
        root: The project's folder.
        config: Its settings.
        routes: The arguments of each `ManifestRoute`.
        manifest: The arguments of the `Manifest`.
        gateway_fields: Headers of errors that API Gateway itself sends.
        faults_behind_404: What may be the reason that a path is not found.
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
    """What the parent knows of a route.

    Args:
        file: As it was scanned.
        faults: What keeps it from running.
        needs_loop: Whether it runs on an event loop.
        is_final: Whether all of it is known, so that it need not be requested again.
    """

    file: RouteFile
    faults: tuple[ProjectError, ...]
    needs_loop: bool
    is_final: bool


class Worker:
    """Runs invocations until the parent ends it.

    Args:
        connection: To the parent.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._outlets: dict[int, RemoteOutlet] = {}
        self._questions: dict[int, Future[Any]] = {}
        self._modules = 0
        self.root = ""
        self.standard_streams: StandardStreams
        os.register_at_fork(after_in_child=connection.close)  # else the parent would not see this process end

    def serve(self) -> None:
        """Until the parent leaves or ends it; then the process ends."""
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
            generation = WorkerGeneration(state, self)
            surroundings = Surroundings.restored(Path(state.root), state.functions)
            with suppress(EOFError, OSError):
                while (message := self._connection.recv())[0] != "end":
                    self._take(message, generation, surroundings, loop)
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
        """The parent's answer to a question, waited for.

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
        """Have the parent report it."""
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
        """Have a variable that functions get later, for a thread in which no function is known to run."""
        value = None if is_own_thread() else self.ask("outside", name)
        if value is not None:
            os.environ[name] = value

    def _enter(self, state: WorkerState) -> None:
        """Make this process the project's: its environment, search path, output and services."""
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
        add_writer(self._log)

    def _log(self, level: str, message: str, fields: Mapping[str, object], error: BaseException | None) -> None:
        if error is not None:
            self.report(Failed(message=message, error=error))
        else:
            self.report(Logged(level=level, message=message, fields=fields))

    def _take(
        self, message: tuple[Any, ...], generation: WorkerGeneration, surroundings: Surroundings, loop: LoopThread
    ) -> None:
        kind, number, *rest = message
        if kind == "run":
            event, is_ready, has_faults = rest
            late = ParentSurroundings(self, surroundings, is_ready=is_ready, has_faults=has_faults)
            outlet = self._outlets[number] = RemoteOutlet(number, self)
            live = OneInvocation(self, outlet, generation, late)
            arguments = (live, event, outlet, loop, generation.limits)
            threading.Thread(target=self._run, args=arguments, name="edgeroutes-request", daemon=True).start()
        elif kind == "reply":
            self._questions.pop(number).set_result(rest[0])
        elif (known := self._outlets.get(number)) is not None:
            known.delivered() if kind == "sent" else known.leave()

    def _run(self, live: OneInvocation, event: Event, outlet: RemoteOutlet, loop: LoopThread, limits: Limits) -> None:
        invocation = Invocation(live, event, loop=loop, limits=limits, report=self.report)
        outlet.invocation = invocation
        invocation.run(outlet)
        with suppress(ClientGone):
            self._send_modules()
            outlet.send("done", None)
        self._outlets.pop(outlet.number, None)

    def _send_modules(self) -> None:
        """Tell the parent which modules are loaded, where these are others than before."""
        if len(sys.modules) != self._modules:
            self._modules = len(sys.modules)
            self.send("modules", *loaded_modules())


class RemoteOutlet:
    """An `Outlet` whose client is behind the parent.

    Args:
        number: Of the invocation.
        worker: Sends.
    """

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

    def answer(self, answer: HttpAnswer) -> Future[None]:
        """A whole response."""
        return self._request("answer", answer, 0)

    def start(self, head: HttpAnswer) -> None:
        """Status and headers of a stream."""
        self._require_client()
        self.send("start", head)

    def write(self, chunk: bytes) -> Future[None] | None:
        """A part of the body; None where the next one may follow at once."""
        sent = self._request("write", chunk, len(chunk))
        return sent if self._waiting_bytes > _WINDOW_BYTES else None

    def end(self) -> Future[None]:
        """The end of the body."""
        return self._request("end", None, 0)

    def on_gone(self, callback: Callable[[], None]) -> None:
        """Have `callback` called when the client leaves."""
        with self._lock:
            self._callbacks.append(callback)
            is_gone = self._is_gone
        if is_gone:
            callback()

    def cut(self) -> None:
        """Have the connection closed, unless the response is complete."""
        if not self._is_superseded:
            with suppress(ClientGone):
                self.send("cut", None)

    def supersede(self) -> None:
        """Have a newer worker run the event, and send nothing."""
        self._is_superseded = self._is_gone = True
        self.send("again", None)

    def delivered(self) -> None:
        """The parent has sent the oldest of what waits."""
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
        """Send to the parent, with what it has to know of the invocation by now."""
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


class WorkerGeneration:
    """What `Invocation` uses of a `Generation`, where the parent has the source.

    Args:
        state: The project.
        worker: Asks the parent.
    """

    def __init__(self, state: WorkerState, worker: Worker) -> None:
        self.project = state
        self.loading = threading.Lock()
        self.warned: set[str] = set()
        self.limits = state.limits
        self._worker = worker
        self._facts: dict[str, RouteFacts] = {}
        routes = [_AskingRoute(path, file, self._needs_loop, **arguments) for path, file, arguments in state.routes]
        self.handler = LambdaHandler(Manifest(routes, **state.manifest), state.root, debug=True)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Nothing: the parent counts."""
        yield

    def route_file(self, route: ManifestRoute | None) -> RouteFile | None:
        """A route as it was scanned."""
        return None if route is None else self._fact(route.route_path).file

    def faults(self, route: ManifestRoute | None) -> tuple[ProjectError, ...]:
        """What keeps a route from running."""
        return () if route is None else self._fact(route.route_path).faults

    def may_be_half_read(self, route: ManifestRoute | None) -> bool:
        """Whether a fault of a route may be that its file was being written when it was read."""
        if time.monotonic() - self.project.read_at > SETTLING_S or route is None:
            return False
        facts = self._fact(route.route_path)
        return bool(facts.faults) or facts.file.exports.nothing_exported is not None

    def faults_behind_404(self) -> tuple[ProjectError, ...]:
        """What may be the reason that a path is not found."""
        return self.project.faults_behind_404

    def _needs_loop(self, route_path: str) -> bool:
        return self._fact(route_path).needs_loop

    def _fact(self, route_path: str) -> RouteFacts:
        known = self._facts.get(route_path)
        if known is None or not known.is_final:
            known = self._facts[route_path] = self._worker.ask("route", route_path)
        return known


class _AskingRoute(ManifestRoute):
    """A route whose `needs_loop` the parent knows.

    Args:
        route_path: As in `ManifestRoute`.
        source_file: As in `ManifestRoute`.
        find_out: Asks the parent.
        arguments: The other arguments of `ManifestRoute`.
    """

    __slots__ = ("_find_out",)

    def __init__(self, route_path: str, source_file: str, find_out: Callable[[str], bool], **arguments: Any) -> None:
        super().__init__(route_path, source_file, **arguments)
        self._find_out = find_out
        del self.needs_loop

    def __getattr__(self, name: str) -> Any:
        if name != "needs_loop":
            raise AttributeError(name)
        self.needs_loop = self._find_out(self.route_path)
        return self.needs_loop


class OneInvocation:
    """What `Invocation` uses of a `LiveProject`.

    Args:
        worker: Asks the parent.
        outlet: Of the invocation.
        generation: The only one.
        surroundings: The functions' variables.
    """

    def __init__(
        self, worker: Worker, outlet: RemoteOutlet, generation: WorkerGeneration, surroundings: ParentSurroundings
    ) -> None:
        self.generation = generation
        self.surroundings = surroundings
        self.standard_streams = worker.standard_streams
        self._worker = worker
        self._outlet = outlet

    def wait_before_loading(self, route: RouteFile, method: str) -> None:
        """Wait for what would make other routes wait, if the route waited for it later.

        Raises:
            ProjectError: A variable gets no value.
        """
        self.surroundings.ask("late", route, method)

    def wait_for_newer(self, _: object, timeout_s: float) -> bool:
        """False, or ClientGone where a newer worker runs the event."""
        if self._worker.ask("newer", timeout_s):
            self._outlet.supersede()
            raise ClientGone
        return False


class ParentSurroundings:
    """What `Invocation` uses of `Surroundings`, where the parent may still be finding them out.

    Args:
        worker: Asks the parent.
        known: What this worker knows; what it learns goes in there.
        is_ready: Whether the parent knows everything.
        has_faults: Whether the parent knows of faults.
    """

    def __init__(self, worker: Worker, known: Surroundings, *, is_ready: bool, has_faults: bool) -> None:
        self._worker = worker
        self._known = known
        self._has_faults = has_faults
        self._is_ready = is_ready and known.is_ready

    @property
    def is_ready(self) -> bool:
        """Whether everything is known."""
        return self._is_ready

    def faults(self, route: RouteFile | None) -> tuple[ProjectError, ...]:
        """What keeps a route from responding."""
        if route is None or (self._is_ready and not self._has_faults):
            return ()
        return self._asked("variables", route.route_path)

    def ask(self, name: str, route: RouteFile | None, *arguments: Any) -> None:
        """Have the parent wait for variables, and take them over.

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
        """Wait until a variable of a route's function, or all of them for None, is known.

        Raises:
            ProjectError: It gets no value.
        """
        self.ask("variables", route, name, reason)

    def running(self, route: RouteFile | None, *, loading: bool = False) -> AbstractContextManager[None]:
        """What runs within finds the variables of the route's function."""
        if self._is_ready:
            return self._known.running(route, loading=loading)
        return running(LateVariables(self, route, loading=loading))

    def has_value(self, name: str) -> bool:
        """Whether a variable has a value that no function's own one replaces."""
        return self._known.has_value(name)

    def variables_of(self, route: RouteFile | None, *, loading: bool) -> FunctionVariables | None:
        """The variables of a route's function, as far as they are known."""
        return self._known.variables_of(route, loading=loading)

    def take_shared_reads(self) -> list[str]:
        """What modules that several functions share have read of what differs between these, once."""
        return self._known.take_shared_reads()


class _ParentCdn:
    """An invalidator that has the parent's CDN evict, before it returns.

    Args:
        worker: Asks the parent.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def invalidate(self, items: Sequence[str]) -> None:
        """Evict what CloudFront would evict."""
        self._worker.ask("invalidate", list(items))


class _UnbrokenOutput(FileIO):
    """Standard output that may be a pipe whose reader has left (`edgeroutes dev | head`): no `print` fails for that."""

    def write(self, data: Any) -> int:
        """Write; into a broken pipe nothing."""
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            return len(data)


def _run_exit_functions() -> None:
    """Run what the project registered with `atexit`, then end the process: no thread of the project keeps it alive."""
    end = threading.Timer(_EXIT_WAIT_S, _end_process, (0,))
    end.daemon = True
    end.start()
    atexit._run_exitfuncs()  # noqa: SLF001  # as the interpreter does, but without waiting for threads first
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    _end_process(0)
