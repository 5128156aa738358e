"""The example application as its built form is tested: the requests to each route, and the responses that must come back."""

from __future__ import annotations

import hmac
import re
import time
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from edgeroutes.dev.gateway import HttpRequest, rest_event
from edgeroutes.local_aws.seeds import read_seeds

if TYPE_CHECKING:
    from edgeroutes.local_aws.stack import Cloud
    from edgeroutes.plan.model import ProjectPlan
    from edgeroutes.testing import RouteClient
    from edgeroutes.types import Event

ROOT = Path(__file__).parents[2]
HOST = "testserver"
"""What every request says, so that URLs in responses are the same wherever the application runs."""
ENVIRONMENT = {
    "UPSTREAM_URL": "http://127.0.0.1:1",
    "CHAT_PAUSE_SECONDS": "0",
}
"""What the routes need besides AWS; nobody listens at the upstream's address, neither here nor in a container."""
SECRETS = {
    each: read_seeds(ROOT)[each].value.encode() for each in ("SessionSecret", "WebhookSecret", "RevalidateSecret")
}


def environment_of(logical_id: str, cloud: Cloud, endpoint_url: str | None = None) -> dict[str, str]:
    """What a built function finds in its environment, with AWS at an address of this machine.

    Args:
        logical_id: The function's.
        cloud: In a moto server.
        endpoint_url: Where the function reaches that server, if not where we do.
    """
    declared = cloud.environment_of(logical_id)
    return {
        # No request here comes through CloudFront, which alone would know the origin's secret.
        **{name: value for name, value in declared.items() if not name.startswith("EDGEROUTES_ORIGIN_SECRET")},
        "AWS_ENDPOINT_URL": endpoint_url or str(cloud.endpoint_url),
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": cloud.region_name,
        "AWS_DEFAULT_REGION": cloud.region_name,
        **ENVIRONMENT,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The application built: a folder for each of the plan's functions, and the template that names them."""

    folder: Path
    plan: ProjectPlan

    def bundle(self, route_path: str) -> Path:
        """The folder of the function of a route; the fallback's for one that there is not."""
        of_route = (each for each in self.plan.functions if route_path in (route.route_path for route in each.routes))
        return self.folder / next(of_route, self.plan.fallback).logical_id


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, with httpx's and the test client's names for what it carries."""

    method: str
    url: str
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.url}"

    def event(self) -> Event:
        """The event that API Gateway makes of it."""
        request = httpx.Request(self.method, f"http://{HOST}{self.url}", **self.options)
        sent = [(name.decode(), value.decode()) for name, value in request.headers.raw]
        path, _, query = self.url.partition("?")
        return rest_event(HttpRequest(method=self.method, path=path, query=query, headers=sent, body=request.read()))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedResponse:
    """A response without what every server writes by itself, and with `…` for what differs from time to time."""

    status: int
    headers: dict[str, list[str]]
    body: bytes


# Of the transport, not of the route; and of a file's age, which in a bundle nobody knows.
_OTHERS_HEADERS = frozenset({"connection", "content-length", "date", "last-modified", "server"})
_TIMES = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_REQUEST_ID = re.compile(rb'("request_id":)"[0-9a-f-]{36}"')
_VOLATILE_HEADERS = {
    "server-timing": re.compile(r"(?<=dur=)[\d.]+"),
    # An address in the bucket, wherever that is, with its signature.
    "location": re.compile(r"^https?://\S+?(?=/[0-9a-f]{64}\?)|(?<=\?)\S*X-Amz-Signature\S*"),
    "x-request-id": re.compile(r"[0-9a-f-]{36}"),
    "set-cookie": re.compile(r"(?<=session=1\.0\.)\d+\.[0-9a-f]{64}|(?<=[Ee]xpires=)(?!Thu, 01 Jan 1970)[^;]+(?= GMT)"),
}


def in_process(client: RouteClient, ask: Ask) -> ReceivedResponse:
    """What the test client gives for it, without a cookie that the request did not have."""
    client.cookies.clear()
    response = client.request(ask.method, ask.url, **ask.options)
    return settled(response.status_code, response.headers.multi_items(), response.content)


def settled(status: int, headers: list[tuple[str, str]], body: bytes) -> ReceivedResponse:
    """The response as it can be compared with another one to the same request."""
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        lower = name.lower()
        if lower not in _OTHERS_HEADERS:
            volatile = _VOLATILE_HEADERS.get(lower)
            grouped.setdefault(lower, []).append(volatile.sub("…", value) if volatile else value)
    same = _REQUEST_ID.sub(b'\\1"..."', body)
    if b'"made_at"' in body or grouped.get("location", [""])[0].startswith("/api/posts/"):
        same = _TIMES.sub(b"...", same)
    if same != body and "etag" in grouped:
        grouped["etag"] = ["…"]
    return ReceivedResponse(status=status, headers=grouped, body=same)


def _get(url: str, **headers: str) -> Ask:
    return Ask("GET", url, {"headers": {name.replace("_", "-"): value for name, value in headers.items()}})


def _signed(body: bytes, secret: str = "WebhookSecret") -> dict[str, Any]:
    """A message of Standard Webhooks, whose id is its content's."""
    message_id, sent_at = sha256(body).hexdigest(), str(int(time.time()))
    key = b64decode(SECRETS[secret].removeprefix(b"whsec_"))
    digest = hmac.digest(key, f"{message_id}.{sent_at}.".encode() + body, "sha256")
    headers = {
        "Webhook-Id": message_id,
        "Webhook-Timestamp": sent_at,
        "Webhook-Signature": f"v1,{b64encode(digest).decode()}",
    }
    return {"content": body, "headers": {**headers, "Content-Type": "application/json"}}


def _session_cookie(user_id: int) -> str:
    """A session that ends in the year 2100, as `functions/_shared/sessions.py` would have signed it, for https and http."""
    claims = f"{user_id}.0.4102444800"
    signature = hmac.new(SECRETS["SessionSecret"], claims.encode(), "sha256").hexdigest()
    return f"__Host-session={claims}.{signature}; session={claims}.{signature}"


def _as(user_id: int, method: str, url: str, **options: Any) -> Ask:
    """A request of somebody who is signed in."""
    return Ask(method, url, {**options, "headers": {"Cookie": _session_cookie(user_id)}})


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
PNG_ID = sha256(PNG).hexdigest()
ADA = {"name": "Ada", "email": "ada@example.org", "password": "analytical"}
GRACE = {"name": "Grace", "email": "grace@example.org"}
POST = {"title": "A post", "body": "Its text ☃", "category": "news", "tags": ["a", "b"]}

ASKS: dict[str, list[Ask]] = {
    "/": [_get("/"), Ask("HEAD", "/"), Ask("POST", "/")],
    "/hello": [_get("/hello"), Ask("HEAD", "/hello"), Ask("OPTIONS", "/hello"), Ask("DELETE", "/hello"), _get("/hello/?a=1&a=2")],
    "/pricing": [_get("/pricing")],
    "/rss.xml": [_get("/rss.xml")],
    "/sitemap.xml": [_get("/sitemap.xml")],
    "/legacy/[[...path]]": [
        _get("/legacy/reports/1999?x=1"), _get("/legacy"), _get("/legacy/reports/x"),
    ],
    "/api/hello": [
        _get("/api/hello"), _get("/api/hello?name=Z%C3%BCrich%20%26%20co"), Ask("HEAD", "/api/hello"), Ask("OPTIONS", "/api/hello"),
        *(Ask(method, "/api/hello", {"json": {"snow": "☃", "list": [1, None]}}) for method in ("POST", "PUT", "PATCH")),
        Ask("DELETE", "/api/hello"), Ask("POST", "/api/hello", {"content": b"{", "headers": {"Content-Type": "application/json"}}),
    ],
    "/api/users": [
        _get("/api/users"), Ask("POST", "/api/users", {"json": ADA}), Ask("POST", "/api/users", {"data": GRACE}),
        _as(1, "GET", "/api/users"), Ask("POST", "/api/users", {"json": ADA}), _as(1, "GET", "/api/users?limit=2"),
        _as(1, "GET", "/api/users?limit=2&cursor=Mg"), _as(1, "GET", "/api/users?cursor=x"),
        Ask("POST", "/api/users", {"json": {"name": 1}}), Ask("DELETE", "/api/users"),
    ],
    "/api/users/[id]": [
        _get("/api/users/1"), _as(1, "GET", "/api/users/1"), _as(1, "PUT", "/api/users/1", json=GRACE),
        _as(2, "PATCH", "/api/users/2", json={"name": "G"}), _as(2, "PATCH", "/api/users/2", json={"name": "H", "version": 1}),
        _as(2, "PATCH", "/api/users/2", json={"email": "grace@example.org"}), _as(1, "DELETE", "/api/users/2"),
        _as(3, "DELETE", "/api/users/3"), *(_as(each, "GET", f"/api/users/{each}") for each in (1, 2, 3)),
        _get("/api/users/x"), Ask("POST", "/api/users/1"),
    ],
    "/api/posts": [
        _get("/api/posts?limit=1"), _get("/api/posts?category=guides&order=asc"),
        _get("/api/posts?limit=2&cursor=Mw"), _get("/api/posts?limit=y"), Ask("POST", "/api/posts", {"json": POST}),
        _as(1, "POST", "/api/posts", json=POST), _as(1, "POST", "/api/posts", json={**POST, "title": "", "tags": ["a", "a"]}),
    ],
    "/api/posts/[id]": [
        _get("/api/posts/2"), Ask("DELETE", "/api/posts/1"), _as(2, "DELETE", "/api/posts/1"), _as(1, "DELETE", "/api/posts/1"),
        _get("/api/posts/1"), _get("/api/posts/2"),
    ],
    "/api/products": [_get("/api/products?tag=ink"), _get("/api/products?tag=none"), _get("/api/products")],
    "/api/products/[id]": [
        _get("/api/products/2"), _as(1, "PUT", "/api/products/2", json={"price_cents": 5}), _get("/api/products/2"),
        _get("/api/products/9"),
    ],
    "/api/rates": [_get("/api/rates"), _get("/api/rates?base=USD")],
    "/api/files/[name]": [
        _get("/api/files/handbook.txt"), _get("/api/files/handbook.txt?download=true", Range="bytes=2-5"), _get("/api/files/none.txt"),
    ],
    "/api/docs/[...slug]": [_get("/api/docs/guides/routing"), _get("/api/docs/start"), _get("/api/docs/no"), _get("/api/docs")],
    "/api/shop/[[...slug]]": [_get("/api/shop/caf%C3%A9/a%20b"), _get("/api/shop"), _get("/api/shop/a+b")],
    "/api/search": [
        _get("/api/search?q=n&tags=ink&tags=office"), _get("/api/search?q=&in_stock=false&max_price_cents=2000"),
        _get("/api/search?tags=a"), _get("/api/search?q=&page=2&limit=3&sort=name&order=desc"),
    ],
    "/api/dashboard/[team]": [
        _get("/api/dashboard/research", Cookie=_session_cookie(1)), _get("/api/dashboard/compilers", Cookie=_session_cookie(1)),
        _get("/api/dashboard/research", Cookie="__Host-session=1.0.4102444800.forged"), _get("/api/dashboard/research"),
    ],
    "/api/auth/session": [
        _get("/api/auth/session", Cookie=_session_cookie(2)), _get("/api/auth/session"), Ask("DELETE", "/api/auth/session"),
        Ask("POST", "/api/auth/session", {"json": {"email": "ada@example.com", "password": "edge"}}),
        Ask("POST", "/api/auth/session", {"data": {"email": "ada@example.com", "password": "wrong"}}),
    ],
    "/api/headers": [
        _get("/api/headers", Accept_Language="de"),
        Ask("POST", "/api/headers", {"headers": [("User-Agent", "tests/1"), ("Accept", "text/html, */*;q=0.1")]}),
    ],
    "/api/cookies": [
        _get("/api/cookies", Cookie="theme=dark; other=a%20b"), Ask("PUT", "/api/cookies?theme=blue"),
        Ask("POST", "/api/cookies?theme=red"), Ask("DELETE", "/api/cookies"),
    ],
    "/api/redirects/[kind]": [
        *(_get(f"/api/redirects/{kind}") for kind in ("temporary", "permanent", "see-other", "other")),
        Ask("POST", "/api/redirects/temporary"), Ask("POST", "/api/redirects/temporary", {"data": {"a": "b"}}),
    ],
    "/api/webhook": [
        Ask("POST", "/api/webhook", _signed(b'{"type":"paid", "snow":"\xe2\x98\x83"}')),
        Ask("POST", "/api/webhook", _signed(b'{"type":1}')),
        Ask("POST", "/api/webhook", _signed(b"\xff\x00 no JSON")), Ask("POST", "/api/webhook", {"json": {"type": "forged"}}),
        Ask("GET", "/api/webhook"),
    ],
    "/api/revalidate": [
        Ask("POST", "/api/revalidate", _signed(b'{"tags":"products"}', "RevalidateSecret")),
        Ask("POST", "/api/revalidate", _signed(b'{"tags":["products"]}')),
        Ask("POST", "/api/revalidate", _signed(b'{"tags":["products"],"paths":["/pricing"]}', "RevalidateSecret")),
    ],
    "/api/upload": [
        _get("/api/upload"), _as(1, "POST", "/api/upload", files={"file": ("cat.png", PNG, "image/png")}, data={"title": "A cat"}),
        _as(1, "POST", "/api/upload", files={"file": ("a.svg", b"<svg/>", "image/svg+xml")}), _as(1, "GET", "/api/upload"),
        _as(1, "POST", "/api/upload", json={}),
    ],
    "/api/upload/[id]": [
        _get(f"/api/upload/{PNG_ID}"), _as(1, "GET", f"/api/upload/{'0' * 64}"),
        _as(1, "POST", "/api/upload", files={"file": ("cat.png", PNG, "image/png")}), _as(1, "GET", f"/api/upload/{PNG_ID}"),
    ],
    "/api/swatch/[color]": [_get("/api/swatch/ff8800"), _get("/api/swatch/orange")],
    "/api/public": [_get("/api/public", Origin="https://example.org"), Ask("OPTIONS", "/api/public", {"headers": {"Origin": "https://example.org"}})],
    "/api/stream": [_get("/api/stream?pause_ms=0"), _get("/api/stream?chunks=0")],
    "/api/events": [_get("/api/events?pause_ms=0&count=3", Last_Event_ID="1"), _get("/api/events?count=x")],
    "/api/export": [_get("/api/export"), _get("/api/export?format=json"), _get("/api/export?format=xml")],
    "/api/chat": [
        Ask("POST", "/api/chat", {"json": {"message": "Hello"}}), _as(1, "POST", "/api/chat", json={"message": "Hello ☃"}),
        _as(1, "POST", "/api/chat", json={"message": "Hello", "format": "text"}), _as(1, "POST", "/api/chat", json={"message": " "}),
    ],
    "/api/proxy/[...path]": [_get("/api/proxy/anything/below?a=b")],
    "/api/time/cached": [_get("/api/time/cached")],
    "/api/time/static": [_get("/api/time/static")],
    "/api/time/dynamic": [_get("/api/time/dynamic")],
    "/api/errors/unexpected": [_get("/api/errors/unexpected")],
    "/api/errors/too-many": [_get("/api/errors/too-many")],
    "/api/errors/missing": [_get("/api/errors/missing")],
}  # fmt: skip
FALLBACK = [
    _get("/nothing"),
    _get("/api"),
    Ask("POST", "/nothing/at/all"),
    _get("/api/errors/"),
    Ask("HEAD", "/nothing"),
]
"""Paths that no route has."""
