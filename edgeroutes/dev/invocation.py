"""One event through the adapter that Lambda calls, in the calling thread, and its response to the client.

The event and the result go through JSON, as on AWS; a result that API Gateway does not accept is a 502.
"""

from __future__ import annotations

import json
import time
import uuid
from contextlib import ExitStack, nullcontext, suppress
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes.adapters.events import rest_result
from edgeroutes.adapters.proxy import fitting_result, read_stream
from edgeroutes.adapters.runtime_api import render_prelude
from edgeroutes.dev.gateway import HttpResponse, IntegrationError, gateway_error, read_function_result, read_result
from edgeroutes.dev.loop_thread import HandlerExited, LoopThread
from edgeroutes.dev.project import SETTLING_S, cors_fault
from edgeroutes.dev.reports import Failed, Logged
from edgeroutes.dev.response_writer import ClientGone, wait_until_sent
from edgeroutes.errors import ProjectError, ResponseTooLargeError
from edgeroutes.routing.table import canonical_path
from edgeroutes.runtime.failures import log_broken_stream
from edgeroutes.runtime.log import log_exception
from edgeroutes.runtime.loop import LoopFree, is_fatal
from edgeroutes.services.revalidation import send_revalidations

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from contextvars import Context

    from edgeroutes.dev.gateway import Limits
    from edgeroutes.dev.project import LoadedProject
    from edgeroutes.dev.reload import LiveProject
    from edgeroutes.dev.reports import Reporter
    from edgeroutes.dev.response_writer import ResponseWriter
    from edgeroutes.dev.worker import OneInvocation, WorkerProject
    from edgeroutes.http.response import Response
    from edgeroutes.routing.scan import RouteFile
    from edgeroutes.runtime.application import Call
    from edgeroutes.runtime.manifest import ManifestRoute
    from edgeroutes.types import Event

    Whole = tuple[Response, str | bytes | None]

# Source: decisions.md, "Template and deploy": routes that stream have 300 s unless they declare another timeout.
_STREAM_TIMEOUT_S = 300


def _revalidate_now(call: Call) -> None:
    """Evict what the handler revalidated before the client has the response: its next request must not get a response of before.

    On AWS this comes after the response, and CloudFront needs seconds for it.
    """
    for function, arguments in call.after:
        if function is send_revalidations:
            try:
                send_revalidations(*arguments)
            except Exception as error:  # noqa: BLE001  # as after the response: only the log can report it
                log_exception(error, "the revalidation failed", call.incoming)


class Invocation:
    """One invocation.

    Args:
        live: The project.
        event: The REST event.
        loop: For coroutines that wait.
        limits: Of event and result.
        report: Receives failures.
    """

    def __init__(
        self, live: LiveProject | OneInvocation, event: Event, *, loop: LoopThread, limits: Limits, report: Reporter
    ) -> None:
        self.loaded: LoadedProject | WorkerProject = live.loaded
        self.route: RouteFile | None = None
        self.note = ""
        self.dynamic_reasons: tuple[str, ...] | None = None
        self._live = live
        self._event = event
        self._path = str(event["path"])
        self._loop = loop
        self._limits = limits
        self._report = report
        self._function_environment = live.function_environment
        self._has_started = False
        self._is_cancelled = False

    @property
    def streams(self) -> bool:
        """Whether the route's integration is a streaming one."""
        return self.route is not None and self.route.exports.streams

    def run(self, writer: ResponseWriter) -> None:
        """Write the response; `after` callbacks have run when this returns. Never raises."""
        try:
            self._run(writer)
        except ClientGone:
            self.note = "the client left"
        except (SystemExit, KeyboardInterrupt, HandlerExited) as error:
            self._give_up(writer, f"the handler ended its process ({error!r}); Lambda calls that Runtime.ExitError")
        except BaseException as error:  # noqa: BLE001  # a thread's end: the client gets a response in any case
            if self._is_cancelled or self._loop.is_closing:
                self.note = "the client left"
            else:
                self._report(Failed(message=f"{self._path} failed inside edgeroutes", error=error))
                self._give_up(writer, f"{type(error).__name__}: {error}")
        finally:
            writer.abort()  # without effect on a complete response
            self._restore_streams()

    def _restore_streams(self) -> None:
        for name in self._live.standard_streams.restore():
            whose = self.route.source_file if self.route is not None else self._path
            message = f"{name} was closed or could not be written to after {whose} had run; it is open again"
            self._report(Logged(level="WARNING", message=message, fields={"path": self._path}))

    def _run(self, writer: ResponseWriter) -> None:
        text = json.dumps(self._event, ensure_ascii=False, separators=(",", ":"))
        if refusal := self._limits.check_event(text, len(self._event["body"] or "")):
            fields = self.loaded.project.gateway_fields
            self._send(writer, gateway_error(refusal.status, refusal.detail, self._path, fields))
            return
        with ExitStack() as used:
            used.enter_context(self.loaded.in_use())
            call, failure = self._opened(text)
            while failure is not None or self.loaded.may_be_half_read(call.route):
                if not self._live.wait_for_newer(self.loaded, SETTLING_S):
                    break
                self.loaded = self._live.loaded
                used.enter_context(self.loaded.in_use())
                call, failure = self._opened(text)
            with self._function_environment.running(self.route):
                self._respond_to(writer, call, failure)

    def _respond_to(self, writer: ResponseWriter, call: Call, failure: Exception | None) -> None:
        if faults := self._faults(call):
            self._send_faults(writer, faults, call)
        elif failure is not None:
            failed = call.fail(failure)
            self._send_result(writer, failed, failed.body, call)  # type: ignore[arg-type]  # JSON is whole
        else:
            self._run_on_loop_or_not(writer, call)

    def _opened(self, text: str) -> tuple[Call, Exception | None]:
        """The call for an event's JSON, and the error of loading its route."""
        config = self.loaded.project.config
        context = DevContext(function_name=config.name, memory_mib=config.memory_mib)
        call = self._open(json.loads(text), context)
        self.route = self.loaded.route_file(call.route)
        context.set_timeout(self._timeout_s())
        if call.route is None or self._faults(call):
            return call, None
        if not self._function_environment.is_ready and self.route is not None:
            try:
                self._live.wait_before_loading(self.route, call.incoming.method)
            except ProjectError:  # `_faults` reports it
                return call, None
        return call, self._load(call.route)

    def _faults(self, call: Call) -> tuple[ProjectError, ...]:
        """The problems that keep the route from responding: its own, or those of all functions."""
        if call.route is None or self.route is None:
            return self.loaded.faults(call.route)
        found = self.loaded.faults(call.route) or self._function_environment.faults(self.route)
        problem = None if found else self.loaded.handler.application.cors_problem(call.route)
        return found if problem is None else (cors_fault(problem, Path(self.loaded.project.root), self.route),)

    def _open(self, event: Event, context: DevContext) -> Call:
        handler = self.loaded.handler
        is_canonical = canonical_path(self._path, trailing_slash=handler.application.manifest.trailing_slash) is None
        # The variables decide which origins CORS allows; and a path that is not canonical may load a route.
        route = self.loaded.route_file(handler.application.route_behind(self._path))
        loading = nullcontext() if is_canonical else self.loaded.loading
        with loading, self._function_environment.running(route) if route is not None else nullcontext():
            return handler.open(event, context)

    def _timeout_s(self) -> float:
        config = self.loaded.project.config
        if self.route is None:
            return config.timeout_s
        return self.route.config.max_duration or (_STREAM_TIMEOUT_S if self.streams else config.timeout_s)

    def _load(self, route: ManifestRoute) -> Exception | None:
        """Load the route here, without a running loop, as Lambda's init phase does; the error of its file, if any."""
        try:
            with self.loaded.loading, self._function_environment.running(self.route, loading=True):
                self.loaded.handler.application.endpoint(route)
        except Exception as error:  # noqa: BLE001  # the author's file may raise anything
            return error
        finally:
            for message in self._function_environment.take_shared_reads():
                self._report(Logged(level="WARNING", message=message))
        return None

    def _run_on_loop_or_not(self, writer: ResponseWriter, call: Call) -> None:
        running_in = copy_context()
        if not call.needs_loop:
            free = LoopFree()
            self._run_call(writer, call, lambda coroutine: free.run(coroutine, running_in), in_loop=False)
        else:
            self._run_call(
                writer, call, lambda coroutine: self._run_shared(coroutine, running_in, writer), in_loop=True
            )

    def _run_shared(self, coroutine: Coroutine[Any, Any, Any], running_in: Context, writer: ResponseWriter) -> Any:
        running = self._loop.start(coroutine, running_in, self.route.source_file if self.route is not None else "")
        if self.streams:

            def cancel() -> None:
                self._is_cancelled = True
                running.cancel()

            writer.on_disconnect(cancel)
        return running.result()

    def _run_call(self, writer: ResponseWriter, call: Call, run: Any, *, in_loop: bool) -> None:
        try:
            whole: Whole | None = run(self._respond(writer, call, in_loop=in_loop))
            if whole is not None:
                self._send_result(writer, *whole, call)
        finally:
            if call.has_after:
                self._finish(call, run)

    def _finish(self, call: Call, run: Any) -> None:
        try:
            run(call.finish())
        except Exception as error:  # noqa: BLE001  # the response is sent: only the log can report it
            log_exception(error, "after() failed", call.incoming)

    async def _respond(self, writer: ResponseWriter, call: Call, *, in_loop: bool) -> Whole | None:
        """The whole response; None after a stream."""
        response = await call.respond()
        if self.route is not None and self.route.exports.app is None:  # what an app reads is not known
            self.dynamic_reasons = call.dynamic_reasons
        if not response.is_stream:
            return response, response.body  # type: ignore[return-value]  # no stream
        if self.streams:
            try:
                render_prelude(response, None, self.route.source_file if self.route is not None else "")
            except ResponseTooLargeError as error:
                await call.close_streams()
                return (failed := call.fail(error)), failed.body  # type: ignore[return-value]  # JSON is whole
            await self._stream(writer, call, response, in_loop=in_loop)
            return None
        self._warn_of_whole_stream()
        return await read_stream(call, response)

    async def _stream(self, writer: ResponseWriter, call: Call, response: Response, *, in_loop: bool) -> None:
        """Send the chunks as they are produced. A failure closes the connection, so that the client does not take it for the end."""
        try:
            head = read_result(rest_result(response, None))
            writer.start(head)
            self._has_started = True
            async for chunk in response.body:  # type: ignore[union-attr]  # it streams
                if chunk:
                    await wait_until_sent(writer.write(chunk), in_loop=in_loop)  # type: ignore[arg-type]  # bytes, as started
        except ClientGone:
            raise
        except BaseException as error:  # the author's generator may raise anything
            if is_fatal(error):
                raise
            log_broken_stream(error, call)
            self.note = "cut: the stream failed"
            writer.abort()
            return
        finally:
            await call.close_streams()
        _revalidate_now(call)
        await wait_until_sent(writer.end(), in_loop=in_loop)

    def _warn_of_whole_stream(self) -> None:
        route = self.route
        if route is None or route.route_path in self.loaded.warned:
            return
        self.loaded.warned.add(route.route_path)
        self._report(
            Logged(
                level="WARNING",
                message=f"{route.source_file} streamed, which its source does not show, so its response was sent whole."
                " Set 'streaming = True' in the file",
            )
        )

    def _send_faults(self, writer: ResponseWriter, faults: tuple[ProjectError, ...], call: Call) -> None:
        self.note = str(faults[0]) + (f" (and {len(faults) - 1} more)" if len(faults) > 1 else "")
        detail = "\n".join(str(fault) for fault in faults)
        fields = [] if call.cors is None else call.cors.response_fields(call.incoming.header("origin"))
        request_id = call.incoming.request_id
        problems = [str(fault) for fault in faults]
        failure = gateway_error(500, detail, self._path, fields, request_id=request_id, problems=problems)
        self._send(writer, self._for_client(failure, call))

    def _send_result(self, writer: ResponseWriter, response: Response, body: str | bytes | None, call: Call) -> None:
        if response.status == 500 and (faults := self._function_environment.faults(self.route)):
            self._send_faults(writer, faults, call)  # the handler needed what is missing
            return
        if response.status == 404 and call.route is None and self.loaded.faults_behind_404():
            self._send_faults(writer, self.loaded.faults_behind_404(), call)
            return
        try:
            # A streaming function sends whole bodies as streams, too, and those have no size limit.
            result = rest_result(response, body) if self.streams else fitting_result(call, response, body)
            sent = read_function_result(result)
        except IntegrationError as error:
            self._give_up(writer, str(error))
            return
        self._send(writer, self._for_client(sent, call), call)

    def _for_client(self, response: HttpResponse, call: Call) -> HttpResponse:
        if call.incoming.method == "HEAD":
            return HttpResponse(status=response.status, headers=response.headers)
        return response

    def _send(self, writer: ResponseWriter, response: HttpResponse, call: Call | None = None) -> None:
        if call is not None:
            _revalidate_now(call)
        writer.send_whole(response).result()

    def _give_up(self, writer: ResponseWriter, reason: str) -> None:
        """502, or a closed connection where a stream has started; the log has the reason."""
        self._report(Logged(level="ERROR", message=f"502: {reason}", fields={"path": self._path}))
        if self._has_started:
            self.note = "cut: the handler ended"
            return
        with suppress(Exception):  # no client, or a stream has started: `run` closes the connection
            self._send(writer, gateway_error(502, reason, self._path, self.loaded.project.gateway_fields))


class DevContext:
    """Lambda's context as far as handlers and Powertools read it.

    Source: docs.aws.amazon.com/lambda "python-context", read 2026-11-21.
    """

    def __init__(self, *, function_name: str, memory_mib: int) -> None:
        self.function_name = function_name
        self.function_version = "$LATEST"
        self.invoked_function_arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function_name}"
        self.memory_limit_in_mb = str(memory_mib)
        self.aws_request_id = str(uuid.uuid4())
        self.log_group_name = f"/aws/lambda/{function_name}"
        self.log_stream_name = "dev"
        self.identity = None
        self.client_context = None
        self._began_at = time.monotonic()
        self._timeout_s = 0.0

    def set_timeout(self, seconds: float) -> None:
        """Set the timeout, counted from the beginning of the invocation."""
        self._timeout_s = seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._began_at + self._timeout_s - time.monotonic()) * 1000))
