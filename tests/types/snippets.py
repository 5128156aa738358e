"""Route files and tests as users write them, for the type checkers: `# error` ends each line that must be an error."""

from __future__ import annotations

CORRECT = {
    "a handler without arguments": """
def GET() -> dict[str, str]:
    return {"hello": "world"}
""",
    "every name through the package": """
import edgeroutes

VERSION: str = edgeroutes.__version__

async def GET(request: edgeroutes.Request) -> edgeroutes.Response:
    edgeroutes.logger.info("shown")
    return edgeroutes.Response.json({"version": VERSION})
""",
    "headers of the request": """
from edgeroutes import Request

def GET(request: Request) -> dict[str, str | None]:
    agent: str = request.headers["user-agent"]
    language: str = request.headers.get("accept-language", "en")
    trace: str | None = request.headers.get("x-trace")
    size: str | int = request.headers.get("content-length", 0)
    forwarded: list[str] = request.headers.getlist("x-forwarded-for")
    return {"agent": agent, "language": language, "trace": trace, "size": str(size), "hops": str(len(forwarded))}
""",
    "the request and its URL": """
from edgeroutes import Request

def GET(request: Request) -> str:
    client = request.client
    host = client.host if client is not None else "unknown"
    page: str | None = request.query_params.get("page")
    tags: list[str] = request.query_params.getlist("tag")
    return f"{request.method} {request.url.path} {request.url.query} {request.url.origin} {host} {page} {tags}"
""",
    "the body of the request": """
from edgeroutes import Request

async def POST(request: Request) -> dict[str, int]:
    raw: bytes = await request.body()
    text: str = await request.text()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
    return {"raw": len(raw), "text": len(text), "size": size}
""",
    "JSON of the request": """
from typing import TypedDict

from edgeroutes import Request

class Post(TypedDict):
    title: str

async def POST(request: Request) -> str:
    post: Post = await request.json()
    return post["title"]
""",
    "a form": """
from edgeroutes import Request

async def POST(request: Request) -> str:
    form = await request.form(max_files=2)
    title = form["title"]
    async with request.form() as fields:
        return f"{title} {len(fields)}"
""",
    "captured segments": """
from edgeroutes import Request

def GET(request: Request, id: int, rest: list[str]) -> str:
    value: str | list[str] = request.path_params["id"]
    return f"{value} {id} {rest}"
""",
    "cookies that are read": """
from edgeroutes import Request, cookies

def GET(request: Request) -> str:
    session: str | None = cookies().get("session")
    theme: str = cookies().get("theme", "light")
    sent: dict[str, str] = request.cookies
    return f"{session} {theme} {'session' in cookies()} {sent}"
""",
    "cookies that are set": """
from datetime import UTC, datetime

from edgeroutes import cookies

def POST() -> str:
    cookies().set("session", "1", http_only=True, secure=True, same_site="lax", max_age=60, path="/")
    cookies().set("until", "2", expires=datetime(2027, 1, 1, tzinfo=UTC), domain="example.com", partitioned=True)
    cookies().delete("old", path="/", domain="example.com")
    return "set"
""",
    "cookies of a response": """
from edgeroutes import Response

def POST() -> Response:
    response = Response.text("set")
    response.cookies.set("session", "1", http_only=True, same_site="strict")
    response.cookies.delete("old")
    value: str | None = response.cookies.get("session")
    return response if value else Response(status=204)
""",
    "responses": """
from http import HTTPStatus

from edgeroutes import Response

def GET(kind: str) -> Response:
    if kind == "json":
        return Response.json({"a": [1, 2.5, None]}, status=HTTPStatus.CREATED, headers={"x-a": "1"})
    if kind == "html":
        return Response.html("<p>", 200, [("x-a", "1"), ("x-a", "2")])
    if kind == "redirect":
        return Response.redirect("/there", status=303)
    if kind == "bytes":
        return Response(b"bytes", status=200, headers={"content-type": "image/png"})
    response = Response("text")
    response.headers["x-b"] = "2"
    response.headers.append("vary", "accept")
    return response
""",
    "streamed responses": """
from collections.abc import AsyncIterator, Iterator

from edgeroutes import Response

async def ticks() -> AsyncIterator[dict[str, int]]:
    yield {"tick": 1}

def lines() -> Iterator[str]:
    yield "a"

def GET(kind: str) -> Response:
    if kind == "sse":
        return Response.sse(ticks(), heartbeat_seconds=5)
    if kind == "ndjson":
        return Response.ndjson(ticks())
    if kind == "array":
        return Response.json_array(ticks())
    return Response.stream(lines(), headers={"content-type": "text/csv"})
""",
    "a generator as a handler": """
from collections.abc import AsyncIterator

async def GET() -> AsyncIterator[str]:
    yield "a"
    yield "b"
""",
    "a file": """
from pathlib import Path

from edgeroutes import Response

def GET(name: str) -> Response:
    return Response.file(name, root="files") if name else Response.file(Path("a.pdf"), download_name="b.pdf")
""",
    "not_found narrows": """
from edgeroutes import not_found

def find(id: int) -> str | None:
    return None if id else "found"

def GET(id: int) -> str:
    found = find(id)
    if found is None:
        not_found()
    return found.upper()
""",
    "redirects end the handler": """
from edgeroutes import permanent_redirect, redirect, see_other

def GET(kind: str) -> str:
    if kind == "old":
        permanent_redirect("/new")
    if kind == "form":
        see_other("/done")
    redirect("/login")
""",
    "errors for the client": """
from edgeroutes import HTTPError, forbidden, unauthorized

def GET(token: str | None = None) -> str:
    if token is None:
        unauthorized()
    if token == "guest":
        forbidden("members alone")
    if token == "busy":
        raise HTTPError(429, "too many requests", headers={"retry-after": "5"})
    raise HTTPError(422, errors=[{"field": "title", "message": "is required"}])
""",
    "CORS": """
from edgeroutes import CORS

cors = CORS(
    ["https://app.example.com", "env:ORIGINS"],
    methods=["GET", "POST"],
    headers="x-trace",
    expose=("etag",),
    credentials=True,
    max_age=3600,
)
public = CORS("*")
""",
    "after the response": """
from edgeroutes import after

def count(name: str, by: int = 1) -> None:
    print(name, by)

async def send(name: str) -> str:
    return name

def GET() -> str:
    after(count, "visits")
    after(count, "visits", 2)
    after(send, "mail")
    after(lambda: print("done"))
    return "ok"
""",
    "revalidation": """
from edgeroutes import revalidate_path, revalidate_tag

def POST(id: int) -> str:
    revalidate_tag("products", f"product:{id}")
    revalidate_tag(*["a", "b"], wait=True)
    revalidate_path("/products", wait=False)
    return "ok"
""",
    "tags of the response": """
from edgeroutes import cache_tags

revalidate = 60
tags = ["products"]

def GET(id: int) -> dict[str, int]:
    cache_tags(f"product:{id}", "prices")
    return {"id": id}
""",
    "cached without parentheses": """
from edgeroutes import cached

@cached
def double(number: int) -> int:
    return 2 * number

@cached
async def triple(number: int) -> int:
    return 3 * number

async def GET() -> int:
    doubled: int = double(2)
    tripled: int = await triple(number=3)
    return doubled + tripled
""",
    "cached with options": """
from edgeroutes import cached

@cached(revalidate=60, tags=["products"])
def double(number: int, *, twice: bool = False) -> int:
    return 4 * number if twice else 2 * number

@cached()
async def triple(number: int) -> int:
    return 3 * number

@cached(revalidate=False)
async def names() -> list[str]:
    return []

async def GET() -> int:
    found: list[str] = await names()
    return double(2, twice=True) + await triple(3) + len(found)
""",
    "cached with tags of the arguments": """
from collections.abc import Sequence

from edgeroutes import cached

def tags_of(id: int, language: str) -> Sequence[str]:
    return (f"product:{id}", language)

def tags_by_name(*, id: int) -> list[str]:
    return [f"product:{id}"]

@cached(tags=tags_of)
def product(id: int, language: str) -> str:
    return f"{id} {language}"

@cached(tags=tags_by_name)
async def price(*, id: int) -> float:
    return id * 1.5

async def GET() -> str:
    return f"{product(1, 'en')} {await price(id=1)}"
""",
    "cached with lambdas": """
from edgeroutes import cached

@cached(tags=lambda id: [f"product:{id}"])
def product(id: int) -> str:
    return f"{id}"

@cached(revalidate=60, tags=lambda id, language: [f"product:{id}:{language}"], key=lambda id, language: (id, language))
async def translated(id: int, language: str) -> str:
    return f"{id} {language}"

@cached(tags=lambda a, b, c: [f"{a}{b}{c}"])
def three(a: int, b: int, c: int) -> int:
    return a + b + c

@cached(tags=lambda id, language="en": [f"product:{id}:{language}"])
def described(id: int, language: str = "en") -> str:
    return f"{id} {language}"

async def GET() -> str:
    return f"{product(1)} {await translated(1, 'en')} {three(1, 2, 3)} {described(1)}"
""",
    "cached methods": """
from edgeroutes import cached

class Shop:
    def __init__(self, name: str) -> None:
        self.name = name

    @cached(key=lambda self, id: id)
    def product(self, id: int) -> str:
        return f"{self.name} {id}"

    @staticmethod
    @cached(revalidate=60)
    async def prices() -> list[float]:
        return [1.5]

async def GET() -> str:
    shop = Shop("books")
    return f"{shop.product(1)} {await shop.prices()}"
""",
    "fetch": """
from edgeroutes import FetchError, FetchResponse, fetch

async def ask(url: str) -> FetchResponse:
    return await fetch(url, method="POST", headers={"accept": "text/plain"}, json={"a": 1}, timeout_seconds=2)

async def GET() -> str:
    try:
        response = await fetch("https://api.example.com", revalidate=60, tags=["rates"])
    except FetchError as error:
        return f"{error.problem} {error.hint}"
    kind: str = response.headers.get("content-type", "")
    rates: dict[str, float] = response.json()
    body: bytes = response.body()
    return f"{response.ok} {response.status} {response.url} {kind} {rates} {len(body)} {response.text()}"
""",
    "the context of the route": """
from edgeroutes import RouteContext

def GET(context: RouteContext) -> str:
    remaining: int | None = context.remaining_ms
    event = context.aws_event
    name = event["path"] if event is not None else ""
    return f"{context.route} {context.request_id} {remaining} {context.params.get('id')} {name}"
""",
    "logger": """
from edgeroutes import logger

def GET(id: int) -> str:
    logger.append_keys(user=id)
    logger.info("shown", extra={"id": id})
    try:
        return "ok"
    except ValueError:
        logger.exception("failed")
        raise
""",
    "metrics": """
from aws_lambda_powertools.metrics import MetricUnit

from edgeroutes import metrics

def GET() -> str:
    metrics.add_metric(name="Shown", unit=MetricUnit.Count, value=1)
    metrics.add_metric("Waited", "Milliseconds", 1.5)
    metrics.add_dimension("plan", "free")
    return "ok"
""",
    "markers of arguments": """
from typing import Annotated

from edgeroutes import Cookie, File, Form, Header, Query, UploadFile

async def POST(
    page: Annotated[int, Query(ge=1, le=100)],
    rate: Annotated[float, Query(gt=0, lt=1.5, multiple_of=0.5)],
    code: Annotated[str, Query("c", min_length=2, max_length=8, pattern="[a-z]+")],
    tags: Annotated[list[str], Query("tag")],
    user_agent: Annotated[str, Header()],
    title: Annotated[str, Form()],
    image: Annotated[UploadFile, File(max_bytes=1_000, types=["image/*"])],
    session: Annotated[str | None, Cookie()] = None,
) -> str:
    return f"{page + 1} {rate * 2} {code.upper()} {tags} {user_agent} {title} {image.filename} {session}"
""",
    "the body and the status by their markers": """
from typing import Annotated, TypedDict

from edgeroutes import Body, Status

class Order(TypedDict):
    id: int

async def POST(numbers: Annotated[list[int], Body()]) -> Annotated[Order, Status(201)]:
    return {"id": sum(numbers)}
""",
    "a list of models and a dict as the body": """
from dataclasses import dataclass
from typing import Any

@dataclass
class Post:
    title: str

def POST(posts: list[Post]) -> list[Post]:
    return posts[:1]

def PUT(body: dict[str, Any]) -> int:
    return len(body)
""",
    "the environment": """
from edgeroutes import environment

def GET() -> str:
    return "fake" if environment == "test" else "real"
""",
    "errors of AWS": """
from edgeroutes import ServiceError, revalidate_tag

def POST() -> str:
    try:
        revalidate_tag("a", wait=True)
    except ServiceError as error:
        return error.problem
    return "ok"
""",
    "cookies and headers that are awaited": """
from edgeroutes import cookies, headers

async def GET() -> str | None:
    (await cookies()).set("a", "1", secure=True)
    theme: str | None = (await cookies()).get("theme")
    return theme or (await headers()).get("accept")
""",
    "the context with its parameters": """
from typing import TypedDict

from edgeroutes import RouteContext

class Params(TypedDict):
    id: int

def GET(context: RouteContext[Params]) -> int:
    return context.params["id"] + 1
""",
    "dependencies": """
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from edgeroutes import Depends, Header
from edgeroutes.testing import RouteClient

class User:
    name = "Ada"

class Page:
    def __init__(self, limit: int = 10) -> None:
        self.limit = limit

async def current_user(authorization: Annotated[str, Header()]) -> User:
    return User()

def connection() -> Iterator[str]:
    yield "open"

async def session(user: Annotated[User, Depends(current_user)]) -> AsyncIterator[str]:
    yield user.name

def GET(
    user: Annotated[User, Depends(current_user)],
    db: Annotated[str, Depends(connection)],
    session: Annotated[str, Depends(session, use_cache=False)],
    page: Annotated[Page, Depends()],
) -> str:
    return f"{user.name} {db.upper()} {session.upper()} {page.limit}"

def test_fake(client: RouteClient) -> None:
    with client.override(current_user, lambda: User()):
        assert client.get("/").text
    client.override(connection, lambda: "fake")
""",
    "a body model": """
from dataclasses import dataclass

@dataclass
class Post:
    title: str
    stars: int = 0

def POST(post: Post) -> Post:
    return Post(post.title, post.stars + 1)
""",
    "headers of the current request": """
from edgeroutes import headers

def GET() -> str:
    agent: str | None = headers().get("user-agent")
    return agent or headers()["host"]
""",
    "middleware": """
from collections.abc import Awaitable, Callable

from edgeroutes import Request, Response

matcher = ["/admin/[...rest]"]

async def middleware(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    request.state.user = request.headers.get("x-user")
    response = await call_next(request.with_headers({"x-seen": "1"}))
    response.headers["x-user"] = str(request.state.user)
    return response
""",
    "ASGI middleware": """
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware

from edgeroutes import asgi_middleware

middleware = asgi_middleware(GZipMiddleware, minimum_size=500)
sessions = asgi_middleware(SessionMiddleware, "secret", max_age=60)
""",
    "a mounted app": """
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

async def home(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.url.path)

app = Starlette(routes=[Route("/", home)])
""",
    "webhooks": """
import os

from edgeroutes import Request
from edgeroutes.webhooks import verify

def POST(request: Request) -> str:
    body: bytes = verify(request, scheme="github", secret=os.environ["SECRET"])
    other = verify(request, "hmac-sha256", secret=["new", b"old"], header="x-sign", tolerance_s=60)
    return f"{len(body)} {len(other)}"
""",
    "static parameters": """
def generate_static_params() -> list[dict[str, str]]:
    return [{"id": "1"}]

async def GET(id: str) -> str:
    return id
""",
    "errors of edgeroutes": """
from edgeroutes import EdgeroutesError
from edgeroutes.errors import ConfigError, HandlerError

def describe(error: EdgeroutesError) -> str:
    return f"{error.where} {error.problem} {error.hint} {isinstance(error, ConfigError | HandlerError)}"
""",
    "the project as an ASGI app": """
from edgeroutes.asgi import app, make_app

other = make_app("shop", debug=True)
apps = [app, other]
""",
    "a test with the client": """
from edgeroutes.testing import CacheState, RouteClient, TestResponse

def test_users(client: RouteClient) -> None:
    response: TestResponse = client.get("/users", params={"page": 1}, headers={"accept": "text/html"})
    assert response.status_code == 200
    assert response.headers.get("content-type", "").startswith("text/")
    assert client.via("streaming").post("/users", json={"name": "Ada"}, cookies={"a": "1"}).json() == {"id": 1}
    assert client.put("/users", data={"name": "Ada"}, files={"f": ("a.txt", b"a", "text/plain")}).is_complete
    cache: CacheState = response.cache
    assert (cache.state, cache.lifetime_seconds, cache.tags) == ("shared", 60, ("users",))

def test_another_project() -> None:
    with RouteClient("shop") as client:
        assert client.request("PATCH", "/users", content=b"x").cookies["session"]
""",
    "a test of a stream": """
from edgeroutes.testing import Chunk, RouteClient

def test_ticks(client: RouteClient) -> None:
    chunks: tuple[Chunk, ...] = client.via("streaming").get("/ticks").chunks
    assert [chunk.decode() for chunk in chunks] == ["a", "b"]
    assert chunks[1].seconds > chunks[0].seconds
""",
    "a test with AWS": """
from edgeroutes.testing import Aws, RouteClient

def test_orders(client: RouteClient, aws: Aws) -> None:
    aws(enforce_iam=True)
    url: str = aws.resource("Jobs")
    variables: dict[str, str] = aws.environment("OrdersFunction")
    assert aws.outputs["Url"] == url
    assert variables["ORDERS"]
    assert client.get("/orders").json()
""",
    "a test of logs and metrics": """
from typing import Any

from edgeroutes.testing import Metric, RouteClient

def test_counted(client: RouteClient, logs: list[dict[str, Any]], metrics: list[Metric]) -> None:
    client.get("/")
    assert logs[0]["message"] == "shown"
    assert metrics == [Metric(name="Shown", values=(1.0,), unit="Count")]
    assert dict(metrics[0].dimensions) == {"route": "/"}
""",
    "a test of time": """
from datetime import UTC, datetime, timedelta

from edgeroutes.testing import FrozenTime

def test_later(frozen_time: FrozenTime) -> None:
    frozen_time.move_to("2026-11-21T08:00Z")
    frozen_time.move_to(datetime(2026, 11, 21, tzinfo=UTC))
    frozen_time.shift(60)
    frozen_time.shift(timedelta(hours=1))
""",
    "a test of an event": """
from edgeroutes.testing import lambda_event

def test_event() -> None:
    event = lambda_event("http-api", "POST", "/users", json={"name": "Ada"}, headers={"a": "1"})
    assert event["version"] == "2.0"
""",
}

MISTAKES = {
    "a name that the package does not have": """
from edgeroutes import Respones  # error

RESPONSE = Respones
""",
    "an attribute that the package does not have": """
import edgeroutes

RESPONSE = edgeroutes.Respones.json({})  # error
""",
    "a name that the testing package does not have": """
from edgeroutes.testing import RouteCleint  # error

CLIENT = RouteCleint
""",
    "a name that the ASGI module does not have": """
from edgeroutes.asgi import application  # error

APP = application
""",
    "an attribute of a cookie spelled as on the wire": """
from edgeroutes import cookies

def POST() -> None:
    cookies().set("a", "1", httponly=True)  # error
""",
    "a SameSite that does not exist": """
from edgeroutes import Response, cookies

def POST() -> None:
    cookies().set("a", "1", same_site="strictest")  # error
    Response().cookies.set("a", "1", same_site="strictest")  # error
""",
    "a lifetime of a cookie that is not a number": """
from edgeroutes import cookies

def POST() -> None:
    cookies().set("a", "1", max_age="60")  # error
""",
    "a header that may be absent": """
from edgeroutes import Request, headers

def GET(request: Request) -> str:
    trace: str = request.headers.get("x-trace")  # error
    return trace + headers().get("x-other")  # error
""",
    "a method on a header that may be absent": """
from edgeroutes import Request

def GET(request: Request) -> str:
    return request.headers.get("accept").lower()  # error
""",
    "a query parameter that may be absent": """
from edgeroutes import Request

def GET(request: Request) -> str:
    return request.query_params.get("page")  # error
""",
    "a client that may be absent": """
from edgeroutes import Request

def GET(request: Request) -> str:
    return request.client.host  # error
""",
    "headers of the request that are set": """
from edgeroutes import Request

def GET(request: Request) -> None:
    request.headers["x-trace"] = "1"  # error
""",
    "a header of a response that is a number": """
from edgeroutes import Response

def GET() -> Response:
    response = Response.text("a")
    response.headers["x-count"] = 1  # error
    return Response.text("a", headers={"x-count": 1})  # error
""",
    "a body that is a dict": """
from edgeroutes import Response

def GET() -> Response:
    return Response(body={"a": 1})  # error
""",
    "a status that is text": """
from edgeroutes import HTTPError, Response

def GET() -> Response:
    if __name__ == "a":
        raise HTTPError("404")  # error
    return Response.text("a", status="404")  # error
""",
    "a constructor that does not exist": """
from edgeroutes import Response

def GET() -> Response:
    return Response.xml("<a/>")  # error
""",
    "an option that CORS does not have": """
from edgeroutes import CORS

cors = CORS("*", allow_credentials=True)  # error
""",
    "CORS without origins": """
from edgeroutes import CORS

cors = CORS(methods=["GET"])  # error
""",
    "an origin that is not text": """
from edgeroutes import CORS

cors = CORS([3000])  # error
""",
    "after with a result instead of a function": """
from edgeroutes import after

def count(name: str) -> None:
    print(name)

def GET() -> None:
    after(count("visits"))  # error
""",
    "after with arguments that the function does not take": """
from edgeroutes import after

def count(name: str) -> None:
    print(name)

def GET() -> None:
    after(count, 3)  # error
    after(count, "visits", "more")  # error
""",
    "tags in a list": """
from edgeroutes import cache_tags, revalidate_tag

def GET() -> None:
    revalidate_tag(["products"])  # error
    cache_tags(["products"])  # error
""",
    "a wrong argument of a cached function": """
from edgeroutes import cached

@cached
def double(number: int) -> int:
    return 2 * number

@cached(revalidate=60)
def triple(number: int) -> int:
    return 3 * number

def GET() -> int:
    return double("2") + triple(numbr=3)  # error
""",
    "a cached coroutine without await": """
from edgeroutes import cached

@cached(revalidate=60)
async def double(number: int) -> int:
    return 2 * number

async def GET() -> int:
    return double(2) + 1  # error
""",
    "an option that cached does not have": """
from edgeroutes import cached

@cached(ttl=60)  # error
def double(number: int) -> int:
    return 2 * number
""",
    "tags of a cached function that are not text": """
from edgeroutes import cached

@cached(tags=lambda id: [3.5])  # error
def double(id: int) -> int:
    return 2 * id
""",
    "fetch without await": """
from edgeroutes import fetch

async def GET() -> int:
    return fetch("https://api.example.com").status  # error
""",
    "a method of a fetched response that is awaited": """
from edgeroutes import fetch

async def GET() -> int:
    response = await fetch("https://api.example.com")
    return len(await response.text())  # error
""",
    "an option that fetch does not have": """
from edgeroutes import fetch

async def GET() -> None:
    await fetch("https://api.example.com", timeout=3)  # error
""",
    "a body without await": """
from edgeroutes import Request

async def POST(request: Request) -> int:
    return len(request.body())  # error
""",
    "a form without await": """
from edgeroutes import Request

async def POST(request: Request) -> object:
    return request.form()["title"]  # error
""",
    "a scheme of webhooks that does not exist": """
from edgeroutes import Request
from edgeroutes.webhooks import verify

def POST(request: Request) -> bytes:
    return verify(request, scheme="gitlab", secret="a")  # error
""",
    "a webhook without its secret": """
from edgeroutes import Request
from edgeroutes.webhooks import verify

def POST(request: Request) -> bytes:
    return verify(request, scheme="github")  # error
""",
    "an environment that does not exist": """
from edgeroutes import environment

def GET() -> bool:
    return environment == "production"  # error
""",
    "a parameter that the context does not have": """
from typing import TypedDict

from edgeroutes import RouteContext

class Params(TypedDict):
    id: int

def GET(context: RouteContext[Params]) -> int:
    return context.params["slug"]  # error
""",
    "a dependency that is called": """
from edgeroutes import Depends
from edgeroutes.testing import RouteClient

class User:
    name = "Ada"

def current_user() -> User:
    return User()

USER = Depends(current_user())  # error

def test_fake(client: RouteClient) -> None:
    client.override(current_user, User())  # error
""",
    "a constraint that does not exist": """
from edgeroutes import Query

PAGE = Query(minimum=1)  # error
""",
    "a status that is a text": """
from edgeroutes import Status

CREATED = Status("201")  # error
""",
    "a remaining time that may be absent": """
from edgeroutes import RouteContext

def GET(context: RouteContext) -> int:
    return context.remaining_ms - 100  # error
""",
    "an option that ASGI middleware does not have": """
from starlette.middleware.gzip import GZipMiddleware

from edgeroutes import asgi_middleware

middleware = asgi_middleware(GZipMiddleware, minimun_size=500)  # error
""",
    "an option that a marker does not have": """
from typing import Annotated

from edgeroutes import File

def POST(image: Annotated[bytes, File(max_size=3)]) -> None:  # error of pyright: mypy does not read the metadata of Annotated
    print(image)
""",
    "an option that the client does not have": """
from edgeroutes.testing import RouteClient

def test_users(client: RouteClient) -> None:
    assert client.get("/users", query={"a": 1})  # error
    assert client.get("/users").status == 200  # error
""",
    "a kind of event that does not exist": """
from edgeroutes.testing import lambda_event

EVENT = lambda_event("http", "GET", "/")  # error
""",
    "a field that a metric does not have": """
from edgeroutes.testing import Metric

def test_metric(metrics: list[Metric]) -> None:
    assert metrics[0].value == 1  # error
""",
    "time that is moved by text": """
from edgeroutes.testing import FrozenTime

def test_later(frozen_time: FrozenTime) -> None:
    frozen_time.shift("60")  # error
""",
}
