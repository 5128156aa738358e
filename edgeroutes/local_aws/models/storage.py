"""Where data is kept: secrets, and what moto's CloudFormation leaves out of buckets, tables and parameters. Floor 3.

Source: docs.aws.amazon.com/AWSCloudFormation, AWS::SecretsManager::Secret, AWS::S3::*, AWS::DynamoDB::* (read 2026-11-21).
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
from moto.ssm.models import Parameter

from edgeroutes.local_aws.models.model import CompletedType, Made, OwnType, Place, Properties

if TYPE_CHECKING:
    from moto.secretsmanager.models import SecretsManagerBackend


def _secrets(place: Place) -> SecretsManagerBackend:
    return secretsmanager_backends[place.account_id][place.region_name]


def _put_secret(place: Place, name: str, properties: Properties, before: Made | None) -> Made:
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


def _secret_value(place: Place, properties: Properties) -> str | None:
    """What `SecretString` says, or a password made as `GenerateSecretString` wants it."""
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


def _remove_secret(place: Place, made: Made) -> None:
    _secrets(place).delete_secret(made.physical_resource_id, None, force_delete_without_recovery=True)


def _complete_bucket(place: Place, bucket: FakeBucket, properties: Properties) -> None:
    backend = s3_backends[place.account_id][place.partition]
    rules = properties.get("CorsConfiguration", {}).get("CorsRules", [])
    if rules:
        names = {"Headers": "AllowedHeader", "Methods": "AllowedMethod", "Origins": "AllowedOrigin"}
        said = [{api: rule.get(f"Allowed{name}", []) for name, api in names.items()} for rule in rules]
        for made, rule in zip(said, rules, strict=True):
            made.update({"ExposeHeader": rule.get("ExposedHeaders", [])})
            made.update({"MaxAgeSeconds": str(rule["MaxAge"])} if "MaxAge" in rule else {})
        backend.put_bucket_cors(bucket.name, said)
    if "VersioningConfiguration" in properties:
        backend.put_bucket_versioning(bucket.name, properties["VersioningConfiguration"]["Status"])


def _put_bucket_policy(place: Place, name: str, properties: Properties, before: Made | None) -> Made:
    backend, document = s3_backends[place.account_id][place.partition], properties["PolicyDocument"]
    backend.put_bucket_policy(properties["Bucket"], json.dumps(document).encode())
    # moto would deny, or allow, what a condition restricts: of the whole policy it is to weigh what it understands.
    plain = [statement for statement in document["Statement"] if "Condition" not in statement]
    weighed = IAMPolicy(json.dumps({**document, "Statement": plain}))
    vars(backend.get_bucket(properties["Bucket"]))["get_permission"] = weighed.is_action_permitted
    return before or Made(name)


def _remove_bucket_policy(place: Place, made: Made) -> None:
    backend, name = s3_backends[place.account_id][place.partition], made.properties["Bucket"]
    backend.delete_bucket_policy(name)
    vars(backend.get_bucket(name)).pop("get_permission", None)


def _complete_table(place: Place, table: Table, properties: Properties) -> None:
    backend = dynamodb_backends[place.account_id][place.region_name]
    if "TimeToLiveSpecification" in properties:
        backend.update_time_to_live(table.name, properties["TimeToLiveSpecification"])


def _complete_parameter(_: Place, parameter: Parameter, properties: Properties) -> None:
    """Have `Fn::GetAtt` give what the template says, whatever is put there later."""
    said = Made(parameter.name, {name: str(properties[name]) for name in ("Type", "Value")})
    vars(parameter)["get_cfn_attribute"] = said.get_cfn_attribute


def _complete_log_group(_: Place, group: LogGroup, properties: Properties) -> None:
    group.retention_in_days = properties.get("RetentionInDays")


TYPES: tuple[Any, ...] = (
    OwnType("AWS::SecretsManager::Secret", _put_secret, _remove_secret, "Name", ("Id",)),
    CompletedType(FakeBucket, _complete_bucket),
    OwnType("AWS::S3::BucketPolicy", _put_bucket_policy, _remove_bucket_policy),
    CompletedType(Table, _complete_table),
    CompletedType(LogGroup, _complete_log_group),
    CompletedType(Parameter, _complete_parameter),
)
