"""Forms read by Starlette, and Starlette's own responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

UNCACHED = ("cache-control", "private, no-store")
VARY = ("vary", "Accept-Encoding")
IMPORTS = """\
from starlette.background import BackgroundTask
from starlette.responses import *
seen = []
async def produce():
    yield b"a"
    yield "ä"
"""


@pytest.mark.parametrize(
    ("result", "response"),
    [
        ("Response('a', 202, {'X': '1'})", (202, [("x", "1"), ("content-type", "application/octet-stream"), UNCACHED], b"a")),
        ("JSONResponse({'a': 'ä'}, 201)", (201, [("content-type", "application/json"), UNCACHED], '{"a":"ä"}'.encode())),
        ("PlainTextResponse('ä')", (200, [("content-type", "text/plain; charset=utf-8"), UNCACHED], "ä".encode())),
        ("HTMLResponse('<p>')", (200, [("content-type", "text/html; charset=utf-8"), UNCACHED], b"<p>")),
        ("RedirectResponse('/ä')", (307, [("location", "/%C3%A4"), UNCACHED], b"")),
        ("Response(status_code=204)", (204, [UNCACHED], b"")),
        (
            "StreamingResponse(produce(), media_type='text/csv')",
            (200, [("content-type", "text/csv; charset=utf-8"), UNCACHED, VARY], "aä".encode()),
        ),
        ("StreamingResponse(iter(['a', 'b']))", (200, [("content-type", "text/plain; charset=utf-8"), UNCACHED, VARY], b"ab")),
    ],
)  # fmt: skip
def test_a_starlette_response_is_a_response(project: Make, result: str, response: Any) -> None:
    found = project(f"{IMPORTS}def GET():\n    return {result}\n", needs_loop=True).get("/x")

    assert (found.status, found.headers, found.body) == response


def test_its_cookies_survive_and_count_as_the_responses_own(project: Make) -> None:
    source = f"""{IMPORTS}
from edgeroutes import cookies
def GET():
    cookies().set("a", "request")
    cookies().set("c", "request")
    response = PlainTextResponse("")
    response.set_cookie("a", "1", httponly=True)
    response.set_cookie("b", "2")
    return response
"""

    assert project(source, needs_loop=True).get("/x").values("set-cookie") == [
        "a=1; Path=/; HttpOnly; SameSite=lax",
        "b=2; Path=/; SameSite=lax",
        "c=request; Path=/",
    ]


def test_its_background_task_runs_as_after_does(project: Make) -> None:
    source = f"""{IMPORTS}
from edgeroutes import after
async def note(what):
    seen.append(what)
def GET():
    after(note, "after")
    return PlainTextResponse("a", background=BackgroundTask(note, "background"))
"""
    routes = project(source, needs_loop=True)

    response = routes.get("/x")
    before = list(routes.module("x/route.py").seen)
    routes.finish(response)

    assert (response.text, before, routes.module("x/route.py").seen) == ("a", [], ["after", "background"])


def test_a_file_response_is_read_whole(project: Make) -> None:
    source = f"""{IMPORTS}
from pathlib import Path
def GET():
    task = BackgroundTask(seen.append, "background")
    return FileResponse(Path(__file__).parent / "data.bin", filename="d.bin", background=task)
"""
    routes = project(source, needs_loop=True)
    (routes.root / routes.app_dir / "x/data.bin").write_bytes(b"\x00\xff" * 100_000)

    response = routes.get("/x")

    assert (response.status, response.body, response.values("content-length")) == (200, b"\x00\xff" * 100_000, [])
    assert (response.header("content-type"), response.header("content-disposition")) == (
        "application/octet-stream",
        'attachment; filename="d.bin"',
    )
    assert routes.module("x/route.py").seen == []
    routes.finish(response)
    assert routes.module("x/route.py").seen == ["background"]


def test_a_file_that_is_not_there_is_a_500(project: Make, log_lines: Callable[[], list[dict[str, Any]]]) -> None:
    response = project(f"{IMPORTS}def GET():\n    return FileResponse('/nowhere')\n", needs_loop=True).get("/x")

    assert response.status == 500
    assert len(log_lines()) == 1


FORM = """\
async def POST(request):
    form = await request.form()
    again = await request.form()
    shown = [[name, value if isinstance(value, str) else [value.filename, value.content_type, (await value.read()).decode("latin-1")]]
             for name, value in form.multi_items()]
    return {"same": form is again, "fields": shown}
"""
MULTIPART = "multipart/form-data; boundary=XX"


def test_a_form_of_either_kind_is_starlettes_form_data(project: Make) -> None:
    routes = project(FORM)
    parts = (
        b'--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        b'--XX\r\nContent-Disposition: form-data; name="f"; filename="p.bin"\r\nContent-Type: image/png\r\n\r\n\x00\xff\r\n'
        b'--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\n2\r\n--XX--\r\n'
    )

    encoded = routes.post_form("/x", "a=1&b=%C3%A4+x&a=2&c")
    in_parts = routes.request("POST", "/x", [("Content-Type", MULTIPART)], parts)

    assert encoded.json() == {"same": True, "fields": [["a", "1"], ["b", "ä x"], ["a", "2"], ["c", ""]]}
    assert in_parts.json() == {
        "same": True,
        "fields": [["a", "1"], ["f", ["p.bin", "image/png", "\x00ÿ"]], ["a", "2"]],
    }


def test_a_large_file_stays_in_memory_and_needs_no_loop(project: Make) -> None:
    source = "async def POST(request):\n    file = (await request.form())['f']\n    return [file._in_memory, len(await file.read())]\n"
    content = b"x" * 3_000_000
    head = b'--XX\r\nContent-Disposition: form-data; name="f"; filename="p"\r\n\r\n'

    response = project(source).request("POST", "/x", [("content-type", MULTIPART)], head + content + b"\r\n--XX--\r\n")

    assert response.json() == [True, 3_000_000]


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/mixed; boundary=XX", None])
def test_another_content_type_is_415(project: Make, kind: str | None) -> None:
    headers = [] if kind is None else [("content-type", kind)]

    response = project(FORM).request("POST", "/x", headers, b"a=1")

    shown = kind.partition(";")[0] if kind else "of no type"
    assert (response.status, response.json()["detail"]) == (
        415,
        f"the body is {shown}: a form is multipart/form-data or application/x-www-form-urlencoded",
    )


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--XX\r\n"),
        (MULTIPART, b"no boundary here at all"),
        (MULTIPART, b'--XX\r\nContent-Disposition: form-data; name="a"\r\nbroken header\r\n\r\n1\r\n--XX--'),
        (MULTIPART, b"--XX\r\nContent-Disposition: form-data\r\n\r\n1\r\n--XX--\r\n"),
        ("multipart/form-data; boundary=ü✓", b"--XX\r\n"),
    ],
)
def test_a_malformed_form_is_400(project: Make, kind: str, body: bytes) -> None:
    response = project(FORM).request("POST", "/x", [("content-type", kind)], body)

    assert (response.status, response.header("content-type")) == (400, "application/problem+json")


def test_other_headers_beyond_latin_1_do_not_matter_to_a_form(project: Make) -> None:
    headers = [("content-type", "application/x-www-form-urlencoded"), ("x", "✓")]

    assert project(FORM).request("POST", "/x", headers, b"a=1").status == 200


def test_a_form_that_middleware_has_read_is_there_for_the_handler(project: Make) -> None:
    middleware = """
async def middleware(request, call_next):
    await request.form()
    return await call_next(request.with_headers({"x": "1"}))
"""

    response = project({"middleware.py": middleware, "x/route.py": FORM}).post_form("/x", "a=1")

    assert response.json() == {"same": True, "fields": [["a", "1"]]}


@pytest.mark.parametrize(
    ("raised", "status", "detail", "headers"),
    [
        ("starlette.exceptions.HTTPException(404)", 404, "Not Found", {}),
        ("starlette.exceptions.HTTPException(429, 'slow', {'Retry-After': '3'})", 429, "slow", {"retry-after": "3"}),
        ("fastapi.HTTPException(403, {'code': 7})", 403, {"code": 7}, {}),
        ("werkzeug.exceptions.NotFound('no such user')", 404, "no such user", {}),
        ("werkzeug.exceptions.MethodNotAllowed(['GET', 'PUT'])", 405, None, {"allow": "GET, PUT"}),
        ("werkzeug.exceptions.TooManyRequests(retry_after=3)", 429, None, {"retry-after": "3"}),
        ("ExceptionGroup('all', [starlette.exceptions.HTTPException(404)])", 404, "Not Found", {}),
    ],
)
@pytest.mark.parametrize("place", ["handler", "middleware", "stream"])
def test_an_http_exception_of_another_framework_has_its_status_detail_and_headers(
    *, project: Make, raised: str, status: int, detail: Any, headers: dict[str, str], place: str
) -> None:
    imports = "import fastapi, starlette.exceptions, werkzeug.exceptions\n"
    sources = {
        "handler": {"x/route.py": f"{imports}def GET():\n    raise {raised}\n"},
        "stream": {"x/route.py": f"{imports}def GET():\n    raise {raised}\n    yield\n"},
        "middleware": {
            "middleware.py": f"{imports}async def middleware(request, call_next):\n    raise {raised}\n",
            "x/route.py": "def GET():\n    return {}\n",
        },
    }
    response = project(sources[place], needs_loop=True).get("/x")

    assert (response.status, response.header("content-type")) == (status, "application/problem+json")
    assert detail is None or response.json()["detail"] == detail
    assert {name: response.header(name) for name in headers} == headers


@pytest.mark.parametrize(
    ("raised", "location", "status"),
    [
        ("werkzeug.routing.RequestRedirect('/new')", "/new", 308),
        ("starlette.exceptions.HTTPException(303, headers={'Location': '/a'})", "/a", 303),
    ],
)
def test_a_redirect_that_is_raised_is_one(project: Make, raised: str, location: str, status: int) -> None:
    source = f"import starlette.exceptions, werkzeug.routing\ndef GET():\n    raise {raised}\n"
    response = project(source, needs_loop=True).get("/x")

    assert (response.status, response.header("location")) == (status, location)


OWN_CALL = f"""{IMPORTS}
class Own(Response):
    async def __call__(self, scope, receive, send):
        await send({{"type": "http.response.start", "status": 203, "headers": [(b"x-method", scope["method"].encode())]}})
        await send({{"type": "http.response.body", "body": scope["path"].encode()}})
        if self.background is not None:
            await self.background()
class Events(StreamingResponse):
    async def stream_response(self, send):
        await send({{"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]}})
        async for item in self.body_iterator:
            await send({{"type": "http.response.body", "body": f"data: {{item}}".encode(), "more_body": True}})
        await send({{"type": "http.response.body", "body": b""}})
"""


def test_a_response_with_a_call_of_its_own_is_called_with_the_request(project: Make) -> None:
    task = "BackgroundTask(seen.append, 1)"
    routes = project(f"{OWN_CALL}\ndef GET():\n    return Own('x', background={task})\n", needs_loop=True)

    response = routes.get("/x")

    assert (response.status, response.header("x-method"), response.body) == (203, "GET", b"/x")
    assert routes.module("x/route.py").seen == []
    routes.finish(response)
    assert routes.module("x/route.py").seen == [1]


def test_events_of_a_subclass_of_streaming_response_are_encoded_by_it(project: Make) -> None:
    source = (
        f"{OWN_CALL}\nasync def GET():\n    async def items():\n        yield {{'n': 1}}\n    return Events(items())\n"
    )
    response = project(source, needs_loop=True).get("/x")

    assert (response.status, response.header("content-type"), response.body) == (
        200,
        "text/event-stream",
        b"data: {'n': 1}",
    )


def test_a_file_response_serves_ranges_and_confirms_what_the_client_has(project: Make) -> None:
    source = f"{IMPORTS}\nfrom pathlib import Path\nGET = lambda: FileResponse(Path(__file__).parent / 'data.bin')\n"
    routes = project(source, needs_loop=True)
    (routes.root / routes.app_dir / "x/data.bin").write_bytes(b"0123456789")

    whole = routes.get("/x")
    part = routes.request("GET", "/x", [("range", "bytes=2-4")])
    beyond = routes.request("GET", "/x", [("range", "bytes=20-")])
    known = routes.request("GET", "/x", [("if-none-match", str(whole.header("etag")))])
    head = routes.request("HEAD", "/x")

    assert (part.status, part.header("content-range"), part.body) == (206, "bytes 2-4/10", b"234")
    assert (beyond.status, beyond.header("content-range")) == (416, "bytes */10")
    assert (known.status, known.body, known.header("etag")) == (304, b"", whole.header("etag"))
    assert (head.status, head.body, head.header("content-length")) == (200, b"", "10")
