from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient

pytestmark = pytest.mark.usefixtures("aws")


def test_the_folder_of_a_group_is_not_in_the_url(client: RouteClient) -> None:
    assert client.get("/pricing").status_code == 200
    assert client.get("/(marketing)/pricing").status_code == 404


def test_a_group_may_hold_the_home_page(client: RouteClient) -> None:
    response = client.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>It runs</h1>" in response.text


def test_every_link_on_the_home_page_leads_somewhere(client: RouteClient) -> None:
    for link in re.findall(r'href="([^"]+)"', client.get("/").text):
        assert client.head(link).status_code == 200, link


def test_the_page_is_rebuilt_when_the_products_are(client: RouteClient) -> None:
    response = client.get("/pricing")
    assert response.headers["x-cache-tag"] == "products,_path:/pricing"
    assert "<td>Notebook</td><td>4.50 €</td>" in response.text
