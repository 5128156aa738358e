"""The handler that Lambda calls: events of REST APIs, HTTP APIs and function URLs in, proxy results out.

Straight from event to runtime: without ASGI, and without an event loop for a route that needs none.
"""

from __future__ import annotations

import os
import sys
from contextvars import copy_context

from edgeroutes.adapters.events import RestEvent, http_result, is_load_balancer, read_event, rest_result
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
    from collections.abc import Callable
    from typing import Any, Self


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
    from edgeroutes.adapters.checks import shape_problem

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
    from edgeroutes.adapters.checks import find_excess

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


# The one hook on awslambdaric. `post_invocation_result` of its client class returns when Lambda has the response; what runs then delays
# nobody, and the sandbox is not frozen before the client requests the next invocation. The class is found by name and signature, at init,
# once. Verified with awslambdaric 3.0 to 4.2, whose base class is looked up at call time.
# Source: awslambdaric/lambda_runtime_client.py, read 2026-11-21.
_METHOD = "post_invocation_result"
_ARGUMENTS = ("self", "invoke_id", "result_data")
_HOOKED = "edgeroutes_runs"


class PendingResponse(bytes):
    """A response that is still to be produced, and that sends itself.

    awslambdaric passes bytes on as they are, so nothing but the hook learns what these stand for.

    Args:
        send: Called with the request id of the invocation, and that of this attempt or None, when it is to go out.
            It raises OSError or the like where Lambda cannot be reached.
    """

    send: Callable[[str, str | None], None]

    def __new__(cls, send: Callable[[str, str | None], None]) -> Self:
        """One that stands for no bytes yet."""
        response = super().__new__(cls)
        response.send = send
        return response


def find_client_class() -> Any | None:
    """The class whose `post_invocation_result` sends responses; None where awslambdaric is absent or not as known."""
    module = sys.modules.get("awslambdaric.lambda_runtime_client")
    for name in ("BaseLambdaRuntimeClient", "LambdaRuntimeClient"):
        found = getattr(module, name, None)
        method = getattr(found, "__dict__", {}).get(_METHOD)
        code = getattr(method, "__code__", None)
        if code is not None and code.co_varnames[:3] == _ARGUMENTS:
            return None if _is_overridden(found) else found
    return None


def _is_overridden(client: Any) -> bool:
    """Whether a class below has a way of its own, which would send a pending response as the bytes that it is not."""
    return any(_METHOD in vars(below) or _is_overridden(below) for below in client.__subclasses__())


def install_after_hook(run: Callable[[], None]) -> bool:
    """Have pending responses send themselves, and `run` called whenever a response is sent.

    The client is hooked once; what is given later runs there, too, in turn.

    Args:
        run: Must not raise.

    Returns:
        Whether there is a client to hook. False: run it before the response instead.
    """
    client = find_client_class()
    if client is None:
        return False
    send = getattr(client, _METHOD)
    hooked = getattr(send, _HOOKED, None)
    if hooked is not None:
        hooked.append(run)
        return True
    runs = [run]

    def post_invocation_result(self: Any, invoke_id: Any, result_data: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            if isinstance(result_data, PendingResponse):
                _send_pending(self, result_data, invoke_id, _invocation_id(args, kwargs))
                return None
            return send(self, invoke_id, result_data, *args, **kwargs)
        finally:
            for each in runs:
                each()

    setattr(post_invocation_result, _HOOKED, runs)
    setattr(client, _METHOD, post_invocation_result)
    return True


def _send_pending(client: Any, response: PendingResponse, invoke_id: str, invocation_id: str | None) -> None:
    """Have a response send itself; what goes wrong is the client's to judge, as with any other response."""
    try:
        response.send(invoke_id, invocation_id)
    except EventError as error:
        _post_error(client, error, invoke_id, invocation_id)
    except Exception as error:
        judge = getattr(client, "handle_exception", None)  # since 4.0: a client of many processes does not end for it
        if judge is None:
            raise
        judge(error)


def _post_error(client: Any, error: EventError, invoke_id: str, invocation_id: str | None) -> None:
    """Have the invocation fail, as awslambdaric does for an exception of the handler."""
    from json import dumps

    failure = {"errorMessage": str(error), "errorType": type(error).__name__, "requestId": invoke_id, "stackTrace": []}
    attempt = () if invocation_id is None else (invocation_id,)
    client.post_invocation_error(invoke_id, dumps(failure), "{}", *attempt)


def _invocation_id(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    """The id of this attempt, which awslambdaric gives since 4.2 as one argument more, behind the content type."""
    invocation_id: str | None = args[1] if len(args) > 1 else kwargs.get("invocation_id")
    return invocation_id
