from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


def test_cookies_are_read_as_an_argument_and_from_the_request(client: RouteClient) -> None:
    response = client.get("/api/cookies", cookies={"theme": "dark", "name": "Zo%C3%AB"})
    assert response.json() == {"theme": "dark", "all": {"theme": "dark", "name": "Zoë"}}
    assert client.get("/api/cookies").json() == {"theme": "light", "all": {}}


def test_the_function_sets_a_cookie_on_any_return_value(client: RouteClient) -> None:
    response = client.put("/api/cookies?theme=dark")
    assert response.json() == {"theme": "dark"}
    assert response.headers.getlist("set-cookie") == ["theme=dark; Path=/; Max-Age=3600"]
    assert client.get("/api/cookies").json()["theme"] == "dark"


def test_a_response_sets_several_each_in_a_line_of_its_own(client: RouteClient) -> None:
    response = client.post("/api/cookies?theme=dark+blue")
    assert response.status_code == 201
    assert response.headers.getlist("set-cookie") == [
        "theme=dark%20blue; Path=/api; HttpOnly; SameSite=strict",
        "seen=yes; Path=/",
    ]


def test_delete_removes_the_cookie_in_the_browser(client: RouteClient) -> None:
    client.put("/api/cookies?theme=dark")
    response = client.delete("/api/cookies")
    assert response.headers.getlist("set-cookie") == ["theme=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]
    assert client.get("/api/cookies").json()["theme"] == "light"


def test_an_error_response_sets_no_cookie_and_names_the_reason(client: RouteClient) -> None:
    response = client.put("/api/cookies")
    assert (response.status_code, "set-cookie" in response.headers) == (400, False)
    assert response.json()["errors"] == [{"field": "theme", "message": "is required"}]
