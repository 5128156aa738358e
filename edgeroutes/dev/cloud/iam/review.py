"""What a project's functions call, by their source, against what their roles may. Floor 3; needs no account and no network."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import moto

from edgeroutes.build.aws_calls import UnreadCall, find_aws_calls
from edgeroutes.build.distributions import installed_site_packages
from edgeroutes.build.modules import SearchPath
from edgeroutes.build.trace import Tracer
from edgeroutes.dev.cloud.iam.actions import FREE
from edgeroutes.dev.cloud.iam.advice import find_named, policy_line
from edgeroutes.dev.cloud.iam.needs import Need, find_needs
from edgeroutes.dev.cloud.iam.operations import find_operations
from edgeroutes.dev.cloud.iam.patterns import arn_may_match, matches
from edgeroutes.dev.cloud.iam.policies import Question, Verdict, decide, statements
from edgeroutes.dev.cloud.iam.refusals import shown
from edgeroutes.dev.cloud.iam.roles import Role, read_role
from edgeroutes.dev.cloud.project import start_cloud
from edgeroutes.dev.cloud.stack import Cloud
from edgeroutes.pipeline import plan_project
from edgeroutes.plan.lookup import find_function

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.build.aws_calls import AwsCall, AwsUse
    from edgeroutes.dev.cloud.iam.resources import Call
    from edgeroutes.plan.model import FunctionPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An action that a source calls for.

    Args:
        action: `dynamodb:PutItem`.
        resource: `Users`, or an ARN with `*` for what the source does not tell.
        where: The lines that call for it.
        unknown: What the answer depends on, where it cannot be given.
        verdict: May the role?
    """

    action: str
    resource: str
    where: tuple[str, ...]
    verdict: Verdict
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A function's calls against its role.

    Args:
        function: With its routes.
        findings: What its source calls for, sorted.
        hints: What to write so that it may do all of it, as imperatives.
        unused: What its own policies grant and no call was found for: `dynamodb:Scan on Users`.
        unread: Calls that the source does not tell.
    """

    function: FunctionPlan
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
    planned = plan_project(root).functions
    functions = planned if route is None else (find_function(planned, route),)
    tracer = Tracer(SearchPath(project_root=root, site_packages=installed_site_packages()))
    with moto.mock_aws():
        cloud = start_cloud(root, Cloud()).cloud
        return [
            review_function(cloud, function, find_aws_calls(tracer.trace(map(Path, function.source_files))))
            for function in functions
        ]


def review_function(cloud: Cloud, function: FunctionPlan, use: AwsUse) -> Review:
    """One function: what it calls, what of that its role in the stack may, and what to add."""
    role, environment = read_role(cloud, function.logical_id), cloud.environment_of(function.logical_id)
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
    missing = [need for need, finding in zip(sorted(asked), findings, strict=True) if finding.verdict.is_refusal]
    return Review(
        function=function,
        findings=tuple(findings),
        hints=tuple(_hints(cloud, function, missing)),
        unused=tuple(_unused(cloud, function, role, list(asked))),
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
    named = find_named(need.resource, cloud.resources)
    return Finding(
        action=need.action,
        resource=f"{named.logical_id}{shown(named.below)}" if named else shown(need.resource),
        where=tuple(dict.fromkeys(where)),
        verdict=decision.verdict,
        unknown=decision.unknown,
    )


def _hints(cloud: Cloud, function: FunctionPlan, missing: list[Need]) -> Iterator[str]:
    """One line to a resource, with all that is missing on it; objects of a bucket go with the bucket."""
    together: dict[str, list[Need]] = defaultdict(list)
    for need in missing:
        named = find_named(need.resource, cloud.resources)
        together[named.logical_id if named else need.resource].append(need)
    for needs in together.values():
        named = find_named(needs[-1].resource, cloud.resources)
        line = policy_line([need.action for need in needs], needs[-1].resource, named)
        yield f"Add to {function.routes[0].directory}/function.yaml: Policies: [{line}]"


def _unused(cloud: Cloud, function: FunctionPlan, role: Role, needs: list[Need]) -> Iterator[str]:
    """Of the policies that function.yaml gives it: SAM names them after the function. Those of edgeroutes' own tables are left out."""
    own = {value for name, value in cloud.environment_of(function.logical_id).items() if name.startswith("EDGEROUTES_")}
    for name, document in role.policies.identity.items():
        if not name.startswith(f"{function.logical_id}RolePolicy"):
            continue
        for statement in statements(document):
            resources = statement.get("Resource", [])
            patterns = resources if isinstance(resources, list) else [resources]
            named = find_named(patterns[0], cloud.resources) if patterns else None
            if (
                statement["Effect"] != "Allow"
                or "Action" not in statement
                or (named and named.resource.physical_id in own)
            ):
                continue
            granted = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            for action in granted:
                if not any(_uses(need, action, patterns) for need in needs):
                    yield f"{action} on {named.logical_id if named else ', '.join(patterns)}"


def _uses(need: Need, action: str, patterns: list[str]) -> bool:
    is_meant = matches(action, need.action, ignores_case=True)
    return is_meant and any(arn_may_match(pattern, need.resource) for pattern in patterns)
