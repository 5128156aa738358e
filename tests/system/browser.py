"""A real browser without a window: Chromium, led through the DevTools protocol.

Source: chromedevtools.github.io/devtools-protocol, domains Page, Runtime, Network and Log, read 2026-11-21.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from websockets.sync.client import ClientConnection

PATIENCE_SECONDS = 30
WIRE_SECONDS = 2
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Nothing that speaks to anybody but the pages: a browser's own traffic is not part of a test.
FLAGS = (
    "--headless",
    "--remote-debugging-port=0",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-proxy-server",
)


def find_browser() -> str | None:
    """Chromium's program: where EDGEROUTES_CHROMIUM says, or one on PATH; None where there is none."""
    named = os.environ.get("EDGEROUTES_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


class BrowserError(Exception):
    """What the browser says went wrong: a page that does not load, JavaScript that throws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One response as the page's network has seen it.

    Args:
        url: Of the request; every step of a redirect has a response of its own.
        status: As it came over the wire: 304 where the page's JavaScript sees the 200 of the browser's cache.
        headers: As they came over the wire, names in lower case; values of a repeated name one to a line.
        from_cache: Whether the browser asked nobody.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    from_cache: bool


class Browser:
    """A running Chromium with a profile of its own.

    Args:
        program: From `find_browser`.
        profile: An empty folder.
        flags: More options of the command line.
    """

    def __init__(self, program: str, profile: Path, flags: Sequence[str] = ()) -> None:
        command = [program, *FLAGS, *flags, f"--user-data-dir={profile}", "about:blank"]
        if os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # Chromium refuses to start as root with it
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self._port = self._wait_for_port(profile / "DevToolsActivePort")

    @contextmanager
    def open_page(self) -> Iterator[Page]:
        """A new, empty page, closed at the end."""
        target = json.loads(self._ask("PUT", "/json/new?about:blank"))
        try:
            with connect(target["webSocketDebuggerUrl"], max_size=None, proxy=None) as socket:
                yield Page(socket)
        finally:
            self._ask("GET", f"/json/close/{target['id']}")

    def stop(self) -> None:
        """End the browser with all its processes."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _ask(self, method: str, path: str) -> bytes:
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)) as connection:
            connection.request(method, path)
            return connection.getresponse().read()

    def _wait_for_port(self, written: Path) -> int:
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            if written.is_file() and (lines := written.read_text().splitlines()):
                return int(lines[0])
            time.sleep(0.02)
        self.stop()
        raise BrowserError(f"Chromium did not start: exit code {self._process.returncode}")


class Page:
    """A page of the browser: where it goes, what its JavaScript returns, what it has received and logged."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._last_id = 0
        self._events: list[dict[str, Any]] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def navigate(self, url: str) -> Received:
        """Go there and wait until the page has loaded; the last response to its document's request.

        Raises:
            BrowserError: When nothing is shown: no connection, or a response without a page such as a 204.
        """
        loads = self._count("Page.loadEventFired")
        started = self.call("Page.navigate", url=url)
        if "errorText" in started:
            raise BrowserError(f"{url}: {started['errorText']}")
        self._wait_until(lambda: self._count("Page.loadEventFired") > loads, f"{url} has not loaded")
        return self._responses(started["loaderId"])[-1]

    def reload(self) -> None:
        """Load the page again, as its button does, and wait until it has loaded."""
        loads = self._count("Page.loadEventFired")
        self.call("Page.reload")
        self._wait_until(lambda: self._count("Page.loadEventFired") > loads, "the page has not loaded again")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, in the page; `await` may stand in it, statements before it.

        Raises:
            BrowserError: What it threw.
        """
        done = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, replMode=True
        )
        if "exceptionDetails" in done:
            details = done["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description") or details["text"])
        return done["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Wait until a JavaScript condition holds."""
        self._wait_until(lambda: self.evaluate(f"Boolean({condition})"), f"{condition} has not come true")

    @property
    def received(self) -> list[Received]:
        """Every response so far, in the order in which the requests were first made."""
        self._wait_for_wire()
        ids = [event["params"]["requestId"] for event in self._events if event["method"] == "Network.requestWillBeSent"]
        return [response for request_id in dict.fromkeys(ids) for response in self._responses(request_id)]

    @property
    def console(self) -> list[str]:
        """What the page has written to its console, and what the browser and uncaught exceptions have: `error: …`."""
        self._read_on()
        return [line for event in self._events for line in _console_lines(event)]

    def call(self, method: str, **parameters: Any) -> Any:
        """The result of a command of the protocol.

        Raises:
            BrowserError: When the browser refuses it.
        """
        self._last_id += 1
        self._socket.send(json.dumps({"id": self._last_id, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(PATIENCE_SECONDS))
            if message.get("id") == self._last_id:
                if "error" in message:
                    raise BrowserError(f"{method}: {message['error']['message']}")
                return message["result"]
            self._events.append(message)

    def _wait_until(self, is_so: Callable[[], bool], otherwise: str) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            if time.monotonic() > end:
                raise BrowserError(otherwise)
            self._read_on(0.02)

    def _read_on(self, seconds: float = 0) -> None:
        """Take in what the browser has sent by itself; wait so long for a first message."""
        with suppress(TimeoutError):
            while True:
                self._events.append(json.loads(self._socket.recv(seconds)))
                seconds = 0

    def _wait_for_wire(self) -> None:
        """Take in what came over the wire for every response that says so: the event may come later than the response."""
        end = time.monotonic() + WIRE_SECONDS
        self._read_on()
        while time.monotonic() < end and any(_lacks_wire(self._events)):
            self._read_on(0.02)

    def _count(self, method: str) -> int:
        return sum(event["method"] == method for event in self._events)

    def _responses(self, request_id: str) -> list[Received]:
        """A request's responses, each step of a redirect one; what came over the wire is listed apart, in the same order."""
        events = [event for event in self._events if event["params"].get("requestId") == request_id]
        wire = iter([event["params"] for event in events if event["method"] == "Network.responseReceivedExtraInfo"])
        responses = []
        for event in events:
            said = event["params"].get(
                {"Network.requestWillBeSent": "redirectResponse"}.get(event["method"], "response")
            )
            if said is None:
                continue
            has_more = event["params"].get("hasExtraInfo") or event["params"].get("redirectHasExtraInfo")
            more = next(wire, {}) if has_more else {}
            headers = more.get("headers") or said["headers"]
            responses.append(
                Received(
                    url=said["url"],
                    status=more.get("statusCode", said["status"]),
                    headers={name.lower(): value for name, value in headers.items()},
                    from_cache=bool(said.get("fromDiskCache")) or _is_from_memory(events),
                )
            )
        return responses


def _lacks_wire(events: list[dict[str, Any]]) -> Iterator[bool]:
    """For each response so far, whether more has been said of it than has come."""
    told = [each["params"]["requestId"] for each in events if each["method"] == "Network.responseReceivedExtraInfo"]
    for event in events:
        if event["method"] == "Network.responseReceived" and event["params"].get("hasExtraInfo"):
            yield event["params"]["requestId"] not in told


def _is_from_memory(events: list[dict[str, Any]]) -> bool:
    return any(event["method"] == "Network.requestServedFromCache" for event in events)


def _console_lines(event: dict[str, Any]) -> list[str]:
    said = event["params"]
    if event["method"] == "Runtime.consoleAPICalled":
        words = [str(each.get("value", each.get("description", ""))) for each in said["args"]]
        return [f"{said['type']}: {' '.join(words)}"]
    if event["method"] == "Log.entryAdded":
        return [f"{said['entry']['level']}: {said['entry']['text']}"]
    if event["method"] == "Runtime.exceptionThrown":
        details = said["exceptionDetails"]
        return [f"error: {details.get('exception', {}).get('description') or details['text']}"]
    return []
