"""Tests of routes with `auth`: as a caller without credentials, and with real ones."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from edgeroutes.testing import RouteClient
from edgeroutes.testing.adapters import ADAPTERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "a key of the client"
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()
FILES = {
    "middleware.py": f"from edgeroutes.auth import api_key\nauth = api_key({{'shop': 'sha256:{DIGEST}'}})\n",
    "me/route.py": (
        "from edgeroutes.auth import Caller, caller\n"
        "def GET(user: Caller):\n"
        "    same = caller()\n"
        "    return {'subject': user.subject, 'roles': sorted(user.roles), 'same': same == user, **user.claims}\n"
    ),
    "orders/route.py": (
        "from typing import Annotated\nfrom edgeroutes.auth import Caller, require\n"
        "def POST(order: dict[str, int], user: Annotated[Caller, require(scope='orders:write')]):\n"
        "    return {'by': user.subject, 'order': order}\n"
    ),
    "admin/middleware.py": "from edgeroutes.auth import require\nmiddleware = require(role='admin')\n",
    "admin/route.py": "def GET():\n    return 'secret'\n",
    "open/route.py": (
        "from edgeroutes.auth import Caller\nauth = False\ndef GET(user: Caller | None):\n    return {'is_known': user is not None}\n"
    ),
}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[RouteClient]:
    for name, source in FILES.items():
        file = tmp_path / "functions" / "api" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
    with RouteClient(tmp_path) as made:
        yield made


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_client_acts_as_a_caller_through_every_adapter(client: RouteClient, adapter: str) -> None:
    ann = client.as_caller("ann", roles=["admin"], email="ann@example.com").via(adapter)

    assert ann.get("/api/me").json() == {
        "subject": "ann",
        "roles": ["admin"],
        "same": True,
        "email": "ann@example.com",
    }
    assert ann.get("/api/admin").status_code == 200
    assert client.via(adapter).get("/api/me").status_code == 401


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_credentials_are_read_through_every_adapter(client: RouteClient, adapter: str) -> None:
    routes = client.via(adapter)

    assert routes.get("/api/me", headers={"x-api-key": KEY}).json()["subject"] == "shop"
    assert [routes.get("/api/me", headers={"x-api-key": key}).status_code for key in ("wrong", "")] == [401, 401]


def test_what_a_caller_lacks_is_a_403_and_without_one_a_401_before_the_body_is_read(client: RouteClient) -> None:
    posts = [
        each.post("/api/orders", content=b"{", headers={"content-type": "application/json"}).status_code
        for each in (client, client.as_caller("ann"), client.as_caller("ann", scopes=["orders:write"]))
    ]

    assert posts == [401, 403, 400]
    assert client.as_caller("ann").get("/api/admin").status_code == 403


def test_a_response_to_a_caller_is_private(client: RouteClient) -> None:
    response = client.as_caller("ann").get("/api/me")

    assert (response.cache.state, response.headers["cache-control"]) == ("uncached", "private, no-store")


def test_a_route_that_takes_auth_back_knows_nobody(client: RouteClient) -> None:
    assert client.as_caller("ann").get("/api/open").json() == {"is_known": False}
