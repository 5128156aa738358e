"""`edgeroutes invoke` and `explain`: one request through event and adapter without a server, or explained from the files alone."""

from __future__ import annotations

import json
import os
import sys
from base64 import b64encode
from concurrent.futures import Future
from contextlib import ExitStack, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from edgeroutes.cli import DONE, REFUSED
from edgeroutes.cli.terminal import Terminal
from edgeroutes.dev.aws import make_cloud
from edgeroutes.dev.explanation import explain
from edgeroutes.dev.function_environment import per_function_environ
from edgeroutes.dev.gateway import HttpRequest, HttpResponse, Limits, rest_event
from edgeroutes.dev.invocation import Invocation
from edgeroutes.dev.loop_thread import LoopThread
from edgeroutes.dev.project import Project
from edgeroutes.dev.reload import LiveProject
from edgeroutes.dev.reports import Failed, Logged
from edgeroutes.http.headers import is_token
from edgeroutes.http.problem import reason_phrase
from edgeroutes.pipeline import plan_project
from edgeroutes.runtime.log import add_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from edgeroutes.dev.explanation import Caching, Explanation
    from edgeroutes.dev.reports import Report


def read_request(method: str, path: str, *, headers: Sequence[str], data: str | None) -> HttpRequest:
    """The request of a command line.

    Args:
        method: In any case.
        path: With its query.
        headers: `Name: value` each.
        data: The body, `@FILE`, or `-` for standard input; None for no body.

    Raises:
        ValueError: A method, path or header is not valid, or a file cannot be read.
    """
    if not is_token(method):
        raise ValueError(f"the method is {method!r}. Use letters, digits and !#$%&'*+-.^_`~, such as GET")
    if not path.startswith("/"):
        raise ValueError(f"the path is {path!r}. A path starts with '/'")
    pairs = [_read_header(line) for line in headers]
    names = {name.lower() for name, _ in pairs}
    body = b"" if data is None else _read_body(data)
    if "host" not in names:
        pairs.insert(0, ("Host", "localhost:3000"))
    if body and "content-type" not in names:
        pairs.append(("Content-Type", _guess_type(body)))
    if body and "content-length" not in names:
        pairs.append(("Content-Length", str(len(body))))
    target, _, query = path.partition("?")
    return HttpRequest(method=method.upper(), path=target, query=query, headers=pairs, body=body)


def _read_header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not is_token(name.strip()):
        raise ValueError(f"the header is {line!r}. Write 'Name: value'")
    return name.strip(), value.strip()


def _read_body(data: str) -> bytes:
    if data == "-":
        return sys.stdin.buffer.read()
    if not data.startswith("@"):
        return data.encode()
    try:
        return Path(data[1:]).read_bytes()
    except OSError as error:
        raise ValueError(f"{data[1:]}: the file cannot be read: {error.strerror}") from error


def _guess_type(body: bytes) -> str:
    """JSON for an object or array, otherwise the type that curl sends."""
    try:
        return "application/json" if isinstance(json.loads(body), dict | list) else "application/x-www-form-urlencoded"
    except ValueError:
        return "application/x-www-form-urlencoded"


def print_event(request: HttpRequest) -> int:
    print(json.dumps(rest_event(request), indent=2))
    return DONE


def print_response(root: Path, request: HttpRequest, *, with_head: bool, as_json: bool, aws: bool = False) -> int:
    """Run the request and print its response, a stream as it comes. What the project prints goes to standard error."""
    terminal = Terminal(root, sys.stderr)
    output = sys.stdout
    writer: _Writer = _JsonWriter(output) if as_json else _TextWriter(output, with_head=with_head)
    end_logging = add_writer(_log_to(terminal))
    loop = LoopThread()
    try:
        with ExitStack() as used, redirect_stdout(sys.stderr):
            live = LiveProject(root, terminal, os.environ)
            used.enter_context(per_function_environ(live.function_environment.wait_outside))
            cloud = make_cloud(live, terminal, os.environ, aws=aws, is_lazy=True)
            used.callback(cloud.close)
            cloud.start()
            invocation = Invocation(live, rest_event(request), loop=loop, limits=Limits(), report=terminal)
            invocation.run(writer)
        writer.close()
    finally:
        loop.close()
        end_logging()
    if invocation.note:
        print(invocation.note, file=sys.stderr)
    return DONE if writer.status < 500 and not writer.is_cut else REFUSED


def _log_to(terminal: Terminal) -> Callable[[str, str, Mapping[str, object], BaseException | None], None]:
    def write(level: str, message: str, fields: Mapping[str, object], error: BaseException | None) -> None:
        report: Report = Logged(level=level, message=message, fields=fields)
        terminal(report if error is None else Failed(message=message, error=error))

    return write


class _Writer:
    """A response writer of this process; its client never leaves."""

    def __init__(self, stream: IO[str]) -> None:
        self.status = 0
        self.is_cut = False
        self._stream = stream
        self._has_ended = False

    def send_whole(self, response: HttpResponse) -> Future[None]:
        self.start(response)
        self.put(response.body)
        return self.end()

    def start(self, head: HttpResponse) -> None:
        self.status = head.status
        self.put_head(head)

    def write(self, chunk: bytes) -> Future[None]:
        self.put(chunk)
        return _done()

    def end(self) -> Future[None]:
        self._has_ended = True
        return _done()

    def on_disconnect(self, callback: Callable[[], None]) -> None: ...

    def abort(self) -> None:
        self.is_cut = not self._has_ended

    def put_head(self, response: HttpResponse) -> None: ...

    def put(self, chunk: bytes) -> None: ...

    def close(self) -> None: ...


class _TextWriter(_Writer):
    def __init__(self, stream: IO[str], *, with_head: bool) -> None:
        super().__init__(stream)
        self._with_head = with_head
        self._last = b"\n"

    def put_head(self, response: HttpResponse) -> None:
        if self._with_head:
            lines = [f"{name}: {value}" for name, value in response.headers]
            self._stream.write(
                "\n".join([f"HTTP/1.1 {response.status} {reason_phrase(response.status)}", *lines, "", ""])
            )

    def put(self, chunk: bytes) -> None:
        if chunk:
            self._stream.flush()
            self._stream.buffer.write(chunk)  # type: ignore[attr-defined]  # standard output has one
            self._stream.buffer.flush()  # type: ignore[attr-defined]
            self._last = chunk

    def close(self) -> None:
        """End the last line for a person."""
        if self._stream.isatty() and not self._last.endswith(b"\n"):
            self._stream.write("\n")
        self._stream.flush()


class _JsonWriter(_Writer):
    """Prints one document: status, headers and body, in base64 unless it is UTF-8."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__(stream)
        self._head: HttpResponse | None = None
        self._body = b""

    def put_head(self, response: HttpResponse) -> None:
        self._head = response

    def put(self, chunk: bytes) -> None:
        self._body += chunk

    def close(self) -> None:
        _document: dict[str, Any] = {"status": self.status, "headers": list(self._head.headers) if self._head else []}
        try:
            _document |= {"body": self._body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            _document |= {"body": b64encode(self._body).decode(), "isBase64Encoded": True}
        self._stream.write(json.dumps({**_document, "isComplete": not self.is_cut}, indent=2) + "\n")
        self._stream.flush()


def _done() -> Future[None]:
    future: Future[None] = Future()
    future.set_result(None)
    return future


def read_target(method: str, target: str, headers: Sequence[str]) -> HttpRequest:
    """The request for a path or URL.

    Raises:
        ValueError: It is neither, or the method or a header is not valid.
    """
    url = urlsplit(target)
    if url.scheme in ("http", "https") and url.netloc:
        headers = [f"Host: {url.netloc}", *headers]
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return read_request(method, target, headers=headers, data=None)


def print_explanation(root: Path, request: HttpRequest, *, as_json: bool) -> int:
    found = explain(Project(root), plan_project(root), request, lambda file: (root / file).read_text("utf-8"))
    if as_json:
        print(json.dumps(_document(found), indent=2, default=str))
    else:
        for name, value in _rows(found):
            click.echo(f"{click.style(f'{name:<10}', bold=True)} {value}" if name else f"{'':<10} {value}")
    return DONE


def _document(found: Explanation) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(found).items()}


def _rows(found: Explanation) -> Iterator[tuple[str, str]]:
    """Pairs of a label and a text; further lines of a text have no label."""
    status = f"{found.status}: " if found.status is not None else ""
    yield f"{found.method}", found.target
    yield "handler", f"{status}{found.handler}"
    yield from [("location", found.location)] if found.location else []
    yield "function", found.logical_id
    if found.route_path:
        yield "route", f"{found.route_path}  {found.source_file}"
        yield from _listed("params", [f"{name} = {value!r}" for name, value in found.params.items()])
        yield from _listed("guards", found.guards)
        yield from _listed("middleware", found.middleware_files)
        yield from [("methods", found.allow)] if found.allow else []
    yield from _caching_rows(found.caching)
    yield from [("cors", found.cors)] if found.cors else []


def _caching_rows(caching: Caching) -> Iterator[tuple[str, str]]:
    lifetime = "not cached" if caching.lifetime_seconds is None else f"{caching.lifetime_seconds:,} s"
    yield "cache", f"{lifetime}: {caching.cache_control}"
    yield from _listed("source", caching.source)
    yield from _listed("exceptions", caching.exceptions)
    yield from [("key", caching.key)] if caching.key else []
    yield from [("tags", ", ".join(caching.tags))] if caching.tags else []


def _listed(name: str, values: Sequence[str]) -> Iterator[tuple[str, str]]:
    for number, value in enumerate(values):
        yield "" if number else name, value
