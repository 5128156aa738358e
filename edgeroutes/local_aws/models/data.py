"""Secrets, and what moto's CloudFormation lacks of buckets, tables, parameters, queues and topics.

Source: docs.aws.amazon.com/AWSCloudFormation, AWS::SecretsManager::Secret, AWS::S3::*, AWS::DynamoDB::*, AWS::SNS::*,
AWS::SQS::QueuePolicy (read 2026-11-21).
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.iam.access_control import IAMPolicy
from moto.logs.models import LogGroup
from moto.s3.models import FakeBucket, s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.ssm.models import Parameter

from edgeroutes.local_aws.models import CompletedType, Made, OwnType, Properties

if TYPE_CHECKING:
    from moto.secretsmanager.models import SecretsManagerBackend

    from edgeroutes.local_aws import AccountRegion


def _secrets(place: AccountRegion) -> SecretsManagerBackend:
    return secretsmanager_backends[place.account_id][place.region_name]


def _put_secret(place: AccountRegion, name: str, properties: Properties, before: Made | None) -> Made:
    backend, description = _secrets(place), properties.get("Description")
    tags, key = properties.get("Tags"), properties.get("KmsKeyId")
    if before is not None:
        # A generated value stays what it is, as long as the rule that it was made by does.
        same = before.properties.get("GenerateSecretString") == properties.get("GenerateSecretString")
        generated = "GenerateSecretString" in properties
        value = None if generated and same else _secret_value(place, properties)
        token = str(uuid.uuid4())  # without one moto takes every change for a second creation
        backend.update_secret(before.physical_resource_id, value, None, token, key, description)
        return Made(before.physical_resource_id, before.attributes)
    backend.create_secret(
        name, _secret_value(place, properties), None, description, tags, key, None, [], force_overwrite=False
    )
    arn = backend.describe_secret(name).arn
    return Made(arn, {"Id": arn})


def _secret_value(place: AccountRegion, properties: Properties) -> str | None:
    """`SecretString`, or a password by the rules of `GenerateSecretString`."""
    rule = properties.get("GenerateSecretString")
    if rule is None:
        text: str | None = properties.get("SecretString")
        return text
    password = json.loads(
        _secrets(place).get_random_password(
            int(rule.get("PasswordLength", 32)),
            rule.get("ExcludeCharacters", ""),
            exclude_numbers=bool(rule.get("ExcludeNumbers")),
            exclude_punctuation=bool(rule.get("ExcludePunctuation")),
            exclude_uppercase=bool(rule.get("ExcludeUppercase")),
            exclude_lowercase=bool(rule.get("ExcludeLowercase")),
            include_space=bool(rule.get("IncludeSpace")),
            require_each_included_type=rule.get("RequireEachIncludedType", True),
        )
    )["RandomPassword"]
    if "GenerateStringKey" not in rule:
        return str(password)
    return json.dumps({**json.loads(rule.get("SecretStringTemplate", "{}")), rule["GenerateStringKey"]: password})


def _remove_secret(place: AccountRegion, made: Made) -> None:
    _secrets(place).delete_secret(made.physical_resource_id, None, force_delete_without_recovery=True)


def _complete_bucket(place: AccountRegion, bucket: FakeBucket, properties: Properties) -> None:
    backend = s3_backends[place.account_id][place.partition]
    rules = properties.get("CorsConfiguration", {}).get("CorsRules", [])
    if rules:
        names = {"Headers": "AllowedHeader", "Methods": "AllowedMethod", "Origins": "AllowedOrigin"}
        given = [{api: rule.get(f"Allowed{name}", []) for name, api in names.items()} for rule in rules]
        for made, rule in zip(given, rules, strict=True):
            made.update({"ExposeHeader": rule.get("ExposedHeaders", [])})
            made.update({"MaxAgeSeconds": str(rule["MaxAge"])} if "MaxAge" in rule else {})
        backend.put_bucket_cors(bucket.name, given)
    if "VersioningConfiguration" in properties:
        backend.put_bucket_versioning(bucket.name, properties["VersioningConfiguration"]["Status"])


def _put_bucket_policy(place: AccountRegion, name: str, properties: Properties, before: Made | None) -> Made:
    backend, document = s3_backends[place.account_id][place.partition], properties["PolicyDocument"]
    backend.put_bucket_policy(properties["Bucket"], json.dumps(document).encode())
    # moto would deny, or allow, what a condition restricts: of the whole policy it is to weigh what it understands.
    plain = [statement for statement in document["Statement"] if "Condition" not in statement]
    weighed = IAMPolicy(json.dumps({**document, "Statement": plain}))
    vars(backend.get_bucket(properties["Bucket"]))["get_permission"] = weighed.is_action_permitted
    return before or Made(name)


def _remove_bucket_policy(place: AccountRegion, made: Made) -> None:
    backend, name = s3_backends[place.account_id][place.partition], made.properties["Bucket"]
    backend.delete_bucket_policy(name)
    vars(backend.get_bucket(name)).pop("get_permission", None)


def _complete_table(place: AccountRegion, table: Table, properties: Properties) -> None:
    backend = dynamodb_backends[place.account_id][place.region_name]
    if "TimeToLiveSpecification" in properties:
        backend.update_time_to_live(table.name, properties["TimeToLiveSpecification"])


def _complete_parameter(_: AccountRegion, parameter: Parameter, properties: Properties) -> None:
    """`Fn::GetAtt` gives the template's value, whatever is put there later."""
    given = Made(parameter.name, {name: str(properties[name]) for name in ("Type", "Value")})
    vars(parameter)["get_cfn_attribute"] = given.get_cfn_attribute


def _complete_log_group(_: AccountRegion, group: LogGroup, properties: Properties) -> None:
    group.retention_in_days = properties.get("RetentionInDays")


_STORAGE_TYPES: tuple[Any, ...] = (
    OwnType("AWS::SecretsManager::Secret", _put_secret, _remove_secret, "Name", ("Id",)),
    CompletedType(FakeBucket, _complete_bucket),
    OwnType("AWS::S3::BucketPolicy", _put_bucket_policy, _remove_bucket_policy),
    CompletedType(Table, _complete_table),
    CompletedType(LogGroup, _complete_log_group),
    CompletedType(Parameter, _complete_parameter),
)


_SUBSCRIPTION_ATTRIBUTES = (
    "RawMessageDelivery",
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RedrivePolicy",
    "SubscriptionRoleArn",
)


def _text(value: Any) -> str:
    """As an attribute of the API: mappings are JSON, `true` is a word."""
    return value if isinstance(value, str) else json.dumps(value)


def _put_subscription(place: AccountRegion, _: str, properties: Properties, before: Made | None) -> Made:
    backend = sns_backends[place.account_id][place.region_name]
    if before is not None:
        _remove_subscription(place, before)
    made = backend.subscribe(properties["TopicArn"], properties["Endpoint"], properties["Protocol"])
    for name in _SUBSCRIPTION_ATTRIBUTES:
        if name in properties:
            backend.set_subscription_attributes(made.arn, name, _text(properties[name]))
    return Made(made.arn, {"Arn": made.arn})


def _remove_subscription(place: AccountRegion, made: Made) -> None:
    sns_backends[place.account_id][place.region_name].unsubscribe(made.physical_resource_id)


def _put_queue_policy(place: AccountRegion, name: str, properties: Properties, before: Made | None) -> Made:
    _set_queue_policies(place, properties, _text(properties["PolicyDocument"]))
    return before or Made(name, {"Id": name})


def _remove_queue_policy(place: AccountRegion, made: Made) -> None:
    _set_queue_policies(place, made.properties, "")


def _set_queue_policies(place: AccountRegion, properties: Properties, policy: str) -> None:
    backend = sqs_backends[place.account_id][place.region_name]
    for url in properties["Queues"]:
        backend.set_queue_attributes(url.rsplit("/", 1)[-1], {"Policy": policy})


def _put_topic_policy(place: AccountRegion, name: str, properties: Properties, before: Made | None) -> Made:
    backend = sns_backends[place.account_id][place.region_name]
    for arn in properties["Topics"]:
        backend.set_topic_attribute(arn, "_policy_json", properties["PolicyDocument"])
    return before or Made(name, {"Id": name})


TYPES = (
    *_STORAGE_TYPES,
    OwnType("AWS::SNS::Subscription", _put_subscription, _remove_subscription, attributes=("Arn",)),
    OwnType("AWS::SQS::QueuePolicy", _put_queue_policy, _remove_queue_policy, attributes=("Id",)),
    OwnType("AWS::SNS::TopicPolicy", _put_topic_policy, attributes=("Id",)),
)
