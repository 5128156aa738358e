from __future__ import annotations

import asyncio
import json
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.adapters.events import read_event
from edgeroutes.adapters.mounted import mounted_response
from edgeroutes.dev.gateway import HttpRequest, rest_event
from edgeroutes.errors import EventError
from edgeroutes.runtime.application import Application
from tests.adapters.mirror import MIRROR, mirror, seen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.adapters.conftest import RouteProject

    ReadEvent = Callable[[str], dict[str, Any]]
    LogLines = Callable[[], list[dict[str, Any]]]

STARLETTE = """
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

async def home(request):
    return PlainTextResponse("home")

async def hello(request):
    return JSONResponse({"url": str(request.url), "here": str(request.url_for("hello")), "params": request.path_params})

app = Starlette(routes=[Route("/", home), Route("/hello", hello, name="hello"), Route("/items/", hello)])
"""


def rest(
    path: str, method: str = "GET", query: str = "", headers: Sequence[tuple[str, str]] = (), body: bytes = b""
) -> Any:
    return rest_event(
        HttpRequest(method=method, path=path, query=query, headers=[("Host", "example.org"), *headers], body=body)
    )


def http_event(path: str, read_event_file: ReadEvent) -> dict[str, Any]:
    event = read_event_file("apiGatewayProxyV2Event_GET")
    event["rawPath"] = event["requestContext"]["http"]["path"] = path
    event["requestContext"]["stage"] = "$default"
    return event


def raw_app(status: int = 200, headers: str = "[]", body: bytes = b"") -> str:
    return f"""
async def app(scope, receive, send):
    await send({{"type": "http.response.start", "status": {status}, "headers": {headers}}})
    await send({{"type": "http.response.body", "body": {body!r}}})
"""


def test_a_starlette_app_responds_at_its_folder_and_below(project: RouteProject) -> None:
    project.write("legacy/[[...path]]/route.py", STARLETTE)
    handler = project.handler()
    assert handler(rest("/legacy"))["body"] == "home"
    assert json.loads(handler(rest("/legacy/hello", query="a=1"))["body"]) == {
        "url": "http://example.org/legacy/hello?a=1",
        "here": "http://example.org/legacy/hello",
        "params": {},
    }
    assert handler(rest("/legacy/nothing"))["statusCode"] == 404


def test_a_fastapi_app_validates_and_knows_where_its_documentation_is(project: RouteProject) -> None:
    source = """
        from fastapi import FastAPI
        from pydantic import BaseModel

        class Item(BaseModel):
            name: str
            price: float

        app = FastAPI(title="mounted")

        @app.post("/items/{item_id}", status_code=201)
        async def create(item_id: int, item: Item) -> dict[str, object]:
            return {"id": item_id, **item.model_dump()}
    """
    project.write("shop/[[...path]]/route.py", source)
    handler = project.handler()
    typed = [("Content-Type", "application/json")]
    made = handler(rest("/shop/items/7", "POST", headers=typed, body=b'{"name": "ink", "price": 1.5}'))
    assert (made["statusCode"], json.loads(made["body"])) == (201, {"id": 7, "name": "ink", "price": 1.5})
    assert handler(rest("/shop/items/x", "POST", headers=typed, body=b"{}"))["statusCode"] == 422
    assert json.loads(handler(rest("/shop/openapi.json"))["body"])["servers"] == [{"url": "/shop"}]
    assert "/shop/openapi.json" in handler(rest("/shop/docs"))["body"]


def test_the_whole_scope_of_an_event(project: RouteProject) -> None:
    event = rest(
        "/teams/red/a%20b",
        "POST",
        "q=1&q=2",
        [("X-Two", "a"), ("X-Two", "b"), ("X-Forwarded-Proto", "https")],
        b"\xff\x00",
    )
    assert seen(mirror(project, "teams/[team]/[[...path]]"), event) == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": "/teams/red/a b",
        "raw_path": "/teams/red/a%20b",
        "root_path": "/teams/red",
        "path_params": {"team": "red"},
        "query_string": "q=1&q=2",
        "headers": [
            ["host", "example.org"],
            ["x-two", "a"],
            ["x-two", "b"],
            ["x-forwarded-proto", "https"],
            ["x-forwarded-for", "127.0.0.1"],
            ["x-forwarded-port", "80"],
        ],
        "client": ["127.0.0.1", 0],
        "server": ["example.org", 80],
        "state": {},
        "body": "\xff\x00",
        "more_body": False,
        "has_event": True,
    }


@pytest.mark.parametrize(
    ("folder", "path", "root_path", "app_path"),
    [
        ("legacy/[[...path]]", "/legacy", "/legacy", "/legacy/"),
        ("legacy/[[...path]]", "/legacy/", "/legacy", "/legacy/"),
        ("legacy/[[...path]]", "/legacy/a/b/", "/legacy", "/legacy/a/b/"),
        ("legacy/[[...path]]", "/legacy//a", "/legacy", "/legacy//a"),
        ("legacy/[...path]", "/legacy/a", "/legacy", "/legacy/a"),
        ("legacy", "/legacy", "/legacy", "/legacy/"),
        ("teams/[team]/[[...path]]", "/teams/a%2Fb/x", "/teams/a/b", "/teams/a/b/x"),
        ("[[...path]]", "/", "", "/"),
        ("[[...path]]", "/a/b", "", "/a/b"),
        ("(group)/legacy/[[...path]]", "/legacy/a", "/legacy", "/legacy/a"),
    ],
)
def test_an_app_is_rooted_at_its_folder(
    project: RouteProject, folder: str, path: str, root_path: str, app_path: str
) -> None:
    told = seen(mirror(project, folder), rest(path))
    assert (told["root_path"], told["path"]) == (root_path, app_path)


def test_slashes_below_an_app_are_the_apps_and_those_above_it_redirect(project: RouteProject) -> None:
    project.write("legacy/[[...path]]/route.py", STARLETTE)
    handler = project.handler()
    assert handler(rest("/legacy/items/"))["statusCode"] == 200
    moved = handler(rest("/legacy/items"))
    assert (moved["statusCode"], moved["multiValueHeaders"]["location"]) == (307, ["http://example.org/legacy/items/"])
    above = handler(rest("//legacy/items/"))
    assert (above["statusCode"], above["multiValueHeaders"]["location"]) == (308, ["/legacy/items"])


def test_with_trailing_slash_an_app_without_slashes_is_not_sent_round_in_circles(project: RouteProject) -> None:
    project.write("legacy/[[...path]]/route.py", STARLETTE)
    assert project.handler(trailing_slash=True)(rest("/legacy/hello"))["statusCode"] == 200


def test_the_matcher_of_a_middleware_covers_the_odd_spellings_that_only_an_app_takes(project: RouteProject) -> None:
    project.write("legacy/[[...path]]/route.py", MIRROR)
    project.write(
        "legacy/middleware.py",
        """
        from edgeroutes import forbidden
        matcher = "/legacy/admin"
        async def middleware(request, call_next):
            forbidden()
        """,
    )
    handler = project.handler()
    statuses = [
        handler(rest(path))["statusCode"] for path in ("/legacy/admin", "/legacy/admin/", "/legacy//admin", "/legacy/x")
    ]
    assert statuses == [403, 403, 403, 200]


# The defects of Mangum 0.22 that facts/peers.md §2.7 lists, one by one.


def test_a_base_path_is_not_taken_off_a_longer_word(project: RouteProject) -> None:
    handler = mirror(project, "[[...path]]", base_path="/api")
    assert handler(rest("/apikeys"))["statusCode"] == 404
    assert seen(handler, rest("/api/keys"))["path"] == "/api/keys"


def test_the_base_path_is_part_of_the_root_path_and_the_raw_path_is_there(project: RouteProject) -> None:
    told = seen(mirror(project, base_path="/api"), rest("/api/legacy/k%C3%A4se"))
    assert (told["root_path"], told["path"], told["raw_path"]) == (
        "/api/legacy",
        "/api/legacy/käse",
        "/api/legacy/k%C3%A4se",
    )


def test_an_encoded_slash_stays_in_the_raw_path_and_is_decoded_only_once(project: RouteProject) -> None:
    told = seen(mirror(project), rest("/legacy/a%2Fb%252F"))
    assert (told["path"], told["raw_path"]) == ("/legacy/a/b%2F", "/legacy/a%2Fb%252F")


@pytest.mark.parametrize("status", [204, 304])
def test_a_response_without_a_body_gets_no_content_type(
    project: RouteProject, read_event_file: ReadEvent, status: int
) -> None:
    project.write("empty/route.py", raw_app(status, body=b"dropped"))
    handler = project.handler()
    assert handler(http_event("/empty", read_event_file)) == {
        "statusCode": status,
        "headers": {"cache-control": "private, no-store"},
        "body": "",
        "isBase64Encoded": False,
    }
    assert handler(rest("/empty"))["multiValueHeaders"] == {"cache-control": ["private, no-store"]}


@pytest.mark.parametrize(
    ("host", "server"),
    [
        ("[::1]:3000", ["::1", 3000]),
        ("[2001:db8::1]", ["2001:db8::1", 80]),
        ("a:", ["a", 80]),
        ("a:000008000", ["a", 8000]),
        ("<url-id>.on.aws", ["<url-id>.on.aws", 80]),
    ],
)
def test_a_host_of_any_form_is_taken(project: RouteProject, host: str, server: list[Any]) -> None:
    event = rest("/legacy")
    event["headers"] = {"Host": host}
    event["multiValueHeaders"] = {"Host": [host], "X-Forwarded-Proto": ["http"]}
    assert seen(mirror(project), event)["server"] == server


GARBAGE_HOSTS = [
    "]",
    "[",
    "[::1",
    "[a]",
    "[::1]x",
    "a]",
    "a:b:c",
    "a:99999",
    f"a:{'9' * 5_000}",
    "a/b",
    "a@b",
    "a b",
    "a\\b",
    "é",
    "a:-1",
]


@pytest.mark.parametrize("host", GARBAGE_HOSTS)
def test_a_host_that_no_url_can_have_is_refused_before_the_app_raises_for_it(project: RouteProject, host: str) -> None:
    """Starlette's HTTPSRedirectMiddleware reads the whole URL, its port too."""
    project.write(
        "legacy/[[...path]]/route.py",
        """
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
        from starlette.requests import Request
        from starlette.responses import PlainTextResponse
        from starlette.routing import Route
        from edgeroutes import asgi_middleware

        async def index(request):
            return PlainTextResponse(str((request.url.port, request.base_url, request.url_for("index"))))

        app = Starlette(routes=[Route("/", index, name="index")], middleware=[Middleware(HTTPSRedirectMiddleware)])
        """,
    )
    project.write(
        "wrapped/middleware.py",
        """
        from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
        from edgeroutes import asgi_middleware
        middleware = asgi_middleware(HTTPSRedirectMiddleware)
        """,
    )
    project.write("wrapped/route.py", "def GET():\n    return {}\n")
    handler = project.handler()
    for path in ("/legacy", "/wrapped"):
        event = rest(path)
        event["headers"], event["multiValueHeaders"] = {"Host": host}, {"Host": [host], "X-Forwarded-Proto": ["http"]}
        assert handler(event)["statusCode"] == 400


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ("443,443", 443),
        ("8443", 8443),
        ("-", 443),
        ("", 443),
        ("0x1", 443),
        ("²", 443),
        ("9" * 5_000, 443),
        ("65536", 443),
    ],
)
def test_an_odd_forwarded_port_is_taken_or_left_out(project: RouteProject, port: str, expected: int) -> None:
    event = rest("/legacy")
    event["headers"] = event["multiValueHeaders"] = None
    event["multiValueHeaders"] = {"host": ["example.org"], "x-forwarded-port": [port]}
    assert seen(mirror(project), event)["server"] == ["example.org", expected]


def test_a_latin_1_header_of_the_response_arrives(project: RouteProject) -> None:
    project.write("route.py", raw_app(headers="[(b'x-name', 'käse'.encode('latin-1'))]"))
    assert project.handler()(rest("/"))["multiValueHeaders"]["x-name"] == ["käse"]


def test_cookie_headers_are_joined_as_cookies_are(project: RouteProject) -> None:
    told = seen(mirror(project), rest("/legacy", headers=[("Cookie", "a=1"), ("Cookie", "b=2")]))
    assert [value for name, value in told["headers"] if name == "cookie"] == ["a=1; b=2"]


def test_every_set_cookie_survives(project: RouteProject, read_event_file: ReadEvent) -> None:
    project.write("route.py", raw_app(headers="[(b'set-cookie', b'a=1'), (b'Set-Cookie', b'b=2')]"))
    handler = project.handler()
    assert handler(rest("/"))["multiValueHeaders"]["set-cookie"] == ["a=1", "b=2"]
    assert handler(http_event("/", read_event_file))["cookies"] == ["a=1", "b=2"]


def test_an_edge_event_is_refused_by_its_keys(
    project: RouteProject, read_event_file: ReadEvent, log_lines: LogLines
) -> None:
    project.write("route.py", raw_app())
    with pytest.raises(EventError, match="the keys Records is not an HTTP request"):
        project.handler()(read_event_file("CloudFrontAccessRequestInResponse"))
    assert [line["level"] for line in log_lines()] == ["ERROR"]


def test_a_keyboard_interrupt_outside_lambda_ends_the_process(project: RouteProject) -> None:
    project.write(
        "route.py",
        "async def app(scope, receive, send):\n    if scope['type'] == 'http':\n        raise KeyboardInterrupt\n",
    )
    with pytest.raises(KeyboardInterrupt):
        project.handler()(rest("/"))


def test_an_error_before_the_response_is_one_log_line_and_a_problem_document(
    project: RouteProject, log_lines: LogLines
) -> None:
    project.write("legacy/[[...path]]/route.py", "async def app(scope, receive, send):\n    raise KeyError('secret')\n")
    result = project.handler()(rest("/legacy/x"))
    assert (result["statusCode"], result["multiValueHeaders"]["content-type"]) == (500, ["application/problem+json"])
    assert "secret" not in result["body"]
    assert [(line["message"], line["exception_name"]) for line in log_lines()] == [
        ("GET /legacy/[[...path]] failed", "KeyError")
    ]


@pytest.mark.parametrize("framework", ["starlette.applications.Starlette", "fastapi.FastAPI"])
def test_an_error_that_a_framework_sends_as_plain_text_is_a_problem_document_too(
    project: RouteProject, log_lines: LogLines, framework: str
) -> None:
    module, name = framework.rsplit(".", 1)
    source = f"""
        from {module} import {name}
        from starlette.routing import Route

        async def fail(request):
            raise KeyError("secret")

        app = {name}(routes=[Route("/fail", fail)])
    """
    project.write("legacy/[[...path]]/route.py", source)
    result = project.handler()(rest("/legacy/fail"))
    assert (result["statusCode"], result["multiValueHeaders"]["content-type"]) == (500, ["application/problem+json"])
    assert [(line["message"], line["exception_name"]) for line in log_lines()] == [
        ("GET /legacy/[[...path]] failed", "KeyError")
    ]


def test_an_error_response_of_the_app_stays_unchanged_and_is_logged(project: RouteProject, log_lines: LogLines) -> None:
    source = """
        from starlette.applications import Starlette
        from starlette.responses import JSONResponse
        from starlette.routing import Route

        async def fail(request):
            raise KeyError("secret")

        async def handle(request, error):
            return JSONResponse({"sorry": True}, 500)

        app = Starlette(routes=[Route("/fail", fail)], exception_handlers={Exception: handle})
    """
    project.write("[[...path]]/route.py", source)
    result = project.handler()(rest("/fail"))
    assert (result["statusCode"], result["body"]) == (500, '{"sorry":true}')
    assert [(line["message"], line["exception_name"]) for line in log_lines()] == [
        ("GET /[[...path]] failed after its response", "KeyError")
    ]


def test_a_plain_500_that_no_exception_is_behind_stays(project: RouteProject, log_lines: LogLines) -> None:
    project.write("route.py", raw_app(500, "[(b'content-type', b'text/plain')]", b"Internal Server Error"))
    assert project.handler()(rest("/"))["body"] == "Internal Server Error"
    assert log_lines() == []


def test_an_error_in_the_middle_of_the_body_is_a_500_with_middleware_and_all(
    project: RouteProject, log_lines: LogLines
) -> None:
    source = """
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            raise ValueError("broke off")
    """
    project.write("route.py", source)
    result = project.handler()(rest("/"))
    assert (result["statusCode"], result["multiValueHeaders"]["content-type"]) == (500, ["application/problem+json"])
    assert [line["exception_name"] for line in log_lines()] == ["ValueError"]


@pytest.mark.parametrize("sent", ["nothing", "half"])
def test_an_app_that_returns_without_a_response_is_an_error(
    project: RouteProject, log_lines: LogLines, sent: str
) -> None:
    half = 'await send({"type": "http.response.start", "status": 200})'
    project.write("route.py", f"async def app(scope, receive, send):\n    {half if sent == 'half' else 'pass'}\n")
    assert project.handler()(rest("/"))["statusCode"] == 500
    (line,) = log_lines()
    assert "the app returned before its response was complete" in line["exception"]


@pytest.mark.parametrize("kind", ["async def", "def"])
def test_a_background_task_runs_when_the_response_has_gone_out(project: RouteProject, kind: str) -> None:
    source = f"""
        from starlette.applications import Starlette
        from starlette.background import BackgroundTask
        from starlette.responses import PlainTextResponse
        from starlette.routing import Route

        done = []

        {kind} work():
            done.append("work")  # without a pause: nothing but the adapter keeps it from running at once

        async def handle(request):
            return PlainTextResponse("sent", background=BackgroundTask(work))

        app = Starlette(routes=[Route("/", handle)])
    """
    project.write("work/route.py", source)
    application = Application(project.manifest(), str(project.root), mounted_response)

    async def ask() -> list[list[str]]:
        call = application.open(read_event(rest("/work"), None))
        response = await call.respond()
        assert response.body == b"sent"
        done = project.module("work/route.py").done
        before = list(done)
        assert call.has_after
        await call.finish()
        return [before, list(done)]

    assert asyncio.run(ask()) == [[], ["work"]]


def test_an_app_hears_of_the_disconnect_only_when_the_response_has_gone_out(project: RouteProject) -> None:
    source = """
        heard = []
        async def app(scope, receive, send):
            await receive()
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": b"sent"})
            for _ in range(2):
                heard.append((await receive())["type"])
    """
    project.write("work/route.py", source)
    assert project.handler()(rest("/work"))["body"] == "sent"
    assert project.module("work/route.py").heard == ["http.disconnect"] * 2


def test_a_lifespan_starts_once_for_all_invocations_and_on_the_loop_that_responses(project: RouteProject) -> None:
    source = """
        import asyncio
        from contextlib import asynccontextmanager
        from starlette.applications import Starlette
        from starlette.responses import JSONResponse
        from starlette.routing import Route

        log = []

        @asynccontextmanager
        async def lifespan(app):
            log.append("startup")
            yield {"loop": asyncio.get_running_loop(), "queue": asyncio.Queue()}
            log.append("shutdown")

        async def handle(request):
            request.state.queue.put_nowait(1)
            same = request.state.loop is asyncio.get_running_loop()
            return JSONResponse([same, request.state.queue.qsize(), len(log)])

        app = Starlette(routes=[Route("/", handle)], lifespan=lifespan)
    """
    project.write("pool/route.py", source)
    handler = project.handler()
    assert [json.loads(handler(rest("/pool"))["body"]) for _ in range(5)] == [[True, count, 1] for count in range(1, 6)]
    log = project.module("pool/route.py").log
    handler.close()
    assert log == ["startup", "shutdown"]


def test_a_failed_startup_is_a_500_and_the_next_request_starts_it_again(
    project: RouteProject, log_lines: LogLines
) -> None:
    source = """
        from contextlib import asynccontextmanager
        from starlette.applications import Starlette
        from starlette.responses import PlainTextResponse
        from starlette.routing import Route

        tries = []

        @asynccontextmanager
        async def lifespan(app):
            tries.append(1)
            if len(tries) == 1:
                raise ConnectionError("no database")
            yield

        async def handle(request):
            return PlainTextResponse("ok")

        app = Starlette(routes=[Route("/", handle)], lifespan=lifespan)
    """
    project.write("pool/route.py", source)
    handler = project.handler()
    assert [handler(rest("/pool"))["statusCode"] for _ in range(2)] == [500, 200]
    (line,) = log_lines()
    assert "the app's startup failed: ConnectionError: no database" in line["exception"]


# Between the app and the runtime.


def test_cookies_headers_and_after_work_inside_an_app(project: RouteProject) -> None:
    source = """
        from edgeroutes import after, cookies, headers

        done = []

        async def app(scope, receive, send):
            if scope["type"] != "http":
                return
            cookies().set("seen", headers()["x-name"])
            after(done.append, cookies()["a"])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"ok"})
    """
    project.write("inside/route.py", source)
    result = project.handler()(rest("/inside", headers=[("X-Name", "ada"), ("Cookie", "a=1")]))
    assert result["multiValueHeaders"]["set-cookie"] == ["seen=ada; Path=/"]
    assert project.module("inside/route.py").done == ["1"]


def test_middleware_stands_before_an_app_and_its_headers_reach_it(project: RouteProject) -> None:
    project.write("legacy/[[...path]]/route.py", MIRROR)
    project.write(
        "middleware.py",
        """
        async def middleware(request, call_next):
            response = await call_next(request.with_headers({"X-User": "ada"}))
            response.headers["x-status"] = str(response.status)
            return response
        """,
    )
    result = project.handler()(rest("/legacy"))
    assert result["multiValueHeaders"]["x-status"] == ["200"]
    assert ["x-user", "ada"] in json.loads(result["body"])["headers"]


def test_head_and_every_other_method_reach_the_app(project: RouteProject) -> None:
    handler = mirror(project)
    head = handler(rest("/legacy", "HEAD"))
    assert (head["statusCode"], head["body"]) == (200, "")
    assert seen(handler, rest("/legacy", "PROPFIND"))["method"] == "PROPFIND"


def test_bytes_and_streams_arrive_whole(project: RouteProject) -> None:
    source = """
        from starlette.applications import Starlette
        from starlette.responses import StreamingResponse
        from starlette.routing import Route

        async def numbers():
            for number in range(3):
                yield bytes([number, 255])

        async def handle(request):
            return StreamingResponse(numbers(), media_type="image/png")

        app = Starlette(routes=[Route("/", handle)])
    """
    project.write("image/route.py", source)
    result = project.handler()(rest("/image"))
    assert (result["body"], result["isBase64Encoded"]) == ("AP8B/wL/", True)


def test_an_http_api_event_with_a_stage_reaches_the_app(project: RouteProject, read_event_file: ReadEvent) -> None:
    event = read_event_file("apiGatewayProxyV2Event_GET")
    event["requestContext"]["stage"] = "live"
    event["rawPath"] = event["requestContext"]["http"]["path"] = "/live/legacy/x"
    event["cookies"] = ["a=1", "b=2"]
    told = seen(mirror(project), event)
    assert (told["path"], told["root_path"]) == ("/legacy/x", "/legacy")
    assert ["cookie", "a=1; b=2"] in told["headers"]
    assert told["query_string"] == event["rawQueryString"]


def test_a_function_url_event_reaches_the_app(project: RouteProject, read_event_file: ReadEvent) -> None:
    event = read_event_file("lambdaFunctionUrlEvent")
    event["rawPath"] = event["requestContext"]["http"]["path"] = "/legacy/a%2Fb"
    told = seen(mirror(project), event)
    assert (told["path"], told["raw_path"]) == ("/legacy/a/b", "/legacy/a%2Fb")


def test_a_request_that_is_cancelled_cancels_its_app(project: RouteProject) -> None:
    source = """
        import asyncio
        log = []
        async def app(scope, receive, send):
            if scope["type"] != "http":
                return
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                log.append("cancelled")
                raise
    """
    project.write("slow/route.py", source)
    application = Application(project.manifest(), str(project.root), mounted_response)

    async def ask() -> None:
        application.endpoint(application.manifest.routes[0])
        call = application.open(read_event(rest("/slow"), None))
        asking = asyncio.get_running_loop().create_task(call.respond(), context=copy_context())
        await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.wait({asking})
        assert asking.cancelled()

    asyncio.run(ask())
    assert project.module("slow/route.py").log == ["cancelled"]


def test_a_cached_app_is_not_cached_for_who_sends_credentials(project: RouteProject) -> None:
    """What an app reads of the request is not seen, and it may have read them."""
    source = "from starlette.responses import PlainTextResponse\nrevalidate = 60\napp = PlainTextResponse('mine')\n"
    project.write("route.py", source)
    handler = project.handler()

    for headers, expected in (
        ([], "public, s-maxage=60"),
        ([("Authorization", "a")], "private"),
        ([("Cookie", "a=1")], "private"),
    ):
        response = handler(rest("/", headers=headers), None)
        assert response["multiValueHeaders"]["cache-control"][0].startswith(expected)
