from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


def test_an_app_owns_its_path_and_everything_below(client: RouteClient) -> None:
    assert client.get("/legacy").text == "The legacy application"
    assert client.get("/legacy/reports/2020").json() == {"year": 2020, "url": "https://testserver/legacy/reports/2020"}


def test_its_own_routing_responds_404(client: RouteClient) -> None:
    missing = client.get("/legacy/reports/soon")
    assert (missing.status_code, missing.text) == (404, "Not Found")
    assert client.post("/legacy/reports/2020").status_code == 405


def test_it_does_not_own_paths_that_only_begin_alike(client: RouteClient) -> None:
    assert client.get("/legacyreports").headers["content-type"] == "application/problem+json"
