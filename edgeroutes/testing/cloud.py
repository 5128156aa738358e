"""`aws`: the project's resources in moto's mock, made once, their data anew for each test. Roof.

Between tests the mock is off and its data is kept here, so that tests which do not ask for it see nothing of it, and the next one that
does pays for no stack.
"""

from __future__ import annotations

import difflib
import warnings
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self

from edgeroutes.errors import ConfigError, ToolError
from edgeroutes.testing.environment import FAKE_CREDENTIALS, fake_account, restored_environment
from edgeroutes.testing.network import RealAwsError, without_aws

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from edgeroutes.local_aws.stack import Cloud, ProjectCloud, Resource
    from edgeroutes.plan.model import PlanWarning
    from edgeroutes.testing.functions import Functions

    _Service = tuple[Any, dict[str, Any]]


class CloudWarning(UserWarning):
    """What of the project's resources moto cannot hold."""


class Aws:
    """AWS as the project's functions find it in a test.

    Args:
        functions: The project.
        parameters: Values for the template's parameters that have no default.

    >>> aws.table("Users").put_item(Item={"id": "1"})
    >>> aws.client("sqs").send_message(QueueUrl=aws.resource("Jobs"), MessageBody="{}")
    """

    def __init__(self, functions: Functions, parameters: Mapping[str, str] | None = None) -> None:
        self._functions = functions
        self._parameters = parameters
        self._made: ProjectCloud | None = None
        self._failure: Exception | None = None
        self._session: Any = None
        self._held: list[_Service] = []

    def __call__(self, *, enforce_iam: bool = True) -> Self:
        """The same, with what this test asks for besides.

        Args:
            enforce_iam: Whether a function may do only what its policies allow.
        """
        self._functions.enforces_iam = enforce_iam
        return self

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return self._cloud.client(service)

    def resource(self, logical_id: str) -> str:
        """What `!Ref` of a resource gives: a table's or a bucket's name, a queue's URL, a topic's ARN.

        Raises:
            ConfigError: There is none of this name.
        """
        return self._resource(logical_id).physical_id

    def table(self, logical_id: str) -> Any:
        """A table as boto3's resource, which takes and gives Python's values.

        Raises:
            ConfigError: There is none of this name.
        """
        resource = self._resource(logical_id)
        if resource.type_name != "AWS::DynamoDB::Table":
            raise ConfigError(
                f"{logical_id!r} is {resource.type_name}. Allowed is AWS::DynamoDB::Table", where="aws.table"
            )
        return self._session.resource("dynamodb").Table(resource.physical_id)

    def environment(self, logical_id: str) -> dict[str, str]:
        """What a function finds in its environment, by its logical id.

        Raises:
            ConfigError: There is none of this name.
        """
        self._require(logical_id, self._functions.plans, "function")
        return self._functions.environment_of(self._functions.plans[logical_id])

    @property
    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs."""
        return self._cloud.outputs

    @property
    def warnings(self) -> tuple[PlanWarning, ...]:
        """What moto cannot hold."""
        return self._cloud.warnings

    @contextmanager
    def for_one_test(self) -> Iterator[Self]:
        """Have it on, with its data as the seeds say.

        Raises:
            ProjectError: For all that is wrong with the project, its infra/ or its seeds.
            ToolError: There is no moto.
        """
        with ExitStack() as around:
            around.enter_context(self._mock())
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
        """Have moto forget the data, for good: it keeps objects of S3 in open files, and warns of those that nobody closes."""
        held, self._held, self._made = self._held, [], None
        for _, accounts in held:
            for regions in accounts.values():
                regions.reset()

    @contextmanager
    def _mock(self) -> Iterator[None]:
        """The mock of moto, with our data in it, and none of it when it is off: other mocks begin and end by emptying it."""
        try:
            import moto
        except ModuleNotFoundError as err:
            raise ToolError("moto is not installed", where="aws", hint="pip install 'edgeroutes[testing]'") from err
        mock = moto.mock_aws()
        mock.start(reset=False)
        others = _take_data()
        _put_data(self._held)
        try:
            yield
        finally:
            self._held = _take_data()
            _put_data(others)
            mock.stop(remove_data=False)

    def _start(self) -> ProjectCloud:
        """The project's resources, made by the first test; what kept it from that, the others are told, too."""
        if self._failure is not None:
            raise self._failure
        if self._made is None:
            from edgeroutes.local_aws.stack import Cloud, start_cloud
            from edgeroutes.pipeline import render_template
            from edgeroutes.plan.loops import expand_loops
            from edgeroutes.template.transform import parse_template

            root = self._functions.root
            try:
                document = expand_loops(parse_template(render_template(root)))
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
            raise ToolError("AWS on the desk is off: the test that it was for has ended", where="aws")
        return self._functions.cloud

    def _resource(self, logical_id: str) -> Resource:
        self._require(logical_id, self._cloud.resources, "resource")
        return self._cloud.resources[logical_id]

    @staticmethod
    def _require(logical_id: str, there: Mapping[str, Any], kind: str) -> None:
        if logical_id not in there:
            near = difflib.get_close_matches(logical_id, there, n=1)
            hint = f"Did you mean {near[0]!r}" if near else f"Allowed are {', '.join(there) or 'none: infra/ is empty'}"
            raise ConfigError(f"there is no {kind} {logical_id!r}", where="aws", hint=hint)


def _take_data() -> list[_Service]:
    """All that moto holds, out of it."""
    from moto.core.base_backend import BackendDict

    in_use: list[Any] = BackendDict._instances  # type: ignore[misc]  # noqa: SLF001  # moto has no other list of them
    held = [(service, dict(service)) for service in in_use]
    for service in in_use:
        service.clear()
    in_use.clear()
    return held


def _put_data(held: list[_Service]) -> None:
    """What was taken, back into moto."""
    from moto.core.base_backend import BackendDict

    for service, accounts in held:
        service.update(accounts)
        BackendDict._instances.append(service)  # type: ignore[misc]  # noqa: SLF001  # as above


@contextmanager
def _requests_to(functions: Functions) -> Iterator[None]:
    """Every request to AWS goes to moto, those of clients made before the mock was on, too; what it does not know goes nowhere."""
    from botocore.httpsession import URLLib3Session
    from moto.core.models import botocore_stubber

    from edgeroutes.testing.invocations import Invocations

    send, process = URLLib3Session.send, botocore_stubber.process_request
    invocations = Invocations(functions)

    def answer(request: Any) -> Any:
        found = invocations.answer(request)
        return process(request) if found is None else found

    def send_nowhere(_: Any, request: Any) -> Any:
        response = botocore_stubber("before-send", request)
        if response is None:
            raise RealAwsError(f"{request.url}: moto has no such address, and AWS itself is not asked in tests")
        return response

    botocore_stubber.process_request = answer  # type: ignore[method-assign]
    URLLib3Session.send = send_nowhere  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        invocations.close()
        URLLib3Session.send = send  # type: ignore[method-assign]
        del botocore_stubber.process_request
