"""A real Chromium in front of the dev server: what the other tests with a browser stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dev.serving import serving
from tests.system.browser import BrowserError
from tests.system.emulator import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dev.serving import Served
    from tests.system.browser import Page

pytestmark = pytest.mark.system
FILES = {
    "(site)": """
        from edgeroutes import Response

        def GET():
            return Response.html("<!doctype html><title>Home</title><p>☃</p>")
    """,
    "old": """
        from edgeroutes import redirect

        def GET():
            redirect("/?from=old")
    """,
    "kept": """
        from edgeroutes import Request, Response

        def GET(request: Request):
            tag = '"v1"'
            fresh = request.headers.get("if-none-match") == tag
            headers = {"etag": tag, "cache-control": "private, max-age=600"}
            return Response(None, 304, headers) if fresh else Response("kept", 200, headers)
    """,
    "broken": """
        def GET():
            raise KeyError("<the cause>")
    """,
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("project"), FILES) as served:
        yield served


@pytest.fixture
def site(served: Served) -> str:
    return f"http://127.0.0.1:{served.server.port}"


def test_a_page_is_shown_and_its_javascript_responds(page: Page, site: str) -> None:
    response = page.navigate(f"{site}/old")
    assert (response.url, response.status) == (f"{site}/?from=old", 200)
    assert [(each.url, each.status) for each in page.received][:2] == [(f"{site}/old", 307), (response.url, 200)]
    assert page.evaluate("[document.title, document.querySelector('p').textContent]") == ["Home", "☃"]
    assert page.evaluate("const response = await fetch('/kept'); [response.status, await response.text()]") == [
        200,
        "kept",
    ]
    page.evaluate("setTimeout(() => { document.title = 'Later' }, 50)")
    page.wait_for("document.title === 'Later'")
    page.reload()
    assert page.evaluate("document.title") == "Home"


def test_the_browsers_cache_and_what_went_over_the_wire_are_distinguished(page: Page, site: str) -> None:
    page.navigate(site)
    seen = [
        page.evaluate(f"(await fetch('/kept', {{cache: '{mode}'}})).status")
        for mode in ("reload", "default", "no-cache")
    ]
    assert seen == [200, 200, 200]
    kept = [each for each in page.received if each.url == f"{site}/kept"]
    assert [(each.status, each.from_cache) for each in kept] == [(200, False), (200, True), (304, False)]
    assert kept[0].headers["etag"] == '"v1"'


def test_the_error_page_shows_the_cause_as_text(page: Page, site: str) -> None:
    assert page.navigate(f"{site}/broken").status == 500
    assert page.evaluate("document.querySelector('.what').textContent") == "KeyError: '<the cause>'"


def test_the_error_page_shows_the_source_and_reloads_itself_when_it_is_saved(
    page: Page, site: str, served: Served
) -> None:
    page.navigate(f"{site}/broken")
    assert page.evaluate("document.querySelector('figcaption').textContent") == "functions/broken/route.py:3 in GET"
    assert page.evaluate("document.querySelector('.here').textContent").split() == [
        "3",
        "raise",
        'KeyError("<the',
        'cause>")',
    ]
    assert "request " in page.evaluate("document.querySelector('small').textContent")
    served.saved({"broken": "def GET():\n    return 'fixed'\n"})
    page.wait_for("document.body.textContent === 'fixed'")
    served.saved({"broken": FILES["broken"]})


def test_a_path_without_a_route_shows_the_routes_and_what_may_be_meant(page: Page, site: str, served: Served) -> None:
    assert page.navigate(f"{site}/keptt").status == 404
    assert (
        page.evaluate("document.querySelector('.what').textContent") == "No route matches /keptt. Did you mean /kept?"
    )
    assert "/kept" in page.evaluate("[...document.querySelectorAll('a')].map(each => each.getAttribute('href'))")
    served.saved({"keptt": "def GET():\n    return 'made'\n"})
    page.wait_for("document.body.textContent === 'made'")


def test_what_goes_wrong_in_a_page_is_reported(page: Page, site: str) -> None:
    page.navigate(site)
    with pytest.raises(BrowserError, match="TypeError: no"):
        page.evaluate("await Promise.reject(new TypeError('no'))")
    page.evaluate("console.log('one', 2); setTimeout(() => { throw new RangeError('late') })")
    page.evaluate("await fetch('/nowhere'); await new Promise(done => setTimeout(done, 10))")
    assert page.console[:1] == ["log: one 2"]
    assert any(line.startswith("error: RangeError: late") for line in page.console)
    assert "error: Failed to load resource: the server responded with a status of 404 (Not Found)" in page.console
    with pytest.raises(BrowserError, match="ERR_CONNECTION_REFUSED"):
        page.navigate(f"http://127.0.0.1:{free_port()}/")
