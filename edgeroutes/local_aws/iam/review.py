"""What a project's functions call, by their source, against what their roles may. Floor 3; needs no account and no network."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes.build.aws_calls import UnreadCall, find_aws_calls
from edgeroutes.build.distributions import installed_site_packages
from edgeroutes.build.modules import SearchPath
from edgeroutes.build.trace import Tracer
from edgeroutes.local_aws.iam.actions import FREE
from edgeroutes.local_aws.iam.advice import find_named, policy_line, remedy, resource_name
from edgeroutes.local_aws.iam.needs import Need, find_needs
from edgeroutes.local_aws.iam.operations import find_operations
from edgeroutes.local_aws.iam.patterns import matches, resource_may_match
from edgeroutes.local_aws.iam.policies import Question, Verdict, decide, listed, statements
from edgeroutes.local_aws.iam.roles import read_role
from edgeroutes.pipeline import plan_project
from edgeroutes.plan.lookup import find_function

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from edgeroutes.build.aws_calls import AwsCall, AwsUse
    from edgeroutes.local_aws.iam.resources import Call
    from edgeroutes.local_aws.iam.roles import Role
    from edgeroutes.local_aws.stack import Cloud
    from edgeroutes.plan.model import FunctionPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An action that a source calls for.

    Args:
        need: The action and the resource's ARN.
        resource_name: `Users`, or the ARN with `*` for what the source does not tell.
        where: The lines that call for it.
        unknown: What the answer depends on, where it cannot be given.
        verdict: May the role?
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
        role: Its role; None where no role had to be looked at, because no function calls AWS or has policies of its own.
        findings: What its source calls for, sorted.
        hints: What to write so that it may do all of it, as imperatives.
        unused: What its role's policies grant to it and to those that share it, and none of them was found to call:
            `dynamodb:Scan, dynamodb:Query on Users`. With the function that the role is named after; empty where a call is unread.
        unread: Calls that the source does not tell.
    """

    function: FunctionPlan
    role: Role | None = None
    findings: tuple[Finding, ...] = ()
    hints: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    unread: tuple[UnreadCall, ...] = ()

    @property
    def missing(self) -> tuple[Finding, ...]:
        """What it calls for and may not."""
        return tuple(each for each in self.findings if each.verdict.is_refusal)


def review_project(root: Path, route: str | None = None) -> list[Review]:
    """Every function of the project in `root`, in the order of its routes; or the one that answers this route.

    Raises:
        ProjectError: For all that is wrong with the project or its infra/, or where there is no such route.
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

    from edgeroutes.local_aws.project import start_cloud
    from edgeroutes.local_aws.stack import Cloud

    with moto.mock_aws():
        cloud = start_cloud(root, Cloud()).cloud
        by_role: dict[str, list[Review]] = defaultdict(list)
        for function in functions:
            role = read_role(cloud, function.logical_id)
            by_role[role.arn].append(review_function(cloud, function, role, uses[function.logical_id]))
        reviews = [_with_unused(cloud, review, sharing) for sharing in by_role.values() for review in sharing]
    return {review.function.logical_id: review for review in reviews}


def review_function(cloud: Cloud, function: FunctionPlan, role: Role, use: AwsUse) -> Review:
    """One function: what it calls, what of that its role in the stack may, and what to add."""
    environment = cloud.environment_of(function.logical_id)
    place = role.place(cloud.region_name)
    asked: dict[Need, list[str]] = defaultdict(list)
    calls: dict[Need, Call] = {}
    unread = list(use.unread)
    for found in use.calls:
        operations = find_operations(found, environment, place)
        needs = [(need, each) for each in operations for need in find_needs(each)]
        if not needs and not _is_free(operations):
            unread.append(UnreadCall(where=found.where, problem=_untold(found)))
        for need, call in needs:
            asked[need].append(found.where)
            calls[need] = call
    findings = [_finding(cloud, role, need, calls[need], asked[need]) for need in sorted(asked)]
    return Review(
        function=function,
        role=role,
        findings=tuple(findings),
        hints=tuple(_hints(cloud, function, findings)),
        unread=tuple(unread),
    )


def _is_free(operations: list[Call]) -> bool:
    return any((each.prefix, each.operation) in FREE for each in operations)


def _untold(found: AwsCall) -> str:
    name = ".".join([found.service, *found.path, found.method])
    return f"{name}: what it asks for is not known"


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
    """One line to a resource, with all that is missing on it; objects of a bucket go with the bucket."""
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
    """Of the policies of function.yaml, which SAM names after the function; edgeroutes asks for its own table itself."""
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
    asked = [need.resource for need in needs if matches(action, need.action, ignores_case=True)]
    return any(resource_may_match(pattern, resource) for pattern in patterns for resource in asked)
