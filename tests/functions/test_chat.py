from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


@pytest.fixture(autouse=True)
def _fast_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_PAUSE_SECONDS", "0")


def test_tokens_are_events_and_the_last_event_has_their_number(ada: RouteClient) -> None:
    response = ada.post("/api/chat", json={"message": "good day"})
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.text == (
        'event: token\ndata: {"text":"You"}\n\n'
        'event: token\ndata: {"text":" said:"}\n\n'
        'event: token\ndata: {"text":" good"}\n\n'
        'event: token\ndata: {"text":" day"}\n\n'
        'event: done\ndata: {"tokens":4}\n\n'
    )


def test_or_as_plain_text(ada: RouteClient) -> None:
    response = ada.post("/api/chat", json={"message": "good day", "format": "text"})
    assert (response.headers["content-type"], response.text) == ("text/plain; charset=utf-8", "You said: good day")


@pytest.mark.parametrize(
    ("question", "errors"),
    [
        ({}, [{"field": "message", "message": "is required"}]),
        ({"message": " "}, [{"field": "message", "message": "must have 1 to 2000 characters"}]),
        ({"message": "x", "format": "xml"}, [{"field": "format", "message": "must be one of sse, text"}]),
    ],
)
def test_a_question_that_is_none_is_400(
    ada: RouteClient, question: dict[str, str], errors: list[dict[str, str]]
) -> None:
    response = ada.post("/api/chat", json=question)
    assert (response.status_code, response.json()["errors"]) == (400, errors)


def test_a_chat_is_posted(ada: RouteClient) -> None:
    assert ada.get("/api/chat").status_code == 405


def test_only_members_of_a_team_ask(client: RouteClient, eve: RouteClient) -> None:
    statuses = [eve.post("/api/chat", json={"message": "x"}).status_code]
    client.cookies.clear()
    statuses.append(client.post("/api/chat", json={"message": "x"}).status_code)
    assert statuses == [403, 401]
