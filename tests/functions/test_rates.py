from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.upstream import Response, Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.testing import RouteClient


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    from edgeroutes.services import http_client

    server = Upstream()
    monkeypatch.setenv("UPSTREAM_URL", f"{server.url}/v1/")
    server.responses["/v1/rates/EUR"] = Response(200, (("Content-Type", "application/json"),), b'{"USD":1.08}')
    yield server
    http_client._pool.clear()
    server.close()


def test_the_upstream_is_called_once_an_hour(client: RouteClient, upstream: Upstream) -> None:
    responses = [client.get("/api/rates") for _ in range(3)]

    assert [response.json() for response in responses] == [{"base": "EUR", "rates": {"USD": 1.08}}] * 3
    assert responses[0].headers["cache-control"].startswith("public, s-maxage=3600,")
    assert responses[0].headers["x-cache-tag"] == "rates,_path:/api/rates"
    assert upstream.targets() == ["GET /v1/rates/EUR"]


def test_an_upstream_that_has_none_or_is_not_there_is_502_and_not_cached(
    client: RouteClient, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = client.get("/api/rates", params={"base": "XXX"})
    monkeypatch.setenv("UPSTREAM_URL", "http://127.0.0.1:9")
    absent = client.get("/api/rates")

    for response in (unknown, absent):
        assert (response.status_code, response.json()["detail"]) == (502, "there are no rates")
        assert response.headers["cache-control"] == "private, no-store"


def test_without_an_upstream_it_is_an_error(client: RouteClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UPSTREAM_URL", raising=False)
    assert client.get("/api/rates").status_code == 500


@pytest.mark.parametrize(
    "base", ["../../admin?token=1&x=", "eur", "EURO", "", "E%52", "EU\n", "EUR/", "€€€", "\u0415UR"]
)
def test_an_invalid_currency_code_is_400_without_a_call_upstream(
    client: RouteClient, upstream: Upstream, base: str
) -> None:
    assert client.get("/api/rates", params={"base": base}).status_code == 400
    assert upstream.targets() == []
