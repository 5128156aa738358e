"""A project in a folder, served by the real dev server on a real socket: what the tests of `dev` and its command stand on."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from textwrap import dedent
from types import ModuleType
from typing import TYPE_CHECKING, Any

import httpx

from edgeroutes.dev.isolation import drop_modules
from edgeroutes.dev.reports import Failed, Logged, Reloaded, Report, Responded, Started
from edgeroutes.dev.server import DevServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableMapping
    from pathlib import Path

    from edgeroutes.dev.gateway import Limits

# Far above what anything here takes; reached only when something is wrong.
PATIENCE_S = 20.0


_shared: list[str] = []
_FILE_ENDINGS = (".py", ".toml", ".env", ".local", ".txt", ".json", ".tmp", ".yaml")


def write_files(root: Path, files: Mapping[str, str]) -> None:
    """Write the files, each at its path below `root`; names of routes such as `users/[id]` are their route files."""
    for name, text in files.items():
        path = root / (name if name.endswith(_FILE_ENDINGS) else f"functions/{name}/route.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))


def until(is_so: Callable[[], Any], what: str = "it") -> Any:
    """The first true value; fails when there is none for too long."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = is_so()
        if found:
            return found
        time.sleep(0.002)
    raise AssertionError(f"{what} did not happen within {PATIENCE_S} s")


class Recorder:
    """Keeps what the server tells."""

    def __init__(self) -> None:
        self.reports: list[Report] = []

    def __call__(self, report: Report) -> None:
        self.reports.append(report)

    def of(self, kind: type) -> list[Any]:
        return [report for report in list(self.reports) if isinstance(report, kind)]

    @property
    def responded(self) -> list[Responded]:
        return self.of(Responded)

    @property
    def failed(self) -> list[Failed]:
        return self.of(Failed)

    @property
    def logged(self) -> list[Logged]:
        return self.of(Logged)

    @property
    def reloaded(self) -> list[Reloaded]:
        return self.of(Reloaded)

    @property
    def started(self) -> list[Started]:
        return self.of(Started)


class Served:
    """A running server, its project, and a client."""

    def __init__(self, root: Path, server: DevServer, recorder: Recorder, client: httpx.Client) -> None:
        self.root = root
        self.server = server
        self.told = recorder
        self.client = client

    def write(self, files: Mapping[str, str]) -> None:
        write_files(self.root, files)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(path, **options)

    def saved(self, files: Mapping[str, str]) -> Reloaded:
        """Write the files, and wait until they have been read."""
        count = len(self.told.reloaded)
        self.write(files)
        return until(lambda: self.told.reloaded[count:], "the reload")[-1]


@contextmanager
def serving(
    root: Path,
    files: Mapping[str, str],
    *,
    limits: Limits | None = None,
    host: str = "127.0.0.1",
    cdn: bool = True,
    environ: MutableMapping[str, str] | None = None,
    workers: bool = False,
) -> Iterator[Served]:
    """The server of a project with these files, and the end of both."""
    write_files(root, files)
    for name in _shared:  # for who looks for the module by its file
        (root / f"{name}.py").write_text("raise ImportError('the test has its own')\n")
    told = Recorder()
    environ = {} if environ is None else environ
    server = DevServer(root, told, host=host, port=0, limits=limits, cdn=cdn, environ=environ, workers=workers)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: told.started, "the start")
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=PATIENCE_S) as client:
            yield Served(root, server, told, client)
    finally:
        server.stop()
        thread.join()
        drop_modules(root)
        if str(root) in sys.path:
            sys.path.remove(str(root))


@contextmanager
def shared_module(name: str, **values: Any) -> Iterator[ModuleType]:
    """A module that tests and routes share, so that a test can hold a handler where it wants it."""
    module = ModuleType(name)
    vars(module).update(values)
    sys.modules[name] = module
    _shared.append(name)
    try:
        yield module
    finally:
        _shared.remove(name)
        del sys.modules[name]
