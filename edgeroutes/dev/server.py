"""The dev server: a socket, uvicorn on it, the watcher, and what runs the routes."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import sys
import threading
import time
import traceback
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from edgeroutes.dev.app import AccessLog, DevApp, wait_for_disconnect
from edgeroutes.dev.aws import make_cloud
from edgeroutes.dev.cdn import Cdn
from edgeroutes.dev.cdn_cache import keyed_headers
from edgeroutes.dev.function_environment import per_function_environ
from edgeroutes.dev.gateway import HttpRequest, Limits, rest_event
from edgeroutes.dev.reload import LiveProject
from edgeroutes.dev.reports import Logged, Started, log_writer
from edgeroutes.dev.template import TemplateKeeper
from edgeroutes.dev.watch import Watcher
from edgeroutes.dev.workers import CAN_FORK, InProcess, Starter, Workers
from edgeroutes.errors import EdgeroutesError, ToolError
from edgeroutes.local_aws.origins import is_loopback
from edgeroutes.names import INFRA_FOLDER
from edgeroutes.routing.table import canonical_path
from edgeroutes.runtime.log import add_writer
from edgeroutes.services.revalidation import use_invalidator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, MutableMapping
    from pathlib import Path

    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

    from edgeroutes.dev.project import LoadedProject
    from edgeroutes.dev.reports import Reporter
    from edgeroutes.types import Receive, Scope, Send


# The request head that uvicorn itself refuses, without naming a limit.
_LARGEST_HEAD_BYTES = 1024 * 1024
_SHUTDOWN_WAIT_S = 2
DEFAULT_PORT = 3000
_PORTS_TRIED = 20


class _UvicornServer(uvicorn.Server):
    """uvicorn, which at its end waits for requests in flight, but not for endless streams."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None], on_ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ending = on_ending
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_ending()
        await super().shutdown(sockets)


class DevServer:
    """The dev server of a project.

    Args:
        root: The project's folder, absolute.
        report: Receives reports from several threads, one call at a time.
        host: The address to listen on.
        port: 0 takes any free port, None takes 3000 or the next free one.
        limits: API Gateway's and Lambda's.
        cdn: Whether a CDN is in front, where the project's settings have one.
        aws: Whether boto3 uses AWS itself, with the user's credentials, instead of local AWS.
        environ: Where `.env` goes.
        template: Whether to write template.yaml and report its warnings; with False only report, with None neither.
        workers: Whether routes run in worker processes, one for each save; else in this process.

    Raises:
        ProjectError: The project cannot be read at all.
        ToolError: The port is taken, or the files cannot be watched.
    """

    def __init__(
        self,
        root: Path,
        report: Reporter,
        *,
        host: str = "127.0.0.1",
        port: int | None = None,
        limits: Limits | None = None,
        cdn: bool = True,
        aws: bool = False,
        environ: MutableMapping[str, str] | None = None,
        template: bool | None = None,
        workers: bool = False,
    ) -> None:
        self._changes = Changes()
        self._reporting = threading.Lock()
        self._reporter = report
        self._host = host
        self._socket = listen(host, port) if port is not None else listen_near(host, DEFAULT_PORT)
        self.port: int = self._socket.getsockname()[1]
        self._is_moved = port is None and self.port != DEFAULT_PORT
        environ = os.environ if environ is None else environ
        starter = Starter(str(root), forks=CAN_FORK) if workers else None
        try:
            if starter is not None:
                starter.begin()  # it takes as long as the rest
            self.live = LiveProject(root, self._report, environ, self._retire)
            self._cloud = make_cloud(self.live, self._report, environ, aws=aws)
            self._template = None if template is None else TemplateKeeper(root, self._report, writes=template)
            guard = self.live.guard
            self._watcher = Watcher(
                root,
                self._reload,
                self.live.had_code,
                app_dir=lambda: self.live.loaded.project.config.app_dir,
                files=guard.files,
            )
            guard.on_files = self._watcher.refresh
            self._watcher.refresh()
        except BaseException:
            self._socket.close()
            if starter is not None:
                starter.end()
            raise
        has_cdn = cdn and self.live.loaded.project.config.cdn.enabled
        limits = limits or Limits()
        self._functions: InProcess | Workers
        if starter is not None:
            invalidate = self._invalidate if has_cdn else None
            self._functions = Workers(
                self.live, self._report, limits, environ=environ, invalidate=invalidate, starter=starter
            )
        else:
            self._functions = InProcess(self.live, self._report, limits)
        self.app = DevApp(self.live, self._functions, self._report, limits=limits)
        self.cdn = Cdn(self.app, self._report, **_cdn_settings(self.live.loaded)) if has_cdn else None
        app = AccessLog(self.cdn or self.app, self._report, self._allows_origin, host=host, changes=self._changes)
        config = _uvicorn_config(app, limits.head_timeout_s)
        self._uvicorn = _UvicornServer(config, self._report_started, self._end_streams)

    @property
    def url(self) -> str:
        """Its address, with the project's base path."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}{self.live.loaded.project.config.base_path}"

    def run(self) -> None:
        """Serve until `stop` or Ctrl-C."""
        with ExitStack() as at_the_end:
            at_the_end.callback(add_writer(log_writer(self._report)))
            if self.cdn is not None:
                at_the_end.callback(use_invalidator(self.cdn))
            at_the_end.enter_context(per_function_environ(self.live.function_environment.wait_outside))
            at_the_end.callback(self._cloud.close)
            at_the_end.callback(self._functions.close)
            at_the_end.callback(self._watcher.close)
            if self._template is not None:
                at_the_end.callback(self._template.close)
                self._template.start()
            with suppress(KeyboardInterrupt):  # uvicorn has shut down, and raises the signal again
                self._cloud.start()  # sets the endpoint that workers start with
                self._functions.start()
                asyncio.run(self._uvicorn.serve(sockets=[self._socket]))

    def _end_streams(self) -> None:
        self._changes.close()
        self.app.close_streams()

    def clear_cache(self) -> None:
        """Clear the CDN's cache; from any thread."""
        if self.cdn is None:
            self._report(Logged(level="INFO", message="there is no CDN to clear"))
            return
        count = self.cdn.reset(**_cdn_settings(self.live.loaded))
        self._report(Logged(level="INFO", message=f"CDN cache cleared ({_entries(count)})"))

    def stop(self) -> None:
        """End `run`; from any thread."""
        self._uvicorn.should_exit = True

    def _report_started(self) -> None:
        loaded = self.live.loaded
        self._report(
            Started(
                url=self.url,
                routes=loaded.route_count,
                problems=loaded.problems,
                warnings=tuple(self._warnings()),
                table=loaded.project.route_lines,
            )
        )

    def _warnings(self) -> Iterator[str]:
        if self._is_moved:
            yield f"port {DEFAULT_PORT} is taken, so this is port {self.port}. --port chooses one"
        if not is_loopback(self._host):
            yield _open_to_all(self._host)

    def _allows_origin(self, method: str, path: str, origin: str) -> bool:
        """Whether the CORS of the route at this path allows a page's origin."""
        loaded = self.live.loaded
        # With the canonical slashes, so that no route has to be loaded to find them out.
        trailing_slash = loaded.project.config.trailing_slash
        event = rest_event(HttpRequest(method=method, path=canonical_path(path, trailing_slash=trailing_slash) or path))
        handler = loaded.handler
        route = loaded.route_file(handler.application.route_behind(path))
        with loaded.in_use(), self.live.function_environment.running(route):
            try:
                cors = handler.open(event).cors
            except EdgeroutesError:  # of a route file, or of an unreadable event
                return False
        return cors is not None and cors.allows(origin)

    def _reload(self, changed: Iterable[Path]) -> None:
        paths = list(changed)
        infra = self.live.loaded.project.root / INFRA_FOLDER
        self._cloud.expect(paths)
        code = [path for path in paths if not path.is_relative_to(infra)]
        if not set(paths).isdisjoint(self.live.guard.files()):
            self._functions.drop_packages()
        if code:
            self.live.reload(code)
        self._cloud.look(paths)
        if self._template is not None:
            self._template.look()

    def _retire(self, loaded: LoadedProject) -> None:
        self._changes.note()
        self._functions.replace(loaded)
        if self.cdn is not None:
            count = self.cdn.reset(**_cdn_settings(self.live.loaded))
            if count:
                message = f"CDN cache cleared after reload ({_entries(count)})"
                self._report(Logged(level="INFO", message=message))

    def _invalidate(self, items: list[str]) -> None:
        if self.cdn is not None:
            self.cdn.invalidate(items)

    def _report(self, report: Any) -> None:
        with self._reporting:
            try:
                self._reporter(report)
            except Exception:  # noqa: BLE001  # a full disk or a closed output must not fail a request
                with suppress(Exception):
                    traceback.print_exc(file=sys.__stderr__)


def _entries(count: int) -> str:
    return f"{count} {'entry' if count == 1 else 'entries'}"


def _cdn_settings(loaded: LoadedProject) -> dict[str, Any]:
    project = loaded.project
    return {"tag_header": project.config.cdn.tag_header, "keyed": keyed_headers(project.config, project.cors_policies)}


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        ToolError: It cannot listen.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With a protocol, or asyncio leaves TCP_NODELAY off, and every response on a reused connection waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        where = f"{host}:{port}"
        if error.errno == errno.EADDRINUSE:
            hint = f"End the program that has it, or take another with --port {port + 1}"
            raise ToolError(f"port {port} is taken", where=where, hint=hint) from error
        if error.errno == errno.EACCES:
            raise ToolError(
                f"port {port} is not allowed to you", where=where, hint="Take one above 1023 with --port"
            ) from error
        raise ToolError(f"this machine cannot listen there: {error.strerror or error}", where=where) from error
    return listener


def listen_near(host: str, port: int) -> socket.socket:
    """A socket that listens on this port, or on the next free one.

    Raises:
        ToolError: None of 20 is free, or this machine cannot listen at all.
    """
    for candidate in range(port, port + _PORTS_TRIED):
        try:
            return listen(host, candidate)
        except ToolError as error:
            cause = error.__cause__
            if not isinstance(cause, OSError) or cause.errno != errno.EADDRINUSE:
                raise
    hint = "End one of the programs that have them, or take another with --port"
    raise ToolError(f"ports {port} to {port + _PORTS_TRIED - 1} are taken", where=host, hint=hint)


def _open_to_all(host: str) -> str:
    return f"listening on {host}: anyone who reaches this machine can run the project's code. Without --host, only this machine can"


def _uvicorn_config(app: AccessLog, head_timeout_s: float) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_connection_type(head_timeout_s),
        ws="none",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level=logging.CRITICAL + 1,  # our own reports replace it
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=_LARGEST_HEAD_BYTES,
        timeout_graceful_shutdown=_SHUTDOWN_WAIT_S,
    )


_LOOK_S = 0.05
_ALIVE_S = 15.0


class Changes:
    """An ASGI app that sends the time of the last change to open pages, as server-sent events."""

    def __init__(self) -> None:
        self._changed_at = time.time()
        self._is_over = threading.Event()

    def note(self) -> None:
        self._changed_at = time.time()

    def close(self) -> None:
        self._is_over.set()

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        gone = asyncio.create_task(wait_for_disconnect(receive))
        sent_at = sent = 0.0
        try:
            while not gone.done() and not self._is_over.is_set():
                if sent != self._changed_at or time.monotonic() - sent_at > _ALIVE_S:
                    sent, sent_at = self._changed_at, time.monotonic()
                    body = f"data: {sent}\n\n".encode()
                    await send({"type": "http.response.body", "body": body, "more_body": True})
                await asyncio.wait({gone}, timeout=_LOOK_S)
        finally:
            gone.cancel()
        await send({"type": "http.response.body", "body": b""})


_TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Connection(H11Protocol):
    """uvicorn's HTTP connection, closed when no whole request head arrives in time.

    uvicorn limits only the pause between two requests: a client that sends a head byte by byte, or the rest of a body after the
    response, would stay for ever.
    """

    head_timeout_s = 10.0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._waiting: asyncio.TimerHandle | None = None
        self._has_had_request = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._has_request():
            self._has_had_request = True
            self._stop_waiting()

    def on_response_complete(self) -> None:
        self._wait_for_head()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._waiting = self.loop.call_later(self.head_timeout_s, self._time_out)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _time_out(self) -> None:
        if self._has_request() or self.transport.is_closing():
            return
        if not self._has_had_request:
            self.transport.write(_TIMED_OUT)
        self.transport.close()

    def _has_request(self) -> bool:
        """Whether there is a request without a whole response."""
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn's own annotation has no None
        return cycle is not None and not cycle.response_complete


def _connection_type(head_timeout_s: float) -> type[Connection]:
    return type("Connection", (Connection,), {"head_timeout_s": head_timeout_s})
