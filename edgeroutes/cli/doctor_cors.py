"""`edgeroutes doctor cors`: what a browser will do with a request of a page, and why, by the project or by asking a server. Roof."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import suppress
from contextvars import copy_context
from dataclasses import asdict
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from queue import Empty, Queue
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from edgeroutes.cli import DONE, REFUSED
from edgeroutes.cli.browser_cors import (
    PageRequest,
    Reply,
    Step,
    check_origin,
    check_preflight,
    explain_asking,
    explain_readable,
    normalized_method,
)
from edgeroutes.cli.escaping import escape_line
from edgeroutes.dev.gateway import HttpRequest, rest_event
from edgeroutes.dev.project import Project
from edgeroutes.errors import ToolError
from edgeroutes.http.cors import BROWSERS_MAX_AGE_SECONDS
from edgeroutes.http.headers import Headers
from edgeroutes.http.origins import canonical_origin
from edgeroutes.http.response import Response
from edgeroutes.runtime.loop import LoopFree

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from pathlib import Path

    from edgeroutes.adapters.proxy import LambdaHandler
    from edgeroutes.plan.model import ProjectPlan
    from edgeroutes.runtime.application import Call

    Ask = Callable[[PageRequest, str, list[tuple[str, str]]], Reply]

# For all requests together: a server that sends its headers byte by byte would hold the command for ever.
_PATIENCE_S = 20.0
# For a path alone: where the project will be served, nobody knows yet.
_SOMEWHERE = "https://api.invalid"
_MOST_REDIRECTS = 20  # Source: Fetch §4.4 "HTTP-redirect fetch"


def print_cors(
    url: str, *, origin: str, method: str, headers: tuple[str, ...], has_credentials: bool, root: Path, as_json: bool
) -> int:
    """Print what a browser does with a page's request, step by step; 1 when the page cannot read the answer.

    Args:
        url: Absolute, to ask what is there; a path for the project as it is.
        origin: Of the page.
        method: As the page writes it.
        headers: That the page sets, `name` or `name: value`.
        has_credentials: Whether the page sends cookies along.
        root: The project's folder.
        as_json: Whether it is for programs.

    Raises:
        ValueError: For an origin that is none.
        ProjectError: When the project cannot be read.
        ToolError: When the server cannot be asked.
    """
    is_path = url.startswith("/")
    pairs = (header.partition(":") for header in headers)
    request = PageRequest(
        url=_SOMEWHERE + url if is_path else url,
        origin=origin if origin == "null" else canonical_origin(origin),
        method=normalized_method(method),
        headers={name.strip().lower(): value.strip() for name, _, value in pairs},
        has_credentials=has_credentials,
    )
    if is_path:
        steps = [*explain(request, ProjectAnswers(Project(root).handler(debug=False)))]
        notes = explain_project(root, request.origin)
    else:
        steps, notes = [*explain(request, ServerAnswers())], _unsent(request)
    return _print(request, steps, notes, as_json=as_json)


def explain(request: PageRequest, ask: Ask) -> Iterator[Step]:
    """What the browser does, step by step, up to where it stops.

    Args:
        request: Of the page.
        ask: Gives the answer to a request with this method and these header fields.
    """
    if request.is_same_origin:
        yield Step(passes=True, words="The page asks its own origin: CORS has no say.")
        return
    if request.origin.startswith("https://") and request.url.startswith("http://") and not _is_loopback(request.url):
        hint = "Serve the API over https"
        yield Step(passes=False, words="A page of https may not ask http at all (mixed content).", hint=hint)
        return
    if request.dropped_headers:
        names = ", ".join(request.dropped_headers)
        yield Step(passes=True, words=f"No page may set {names}: the browser leaves it out.")
    for _ in range(_MOST_REDIRECTS):
        reply = yield from _explain_one(request, ask)
        target = None if reply is None else request.following(reply)
        if target is None:
            return
        if _place(target.url) != _place(request.url):
            yield Step(passes=True, words=f"The browser follows to {target.url}, which has to allow the page as well.")
            return
        yield Step(passes=True, words=f"The browser follows to {urlsplit(target.url).path}.")
        request = target
    yield Step(passes=False, words="It is one redirect too many.", hint="Look where they lead")


def _explain_one(request: PageRequest, ask: Ask) -> Generator[Step, None, Reply | None]:
    """What the browser does with one request, without what its answer leads to; gives the answer, where it may be read."""
    step = explain_asking(request)
    yield step
    preflight = request.preflight_headers()
    if preflight and step.passes:
        reply = ask(request, "OPTIONS", preflight)
        for step in check_preflight(request, reply):
            yield step
        if step.passes:
            yield _explain_age(reply)
    if not step.passes:
        return None
    reply = ask(request, request.method, [("origin", request.origin)])
    step = check_origin(request, reply)
    yield step
    if step.passes and request.following(reply) is None:
        yield explain_readable(request, reply)
    return reply if step.passes else None


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _explain_age(reply: Reply) -> Step:
    said = reply.headers.get("access-control-max-age", "5")
    seconds = int(said) if said.isascii() and said.isdigit() else 5
    capped = [f"{name} {most}" for name, most in BROWSERS_MAX_AGE_SECONDS.items() if most < seconds]
    most = f" ({', '.join(capped)} at most)" if capped else ""
    return Step(passes=True, words=f"It may be remembered for {seconds} seconds{most}.")


class ProjectAnswers:
    """What the project would say, without running a route: preflights by the runtime itself, answers by what is declared.

    Args:
        handler: Of the project.
    """

    def __init__(self, handler: LambdaHandler) -> None:
        self._handler = handler

    def __call__(self, request: PageRequest, method: str, headers: list[tuple[str, str]]) -> Reply:
        """The answer to a request with these fields."""
        parts = urlsplit(request.url)
        sent = HttpRequest(
            method=method, path=parts.path, query=parts.query, headers=[("host", parts.netloc), *headers]
        )
        call = self._handler.open(rest_event(sent))
        response = Response(None, 204) if call.route is not None else _answered(call)
        if call.cors is not None:
            from edgeroutes.runtime.cors import allow

            allow(response, call.cors, call.incoming)
        return Reply(status=response.status, headers=response.headers)


def _answered(call: Call) -> Response:
    response: Response = LoopFree().run(call.respond(), copy_context())
    return response


class ServerAnswers:
    """What a server says; what changes something there is not sent, and counts as answered like a GET.

    Bodies are not read, and of headers no more than `http.client` takes: 100 of 64 KiB.

    Args:
        timeout_s: For all requests together.
    """

    def __init__(self, timeout_s: float = _PATIENCE_S) -> None:
        self._timeout_s = timeout_s
        self._end = time.monotonic() + timeout_s

    def __call__(self, request: PageRequest, method: str, headers: list[tuple[str, str]]) -> Reply:
        """The response to a request with these fields.

        Raises:
            ToolError: The server cannot be asked, or takes too long.
        """
        hint = "Check that the URL is right and that the server runs"
        connection = _connection(request.url, self._timeout_s)
        replies: Queue[Reply | Exception] = Queue()
        # In a thread, for no socket timeout counts what a name server takes, or a header that comes byte by byte.
        arguments = (connection, request, method, headers, replies)
        threading.Thread(target=_exchange, args=arguments, name="edgeroutes-doctor", daemon=True).start()
        try:
            reply = replies.get(timeout=max(0.0, self._end - time.monotonic()))
        except Empty:
            with suppress(OSError, AttributeError):  # the thread still reads from it, if it has one
                connection.sock.shutdown(socket.SHUT_RDWR)
            problem = f"the server did not respond within {self._timeout_s:g} s"
            raise ToolError(problem, where=request.url, hint=hint) from None
        finally:
            connection.close()
        if isinstance(reply, Exception):
            problem = f"the server cannot be asked: {type(reply).__name__}: {reply}"
            raise ToolError(problem, where=request.url, hint=hint) from reply
        return reply


def _connection(url: str, timeout_s: float) -> HTTPConnection:
    parts = urlsplit(url)
    try:
        return (HTTPSConnection if parts.scheme == "https" else HTTPConnection)(parts.netloc, timeout=timeout_s)
    except (HTTPException, ValueError) as error:
        raise ToolError(f"this is not a URL: {error}", where=url, hint="Write it as https://host/path") from error


def _exchange(
    connection: HTTPConnection,
    request: PageRequest,
    method: str,
    headers: list[tuple[str, str]],
    replies: Queue[Reply | Exception],
) -> None:
    parts = urlsplit(request.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method if method in ("GET", "HEAD", "OPTIONS") else "GET", target, headers=dict(headers))
        response = connection.getresponse()
        replies.put(Reply(status=response.status, headers=Headers(response.getheaders())))
    except Exception as error:  # noqa: BLE001  # of the network, of TLS, of what the server sends: all are told
        replies.put(error)


def _unsent(request: PageRequest) -> list[str]:
    if request.is_same_origin or request.method in ("GET", "HEAD"):
        return []
    return [
        f"{request.method} itself was not sent, since it may change something: a GET of the same URL stands for it."
    ]


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.") or host.endswith(".localhost")


def explain_project(root: Path, origin: str) -> list[str]:
    """What errors say that none of the project's functions makes, and where preflights are answered."""
    from edgeroutes.pipeline import plan_project
    from edgeroutes.plan.cors import gateway_fields
    from edgeroutes.template.cors import plan_edge_cors

    plan = plan_project(root)
    if not plan.cors_policies:
        return ["No route of the project, and no setting, allows any other origin."]
    said = dict(gateway_fields(plan.config.cors, plan.cors_policies)).get("Access-Control-Allow-Origin")
    edge = plan_edge_cors(plan)
    notes = []
    if edge.errors is not None and plan.config.cdn.enabled:
        is_allowed = plan.config.cors is not None and plan.config.cors.allows(origin)
        notes.append(
            f"Errors of CloudFront and API Gateway themselves can{'' if is_allowed else 'not'} be read, like the rest."
        )
    elif said is not None:
        can = "can" if said in ("*", origin) else "cannot"
        notes.append(
            f"Errors of API Gateway itself (413, 429, 504 …) {can} be read: they allow {said!r}. Those of CloudFront cannot."
        )
    else:
        notes.append(
            f"Errors of API Gateway and CloudFront themselves (413, 429, 504 …) cannot be read: {_uncovered(plan)}."
        )
    if plan.config.cdn.enabled:
        notes.append(f"Preflights are answered by {_where_preflights(plan)}.")
    return notes


def _uncovered(plan: ProjectPlan) -> str:
    if plan.config.cors is None:
        return "routes have CORS of their own, and [tool.edgeroutes.cors], which those errors go by, is not set"
    return "they are the same for every request or go by a list of origins, and the routes' CORS is neither"


def _where_preflights(plan: ProjectPlan) -> str:
    from edgeroutes.template.cdn import REQUEST_FUNCTION, request_code
    from edgeroutes.template.cors import plan_edge_cors
    from edgeroutes.template.edge_cors import FUNCTION

    edge = plan_edge_cors(plan)
    if edge.preflights is None:
        return "the functions: no route's CORS is known before they start"
    if FUNCTION not in request_code(plan.config, edge):
        return f"the functions: the table of routes does not fit into {REQUEST_FUNCTION}"
    return "CloudFront, where it knows the route's CORS, else by the functions"


def _print(request: PageRequest, steps: Sequence[Step], notes: Iterable[str], *, as_json: bool) -> int:
    passes = all(step.passes for step in steps)
    if as_json:
        document = {"readable": passes, "steps": [asdict(step) for step in steps], "notes": [*notes]}
        print(json.dumps(document, indent=2))
        return DONE if passes else REFUSED
    print(f"{request.method} {request.url.removeprefix(_SOMEWHERE)} by a page of {request.origin}")
    for step in steps:
        print(f"  {'ok' if step.passes else 'no'}  {escape_line(step.words)}")
    print("The page can read the answer." if passes else f"The page cannot read the answer. {steps[-1].hint}.")
    for note in notes:
        print(f"note: {note}")
    return DONE if passes else REFUSED
