"""Projects of route files made for one test, and a real server for them."""

from __future__ import annotations

import json
import socket
import sys
import threading
from itertools import count
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from edgeroutes.adapters.asgi import AsgiApplication, asgi_application
from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.errors import require_no_problems
from edgeroutes.routing.reading import DiskTree
from edgeroutes.routing.scan import scan
from edgeroutes.runtime.manifest import Manifest, ManifestRoute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EVENTS = Path(__file__).parents[2].parent / "shared" / "cases" / "events"
_numbers = count()


class RouteProject:
    """Route files in a folder of their own, whose name no other test has: modules are found by their folders."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.app_dir = f"routes_{next(_numbers)}"
        self.closing: list[Callable[[], None]] = []

    def write(self, file: str, source: str) -> None:
        """A file below the routes' folder: `users/[id]/route.py`."""
        path = self.root / self.app_dir / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source))

    def module(self, file: str) -> Any:
        """A loaded route file, for what it keeps in its own variables."""
        name = f"{self.app_dir}.{file.removesuffix('.py').replace('/', chr(0))}".replace(".", "\N{ONE DOT LEADER}")
        return sys.modules[name.replace("\N{ONE DOT LEADER}", ".", 1).replace(chr(0), ".")]

    def manifest(self, **settings: Any) -> Manifest:
        found = scan(DiskTree(self.root), self.app_dir)
        require_no_problems(found.blocking_problems)
        routes = [
            ManifestRoute(route.route_path, route.source_file, middleware_files=route.middleware_files)
            for route in found.routes
        ]
        return Manifest(routes, **settings)

    def handler(self, **settings: Any) -> LambdaHandler:
        handler = LambdaHandler(self.manifest(**settings), str(self.root))
        self.closing.append(handler.close)
        return handler

    def asgi(self, **settings: Any) -> AsgiApplication:
        return asgi_application(self.manifest(**settings), str(self.root))


@pytest.fixture
def project(tmp_path: Path) -> Iterator[RouteProject]:
    made = RouteProject(tmp_path)
    yield made
    for close in made.closing:
        close()
    for name in [name for name in sys.modules if name.startswith(f"{made.app_dir}.")]:
        del sys.modules[name]


@pytest.fixture
def read_event_file() -> Callable[[str], dict[str, Any]]:
    """Gives one of the collected real events."""

    def read(name: str) -> dict[str, Any]:
        if not EVENTS.is_dir():
            pytest.skip(f"{EVENTS} is not there")
        event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
        return event

    return read


@pytest.fixture
def log_lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """Gives the log lines that were written since it was last asked."""

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]

    return lines


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Serves an ASGI app with uvicorn on a loopback port, and gives its URL."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: Any, **options: Any) -> str:
        listening = socket.create_server(("127.0.0.1", 0))
        # An older uvicorn imports a deprecated part of websockets for a server that may have some.
        options = {"ws": "none", **options}
        config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=2, **options)
        server = uvicorn.Server(config)
        is_up = threading.Event()
        startup = server.startup

        async def started(sockets: Any = None) -> None:
            await startup(sockets=sockets)
            is_up.set()

        server.startup = started  # type: ignore[method-assign]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        running.append((server, thread))
        assert is_up.wait(10)
        return "http://{}:{}".format(*listening.getsockname())

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(10)
