"""The AWS calls in a project's sources, compared with the policies of its functions' roles; without account and network.

boto3's own descriptions have the operations: a client's `put_item` is PutItem, and so is a resource's `Table(name).put_item`, with
the table's name; `upload_file` is boto3's own.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes.build.aws_calls import find_aws_calls
from edgeroutes.build.aws_values import Variable
from edgeroutes.build.distributions import installed_site_packages
from edgeroutes.build.modules import SearchPath
from edgeroutes.build.trace import Tracer
from edgeroutes.errors import Problem
from edgeroutes.local_aws.iam.needs import (
    Call,
    Need,
    action_prefix,
    find_named,
    find_needs,
    is_free,
    policy_line,
    remedy,
    resource_name,
)
from edgeroutes.local_aws.iam.policies import (
    UNKNOWN,
    Question,
    Verdict,
    decide,
    listed,
    matches,
    read_role,
    resource_may_match,
    statements,
)
from edgeroutes.pipeline import plan_project
from edgeroutes.plan.model import find_function

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from edgeroutes.build.aws_calls import AwsCall, AwsUse
    from edgeroutes.local_aws import AccountRegion
    from edgeroutes.local_aws.iam.policies import Role
    from edgeroutes.local_aws.stack import Cloud
    from edgeroutes.plan.model import FunctionPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An action that a source needs.

    Args:
        need: The action and the resource's ARN.
        resource_name: `Users`, or the ARN with `*` for unknown parts.
        where: The calling lines.
        unknown: What the verdict depends on, where it is not known.
        verdict: The role's.
    """

    need: Need
    resource_name: str
    where: tuple[str, ...]
    verdict: Verdict
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A function's calls against its role.

    Args:
        function: With its routes.
        role: None where no function calls AWS or has policies of its own.
        findings: What its source needs, sorted.
        hints: How to grant what is missing, as imperatives.
        unused: What the role's policies grant and none of its functions was found to call: `dynamodb:Scan, dynamodb:Query on Users`.
            With the function that the role is named after; empty where a call is unread.
        unread: Calls that the source does not determine.
    """

    function: FunctionPlan
    role: Role | None = None
    findings: tuple[Finding, ...] = ()
    hints: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    unread: tuple[Problem, ...] = ()

    @property
    def missing(self) -> tuple[Finding, ...]:
        """What it needs and may not."""
        return tuple(each for each in self.findings if each.verdict.is_refusal)


def review_project(root: Path, route: str | None = None) -> list[Review]:
    """Every function of the project in `root`, in the order of its routes; or the one of this route.

    Raises:
        ProjectError: All problems of the project and its infra/, or there is no such route.
    """
    functions = plan_project(root).functions
    wanted = functions if route is None else (find_function(functions, route),)
    tracer = Tracer(SearchPath(project_root=root, site_packages=installed_site_packages()))
    uses = {each.logical_id: find_aws_calls(tracer.trace(map(Path, each.source_files))) for each in functions}
    if any(use.calls or use.unread for use in uses.values()) or any(map(_has_policies, functions)):
        reviews = _review_roles(root, functions, uses)
    else:  # roles exist only in moto, whose import takes seconds
        reviews = {each.logical_id: Review(function=each) for each in functions}
    return [reviews[function.logical_id] for function in wanted]


def _has_policies(function: FunctionPlan) -> bool:
    return bool(function.properties.keys() & {"Policies", "Role"})


def _review_roles(root: Path, functions: Iterable[FunctionPlan], uses: Mapping[str, AwsUse]) -> dict[str, Review]:
    """Function id → its review, with the roles that moto makes of the template."""
    import moto

    from edgeroutes.local_aws.stack import Cloud, start_cloud

    with moto.mock_aws():
        cloud = start_cloud(root, Cloud()).cloud
        by_role: dict[str, list[Review]] = defaultdict(list)
        for function in functions:
            role = read_role(cloud, function.logical_id)
            by_role[role.arn].append(_review_function(cloud, function, role, uses[function.logical_id]))
        reviews = [_with_unused(cloud, review, sharing) for sharing in by_role.values() for review in sharing]
    return {review.function.logical_id: review for review in reviews}


def _review_function(cloud: Cloud, function: FunctionPlan, role: Role, use: AwsUse) -> Review:
    environment = cloud.environment_of(function.logical_id)
    place = role.place(cloud.region_name)
    needed_at: dict[Need, list[str]] = defaultdict(list)
    calls: dict[Need, Call] = {}
    unread = list(use.unread)
    for found in use.calls:
        operations = find_operations(found, environment, place)
        needs = [(need, each) for each in operations for need in find_needs(each)]
        if not needs and not any(map(is_free, operations)):
            unread.append(Problem(_unread_problem(found), where=found.where))
        for need, call in needs:
            needed_at[need].append(found.where)
            calls[need] = call
    findings = [_finding(cloud, role, need, calls[need], needed_at[need]) for need in sorted(needed_at)]
    return Review(
        function=function,
        role=role,
        findings=tuple(findings),
        hints=tuple(_hints(cloud, function, findings)),
        unread=tuple(unread),
    )


def _unread_problem(found: AwsCall) -> str:
    name = ".".join([found.service, *found.path, found.method])
    return f"{name}: its actions are not known"


def _finding(cloud: Cloud, role: Role, need: Need, call: Call, where: list[str]) -> Finding:
    question = Question(action=need.action, resource=need.resource, context=role.context(call))
    decision = decide(role.policies, question)
    return Finding(
        need=need,
        resource_name=resource_name(need.resource, find_named(need.resource, cloud.resources)),
        where=tuple(dict.fromkeys(where)),
        verdict=decision.verdict,
        unknown=decision.unknown,
    )


def _hints(cloud: Cloud, function: FunctionPlan, findings: list[Finding]) -> Iterator[str]:
    """One line for each resource with everything that is missing on it; objects of a bucket go with the bucket."""
    file = f"{function.routes[0].directory}/function.yaml"
    together: dict[str, list[Need]] = defaultdict(list)
    for finding in findings:
        need, named = finding.need, find_named(finding.need.resource, cloud.resources)
        if finding.verdict is Verdict.NOT_ALLOWED:
            together[named.logical_id if named else need.resource].append(need)
        elif finding.verdict.is_refusal:
            yield remedy(finding.verdict, need.action, file, "")
    for needs in together.values():
        named = find_named(needs[-1].resource, cloud.resources)
        line = policy_line([need.action for need in needs], needs[-1].resource, named)
        yield remedy(Verdict.NOT_ALLOWED, needs[-1].action, file, line)


def _with_unused(cloud: Cloud, review: Review, sharing: list[Review]) -> Review:
    if any(each.unread for each in sharing):
        return review
    needs = [finding.need for each in sharing for finding in each.findings]
    return replace(review, unused=tuple(_unused(cloud, review, needs)))


def _unused(cloud: Cloud, review: Review, needs: list[Need]) -> Iterator[str]:
    """Only policies of function.yaml, which SAM names after the function; edgeroutes itself declares those of its own table."""
    name = review.function.logical_id
    own = {value for key, value in cloud.environment_of(name).items() if key.startswith("EDGEROUTES_")}
    granted = (
        statement
        for policy, document in (review.role.policies.identity.items() if review.role else ())
        for statement in statements(document)
        if policy.startswith(f"{name}RolePolicy") and statement["Effect"] == "Allow"
    )
    for statement in granted:
        patterns = listed(statement.get("Resource", []))
        named = find_named(patterns[0], cloud.resources) if patterns else None
        if named is None or named.resource.physical_id not in own:
            idle = [each for each in listed(statement.get("Action", [])) if not _is_used(each, patterns, needs)]
            if idle:
                yield f"{', '.join(idle)} on {named.logical_id if named else ', '.join(patterns)}"


def _is_used(action: str, patterns: list[str], needs: list[Need]) -> bool:
    needed_at = [need.resource for need in needs if matches(action, need.action, ignores_case=True)]
    return any(resource_may_match(pattern, resource) for pattern in patterns for resource in needed_at)


# What boto3 adds to S3's client, and to its resources without the arguments that these have: operation, arguments by position.
# Source: boto3/s3/inject.py and botocore/signers.py of 1.44.5.
_TRANSFERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "copy": (("HeadObject", "CopyObject"), ("CopySource", "Bucket", "Key")),
    "download_file": (("GetObject",), ("Bucket", "Key", "Filename")),
    "download_fileobj": (("GetObject",), ("Bucket", "Key", "Fileobj")),
    "generate_presigned_post": (("PutObject",), ("Bucket", "Key")),
    "upload_file": (("PutObject",), ("Filename", "Bucket", "Key")),
    "upload_fileobj": (("PutObject",), ("Fileobj", "Bucket", "Key")),
}
_COLLECTION_METHODS = frozenset({"all", "filter", "limit", "page_size", "pages"})


def find_operations(found: AwsCall, environment: Mapping[str, str], place: AccountRegion) -> list[Call]:
    """The operations of a call in a source.

    Args:
        found: The call.
        environment: The function's, for the values of its variables.
        place: The function's account and region.

    Returns:
        Empty where boto3 has no such service, resource or method.
    """
    model = _service(found.service)
    if model is None:
        return []
    prefix = action_prefix(found.service, model.signing_name)
    calls = _of_resource(found) if found.path else _of_client(found, model)
    return [
        Call(
            prefix=prefix,
            operation=name,
            parameters=_open(_filled(given, environment), found, model, name),
            place=place,
        )
        for name, given in calls
    ]


def _of_client(found: AwsCall, model: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if found.service == "s3" and found.method in _TRANSFERS:
        operations, names = _TRANSFERS[found.method]
        given = {**dict.fromkeys(names), **dict(zip(names, found.arguments, strict=False)), **found.parameters}
        for operation in operations:
            yield (
                operation,
                {name: given[name] for name in names if name[0].isupper() and name not in ("Filename", "Fileobj")},
            )
        return
    name = _methods(found.service).get(found.method) or _waited(found.service, found.method)
    if name in model.operation_names:
        yield name, dict(found.parameters)


def _of_resource(found: AwsCall) -> Iterator[tuple[str, dict[str, Any]]]:
    described = _resources(found.service)
    kind, collection = _kind(described, found.path)
    known = dict(zip((each["name"] for each in kind.get("identifiers", ())), found.identifiers, strict=False))
    if found.service == "s3" and found.method in _TRANSFERS:
        own = {"Bucket": known.get("BucketName", known.get("Name")), "Key": known.get("Key")}
        given = {**{key: value for key, value in own.items() if value is not None}, **found.parameters}
        names = tuple(name for name in _TRANSFERS[found.method][1] if name not in given)
        for operation in _TRANSFERS[found.method][0]:
            by_position = dict(zip(names, found.arguments, strict=False))
            yield operation, {"Bucket": None, "Key": None, **_only_api(by_position), **_only_api(given)}
    elif found.method == "batch_writer":
        yield "BatchWriteItem", {"RequestItems": {known.get("Name"): []}}
    elif collection is not None:
        yield _request(collection["request"], known, found)
        if found.method not in _COLLECTION_METHODS:
            of = described["resources"].get(collection["resource"]["type"], {}).get("batchActions", {})
            action = {_snake(name): each for name, each in of.items()}.get(found.method)
            if action:
                name, _ = _request(action["request"], {}, found)
                yield name, {"Bucket": known.get("Name")} if found.service == "s3" else {}
    else:
        actions = {_snake(name): each for name, each in kind.get("actions", {}).items()}
        action = kind.get("load") if found.method in {"load", "reload"} else actions.get(found.method)
        if action:
            yield _request(action["request"], known, found)


def _only_api(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in {"Bucket", "Key", "CopySource"}}


def _kind(described: Mapping[str, Any], path: tuple[str, ...]) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """The description of the resource that a path leads to, and of its collection, where the path ends with one."""
    kind: Mapping[str, Any] = described.get("service", {})
    for name in path:
        if name[:1].islower():
            return kind, {_snake(each): many for each, many in kind.get("hasMany", {}).items()}.get(name)
        reached = kind.get("has", {}).get(name, {}).get("resource", {}).get("type", name)
        kind = described.get("resources", {}).get(reached, {})
    return kind, None


def _request(request: Mapping[str, Any], known: Mapping[str, Any], found: AwsCall) -> tuple[str, dict[str, Any]]:
    by_identifier = {
        each["target"]: known.get(each["name"])
        for each in request.get("params", ())
        if each["source"] == "identifier" and each["target"].isalnum()
    }
    return request["operation"], {**by_identifier, **found.parameters}


def _filled(value: Any, environment: Mapping[str, str]) -> Any:
    """The value with the function's environment filled in."""
    if isinstance(value, Variable):
        return environment.get(value.name)
    if isinstance(value, list):
        return [_filled(each, environment) for each in value]
    if isinstance(value, dict):
        return {_filled(key, environment) or UNKNOWN: _filled(each, environment) for key, each in value.items()}
    return value


def _open(parameters: dict[str, Any], found: AwsCall, model: Any, operation: str) -> dict[str, Any]:
    """With what `**` passes: at least the required parameters, with unknown values."""
    if not found.is_open:
        return parameters
    shape = model.operation_model(operation).input_shape
    return {**dict.fromkeys(shape.required_members if shape else ()), **parameters}


@cache
def _session() -> Any:
    import botocore.session

    return botocore.session.Session()


@cache
def _service(name: str) -> Any:
    from botocore.exceptions import UnknownServiceError

    try:
        return _session().get_service_model(name)
    except UnknownServiceError:
        return None


@cache
def _methods(service: str) -> dict[str, str]:
    """A client's method → its operation."""
    return {_snake(name): name for name in _service(service).operation_names}


def _waited(service: str, name: str) -> str:
    """The operation that a waiter polls."""
    from botocore.exceptions import UnknownServiceError

    try:
        waiters = _session().get_waiter_model(service)
    except (UnknownServiceError, ValueError):
        return ""
    operations: dict[str, str] = {_snake(each): waiters.get_waiter(each).operation for each in waiters.waiter_names}
    return operations.get(name, "")


@cache
def _resources(service: str) -> dict[str, Any]:
    """boto3's description of the service's resources; empty where it has none."""
    import boto3
    from botocore.exceptions import DataNotFoundError, UnknownServiceError

    loader = boto3.Session(region_name="us-east-1")._loader  # noqa: SLF001 - it alone knows where boto3's data is
    try:
        found: dict[str, Any] = loader.load_service_model(service, "resources-1")
    except (DataNotFoundError, UnknownServiceError):
        return {}
    return found


def _snake(name: str) -> str:
    import botocore

    return str(botocore.xform_name(name))
