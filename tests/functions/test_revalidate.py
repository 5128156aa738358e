from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.services.revalidation import use_invalidator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgeroutes.testing import RouteClient
    from tests.functions.conftest import Sign

pytestmark = pytest.mark.usefixtures("aws")


class Cdn:
    def __init__(self) -> None:
        self.invalidated: list[str] = []

    def invalidate(self, items: Sequence[str]) -> None:
        self.invalidated += items


@pytest.fixture
def cdn() -> Iterator[Cdn]:
    made = Cdn()
    end = use_invalidator(made)
    yield made
    end()


@pytest.fixture
def send(client: RouteClient, sign: Sign) -> Any:
    """Sends what has changed, signed as by the CMS."""

    def sent(changed: Any, **signing: Any) -> Any:
        body = json.dumps(changed)
        return client.post("/api/revalidate", content=body, headers=sign(body, of="revalidate", **signing))

    return sent


def test_tags_and_paths_of_the_cms_are_invalidated_in_one_request(send: Any, cdn: Cdn) -> None:
    response = send({"tags": ["products", "product:7"], "paths": ["/pricing/", "/api/search?q=a"]})
    assert (response.status_code, response.content) == (202, b"")
    assert cdn.invalidated == ["#products", "#product:7", "#_path:/pricing", "/api/search?q=a"]


def test_a_request_without_a_signature_invalidates_nothing(client: RouteClient, send: Any, cdn: Cdn) -> None:
    assert send({"tags": ["products"]}, secret="guessed").status_code == 401
    assert client.post("/api/revalidate", json={"tags": ["products"]}).status_code == 401
    assert cdn.invalidated == []


@pytest.mark.parametrize(
    "changed",
    [
        [],
        "products",
        {"tags": "products"},
        {"paths": [1]},
        {"tags": [""]},
        {"tags": ["a b"]},
        {"tags": ["a,b"]},
        {"tags": ["x" * 257]},
        {"paths": ["no"]},
        {"paths": ["//h"]},
        {"paths": ["/a*"]},
        {"paths": ["/[id]"]},
        {"paths": ["/#"]},
        {"paths": ["/\0"]},
    ],
)
def test_anything_but_a_list_of_names_is_400(send: Any, cdn: Cdn, changed: Any) -> None:
    assert send(changed).status_code == 400
    assert cdn.invalidated == []


def test_a_message_that_is_caught_invalidates_nothing_again(send: Any, cdn: Cdn) -> None:
    statuses = [send({"tags": ["products"]}, message_id=each).status_code for each in ("msg_1", "msg_1", "msg_2")]
    statuses.append(send({"tags": ["products"]}, message_id="msg_3", age_s=301).status_code)
    assert (statuses, cdn.invalidated) == ([202, 202, 202, 401], ["#products", "#products"])
