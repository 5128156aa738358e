"""`cognito` verifies the tokens of a user pool of moto's server, whose keys it fetches there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from moto.server import ThreadedMotoServer

from edgeroutes.errors import ConfigError
from edgeroutes.guards.tokens import Cognito
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.runtime.context import RequestScope
from tests.fakes.incoming import FakeIncoming

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.guards.callers import Caller
    from edgeroutes.runtime.endpoint import Endpoint

PASSWORD = "New-1234"  # of a user in memory


class Route:
    """What a log line needs to know of an endpoint."""

    class route:  # noqa: N801  # an attribute
        route_path = "/x"


class Pool:
    """A user pool with one user, who is in one group.

    Attributes:
        id: Its id.
        client: An app client's id.
        subject: The user's `sub`.
        access: The user's access token for that client.
        id_token: The ID token.
    """

    def __init__(self) -> None:
        cognito: Any = boto3.client("cognito-idp", region_name="us-east-1")
        self.id = cognito.create_user_pool(PoolName="users")["UserPool"]["Id"]
        made = cognito.create_user_pool_client(UserPoolId=self.id, ClientName="app")
        self.client = made["UserPoolClient"]["ClientId"]
        cognito.admin_create_user(UserPoolId=self.id, Username="ann", TemporaryPassword="Old-1234")
        cognito.admin_set_user_password(UserPoolId=self.id, Username="ann", Password=PASSWORD, Permanent=True)
        cognito.create_group(UserPoolId=self.id, GroupName="admins")
        cognito.admin_add_user_to_group(UserPoolId=self.id, Username="ann", GroupName="admins")
        tokens = cognito.admin_initiate_auth(
            UserPoolId=self.id,
            ClientId=self.client,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "ann", "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        self.access, self.id_token = tokens["AccessToken"], tokens["IdToken"]
        user = cognito.admin_get_user(UserPoolId=self.id, Username="ann")
        self.subject = next(each["Value"] for each in user["UserAttributes"] if each["Name"] == "sub")


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        yield Pool()
    server.stop()


def authenticate(scheme: Cognito, token: str) -> Caller | None:
    scheme.start("functions/x/route.py, auth")
    incoming = FakeIncoming(headers=[("authorization", f"Bearer {token}")])
    scope = RequestScope(incoming, "/x", {}, cast("Endpoint", Route))
    return asyncio.run(scheme.authenticate(scope))


def test_an_access_token_gives_the_user_and_the_groups(pool: Pool) -> None:
    caller = authenticate(Cognito(pool.id, client_id=pool.client), pool.access)
    assert caller is not None
    assert (caller.subject, caller.roles, caller.scheme) == (pool.subject, frozenset({"admins"}), "cognito")
    assert caller.claims["client_id"] == pool.client


def test_an_id_token_gives_the_same_user(pool: Pool) -> None:
    arn = f"arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool.id}"
    caller = authenticate(Cognito(arn, client_id=["other", pool.client], token_use="id"), pool.id_token)
    assert caller is not None
    assert (caller.subject, caller.roles, caller.claims["aud"]) == (pool.subject, frozenset({"admins"}), pool.client)


def test_a_pool_of_infra_is_known_by_the_variables_of_the_template(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEROUTES_COGNITO_UserPool", pool.id)
    monkeypatch.setenv("EDGEROUTES_COGNITO_Client", pool.client)
    caller = authenticate(Cognito("UserPool", client_id="Client"), pool.access)
    assert caller is not None
    assert caller.subject == pool.subject


def changed(token: str) -> str:
    head, payload, signature = token.split(".")
    return f"{head}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


@pytest.mark.parametrize(
    ("client", "token_use", "token"),
    [
        ("", "access", "id_token"),
        ("", "id", "access"),
        ("other", "access", "access"),
        ("other", "id", "id_token"),
        ("", "access", "changed"),
    ],
)
def test_a_token_of_another_kind_or_client_is_refused(pool: Pool, client: str, token_use: str, token: str) -> None:
    sent = changed(pool.access) if token == "changed" else getattr(pool, token)
    with pytest.raises(HTTPError) as refused:
        authenticate(Cognito(pool.id, client_id=client or pool.client, token_use=token_use), sent)
    assert (refused.value.status, refused.value.detail, refused.value.headers) == (
        401,
        "the token is not valid",
        {"www-authenticate": 'Bearer realm="api", error="invalid_token"'},
    )


def test_a_token_of_another_pool_is_refused(pool: Pool) -> None:
    other = Pool()
    with pytest.raises(HTTPError) as refused:
        authenticate(Cognito(pool.id, client_id=[pool.client, other.client]), other.access)
    assert refused.value.status == 401


@pytest.mark.parametrize(
    "name", ["UserPool", "arn:aws:s3:::x", "us-east-1_", "us-east-1_a/b", "us-east-1_a@example.com#"]
)
def test_what_is_not_a_user_pool_does_not_start(name: str) -> None:
    with pytest.raises(ConfigError, match="user_pool is"):
        Cognito(name, client_id="x").start("functions/x/route.py, auth")
