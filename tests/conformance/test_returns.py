"""Responses of handlers with return annotations: FastAPI's, through every adapter."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from edgeroutes.testing import RouteClient
from edgeroutes.testing.adapters import ADAPTERS
from tests.conformance.returns import CASES, DEPARTURES, Case, write_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RouteClient]:
    root = tmp_path_factory.mktemp("returns")
    write_project(root)
    with RouteClient(root, debug=False) as client:
        client.get("/0")  # from here on the project's modules can be imported
        yield client


def fastapi_response(case: Case) -> tuple[int, Any]:
    """Status and JSON of FastAPI for a handler; None for the body of a 500 and for no body."""
    namespace: dict[str, Any] = {}
    exec(compile(case.source_with(case.returns), "route.py", "exec"), namespace)  # a source of this file's
    app = FastAPI()
    app.get("/", status_code=case.status)(namespace["GET"])

    async def send() -> Any:
        transport = ASGITransport(app=app, raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/")

    response = asyncio.run(send())
    return shown(response.status_code, response.headers, response.content)


def shown(status: int, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
    if status >= 500 or not body:
        return status, None
    return status, json.loads(body) if headers["content-type"] == "application/json" else body.decode()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_return_annotation_gives_the_response_of_fastapi(client: RouteClient, case: Case) -> None:
    wanted = case.wanted or fastapi_response(case)
    response = client.get(f"/{CASES.index(case)}")

    assert shown(response.status_code, response.headers, response.content) == wanted


@pytest.mark.parametrize("case", DEPARTURES, ids=str)
def test_a_departure_from_fastapi_is_the_documented_one(client: RouteClient, case: Case) -> None:
    response = client.get(f"/{len(CASES) + DEPARTURES.index(case)}")

    assert case.wanted is not None
    assert shown(response.status_code, response.headers, response.content) == case.wanted


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_return_annotations_give_the_same_responses_through_every_adapter(client: RouteClient, adapter: str) -> None:
    differing = []
    for place, case in enumerate([*CASES, *DEPARTURES]):
        expected, found = client.get(f"/{place}"), client.via(adapter).get(f"/{place}")
        kept = [each.headers.get("content-type") for each in (expected, found)]
        bodies = [each.content if each.status_code < 500 else b"" for each in (expected, found)]
        if (expected.status_code, bodies[0], kept[0]) != (found.status_code, bodies[1], kept[1]):
            differing.append(str(case))
    assert differing == []
