"""`aws`: the project's resources in moto, created once, with fresh data for each test.

Between tests the mock is off and its data is stored here. So tests without `aws` see nothing of it, and the next one creates no stack.
"""

from __future__ import annotations

import json
import re
import threading
import traceback
import warnings
from base64 import b64encode
from contextlib import ExitStack, contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlsplit

from edgeroutes.adapters.checks import LAMBDA_ASYNC_EVENT_BYTES, LAMBDA_EVENT_BYTES, LAMBDA_RESULT_BYTES
from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.errors import ConfigError, ToolError, suggest
from edgeroutes.local_aws.stack import Mock, only_moto_responds
from edgeroutes.runtime.log import log_exception
from edgeroutes.testing.environment import (
    FAKE_CREDENTIALS,
    RealAwsError,
    fake_account,
    restored_environment,
    without_aws,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from edgeroutes.errors import Problem
    from edgeroutes.local_aws.stack import Cloud, ProjectCloud, Resource
    from edgeroutes.plan.model import FunctionPlan
    from edgeroutes.testing.client import Functions

    HttpReply = tuple[int, dict[str, str], bytes]


class CloudWarning(UserWarning):
    """A resource of the project that moto does not support."""


class Aws:
    """Local AWS, as the project's functions see it in a test.

    Args:
        functions: The project.
        parameters: Values for the template's parameters without a default.

    >>> aws.table("Users").put_item(Item={"id": "1"})
    >>> aws.client("sqs").send_message(QueueUrl=aws.resource("Jobs"), MessageBody="{}")
    """

    def __init__(self, functions: Functions, parameters: Mapping[str, str] | None = None) -> None:
        self._functions = functions
        self._parameters = parameters
        self._made: ProjectCloud | None = None
        self._failure: Exception | None = None
        self._session: Any = None
        self._mock = Mock()

    def __call__(self, *, enforce_iam: bool = True) -> Self:
        """The same, with options for this test.

        Args:
            enforce_iam: Whether AWS calls of a function need permission in its policies.
        """
        self._functions.enforces_iam = enforce_iam
        return self

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return self._cloud.client(service)

    def resource(self, logical_id: str) -> str:
        """The `!Ref` of a resource: a table's or a bucket's name, a queue's URL, a topic's ARN.

        Raises:
            ConfigError: No such logical id.
        """
        return self._resource(logical_id).physical_id

    def table(self, logical_id: str) -> Any:
        """A DynamoDB table as a boto3 resource, which takes and returns Python's values.

        Raises:
            ConfigError: No such logical id.
        """
        resource = self._resource(logical_id)
        if resource.type_name != "AWS::DynamoDB::Table":
            raise ConfigError(
                f"{logical_id!r} is {resource.type_name}. Allowed is AWS::DynamoDB::Table", where="aws.table"
            )
        return self._session.resource("dynamodb").Table(resource.physical_id)

    def environment(self, logical_id: str) -> dict[str, str]:
        """A function's environment variables, by its logical id.

        Raises:
            ConfigError: No such logical id.
        """
        self._require(logical_id, self._functions.plans, "function")
        return self._functions.environment_of(self._functions.plans[logical_id])

    @property
    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs."""
        return self._cloud.outputs

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What moto does not support."""
        return self._cloud.warnings

    @contextmanager
    def for_one_test(self) -> Iterator[Self]:
        """Turn it on with the data of the seeds.

        Raises:
            ProjectError: For all problems of the project, its infra/ or its seeds.
            ToolError: moto is not installed.
        """
        with ExitStack() as around:
            around.enter_context(self._mock.on())
            around.enter_context(restored_environment())
            fake_account()
            around.enter_context(without_aws())
            made = self._start()
            around.enter_context(_requests_to(self._functions))
            self._use_session()
            made.data.reset()
            self._functions.cloud = made.cloud
            try:
                yield self
            finally:
                self._functions.cloud = None
                self._functions.enforces_iam = False

    def close(self) -> None:
        """Delete moto's data: it keeps S3 objects in open files, and warns of files that nobody closes."""
        self._made = None
        self._mock.close()

    def _start(self) -> ProjectCloud:
        """The project's resources, created by the first test; its error is raised for the others, too."""
        if self._failure is not None:
            raise self._failure
        if self._made is None:
            from edgeroutes.local_aws.stack import Cloud, start_cloud
            from edgeroutes.pipeline import project_template
            from edgeroutes.template.transform import expand_loops, parse_template

            root = self._functions.root
            try:
                document = expand_loops(parse_template(project_template(root).text))
                self._made = start_cloud(root, Cloud(), self._parameters, document=document)
            except Exception as error:
                self._failure = error
                raise
            for warning in self._made.cloud.warnings:
                warnings.warn(str(warning), CloudWarning, stacklevel=2)
        return self._made

    def _use_session(self) -> None:
        """One session for all tests: it reads the description of each service once."""
        import boto3

        if self._session is None:
            self._session = boto3.Session("testing", "testing", region_name=FAKE_CREDENTIALS["AWS_REGION"])
        boto3.DEFAULT_SESSION = self._session

    @property
    def _cloud(self) -> Cloud:
        if self._functions.cloud is None:
            raise ToolError("local AWS is off, because its test has ended", where="aws")
        return self._functions.cloud

    def _resource(self, logical_id: str) -> Resource:
        self._require(logical_id, self._cloud.resources, "resource")
        return self._cloud.resources[logical_id]

    @staticmethod
    def _require(logical_id: str, there: Mapping[str, Any], kind: str) -> None:
        if logical_id not in there:
            hint = suggest(logical_id, there, f"Allowed are {', '.join(there) or 'none: infra/ is empty'}")
            raise ConfigError(f"there is no {kind} {logical_id!r}", where="aws", hint=hint)


@contextmanager
def _requests_to(functions: Functions) -> Iterator[None]:
    """Send all requests to AWS to moto, and invocations to the project's functions."""
    invocations = _Invocations(functions)

    def refused(url: str) -> RealAwsError:
        return RealAwsError(f"{url}: moto does not emulate this address, and tests send no request to AWS")

    try:
        with only_moto_responds(invocations.respond, refused):
            yield
    finally:
        invocations.close()


_INVOKE = re.compile(r"/2015-03-31/functions/([^/]+)/invocations$")
# A name, name:alias, account:function:name, or an ARN.
_NAME = re.compile(r"(?:arn:[^:]+:lambda:[^:]*:)?(?:\d{12}:)?(?:function:)?([^:]+)(?::[^:]+)?")
_LOG_TAIL_BYTES = 4096


class _Invocations:
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
        """End what the functions have started."""
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
