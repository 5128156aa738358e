"""What a call of boto3 needs: actions, each on the resources that its parameters name. Floor 3; does no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.local_aws.iam import actions
from edgeroutes.local_aws.iam.patterns import UNKNOWN
from edgeroutes.local_aws.iam.policies import ANY
from edgeroutes.local_aws.iam.resources import (
    Call,
    find_resources,
    items_of,
    object_arn,
    object_or_bucket,
    table_arn,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """An action on a resource: an ARN, which may hold `UNKNOWN`, or `ANY`."""

    action: str
    resource: str


def action_prefix(service_name: str, signing_name: str) -> str:
    """The word before the colon of the service's actions."""
    return actions.PREFIXES.get(service_name, signing_name)


def find_needs(call: Call) -> tuple[Need, ...]:
    """What a role has to be allowed for this call; all of it, each thing once.

    Returns:
        For `put_item(TableName="users", …)`: `(Need("dynamodb:PutItem", "arn:aws:dynamodb:…:table/users"),)`; empty where everybody may.
    """
    if (call.prefix, call.operation) in actions.FREE:
        return ()
    special = _SPECIAL.get((call.prefix, call.operation))
    return tuple(dict.fromkeys(special(call) if special else _ordinary(call)))


def _ordinary(call: Call) -> Iterator[Need]:
    for name in actions.ACTIONS.get(call.prefix, {}).get(call.operation, (call.operation,)):
        is_own = ":" not in name
        action = f"{call.prefix}:{name}" if is_own else name
        resources = find_resources(call) if is_own else [UNKNOWN]
        for resource in [ANY] if action in actions.WITHOUT_RESOURCE else resources:
            yield Need(action, resource)


def _transact(call: Call) -> Iterator[Need]:
    for item in items_of(call, "TransactItems"):
        for kind, request in item.items():
            if kind in actions.TRANSACTED and isinstance(request, Mapping):
                yield Need(f"dynamodb:{actions.TRANSACTED[kind]}", table_arn(call, request.get("TableName")))


_TABLE_OF_STATEMENT = re.compile(r"""\b(?:FROM|INTO|UPDATE)\s+"?([\w.:/-]+)"?(?:\."?([\w.-]+)"?)?""", re.IGNORECASE)


def _partiql(call: Call) -> Iterator[Need]:
    listed = [*items_of(call, "Statements"), *items_of(call, "TransactStatements")] or [call.parameters]
    for each in listed:
        statement = each.get("Statement")
        text = statement.strip() if isinstance(statement, str) else ""
        verb, found = text.partition(" ")[0].upper(), _TABLE_OF_STATEMENT.search(text)
        action = actions.PARTIQL.get(verb)
        for name in [action] if action else actions.PARTIQL.values():
            yield Need(
                f"dynamodb:{name}", table_arn(call, found[1], found[2] or "") if found else table_arn(call, UNKNOWN)
            )


def _s3_object(call: Call) -> Iterator[Need]:
    """Calls about one object: its version counts, and what is stored along with it."""
    (resource,) = object_or_bucket(call)
    for name in actions.ACTIONS["s3"].get(call.operation, (call.operation,)):
        yield Need(f"s3:{actions.OF_VERSION.get(name, name) if 'VersionId' in call.parameters else name}", resource)
    yield from _s3_stored_along(call, resource)


def _s3_stored_along(call: Call, resource: str) -> Iterator[Need]:
    if call.operation in actions.STORING:
        yield from (Need(f"s3:{name}", resource) for key, name in actions.WITH_OBJECT.items() if key in call.parameters)


def _s3_copy(call: Call) -> Iterator[Need]:
    source = call.parameters.get("CopySource")
    if isinstance(source, str) and UNKNOWN not in source:
        name, _, version = source.lstrip("/").partition("?versionId=")
        bucket, _, key = name.partition("/")
        source = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}
    parts = source if isinstance(source, Mapping) else {}
    action = "s3:GetObjectVersion" if "VersionId" in parts else "s3:GetObject"
    yield Need(action, object_arn(call, parts.get("Bucket", UNKNOWN), parts.get("Key", UNKNOWN)))
    (resource,) = object_or_bucket(call)
    yield Need("s3:PutObject", resource)
    yield from _s3_stored_along(call, resource)


def _s3_delete(call: Call) -> Iterator[Need]:
    wanted = call.parameters.get("Delete")
    objects = wanted.get("Objects", ()) if isinstance(wanted, Mapping) else ({"Key": UNKNOWN},)
    for each in objects:
        action = "s3:DeleteObjectVersion" if "VersionId" in each else "s3:DeleteObject"
        yield Need(action, object_arn(call, text_of(call, "Bucket"), each.get("Key", UNKNOWN)))


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
    for entry in items_of(call, "Entries"):
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
    **{("s3", name): _s3_object for name in (*actions.OF_VERSION, "HeadObject", "PutObject", "CreateMultipartUpload")},
}
