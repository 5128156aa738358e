"""A returning visitor in a real Chromium: what its own cache keeps must not outlive an invalidation in the CDN.

Source: decisions.md, "Two audiences for Cache-Control": without the viewer-response rule the browser shows v1 v1 v2 v3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dev.serving import serving, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dev.serving import Served
    from tests.system.browser import Page

pytestmark = pytest.mark.system

VERSIONED = """
    from edgeroutes import Response, revalidate_tag

    revalidate = 60
    tags = ["page"]
    version = 1

    def GET():
        return Response.html(f"<!doctype html><title>v{version}</title>")

    def POST():
        global version
        version += 1
        revalidate_tag("page")
        return Response(None, 204)
"""

FILES = {"page": VERSIONED, "elsewhere": "def GET():\n    return 'elsewhere'\n"}


def visits(served: Served, page: Page) -> list[str]:
    """What a visitor sees who comes back after each change: as a page, and as what a page's JavaScript fetches."""
    url, elsewhere = (str(served.client.base_url.join(path)) for path in ("/page", "/elsewhere"))
    seen = []
    for number in range(4):
        if number:
            served.client.post("/page")
            until(lambda count=number: served.server.cdn is None or invalidations(served) == count)
        page.navigate(elsewhere)
        fetched = page.evaluate(f"(await (await fetch({url!r})).text()).match(/v\\d/)[0]")
        page.navigate(url)
        seen.append(f"{page.evaluate('document.title')} {fetched}")
    return seen


def invalidations(served: Served) -> int:
    return sum(report.message.startswith("CDN cache invalidated") for report in served.told.logged)


def test_after_revalidation_a_returning_visitor_sees_the_new_response_at_the_next_request(
    tmp_path: Path, page: Page
) -> None:
    with serving(tmp_path, FILES) as served:
        assert visits(served, page) == ["v1 v1", "v2 v2", "v3 v3", "v4 v4"]


def test_without_the_viewer_response_rule_the_browser_stays_behind(tmp_path: Path, page: Page) -> None:
    """The case that the rule is for: what the function says to CloudFront would have a browser serve what it kept."""
    with serving(tmp_path, FILES, cdn=False) as served:
        assert visits(served, page) != ["v1 v1", "v2 v2", "v3 v3", "v4 v4"]


def test_a_visitor_who_comes_back_to_the_same_response_gets_it_from_his_own_cache_by_a_304(
    tmp_path: Path, page: Page
) -> None:
    with serving(tmp_path, FILES) as served:
        url = str(served.client.base_url.join("/page"))
        first = page.navigate(url)
        page.navigate(str(served.client.base_url.join("/elsewhere")))
        second = page.navigate(url)
        title = page.evaluate("document.title")
    assert (first.status, first.headers["x-cache"]) == (200, "Miss from cloudfront")
    assert (second.status, second.headers["x-cache"], title) == (304, "Hit from cloudfront", "v1")
