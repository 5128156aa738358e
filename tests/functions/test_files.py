from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


def test_a_file_has_its_type_and_is_shown(client: RouteClient) -> None:
    response = client.get("/api/files/handbook.txt")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert response.text.startswith("The handbook of the edge\n")
    assert "content-disposition" not in response.headers


def test_or_saved_under_its_name(client: RouteClient) -> None:
    response = client.get("/api/files/prices.csv?download=true")
    assert response.headers["content-disposition"] == 'attachment; filename="prices.csv"'


def test_a_download_that_broke_off_goes_on(client: RouteClient) -> None:
    whole = client.get("/api/files/prices.csv")
    rest = client.get("/api/files/prices.csv", headers={"range": "bytes=20-", "if-range": whole.headers["etag"]})
    assert (rest.status_code, rest.content) == (206, whole.content[20:])
    assert rest.headers["content-range"] == f"bytes 20-{len(whole.content) - 1}/{len(whole.content)}"


def test_who_has_the_file_gets_no_second_copy(client: RouteClient) -> None:
    whole = client.get("/api/files/handbook.txt")
    again = client.get("/api/files/handbook.txt", headers={"if-none-match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["nothing", "..%2Froute.py", "%2Fetc%2Fpasswd"])
def test_no_name_leads_out_of_the_folder(client: RouteClient, name: str) -> None:
    assert client.get(f"/api/files/{name}").status_code == 404
