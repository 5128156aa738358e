from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from edgeroutes.services.revalidation import use_invalidator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeroutes.testing import RouteClient

pytestmark = pytest.mark.usefixtures("aws")


def test_a_folder_with_a_dot_is_a_url_with_a_dot(client: RouteClient) -> None:
    response = client.get("/rss.xml")
    assert response.headers["content-type"] == "application/rss+xml; charset=utf-8"
    channel = ElementTree.fromstring(response.text)[0]
    assert [item.findtext("title") for item in channel.iter("item")][:2] == [
        "Version 0.1 & what is next",
        "Streaming responses",
    ]
    assert channel.findtext("item/link") == "https://testserver/api/posts/4"
    assert channel.findtext("item/pubDate") == "Mon, 20 Apr 2026 16:45:00 +0000"


def test_the_sitemap_lists_pages_under_the_requested_host(client: RouteClient) -> None:
    response = client.get("/sitemap.xml", headers={"Host": "www.example.org"})
    assert response.headers["content-type"] == "application/xml"
    places = [
        place.text
        for place in ElementTree.fromstring(response.text).iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")
    ]
    assert places[:3] == [
        "https://www.example.org/",
        "https://www.example.org/pricing",
        "https://www.example.org/api/posts/1",
    ]


def test_a_new_or_deleted_post_invalidates_the_feed_and_the_sitemap(ada: RouteClient) -> None:
    invalidated: list[str] = []

    class Cdn:
        def invalidate(self, items: Sequence[str]) -> None:
            invalidated.extend(items)

    end = use_invalidator(Cdn())
    new = {"title": "Fresh", "body": "From the press.", "category": "news", "tags": []}
    location = ada.post("/api/posts", json=new).headers["location"]
    ada.delete(location)
    end()
    assert invalidated == ["#posts", "#posts"]


def test_both_are_cached_for_an_hour_under_the_tag_of_what_they_list(client: RouteClient) -> None:
    for path in ("/rss.xml", "/sitemap.xml"):
        headers = client.get(path).headers
        assert headers["cache-control"].startswith("public, s-maxage=3600,")
        assert headers["x-cache-tag"] == f"posts,_path:{path}"
