"""CORS as a page meets it: a real Chromium, `edgeroutes dev`, and pages of two other origins on ports of their own."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.dev.gateway import Limits
from tests.dev.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.browser import Page

pytestmark = pytest.mark.system

ROUTE = """
    from collections.abc import Iterator

    from edgeroutes import CORS, Request, Response, cookies, not_found

    cors = {cors}

    def GET(request: Request, kind: str = "") -> object:
        if kind == "missing":
            not_found()
        if kind == "raised":
            1 / 0
        if kind == "moved":
            return Response.redirect("{path}?kind=there")
        if kind == "who":
            return {{"cookie": request.cookies.get("who")}}
        return Response.json({{"kind": kind}}, headers={{"x-total": "3", "x-secret": "4"}})

    def POST(request: Request) -> dict[str, str]:
        cookies().set("who", "ada", same_site="lax")
        return {{"type": request.headers.get("content-type", "")}}

    def PUT(request: Request) -> dict[str, str]:
        return {{"trace": request.headers.get("x-trace", "")}}
"""
STREAM = """
    from collections.abc import Iterator

    from edgeroutes import CORS

    cors = {cors}

    def GET() -> Iterator[str]:
        yield "one "
        yield "two"
"""
KEPT = """
    from edgeroutes import CORS

    cors = {cors}
    revalidate = 600
    count = 0

    def GET() -> str:
        global count
        count += 1
        return f"made {{count}}"
"""
# What a page does → what it sees where it is allowed. 413 is the gateway's own, before any function.
DONE: dict[str, tuple[str, Any]] = {
    "simple": ("fetch(url).then(seen)", [200, '{"kind":""}']),
    "exposed": ("fetch(url).then(a => [a.headers.get('x-total'), a.headers.get('x-secret')])", ["3", None]),
    "simple post": (
        "fetch(url, {method: 'POST', body: 'a=1'}).then(seen)",
        [200, '{"type":"text/plain;charset=UTF-8"}'],
    ),
    "json": (
        "fetch(url, {method: 'POST', body: '{}', headers: {'content-type': 'application/json'}}).then(seen)",
        [200, '{"type":"application/json"}'],
    ),
    "preflighted": ("fetch(url, {method: 'PUT', headers: {'X-Trace': '7'}}).then(seen)", [200, '{"trace":"7"}']),
    "a header not allowed": ("fetch(url, {headers: {'x-other': '7'}}).then(seen)", "TypeError"),
    "a method not exported": ("fetch(url, {method: 'DELETE'}).then(seen)", "TypeError"),
    "a method in small letters": ("fetch(url, {method: 'patch'}).then(seen)", "TypeError"),
    "404 of a handler": ("fetch(url + '?kind=missing').then(a => a.status)", 404),
    "404 of a path": ("fetch(url + '/no').then(a => a.status)", 404),
    "500": ("fetch(url + '?kind=raised').then(a => a.status)", 500),
    "413": ("fetch(url, {method: 'POST', body: 'x'.repeat(3000)}).then(a => a.status)", 413),
    "a redirect": ("fetch(url + '?kind=moved').then(seen)", [200, '{"kind":"there"}']),
    "the canonical path": ("fetch(url + '/').then(seen)", [200, '{"kind":""}']),
    "preflighted to the canonical path": ("fetch(url + '/', {method: 'PUT'}).then(seen)", [200, '{"trace":""}']),
    "streamed": ("fetch(url + '-stream').then(seen)", [200, "one two"]),
    "405": ("fetch(url + '-stream', {method: 'POST'}).then(a => a.status)", 405),
}
PAGE = """
<!doctype html><title>page</title><script>
async function seen(response) { return [response.status, await response.text()]; }
async function tried(what, url) {
  try { return await what(url); } catch (error) { return error.name; }
}
</script>
"""


class PageHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def pages() -> Iterator[str]:
    """A server of one page; its origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), PageHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Places:
    """Where the pages are, and the API."""

    def __init__(self, allowed: str, also: str, refused: str, api: str) -> None:
        self.allowed = allowed
        self.also = also
        self.refused = refused
        self.api = api


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    with ExitStack() as open_ones:
        allowed, also, refused = (open_ones.enter_context(pages()) for _ in range(3))
        one = f"CORS({allowed!r}, headers=['x-trace'], expose='x-total', credentials=True)"
        two = one.replace(repr(allowed), repr([allowed, also]))
        everybody = "CORS('*', headers=['x-trace'], expose='x-total')"
        files = {
            "pyproject.toml": f"[tool.edgeroutes.cors]\norigins = {allowed!r}\ncredentials = true\n",
            **{name: ROUTE.format(cors=cors, path=f"/{name}") for name, cors in (("one", one), ("two", two))},
            **{f"{name}-stream": STREAM.format(cors=cors) for name, cors in (("one", one), ("two", two))},
            "two-kept": KEPT.format(cors=two.replace("'x-total'", "'x-cache'")),
            "all": ROUTE.format(cors=everybody, path="/all"),
            "closed": ROUTE.format(cors="False", path="/closed"),
        }
        served = open_ones.enter_context(
            serving(tmp_path_factory.mktemp("project"), files, limits=Limits(request_body_bytes=2000))
        )
        yield Places(allowed, also, refused, f"http://127.0.0.1:{served.server.port}")


def tried(page: Page, expression: str, url: str) -> Any:
    return page.evaluate(f"await tried(url => {expression}, {url!r})")


@pytest.mark.parametrize("what", DONE)
def test_a_page_of_an_allowed_origin_sees_the_response_and_another_sees_nothing(
    what: str, page: Page, places: Places
) -> None:
    expression, expected = DONE[what]
    page.navigate(places.allowed)
    assert tried(page, expression, f"{places.api}/one") == expected
    page.navigate(places.refused)
    assert tried(page, expression, f"{places.api}/one") == "TypeError"


@pytest.mark.parametrize("what", [what for what in DONE if what not in {"413", "404 of a path"}])
def test_each_of_two_origins_sees_it(what: str, page: Page, places: Places) -> None:
    """But for the errors that no route makes: API Gateway, here, says one origin or none."""
    expression, expected = DONE[what]
    for origin in (places.allowed, places.also):
        page.navigate(origin)
        assert tried(page, expression, f"{places.api}/two") == expected
    page.navigate(places.refused)
    assert tried(page, expression, f"{places.api}/two") == "TypeError"


def test_everybody_may_read_what_is_for_everybody_and_nobody_what_is_closed(page: Page, places: Places) -> None:
    page.navigate(places.refused)
    for what in ("simple", "exposed", "json", "preflighted", "500"):
        expression, expected = DONE[what]
        assert tried(page, expression, f"{places.api}/all") == expected
        assert tried(page, expression, f"{places.api}/closed") == "TypeError"


@pytest.mark.parametrize("route", ["one", "two"])
def test_requests_with_cookies_are_for_who_may_send_them(route: str, page: Page, places: Places) -> None:
    post = "fetch(url, {method: 'POST', credentials: 'include'}).then(a => a.status)"
    who = "fetch(url + '?kind=who', {credentials: 'include'}).then(seen)"

    page.navigate(places.allowed)
    assert tried(page, post, f"{places.api}/{route}") == 200
    assert tried(page, who, f"{places.api}/{route}") == [200, '{"cookie":"ada"}']
    assert tried(page, who, f"{places.api}/all") == "TypeError"  # '*' is for requests without

    page.navigate(places.refused)
    assert tried(page, who, f"{places.api}/{route}") == "TypeError"


def test_a_sandboxed_frame_whose_origin_is_null_is_everybody_and_no_one(page: Page, places: Places) -> None:
    page.navigate(places.allowed)
    script = f"Promise.all(['one', 'two', 'all'].map(n => fetch('{places.api}/' + n).then(a => a.status, e => e.name)))"
    page.evaluate(f"""
        window.told = null;
        addEventListener('message', event => window.told = event.data);
        const frame = document.createElement('iframe');
        frame.sandbox = 'allow-scripts';
        frame.srcdoc = `<script>{script}.then(told => parent.postMessage(told, '*'))</` + `script>`;
        document.body.append(frame);
    """)
    page.wait_for("window.told")
    assert page.evaluate("window.told") == ["TypeError", "TypeError", 200]


def test_what_the_browsers_cache_keeps_for_one_origin_is_not_given_to_another(page: Page, places: Places) -> None:
    """Both pages have one host, so that they share a cache: `Vary` is what keeps their responses apart."""
    for origin in (places.allowed, places.also, places.allowed):
        page.navigate(origin)
        assert tried(page, "fetch(url, {cache: 'force-cache'}).then(a => a.status)", f"{places.api}/two?kept") == 200
    page.navigate(places.refused)
    kept = tried(page, "fetch(url, {cache: 'force-cache'}).then(a => a.status)", f"{places.api}/two?kept")
    assert kept == "TypeError"


KEEPING = "fetch(url, {cache: 'no-store'}).then(async a => [a.headers.get('x-cache').split(' ')[0], await a.text()])"


def test_what_the_cdn_keeps_for_one_origin_is_not_given_to_another(page: Page, places: Places) -> None:
    """The browser keeps nothing here, so that each response is the CDN's."""
    seen = []
    for origin in (
        places.refused,
        places.allowed,
        places.allowed,
        places.also,
        places.refused,
        places.also,
        places.allowed,
    ):
        page.navigate(origin)
        seen.append(tried(page, KEEPING, f"{places.api}/two-kept"))
    assert seen == [
        "TypeError",
        ["Miss", "made 2"],
        ["Hit", "made 2"],
        ["Miss", "made 3"],
        "TypeError",
        ["Hit", "made 3"],
        ["Hit", "made 2"],
    ]


def test_the_browser_says_what_the_preflight_lacked(page: Page, places: Places) -> None:
    page.navigate(places.allowed)
    tried(page, DONE["a header not allowed"][0], f"{places.api}/one")
    tried(page, DONE["a method not exported"][0], f"{places.api}/one")
    page.wait_for("true")
    said = " ".join(page.console)
    assert "Request header field x-other is not allowed by Access-Control-Allow-Headers in preflight response" in said
    assert "Method DELETE is not allowed by Access-Control-Allow-Methods in preflight response" in said
