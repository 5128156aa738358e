"""Files as clients ask for them: RFC 9110 §13, §14."""

from __future__ import annotations

import os
from contextvars import copy_context
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from edgeroutes.http.conditional import strong_etag
from edgeroutes.runtime.loop import LoopFree
from edgeroutes.runtime.streams import WHOLE_BYTES
from tests.fakes.incoming import FakeIncoming

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import ReceivedResponse, RouteProject

    Make = Callable[..., RouteProject]

SMALL = b"0123456789"
LARGE = bytes(range(256)) * (WHOLE_BYTES // 256) + b"end"
CONTENT = {"small": SMALL, "large": LARGE}
NOW = 1_795_255_200
DATE = "Sat, 21 Nov 2026 10:00:00 GMT"
SOURCE = """
from edgeroutes import Response

def GET(name: str):
    return Response.file(f"data/{name}.bin")

def POST(name: str):
    return Response.file(f"data/{name}.bin")
"""


@pytest.fixture
def files(project: Make) -> Callable[..., RouteProject]:
    """A project with a small and a large file, and a route that serves them."""

    def make(config: str = "", **options: Any) -> RouteProject:
        routes = project({"[name]/route.py": SOURCE + config}, **options)
        (routes.root / "data").mkdir()
        for name, content in CONTENT.items():
            path = routes.root / "data" / f"{name}.bin"
            path.write_bytes(content)
            os.utime(path, ns=(NOW * 10**9, NOW * 10**9))
        return routes

    return make


def asked(response: ReceivedResponse, *names: str) -> dict[str, str | None]:
    return {name: response.header(name) for name in names}


def test_a_small_file_is_tagged_by_its_content_and_a_large_one_by_size_and_date(files: Make) -> None:
    small, large = (files().get(f"/{name}") for name in CONTENT)

    assert (small.status, small.headers, small.body) == (
        200,
        [
            ("content-type", "application/octet-stream"),
            ("accept-ranges", "bytes"),
            ("last-modified", DATE),
            ("etag", strong_etag(SMALL)),
            ("cache-control", "private, no-store"),
        ],
        SMALL,
    )
    assert (large.status, large.body, large.header("etag")) == (200, LARGE, f'"{len(LARGE):x}-{NOW * 10**9:x}"')


def test_only_a_large_file_is_a_stream(files: Make) -> None:
    routes = files()
    for name, is_stream in (("small", False), ("large", True)):
        seen: list[Any] = []

        async def respond(name: str = name, seen: list[Any] = seen) -> None:
            response = await routes.application.open(FakeIncoming("GET", f"/{name}")).respond()
            seen.append((response.is_stream, response.headers.get("content-length")))
            if response.is_stream:
                await response.body.aclose()

        LoopFree().run(respond(), copy_context())
        assert seen == [(is_stream, str(len(LARGE)) if is_stream else None)]


@pytest.mark.parametrize("middleware", [False, True])
@pytest.mark.parametrize("name", CONTENT)
def test_a_range_is_a_206(files: Make, name: str, *, middleware: bool) -> None:
    routes = files()
    if middleware:
        routes.write(
            "middleware.py", "async def middleware(request, call_next):\n    return await call_next(request)\n"
        )
    size = len(CONTENT[name])
    whole = routes.get(f"/{name}")
    for header, start, stop in (("bytes=2-4", 2, 5), ("bytes=-3", size - 3, size), ("bytes=1-", 1, size)):
        response = routes.get(f"/{name}", [("range", header)])

        assert (response.status, response.body) == (206, CONTENT[name][start:stop])
        assert asked(response, "content-range", "etag", "last-modified") == {
            "content-range": f"bytes {start}-{stop - 1}/{size}",
            "etag": whole.header("etag"),
            "last-modified": DATE,
        }


@pytest.mark.parametrize("name", CONTENT)
def test_a_range_beyond_the_end_is_a_416_that_says_how_long_it_is(files: Make, name: str) -> None:
    response = files().get(f"/{name}", [("range", "bytes=9999999-")])
    size = len(CONTENT[name])

    assert (response.status, response.header("content-range")) == (416, f"bytes */{size}")
    assert response.json()["detail"] == f"the file has {size} bytes: the requested range contains none of them"


def test_a_range_of_a_version_that_is_gone_gets_all_of_the_new_one(files: Make) -> None:
    routes = files()
    current = routes.get("/small").header("etag") or ""

    kept = routes.get("/small", [("range", "bytes=0-1"), ("if-range", current)])
    gone = routes.get("/small", [("range", "bytes=0-1"), ("if-range", '"old"')])

    assert [(response.status, response.body) for response in (kept, gone)] == [(206, b"01"), (200, SMALL)]


@pytest.mark.parametrize("method", ["HEAD", "POST"])
def test_only_a_get_gets_a_partial_response(files: Make, method: str) -> None:
    """Source: RFC 9110 §14.2."""
    response = files().request(method, "/small", [("range", "bytes=0-1")])

    assert (response.status, response.body) == (200, b"" if method == "HEAD" else SMALL)
    assert asked(response, "content-range", "accept-ranges") == {"content-range": None, "accept-ranges": "bytes"}


@pytest.mark.parametrize("name", CONTENT)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_client_that_has_the_file_gets_a_304_before_any_range_counts(files: Make, name: str, method: str) -> None:
    """Source: RFC 9110 §13.2.2."""
    routes = files()
    tag = routes.get(f"/{name}").header("etag") or ""
    for condition in (("if-none-match", tag), ("if-none-match", f"W/{tag}"), ("if-modified-since", DATE)):
        response = routes.request(method, f"/{name}", [condition, ("range", "bytes=0-1")])

        assert (response.status, response.body) == (304, b"")
        assert asked(response, "etag", "last-modified", "cache-control", "content-type", "content-length") == {
            "etag": tag,
            "last-modified": DATE,
            "cache-control": "private, no-store",
            "content-type": None,
            "content-length": None,
        }


@pytest.mark.parametrize("name", CONTENT)
def test_the_304_of_a_cached_route_says_how_long_it_is_fresh(files: Make, name: str) -> None:
    routes = files("revalidate = 60\n")
    whole = routes.get(f"/{name}")

    response = routes.get(f"/{name}", [("if-none-match", whole.header("etag") or "")])

    assert (response.status, response.header("cache-control")) == (304, whole.header("cache-control"))
    assert "s-maxage=60" in (whole.header("cache-control") or "")


def test_another_status_is_served_whole(files: Make) -> None:
    routes = files()
    routes.write(
        "gone/route.py",
        "from edgeroutes import Response\ndef GET():\n    return Response.file('data/small.bin', 410)\n",
    )

    response = routes.get("/gone", [("range", "bytes=0-1"), ("if-none-match", "*")])

    assert (response.status, response.body) == (410, SMALL)


def test_a_response_that_is_returned_again_serves_the_file_again(files: Make) -> None:
    routes = files()
    path = routes.root / "data" / "large.bin"
    routes.write(
        "same/route.py",
        f"from edgeroutes import Response\nFILE = Response.file({str(path)!r})\ndef GET():\n    return FILE\n",
    )

    assert [routes.get("/same").body == LARGE for _ in range(2)] == [True, True]
    assert routes.get("/same", [("range", "bytes=-3")]).body == b"end"


def test_a_file_that_middleware_returns_is_served_alike(files: Make) -> None:
    routes = files()
    routes.write(
        "middleware.py",
        "from edgeroutes import Response\nasync def middleware(request, call_next):\n    return Response.file('data/small.bin')\n",
    )

    response = routes.get("/large", [("range", "bytes=0-1")])

    assert (response.status, response.body) == (206, b"01")


def test_a_file_that_has_gone_missing_can_be_handled_by_the_handler(files: Make) -> None:
    source = """
        from edgeroutes import Response, not_found
        def GET():
            try:
                return Response.file("data/nothing.bin")
            except FileNotFoundError:
                not_found()
    """
    routes = files()
    routes.write("x/route.py", source)

    assert routes.get("/x").status == 404


ROOTED = """
from edgeroutes import Response

def GET(request):
    return Response.file(request.query_params["name"], root="data/public")
"""


@pytest.fixture
def rooted(project: Make) -> RouteProject:
    """A root with one file, and around it all that a client may try to reach."""
    routes = project({"rooted/route.py": ROOTED, "/data/secret.txt": "SECRET", "/data/public/a.txt": "a"})
    data = routes.root / "data"
    (data / "public" / "folder").mkdir()
    (data / "public" / "folder" / "b.txt").write_text("b")
    (data / "public-too").mkdir()
    (data / "public-too" / "c.txt").write_text("SECRET")
    (data / "public" / "out.txt").symlink_to(data / "secret.txt")
    (data / "public" / "up").symlink_to(data)
    (data / "public" / "in.txt").symlink_to(data / "public" / "a.txt")
    (data / "public" / "loop").symlink_to(data / "public" / "loop")
    (data / "public" / "null").symlink_to("/dev/null")
    (data / "public" / "environ").symlink_to("/proc/self/environ")
    os.mkfifo(data / "public" / "fifo")
    return routes


@pytest.mark.parametrize(
    ("name", "content"), [("a.txt", "a"), ("folder/b.txt", "b"), ("in.txt", "a"), ("./a.txt", "a")]
)
def test_a_file_below_the_root_is_served(rooted: RouteProject, name: str, content: str) -> None:
    response = rooted.get(f"/rooted?name={quote(name, safe='')}")
    assert (response.status, response.text) == (200, content)


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "/", "..", "folder", "folder/", "absent", "a.txt/", "a.txt/x", "a.txt\0", "\0", "x" * 300, "x/" * 3000, "\udcff",
        "../secret.txt", "folder/../../secret.txt", "folder/../a.txt", "../public-too/c.txt", "../public/a.txt", "/etc/passwd",
        "//etc/passwd", "/data/public/a.txt", "..%2Fsecret.txt", "%2e%2e/secret.txt", "..\\secret.txt", "~/x", "out.txt",
        "up/secret.txt", "loop", "null", "environ", "fifo", "/proc/self/environ", "/dev/zero", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_anything_else_is_a_404_that_says_nothing(
    rooted: RouteProject, name: str, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    response = rooted.get(f"/rooted?name={quote(name, safe='', errors='surrogateescape')}")
    assert (response.status, response.json()["title"], response.json()["detail"]) == (
        404,
        "Not Found",
        "there is nothing at this URL",
    )
    assert log_lines() == []


def test_a_root_that_is_not_there_is_the_authors_mistake(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    assert project(ROOTED).get("/x?name=a").status == 500
    assert "root is not a folder" in log_lines()[0]["exception"]


@pytest.mark.parametrize(("name", "status"), [("%00", 404), ("x" * 300, 404), ("absent", 500), ("fifo", 500)])
def test_without_a_root_a_name_that_no_file_can_have_is_a_404(project: Make, name: str, status: int) -> None:
    routes = project(
        "from edgeroutes import Response\ndef GET(request):\n    return Response.file(request.query_params['name'])\n"
    )
    os.mkfifo(routes.root / "fifo")
    assert routes.get(f"/x?name={name}").status == status


def test_a_file_of_size_0_is_an_empty_body(project: Make) -> None:
    routes = project("from edgeroutes import Response\ndef GET():\n    return Response.file('/proc/self/status')\n")
    assert (routes.get("/x").status, routes.get("/x").body) == (200, b"")


def test_head_of_a_large_file_has_its_length(files: Callable[..., RouteProject]) -> None:
    response = files().request("HEAD", "/large")
    assert (response.body, response.header("content-length")) == (b"", str(len(LARGE)))
