"""ASGI apps that import nothing of an event loop, the same through every adapter and through a built bundle under awslambdaric.

The bundle is built by uv from real wheels, and sees nothing but itself, awslambdaric and the standard library.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.builder import Builder
from edgeroutes.build.installer import UvInstaller
from edgeroutes.build.store import link_trees
from edgeroutes.build.target import Target
from edgeroutes.build.wheels import install_distributions
from edgeroutes.errors import DependencyError, ToolError
from edgeroutes.pipeline import plan_project
from edgeroutes.testing.runtime_api import RuntimeApi, StreamedResult
from tests.conformance.drivers import DRIVERS, Settings
from tests.system.function_process import BuiltFunctionProcess, rest_get

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conformance.drivers import Driver

RESPOND = """
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": TEXT})
"""
PURE = f"""
TEXT = b"pure"

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        raise RuntimeError("this app has no lifespan")
    {RESPOND.strip()}
"""
LIFESPAN = f"""
TEXT = b"never started"

async def app(scope, receive, send):
    global TEXT
    if scope["type"] == "lifespan":
        assert (await receive())["type"] == "lifespan.startup"
        TEXT = b"started"
        await send({{"type": "lifespan.startup.complete"}})
        await receive()
        return
    {RESPOND.strip()}
"""
FILES = {
    "functions/pure/[[...path]]/route.py": PURE,
    "functions/lifespan/[[...path]]/route.py": LIFESPAN,
    "functions/streams/[[...path]]/route.py": f"streaming = True\n{LIFESPAN}",
    "functions/imported/[[...path]]/route.py": "from lib.apps import api as app\n",
    "lib/apps.py": PURE.replace("async def app", "async def api"),
    "functions/instance/[[...path]]/route.py": "from lib.classes import App\n\nif True:\n    app = App()\n",
    "lib/classes.py": "from lib.apps import api\n\nclass App:\n    async def __call__(self, *asgi):\n        await api(*asgi)\n",
    "functions/wrapped/middleware.py": "async def middleware(request, call_next):\n    return await call_next(request)\n",
    "functions/wrapped/[[...path]]/route.py": PURE,
}
WANTED = {
    "/pure": b"pure",
    "/lifespan/a": b"started",
    "/streams/a/b": b"started",
    "/imported": b"pure",
    "/instance/x": b"pure",
    "/wrapped/x": b"pure",
}
IDS = {
    "/pure": "PurePathFunction",
    "/lifespan/a": "LifespanPathFunction",
    "/streams/a/b": "StreamsPathFunction",
    "/imported": "ImportedPathFunction",
    "/instance/x": "InstancePathFunction",
    "/wrapped/x": "WrappedPathFunction",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("apps")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def driver(adapter: str, root: Path) -> Iterator[Driver]:
    made = DRIVERS[adapter](root, Settings())
    yield made
    made.close()


@pytest.mark.parametrize("path", WANTED)
def test_an_app_without_asyncio_runs_through_every_adapter(path: str, driver: Driver) -> None:
    response = driver.send("GET", path)
    assert (response.status, response.body) == (200, WANTED[path])


@pytest.fixture(scope="module")
def python(root: Path) -> Path:
    """An interpreter of the version that the bundles are for."""
    target = Target.of(plan_project(root).config)
    found = UvInstaller().find_python(target.python)
    if found is None:
        pytest.skip(f"there is no Python {target.python} on this machine, for which the bundles are built")
    return found


@pytest.fixture(scope="module")
def bundles(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's bundles, a folder for each function, and awslambdaric in one more."""
    copy = shutil.copytree(root, tmp_path_factory.mktemp("copy") / "project")
    plan = plan_project(copy)
    builder = Builder(copy, plan)
    folder = tmp_path_factory.mktemp("bundles")
    runtime = [f"awslambdaric=={version('awslambdaric')}"]
    try:
        with builder.store.locked():
            report = builder.build()
        install_distributions(runtime, copy, UvInstaller(), Target.of(plan.config), folder / "awslambdaric")
    except (DependencyError, ToolError) as error:
        pytest.skip(f"the bundles cannot be built: {error}")
    for function in report.functions:
        link_trees(function.trees, folder / function.logical_id)
    return folder


@pytest.mark.parametrize("path", WANTED)
def test_an_app_without_asyncio_runs_in_its_bundle(path: str, bundles: Path, python: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        api = RuntimeApi()
        stack.callback(api.close)
        function = BuiltFunctionProcess(
            api, bundles / IDS[path], tmp_path / "log", python=python, path=[bundles / "awslambdaric"]
        )
        stack.callback(function.stop)
        result = api.invoke(rest_get(path))
        if isinstance(result, StreamedResult):
            head, body = result.whole()
            response = (head["statusCode"], body)
        else:
            response = (result["statusCode"], result["body"].encode())
        assert response == (200, WANTED[path]), function.log.read_text()
