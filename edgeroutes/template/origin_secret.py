"""The secret by which a function knows that a request came through the distribution. Build wing, floor 2.

Secrets Manager generates it, CloudFront sends it, the functions have it in their environment. Two are valid: the current one and the
one before it, so that no request is refused while a deploy puts a new one into place.

The functions get theirs by way of one SSM parameter: a template may hold 60 dynamic references, and a stack 400 functions. That
parameter is as plain as the functions' environment and the distribution's settings are.
Source: docs.aws.amazon.com/AWSCloudFormation "dynamic-references", "dynamic-references-secretsmanager" (read 2026-11-21).
"""

from __future__ import annotations

import json
from typing import Any

SECRET = "OriginSecret"  # noqa: S105  # a resource's name
VALUES = "OriginSecretValues"
VERSION_PARAMETER = "OriginSecretVersion"
HEADER = "x-edgeroutes-origin"
VARIABLE = "EDGEROUTES_ORIGIN_SECRET"
LENGTH = 48


def origin_secret_parameters() -> dict[str, Any]:
    """The parameter by which a new secret is put into place: it stands in the references, so that these are resolved anew."""
    about = "The VersionId of the origin secret to use; empty takes the one that was current when it was last resolved"
    return {VERSION_PARAMETER: {"Type": "String", "Default": "", "Description": about}}


def origin_secret_resources() -> dict[str, Any]:
    """Logical id → resource."""
    generated = {
        # No secret has fewer than 32 characters: what is shorter the functions pass over.
        "SecretStringTemplate": json.dumps({"previous": "none"}),
        "GenerateStringKey": "current",
        "PasswordLength": LENGTH,
        "ExcludePunctuation": True,
    }
    about = {"Fn::Sub": "By which the functions of ${AWS::StackName} know CloudFront"}
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
    """What CloudFront adds to the requests that it sends to the API, over what a viewer may have sent."""
    return [{"HeaderName": HEADER, "HeaderValue": {"Fn::Sub": _reference("current")}}]


def origin_secret_environment() -> dict[str, Any]:
    """What every function has in its environment: the valid secrets, apart by a space."""
    return {VARIABLE: {"Fn::GetAtt": [VALUES, "Value"]}}


def _reference(key: str) -> str:
    return f"{{{{resolve:secretsmanager:${{{SECRET}}}:SecretString:{key}::${{{VERSION_PARAMETER}}}}}}}"
