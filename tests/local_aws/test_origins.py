from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.dev.app import AccessLog
from edgeroutes.local_aws.origins import (
    foreign_origin,
    is_allowed,
    is_loopback,
    is_own_page,
    is_top_level_navigation,
    refers_from_elsewhere,
)
from tests.dev.serving import Recorder, serving, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dev.serving import Served


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "localhost.", "app.localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"]
)
def test_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.168.0.1", "localhost.example", "notlocalhost", "example.com"]
)
def test_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("header", "told", "allowed"),
    [
        ("localhost:3000", "127.0.0.1", True),
        ("LocalHost", "127.0.0.1", True),
        ("app.localhost:3000", "127.0.0.1", True),
        ("[::1]:3000", "127.0.0.1", True),
        ("", "127.0.0.1", True),
        ("evil.example", "127.0.0.1", False),
        ("evil.example:3000", "127.0.0.1", False),
        ("localhost.evil.example", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
        ("192.168.1.5:3000", "127.0.0.1", False),
        ("192.168.1.5:3000", "192.168.1.5", True),
        ("devbox:3000", "devbox", True),
        ("192.168.1.5:3000", "0.0.0.0", True),
        ("[2001:db8::1]:3000", "::", True),
        (socket.gethostname(), "0.0.0.0", True),
        ("evil.example", "0.0.0.0", False),
    ],
)
def test_a_host_header_is_allowed_or_refused(header: str, told: str, allowed: bool) -> None:
    assert is_allowed(header, told) is allowed


EVIL = "https://evil.example"
CROSS = {"sec-fetch-site": "cross-site"}
DOCUMENT = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({}, None),
        ({"origin": "http://localhost:3000"}, None),
        ({"origin": "http://127.0.0.1:5173", **CROSS}, None),
        ({"origin": "http://[::1]:5173", **CROSS}, None),
        ({"origin": "http://app.localhost"}, None),
        ({"origin": EVIL}, EVIL),
        ({"origin": EVIL, "sec-fetch-site": "same-origin"}, EVIL),
        ({"origin": "http://localhost.evil.example"}, "http://localhost.evil.example"),
        ({"origin": "http://localhost@evil.example"}, "http://localhost@evil.example"),
        ({"origin": "http://evil.example#.localhost"}, "http://evil.example#.localhost"),
        ({"origin": "http://127.0.0.1.evil.example"}, "http://127.0.0.1.evil.example"),
        ({"origin": "http://localhost:3000,http://evil.example"}, "http://localhost:3000,http://evil.example"),
        ({"origin": "chrome-extension://localhost"}, "chrome-extension://localhost"),
        ({"origin": ""}, ""),
        ({"origin": "null"}, "null"),
        ({"origin": "null", **CROSS}, "null"),
        ({"origin": "null", "sec-fetch-site": "same-origin"}, None),
        (CROSS, "null"),
        ({"sec-fetch-site": "none,cross-site"}, "null"),
        ({"sec-fetch-site": "CROSS-SITE"}, "null"),
        ({"referer": f"{EVIL}/page", **CROSS}, EVIL),
        ({"referer": "http://localhost:3000/page", **CROSS}, None),
        ({"referer": "http://localhost:3000@evil.example/", **CROSS}, "http://localhost:3000@evil.example"),
        ({"sec-fetch-site": "same-site"}, None),
        ({"sec-fetch-site": "none"}, None),
    ],
)
def test_the_origin_of_a_page_of_another_machine(headers: dict[str, str], origin: str | None) -> None:
    assert foreign_origin(headers) == origin


def test_a_navigation_is_one_that_no_page_can_read() -> None:
    assert is_top_level_navigation("GET", {**CROSS, **DOCUMENT})
    assert not is_top_level_navigation("POST", {**CROSS, **DOCUMENT})
    assert not is_top_level_navigation("GET", {**CROSS, **DOCUMENT, "origin": EVIL})
    assert not is_top_level_navigation("GET", {**CROSS, **DOCUMENT, "sec-fetch-dest": "iframe"})
    assert not is_top_level_navigation("GET", {**CROSS, "sec-fetch-mode": "no-cors"})


def test_an_own_page_is_of_the_same_origin() -> None:
    own = "http://localhost:3000"
    assert is_own_page(own, {})
    assert is_own_page(own, {"origin": own, "sec-fetch-site": "same-origin"})
    assert is_own_page(own, {"sec-fetch-site": "none"})
    for headers in ({"origin": "http://localhost:5173"}, {"sec-fetch-site": "same-site"}, CROSS, {"origin": "null"}):
        assert not is_own_page(own, headers), headers


def test_a_referer_of_another_machine() -> None:
    assert refers_from_elsewhere({"referer": EVIL})
    assert refers_from_elsewhere({"referer": "nonsense"})
    assert not refers_from_elsewhere({"referer": "http://localhost:3000/a?b"})
    assert not refers_from_elsewhere({})


FILES = {
    "plain": """
        count = 0

        def GET():
            return {"a": 1}

        def POST():
            global count
            count += 1
            return {"count": count}
    """,
    "partner": f"""
        from edgeroutes import CORS

        cors = CORS({EVIL!r})

        def GET():
            return {{"a": 1}}

        def PUT():
            return {{}}
    """,
    "public": """
        from edgeroutes import CORS

        cors = CORS("*")

        def GET():
            return {"a": 1}
    """,
    "kept": """
        revalidate = 60

        def GET():
            return {"a": 1}
    """,
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("project"), FILES) as served:
        yield served


def status(served: Served, method: str, path: str, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return served.client.request(method, path, headers=named).status_code


def test_a_page_of_another_site_reads_and_changes_nothing(served: Served) -> None:
    before = served.client.post("/plain").json()["count"]
    for headers in (
        {"origin": EVIL, "sec_fetch_site": "cross-site", "sec_fetch_mode": "cors"},
        {"origin": "null", "sec_fetch_site": "cross-site", "sec_fetch_mode": "cors"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "iframe"},
    ):
        for method, path in (
            ("GET", "/plain"),
            ("POST", "/plain"),
            ("GET", "/plain/"),
            ("GET", "/no"),
            ("HEAD", "/plain"),
        ):
            assert status(served, method, path, **headers) == 403, (method, path, headers)
    # Browsers that send no Sec-Fetch-Site.
    for origin in (EVIL, "null"):
        assert status(served, "POST", "/plain", origin=origin) == 403
        response = served.client.get("/plain", headers={"origin": origin})
        assert not [name for name in response.headers if name.startswith("access-control-")]
    # A form that navigates there.
    form = {"origin": EVIL, "sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert status(served, "POST", "/plain", **form) == 403
    assert served.client.post("/plain").json()["count"] == before + 1


def test_the_refusal_names_the_origin_and_opens_nothing(served: Served) -> None:
    response = served.client.get("/plain", headers={"origin": EVIL, "sec-fetch-site": "cross-site"})
    assert response.json()["detail"] == (
        f"a page of another site ({EVIL}) sent this request, and the route's CORS does not allow it."
        " Allow that origin with 'cors' in the route file, or start edgeroutes dev with --host"
    )
    assert not [name for name in response.headers if name.startswith("access-control-")]
    until(lambda: served.told.responded[-1].note.startswith(f"a page of another site ({EVIL})"), "the note in the log")


def test_preflights_are_for_origins_that_the_route_allows(served: Served) -> None:
    asks = {"access_control_request_method": "PUT", "sec_fetch_site": "cross-site"}
    assert status(served, "OPTIONS", "/plain", origin=EVIL, **asks) == 403
    assert status(served, "OPTIONS", "/partner", origin="https://other.example", **asks) == 403
    assert status(served, "OPTIONS", "/partner", origin=EVIL, **asks) == 204


def test_a_public_api_serves_origins_that_its_cors_allows(served: Served) -> None:
    assert status(served, "GET", "/partner", origin=EVIL) == 200
    assert status(served, "PUT", "/partner", origin=EVIL) == 200
    assert status(served, "GET", "/partner", origin="https://other.example", sec_fetch_site="cross-site") == 403
    assert status(served, "PUT", "/partner", origin="https://other.example") == 403
    assert status(served, "GET", "/public", origin="https://any.example") == 200
    assert status(served, "GET", "/public", sec_fetch_site="cross-site", sec_fetch_mode="no-cors") == 200


def test_programs_own_pages_and_navigations_are_served(served: Served) -> None:
    navigation = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert status(served, "GET", "/plain", **navigation) == 200  # the redirect of an OAuth server
    assert status(served, "POST", "/plain") == 200  # a webhook
    assert status(served, "POST", "/plain", origin="http://localhost:5173", sec_fetch_site="cross-site") == 200
    assert status(served, "GET", "/plain", referer="http://localhost:5173/", sec_fetch_site="cross-site") == 200
    assert status(served, "GET", "/plain", referer="https://accounts.example/login") == 200


def test_what_the_cdn_has_stored_is_not_for_other_sites_either(served: Served) -> None:
    assert status(served, "GET", "/kept") == 200
    assert status(served, "GET", "/kept", origin=EVIL, sec_fetch_site="cross-site") == 403


@pytest.mark.parametrize(
    "path", ["/_edgeroutes", "/_edgeroutes/x", "/%5Fedgeroutes/x", "//_edgeroutes", "/a/../_EDGEROUTES"]
)
def test_the_servers_own_pages_are_for_themselves(served: Served, path: str) -> None:
    for headers in (
        {"origin": "http://localhost:5173"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"},
    ):
        assert raw(served, path, **headers) == 403
    assert raw(served, path, sec_fetch_site="same-origin") != 403
    assert raw(served, path) != 403


def test_an_absolute_request_target_names_a_host_as_well(served: Served) -> None:
    assert raw(served, "http://evil.example/plain") == 403
    assert raw(served, f"http://127.0.0.1:{served.server.port}/plain") == 200


def test_who_opens_the_server_opens_it_to_pages_but_not_its_own_folder() -> None:
    assert through_front("/plain", host="0.0.0.0") == 204
    assert through_front("/_edgeroutes", host="0.0.0.0") == 403
    assert through_front("/plain", host="127.0.0.1") == 403


def through_front(path: str, host: str) -> int:
    """The status that a page of another site gets from a server that listens on `host`, without a socket."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [
            (b"host", b"192.168.1.5" if host == "0.0.0.0" else b"localhost"),
            (b"origin", EVIL.encode()),
            (b"sec-fetch-site", b"cross-site"),
        ],
    }
    access_log = AccessLog(app, Recorder(), lambda *_: False, host=host)
    asyncio.run(access_log(scope, None, send))  # type: ignore[arg-type]  # nothing is received
    status: int = sent[0]["status"]
    return status


def raw(served: Served, target: str, **headers: str) -> int:
    """The status for a request target that a client library would change."""
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    with socket.create_connection(("127.0.0.1", served.server.port)) as client:
        client.sendall(f"GET {target} HTTP/1.1\r\nhost: localhost\r\n{''.join(lines)}\r\n".encode())
        return int(client.recv(100).split(b" ")[1])
