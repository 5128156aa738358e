"""The text of the module that Lambda loads."""

from __future__ import annotations

import sys
from inspect import signature
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.asgi import make_app
from edgeroutes.build.entry import (
    _MANIFEST_DEFAULTS,
    _ROUTE_DEFAULTS,
    ENTRY_FILE,
    entry_imports,
    needs_loop,
    render_entry,
)
from edgeroutes.build.modules import SearchPath
from edgeroutes.build.trace import Tracer
from edgeroutes.config import CdnConfig, Config
from edgeroutes.dev.project import Project
from edgeroutes.http.cors import CORS
from edgeroutes.pipeline import plan_project
from edgeroutes.plan.project import make_plan
from edgeroutes.routing.scan import scan
from edgeroutes.runtime.manifest import Manifest, ManifestRoute
from tests.build.projects import make_project
from tests.fakes.file_tree import HANDLER, MIDDLEWARE, FakeFileTree
from tests.fakes.installer import FakeWheel

if TYPE_CHECKING:
    from pathlib import Path


def test_what_an_entry_leaves_out_is_the_manifests_default() -> None:
    route = {name: each.default for name, each in signature(ManifestRoute).parameters.items()}
    manifest = {name: each.default for name, each in signature(Manifest).parameters.items()}
    assert {name: route[name] for name in _ROUTE_DEFAULTS} == _ROUTE_DEFAULTS
    assert {name: manifest[name] for name in _MANIFEST_DEFAULTS} == _MANIFEST_DEFAULTS


def test_dev_the_build_and_asgi_give_one_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "pyproject.toml": "[tool.edgeroutes]\nbase_path = '/api'\ntrailing_slash = true\nisolate = 'one'\n"
        "[tool.edgeroutes.cors]\norigins = 'https://a.example'\n[tool.edgeroutes.cdn]\ntag_header = 'x-tags'\n",
        "functions/middleware.py": MIDDLEWARE,
        "functions/a/route.py": f"async def OPTIONS(): ...\n{HANDLER}",
        "functions/b/[[...path]]/route.py": "async def app(scope, receive, send): ...\n",
        "functions/c/route.py": f"import asyncio\n{HANDLER}",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(sys, "path", [*sys.path])
    plan = plan_project(tmp_path)
    (function,) = plan.functions
    tracer = Tracer(SearchPath(project_root=tmp_path))
    loops = {route.route_path: needs_loop(route, tracer) for route in function.routes}
    entry: dict[str, Any] = {"__file__": str(tmp_path / ENTRY_FILE)}
    exec(render_entry(function, plan.config, loops), entry)

    dev = described(Project(tmp_path).manifest())
    assert described(entry["handler"].application.manifest) == dev
    assert [(route["route_path"], route["needs_loop"]) for route in dev["routes"]] == [
        ("/a", False),
        ("/b/[[...path]]", True),
        ("/c", True),
    ]
    for route in dev["routes"]:  # on a server all run on its loop
        route["needs_loop"] = True
    assert described(make_app(tmp_path).application.manifest) == dev


def described(manifest: Manifest) -> dict[str, Any]:
    """All that a manifest holds."""
    routes = [{name: getattr(route, name) for name in ManifestRoute.__slots__} for route in manifest.routes]
    return {**{name: getattr(manifest, name) for name in Manifest.__slots__}, "routes": routes}


def entries(config: Config) -> list[str]:
    tree = FakeFileTree(
        {
            "functions/middleware.py": MIDDLEWARE,
            "functions/users/[id]/route.py": HANDLER,
        }
    )
    plan = make_plan(config, scan(tree))
    return [render_entry(each, config, {"/users/[id]": False}) for each in (*plan.functions, plan.fallback)]


def test_an_entry_reads_as_python_and_says_only_what_differs() -> None:
    route, fallback = entries(Config())
    assert route == (
        '"""What Lambda calls for UsersIdFunction. Written by edgeroutes: every build writes it anew."""\n'
        "\n"
        "from edgeroutes.adapters.proxy import LambdaHandler\n"
        "from edgeroutes.runtime.manifest import Manifest, ManifestRoute\n"
        "\n"
        "routes = [\n"
        '    ManifestRoute("/users/[id]", "functions/users/[id]/route.py", middleware_files=["functions/middleware.py"], '
        "needs_loop=False),\n"
        "]\n"
        'handler = LambdaHandler(Manifest(routes), __file__.rpartition("/")[0])\n'
    )
    assert fallback == (
        '"""What Lambda calls for FallbackFunction. Written by edgeroutes: every build writes it anew."""\n'
        "\n"
        "from edgeroutes.adapters.proxy import LambdaHandler\n"
        "from edgeroutes.runtime.manifest import Manifest\n"
        "\n"
        "routes = []\n"
        'handler = LambdaHandler(Manifest(routes), __file__.rpartition("/")[0])\n'
    )


def test_the_settings_that_the_runtime_needs_are_in_it() -> None:
    config = Config(base_path="/api", trailing_slash=True, cdn=CdnConfig(tag_header="x-tags"))
    assert 'Manifest(routes, base_path="/api", trailing_slash=True, tag_header="x-tags")' in entries(config)[0]


def test_a_function_that_streams_gets_the_handler_for_that_and_its_margin() -> None:
    tree = FakeFileTree({"functions/feed/route.py": "def GET():\n    yield 'x'\n"})
    texts = []
    for config in (Config(), Config(stream_margin_ms=250)):
        (function,) = make_plan(config, scan(tree)).functions
        texts.append(render_entry(function, config, {"/feed": False}))
    lines = texts[0].splitlines()

    assert entry_imports(function) == ("adapters/streaming.py", "runtime/manifest.py")
    assert "from edgeroutes.adapters.streaming import StreamingHandler" in lines
    assert lines[-1] == 'handler = StreamingHandler(Manifest(routes), __file__.rpartition("/")[0])'
    assert "Manifest(routes, stream_margin_ms=250)" in texts[1]


def test_cors_is_in_it_resolved_for_each_route_with_the_projects_own() -> None:
    tree = FakeFileTree(
        {
            "functions/a/route.py": f"from edgeroutes import CORS\ncors = CORS('HTTPS://A.example', headers=['X-A'])\n{HANDLER}",
            "functions/b/route.py": "def OPTIONS():\n    return 1\n",
            "functions/c/route.py": f"cors = False\n{HANDLER}",
        }
    )
    config = Config(isolate="one", cors=CORS("env:ORIGINS", credentials=True))
    plan = make_plan(config, scan(tree))
    route, fallback = (
        render_entry(each, config, {"/a": False, "/b": False, "/c": False}) for each in (*plan.functions, plan.fallback)
    )
    shared = "CORS(['env:ORIGINS'], credentials=True)"
    assert route.splitlines()[2:] == [
        "from edgeroutes.adapters.proxy import LambdaHandler",
        "from edgeroutes.http.cors import CORS",
        "from edgeroutes.runtime.manifest import Manifest, ManifestRoute",
        "",
        "routes = [",
        (
            '    ManifestRoute("/a", "functions/a/route.py", '
            "cors=CORS(['https://a.example'], methods=['GET', 'HEAD'], headers=['x-a']), needs_loop=False),"
        ),
        (
            '    ManifestRoute("/b", "functions/b/route.py", '
            "cors=CORS(['env:ORIGINS'], methods=['OPTIONS'], credentials=True), has_options=True, needs_loop=False),"
        ),
        '    ManifestRoute("/c", "functions/c/route.py", needs_loop=False),',
        "]",
        f'handler = LambdaHandler(Manifest(routes, cors={shared}), __file__.rpartition("/")[0])',
    ]
    assert f"Manifest(routes, cors={shared})" in fallback


APPS = {
    "a function": "async def app(scope, receive, send): ...\n",
    "an instance": "class App:\n    async def __call__(self, scope, receive, send): ...\n\napp = App()\n",
    "imported": "from lib.apps import api as app\n",
    "annotated": "from typing import Any\nfrom lib.apps import api\n\napp: Any = api\n",
    "behind a condition": "import os\nfrom lib.apps import api\n\nif os.environ:\n    app = api\n",
    "in a try": "try:\n    from lib.apps import api as app\nexcept ValueError:\n    app = None\n",
    "wrapped": "from lib.apps import api, wrap\n\napp = wrap(api)\n",
}
LIB = "async def api(scope, receive, send): ...\ndef wrap(app):\n    return app\n"


@pytest.mark.parametrize("source", APPS.values(), ids=APPS)
def test_a_route_that_exports_an_app_always_does(source: str, tmp_path: Path) -> None:
    assert loops(tmp_path, {"functions/x/route.py": source, "lib/apps.py": LIB}) == {"/x": True}


def test_other_routes_do_where_they_or_their_middleware_reach_a_loop(tmp_path: Path) -> None:
    files = {
        "functions/free/route.py": HANDLER,
        "functions/inside/route.py": "async def GET():\n    import asyncio\n    await asyncio.sleep(0)\n",
        "functions/below/middleware.py": f"import anyio\n{MIDDLEWARE}",
        "functions/below/route.py": HANDLER,
    }
    assert loops(tmp_path, files) == {"/free": False, "/inside": True, "/below": True}


def test_the_built_entry_says_so(tmp_path: Path) -> None:
    files = {"functions/x/[[...path]]/route.py": "async def app(scope, receive, send): ...\n"}
    project = make_project(tmp_path, files, {"mangum": FakeWheel(files={"mangum/__init__.py": ""})})
    function = project.link(project.build(), "XPathFunction", tmp_path / "bundle")
    assert "needs_loop=True" in (function / "edgeroutes_function.py").read_text()


def loops(root: Path, files: dict[str, str]) -> dict[str, bool]:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    tracer = Tracer(SearchPath(project_root=root))
    return {route.route_path: needs_loop(route, tracer) for _, route in plan_project(root).routes}
