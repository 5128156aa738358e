from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgeroutes.testing import Aws, RouteClient

pytestmark = pytest.mark.usefixtures("aws")


def test_ndjson_has_one_document_a_line(client: RouteClient) -> None:
    response = client.get("/api/export")
    assert response.headers["content-type"] == "application/x-ndjson"
    assert response.headers["content-disposition"] == 'attachment; filename="posts.ndjson"'
    assert [json.loads(line)["id"] for line in response.text.splitlines()] == [1, 2, 3, 4]


def test_a_json_array_is_one_document(client: RouteClient) -> None:
    response = client.get("/api/export?format=json")
    assert response.headers["content-type"] == "application/json"
    assert [post["id"] for post in response.json()] == [1, 2, 3, 4]


def test_an_array_of_nothing_is_valid_json_too(client: RouteClient, aws: Aws) -> None:
    for post_id in (1, 2, 3, 4):
        aws.table("PostsTable").delete_item(Key={"id": post_id})
    assert client.get("/api/export?format=json").text == "[]"
    assert client.get("/api/export").content == b""


def test_another_format_is_400(client: RouteClient) -> None:
    response = client.get("/api/export?format=csv")
    assert response.json()["errors"] == [{"field": "format", "message": "must be one of ndjson, json"}]
