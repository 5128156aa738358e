"""What clients may send and no handler should fail for: 4xx, never 500, in every route that takes something."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient

TEXTS = [
    "",
    " ",
    "\0",
    "\ud800",
    "\udfff x",
    "x" * 300,
    "x" * 3_000,
    "é" * 450_000,
    "\u2028",
    "'; --",
    "${x}",
    "\r\n: y",
    "😀" * 100,
]
NUMBERS = [0, -1, 1.5, 1e130, -1e130, 10**39, 10**400, True, None, "7", [], {}]
USER = {"name": "Ada", "email": "new@example.com", "password": "long enough"}
POST = {"title": "A post", "body": "Its text", "category": "news", "tags": ["a"]}
BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/api/users", USER),
    ("PUT", "/api/users/1", {"name": "Ada", "email": "new@example.com", "version": 1}),
    ("PATCH", "/api/users/1", {**USER, "old_password": "edge", "version": 1}),
    ("POST", "/api/posts", POST),
    ("PUT", "/api/products/1", {"price_cents": 1, "in_stock": True}),
    ("POST", "/api/chat", {"message": "Hello", "format": "text"}),
    ("POST", "/api/auth/session", {"email": "ada@example.com", "password": "edge"}),
]
QUERIES = {
    "/api/users": ["limit", "cursor"],
    "/api/posts": ["limit", "cursor", "category", "order"],
    "/api/upload": ["limit", "cursor"],
    "/api/search": ["q", "tags", "in_stock", "max_price_cents", "page", "limit", "sort", "order"],
    "/api/products": ["tag"],
    "/api/export": ["format"],
    "/api/hello": ["name"],
    "/api/stream": ["chunks", "pause_ms"],
    "/api/events": ["count", "pause_ms"],
    "/api/files/handbook.txt": ["download"],
}
PATHS = ["/api/users/", "/api/posts/", "/api/products/", "/api/upload/", "/api/dashboard/", "/api/docs/", "/api/shop/", "/api/swatch/",
         "/api/redirects/", "/api/files/", "/legacy/reports/"]  # fmt: skip
SENT = [
    "%00", "%0A", "..", "..%2F..", "%2F", "%ED%A0%80", "%F0%9F%98%80", "-1", "0", "9" * 39, "9" * 400, "9" * 5000, "1e9", "x" * 3000, "%25",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _fast_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_PAUSE_SECONDS", "0")


@pytest.mark.parametrize(("method", "path", "good"), BODIES, ids=[f"{method} {path}" for method, path, _ in BODIES])
def test_no_value_of_a_field_is_a_500(ada: RouteClient, method: str, path: str, good: dict[str, Any]) -> None:
    for field in good:
        for value in [*TEXTS, *NUMBERS, ["\ud800"], ["x" * 500_000], [""] * 5, {"a": "\ud800"}]:
            if "users/1" in path:  # a change that is taken ends the session
                ada.post("/api/auth/session", json={"email": "ada@example.com", "password": "edge"})
            body = json.dumps({**good, field: value})  # escapes: lone surrogates arrive
            response = ada.request(method, path, content=body, headers={"Content-Type": "application/json"})
            assert response.status_code < 500, (field, str(value)[:40], response.text[:300])


@pytest.mark.parametrize("path", QUERIES)
def test_no_query_is_a_500(ada: RouteClient, path: str) -> None:
    for name in QUERIES[path]:
        for value in SENT:
            response = ada.get(f"{path}?q=&{name}={value}" if name != "q" else f"{path}?q={value}")
            assert response.status_code < 500, (name, value[:20], response.text[:300])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_no_segment_is_a_500(ada: RouteClient, path: str, method: str) -> None:
    for value in SENT:
        response = ada.request(method, path + value, json={"price_cents": 1} if method == "PUT" else None)
        assert response.status_code < 500, (value[:20], response.text[:300])


@pytest.mark.parametrize("cursor", ["\0", "%", "../", "\n", "0" * 63, "Z" * 64, "😀", "0" * 5000])
def test_a_cursor_of_uploads_that_nobody_gave_out_is_400(ada: RouteClient, cursor: str) -> None:
    assert ada.get("/api/upload", params={"cursor": cursor}).status_code == 400


@pytest.mark.parametrize("name", ["", "x" * 5000, "é" * 300, 'a"b', "..", "a\\b", "%00"])
@pytest.mark.parametrize("title", ["", "x" * 200, "x" * 201, "\n", "é" * 200])
def test_no_name_of_a_file_is_a_500(ada: RouteClient, name: str, title: str) -> None:
    png = b"\x89PNG\r\n\x1a\n"
    response = ada.post("/api/upload", files={"file": (name, png, "image/png")}, data={"title": title})
    assert response.status_code < 500, response.text[:300]


@pytest.mark.parametrize("last", ["-1000000000", "-1", "9" * 400, "x", ""])
def test_a_last_event_id_ends_soon_whatever_it_is(client: RouteClient, last: str) -> None:
    response = client.get("/api/events?count=2&pause_ms=0", headers={"Last-Event-ID": last})
    assert (response.status_code < 500, len(response.content) < 1000) == (True, True)


@pytest.mark.parametrize(
    "cookie", ["é", "1.0.4102444800.x", ".", "....", "\x80", "1.0." + "9" * 5000 + ".x", "x" * 8000]
)
def test_no_cookie_is_a_500(client: RouteClient, aws: Any, cookie: str) -> None:
    for path in ("/api/auth/session", "/api/users", "/api/dashboard/research"):
        assert client.get(path, headers={"Cookie": f"__Host-session={cookie}"}).status_code == 401
