from __future__ import annotations

import json
import socket
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.testing import RouteClient


class _Upstream(BaseHTTPRequestHandler):
    """A small API: it echoes the request; some paths misbehave."""

    def do_GET(self) -> None:
        path = self.path.removeprefix("/v1")
        if path == "/slow":
            time.sleep(0.5)
        if path == "/moved":
            self._response(302, b"", location="https://elsewhere.example/")
        elif path == "/missing":
            self._response(404, b"<h1>not here</h1>", content_type="text/html")
        elif path == "/broken":
            self._response(200, b"half", content_length="1000")
        elif path == "/nothing":
            self._response(204, b"")
        else:
            self._response(200, json.dumps({"asked": self.path}).encode(), content_type="application/json")

    def _response(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content_length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        with suppress(OSError):  # the client may have gone
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Upstream) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/v1"
        monkeypatch.setenv("UPSTREAM_URL", url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield url
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("upstream")
def test_path_and_query_reach_the_upstream_as_they_were_sent(client: RouteClient) -> None:
    response = client.get("/api/proxy/items/a%2Fb%20c?tag=1&tag=%C3%A9")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.json() == {"asked": "/v1/items/a%2Fb%20c?tag=1&tag=%C3%A9"}


@pytest.mark.usefixtures("upstream")
def test_status_and_content_type_are_passed_through(client: RouteClient) -> None:
    missing = client.get("/api/proxy/missing")
    assert (missing.status_code, missing.headers["content-type"], missing.text) == (
        404,
        "text/html",
        "<h1>not here</h1>",
    )
    nothing = client.get("/api/proxy/nothing")
    assert (nothing.status_code, nothing.content) == (204, b"")


@pytest.mark.usefixtures("upstream")
def test_a_redirect_is_the_clients_to_follow(client: RouteClient) -> None:
    response = client.get("/api/proxy/moved")
    assert (response.status_code, response.headers["location"]) == (302, "https://elsewhere.example/")


@pytest.mark.usefixtures("upstream")
def test_an_upstream_that_breaks_off_is_502(client: RouteClient) -> None:
    response = client.get("/api/proxy/broken")
    assert (response.status_code, response.json()["detail"]) == (502, "the upstream did not respond")


@pytest.mark.usefixtures("upstream")
def test_an_upstream_that_is_too_slow_is_502(client: RouteClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSTREAM_TIMEOUT_SECONDS", "0.05")
    assert client.get("/api/proxy/slow").status_code == 502


def test_an_upstream_that_is_not_there_is_502(client: RouteClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSTREAM_URL", f"http://127.0.0.1:{_closed_port()}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert client.get("/api/proxy/items").status_code == 502


@pytest.mark.usefixtures("upstream")
def test_nobody_gets_out_of_the_upstreams_base_path(client: RouteClient) -> None:
    assert client.get("/api/proxy/%2e%2e/admin").status_code == 404
    assert client.get("/api/proxy/..%2Fadmin").json() == {"asked": "/v1/..%2Fadmin"}


def test_without_an_upstream_the_function_is_set_up_wrongly(
    client: RouteClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UPSTREAM_URL", raising=False)
    assert client.get("/api/proxy/items").status_code == 500


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
