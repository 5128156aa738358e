from edgeroutes.testing import RouteClient


def test_the_world_is_greeted_unless_a_name_is_given(client: RouteClient) -> None:
    assert client.get("/hello").json() == {"message": "Hello, world"}
    assert client.get("/hello?name=Ada").json() == {"message": "Hello, Ada"}


def test_a_greeting_is_posted_as_json(client: RouteClient) -> None:
    answer = client.post("/hello", json={"name": "Ada", "excited": True})
    assert (answer.status_code, answer.json()) == (201, {"message": "Hello, Ada!"})


def test_what_does_not_fit_is_400_and_says_where(client: RouteClient) -> None:
    answer = client.post("/hello", json={"excited": "very"})
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["name", "excited"]
