from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


def test_events_have_a_name_an_id_and_json_data(client: RouteClient) -> None:
    answer = client.get("/api/events?count=2&pause_ms=0")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store, no-transform"
    assert answer.text == (
        'event: tick\nid: 1\ndata: {"number":1,"of":2}\n\n'
        'event: tick\nid: 2\ndata: {"number":2,"of":2}\n\n'
        "event: end\ndata: that was all\n\n"
    )


def test_a_browser_that_reconnects_goes_on_after_the_last_event_it_saw(client: RouteClient) -> None:
    answer = client.get("/api/events?count=3&pause_ms=0", headers={"Last-Event-ID": "2"})
    assert [line for line in answer.text.splitlines() if line.startswith("id:")] == ["id: 3"]


def test_one_that_has_seen_all_is_told_not_to_come_back(client: RouteClient) -> None:
    """Source: HTML Living Standard §9.2.2: a 204 ends an EventSource."""
    answer = client.get("/api/events?count=3&pause_ms=0", headers={"Last-Event-ID": "3"})
    assert (answer.status_code, answer.content) == (204, b"")


def test_bad_arguments_are_400_and_no_stream(client: RouteClient) -> None:
    answer = client.get("/api/events?count=0&pause_ms=-1")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    bad_id = client.get("/api/events", headers={"Last-Event-ID": "x"})
    assert bad_id.json()["errors"] == [{"field": "last-event-id", "message": "must be an integer"}]
