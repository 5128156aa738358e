from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


def test_the_smallest_route_returns_a_dict_and_the_client_gets_json(client: RouteClient) -> None:
    response = client.get("/hello")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.text == '{"message":"Hello from edgeroutes"}'


def test_a_method_that_is_not_exported_is_405_with_those_that_are(client: RouteClient) -> None:
    response = client.post("/hello", json={})
    assert (response.status_code, response.content) == (405, b"")
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"


def test_options_and_head_have_their_own_handlers(client: RouteClient) -> None:
    options = client.options("/hello")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    head = client.head("/hello")
    assert (head.status_code, head.headers["content-type"], head.content) == (200, "application/json", b"")


def test_get_takes_a_query_parameter_that_has_a_default(client: RouteClient) -> None:
    assert client.get("/api/hello").json() == {"message": "Hello, world"}
    assert client.get("/api/hello?name=Zo%C3%AB").json() == {"message": "Hello, Zoë"}


def test_post_put_and_patch_read_a_json_body(client: RouteClient) -> None:
    post = client.post("/api/hello", json={"a": 1})
    assert (post.status_code, post.json()) == (201, {"method": "POST", "received": {"a": 1}})
    assert client.put("/api/hello", json=[1]).json() == {"method": "PUT", "received": [1]}
    assert client.patch("/api/hello", json="x").json() == {"method": "PATCH", "received": "x"}


def test_an_invalid_json_body_is_a_400_with_the_position(client: RouteClient) -> None:
    response = client.post("/api/hello", content='{"a": }')
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"] == "the request body is not valid JSON: Expecting value at line 1, column 7"


def test_delete_responds_without_a_body(client: RouteClient) -> None:
    response = client.delete("/api/hello")
    assert (response.status_code, response.content) == (204, b"")
    assert "content-type" not in response.headers


def test_head_and_options_of_its_own_take_the_place_of_the_automatic_ones(client: RouteClient) -> None:
    assert client.head("/api/hello").headers["x-greeting"] == "hello"
    options = client.options("/api/hello")
    assert options.headers["x-greeting"] == "hello"
    assert options.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"


def test_a_method_that_http_does_not_know_is_400(client: RouteClient) -> None:
    response = client.request("BREW", "/api/hello")
    assert (response.status_code, response.content) == (400, b"")
