"""User pools that routes name in `auth`: the authorizers of the API, and the functions' variables with their ids."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError, suggest
from edgeroutes.names import COGNITO_VARIABLE
from edgeroutes.plan.cloudformation import value_at
from edgeroutes.routing.guards import VARIABLE, CognitoConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.errors import ProjectError
    from edgeroutes.plan.model import FunctionPlan, ProjectPlan

_POOL, _CLIENT = "AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient"
_ANY = "x-amazon-apigateway-any-method"
_RESPONSES = "x-amazon-apigateway-gateway-responses"


def add_cognito(document: Mapping[str, Any], plan: ProjectPlan, api: str) -> None:
    """Change the whole document so that functions know the pools of their routes, and the API verifies tokens for `at="gateway"`.

    Args:
        document: The template, with the resources of infra/.
        plan: The project.
        api: The API's logical id.
    """
    body = value_at(document, "Resources", api, "Properties", "DefinitionBody")
    for function in plan.functions:
        for _, scheme in _schemes(function):
            _add_variables(document, function, scheme)
        for scheme in _authorized(function).values():
            if isinstance(body, dict):
                _authorize(body, plan, function, _pool_arn(document, function, scheme))


def check_cognito(document: Mapping[str, Any], plan: ProjectPlan) -> Iterator[ProjectError]:
    """Pools and clients that the template does not have, and authorizers that only some routes of a function have."""
    for function in plan.functions:
        for place, scheme in _schemes(function):
            yield from _check_names(document, scheme, place)
            if scheme.at == "gateway" and scheme.user_pool.startswith(VARIABLE):
                name = scheme.user_pool.removeprefix(VARIABLE)
                if _variable(document, function, name) is None:
                    problem = f"user_pool is {scheme.user_pool!r}, and {function.logical_id} does not have {name} in the template"
                    yield ConfigError(
                        problem, where=place, hint="Set it in env of [tool.edgeroutes] or in function.yaml"
                    )
        authorized = _authorized(function)
        if authorized and (len(authorized) < len(function.routes) or len(set(authorized.values())) > 1):
            names = ", ".join(route.route_path for route in function.routes)
            problem = (
                f'auth has at="gateway", and the routes of {function.logical_id} do not all have the same: {names}'
            )
            where = function.guards[next(iter(authorized))].place("auth")
            yield ConfigError(problem, where=where, hint='Declare it for all of them, or use at="function"')


def _schemes(function: FunctionPlan) -> Iterator[tuple[str, CognitoConfig]]:
    """The place and the value of each use of Cognito."""
    for guards in function.guards.values():
        for scheme in guards.auth.schemes if guards.auth is not None else ():
            if isinstance(scheme, CognitoConfig):
                yield guards.place("auth"), scheme


def _authorized(function: FunctionPlan) -> dict[str, CognitoConfig]:
    """Route path → the Cognito auth that API Gateway verifies."""
    return {
        route_path: guards.auth
        for route_path, guards in function.guards.items()
        if isinstance(guards.auth, CognitoConfig) and guards.auth.at == "gateway"
    }


def _check_names(document: Mapping[str, Any], scheme: CognitoConfig, place: str) -> Iterator[ProjectError]:
    resources = document["Resources"]
    for argument, text, kind in (
        ("user_pool", scheme.user_pool, _POOL),
        *(("client_id", each, _CLIENT) for each in scheme.client_id),
    ):
        type_name = value_at(resources, text, "Type")
        if type_name not in (None, kind):
            yield ConfigError(
                f"{argument} is {text!r}, a resource of the type {type_name}", where=place, hint=f"Name one of {kind}"
            )
        elif argument == "user_pool" and type_name is None and text.isalnum():
            known = [name for name in resources if value_at(resources, name, "Type") == kind]
            problem = f"user_pool is {text!r}, and infra/ has no such user pool"
            yield ConfigError(
                problem, where=place, hint=suggest(text, known, 'Allowed are its logical id, its ARN and "env:NAME"')
            )


def _add_variables(document: Mapping[str, Any], function: FunctionPlan, scheme: CognitoConfig) -> None:
    named = [name for name in (scheme.user_pool, *scheme.client_id) if name in document["Resources"]]
    if not named:
        return
    properties = document["Resources"][function.logical_id].setdefault("Properties", {})
    variables = properties.setdefault("Environment", {}).setdefault("Variables", {})
    for name in named:
        variables[f"{COGNITO_VARIABLE}{name}"] = {"Ref": name}


def _variable(document: Mapping[str, Any], function: FunctionPlan, name: str) -> Any:
    """A function's variable in the template, or the one of all functions."""
    own = value_at(document, "Resources", function.logical_id, "Properties", "Environment", "Variables", name)
    return own if own is not None else value_at(document, "Globals", "Function", "Environment", "Variables", name)


def _pool_arn(document: Mapping[str, Any], function: FunctionPlan, scheme: CognitoConfig) -> Any:
    pool: Any = scheme.user_pool
    if pool in document["Resources"]:
        return {"Fn::GetAtt": [pool, "Arn"]}
    if pool.startswith(VARIABLE):
        pool = _variable(document, function, pool.removeprefix(VARIABLE))
    if (isinstance(pool, str) and pool.startswith("arn:")) or (isinstance(pool, Mapping) and "Fn::GetAtt" in pool):
        return pool
    arn = "arn:${AWS::Partition}:cognito-idp:${AWS::Region}:${AWS::AccountId}:userpool/${Id}"
    return {"Fn::Sub": [arn, {"Id": pool}]}


def _authorize(body: dict[str, Any], plan: ProjectPlan, function: FunctionPlan, arn: Any) -> None:
    """Have the API verify tokens before it invokes the function; not for OPTIONS: browsers send preflights without a token.

    Source: docs.aws.amazon.com/apigateway "apigateway-enable-cognito-user-pool" and "api-gateway-swagger-extensions-authorizer".
    """
    name = f"Cognito{hashlib.sha256(json.dumps(arn, sort_keys=True).encode()).hexdigest()[:8]}"
    schemes = body.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes[name] = {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "cognito_user_pools",
        "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [arn]},
    }
    paths = {resource.path for resource in plan.api_resources if resource.logical_id == function.logical_id}
    for path, methods in body.get("paths", {}).items():
        if path in paths and isinstance(methods, dict) and _ANY in methods:
            open_method = dict(methods[_ANY])
            methods[_ANY] = {**open_method, "security": [{name: []}]}
            methods.setdefault("options", open_method)
    unauthorized = value_at(body, _RESPONSES, "UNAUTHORIZED", "responseParameters")
    if isinstance(unauthorized, dict):  # a challenge of the function's own would be renamed
        unauthorized.setdefault("gatewayresponse.header.WWW-Authenticate", "'Bearer'")
