from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.services.revalidation import use_invalidator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgeroutes.testing import RouteClient

pytestmark = pytest.mark.usefixtures("aws")


SECRET = "the CMS's secret"  # infra/seed/secrets.yaml


class Cdn:
    def __init__(self) -> None:
        self.forgotten: list[str] = []

    def invalidate(self, items: Sequence[str]) -> None:
        self.forgotten += items


@pytest.fixture
def cdn() -> Iterator[Cdn]:
    made = Cdn()
    end = use_invalidator(made)
    yield made
    end()


def send(client: RouteClient, changed: Any, secret: str = SECRET) -> Any:
    body = json.dumps(changed)
    signature = hmac.new(secret.encode(), body.encode(), "sha256").hexdigest()
    return client.post("/api/revalidate", content=body, headers={"X-Signature": f"sha256={signature}"})


def test_what_the_cms_names_is_forgotten_in_one_go(client: RouteClient, cdn: Cdn) -> None:
    answer = send(client, {"tags": ["products", "product:7"], "paths": ["/pricing/", "/api/search?q=a"]})
    assert (answer.status_code, answer.content) == (202, b"")
    assert cdn.forgotten == ["#products", "#product:7", "#_path:/pricing", "/api/search?q=a"]


def test_whoever_cannot_sign_makes_nothing_forget(client: RouteClient, cdn: Cdn) -> None:
    assert send(client, {"tags": ["products"]}, "guessed").status_code == 401
    assert client.post("/api/revalidate", json={"tags": ["products"]}).status_code == 401
    assert cdn.forgotten == []


@pytest.mark.parametrize("changed", [[], "products", {"tags": "products"}, {"paths": [1]}])
def test_what_is_no_list_of_names_is_400(client: RouteClient, cdn: Cdn, changed: Any) -> None:
    assert send(client, changed).status_code == 400
    assert cdn.forgotten == []
