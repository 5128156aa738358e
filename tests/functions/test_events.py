from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


def test_events_have_a_name_an_id_and_json_data(client: RouteClient) -> None:
    response = client.get("/api/events?count=2&pause_ms=0")
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store, no-transform"
    assert response.text == (
        'event: tick\nid: 1\ndata: {"number":1,"of":2}\n\n'
        'event: tick\nid: 2\ndata: {"number":2,"of":2}\n\n'
        "event: end\ndata: that was all\n\n"
    )


def test_a_browser_that_reconnects_goes_on_after_the_last_event_it_saw(client: RouteClient) -> None:
    response = client.get("/api/events?count=3&pause_ms=0", headers={"Last-Event-ID": "2"})
    assert [line for line in response.text.splitlines() if line.startswith("id:")] == ["id: 3"]


def test_a_client_with_the_last_event_id_gets_a_204(client: RouteClient) -> None:
    """Source: HTML Living Standard §9.2.2: a 204 ends an EventSource."""
    response = client.get("/api/events?count=3&pause_ms=0", headers={"Last-Event-ID": "3"})
    assert (response.status_code, response.content) == (204, b"")


def test_bad_arguments_are_400_and_no_stream(client: RouteClient) -> None:
    response = client.get("/api/events?count=0&pause_ms=-1")
    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
    bad_id = client.get("/api/events", headers={"Last-Event-ID": "x"})
    assert bad_id.json()["errors"] == [{"field": "last-event-id", "message": "must be an integer"}]
