"""When key sets are fetched, from a server on this machine that counts."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from joserfc.jwk import ECKey

from edgeroutes.guards.key_sets import FetchedKeys, KeySetError, discover, fetch_json

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGURATION = "/.well-known/openid-configuration"


class Issuer:
    """An issuer's server.

    Attributes:
        url: Its origin.
        responses: Path → status, headers and body.
        requests: The paths and Host fields of the requests so far.
        reply: Set while it may respond.
    """

    def __init__(self) -> None:
        self.responses: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.requests: list[tuple[str, str]] = []
        self.reply = threading.Event()
        self.reply.set()
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.requests.append((self.path, self.headers["host"]))
                issuer.reply.wait(5)
                status, headers, body = issuer.responses.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Write nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def serve(self, path: str, document: object) -> str:
        self.responses[path] = (200, {"content-type": "application/json"}, json.dumps(document).encode())
        return f"{self.url}{path}"


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    thread = threading.Thread(target=issuer.server.serve_forever, args=(0.01,))
    thread.start()
    yield issuer
    issuer.reply.set()
    issuer.server.shutdown()
    thread.join()
    issuer.server.server_close()


def key_set(*kids: str) -> dict[str, Any]:
    return {"keys": [{**ECKey.generate_key("P-256", private=False).as_dict(), "kid": kid} for kid in kids]}


def opened(issuer: Issuer, *kids: str) -> tuple[FetchedKeys, Clock]:
    url, clock = issuer.serve("/keys", key_set(*kids)), Clock()
    return FetchedKeys(lambda: fetch_json(url), "issuer", clock), clock


def test_a_thousand_requests_with_an_unknown_key_lead_to_one_fetch_in_30_seconds(issuer: Issuer) -> None:
    keys, clock = opened(issuer, "old")
    assert keys.find("old") is not None
    clock.now += 30
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(keys.find, (f"unknown-{number}" for number in range(1000))))
    assert found == [None] * 1000
    assert len(issuer.requests) == 2
    assert keys.find("old") is not None
    clock.now += 30
    assert keys.find("unknown") is None
    assert len(issuer.requests) == 3


def test_requests_at_the_same_time_share_the_first_fetch(issuer: Issuer) -> None:
    keys, _ = opened(issuer, "a")
    issuer.reply.clear()
    with ThreadPoolExecutor(20) as pool:
        found = [pool.submit(keys.find, "a") for _ in range(20)]
        issuer.reply.set()
        assert None not in [each.result() for each in found]
    assert len(issuer.requests) == 1


def test_a_new_key_is_found_by_one_fetch(issuer: Issuer) -> None:
    keys, clock = opened(issuer, "old")
    keys.find("old")
    issuer.serve("/keys", key_set("old", "new"))
    clock.now += 30
    assert keys.waits("new")
    assert not keys.waits("old")
    assert None not in [keys.find("new"), keys.find("old"), keys.find("new")]
    assert len(issuer.requests) == 2


def test_the_last_good_set_is_used_for_24_hours_with_a_warning(
    issuer: Issuer, capsys: pytest.CaptureFixture[str]
) -> None:
    keys, clock = opened(issuer, "a")
    keys.find("a")
    issuer.responses["/keys"] = (500, {}, b"")
    clock.now += 24 * 3600
    assert keys.find("a") is not None
    assert "the keys of issuer cannot be fetched" in capsys.readouterr().out
    clock.now += 31
    with pytest.raises(KeySetError, match=r"no keys of issuer: .*status 500"):
        keys.find("a")


def test_a_broken_set_does_not_replace_a_good_one(issuer: Issuer) -> None:
    keys, clock = opened(issuer, "a")
    keys.find("a")
    issuer.serve("/keys", key_set("a", "a"))
    clock.now += 3601
    assert keys.find("a") is not None
    assert len(issuer.requests) == 2


def test_without_any_set_a_failure_is_repeated_for_30_seconds_without_a_fetch(issuer: Issuer) -> None:
    keys, clock = opened(issuer, "a")
    good = issuer.responses.pop("/keys")
    for _ in range(3):
        with pytest.raises(KeySetError, match="status 404"):
            keys.find("a")
    assert len(issuer.requests) == 1
    issuer.responses["/keys"] = good
    clock.now += 30
    assert keys.find("a") is not None


@pytest.mark.parametrize("kid", ["../../etc/passwd", "' or 1=1", "x" * 10_000, "", "\0"])
def test_a_key_id_is_compared_alone(issuer: Issuer, kid: str) -> None:
    keys, _ = opened(issuer, "a", "b")
    keys.find("a")
    assert keys.find(kid) is None
    assert [path for path, _ in issuer.requests] == ["/keys"]


def test_the_keys_of_an_issuer_are_found_by_its_openid_configuration(issuer: Issuer) -> None:
    keys = key_set("a")
    url = issuer.serve("/keys", keys)
    issuer.serve(CONFIGURATION, {"issuer": issuer.url, "jwks_uri": url})
    assert discover(issuer.url) == keys


@pytest.mark.parametrize("other", ["{}/", "{}/x", "https://example.com", None])
def test_the_openid_configuration_of_another_issuer_is_refused(issuer: Issuer, other: str | None) -> None:
    name = other and other.format(issuer.url)
    issuer.serve(CONFIGURATION, {"issuer": name, "jwks_uri": issuer.serve("/keys", key_set("a"))})
    with pytest.raises(KeySetError, match="has the issuer"):
        discover(issuer.url)
    assert [path for path, _ in issuer.requests] == [CONFIGURATION]


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        ((302, {"location": "/other"}, b""), "status 302"),
        ((200, {}, b"[" * 100_000), "has not sent JSON$"),
        ((200, {}, b"[]"), "has not sent a JSON object"),
        ((200, {}, b"\xff"), "has not sent JSON$"),
        ((200, {}, b" " * (256 * 1024 + 1)), "status 200 and 262145 bytes"),
    ],
)
def test_a_response_without_a_key_set_is_refused(
    issuer: Issuer, response: tuple[int, dict[str, str], bytes], problem: str
) -> None:
    issuer.serve("/other", key_set("a"))
    issuer.responses["/keys"] = response
    with pytest.raises(KeySetError, match=problem):
        fetch_json(f"{issuer.url}/keys")
    assert [path for path, _ in issuer.requests] == ["/keys"]


@pytest.mark.parametrize(
    "url", ["http://example.com/keys", "ftp://localhost/keys", "file:///etc/passwd", "//x", "http://["]
)
def test_keys_are_fetched_by_https(url: str) -> None:
    with pytest.raises(KeySetError, match="is not an https:// URL"):
        fetch_json(url)


def test_local_aws_gets_the_host_of_the_service(issuer: Issuer) -> None:
    url = issuer.serve("/pool/keys", key_set("a"))
    fetch_json(url, "cognito-idp.eu-west-1.amazonaws.com")
    assert issuer.requests == [("/pool/keys", "cognito-idp.eu-west-1.amazonaws.com")]
