"""Apps and ASGI middleware never see a cookie as `__Host-…` or `__Secure-…` that browsers do not protect as one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from edgeroutes.dev.gateway import HttpRequest
from edgeroutes.http.cookies import without_forged_prefixes
from edgeroutes.testing.adapters import ADAPTERS
from tests.fakes.project import RouteProject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

APP = """
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def index(request):
        return JSONResponse(request.cookies)

    app = Starlette(routes=[Route("/{rest:path}", index)])
"""
MIDDLEWARE = """
    from starlette.requests import Request
    from starlette.responses import JSONResponse

    from edgeroutes import asgi_middleware

    class ShowCookies:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            await JSONResponse(Request(scope).cookies)(scope, receive, send)

    middleware = asgi_middleware(ShowCookies)
"""
FILES = {
    "bare/[[...path]]/route.py": APP,
    "behind/[[...path]]/route.py": APP,
    "behind/middleware.py": "async def middleware(request, call_next):\n    return await call_next(request)\n",
    "asgi/route.py": "def GET():\n    return {}\n",
    "asgi/middleware.py": MIDDLEWARE,
}
# `str.strip()` takes off each of these, and so do Starlette, Django and Werkzeug.
SPACES = ["\xa0", "\x85", "\x1c", "\x1f", "\x0b", "\x0c", "\xa0 \t\x85", "\u2000", "\u3000", "\u2028", "\u1680"]


@pytest.fixture(scope="module", params=[*ADAPTERS])
def cookies(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., object]]:
    """What an app at a path makes of Cookie headers."""
    root: Path = tmp_path_factory.mktemp("cookies")
    project = RouteProject(root, FILES, needs_loop=True)
    adapter = ADAPTERS[request.param](project.manifest(), str(root), debug=False)

    def read(path: str, *headers: str) -> object:
        if request.param == "asgi":  # whose bytes another server may have made of UTF-8
            headers = tuple(
                each.encode("utf-8" if max(each) > "\xff" else "latin-1").decode("latin-1") for each in headers
            )
        sent = [("host", "example.org"), *(("cookie", each) for each in headers)]
        response = adapter.send(HttpRequest(method="GET", path=path, headers=sent))
        assert response.status == 200
        return json.loads(b"".join(response.chunks))

    yield read
    adapter.close()
    project.close()


@pytest.mark.parametrize("path", ["/bare/x", "/behind/x", "/asgi"])
@pytest.mark.parametrize("space", SPACES, ids=ascii)
def test_white_space_in_front_forges_no_prefix(cookies: Callable[..., object], path: str, space: str) -> None:
    assert cookies(path, f"__Host-a=good; b=1; {space}__Host-a=evil; {space}__secure-c=evil") == {
        "__Host-a": "good",
        "b": "1",
    }
    assert cookies(path, f"{space}__Host-a=evil") == {}


@pytest.mark.parametrize("path", ["/bare/x", "/behind/x", "/asgi"])
def test_other_cookies_arrive_as_they_are(cookies: Callable[..., object], path: str) -> None:
    assert cookies(path, "a__Host-a=1;  __Host-b=2; c=__Host-a; __d=4;e") == {
        "a__Host-a": "1", "__Host-b": "2", "c": "__Host-a", "__d": "4", "": "e",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("header", "safe"),
    [
        ("a=1; b=2", "a=1; b=2"),
        ("a=1;__Host-b=2", "a=1;__Host-b=2"),
        ("\t__Host-b=2", "\t__Host-b=2"),
        ('"__Host-b"=2; a=1', " a=1"),
        ("\xe2\x80\x80__Http-b=2; a=1", " a=1"),
        ("a=1; \xa0__HOST-HTTP-b=2", "a=1"),
        ("\xa0__Host-b", ""),
        ("\xa0__b=1", "\xa0__b=1"),
    ],
)
def test_what_stands_in_front_of_a_prefix_makes_a_pair_forged(header: str, safe: str) -> None:
    assert without_forged_prefixes(header) == safe
