"""Permission to read the secrets and parameters whose ARNs are in variables of guards: `api_key("env:API_KEYS")`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from edgeroutes.plan.cloudformation import value_at
from edgeroutes.routing.guards import VARIABLE, GuardConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.config import Config
    from edgeroutes.plan.cloudformation import Infra
    from edgeroutes.plan.model import FunctionPlan

_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  # a type's name
# Source: docs.aws.amazon.com/service-authorization "list_awssecretsmanager" and "list_awssystemsmanager".
_READS = {"secretsmanager": "secretsmanager:GetSecretValue", "ssm": "ssm:GetParameter"}
_ARN = re.compile(r"arn:(?:[a-z-]+|\$\{AWS::Partition\}):(secretsmanager|ssm):")


def with_secret_grants(function: FunctionPlan, config: Config, infra: Infra) -> FunctionPlan:
    """The function with a policy for the secrets that its guards read; itself without any, and with a role of function.yaml.

    Args:
        function: The plan.
        config: The project's settings.
        infra: The files of infra/.
    """
    variables = {**config.env, **(value_at(function.properties, "Environment", "Variables") or {})}
    statements = []
    for name in sorted(guard_variables(function)):
        service, arn = _secret(variables.get(name), infra)
        statement = {"Effect": "Allow", "Action": _READS.get(service), "Resource": arn}
        if service and statement not in statements:
            statements.append(statement)
    if not statements or "Role" in function.properties:
        return function
    own = function.properties.get("Policies") or []
    policy = {"Version": "2012-10-17", "Statement": statements}
    policies = [*(own if isinstance(own, list) else [own]), policy]
    properties = {**function.properties, "Policies": policies}
    return replace(function, properties=properties, inherited=function.inherited - {"Policies"})


def guard_variables(function: FunctionPlan) -> dict[str, str]:
    """The variables that the function's guards name → the first place."""
    found: dict[str, str] = {}
    for guards in function.guards.values():
        declared = {"auth": guards.auth, "limit": guards.limits, "idempotent": guards.idempotent}
        for kind in guards.files:
            for name in _names_in(declared[kind]):
                found.setdefault(name, guards.place(kind))
    return found


def _names_in(value: object) -> Iterator[str]:
    if isinstance(value, str) and value.startswith(VARIABLE):
        yield value.removeprefix(VARIABLE)
    elif isinstance(value, GuardConfig):
        for each in value.arguments().values():
            yield from _names_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _names_in(each)


def _secret(value: Any, infra: Infra) -> tuple[str, Any]:
    """The service and the ARN of the secret or parameter that a variable names; empty for other values.

    The Ref of a secret is its ARN. Source: docs.aws.amazon.com/AWSCloudFormation AWS::SecretsManager::Secret, Return values.
    """
    if isinstance(value, str):
        match = _ARN.match(value)
        return (match[1], value) if match else ("", None)
    if not isinstance(value, Mapping) or len(value) != 1:
        return "", None
    name = value.get("Ref")
    if isinstance(name, str) and _type_of(name, infra) == _SECRET:
        return "secretsmanager", dict(value)
    text = value.get("Fn::Sub")
    match = _ARN.match(text) if isinstance(text, str) else None
    return (match[1], dict(value)) if match else ("", None)


def _type_of(name: str, infra: Infra) -> str:
    return next((str(value) for key, value, _ in infra.properties("Resources", name) if key == "Type"), "")
