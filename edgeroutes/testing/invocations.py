"""Lambda's Invoke, with the project's own handlers in this process.

Source: docs.aws.amazon.com/lambda "API_Invoke", "gettingstarted-limits", "python-exceptions" (read 2026-11-21); awslambdaric's
bootstrap for the shape of an error.
"""

from __future__ import annotations

import json
import re
import threading
import traceback
from base64 import b64encode
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.errors import ToolError
from edgeroutes.http.limits import LAMBDA_ASYNC_EVENT_BYTES, LAMBDA_EVENT_BYTES, LAMBDA_RESULT_BYTES
from edgeroutes.runtime.log import log_exception

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from edgeroutes.plan.model import FunctionPlan
    from edgeroutes.testing.functions import Functions

    HttpReply = tuple[int, dict[str, str], bytes]

_INVOKE = re.compile(r"/2015-03-31/functions/([^/]+)/invocations$")
# A name, name:alias, account:function:name, or an ARN.
_NAME = re.compile(r"(?:arn:[^:]+:lambda:[^:]*:)?(?:\d{12}:)?(?:function:)?([^:]+)(?::[^:]+)?")
_LOG_TAIL_BYTES = 4096


class Invocations:
    """Responds to Invoke.

    Args:
        functions: The project.
    """

    def __init__(self, functions: Functions) -> None:
        self._functions = functions
        self._idle: dict[str, list[LambdaHandler]] = {}

    def respond(self, request: Any) -> HttpReply | None:
        """The reply to a request that invokes a function of the project; None for any other."""
        url = urlsplit(request.url)
        found = _INVOKE.search(unquote(url.path)) if url.netloc.startswith("lambda.") else None
        plan = self._find(found[1]) if found else None
        if plan is None:
            return None
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        return self._invoke(plan, _bytes(request.body), headers)

    def close(self) -> None:
        for handlers in self._idle.values():
            for handler in handlers:
                handler.close()
        self._idle.clear()

    def _find(self, called: str) -> FunctionPlan | None:
        """The function of this name or ARN, or of this logical id, the only name that tests know.

        Raises:
            ToolError: It is a function of infra/, not of a route.
        """
        match = _NAME.fullmatch(called)
        name = match[1] if match else ""
        for plan in self._functions.plans.values():
            if name in (plan.logical_id, self._functions.name_of(plan)):
                return plan
        made = self._functions.cloud.resources if self._functions.cloud else {}
        for logical_id, resource in made.items():
            if resource.type_name == "AWS::Lambda::Function" and name in (logical_id, resource.physical_id):
                problem = "this function of infra/ serves no route, and tests run only functions of routes"
                raise ToolError(problem, where=logical_id, hint="Call its handler in the test itself")
        return None

    def _invoke(self, plan: FunctionPlan, payload: bytes, headers: Mapping[str, str]) -> HttpReply:
        kind = headers.get("x-amz-invocation-type", "RequestResponse")
        limit = LAMBDA_ASYNC_EVENT_BYTES if kind == "Event" else LAMBDA_EVENT_BYTES
        if len(payload) > limit:
            problem = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
            return _refusal(413, "RequestTooLargeException", problem)
        try:
            event = json.loads(payload or b"{}")
        except ValueError as error:
            problem = f"Could not parse request body into json: {error}"
            return _refusal(400, "InvalidRequestContentException", problem)
        if kind == "DryRun":
            return 204, {}, b""
        logged = len(self._functions.output.logs)
        outcome = _Outcome()
        thread = threading.Thread(target=self._run, args=(plan, event, outcome))
        thread.start()  # as a process on Lambda it has neither the loop nor the context of its caller
        thread.join()
        if outcome.escaped is not None:
            raise outcome.escaped
        if kind == "Event":
            return 202, {}, b""
        fields = {"content-type": "application/json", "x-amz-executed-version": "$LATEST"}
        if outcome.is_error:
            fields["x-amz-function-error"] = "Unhandled"
        if headers.get("x-amz-log-type") == "Tail":
            lines = "".join(f"{json.dumps(line)}\n" for line in self._functions.output.logs[logged:])
            fields["x-amz-log-result"] = b64encode(lines.encode()[-_LOG_TAIL_BYTES:]).decode()
        return 200, fields, outcome.payload

    def _run(self, plan: FunctionPlan, event: Any, outcome: _Outcome) -> None:
        context = self._functions.context_of(plan)
        try:
            with self._functions.run(plan):
                try:
                    with self._handler(plan) as handler:
                        outcome.give(handler(event, context))
                except (Exception, SystemExit) as error:  # noqa: BLE001  # the author's code may raise anything
                    log_exception(error, f"{plan.logical_id} failed", request_id=context.aws_request_id)
                    outcome.fail(error, context.aws_request_id)
        except BaseException as error:  # noqa: BLE001  # raised again in the test's own thread
            outcome.escaped = error

    @contextmanager
    def _handler(self, plan: FunctionPlan) -> Iterator[LambdaHandler]:
        """An idle handler: Lambda runs one invocation at a time in a sandbox, and starts another where necessary."""
        idle = self._idle.setdefault(plan.logical_id, [])
        handler = idle.pop() if idle else self._make_handler(plan)
        try:
            yield handler
        finally:
            idle.append(handler)

    def _make_handler(self, plan: FunctionPlan) -> LambdaHandler:
        own = {route.route_path for route in plan.routes}
        manifest = copy(self._functions.manifest)
        manifest.routes = tuple(route for route in manifest.routes if route.route_path in own)
        return LambdaHandler(manifest, str(self._functions.root))


class _Outcome:
    def __init__(self) -> None:
        self.payload = b"null"
        self.is_error = False
        self.escaped: BaseException | None = None

    def give(self, result: Any) -> None:
        """Set the handler's result, as Lambda sends it."""
        self.payload = json.dumps(result, ensure_ascii=False).encode()
        if len(self.payload) > LAMBDA_RESULT_BYTES:
            problem = (
                f"Response payload size ({len(self.payload)} bytes) exceeded maximum allowed payload size"
                f" ({LAMBDA_RESULT_BYTES} bytes)."
            )
            self._fail({"errorMessage": problem, "errorType": "Function.ResponseSizeTooLarge"})

    def fail(self, error: BaseException, request_id: str) -> None:
        """Set the handler's exception."""
        if isinstance(error, SystemExit):
            problem = f"RequestId: {request_id} Error: Runtime exited with error: exit status {error.code or 0}"
            self._fail({"errorType": "Runtime.ExitError", "errorMessage": problem})
            return
        trace = traceback.format_list(traceback.extract_tb(error.__traceback__))
        self._fail(
            {
                "errorMessage": str(error),
                "errorType": type(error).__name__,
                "requestId": request_id,
                "stackTrace": trace,
            }
        )

    def _fail(self, document: Mapping[str, Any]) -> None:
        self.is_error = True
        self.payload = json.dumps(document).encode()


def _refusal(status: int, kind: str, problem: str) -> HttpReply:
    body = json.dumps({"Type": "User", "message": problem}).encode()
    return status, {"content-type": "application/json", "x-amzn-errortype": kind}, body


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if hasattr(body, "read"):
        return bytes(body.read())
    return body.encode() if isinstance(body, str) else bytes(body)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
