from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


@pytest.mark.parametrize(("kind", "status"), [("temporary", 307), ("permanent", 308), ("see-other", 303)])
def test_each_kind_has_its_status(client: RouteClient, kind: str, status: int) -> None:
    response = client.get(f"/api/redirects/{kind}")
    assert (response.status_code, response.content) == (status, b"")
    assert response.headers["location"] == f"/api/hello?name={status}"


def test_after_a_form_the_browser_goes_on_with_get_and_json_keeps_its_method(client: RouteClient) -> None:
    statuses = [
        (
            client.post(f"/api/redirects/{kind}", data={"a": "1"}).status_code,
            client.post(f"/api/redirects/{kind}", json={}).status_code,
        )
        for kind in ("temporary", "permanent", "see-other")
    ]
    assert statuses == [(303, 307), (303, 308), (303, 303)]


def test_a_kind_that_the_annotation_does_not_list_is_404(client: RouteClient) -> None:
    assert client.get("/api/redirects/sideways").status_code == 404
