"""Claims that an authorizer of API Gateway has verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from edgeroutes.guards.gateway import gateway_claims
from edgeroutes.runtime.context import RequestScope
from tests.fakes.incoming import FakeIncoming

if TYPE_CHECKING:
    from edgeroutes.runtime.endpoint import Endpoint


def claims(event: dict[str, Any] | None) -> dict[str, Any] | None:
    return gateway_claims(RequestScope(FakeIncoming(event=event), "/", {}, cast("Endpoint", None)))


def test_the_claims_of_a_rest_api_are_those_of_the_token() -> None:
    # Source: docs.aws.amazon.com/apigateway "apigateway-enable-cognito-user-pool", claims in $context.authorizer.claims.
    sent = {
        "sub": "0b1f7f36",
        "aud": "client",
        "token_use": "id",
        "cognito:groups": "admin,editors",
        "email_verified": "true",
        "phone_number_verified": "false",
        "exp": "1796000000",
        "custom:exp": "12",
    }
    assert claims({"requestContext": {"authorizer": {"claims": sent}}}) == {
        "sub": "0b1f7f36",
        "aud": "client",
        "token_use": "id",
        "cognito:groups": ["admin", "editors"],
        "email_verified": True,
        "phone_number_verified": False,
        "exp": 1796000000,
        "custom:exp": "12",
    }


@pytest.mark.parametrize(
    "event",
    [
        None,
        {},
        {"requestContext": None},
        {"requestContext": {}},
        {"requestContext": {"authorizer": None}},
        {"requestContext": {"authorizer": {"principalId": "x"}}},
        {"requestContext": {"authorizer": {"claims": "sub"}}},
        {"requestContext": {"authorizer": {"claims": {}}}},
        {"requestContext": {"authorizer": {"claims": {"sub": ""}}}},
        {"requestContext": {"authorizer": {"iam": {"userId": "x"}}}},
        {"authorizer": {"claims": {"sub": "x"}}, "headers": {"requestContext": "x"}},
    ],
)
def test_where_no_authorizer_has_run_there_are_no_claims(event: dict[str, Any] | None) -> None:
    assert claims(event) is None
