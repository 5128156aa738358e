"""The line for function.yaml that grants what is missing: SAM's policy template where one fits narrowly, else a statement."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from edgeroutes.local_aws.iam.policies import ANY, UNKNOWN, Verdict, matches, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edgeroutes.local_aws.stack import Resource

# Resource type → how a statement names one, `{}` being its logical id; the others have an attribute Arn.
_BY_REF = {
    "AWS::SNS::Topic": "!Ref {}",
    "AWS::SecretsManager::Secret": "!Ref {}",
    "AWS::StepFunctions::StateMachine": "!Ref {}",
    "AWS::SSM::Parameter": "!Sub 'arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter/${{{}}}'",
}
# Resource type → SAM's templates for it that grant no more than using one, and their parameter.
_TEMPLATES: dict[str, tuple[tuple[str, ...], str]] = {
    "AWS::DynamoDB::Table": (("DynamoDBReadPolicy", "DynamoDBWritePolicy", "DynamoDBCrudPolicy"), "TableName: !Ref {}"),
    "AWS::Events::EventBus": (("EventBridgePutEventsPolicy",), "EventBusName: !Ref {}"),
    "AWS::KMS::Key": (("KMSDecryptPolicy", "KMSEncryptPolicy"), "KeyId: !Ref {}"),
    "AWS::Lambda::Function": (("LambdaInvokePolicy",), "FunctionName: !Ref {}"),
    "AWS::S3::Bucket": (("S3ReadPolicy", "S3WritePolicy", "S3CrudPolicy"), "BucketName: !Ref {}"),
    "AWS::SNS::Topic": (("SNSPublishMessagePolicy",), "TopicName: !GetAtt {}.TopicName"),
    "AWS::SQS::Queue": (("SQSSendMessagePolicy", "SQSPollerPolicy"), "QueueName: !GetAtt {}.QueueName"),
    "AWS::SSM::Parameter": (("SSMParameterReadPolicy",), "ParameterName: !Ref {}"),
    "AWS::SecretsManager::Secret": (("AWSSecretsManagerGetSecretValuePolicy",), "SecretArn: !Ref {}"),
    "AWS::StepFunctions::StateMachine": (("StepFunctionsExecutionPolicy",), "StateMachineName: !GetAtt {}.Name"),
}
_SLASHED = {"SSMParameterReadPolicy": "SSMParameterWithSlashPrefixReadPolicy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A resource of the stack that an ARN names.

    Args:
        logical_id: `Users`.
        resource: Its type and physical id.
        below: The rest of the ARN after the resource's own: `/index/by-name`, `/*`.
    """

    logical_id: str
    resource: Resource
    below: str = ""


def find_named(arn: str, resources: Mapping[str, Resource]) -> Named | None:
    """The resource of the stack that this ARN names; None for any other.

    Args:
        arn: It may contain `UNKNOWN`.
        resources: The stack's, by logical id.
    """
    service, _, last = arn.partition(":")[2].partition(":")[2].partition(":")
    for logical_id, each in resources.items():
        if each.type_name.lower().startswith(_type_prefix(service)) and each.physical_id:
            below = _below(arn, last.split(":", 2)[-1], each.physical_id)
            if below is not None:
                return Named(logical_id=logical_id, resource=each, below=below)
    return None


def resource_name(arn: str, named: Named | None) -> str:
    """The resource's logical id, `Users/index/by-name`, or else its ARN."""
    return f"{named.logical_id}{shown(named.below)}" if named else shown(arn)


def policy_line(actions: Iterable[str], arn: str, named: Named | None) -> str:
    """The policy for `Policies` of function.yaml, as YAML in one line.

    Args:
        actions: All on this resource.
        arn: The resource, or `ANY`.
        named: The resource of the stack that it is.

    Returns:
        `{DynamoDBWritePolicy: {TableName: !Ref Users}}`, or `{Version: '2012-10-17', Statement: […]}`.
    """
    wanted = sorted(set(actions))
    template = _narrowest(wanted, named) if named else None
    if named and template:
        return f"{{{template}: {{{_TEMPLATES[named.resource.type_name][1].format(named.logical_id)}}}}}"
    names = wanted[0] if len(wanted) == 1 else f"[{', '.join(wanted)}]"
    statement = f"{{Effect: Allow, Action: {names}, Resource: {_expression(arn, named)}}}"
    return f"{{Version: '2012-10-17', Statement: [{statement}]}}"


def remedy(verdict: Verdict, action: str, function_yaml: str, line: str) -> str:
    """How to fix a refusal, as an imperative.

    Args:
        verdict: The refusal's.
        action: The refused one.
        function_yaml: The function's.
        line: From `policy_line`.
    """
    return {
        Verdict.DENIED: f"Remove the Deny of {action} from its policies",
        Verdict.DENIED_BY_BOUNDARY: f"Remove the Deny of {action} from its permissions boundary",
        Verdict.NOT_ALLOWED_BY_BOUNDARY: f"Allow {action} in its permissions boundary, too",
    }.get(verdict) or f"Add to {function_yaml}: Policies: [{line}]"


def _type_prefix(service: str) -> str:
    return {"states": "aws::stepfunctions::"}.get(service, f"aws::{service}::")


def _below(arn: str, last: str, physical_id: str) -> str | None:
    """The rest of the ARN after the resource, which is known by its name, a queue's URL or its ARN."""
    if physical_id.startswith("arn:"):
        is_it = arn == physical_id or (arn.endswith(UNKNOWN) and physical_id.startswith(arn.removesuffix(UNKNOWN)))
        return "" if is_it else None
    name = physical_id.rpartition("/")[2] if physical_id.startswith("http") else physical_id.lstrip("/")
    for start in (
        name,
        f"table/{name}",
        f"function:{name}",
        f"parameter/{name}",
        f"stream/{name}",
        f"event-bus/{name}",
        f"key/{name}",
    ):
        if last == start or last.startswith((f"{start}/", f"{start}:")):
            return last.removeprefix(start)
    return None


def _narrowest(wanted: list[str], named: Named) -> str | None:
    """The template that grants all of it, and least besides."""
    templates, _ = _TEMPLATES.get(named.resource.type_name, ((), ""))
    fitting = [
        (len(granted), name)
        for name in templates
        if (granted := _read_templates().get(name, ())) and all(any(matches(g, w) for g in granted) for w in wanted)
    ]
    if not fitting:
        return None
    name = min(fitting)[1]
    return _SLASHED.get(name, name) if named.resource.physical_id.startswith("/") else name


def _expression(arn: str, named: Named | None) -> str:
    if arn in (ANY, UNKNOWN):
        return "'*'"
    if named is None:
        return _with_pseudo_parameters(shown(arn))
    by_ref = _BY_REF.get(named.resource.type_name)
    if by_ref:
        return by_ref.format(named.logical_id)
    is_object = named.resource.type_name == "AWS::S3::Bucket" and named.below
    below = "/*" if is_object else shown(named.below)
    return f"!Sub '${{{named.logical_id}.Arn}}{below}'" if below else f"!GetAtt {named.logical_id}.Arn"


def _with_pseudo_parameters(arn: str) -> str:
    if not arn.startswith("arn:") or arn.count(":") < 5:
        return "'*'"
    _, _, service, region, account, rest = arn.split(":", 5)
    region, account = region and (region if region == "*" else "${AWS::Region}"), account and "${AWS::AccountId}"
    return f"!Sub 'arn:${{AWS::Partition}}:{service}:{region}:{account}:{rest}'"


@cache
def _read_templates() -> dict[str, tuple[str, ...]]:
    try:
        text = (files("samtranslator") / "policy_templates_data" / "policy_templates.json").read_text("utf-8")
    except (ModuleNotFoundError, FileNotFoundError):
        return {}
    return {
        name: tuple(action for statement in each["Definition"]["Statement"] for action in _list(statement["Action"]))
        for name, each in json.loads(text)["Templates"].items()
    }


def _list(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
