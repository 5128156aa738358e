"""What `edgeroutes explain` says, held against what the running server does with the same requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.cli.invoke import read_target
from edgeroutes.dev.explanation import Explanation, explain
from edgeroutes.dev.project import Project
from edgeroutes.pipeline import plan_project
from tests.dev.serving import serving, write_files

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "pyproject.toml": "[tool.edgeroutes]\nname = 'shop'\nbase_path = '/shop'\n",
    "products/[id]": """
        from edgeroutes import cookies

        revalidate = 60
        tags = ["products"]

        async def GET(id: str):
            return {"id": id}

        async def PUT(id: str):
            return {"user": cookies().get("user")}
    """,
    "me": "from edgeroutes import Request\nrevalidate = 60\n\ndef GET(request: Request):\n    return request.headers['host']\n",
    "static": "dynamic = 'force-static'\n\ndef GET():\n    return 'x'\n",
    "plain": "def GET():\n    return 'x'\n",
    "listed/[id]": "dynamic_params = False\n\ndef generate_static_params():\n    return [{'id': 'a'}]\n\ndef GET(id):\n    return id\n",
    "fails": "raise SystemExit('explain runs nothing')\n\ndef GET():\n    return ''\n",
    "mounted/[[...path]]": "raise SystemExit('explain runs nothing')\n\napp = object()\n",
    "functions/products/middleware.py": (
        "async def middleware(request, call_next):\n    request.headers\n    return await call_next(request)\n"
    ),
}


def explained(root: Path, target: str, method: str = "GET", *headers: str) -> Explanation:
    def read(file: str) -> str:
        return (root / file).read_text()

    return explain(Project(root), plan_project(root), read_target(method, target, headers), read)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_files(tmp_path, FILES)
    return tmp_path


def test_a_cached_route_with_all_that_may_change_its_response(root: Path) -> None:
    found = explained(root, "/shop/products/a%20b?page=2", "GET", "Accept-Encoding: gzip, br")
    assert found.handler == "GET in functions/products/[id]/route.py:7"
    assert (found.logical_id, found.params, found.status) == ("ProductsIdFunction", {"id": "a b"}, None)
    assert (found.allow, found.middleware_files) == ("GET, HEAD, OPTIONS, PUT", ("functions/products/middleware.py",))
    assert found.caching.key == "GET /shop/products/a%20b?page=2 + accept-encoding: br,gzip"
    assert found.caching.lifetime_seconds == 60
    assert found.caching.source == ("functions/products/[id]/route.py:4 sets revalidate = 60",)
    assert found.caching.exceptions[0] == (
        "functions/products/middleware.py:2 reads headers: then the response is not cached"
    )
    assert not any("cookies" in each for each in found.caching.exceptions), "PUT reads them, not GET"
    assert found.caching.tags == ("products", "_path:/products/a%20b")


CANONICAL = "edgeroutes: the path is not canonical, so it redirects"


@pytest.mark.parametrize(
    ("request_line", "status", "response", "location"),
    [
        ("GET /shop/products/1/", 308, CANONICAL, "/shop/products/1"),
        ("GET /shop//plain?a=1", 308, CANONICAL, "/shop/plain?a=1"),
        ("GET /shop/nope", 404, "no route has this path", ""),
        ("GET /plain", 404, "no route has this path", ""),
        ("GET /shop/products/%zz", 400, "path segment '%zz' is not percent-encoded UTF-8", ""),
        ("POST /shop/plain", 405, "edgeroutes: functions/plain/route.py does not export POST", ""),
        ("OPTIONS /shop/plain", 204, "edgeroutes, with the route's methods", ""),
        ("TRACE /shop/plain", 400, "edgeroutes: TRACE is not a method that a route can export", ""),
    ],
)
def test_what_no_handler_serves(root: Path, request_line: str, status: int, response: str, location: str) -> None:
    method, target = request_line.split()
    found = explained(root, target, method)
    assert (found.status, found.handler, found.location) == (status, response, location)
    assert (found.caching.lifetime_seconds, found.caching.key) == (None, "")


@pytest.mark.parametrize(
    ("target", "because", "lifetime"),
    [
        ("/shop/static", ("functions/static/route.py:1 sets dynamic = 'force-static'",), 31_536_000),
        (
            "/shop/plain",
            ("functions/plain/route.py has neither revalidate nor dynamic nor generate_static_params",),
            None,
        ),
        ("/shop/listed/a", ("functions/listed/[id]/route.py:3 has generate_static_params",), 31_536_000),
    ],
)
def test_which_line_decides(root: Path, target: str, because: tuple[str, ...], lifetime: int | None) -> None:
    caching = explained(root, target).caching
    assert (caching.source, caching.lifetime_seconds) == (because, lifetime)


def test_what_depends_on_the_run_is_reported(root: Path) -> None:
    assert explained(root, "/shop/me").caching.exceptions[0] == (
        "functions/me/route.py:5 reads headers: then the response is not cached"
    )
    assert "generate_static_params does not list the path: 404" in explained(root, "/shop/listed/b").caching.exceptions


def test_nothing_of_the_authors_is_run(root: Path) -> None:
    assert explained(root, "/shop/fails").handler == "GET in functions/fails/route.py:3"
    for target in ("/shop/mounted/a/", "/shop/mounted//b"):
        assert explained(root, target, "PATCH").handler == "app in functions/mounted/[[...path]]/route.py:3"


def test_a_url_is_a_request_for_its_host(root: Path) -> None:
    found = explained(root, "https://www.example.com/shop/plain?a=1")
    assert (found.target, found.caching.key) == ("/shop/plain?a=1", "GET /shop/plain?a=1")


def test_the_running_server_does_what_was_explained(root: Path) -> None:
    asked = [
        "/shop/products/1",
        "/shop/me",
        "/shop/static",
        "/shop/plain",
        "/shop/nope",
        "/shop/plain/",
        "/shop/listed/a",
    ]
    runs: dict[str, Any] = {}
    with serving(root, {}) as served:
        for target in asked:
            response = served.get(target)
            said = response.headers.get("x-origin-cache-control")
            runs[target] = (response.status_code, said, response.headers.get("location", ""))
    for target in asked:
        found = explained(root, target)
        is_dynamic = any(" reads " in each for each in found.caching.exceptions)
        expected = "private, no-store" if is_dynamic else found.caching.cache_control
        assert runs[target] == (found.status or 200, expected, found.location), target
