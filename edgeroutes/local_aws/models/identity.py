"""Cognito's user pools with their clients and groups, which moto has and its CloudFormation lacks.

moto's models of them import joserfc, so they are imported when a template has a pool.
Source: docs.aws.amazon.com/AWSCloudFormation, AWS::Cognito::* (Ref and Fn::GetAtt of each; read 2026-12-01).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeroutes.local_aws.models import Made, OwnType, Properties

if TYPE_CHECKING:
    from moto.cognitoidp.models import CognitoIdpBackend

    from edgeroutes.local_aws import AccountRegion

# CloudFormation's names of what the API names otherwise.
_CLIENTS_OWN = ("UserPoolId", "GenerateSecret")


def _cognito(place: AccountRegion) -> CognitoIdpBackend:
    from moto.cognitoidp.models import cognitoidp_backends

    return cognitoidp_backends[place.account_id][place.region_name]


def _put_pool(place: AccountRegion, name: str, properties: Properties, before: Made | None) -> Made:
    settings: dict[str, Any] = {key: value for key, value in properties.items() if key != "UserPoolName"}
    backend = _cognito(place)
    if before is not None:
        settings.pop("Schema", None)  # moto takes attributes when it creates a pool
        backend.update_user_pool(before.physical_resource_id, settings)
        return before
    pool = backend.create_user_pool(properties.get("UserPoolName", name), settings)
    host = f"cognito-idp.{place.region_name}.amazonaws.com/{pool.id}"
    attributes = {"Arn": pool.arn, "ProviderName": host, "ProviderURL": f"https://{host}", "UserPoolId": pool.id}
    return Made(pool.id, attributes)


def _remove_pool(place: AccountRegion, made: Made) -> None:
    _cognito(place).delete_user_pool(made.physical_resource_id)


def _put_client(place: AccountRegion, name: str, properties: Properties, before: Made | None) -> Made:
    pool = properties["UserPoolId"]
    settings: dict[str, Any] = {key: value for key, value in properties.items() if key not in _CLIENTS_OWN}
    settings.setdefault("ClientName", name)
    backend = _cognito(place)
    if before is not None and before.properties["UserPoolId"] == pool:
        backend.update_user_pool_client(pool, before.physical_resource_id, settings)
        return before
    client = backend.create_user_pool_client(pool, properties.get("GenerateSecret") in (True, "true"), settings)
    attributes = {"ClientId": client.id, "Name": settings["ClientName"]}
    if client.generate_secret:
        attributes["ClientSecret"] = client.secret
    return Made(client.id, attributes)


def _remove_client(place: AccountRegion, made: Made) -> None:
    pool = _cognito(place).user_pools.get(made.properties["UserPoolId"])
    if pool is not None:  # it has gone with its clients
        pool.clients.pop(made.physical_resource_id, None)


def _put_group(place: AccountRegion, name: str, properties: Properties, before: Made | None) -> Made:
    if before is not None:
        return before
    group = properties.get("GroupName", name)
    about = (properties.get(key) for key in ("Description", "RoleArn", "Precedence"))
    _cognito(place).create_group(properties["UserPoolId"], group, *about)  # type: ignore[arg-type]  # None, as its API gives
    return Made(group)


def _remove_group(place: AccountRegion, made: Made) -> None:
    pool = _cognito(place).user_pools.get(made.properties["UserPoolId"])
    if pool is not None:
        pool.groups.pop(made.physical_resource_id, None)


TYPES = (
    OwnType(
        "AWS::Cognito::UserPool",
        _put_pool,
        _remove_pool,
        "UserPoolName",
        attributes=("Arn", "ProviderName", "ProviderURL", "UserPoolId"),
    ),
    OwnType(
        "AWS::Cognito::UserPoolClient",
        _put_client,
        _remove_client,
        attributes=("ClientId", "ClientSecret", "Name"),
    ),
    OwnType("AWS::Cognito::UserPoolGroup", _put_group, _remove_group),
)
