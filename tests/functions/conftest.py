"""What several tests of the example share."""

from __future__ import annotations

import hmac
import time
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeroutes.testing import Aws, RouteClient

    Sign = Callable[..., dict[str, str]]

SECRETS = {  # infra/seed/secrets.yaml
    "webhook": "whsec_dGhlIHdlYmhvb2sncyBzZWNyZXQgaXMgMjQgbG9uZw==",
    "revalidate": "whsec_dGhlIENNUydzIHNlY3JldCwgd2hpY2ggaXMgbG9uZw==",
}


@pytest.fixture
def ada(client: RouteClient, aws: Aws) -> RouteClient:  # the users are there
    """The client, signed in as Ada, who is in two teams. Her cookie goes along with each request."""
    response = client.post("/api/auth/session", json={"email": "ada@example.com", "password": "edge"})
    assert response.status_code == 200
    return client


@pytest.fixture
def eve(client: RouteClient, aws: Aws) -> RouteClient:
    """The client, signed in as somebody who has just registered: user 4, in no team."""
    new = {"name": "Eve", "email": "eve@example.com", "password": "eavesdrop"}
    assert client.post("/api/users", json=new).status_code == 201
    assert client.post("/api/auth/session", json=new).status_code == 200
    return client


@pytest.fixture
def sign() -> Sign:
    """The headers with which a sender of webhooks signs a body, as Standard Webhooks says."""

    def headers(
        body: str, *, of: str = "webhook", message_id: str = "msg_1", age_s: int = 0, secret: str = ""
    ) -> dict[str, str]:
        sent_at = str(int(time.time()) - age_s)
        key = secret.encode() or b64decode(SECRETS[of].removeprefix("whsec_"))
        digest = hmac.digest(key, f"{message_id}.{sent_at}.{body}".encode(), "sha256")
        signature = f"v1,{b64encode(digest).decode()}"
        return {"Webhook-Id": message_id, "Webhook-Timestamp": sent_at, "Webhook-Signature": signature}

    return headers
