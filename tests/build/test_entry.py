"""The text of the module that Lambda loads."""

from __future__ import annotations

from edgeroutes.build.entry import entry_imports, render_entry
from edgeroutes.config import CdnConfig, Config
from edgeroutes.http.cors import CORS
from edgeroutes.plan.project import make_plan
from edgeroutes.routing.scan import scan
from tests.fakes.file_tree import HANDLER, MIDDLEWARE, FakeFileTree


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

    assert entry_imports(function) == ("adapters/streaming/handler.py", "runtime/manifest.py")
    assert "from edgeroutes.adapters.streaming.handler import StreamingHandler" in lines
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
            '    ManifestRoute("/a", "functions/a/route.py", needs_loop=False, '
            "cors=CORS(['https://a.example'], methods=['GET', 'HEAD'], headers=['x-a'])),"
        ),
        (
            '    ManifestRoute("/b", "functions/b/route.py", needs_loop=False, '
            "cors=CORS(['env:ORIGINS'], methods=['OPTIONS'], credentials=True), has_options=True),"
        ),
        '    ManifestRoute("/c", "functions/c/route.py", needs_loop=False),',
        "]",
        f'handler = LambdaHandler(Manifest(routes, cors={shared}), __file__.rpartition("/")[0])',
    ]
    assert f"Manifest(routes, cors={shared})" in fallback
