"""A function's process: awslambdaric as it is, a folder that looks like /var/task, and a Runtime API to speak to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from edgeroutes.testing.runtime_api import RuntimeApi, StreamedResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_HANDLER = """
import os
{before}
from edgeroutes.adapters.{module} import {handler}
from edgeroutes.runtime.manifest import Manifest, ManifestRoute

routes = [
    ManifestRoute(path, file, needs_loop=needs_loop, middleware_files={middleware!r})
    for path, file, needs_loop in {routes!r}
]
handler = {handler}(Manifest(routes{settings}), os.path.dirname(os.path.abspath(__file__)))
"""
ON_LAMBDA = {"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"}


class FunctionProcess:
    """One sandbox's Python, started at once.

    Args:
        api: Where it reads events.
        task: Its folder, to be filled.
        routes: Source by URL path.
        needs_loop: Whether the routes run on a loop.
        streams: Whether its handler is the streaming one.
        before: Lines for the handler's module, before it imports edgeroutes.
        settings: More arguments of the manifest, as source.
        environment: Further variables.
        awslambdaric: A folder with another version of it; the installed one otherwise.
        middleware: Source of the `middleware.py` around all routes.
    """

    def __init__(
        self,
        api: RuntimeApi,
        task: Path,
        routes: Mapping[str, str],
        *,
        needs_loop: bool = False,
        streams: bool = True,
        before: str = "",
        settings: str = "",
        environment: Mapping[str, str] = ON_LAMBDA,
        awslambdaric: Path | None = None,
        middleware: str = "",
    ) -> None:
        listed = []
        for path, source in routes.items():
            file = f"functions{path}/route.py"
            (task / file).parent.mkdir(parents=True, exist_ok=True)
            (task / file).write_text(dedent(source))
            listed.append((path, file, needs_loop))
        middleware_files = ("functions/middleware.py",) if middleware else ()
        for file in middleware_files:
            (task / file).write_text(dedent(middleware))
        module, handler = ("streaming", "StreamingHandler") if streams else ("proxy", "LambdaHandler")
        source = _HANDLER.format(
            before=dedent(before),
            module=module,
            handler=handler,
            routes=listed,
            settings=settings,
            middleware=middleware_files,
        )
        (task / "handler.py").write_text(source)
        self._log = task / "function.log"
        variables = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, filter(None, (task, awslambdaric)))),
            "AWS_LAMBDA_RUNTIME_API": api.address,
            **environment,
        }
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", "handler.handler"],
                cwd=task,
                env=variables,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def log_lines(self) -> list[dict[str, Any]]:
        """The JSON lines that it has written so far."""
        return [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


class BuiltFunctionProcess:
    """A built bundle's Python under awslambdaric as it is, started at once; it sees the bundle, these folders and the standard library.

    Args:
        api: Where it reads events.
        bundle: Its folder, as `/var/task`.
        log: A file that gets what it writes.
        python: Of the version that the bundle is for.
        path: Folders that Lambda has besides: awslambdaric, and boto3 where the function needs it.
        environment: Further variables.
    """

    def __init__(
        self,
        api: RuntimeApi,
        bundle: Path,
        log: Path,
        *,
        python: Path,
        path: Sequence[Path],
        environment: Mapping[str, str] = ON_LAMBDA,
    ) -> None:
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, (bundle, *path))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_LAMBDA_RUNTIME_API": api.address,
            **environment,
        }
        self.log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [str(python), "-S", "-m", "awslambdaric", "edgeroutes_function.handler"],
                cwd=bundle,
                env=variables,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


class Sandbox:
    """A Runtime API with the function's process that asks it."""

    def __init__(self, task: Path) -> None:
        self.task = task
        self.api = RuntimeApi()
        self._functions: list[FunctionProcess] = []

    def start(self, routes: dict[str, str], *, timeout_s: float = 900, **how: Any) -> FunctionProcess:
        self.api.timeout_s = timeout_s
        function = FunctionProcess(self.api, self.task, routes, **how)
        self._functions.append(function)
        return function

    def stream(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> StreamedResult:
        result = self.api.invoke(rest_get(path, method, headers))
        assert isinstance(result, StreamedResult), result
        return result

    def close(self) -> None:
        for function in self._functions:
            function.stop()
        self.api.close()


def rest_get(path: str, method: str = "GET", headers: Mapping[str, str] | None = None, **query: str) -> dict[str, Any]:
    """A REST API's event for a request without a body."""
    return {
        "httpMethod": method,
        "path": path,
        "headers": dict(headers or {}),
        "queryStringParameters": query or None,
        "requestContext": {},
        "body": None,
        "isBase64Encoded": False,
    }


def wait_until(holds: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.002)


def settled(path: Path) -> int:
    """The number in a file, once it stays the same for half a second."""
    wait_until(path.exists)
    before = -1
    while (now := int(path.read_text() or -1)) != before or now < 0:
        before = now
        time.sleep(0.5)
    return now
