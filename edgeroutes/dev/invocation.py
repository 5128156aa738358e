"""One event through the adapter that Lambda calls, in the calling thread, and its answer out to the client. Floor 3.

The event and the result go through JSON, as they do on AWS; what API Gateway would not take of the result is a 502.
"""

from __future__ import annotations

import json
from contextlib import ExitStack, nullcontext, suppress
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes.adapters.events import rest_result
from edgeroutes.adapters.proxy import fitting_result, read_stream
from edgeroutes.adapters.streaming.wire import render_prelude
from edgeroutes.dev.faults import cors_fault
from edgeroutes.dev.gateway import HttpAnswer, IntegrationError, read_result
from edgeroutes.dev.generation import SETTLING_S
from edgeroutes.dev.integration import gateway_answer, problem_answer
from edgeroutes.dev.lambda_context import DevContext
from edgeroutes.dev.loop_thread import HandlerExited, LoopThread
from edgeroutes.dev.outlet import ClientGone, delivered
from edgeroutes.dev.reports import Failed, Logged
from edgeroutes.errors import ProjectError, ResponseTooLargeError
from edgeroutes.routing.table import canonical_path
from edgeroutes.runtime.failures import log_broken_stream
from edgeroutes.runtime.log import log_exception
from edgeroutes.runtime.loop import LoopFree, is_fatal
from edgeroutes.services.revalidation import send_revalidations

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from contextvars import Context

    from edgeroutes.dev.generation import Generation
    from edgeroutes.dev.limits import Limits
    from edgeroutes.dev.outlet import Outlet
    from edgeroutes.dev.reload import LiveProject
    from edgeroutes.dev.reports import Reporter
    from edgeroutes.dev.worker import OneInvocation, WorkerGeneration
    from edgeroutes.http.response import Response
    from edgeroutes.routing.scan import RouteFile
    from edgeroutes.runtime.application import Call
    from edgeroutes.runtime.manifest import ManifestRoute
    from edgeroutes.types import Event

    Whole = tuple[Response, str | bytes | None]

# Source: decisions.md, "Template and deploy": routes that stream have 300 s unless they say otherwise.
STREAM_TIMEOUT_S = 300


def revalidate_now(call: Call) -> None:
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
    """One invocation of the function that would answer a request.

    Args:
        live: What answers: its newest generation.
        event: The REST event.
        loop: For coroutines that wait.
        limits: Of event and result.
        report: Is told what went wrong.
    """

    def __init__(
        self, live: LiveProject | OneInvocation, event: Event, *, loop: LoopThread, limits: Limits, report: Reporter
    ) -> None:
        self.generation: Generation | WorkerGeneration = live.generation
        self.route: RouteFile | None = None
        self.note = ""
        self.dynamic_reasons: tuple[str, ...] | None = None
        self._live = live
        self._event = event
        self._path = str(event["path"])
        self._loop = loop
        self._limits = limits
        self._report = report
        self._surroundings = live.surroundings
        self._has_started = False
        self._is_cancelled = False

    @property
    def streams(self) -> bool:
        """Whether the build would make the route's integration a streaming one."""
        return self.route is not None and self.route.exports.streams

    def run(self, outlet: Outlet) -> None:
        """Answer into `outlet`; what `after` was given has run when this returns. Never raises."""
        try:
            self._run(outlet)
        except ClientGone:
            self.note = "the client left"
        except (SystemExit, KeyboardInterrupt, HandlerExited) as error:
            self._give_up(outlet, f"the handler ended its process ({error!r}); Lambda calls that Runtime.ExitError")
        except BaseException as error:  # noqa: BLE001  # a thread's end: whatever it is, the client gets an answer
            if self._is_cancelled or self._loop.is_closing:
                self.note = "the client left"
            else:
                self._report(Failed(message=f"{self._path} failed inside edgeroutes", error=error))
                self._give_up(outlet, f"{type(error).__name__}: {error}")
        finally:
            outlet.cut()  # nothing, where all is out; else nobody would ever end the connection
            self._restore_streams()

    def _restore_streams(self) -> None:
        for name in self._live.standard_streams.restore():
            whose = self.route.source_file if self.route is not None else self._path
            message = f"{name} was closed or could not be written to after {whose} had run; it is open again"
            self._report(Logged(level="WARNING", message=message, fields={"path": self._path}))

    def _run(self, outlet: Outlet) -> None:
        text = json.dumps(self._event, ensure_ascii=False, separators=(",", ":"))
        if refusal := self._limits.check_event(text, len(self._event["body"] or "")):
            fields = self.generation.project.gateway_fields
            self._send(outlet, problem_answer(refusal.status, refusal.detail, self._path, fields))
            return
        with ExitStack() as used:
            used.enter_context(self.generation.in_use())
            call, failure = self._opened(text)
            while failure is not None or self.generation.may_be_half_read(call.route):
                if not self._live.wait_for_newer(self.generation, SETTLING_S):
                    break
                self.generation = self._live.generation
                used.enter_context(self.generation.in_use())
                call, failure = self._opened(text)
            with self._surroundings.running(self.route):
                self._answer(outlet, call, failure)

    def _answer(self, outlet: Outlet, call: Call, failure: Exception | None) -> None:
        if faults := self._faults(call):
            self._send_faults(outlet, faults, call)
        elif failure is not None:
            failed = call.fail(failure)
            self._send_result(outlet, failed, failed.body, call)  # type: ignore[arg-type]  # JSON is whole
        else:
            self._run_where_it_belongs(outlet, call)

    def _opened(self, text: str) -> tuple[Call, Exception | None]:
        """The call for an event's JSON, and what kept its route from being loaded."""
        config = self.generation.project.config
        context = DevContext(function_name=config.name, memory_mib=config.memory_mib)
        call = self._open(json.loads(text), context)
        self.route = self.generation.route_file(call.route)
        context.set_timeout(self._timeout_s())
        if call.route is None or self._faults(call):
            return call, None
        if not self._surroundings.is_ready and self.route is not None:
            try:
                self._live.wait_before_loading(self.route, call.incoming.method)
            except ProjectError:  # `_faults` has it now
                return call, None
        return call, self._load(call.route)

    def _faults(self, call: Call) -> tuple[ProjectError, ...]:
        """What keeps the route from answering: something of its own, or of what all functions need."""
        if call.route is None or self.route is None:
            return self.generation.faults(call.route)
        found = self.generation.faults(call.route) or self._surroundings.faults(self.route)
        problem = None if found else self.generation.handler.application.cors_problem(call.route)
        return found if problem is None else (cors_fault(problem, Path(self.generation.project.root), self.route),)

    def _open(self, event: Event, context: DevContext) -> Call:
        handler = self.generation.handler
        is_canonical = canonical_path(self._path, trailing_slash=handler.application.manifest.trailing_slash) is None
        # The variables decide which origins CORS allows; and a path that is not canonical may load a route.
        route = self.generation.route_file(handler.application.route_behind(self._path))
        loading = nullcontext() if is_canonical else self.generation.loading
        with loading, self._surroundings.running(route) if route is not None else nullcontext():
            return handler.open(event, context)

    def _timeout_s(self) -> float:
        config = self.generation.project.config
        if self.route is None:
            return config.timeout_s
        return self.route.config.max_duration or (STREAM_TIMEOUT_S if self.streams else config.timeout_s)

    def _load(self, route: ManifestRoute) -> Exception | None:
        """Load the route here, with no loop running, as Lambda's init phase does; what its file raised, if anything."""
        try:
            with self.generation.loading, self._surroundings.running(self.route, loading=True):
                self.generation.handler.application.endpoint(route)
        except Exception as error:  # noqa: BLE001  # the author's file may raise anything
            return error
        finally:
            for message in self._surroundings.take_shared_reads():
                self._report(Logged(level="WARNING", message=message))
        return None

    def _run_where_it_belongs(self, outlet: Outlet, call: Call) -> None:
        """Run the call without a loop, or on the one that all share."""
        running_in = copy_context()
        if not call.needs_loop:
            free = LoopFree()
            self._run_call(outlet, call, lambda coroutine: free.run(coroutine, running_in), in_loop=False)
        else:
            self._run_call(
                outlet, call, lambda coroutine: self._run_shared(coroutine, running_in, outlet), in_loop=True
            )

    def _run_shared(self, coroutine: Coroutine[Any, Any, Any], running_in: Context, outlet: Outlet) -> Any:
        running = self._loop.start(coroutine, running_in, self.route.source_file if self.route is not None else "")
        if self.streams:

            def cancel() -> None:
                self._is_cancelled = True
                running.cancel()

            outlet.on_gone(cancel)
        return running.result()

    def _run_call(self, outlet: Outlet, call: Call, run: Any, *, in_loop: bool) -> None:
        try:
            whole: Whole | None = run(self._respond(outlet, call, in_loop=in_loop))
            if whole is not None:
                self._send_result(outlet, *whole, call)
        finally:
            if call.has_after:
                self._finish(call, run)

    def _finish(self, call: Call, run: Any) -> None:
        try:
            run(call.finish())
        except Exception as error:  # noqa: BLE001  # the answer is out: only the log can be told
            log_exception(error, "after() failed", call.incoming)

    async def _respond(self, outlet: Outlet, call: Call, *, in_loop: bool) -> Whole | None:
        """The whole answer; None when it has been streamed."""
        response = await call.respond()
        if self.route is not None and self.route.exports.app is None:  # of what an app reads nothing is known
            self.dynamic_reasons = call.dynamic_reasons
        if not response.is_stream:
            return response, response.body  # type: ignore[return-value]  # no stream
        if self.streams:
            try:
                render_prelude(response, None, self.route.source_file if self.route is not None else "")
            except ResponseTooLargeError as error:
                await call.close_streams()
                return (failed := call.fail(error)), failed.body  # type: ignore[return-value]  # JSON is whole
            await self._stream(outlet, call, response, in_loop=in_loop)
            return None
        self._warn_of_whole_stream()
        return await read_stream(call, response)

    async def _stream(self, outlet: Outlet, call: Call, response: Response, *, in_loop: bool) -> None:
        """Send the chunks as they are produced. A failure on the way cuts the connection: the client must not take it for the end."""
        try:
            head = read_result(rest_result(response, None))
            outlet.start(head)
            self._has_started = True
            async for chunk in response.body:  # type: ignore[union-attr]  # it streams
                if chunk:
                    await delivered(outlet.write(chunk), in_loop=in_loop)  # type: ignore[arg-type]  # bytes, as start_stream
        except ClientGone:
            raise
        except BaseException as error:  # the author's generator may raise anything
            if is_fatal(error):
                raise
            log_broken_stream(error, call)
            self.note = "cut: the stream failed"
            outlet.cut()
            return
        finally:
            await call.close_streams()
        revalidate_now(call)
        await delivered(outlet.end(), in_loop=in_loop)

    def _warn_of_whole_stream(self) -> None:
        route = self.route
        if route is None or route.route_path in self.generation.warned:
            return
        self.generation.warned.add(route.route_path)
        self._report(
            Logged(
                level="WARNING",
                message=f"{route.source_file} streamed, which its source does not show, so its answer went out whole."
                " Set 'streaming = True' in the file",
            )
        )

    def _send_faults(self, outlet: Outlet, faults: tuple[ProjectError, ...], call: Call) -> None:
        self.note = str(faults[0]) + (f" (and {len(faults) - 1} more)" if len(faults) > 1 else "")
        detail = "\n".join(str(fault) for fault in faults)
        fields = [] if call.cors is None else call.cors.answer_fields(call.incoming.header("origin"))
        request_id = call.incoming.request_id
        problems = [str(fault) for fault in faults]
        answer = problem_answer(500, detail, self._path, fields, request_id=request_id, problems=problems)
        self._send(outlet, self._for_client(answer, call))

    def _send_result(self, outlet: Outlet, response: Response, body: str | bytes | None, call: Call) -> None:
        if response.status == 500 and (faults := self._surroundings.faults(self.route)):
            self._send_faults(outlet, faults, call)  # the handler needed what there is not
            return
        if response.status == 404 and call.route is None and self.generation.faults_behind_404():
            self._send_faults(outlet, self.generation.faults_behind_404(), call)
            return
        try:
            # A streaming function sends whole bodies as streams, too, and those have no size limit.
            result = rest_result(response, body) if self.streams else fitting_result(call, response, body)
            answer = gateway_answer(result)
        except IntegrationError as error:
            self._give_up(outlet, str(error))
            return
        self._send(outlet, self._for_client(answer, call), call)

    def _for_client(self, answer: HttpAnswer, call: Call) -> HttpAnswer:
        if call.incoming.method == "HEAD":
            return HttpAnswer(status=answer.status, headers=answer.headers)
        return answer

    def _send(self, outlet: Outlet, answer: HttpAnswer, call: Call | None = None) -> None:
        if call is not None:
            revalidate_now(call)
        outlet.answer(answer).result()

    def _give_up(self, outlet: Outlet, reason: str) -> None:
        """502, or a cut connection where the head is out already; the log says why."""
        self._report(Logged(level="ERROR", message=f"502: {reason}", fields={"path": self._path}))
        if self._has_started:
            self.note = "cut: the handler ended"
            return
        with suppress(Exception):  # gone, or the head is out already: `run` cuts the connection
            self._send(outlet, problem_answer(502, reason, self._path, self.generation.project.gateway_fields))
