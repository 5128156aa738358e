"""The handler that Lambda calls: events of REST APIs, HTTP APIs and function URLs in, proxy results out.

Straight from event to runtime: no ASGI, and no event loop for a route that needs none.
"""

from __future__ import annotations

import os
import sys
from contextvars import copy_context

from edgeroutes.adapters.events import RestEvent, http_result, is_load_balancer, read_event, rest_result
from edgeroutes.adapters.runtime_client import install_after_hook
from edgeroutes.errors import EventError, ProjectError
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.names import SECRET_VARIABLE
from edgeroutes.runtime.application import Application, Call
from edgeroutes.runtime.loop import LoopFree, PersistentLoop, is_fatal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextvars import Context
    from typing import Any

    from edgeroutes.adapters.origin import OriginGuard
    from edgeroutes.http.response import Response
    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.runtime.loop import Runner
    from edgeroutes.runtime.manifest import Manifest
    from edgeroutes.types import AsgiApp, Event, LambdaContext

    Finish = Callable[[], Coroutine[Any, Any, None]]


# What a malformed event ends in where nothing was raised: an unknown method, a broken body, a handler that reads what is not there.
OF_MALFORMED_EVENTS = (400, 500)
# Up to this size no limit can be exceeded: a character takes at most 12 bytes in JSON, those of two \u escapes.
SMALL_CHARACTERS = 500_000


class LambdaHandler:
    """What a function's entry names as its handler.

    A function of one route loads it now, in the init phase; of several, each at its first request, so that a group starts as fast as
    a route. A route that cannot be loaded responds 500 until it can. With `debug`, routes are always loaded at their first request.

    Args:
        manifest: The function's routes.
        root: The folder that holds them: `/var/task`.
        debug: Whether a 500 shows the client what happened; only in `dev` and tests.
    """

    def __init__(self, manifest: Manifest, root: str, *, debug: bool = False) -> None:
        self.application = Application(manifest, root, _mount, debug=debug)
        self._free = LoopFree()
        self._loop = PersistentLoop()
        self._finishing: list[tuple[Finish, Runner, Context]] = []
        self.hook_installed = install_after_hook(self.finish)
        self._warned: set[str] = set()
        self._guard = _origin_guard()
        if len(manifest.routes) == 1 and not debug:
            try:
                self.application.endpoint(manifest.routes[0])
            except ProjectError as error:
                from edgeroutes.runtime.log import log_exception

                log_exception(error, f"{manifest.routes[0].source_file} cannot be loaded")

    def __call__(self, event: Event, context: LambdaContext | None = None) -> dict[str, Any]:
        """The proxy result for an event.

        Raises:
            EventError: When there is no HTTP request in it, or one of a load balancer that the bundle cannot read; the log names it.
        """
        if is_load_balancer(event) and self._admits(event, context):
            return self._load_balancer_result(event, context)
        call = self.open(event, context)
        runner, running_in = self._runner(call), copy_context()
        try:
            response, body = runner.run(buffered_response(call), running_in)
        except BaseException as error:  # raised around the call, such as a late cancellation
            if is_fatal(error):
                raise
            response = call.fail(error)
            body = response.body  # type: ignore[assignment]  # JSON is whole
        if call.has_after:
            self._finish_later(call.finish, runner, running_in)
        if response.status in OF_MALFORMED_EVENTS:
            refuse_malformed(event, context)
        return fitting_result(call, response, body)

    def open(self, event: Event, context: LambdaContext | None = None) -> Call:
        """The call that handles an event; none of the author's code has run yet. For places that run it in their own way.

        Raises:
            EventError: When there is no HTTP request in it; the log line names what is.
        """
        try:
            incoming = read_event(event, context)
            if self._guard is not None and not self._guard.admits(event):
                return Call(
                    self.application,
                    incoming,
                    early=HTTPError(403, "direct access is forbidden; use the CloudFront domain"),
                )
            return self.application.open(incoming)
        except EventError as error:
            _log_refusal(error, context)
            raise
        except Exception as error:
            refuse_malformed(event, context, error)
            raise

    def close(self) -> None:
        """Stop what lives as long as the sandbox: started apps and the loop. For servers and tests: Lambda does not call it.

        A request after it opens a new loop.
        """
        if self._loop.is_open:
            lifespan = sys.modules.get("edgeroutes.adapters.lifespan")
            if lifespan is not None:
                self._loop.run(lifespan.shutdown(), copy_context())
            self._loop.close()

    def _admits(self, event: Event, context: LambdaContext | None) -> bool:
        """Whether the origin guard lets a load balancer's event in."""
        try:
            return self._guard is None or self._guard.admits(event)
        except Exception as error:
            refuse_malformed(event, context, error)
            raise

    def _load_balancer_result(self, event: Event, context: LambdaContext | None) -> dict[str, Any]:
        try:
            from edgeroutes.adapters.load_balancer import load_balancer_result
        except ImportError as missing:
            problem = f"this is a load balancer's event, and the function's bundle does not contain the module that reads one: {missing}"
            error = EventError(problem, hint="Add 'include: [mangum]' to its function.yaml, and build again")
            _log_refusal(error, context)
            raise error from missing
        running_in = copy_context()
        try:
            result, finish = self._loop.run(load_balancer_result(self.application, event, context), running_in)
        except Exception as error:
            refuse_malformed(event, context, error)
            raise
        if result["statusCode"] in OF_MALFORMED_EVENTS:
            refuse_malformed(event, context)
        self._finish_later(finish, self._loop, running_in)
        return result

    def _runner(self, call: Call) -> Runner:
        return self._loop if call.needs_loop else self._free

    def _warn_once(self, message: str) -> None:
        if message not in self._warned:
            from edgeroutes.runtime.log import log_warning

            self._warned.add(message)
            log_warning(message)

    def _finish_later(self, finish: Finish, runner: Runner, running_in: Context) -> None:
        self._finishing.append((finish, runner, running_in))
        if self.hook_installed:
            return
        if "AWS_LAMBDA_RUNTIME_API" in os.environ:  # elsewhere there is no client to hook
            self._warn_once("after() runs before the response: this runtime has no client that edgeroutes knows")
        self.finish()

    def finish(self) -> None:
        """Run what is to be run once the responses are out."""
        while self._finishing:
            finish, runner, running_in = self._finishing.pop(0)
            try:
                runner.run(finish(), running_in)
            except BaseException as error:  # the response has been sent: only the log can report it
                if is_fatal(error):
                    raise
                from edgeroutes.runtime.log import log_exception

                log_exception(error, "after() failed")


def _origin_guard() -> OriginGuard | None:
    """What refuses requests that do not come through the distribution; None where none stands in front."""
    if SECRET_VARIABLE not in os.environ:
        return None
    from edgeroutes.adapters.origin import origin_guard

    return origin_guard(os.environ)


def refuse_malformed(event: Event, context: LambdaContext | None, error: Exception | None = None) -> None:
    """Raise what is wrong with the structure of an event that has failed; return where nothing is.

    Raises:
        EventError: Naming the first value that AWS does not send so.
    """
    from edgeroutes.adapters.event_shape import shape_problem

    problem = shape_problem(event)
    if problem:
        refusal = EventError(
            f"the event is malformed: {problem}",
            where="the invocation",
            hint="Invoke the function with an event as AWS documents it",
        )
        _log_refusal(refusal, context)
        raise refusal from error


def _log_refusal(error: EventError, context: LambdaContext | None) -> None:
    from edgeroutes.runtime.log import write_line

    write_line("ERROR", str(error), request_id=getattr(context, "aws_request_id", ""))


def fitting_result(call: Call, response: Response, body: str | bytes | None) -> dict[str, Any]:
    """The proxy result for the call's event; that of a 500 when Lambda or API Gateway would refuse this one for its size."""
    render = rest_result if isinstance(call.incoming, RestEvent) else http_result
    result = render(response, body)
    if len(result["body"]) <= SMALL_CHARACTERS and response.headers.are_small():
        return result
    from edgeroutes.adapters.result_size import find_excess

    where = call.route.source_file if call.route is not None else ""
    error = find_excess(result, call.incoming.event or {}, where)
    if error is None:
        return result
    failed = call.fail(error)
    return render(failed, None if call.incoming.method == "HEAD" else failed.body)  # type: ignore[arg-type]  # JSON is whole


async def buffered_response(call: Call) -> tuple[Response, str | bytes | None]:
    """The response with its whole body: for results that cannot stream."""
    response = await call.respond()
    body = response.body
    if body.__class__ is str or not response.is_stream:
        return response, body  # type: ignore[return-value]
    return await read_stream(call, response)


async def read_stream(call: Call, response: Response) -> tuple[Response, str | bytes | None]:
    """A stream with its whole body; when it fails on the way, the 500 for that."""
    from edgeroutes.runtime.streams import read_whole

    try:
        return response, await read_whole(response)
    except BaseException as error:  # nothing has been sent yet, so the client gets a 500
        if is_fatal(error):
            raise
        failed = call.fail(error)
        return failed, failed.body  # type: ignore[return-value]
    finally:
        await call.close_streams()


async def _mount(app: AsgiApp, scope: RequestScope) -> Response:
    from edgeroutes.adapters.mount import mount  # here: most functions have no app

    return await mount(app, scope)
