"""A project's resources in moto, as one stack: created, changed and read through boto3, in this process or in a server.

`Mock` is moto in this process, for tests: its data stays while it is off, and no request leaves the machine.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError, Problem, ToolError
from edgeroutes.local_aws import NO_MODEL, OWN_ACCESS_KEY, REGION
from edgeroutes.local_aws.seeds import Data, read_seeds
from edgeroutes.local_aws.template import local_template, require_parameters, without_functions
from edgeroutes.names import TEMPLATE_FILE
from edgeroutes.pipeline import project_template
from edgeroutes.template.transform import parse_template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from edgeroutes.local_aws.seeds import Seed

    _Service = tuple[Any, dict[str, Any]]


STACK = "edgeroutes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource of the stack.

    Args:
        type_name: `AWS::DynamoDB::Table`.
        physical_id: What `Ref` gives: a name, an ARN or a URL.
    """

    type_name: str
    physical_id: str


class Cloud:
    """The resources of a template, created in moto.

    Args:
        endpoint_url: A moto server's; without one, the mock of this process, which must be on.
        region_name: Their region.
        stack_name: `AWS::StackName`.

    >>> cloud = Cloud(endpoint_url="http://127.0.0.1:4100")
    >>> cloud.put({"Resources": {"Users": {"Type": "AWS::SQS::Queue"}}})
    >>> cloud.resources["Users"].type_name
    'AWS::SQS::Queue'
    """

    def __init__(self, endpoint_url: str | None = None, region_name: str = REGION, stack_name: str = STACK) -> None:
        self.endpoint_url = endpoint_url
        self.region_name = region_name
        self.stack_name = stack_name
        self.resources: Mapping[str, Resource] = {}
        self.outputs: Mapping[str, str] = {}
        self.warnings: tuple[Problem, ...] = ()
        self._environments: dict[str, dict[str, str]] = {}
        self._clients: dict[str, Any] = {}

    def put(self, template: Mapping[str, Any], parameters: Mapping[str, str] | None = None) -> None:
        """Create the template's resources, or change them.

        Raises:
            ConfigError: The template is refused: a reference to nothing, a value that a service does not accept.
            ToolError: There is no moto, neither mock nor server.
        """
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in (parameters or {}).items()]
        self._put_stack(json.dumps(template), given)
        self.read()

    def exists(self) -> bool:
        """Whether the stack exists, also from an earlier process.

        Raises:
            ToolError: There is no moto, neither mock nor server.
        """
        from botocore.exceptions import EndpointConnectionError

        if self.endpoint_url is None:
            _require_mock()
        try:
            stacks = self.client("cloudformation").describe_stacks()["Stacks"]
        except EndpointConnectionError as err:
            hint = "Start it, or let `edgeroutes dev` do so"
            raise ToolError("no moto server responds", where=str(self.endpoint_url), hint=hint) from err
        return any(stack["StackName"] == self.stack_name for stack in stacks)

    def read(self) -> None:
        """Read the stack's resources."""
        cloudformation = self.client("cloudformation")
        found = cloudformation.describe_stack_resources(StackName=self.stack_name)["StackResources"]
        self.resources = {
            each["LogicalResourceId"]: Resource(
                type_name=each["ResourceType"], physical_id=each.get("PhysicalResourceId", "")
            )
            for each in found
            if "LogicalResourceId" in each  # a false condition
        }
        (stack,) = cloudformation.describe_stacks(StackName=self.stack_name)["Stacks"]
        self.outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}
        self.warnings = tuple(_no_model(name, each) for name, each in self.resources.items() if _is_held(each))
        self._environments = self._read_environments()

    def environment_of(self, logical_id: str) -> dict[str, str]:
        """The function's variables, resolved.

        Raises:
            KeyError: The stack has no such function.
        """
        return dict(self._environments[logical_id])

    def client(self, service: str) -> Any:
        """A boto3 client of this moto."""
        if service not in self._clients:
            made = _session(is_mock=self.endpoint_url is None).client(
                service, region_name=self.region_name, endpoint_url=self.endpoint_url
            )
            self._clients[service] = made
        return self._clients[service]

    def _put_stack(self, body: str, parameters: list[dict[str, str]]) -> None:
        from botocore.exceptions import ClientError

        cloudformation = self.client("cloudformation")
        arguments = {"StackName": self.stack_name, "TemplateBody": body, "Parameters": parameters}
        try:
            if self.exists():
                cloudformation.update_stack(**arguments)
            else:
                cloudformation.create_stack(**arguments)
        except ClientError as err:
            if "No updates are to be performed" not in str(err):
                raise ConfigError(err.response["Error"]["Message"].rstrip("."), where=TEMPLATE_FILE) from err

    def _read_environments(self) -> dict[str, dict[str, str]]:
        pages = self.client("lambda").get_paginator("list_functions").paginate()
        functions = {function["FunctionName"]: function for page in pages for function in page["Functions"]}
        return {
            name: functions[each.physical_id].get("Environment", {}).get("Variables", {})
            for name, each in self.resources.items()
            if each.type_name == "AWS::Lambda::Function"
        }


@cache
def _session(*, is_mock: bool) -> Any:  # noqa: ARG001 - what it is remembered by
    """One session for all clients: it reads the description of a service once.

    Its credentials are our own: the user's never leave the machine, nor have to exist. The mock has one of its own, because a session
    that is older than the import of moto never reaches it.
    """
    import boto3

    return boto3.Session(OWN_ACCESS_KEY, OWN_ACCESS_KEY)


def _is_held(resource: Resource) -> bool:
    return resource.physical_id.startswith(NO_MODEL)


def _no_model(logical_id: str, resource: Resource) -> Problem:
    problem = (
        f"moto has no {resource.type_name}: Ref gives {resource.physical_id!r}, and calls of that service find nothing"
    )
    return Problem(problem, where=logical_id, hint="Replace it in tests; in dev, --aws uses AWS itself")


def _require_mock() -> None:
    from moto.core.models import botocore_stubber

    from edgeroutes.local_aws import engine

    if not botocore_stubber.enabled:
        problem = "neither moto's mock is on, nor is there a moto server: the call would reach AWS itself"
        raise ToolError(
            problem, where="Cloud", hint="Call it within `with moto.mock_aws():`, or give it an endpoint_url"
        )
    engine.install()


@dataclass(frozen=True, slots=True)
class ProjectCloud:
    """A project's resources and their contents."""

    cloud: Cloud
    data: Data


def start_cloud(
    root: Path,
    cloud: Cloud,
    parameters: Mapping[str, str] | None = None,
    *,
    document: Mapping[str, Any] | None = None,
    seeds: Mapping[str, Seed] | None = None,
    seeds_before: Mapping[str, Seed] | None = None,
) -> ProjectCloud:
    """Create the resources of the project in `root`, put its seeds into them, and resolve its functions' environment.

    Where the stack exists, it is changed to the template; new resources get their seeds.

    Args:
        root: The project's folder.
        cloud: The mock of this process, or a server.
        parameters: Values for the template's parameters; others without a default take those of samconfig.toml.
        document: The project's template, if it is known.
        seeds: The seeds, if they have been read.
        seeds_before: The earlier seeds: changed ones are put in over the contents. None leaves the contents alone.

    Raises:
        ProjectError: All problems of the project, its infra/ and its seeds.
        ToolError: There is no moto.
    """
    template = local_template(document or parse_template(project_template(root).text))
    parameters = require_parameters(root, template, parameters)
    seeds = read_seeds(root) if seeds is None else seeds
    if cloud.exists():
        cloud.read()
        there = {resource.physical_id for resource in cloud.resources.values()}
        cloud.put(template, parameters)
        data = Data(cloud, seeds)
        new = {name for name, resource in cloud.resources.items() if resource.physical_id not in there}
        data.put(new | set(_changed(seeds, seeds_before)))
        return ProjectCloud(cloud, data)
    # Seeds before functions: `{{resolve:…}}` puts a secret's value into their environment.
    cloud.put(without_functions(template), parameters)
    Data(cloud, {name: seed for name, seed in seeds.items() if name in cloud.resources}).reset()
    cloud.put(template, parameters)
    return ProjectCloud(cloud, Data(cloud, seeds))


def _changed(seeds: Mapping[str, Seed], before: Mapping[str, Seed] | None) -> list[str]:
    """The names of changed seeds."""
    if before is None:
        return []
    return [name for name, seed in seeds.items() if name not in before or seed.value != before[name].value]


class Mock:
    """The mock, with data of its own: other mocks of the process begin and end by deleting moto's."""

    def __init__(self) -> None:
        self._data: list[_Service] = []

    @contextmanager
    def on(self) -> Iterator[None]:
        """Run the block with the mock on.

        Raises:
            ToolError: moto is not installed.
        """
        try:
            import moto
        except ModuleNotFoundError as err:
            raise ToolError("moto is not installed", where="aws", hint="pip install 'edgeroutes[testing]'") from err
        mock = moto.mock_aws()
        mock.start(reset=False)
        others = _take_data()
        _put_data(self._data)
        try:
            yield
        finally:
            self._data = _take_data()
            _put_data(others)
            mock.stop(remove_data=False)

    def close(self) -> None:
        """Delete the data: moto keeps S3 objects in open files, and warns of files that nobody closes."""
        data, self._data = self._data, []
        for _, accounts in data:
            for regions in accounts.values():
                regions.reset()


def _take_data() -> list[_Service]:
    """All data of moto, removed from it."""
    from moto.core.base_backend import BackendDict

    in_use: list[Any] = BackendDict._instances  # type: ignore[misc]  # noqa: SLF001  # moto has no other list of them
    data = [(service, dict(service)) for service in in_use]
    for service in in_use:
        service.clear()
    in_use.clear()
    return data


def _put_data(data: list[_Service]) -> None:
    from moto.core.base_backend import BackendDict

    for service, accounts in data:
        service.update(accounts)
        BackendDict._instances.append(service)  # type: ignore[misc]  # noqa: SLF001  # as above


@contextmanager
def only_moto_responds(respond: Callable[[Any], Any], refused: Callable[[str], BaseException]) -> Iterator[None]:
    """Send all requests of botocore to moto, also those of clients that are older than the mock.

    Args:
        respond: Responds to a request instead of moto; None where moto shall.
        refused: The error for the URL of a request that moto does not emulate.
    """
    from botocore.httpsession import URLLib3Session
    from moto.core.models import botocore_stubber

    send, process = URLLib3Session.send, botocore_stubber.process_request

    def respond_first(request: Any) -> Any:
        found = respond(request)
        return process(request) if found is None else found

    def send_to_moto(_: Any, request: Any) -> Any:
        response = botocore_stubber("before-send", request)
        if response is None:
            raise refused(request.url)
        return response

    botocore_stubber.process_request = respond_first  # type: ignore[method-assign]
    URLLib3Session.send = send_to_moto  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        URLLib3Session.send = send  # type: ignore[method-assign]
        del botocore_stubber.process_request  # the class has the original
