from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


def test_a_header_is_read_with_the_function_and_set_on_the_response(client: RouteClient) -> None:
    response = client.get("/api/headers", headers={"Accept-Language": "fr"})
    assert response.json() == {"language": "fr"}
    assert response.headers["x-request-id"]
    assert response.headers["vary"] == "accept-language"


def test_a_response_that_reads_headers_is_not_cached(client: RouteClient) -> None:
    assert client.get("/api/headers").headers["cache-control"] == "private, no-store"


def test_a_header_is_an_argument_and_repeated_headers_stay_separate(client: RouteClient) -> None:
    sent = [("User-Agent", "tests/1.0"), ("Accept", "text/html"), ("ACCEPT", "*/*")]
    response = client.post("/api/headers", headers=sent)
    assert response.json() == {"user_agent": "tests/1.0", "accept": ["text/html", "*/*"]}
    assert response.headers.getlist("x-part") == ["one", "two"]


def test_a_header_that_is_absent_has_the_default(client: RouteClient) -> None:
    assert client.post("/api/headers").json() == {"user_agent": "unknown", "accept": []}
