from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


def test_a_generator_streams_text(client: RouteClient) -> None:
    response = client.get("/api/stream?chunks=3&pause_ms=0")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text == "chunk 1 of 3\nchunk 2 of 3\nchunk 3 of 3\n"


def test_before_the_first_chunk_an_error_is_an_ordinary_response(client: RouteClient) -> None:
    response = client.get("/api/stream?chunks=0&pause_ms=9999")
    assert response.status_code == 400
    assert response.json()["errors"] == [
        {"field": "chunks", "message": "must be from 1 to 100"},
        {"field": "pause_ms", "message": "must be from 0 to 2000"},
    ]


def test_arguments_are_checked_as_everywhere(client: RouteClient) -> None:
    assert client.get("/api/stream?chunks=many").json()["errors"] == [
        {"field": "chunks", "message": "must be an integer"}
    ]


def test_a_stream_has_no_etag_and_is_not_cached(client: RouteClient) -> None:
    response = client.get("/api/stream?chunks=1&pause_ms=0")
    assert ("etag" in response.headers, response.headers["cache-control"]) == (False, "private, no-store")


def test_head_does_not_run_through_the_stream(client: RouteClient) -> None:
    response = client.head("/api/stream?chunks=100&pause_ms=2000")
    assert (response.status_code, response.content) == (200, b"")
