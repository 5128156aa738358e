"""`edgeroutes doctor cors`: the preflight, the response, and why a browser lets a page of another origin read it or not.

Source: fetch.spec.whatwg.org §2.2.2 "forbidden request-header", "CORS-safelisted request-header", §3.3.6 "CORS check", §4.4 "HTTP-redirect
fetch", §4.9 "CORS-preflight fetch" (read 2026-11-21). A test compares the result with Chromium.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from contextlib import ExitStack, closing
from contextvars import copy_context
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from edgeroutes.cli import DONE, REFUSED
from edgeroutes.cli.output import escape_line
from edgeroutes.dev.gateway import HttpRequest, rest_event
from edgeroutes.dev.project import Project
from edgeroutes.errors import ToolError
from edgeroutes.http.cors import SAFELISTED_METHODS, canonical_origin
from edgeroutes.http.headers import Headers
from edgeroutes.http.response import Response
from edgeroutes.pipeline import plan_project
from edgeroutes.runtime.cors import allow
from edgeroutes.runtime.loop import LoopFree
from edgeroutes.template.cdn import describe_coverage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    Fields = list[tuple[str, str]]
    Send = Callable[["PageRequest", str, Fields], "_Reply"]

_FORBIDDEN_HEADERS = re.compile(
    "sec-.*|proxy-.*|accept-(charset|encoding)|access-control-request-(headers|method)|connection|content-length|cookie2?|date|dnt|expect"
    "|host|keep-alive|origin|referer|set-cookie|te|trailer|transfer-encoding|upgrade|via"
)
_LANGUAGES = r"[0-9A-Za-z *,\-.;=]*"
_PLAIN = r'[^\x00-\x08\x0a-\x1f"():<>?@\[\\\]{}\x7f]*'
# The values that need no permission, by header. A value has at most 128 characters, all of them 1,024.
_SAFELISTED_HEADERS = {
    "accept": _PLAIN,
    "accept-language": _LANGUAGES,
    "content-language": _LANGUAGES,
    "content-type": rf"\s*(?i:application/x-www-form-urlencoded|multipart/form-data|text/plain)\s*(;{_PLAIN})?",
    "range": r"bytes=[0-9]+-[0-9]*",
}
_PROJECT_ORIGIN = "https://api.invalid"


class PageRequest(NamedTuple):
    """A request of a page's script; `headers` are those that the script sets, with names in lower case."""

    url: str
    origin: str
    headers: Mapping[str, str]
    method: str = "GET"
    has_credentials: bool = False

    def headers_to_permit(self) -> list[str]:
        sent = {name: value for name, value in self.headers.items() if not _FORBIDDEN_HEADERS.fullmatch(name)}
        patterns = {name: _SAFELISTED_HEADERS[name] for name in sent.keys() & _SAFELISTED_HEADERS.keys()}
        safe = [name for name, known in patterns.items() if len(sent[name]) <= 128 and re.fullmatch(known, sent[name])]
        return sorted(sent.keys() - (safe if sum(len(sent[name]) for name in safe) <= 1024 else ()))


class _Reply(NamedTuple):
    """A response's status, 0 for a route that has not run, and headers."""

    status: int
    headers: Headers


class _Step(NamedTuple):
    """One check of the browser: whether it passes, why, what to do, and the exchange that it starts to look at."""

    passes: bool
    words: str
    hint: str = ""
    exchange: tuple[str, ...] = ()


def normalized_method(method: str) -> str:
    """The method as `fetch` sends it: `put` becomes `PUT`, but `patch` stays."""
    return method.upper() if method.upper() in (*SAFELISTED_METHODS, "DELETE", "OPTIONS", "PUT") else method


def print_cors(
    url: str, *, origin: str, method: str, headers: tuple[str, ...], has_credentials: bool, root: Path, as_json: bool
) -> int:
    """Print the checks of a browser; 1 when the page cannot read the response."""
    is_path = url.startswith("/")
    pairs = (header.partition(":") for header in headers)
    request = PageRequest(
        url=_PROJECT_ORIGIN + url if is_path else url,
        origin=origin if origin == "null" else canonical_origin(origin),
        method=normalized_method(method),
        headers={name.strip().lower(): value.strip() for name, _, value in pairs},
        has_credentials=has_credentials,
    )
    send = partial(_send_to_project, Project(root)) if is_path else send_to_server
    steps = [*explain(request, send)]
    notes = describe_coverage(plan_project(root), request.origin) if is_path else []
    if not is_path and request.method not in ("GET", "HEAD"):
        notes = [f"{request.method} can change data, so a GET of the same URL was sent instead."]
    passes = all(step.passes for step in steps)
    if as_json:
        print(json.dumps({"readable": passes, "steps": [step._asdict() for step in steps], "notes": notes}, indent=2))
    else:
        for step in steps:
            print("".join(f"{escape_line(line)}\n" for line in step.exchange), end="")
            print(f"  {'ok' if step.passes else 'no'}  {escape_line(step.words)}")
        print("The page can read the response." if passes else f"The page cannot read the response. {steps[-1].hint}.")
        print("".join(f"note: {note}\n" for note in notes), end="")
    return DONE if passes else REFUSED


def explain(request: PageRequest, send: Send) -> Iterator[_Step]:
    """The browser's checks, up to the first that fails; `send` gives the response to a method with header fields."""
    parts, method, names = urlsplit(request.url), request.method, request.headers_to_permit()
    if canonical_origin(f"{parts.scheme}://{parts.netloc}") == request.origin:
        yield _Step(True, "The URL has the page's own origin, so CORS does not apply.")
        return
    if method.upper() in ("CONNECT", "TRACE", "TRACK"):
        yield _Step(False, f"Pages cannot send {method}.", "Use another method")
        return
    reasons = [] if method in SAFELISTED_METHODS else [f"the method is {method}"]
    reasons += [f"the page sets {' and '.join(names)}"] if names else []
    if reasons:
        yield _Step(True, f"The browser sends a preflight, because {' and '.join(reasons)}.")
        fields = [("origin", request.origin), ("access-control-request-method", method)]
        fields += [("access-control-request-headers", ",".join(names))] if names else []
        reply = send(request, "OPTIONS", fields)
        origin = _check_origin(request, reply)._replace(exchange=_show(request, "OPTIONS", fields, reply))
        for step in (origin, *_check_preflight(request, names, reply)):
            yield step
            if not step.passes:
                return
    else:
        yield _Step(True, f"The browser sends {method} without a preflight.")
    fields = [("origin", request.origin)]
    reply = send(request, method, fields)
    step = _check_origin(request, reply)
    yield step._replace(exchange=_show(request, method, fields, reply))
    if step.passes and 300 <= reply.status <= 399 and "location" in reply.headers:
        yield _Step(True, f"The browser follows the redirect to {reply.headers['location']}. Check that URL, too.")
    elif step.passes:
        exposed = reply.headers.get("access-control-expose-headers", "")
        yield _Step(True, f"Exposed headers: {exposed or 'only those that browsers always expose'}.")


def _show(request: PageRequest, method: str, sent: Fields, reply: _Reply) -> tuple[str, ...]:
    """The exchange in lines, as curl shows it; of the response the status and the headers of CORS."""
    received = [
        f"  < {name}: {value}" for name, value in reply.headers.multi_items() if name.startswith("access-control-")
    ]
    lines = [f"{method} {request.url.removeprefix(_PROJECT_ORIGIN)}", *(f"  > {name}: {value}" for name, value in sent)]
    return (*lines, f"  < {reply.status or '(the status of the route)'}", *received)


def _check_origin(request: PageRequest, reply: _Reply) -> _Step:
    name = "Access-Control-Allow-Origin"
    values = reply.headers.getlist(name)
    allowed = ", ".join(values)
    if allowed == "*" and request.has_credentials:
        words = f"{name} is '*', and the request has credentials."
        return _Step(False, words, "List the origins in CORS, and set credentials=True")
    if allowed not in ("*", request.origin):
        words = f"{name} is {allowed!r}, not {request.origin!r}." if values else f"The response has no {name}."
        hint = f"Add {request.origin!r} to the origins of CORS"
        if request.origin == "null":
            hint = "Give the page a real origin, or allow '*': any page can have the origin 'null'"
        elif reply.status == 404 and not values:
            hint = "Request a path that exists, or set [tool.edgeroutes.cors], which applies to all paths"
        return _Step(False, words, hint)
    if request.has_credentials and reply.headers.get("access-control-allow-credentials") != "true":
        words = "Access-Control-Allow-Credentials is not 'true', and the request has credentials."
        return _Step(False, words, "Set credentials=True in CORS")
    return _Step(True, f"{name} is {allowed!r}.")


def _check_preflight(request: PageRequest, names: Sequence[str], reply: _Reply) -> Iterator[_Step]:
    """Status, method and headers. `*` is not a wildcard for requests with credentials, and never for `authorization`."""
    methods, lowered = _list(reply, "methods"), [name.lower() for name in _list(reply, "headers")]
    is_ok, method = 200 <= reply.status <= 299, request.method
    hint = "Request a path that exists" if reply.status == 404 else "Respond to it with 204, not with a redirect"
    yield _Step(is_ok, f"The preflight's status is {reply.status}.", "" if is_ok else hint)
    wildcard = "" if request.has_credentials else "*"
    if method not in (*methods, *SAFELISTED_METHODS) and wildcard not in methods:
        hint = f"Add {method!r} to the methods of CORS, or export it"
        if method != method.upper():
            hint = f"Write {method.upper()!r} in the page: the case of a method matters"
        yield _Step(False, f"The method {method} is not in Access-Control-Allow-Methods.", hint)
    missing = [each for each in names if each not in lowered and (each == "authorization" or wildcard not in lowered)]
    if missing:
        words = f"Access-Control-Allow-Headers does not name {' and '.join(missing)}."
        yield _Step(False, words, f"Add {' and '.join(missing)} to the headers of CORS")
    yield _Step(True, "The method and the headers are allowed.")


def _list(reply: _Reply, name: str) -> list[str]:
    values = reply.headers.get(f"access-control-allow-{name}", "").split(",")
    return [value.strip() for value in values if value.strip()]


def _send_to_project(project: Project, request: PageRequest, method: str, fields: Fields) -> _Reply:
    """The response of the project's router: to a preflight as it is; of a route that would run only the headers of CORS."""
    parts = urlsplit(request.url)
    sent = HttpRequest(method=method, path=parts.path, query=parts.query, headers=[("host", parts.netloc), *fields])
    call = project.handler(debug=False).open(rest_event(sent))
    is_run = call.route is None
    response: Response = LoopFree().run(call.respond(), copy_context()) if is_run else Response()
    if call.cors is not None:
        allow(response, call.cors, call.incoming)
    return _Reply(response.status if is_run else 0, response.headers)


def send_to_server(request: PageRequest, method: str, fields: Fields, *, timeout_s: float = 20.0) -> _Reply:
    """The response of a server to GET, HEAD and OPTIONS as they are, to a GET for any other method. It reads no bodies."""
    parts, end = urlsplit(request.url), time.monotonic() + timeout_s
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = method if method in ("GET", "HEAD", "OPTIONS") else "GET"
    try:
        with closing(kind(parts.netloc, timeout=timeout_s)) as connection, ExitStack() as used:
            connection.connect()
            # The socket's own timeout limits each read alone.
            timer = threading.Timer(timeout_s, connection.sock.shutdown, [socket.SHUT_RDWR])
            used.callback(timer.cancel)
            timer.start()
            connection.request(sent, target, headers=dict(fields))
            response = used.enter_context(closing(connection.getresponse()))
            if time.monotonic() >= end:  # the headers may be a part
                raise TimeoutError
            return _Reply(response.status, Headers(response.getheaders()))
    except (OSError, HTTPException, ValueError) as error:
        is_late = time.monotonic() >= end
        problem = (
            f"the server did not respond within {timeout_s:g} s"
            if is_late
            else f"the request failed: {type(error).__name__}: {error}"
        )
        raise ToolError(problem, where=request.url, hint="Check the URL, and that the server runs") from error
