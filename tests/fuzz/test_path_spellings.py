"""No spelling of a path reaches code that a matcher names without its middleware: through every adapter, and through dev's socket."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgeroutes.dev.gateway import HttpRequest
from edgeroutes.testing.adapters import ADAPTERS
from tests.dev.serving import serving
from tests.fakes.project import RouteProject
from tests.fuzz.profile import fuzzed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ask = Callable[[str], tuple[int, bool, str]]

GUARD = """
matcher = ["/api/admin", "/legacy/admin/[[...rest]]", "/legacy/[team]/secret", "/files/private/[[...rest]]"]

async def middleware(request, call_next):
    response = await call_next(request)
    response.headers["x-guarded"] = "1"
    return response
"""
# What is behind the matcher says so by itself: it judges by what it reads of the path, as real code does.
API = "def GET(resource):\n    return 'GUARDED' if resource == 'admin' else 'open'\n"
FILES = """
import posixpath

def GET(path: list[str]):
    wanted = posixpath.normpath("/".join(path))
    return 'GUARDED' if wanted.split("/")[0] == "private" else 'open'
"""
LEGACY = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

async def guarded(request):
    return PlainTextResponse("GUARDED")

async def fallback(request):
    return PlainTextResponse("open")

async def secret(request):
    return PlainTextResponse("open" if "/" in request.path_params["team"] else "GUARDED")

app = Starlette(routes=[
    Route("/admin", guarded),
    Route("/admin/{rest:path}", guarded),
    Route("/{team:path}/secret", secret),
    Route("/{team:path}/secret/", secret),
    Route("/{rest:path}", fallback),
])
"""
PROJECT = {
    "middleware.py": GUARD,
    "api/[resource]/route.py": API,
    "files/[...path]/route.py": FILES,
    "legacy/[[...path]]/route.py": LEGACY,
}
GUARDED = [
    "/api/admin",
    "/legacy/admin",
    "/legacy/admin/x",
    "/legacy/team/secret",
    "/files/private/a",
    "/files/private",
]
KNOWN = [
    "/api/%61dmin", "/api/admi%6e", "/legacy/%61dmin/x", "/legacy/admin%2Fx", "/legacy/%61dmin%2fx", "/legacy/admin/../admin/x",
    "/files/x/../private/a", "/files/x/%2e%2e/private/a", "/files/x%2F..%2Fprivate", "/files/%2e/private/a", "/legacy//secret",
    "/legacy//admin/x", "/files/a//..%2f../private", "/legacy/a/%2E%2E/admin", "/legacy/%2Fsecret", "/legacy/admin%2F",
    "/api/admin%2F", "/api//%61dmin/", "/api/%2561dmin", "/legacy/admin%252Fx",
]  # fmt: skip


def _spelt(parts: list[str]) -> str:
    return "/" + "/".join(parts)


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """A guarded path as an attacker would spell it."""
    parts = draw(st.sampled_from(GUARDED))[1:].split("/")
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(parts)))
        parts[place:place] = draw(
            st.sampled_from([[""], ["."], ["x", ".."], ["%2e"], ["x", "%2E%2e"], ["x", "", ".."]])
        )
    path = list(_spelt(parts))
    for place in draw(st.lists(st.integers(1, len(path) - 1), max_size=4)):
        character = path[place]
        code = f"{ord(character[0]):02x}"
        changes = [
            f"%{code}",
            f"%{code.upper()}",
            f"%25{code}",
            character.swapcase(),
            f"{character};v=1",
            "\\",
            "%5c",
            "%c0%af",
        ]
        path[place] = draw(st.sampled_from([*changes, f"{character}%00", "%zz", character]))
    return "".join(path) + draw(st.sampled_from(["", "", "/", "//", "%2F", "/.", "/%2e%2e", ";x", "%20"]))


# How a project and its server can be set up otherwise: adapter, settings of the manifest, what the server has in front.
VARIANTS: dict[str, tuple[str, dict[str, Any], str]] = {
    **{name: (name, {}, "") for name in ADAPTERS},
    "rest below a base path": ("rest", {"base_path": "/v1"}, ""),
    "asgi below a base path": ("asgi", {"base_path": "/v1"}, ""),
    "alb with trailing slashes": ("alb", {"trailing_slash": True}, ""),
    "asgi with trailing slashes": ("asgi", {"trailing_slash": True, "base_path": "/v1"}, ""),
    "asgi below a root path": ("asgi", {}, "/root"),
}


@pytest.fixture(scope="module", params=[*VARIANTS, "dev"])
def ask(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Sends a path, and gives status, whether the middleware ran, and the body."""
    root = tmp_path_factory.mktemp("spelt")
    if request.param == "dev":
        with serving(root, {f"functions/{name}": text for name, text in PROJECT.items()}) as served:
            yield _through_a_socket(served.client.base_url)
        return
    name, manifest, server_root = VARIANTS[request.param]
    project = RouteProject(root, PROJECT, needs_loop=True, **manifest)
    adapter = ADAPTERS[name](project.manifest(), str(root), debug=False)
    if server_root:
        adapter.app = _below(server_root, adapter.app)
    front, end = manifest.get("base_path", ""), "/" if manifest.get("trailing_slash") else ""
    sent = [("host", "example.org")]

    def through_adapter(path: str) -> tuple[int, bool, str]:
        response = adapter.send(HttpRequest(method="GET", path=f"{front}{path}{end}", headers=sent))
        return response.status, ("x-guarded", "1") in response.headers, b"".join(response.chunks).decode()

    yield through_adapter
    adapter.close()
    project.close()


def _below(server_root: str, app: Any) -> Any:
    """The app, as a server calls it that has a path of its own in front."""

    async def called(scope: dict[str, Any], receive: Any, send: Any) -> None:
        raw_path = server_root.encode() + scope["raw_path"]
        await app(
            {**scope, "root_path": server_root, "path": server_root + scope["path"], "raw_path": raw_path},
            receive,
            send,
        )

    return called


def _through_a_socket(base_url: Any) -> Ask:
    def through_socket(path: str) -> tuple[int, bool, str]:
        connection = http.client.HTTPConnection(base_url.host, base_url.port, timeout=20)
        connection.putrequest("GET", path, skip_accept_encoding=True)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response.status, response.headers.get("x-guarded") == "1", body

    return through_socket


@pytest.mark.parametrize("path", GUARDED)
def test_the_code_behind_the_matcher_is_reached_and_guarded(ask: Ask, path: str) -> None:
    assert ask(path) == (200, True, "GUARDED")


@pytest.mark.parametrize("path", KNOWN)
def test_no_known_spelling_reaches_it_unguarded(ask: Ask, path: str) -> None:
    _check(ask, path)


@fuzzed(150)
@given(spellings())
@example("/legacy/%61dmin%2Fx/")
def test_no_spelling_reaches_it_unguarded(ask: Ask, path: str) -> None:
    _check(ask, path)


@pytest.mark.parametrize(
    "path", ["/api/other", "/legacy/other", "/files/public/private", "/legacy/team/secrets", "/legacy/a/b/secret"]
)
def test_what_the_matcher_does_not_name_runs_without_it(ask: Ask, path: str) -> None:
    assert ask(path) == (200, False, "open")


@pytest.mark.parametrize(
    "path", ["/legacy/%zz", "/legacy/admin/%c0%af", "/legacy/admin/%ff", "/api/%", "/files/a/%e2%82"]
)
def test_a_path_that_cannot_be_decoded_is_refused_before_anything_runs(
    ask: Ask, path: str, request: pytest.FixtureRequest
) -> None:
    if "http-api" in request.node.name:
        pytest.skip("an HTTP API decodes the path itself, and puts U+FFFD where it cannot")
    status, guarded, body = ask(path)
    assert (status, guarded, json.loads(body)["title"]) == (400, False, "Bad Request")


def _check(ask: Ask, path: str) -> None:
    status, guarded, body = ask(path)
    assert status < 500, (path, status)
    assert body != "GUARDED" or guarded, f"{path} reached the guarded code, and the middleware did not see it"
