from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


def test_a_catch_all_takes_one_segment_or_several(client: RouteClient) -> None:
    assert client.get("/api/docs/start").text == "# Start\n"
    assert client.get("/api/docs/guides/routing/catch-all").text == "# Catch-all segments\n"


def test_it_does_not_take_none(client: RouteClient) -> None:
    assert client.get("/api/docs").status_code == 404


def test_only_generated_pages_exist_and_all_are_cached_until_revalidated(client: RouteClient) -> None:
    page = client.get("/api/docs/guides/routing")
    assert (page.status_code, page.headers["cache-control"]) == (200, "public, s-maxage=31536000")
    assert page.headers["content-type"] == "text/markdown; charset=utf-8"
    assert client.get("/api/docs/guides").status_code == 404


def test_a_trailing_slash_is_redirected_to_the_canonical_path(client: RouteClient) -> None:
    response = client.get("/api/docs/start/?q=1")
    assert (response.status_code, response.headers["location"]) == (308, "/api/docs/start?q=1")
