"""FastAPI's tutorial: the same code, the same JSON; departures are in the table. FastAPI itself runs beside edgeroutes."""

from __future__ import annotations

import asyncio
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import fastapi
import pytest

from tests.cases.fastapi_signatures import COMMON, ROWS, Row, Sent

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

MARKERS = "Body, Cookie, File, Form, Header, Query, UploadFile"


async def ask_asgi(app: Any, method: str, sent: Sent, body: bytes, headers: list[tuple[str, str]]) -> tuple[int, Any]:
    path, _, query = f"/items{sent.path}".partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "root_path": "", "scheme": "http", "server": ("a.example", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    messages = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    await app(scope, receive, send)
    return messages[0]["status"], b"".join(message.get("body", b"") for message in messages[1:])


def prepared(sent: Sent) -> tuple[bytes, list[tuple[str, str]]]:
    kind = "application/json" if not sent.form else "application/x-www-form-urlencoded"
    headers = list(sent.headers)
    if (sent.json or sent.form) and not any(name == "Content-Type" for name, _ in headers):
        headers.append(("Content-Type", kind))
    return (sent.json or sent.form).encode(), headers


def ask_fastapi(row: Row, sent: Sent) -> tuple[int, Any]:
    module = ModuleType("fastapi_signatures_tried")
    namespace = vars(module)
    source = (
        f"{COMMON}from fastapi import {MARKERS}, Path\nasync def handler({row.signature}):\n    return {row.result}\n"
    )
    sys.modules[module.__name__] = module  # where pydantic looks names up
    exec(compile(source, "table", "exec", dont_inherit=True), namespace)
    app = fastapi.FastAPI()
    path = f"/items/{row.folder}".rstrip("/").replace("[", "{").replace("]", "}")
    app.add_api_route(path, namespace["handler"], methods=[row.method], response_model=None)
    return asyncio.run(ask_asgi(app, row.method, sent, *prepared(sent)))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_signature_of_the_tutorial_does_what_it_does_in_fastapi(project: Make, row: Row) -> None:
    source = (
        f"{COMMON}from edgeroutes import {MARKERS}\n"
        f"async def {row.method}({row.ours or row.signature}):\n    return {row.result}\n"
    )
    routes = project({f"items/{row.folder}/route.py".replace("//", "/"): source})
    for sent in row.good:
        body, headers = prepared(sent)
        response = routes.request(row.method, f"/items{sent.path}", headers, body)
        status, text = ask_fastapi(row, sent)
        assert (status, response.status, response.text) == (200, 200, text.decode()), sent
    for number, sent in enumerate(row.bad):
        body, headers = prepared(sent)
        response = routes.request(row.method, f"/items{sent.path}", headers, body)
        assert ask_fastapi(row, sent)[0] == 422
        wanted = row.statuses[min(number, len(row.statuses) - 1)] if row.statuses else 400
        assert response.status == wanted, (sent, response.text)
        assert bool(row.departs) == (wanted != 400)
