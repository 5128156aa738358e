from edgeroutes.testing import RouteClient


def test_get_greets_the_world_or_a_name(client: RouteClient) -> None:
    assert client.get("/hello").json() == {"message": "Hello, world"}
    assert client.get("/hello?name=Ada").json() == {"message": "Hello, Ada"}


def test_post_takes_json(client: RouteClient) -> None:
    response = client.post("/hello", json={"name": "Ada", "excited": True})
    assert (response.status_code, response.json()) == (201, {"message": "Hello, Ada!"})


def test_an_invalid_body_is_400_and_names_the_fields(client: RouteClient) -> None:
    response = client.post("/hello", json={"excited": "very"})
    assert response.status_code == 400
    fields = [error["field"] for error in response.json()["errors"]]
    assert fields == ["name", "excited"]
