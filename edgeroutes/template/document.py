"""The whole template: functions, API, CDN, and the project's own resources over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import yaml

from edgeroutes.errors import ConfigError, Problem, ProjectError, require_no_problems
from edgeroutes.names import OWN_VARIABLES, SECRET_VARIABLE, TEMPLATE_FILE
from edgeroutes.plan.cloudformation import SHORT_TAGS, Infra, is_intrinsic, value_at
from edgeroutes.template.api import (
    API,
    MANAGES_ACCOUNT,
    api_resources,
    check_limits,
    finish_api,
    manages_account,
    without_globals,
)
from edgeroutes.template.cdn import DISTRIBUTION, cdn_resources
from edgeroutes.template.cognito import add_cognito, check_cognito
from edgeroutes.template.cors import plan_edge_cors
from edgeroutes.template.functions import (
    LOG_GROUP,
    ROLE_INPUT,
    ROLE_ONLY_KEYS,
    function_resources,
    function_roles,
    origin_secret_parameters,
    revalidates,
    revalidation_resources,
    state_resources,
)
from edgeroutes.template.merge import merge_infra, merge_values
from edgeroutes.template.secrets import guard_variables, with_secret_grants
from edgeroutes.template.transform import SAM
from edgeroutes.template.uploads import bucket_ids, finish_buckets, warn_cors, with_uploads

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from edgeroutes.build.uploads import FunctionUploads
    from edgeroutes.build.variables import VariableUse
    from edgeroutes.config import Config
    from edgeroutes.plan.model import FunctionPlan, ProjectPlan

    # A file, as messages name it, with a use in it.
    Uses = Mapping[str, Sequence[tuple[str, VariableUse]]]


# Source: docs.aws.amazon.com/AWSCloudFormation AWS::Logs::LogGroup, RetentionInDays (read 2026-11-21).
_RETENTION_DAYS = [
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
]
_ACCOUNT_NOTE = (
    "a deploy sets the role with which all APIs of the account and region log, and replaces the role of another stack. If "
    f"'edgeroutes doctor' shows such a role, deploy with --parameter-overrides {MANAGES_ACCOUNT}=false"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """template.yaml with its counts and warnings.

    Args:
        text: The file's content.
        functions: The number of functions, with the fallback.
        api_resources: The number of the API's resources.
        stack_resources: The number of resources that CloudFormation creates.
        warnings: For each run.
        notes: For the first run.
    """

    text: str
    functions: int
    api_resources: int
    stack_resources: int
    warnings: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        return len(self.text.encode())


def make_template(
    plan: ProjectPlan,
    infra: Infra | None = None,
    *,
    uses: Uses | None = None,
    env_files: Mapping[str, Collection[str]] | None = None,
    uploads: Mapping[str, FunctionUploads] | None = None,
) -> Template:
    """The project's template.

    Args:
        plan: The project.
        infra: The files of infra/.
        uses: Logical id → the environment variables that the function's files read.
        env_files: `.env` and `.env.local`, with the names in them.
        uploads: Logical id → the uploads that the function's files declare.

    Raises:
        ConfigError: For a problem of infra/, or a template that does not fit in a stack; ProblemsError for several.
    """
    document = make_document(plan, infra, uploads)
    text = render_yaml(document)
    stack_resources = count_stack_resources(document)
    require_no_problems(_check_stack(plan, stack_resources, len(text.encode())))
    return Template(
        text=text,
        functions=len(plan.functions) + 1,
        api_resources=plan.api_resource_count,
        stack_resources=stack_resources,
        warnings=(
            *plan.warnings,
            *_warn_variables(plan, document, uses or {}, env_files or {}),
            *warn_cors(plan, infra or Infra(), uploads or {}),
        ),
        notes=(_ACCOUNT_NOTE,) if manages_account(infra or Infra()) else (),
    )


def make_document(
    plan: ProjectPlan, infra: Infra | None = None, uploads: Mapping[str, FunctionUploads] | None = None
) -> dict[str, Any]:
    """The values of the project's template, even where they do not fit in a stack.

    Args:
        plan: The project.
        infra: The files of infra/.
        uploads: Logical id → the uploads that the function's files declare.

    Raises:
        ConfigError: For a problem of infra/; ProblemsError for several.
    """
    infra = infra or Infra()
    places = {each.logical_id: {"": each.routes[0].source_file, **each.places} for each in plan.functions}
    functions = (_with_overrides(each, infra) for each in plan.functions)
    plan = replace(plan, functions=tuple(with_secret_grants(each, plan.config, infra) for each in functions))
    require_no_problems([*check_limits(plan)])
    plan = with_uploads(plan, uploads or {}, bucket_ids(infra))
    own = _own_document(plan)
    api = own["Resources"][API]
    for key, value, _ in infra.properties("Globals", "Api"):
        api["Properties"] = without_globals(api["Properties"], {key: value})
    document = merge_infra(own, infra, places)
    require_no_problems([*_check_secrets(plan, document, infra), *check_cognito(document, plan)])
    add_cognito(document, plan, API)
    finish_api(document, plan)
    finish_buckets(document["Resources"], plan, uploads or {})
    for function in plan.functions:
        properties = document["Resources"][function.logical_id].get("Properties") or {}
        if "Role" in properties:  # they are in the role, and SAM would ignore them here
            for key in ROLE_ONLY_KEYS:
                properties.pop(key, None)
    return document


def _check_secrets(plan: ProjectPlan, document: Mapping[str, Any], infra: Infra) -> Iterator[ProjectError]:
    """Functions whose origin secret infra/ removes: they would respond to anyone who knows the API's address."""
    if not plan.config.cdn.enabled:
        return
    for function in (*plan.functions, plan.fallback):
        properties = document["Resources"][function.logical_id].get("Properties")
        variables = value_at(properties, "Environment", "Variables")
        if not isinstance(variables, Mapping) or SECRET_VARIABLE not in variables:
            found = {key: where for key, _, where in infra.properties("Resources", function.logical_id, "Properties")}
            problem = f"{function.logical_id} has no origin secret ({SECRET_VARIABLE}), and would accept requests that bypass CloudFront"
            hint = "Write names and values under Environment, Variables; those that edgeroutes sets stay"
            yield ConfigError(problem, where=found.get("Environment", function.logical_id), hint=hint)


def _with_overrides(function: FunctionPlan, infra: Infra) -> FunctionPlan:
    """The function with the properties of infra/ that decide about its role."""
    overrides = {
        key: value
        for key, value, _ in infra.properties("Resources", function.logical_id, "Properties")
        if key in ROLE_INPUT
    }
    return replace(function, properties=merge_values(function.properties, overrides)) if overrides else function


def _own_document(plan: ProjectPlan) -> dict[str, Any]:
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": SAM,
        "Description": plan.config.name,
        "Parameters": _parameters(plan.config),
        "Conditions": {
            MANAGES_ACCOUNT: {"Fn::Equals": [{"Ref": MANAGES_ACCOUNT}, "true"]},
            "TracingActive": {"Fn::Equals": [{"Ref": "Tracing"}, "Active"]},
        },
        "Resources": {
            **api_resources(plan),
            **cdn_resources(plan.config, plan_edge_cors(plan)),
            **_revalidation(plan),
            **state_resources(plan, function_roles(plan)),
            **function_resources(plan),
        },
        "Outputs": _outputs(plan.config),
    }


def _revalidation(plan: ProjectPlan) -> dict[str, Any]:
    roles = function_roles(plan)
    revalidating = {roles[each.logical_id] for each in plan.functions if revalidates(each, plan.config)}
    return revalidation_resources(DISTRIBUTION, revalidating)


def _parameters(config: Config) -> dict[str, Any]:
    account = (
        "Whether this stack sets the role with which API Gateway writes the logs of all APIs of this account and region; "
        "it replaces the role of another stack"
    )
    return {
        "LogRetentionDays": {
            "Type": "Number",
            "Default": 30,
            "AllowedValues": _RETENTION_DAYS,
            "Description": "Days until a log entry is deleted",
        },
        MANAGES_ACCOUNT: {
            "Type": "String",
            "Default": "true",
            "AllowedValues": ["true", "false"],
            "Description": account,
        },
        **(origin_secret_parameters() if config.cdn.enabled else {}),
        "Tracing": {
            "Type": "String",
            "Default": "PassThrough",
            "AllowedValues": ["Active", "PassThrough"],
            "Description": "Active traces requests with X-Ray",
        },
    }


def _outputs(config: Config) -> dict[str, Any]:
    api = f"https://${{{API}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{config.stage}"
    about = "The API itself, which responds to CloudFront only" if config.cdn.enabled else "The API itself"
    outputs: dict[str, Any] = {
        "ApiUrl": {"Description": about, "Value": {"Fn::Sub": api}},
        "FunctionsLogGroupName": {"Description": "The functions' log group", "Value": {"Ref": LOG_GROUP}},
    }
    if config.cdn.enabled:
        domain: Any = {"Fn::Sub": f"https://${{{DISTRIBUTION}.DomainName}}"}
        named = next((name for name in config.cdn.domain_names if not name.startswith("*.")), None)
        url = f"https://{named}" if named else domain
        outputs["DistributionId"] = {"Description": "The CloudFront distribution", "Value": {"Ref": DISTRIBUTION}}
        outputs["DistributionUrl"] = {"Description": "The project's URL", "Value": url}
    return dict(sorted(outputs.items()))


# The start of the first line marks a file as generated: `is_generated`.
GENERATED = "# Generated by `edgeroutes template`"
HEADER = f"""\
{GENERATED} from the routes, [tool.edgeroutes] and infra/*.yaml; do not edit.
# To change a resource, write one with its name into infra/: it is merged over this one.
"""
_SHORT = frozenset(SHORT_TAGS)
_TAGS = {name: tag for tag, name in SHORT_TAGS.items()}
# 'Condition' is an ordinary key, too, and short tags of the others are not supported everywhere.
_LONG_FORM = frozenset({"Condition", "Fn::ForEach", "Fn::Length", "Fn::ToJsonString", "Fn::Transform"})


def render_yaml(template: dict[str, Any]) -> str:
    """The text of a template, with short tags: `!Ref Api`."""
    return HEADER + yaml.dump(
        template, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000, default_flow_style=False
    )


class _Dumper(yaml.SafeDumper):
    """Without anchors, and with lists indented below their keys."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        super().increase_indent(flow, False)

    def choose_scalar_style(self) -> Any:
        """No needless quotes after a short tag."""
        style: Any = super().choose_scalar_style()
        event: Any = self.event
        analysis: Any = self.analysis
        if style != "'" or event.tag not in _SHORT or analysis.multiline:
            return style
        plain = analysis.allow_flow_plain if self.flow_level else analysis.allow_block_plain
        return "" if plain else style

    def represent_function(self, data: dict[str, Any]) -> yaml.Node:
        """A mapping, or a short tag for a function that has one."""
        name, value = next(iter(data.items())) if len(data) == 1 else ("", "")
        tag = _TAGS.get(name)
        if tag is None or name in _LONG_FORM or not _fits_short_tag(name, value):
            return self.represent_dict(data)
        if name == "Fn::GetAtt" and isinstance(value, list):
            value = ".".join(value)
        if isinstance(value, str):
            return self.represent_scalar(tag, value, style="|" if "\n" in value else None)
        return self.represent_sequence(tag, value, flow_style=_is_flat(value))

    def represent_text(self, data: str) -> yaml.Node:
        return self.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data.strip("\n") else None)


def _fits_short_tag(name: str, value: Any) -> bool:
    """A tag precedes a string or a list, but not another tag."""
    if name == "Ref":
        return isinstance(value, str)
    if name == "Fn::GetAtt":
        texts = isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value)
        return texts or isinstance(value, str)
    return isinstance(value, str | list) and value != ""


def _is_flat(value: list[Any]) -> bool:
    return all(isinstance(item, str | int | bool) for item in value)


_Dumper.add_representer(dict, _Dumper.represent_function)
_Dumper.add_representer(str, _Dumper.represent_text)


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
    """The number of resources in the stack, those of SAM's types included.

    Source: the output of aws-sam-translator 1.115.0 (tests/template/test_document.py compares).
    """
    shared = template.get("Globals", {})
    return sum(_count(name, resource, shared) for name, resource in template.get("Resources", {}).items())


def _check_stack(plan: ProjectPlan, stack_resources: int, template_bytes: int) -> list[ProjectError]:
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


# Variables of Lambda's Python runtimes, and prefixes of others. Source: docs.aws.amazon.com/lambda "configuration-envvars",
# Defined runtime environment variables (read 2026-11-21).
_LAMBDA_HAS = frozenset({"LANG", "LD_LIBRARY_PATH", "PATH", "PWD", "PYTHONPATH", "TZ", "_HANDLER", "_X_AMZN_TRACE_ID"})
_LAMBDA_PREFIXES = ("AWS_", OWN_VARIABLES, "LAMBDA_")
_HINT = (
    "Set it under Environment in function.yaml, or in [tool.edgeroutes.env] for all functions: docs/configuration.md"
)


def _warn_variables(
    plan: ProjectPlan, document: Mapping[str, Any], uses: Uses, env_files: Mapping[str, Collection[str]]
) -> Iterator[Problem]:
    """Variables that only `.env` provides, and required ones that nothing provides; one warning per place.

    Args:
        plan: The project.
        document: Its template.
        uses: Logical id → the variables that the function's files read and set.
        env_files: `.env` and `.env.local`, with the names in them.
    """
    missing: dict[tuple[str, int, str], list[str]] = {}
    local = {name for names in env_files.values() for name in names}
    anywhere = {name for function in plan.functions for name in _variables(function, document)}
    for function in plan.functions:
        own = uses.get(function.logical_id, ())
        provided = {*_variables(function, document), *(use.name for _, use in own if use.sets)}
        for file, use in own:
            # A route may never run a function of a module that it imports. So a variable that any function has is not missing there.
            is_run = use.runs_at_import or file in function.source_files or use.name not in anywhere
            is_wanted = use.name in local or use.is_required
            if is_run and is_wanted and use.name not in provided and not _is_lambdas(use.name):
                missing.setdefault((file, use.line, use.name), []).append(function.logical_id)
        for name, place in guard_variables(function).items():  # without it the route does not start
            if name not in provided and not _is_lambdas(name):
                file, _, at = place.rpartition(":")
                missing.setdefault((file, int(at), name), []).append(function.logical_id)
    for (file, line, name), functions in sorted(missing.items()):
        sources = [each for each, names in env_files.items() if name in names]
        source = f"only {' and '.join(sources)} sets it" if sources else "nothing sets it"
        others = (
            f" and {len(functions) - 1} more functions" if functions[2:] else " and 1 more" if functions[1:] else ""
        )
        problem = f"the variable {name} is read here, and {source}: {functions[0]}{others} would not have it on Lambda"
        yield Problem(problem, where=f"{file}:{line}", hint=_HINT)


def _variables(function: FunctionPlan, document: Mapping[str, Any]) -> set[str]:
    everywhere = value_at(document, "Globals", "Function", "Environment", "Variables")
    own = value_at(document, "Resources", function.logical_id, "Properties", "Environment", "Variables")
    return {name for each in (everywhere, own) if isinstance(each, Mapping) for name in each}


def _is_lambdas(name: str) -> bool:
    return name in _LAMBDA_HAS or name.startswith(_LAMBDA_PREFIXES)
