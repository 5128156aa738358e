"""The resources that a call of boto3 is about, as ARNs. Floor 3; does no I/O.

A parameter whose value is not known has `UNKNOWN` for it, and so has what it would name in an ARN; a service that is not in the
tables below has `UNKNOWN` for its resource.

Source: docs.aws.amazon.com/service-authorization, "Resource types" of each service (read 2026-11-21).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeroutes.dev.cloud.iam.patterns import UNKNOWN
from edgeroutes.dev.cloud.iam.policies import ANY

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
        if parameter in call.parameters:
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
    "athena": (("WorkGroup", "workgroup/{}"),),
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
    for name in ("StreamArn", "ResourceArn", "BackupArn"):
        if name in call.parameters:
            return [text_of(call, name)]
    if isinstance(call.parameters.get("RequestItems"), dict):  # of the batches
        return [table_arn(call, name) for name in call.parameters["RequestItems"]]
    if call.operation == "TransactGetItems":
        return [table_arn(call, item.get("Get", {}).get("TableName")) for item in items_of(call, "TransactItems")]
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
    """What a call of S3 is about: an object where it has a key."""
    return [object_arn(call, text_of(call, "Bucket"), text_of(call, "Key") if "Key" in call.parameters else "")]


def _sqs(call: Call) -> list[str]:
    """Queues, by `https://sqs.us-east-1.amazonaws.com/123456789012/jobs`, or by name."""
    if call.operation == "ListQueues":
        return [ANY]
    if "QueueUrl" not in call.parameters:
        return [call.place.arn("sqs", text_of(call, "QueueName"))]
    account, _, name = text_of(call, "QueueUrl").rpartition("/")
    return [call.place.arn("sqs", name, account=account.rpartition("/")[2] or UNKNOWN)]


def _secret(call: Call) -> list[str]:
    """By name or ARN; an ARN ends with six characters that a name does not tell."""
    name = text_of(call, "SecretId") if "SecretId" in call.parameters else text_of(call, "Name")
    return [name if name.startswith("arn:") else call.place.arn("secretsmanager", f"secret:{name}-{UNKNOWN}")]


def _kms(call: Call) -> list[str]:
    """Keys; an alias does not tell its key."""
    name = text_of(call, "KeyId")
    is_alias = "alias/" in name
    return [call.place.arn("kms", f"key/{UNKNOWN}") if is_alias else _arn(call, "key/{}", name)]


_PROFILE = re.compile(r"(us|us-gov|eu|apac|au|ca|jp|global)\.")


def _bedrock(call: Call) -> list[str]:
    """Models, which belong to no account; inference profiles, which do."""
    name = text_of(call, "modelId")
    if name.startswith("arn:"):
        return [name]
    if _PROFILE.match(name):
        return [call.place.arn("bedrock", f"inference-profile/{name}")]
    return [UNKNOWN if name == UNKNOWN else call.place.arn("bedrock", f"foundation-model/{name}", account="")]


def _cloudfront(call: Call) -> list[str]:
    is_about_one = "Distribution" in call.operation or "Invalidation" in call.operation
    name = text_of(call, "DistributionId") if "DistributionId" in call.parameters else text_of(call, "Id")
    return [call.place.arn("cloudfront", f"distribution/{name}", region="") if is_about_one else UNKNOWN]


def _logs(call: Call) -> list[str]:
    group, stream = text_of(call, "logGroupName"), call.parameters.get("logStreamName")
    return [call.place.arn("logs", f"log-group:{group}:" + (f"log-stream:{stream}" if stream else UNKNOWN))]


def _lambda(call: Call) -> list[str]:
    """Functions by name, ARN, or the part of it from the account on; a version or alias is a resource of its own."""
    if "FunctionName" not in call.parameters:
        return [UNKNOWN]
    name = text_of(call, "FunctionName")
    arn = name if name.startswith("arn:") else call.place.arn("lambda", f"function:{name.rpartition(':function:')[2]}")
    return [f"{arn}:{call.parameters['Qualifier']}" if "Qualifier" in call.parameters else arn]


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
