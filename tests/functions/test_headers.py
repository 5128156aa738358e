from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


def test_a_header_is_read_with_the_function_and_one_is_set_on_the_answer(client: RouteClient) -> None:
    answer = client.get("/api/headers", headers={"Accept-Language": "fr"})
    assert answer.json() == {"language": "fr"}
    assert answer.headers["x-request-id"]
    assert answer.headers["vary"] == "accept-language"


def test_who_reads_headers_gets_an_answer_that_nobody_caches(client: RouteClient) -> None:
    assert client.get("/api/headers").headers["cache-control"] == "private, no-store"


def test_a_header_is_an_argument_and_repeated_ones_come_apart(client: RouteClient) -> None:
    sent = [("User-Agent", "tests/1.0"), ("Accept", "text/html"), ("ACCEPT", "*/*")]
    answer = client.post("/api/headers", headers=sent)
    assert answer.json() == {"user_agent": "tests/1.0", "accept": ["text/html", "*/*"]}
    assert answer.headers.getlist("x-part") == ["one", "two"]


def test_a_header_that_is_absent_has_the_default(client: RouteClient) -> None:
    assert client.post("/api/headers").json() == {"user_agent": "unknown", "accept": []}
