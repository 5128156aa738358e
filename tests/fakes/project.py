"""A project of route files in a folder, asked without any server: what tests of the runtime stand on."""

from __future__ import annotations

import json
import sys
from contextvars import copy_context
from dataclasses import dataclass, field
from itertools import count
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from edgeroutes.adapters.mount import mount
from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.plan.manifest import read_cors, route_arguments
from edgeroutes.routing.reading import DiskTree
from edgeroutes.routing.scan import scan
from edgeroutes.runtime.application import Application, Call
from edgeroutes.runtime.loop import LoopFree, PersistentLoop
from edgeroutes.runtime.manifest import Manifest, ManifestRoute
from edgeroutes.runtime.streams import read_whole
from tests.fakes.incoming import FakeIncoming

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextvars import Context
    from pathlib import Path

_numbers = count()


@dataclass(frozen=True, slots=True)
class ReceivedResponse:
    """What came back; equal when status, headers and body are.

    Args:
        status: Its status.
        headers: Names in lower case, repeated ones apart, in order.
        body: All of its bytes.
        call: The request, for `after`.
    """

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    call: Call | None = field(default=None, compare=False, repr=False)
    context: Context | None = field(default=None, compare=False, repr=False)

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def header(self, name: str) -> str | None:
        return next(iter(self.values(name)), None)


class RouteProject:
    """Route files in a folder whose name no other test has, for modules are found by their folders.

    Args:
        root: An empty folder.
        files: Source by file below the routes' folder (`users/[id]/route.py`); with a leading `/`, below `root`.
        needs_loop: Whether the routes are run on an event loop.
        debug: As in `dev`.
        settings: More of the manifest: `base_path`, `trailing_slash`, `tag_header`, `cors`.
    """

    def __init__(
        self, root: Path, files: Mapping[str, str], *, needs_loop: bool = False, debug: bool = False, **settings: Any
    ) -> None:
        self.root = root
        self.app_dir = f"routes_{next(_numbers)}"
        self.needs_loop = needs_loop
        self.debug = debug
        self._settings = settings
        self._application: Application | None = None
        self._free = LoopFree()
        self._loop = PersistentLoop()
        self._handlers: list[LambdaHandler] = []
        sys.path.insert(0, str(root))
        for file, source in files.items():
            self.write(file, source)

    def write(self, file: str, source: str) -> Path:
        path = self.root / file[1:] if file.startswith("/") else self.root / self.app_dir / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source))
        return path

    def manifest(self) -> Manifest:
        """What scanning finds; its problems are left for the runtime to meet."""
        tree = DiskTree(self.root)
        found = scan(tree, self.app_dir)
        cors = read_cors(found.routes, self._settings.get("cors"), tree.read_text)
        routes = [
            ManifestRoute(
                route.route_path,
                route.source_file,
                **route_arguments(route, cors.get(route.route_path)),
                needs_loop=self.needs_loop,
            )
            for route in found.routes
        ]
        return Manifest(routes, **self._settings)

    @property
    def application(self) -> Application:
        if self._application is None:
            self._application = Application(self.manifest(), str(self.root), _send_response, debug=self.debug)
        return self._application

    def lambda_handler(self) -> LambdaHandler:
        handler = LambdaHandler(self.manifest(), str(self.root))
        self._handlers.append(handler)
        return handler

    def ask(self, incoming: FakeIncoming) -> ReceivedResponse:
        """The response, its stream read to the end, as an adapter would."""
        call = self.application.open(incoming)
        context = copy_context()
        status, headers, body = self._run(call, _responded(call), context)
        return ReceivedResponse(status, headers, body, call, context)

    def request(
        self, method: str, target: str, headers: Iterable[tuple[str, str]] = (), body: bytes | ValueError = b""
    ) -> ReceivedResponse:
        return self.ask(FakeIncoming(method, target, headers, body))

    def get(self, target: str, headers: Iterable[tuple[str, str]] = ()) -> ReceivedResponse:
        return self.request("GET", target, headers)

    def post_json(self, target: str, value: Any, method: str = "POST") -> ReceivedResponse:
        return self.request(method, target, [("content-type", "application/json")], json.dumps(value).encode())

    def post_form(self, target: str, body: str, kind: str = "application/x-www-form-urlencoded") -> ReceivedResponse:
        return self.request("POST", target, [("content-type", kind)], body.encode())

    def finish(self, response: ReceivedResponse) -> None:
        """Run what `after` was given, as the adapter does when the response has gone out."""
        assert response.call is not None
        assert response.context is not None
        self._run(response.call, response.call.finish(), response.context)

    def module(self, file: str) -> Any:
        """A loaded route file, for what it keeps in its own variables."""
        folders = f"{self.app_dir}/{file.removesuffix('.py')}".split("/")
        return sys.modules[".".join(folder.replace(".", "\N{ONE DOT LEADER}") for folder in folders)]

    def close(self) -> None:
        self._loop.close()
        for handler in self._handlers:
            handler.close()
        sys.path.remove(str(self.root))
        for name in [name for name in sys.modules if name == self.app_dir or name.startswith(f"{self.app_dir}.")]:
            del sys.modules[name]

    def _run(self, call: Call, coroutine: Any, context: Context) -> Any:
        return (self._loop if call.needs_loop else self._free).run(coroutine, context)


async def _responded(call: Call) -> tuple[int, list[tuple[str, str]], bytes]:
    response = await call.respond()
    body: Any = response.body or b""
    if response.is_stream:
        body = await read_whole(response)
    return response.status, response.headers.multi_items(), body.encode() if isinstance(body, str) else body


async def _send_response(app: Any, scope: Any) -> Any:
    if app is scope.endpoint.app:
        raise NotImplementedError("mounted apps are the adapters' to test")
    return await mount(app, scope)
