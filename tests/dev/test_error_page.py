from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from edgeroutes.dev.error_page import close_paths, for_browser, prefers_html, without_route
from edgeroutes.dev.gateway import HttpResponse
from edgeroutes.dev.reports import RouteLine

if TYPE_CHECKING:
    from pathlib import Path

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("text/html;q=0.5, application/json;q=0.4", True),
        ("text/html;q=0.5, application/json", False),
        ("application/problem+json, text/html;q=0.9", False),
        ("*/*", False),
        ("application/json", False),
        ("text/html;q=0", False),
        ("text/html;q=wrong", False),
        ("", False),
    ],
)
def test_who_prefers_a_page(accept: str, html: bool) -> None:
    assert prefers_html(accept) is html


def problem(status: int = 500, **members: object) -> HttpResponse:
    document = {
        "title": "Internal Server Error",
        "status": status,
        "detail": "ValueError: <b>",
        "instance": "/a",
        **members,
    }
    headers = [("content-type", "application/problem+json"), ("cache-control", "private, no-store")]
    return HttpResponse(status=status, headers=headers, body=json.dumps(document).encode())


def test_a_page_has_the_error_and_its_source_and_nothing_of_them_is_markup(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def GET():\n    return '<i>'\n")
    page = for_browser(problem(traceback=["a.py:2 in GET: <i>", "elsewhere.py:1 in <b>: <i>"]), BROWSER, tmp_path)
    assert page.headers == [("content-type", "text/html; charset=utf-8"), ("cache-control", "private, no-store")]
    text = page.body.decode()
    assert "<title>500 Internal Server Error</title>" in text
    assert '<pre class="what">ValueError: &lt;b&gt;</pre>' in text
    assert "<pre>elsewhere.py:1 in &lt;b&gt;: &lt;i&gt;</pre>" in text
    assert "<figcaption>a.py:2 in GET</figcaption>" in text
    assert "<span class=here><i>    2</i>      return &#x27;&lt;i&gt;&#x27;</span>" in text


@pytest.mark.parametrize("place", ["../secret.py:1", "/etc/passwd:1", ".env:1", "link.py:1"])
def test_no_file_outside_of_the_project_and_no_secret_is_shown(tmp_path: Path, place: str) -> None:
    root = tmp_path / "project"
    root.mkdir()
    for path in (tmp_path / "secret.py", root / ".env"):
        path.write_text("SECRET = 1\n")
    (root / "link.py").symlink_to(tmp_path / "secret.py")
    page = for_browser(problem(problems=[f"{place}: it is wrong"]), BROWSER, root).body.decode()
    assert (f"<pre>{place}: it is wrong</pre>" in page, "SECRET" in page, "root:" in page) == (True, False, False)


ROUTES = [
    RouteLine(methods=("GET", "POST"), path="/api/posts", source_file="functions/api/posts/route.py"),
    RouteLine(methods=("GET",), path="/api/posts/[id]", source_file="functions/api/posts/[id]/route.py"),
    RouteLine(methods=("GET",), path="/about", source_file="functions/about/route.py"),
]


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/api/post", ["/api/posts"]),
        ("/api/post/7", ["/api/posts/[id]"]),
        ("/abuot", ["/about"]),
        ("/", []),
        ("/nothing/like/it", []),
    ],
)
def test_the_closest_paths_are_found_with_segments_filled_in(path: str, near: list[str]) -> None:
    assert close_paths(path, [each.path for each in ROUTES]) == near


def test_a_path_without_a_route_lists_all_in_a_browser_and_the_closest_for_programs() -> None:
    response = problem(status=404)
    page = without_route(response, BROWSER, ROUTES, "/abuot").body.decode()
    assert "No route matches /abuot. Did you mean /about?" in page
    assert '<td>GET</td><td><a href="/about">/about</a></td><td>functions/about/route.py</td>' in page
    assert "<td>/api/posts/[id]</td>" in page
    assert json.loads(without_route(response, "*/*", ROUTES, "/abuot").body)["did_you_mean"] == ["/about"]
    assert without_route(response, "*/*", ROUTES, "/other") is response


@pytest.mark.parametrize(
    ("response", "accept"),
    [
        (problem(traceback=[]), "*/*"),
        (problem(status=404, traceback=[]), BROWSER),
        (problem(), BROWSER),
        (HttpResponse(status=500, headers=[("content-type", "application/json")], body=b"{}"), BROWSER),
    ],
    ids=["another client", "no 500", "the handler's own 500", "no problem"],
)
def test_anything_else_stays_as_it_is(response: HttpResponse, accept: str, tmp_path: Path) -> None:
    assert for_browser(response, accept, tmp_path) is response
