from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


def test_cookies_are_read_as_an_argument_and_from_the_request(client: RouteClient) -> None:
    answer = client.get("/api/cookies", cookies={"theme": "dark", "name": "Zo%C3%AB"})
    assert answer.json() == {"theme": "dark", "all": {"theme": "dark", "name": "Zoë"}}
    assert client.get("/api/cookies").json() == {"theme": "light", "all": {}}


def test_the_function_sets_one_on_whatever_the_handler_answers(client: RouteClient) -> None:
    answer = client.put("/api/cookies?theme=dark")
    assert answer.json() == {"theme": "dark"}
    assert answer.headers.getlist("set-cookie") == ["theme=dark; Path=/; Max-Age=3600"]
    assert client.get("/api/cookies").json()["theme"] == "dark"


def test_a_response_sets_several_each_in_a_line_of_its_own(client: RouteClient) -> None:
    answer = client.post("/api/cookies?theme=dark+blue")
    assert answer.status_code == 201
    assert answer.headers.getlist("set-cookie") == [
        "theme=dark%20blue; Path=/api; HttpOnly; SameSite=strict",
        "seen=yes; Path=/",
    ]


def test_delete_makes_the_browser_forget_it(client: RouteClient) -> None:
    client.put("/api/cookies?theme=dark")
    answer = client.delete("/api/cookies")
    assert answer.headers.getlist("set-cookie") == ["theme=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]
    assert client.get("/api/cookies").json()["theme"] == "light"


def test_an_answer_that_sets_no_cookie_because_it_failed_says_why(client: RouteClient) -> None:
    answer = client.put("/api/cookies")
    assert (answer.status_code, "set-cookie" in answer.headers) == (400, False)
    assert answer.json()["errors"] == [{"field": "theme", "message": "is required"}]
