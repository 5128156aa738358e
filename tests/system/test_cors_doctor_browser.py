"""`edgeroutes doctor cors` against a real Chromium: for every response of a server, it predicts what the page gets."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from edgeroutes.cli.doctor_cors import PageRequest, explain, normalized_method, send_to_server
from tests.system.test_cors_browser import pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.system.browser import Page

pytestmark = pytest.mark.system
ORIGIN, METHODS, HEADERS = (f"access-control-allow-{name}" for name in ("origin", "methods", "headers"))
CREDENTIALS = "access-control-allow-credentials"
PAGE = "<the page's own>"
ALLOWED = [(ORIGIN, PAGE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A request of a page, and the server's response.

    Args:
        preflight: Status and header fields of the response to an OPTIONS.
        response: The same of the response to the rest.
    """

    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    has_credentials: bool = False
    preflight: tuple[int, list[tuple[str, str]]] = (204, [])
    response: tuple[int, list[tuple[str, str]]] = (200, ALLOWED)


PUT = {"method": "PUT", "preflight": (204, [*ALLOWED, (METHODS, "PUT")])}
SITUATIONS = {
    "its own origin": Situation(),
    "everybody": Situation(response=(200, [(ORIGIN, "*")])),
    "nothing": Situation(response=(200, [])),
    "another origin": Situation(response=(200, [(ORIGIN, "https://elsewhere.example")])),
    "a slash more": Situation(response=(200, [(ORIGIN, f"{PAGE}/")])),
    "capitals": Situation(response=(200, [(ORIGIN, f"{PAGE}".replace("<", "<upper ", 1))])),
    "two origins in one field": Situation(response=(200, [(ORIGIN, f"{PAGE}, https://elsewhere.example")])),
    "the field twice": Situation(response=(200, [*ALLOWED, *ALLOWED])),
    "null": Situation(response=(200, [(ORIGIN, "null")])),
    "an error": Situation(response=(500, ALLOWED)),
    "credentials, everybody": Situation(has_credentials=True, response=(200, [(ORIGIN, "*"), (CREDENTIALS, "true")])),
    "credentials, not allowed": Situation(has_credentials=True),
    "credentials, allowed": Situation(has_credentials=True, response=(200, [*ALLOWED, (CREDENTIALS, "true")])),
    "credentials in capitals": Situation(has_credentials=True, response=(200, [*ALLOWED, (CREDENTIALS, "True")])),
    "credentials twice": Situation(has_credentials=True, response=(200, [*ALLOWED, *[(CREDENTIALS, "true")] * 2])),
    "a preflight": Situation(**PUT),
    "a preflight whose response lacks the origin": Situation(method="PUT", preflight=(204, [(METHODS, "PUT")])),
    "a preflight that is a redirect": Situation(
        method="PUT", preflight=(308, [*ALLOWED, (METHODS, "PUT"), ("location", "/x")])
    ),
    "a preflight that is a 404": Situation(method="PUT", preflight=(404, [*ALLOWED, (METHODS, "PUT")])),
    "a preflight of 200": Situation(method="PUT", preflight=(200, [*ALLOWED, (METHODS, "PUT")])),
    "a response that lacks the origin after a preflight": Situation(**PUT, response=(200, [])),
    "a method of a wildcard": Situation(method="DELETE", preflight=(204, [*ALLOWED, (METHODS, "*")])),
    "a method of a wildcard with credentials": Situation(
        method="DELETE",
        has_credentials=True,
        preflight=(204, [*ALLOWED, (METHODS, "*"), (CREDENTIALS, "true")]),
        response=(200, [*ALLOWED, (CREDENTIALS, "true")]),
    ),
    "methods in several fields": Situation(
        method="PUT", preflight=(204, [*ALLOWED, (METHODS, "GET"), (METHODS, "PUT")])
    ),
    "a method in small letters there": Situation(method="PUT", preflight=(204, [*ALLOWED, (METHODS, "put")])),
    "a list of methods that is none": Situation(method="PUT", preflight=(204, [*ALLOWED, (METHODS, "PUT; GET")])),
    "POST that is not in the list": Situation(
        method="POST", headers={"x-a": "1"}, preflight=(204, [*ALLOWED, (METHODS, "PUT"), (HEADERS, "x-a")])
    ),
    "json": Situation(
        method="POST",
        headers={"content-type": "application/json"},
        preflight=(204, [*ALLOWED, (HEADERS, "Content-Type")]),
    ),
    "json that is not allowed": Situation(
        method="POST", headers={"content-type": "application/json"}, preflight=(204, ALLOWED)
    ),
    "a type with parameters": Situation(method="POST", headers={"content-type": "text/plain; charset=utf-8"}),
    "a type with odd characters": Situation(method="POST", headers={"content-type": 'text/plain; a="x"'}),
    "a long type": Situation(method="POST", headers={"content-type": f"text/plain; a={'x' * 120}"}),
    "a language": Situation(headers={"accept-language": "de, en;q=0.5"}),
    "a language that is none": Situation(headers={"accept-language": "de@x"}),
    "an accept that is long": Situation(headers={"accept": "a" * 129}),
    "an accept with odd characters": Situation(headers={"accept": "a:b"}),
    "a range": Situation(headers={"range": "bytes=0-10"}),
    "a range that is several": Situation(headers={"range": "bytes=0-1,5-6"}),
    "languages and more, together too long": Situation(
        headers={"accept": "a" * 128, "accept-language": "d" * 128, "content-language": "e" * 128}
    ),
    "a range from the end": Situation(headers={"range": "bytes=-10"}),
    "two headers of which one is allowed": Situation(
        headers={"x-a": "1", "x-b": "2"}, preflight=(204, [*ALLOWED, (HEADERS, "x-a")])
    ),
    "headers of a wildcard": Situation(headers={"x-a": "1"}, preflight=(204, [*ALLOWED, (HEADERS, "*")])),
    "headers of a wildcard with credentials": Situation(
        headers={"x-a": "1"},
        has_credentials=True,
        preflight=(204, [*ALLOWED, (HEADERS, "*"), (CREDENTIALS, "true")]),
        response=(200, [*ALLOWED, (CREDENTIALS, "true")]),
    ),
    "authorization of a wildcard": Situation(
        headers={"authorization": "x"}, preflight=(204, [*ALLOWED, (HEADERS, "*")])
    ),
    "authorization by name": Situation(
        headers={"authorization": "x"}, preflight=(204, [*ALLOWED, (HEADERS, "*, Authorization")])
    ),
    "a header that pages may not set": Situation(headers={"cookie": "a=1", "sec-x": "1", "proxy-x": "1", "host": "x"}),
    "a redirect within the server": Situation(response=(302, [*ALLOWED, ("location", "/landed")])),
    "a redirect that no page may see": Situation(response=(302, [("location", "/landed")])),
    "a method that fetch refuses": Situation(method="TRACE"),
    "patch in small letters": Situation(method="patch", preflight=(204, [*ALLOWED, (METHODS, "PATCH")])),
    "put in small letters": Situation(method="put", preflight=(204, [*ALLOWED, (METHODS, "PUT")])),
}


# What Chromium lets pass and the standard does not; the doctor goes by the standard, and says so.
LENIENT = {"authorization of a wildcard"}


class SituationHandler(BaseHTTPRequestHandler):
    """Responds as the situation of the path's number says; origins as the request says."""

    protocol_version = "HTTP/1.1"

    def respond(self) -> None:
        landed = {"/landed": (200, ALLOWED)}
        if self.path in landed:
            status, fields = landed[self.path]
        else:
            situation = list(SITUATIONS.values())[int(self.path[1:])]
            status, fields = situation.preflight if self.command == "OPTIONS" else situation.response
        self.rfile.read(int(self.headers.get("content-length", "0")))
        origin = self.headers.get("origin", "")
        self.send_response(status)
        for name, value in fields:
            told = value.replace("<upper the page's own>", origin.upper()).replace(PAGE, origin)
            self.send_header(name, told)
        self.send_header("content-length", "0")
        self.end_headers()

    def __getattr__(self, name: str) -> Callable[[], None]:
        """`do_GET`, `do_patch` and the like."""
        if name.startswith("do_"):
            return self.respond
        raise AttributeError(name)

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def responding_server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), SituationHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def origins() -> Iterator[tuple[str, str]]:
    """Of the page, and of the server."""
    with pages() as page_origin, responding_server() as server:
        yield page_origin, server


@pytest.mark.parametrize("name", SITUATIONS)
def test_what_the_doctor_says_is_what_the_page_gets(name: str, page: Page, origins: tuple[str, str]) -> None:
    origin, server = origins
    situation = SITUATIONS[name]
    url = f"{server}/{list(SITUATIONS).index(name)}"
    page.navigate(origin)
    options = {
        "method": situation.method,
        "headers": situation.headers,
        "credentials": "include" if situation.has_credentials else "omit",
        "cache": "no-store",
    }
    is_read = page.evaluate(f"await fetch({url!r}, {json.dumps(options)}).then(() => true, () => false)")

    request = PageRequest(
        url=url,
        origin=origin,
        method=normalized_method(situation.method),
        headers=situation.headers,
        has_credentials=situation.has_credentials,
    )
    steps = [*explain(request, send_to_server)]
    foretold = name in LENIENT or all(step.passes for step in steps)
    assert foretold is is_read, [step.words for step in steps]
    assert name not in LENIENT or not steps[-1].passes
    assert [step.hint for step in steps if not step.passes] == [step.hint for step in steps if step.hint]
