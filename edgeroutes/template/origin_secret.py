"""The secret with which a function recognizes requests of the distribution.

Secrets Manager generates it, CloudFront sends it, and the functions have it in their environment. The current and the previous one are
valid, so that no request fails while a deploy replaces it.

The functions read it from one SSM parameter: a template may have 60 dynamic references, and a stack 400 functions. The parameter is as
plain as the functions' environment and the distribution's settings.
Source: docs.aws.amazon.com/AWSCloudFormation "dynamic-references", "dynamic-references-secretsmanager" (read 2026-11-21).
"""

from __future__ import annotations

import json
from typing import Any

from edgeroutes.names import SECRET_HEADER, SECRET_VARIABLE

SECRET = "OriginSecret"  # noqa: S105  # a resource's name
VALUES = "OriginSecretValues"
_VERSION_PARAMETER = "OriginSecretVersion"
LENGTH = 48


def origin_secret_parameters() -> dict[str, Any]:
    """The parameter that puts a new secret into place: it is part of the references, so a new value resolves them again."""
    about = (
        "The VersionId of the origin secret; empty uses the one that was current when CloudFormation last resolved it"
    )
    return {_VERSION_PARAMETER: {"Type": "String", "Default": "", "Description": about}}


def origin_secret_resources() -> dict[str, Any]:
    """Logical id → resource."""
    generated = {
        # Functions ignore a value of fewer than 32 characters.
        "SecretStringTemplate": json.dumps({"previous": "none"}),
        "GenerateStringKey": "current",
        "PasswordLength": LENGTH,
        "ExcludePunctuation": True,
    }
    about = {"Fn::Sub": "Shows the functions of ${AWS::StackName} that a request comes from CloudFront"}
    both = f"{_reference('current')} {_reference('previous')}"
    return {
        SECRET: {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {"Description": about, "GenerateSecretString": generated},
        },
        VALUES: {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Description": about, "Value": {"Fn::Sub": both}},
        },
    }


def origin_headers() -> list[dict[str, Any]]:
    """Headers that CloudFront adds to requests to the API, over any that a viewer has sent."""
    return [{"HeaderName": SECRET_HEADER, "HeaderValue": {"Fn::Sub": _reference("current")}}]


def origin_secret_environment() -> dict[str, Any]:
    """Every function's variable: the valid secrets, separated by a space."""
    return {SECRET_VARIABLE: {"Fn::GetAtt": [VALUES, "Value"]}}


def _reference(key: str) -> str:
    return f"{{{{resolve:secretsmanager:${{{SECRET}}}:SecretString:{key}::${{{_VERSION_PARAMETER}}}}}}}"
