"""How many resources CloudFormation creates from a template, and whether they fit in a stack.

Source: the output of aws-sam-translator 1.115.0 (tests/template/test_counts.py compares).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError, ProjectError
from edgeroutes.names import TEMPLATE_FILE
from edgeroutes.plan.cloudformation import is_intrinsic
from edgeroutes.plan.infra import value_at

if TYPE_CHECKING:
    from edgeroutes.plan.model import ProjectPlan

# Source: docs.aws.amazon.com/AWSCloudFormation "cloudformation-limits" (read 2026-11-21).
_STACK_RESOURCES = 500
_TEMPLATE_BYTES = 1_000_000
# Resources that SAM creates from its own types: an API with deployment and stage, a state machine with role, …
_SAM_TYPES = {
    "AWS::Serverless::Api": 3,
    "AWS::Serverless::HttpApi": 2,
    "AWS::Serverless::StateMachine": 2,
}
# An API's usage plan, with its key and their association.
_USAGE_PLAN = 3
# Event sources that are polled have only a mapping; the others need a permission, too.
_POLLED = ("DocumentDB", "DynamoDB", "Kinesis", "MQ", "MSK", "SelfManagedKafka", "SQS")


def count_stack_resources(template: Mapping[str, Any]) -> int:
    """The number of resources in the stack, those of SAM's types included."""
    shared = template.get("Globals", {})
    return sum(_count(name, resource, shared) for name, resource in template.get("Resources", {}).items())


def check_stack(plan: ProjectPlan, stack_resources: int, template_bytes: int) -> list[ProjectError]:
    """Problems of a template that does not fit in one stack, with the folders whose routes can share a function.

    Args:
        plan: The project.
        stack_resources: The number of its resources.
        template_bytes: The size of its template.
    """
    problems: list[ProjectError] = []
    if stack_resources > _STACK_RESOURCES:
        problem = f"the stack has {stack_resources} resources. CloudFormation allows {_STACK_RESOURCES}"
        hint = _grouping_hint(plan, stack_resources - _STACK_RESOURCES)
        problems.append(ConfigError(problem, where=TEMPLATE_FILE, hint=hint))
    if template_bytes > _TEMPLATE_BYTES:
        problem = f"the template has {template_bytes:,} bytes. CloudFormation allows {_TEMPLATE_BYTES:,}"
        fewer = max(1, len(plan.functions) * (template_bytes - _TEMPLATE_BYTES) // template_bytes)
        problems.append(ConfigError(problem, where=TEMPLATE_FILE, hint=_grouping_hint(plan, fewer)))
    return problems


def _count(name: str, resource: Any, shared: Mapping[str, Any]) -> int:
    if not isinstance(resource, Mapping):
        return _count_loop(name, resource, shared)
    kind = resource.get("Type")
    properties = resource.get("Properties") or {}
    if kind == "AWS::Serverless::Api":
        auth = {**shared.get("Api", {}), **properties}.get("Auth")
        plan = auth.get("UsagePlan") if isinstance(auth, Mapping) else None
        has_plan = isinstance(plan, Mapping) and plan.get("CreateUsagePlan", "NONE") != "NONE"
        return _SAM_TYPES[kind] + (_USAGE_PLAN if has_plan else 0)
    if kind != "AWS::Serverless::Function":
        return _SAM_TYPES.get(str(kind), 1)
    properties = {**shared.get("Function", {}), **properties}
    return _count_function(properties)


def _count_loop(name: str, loop: Any, shared: Mapping[str, Any]) -> int:
    """The resources of an `Fn::ForEach`; a list that only CloudFormation knows counts as one turn."""
    if not name.startswith("Fn::ForEach") or not isinstance(loop, list) or len(loop) != 3:
        return 1
    _, values, body = loop
    turns = len(values) if isinstance(values, list) else 1
    inner = sum(_count(key, each, shared) for key, each in body.items()) if isinstance(body, Mapping) else 1
    return turns * inner


def _count_function(properties: Mapping[str, Any]) -> int:
    count = 1 + ("Role" not in properties)
    count += 2 if "AutoPublishAlias" in properties else 0
    if "FunctionUrlConfig" in properties:
        url = properties["FunctionUrlConfig"]
        is_open = isinstance(url, Mapping) and url.get("AuthType") == "NONE"
        count += 3 if is_open else 1
    count += "EventInvokeConfig" in properties
    events = properties.get("Events", {})
    if isinstance(events, Mapping) and not is_intrinsic(events):
        count += sum(1 if value_at(event, "Type") in _POLLED else 2 for event in events.values())
    return count


def _grouping_hint(plan: ProjectPlan, fewer: int) -> str:
    """The folders with most functions, enough of them to save `fewer`."""
    folders: dict[str, int] = {}
    for function in plan.functions:
        if len(function.routes) == 1 and not function.streams:
            parts = function.routes[0].directory.split("/")
            # The routes of a folder at the first level can share a function, unless they stream.
            folder = "/".join(parts[: 3 if len(parts) > 3 else 2])
            folders[folder] = folders.get(folder, 0) + 1
    folder_names: list[str] = []
    for folder, count in sorted(folders.items(), key=lambda pair: (-pair[1], pair[0])):
        if fewer <= 0 or count < 2:
            break
        folder_names.append(f"{folder} ({count} functions)")
        fewer -= count - 1
    if not folder_names:
        return "Set the same 'isolate' for several routes"
    streaming = (
        ", and 'isolate = \"route\"' into streaming routes there"
        if any(each.streams for each in plan.functions)
        else ""
    )
    return f"Write 'isolate: <name>' into the function.yaml of {', '.join(folder_names)}{streaming}"
