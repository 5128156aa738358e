"""Bodies by mistake or to do harm, through every adapter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.testing import RouteClient
from edgeroutes.testing.adapters import ADAPTERS
from tests.conformance.bodies import CASES, MAX_RESPONSE_BYTES, Case, write_project

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RouteClient]:
    root = tmp_path_factory.mktemp("bodies")
    write_project(root)
    with RouteClient(root, debug=False) as client:
        yield client


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_body_gets_its_response_through_every_adapter(client: RouteClient, case: Case, adapter: str) -> None:
    response = client.via(adapter).request(case.method, case.path, headers=case.sent, content=case.body)

    assert response.status_code == case.status, response.text[:500]
    assert len(response.content) < MAX_RESPONSE_BYTES or case.status == 200
    assert shown(response.content, case.wanted) == case.wanted
    if case.status == 415 and "content-encoding" in dict(case.sent):
        assert response.headers["accept-encoding"] == "identity"


def shown(body: bytes, wanted: Any) -> Any:
    """What of a body is compared."""
    if wanted is None:
        return None
    if isinstance(wanted, str):
        return body.decode()
    found = json.loads(body)
    if isinstance(wanted, dict) and "type" in found:  # a problem document
        return {name: found.get(name) for name in {*wanted, *({"more_errors"} & found.keys())}}
    return found
