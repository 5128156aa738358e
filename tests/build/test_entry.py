"""The text of the module that Lambda loads."""

from __future__ import annotations

from edgeroutes.build.entry import entry_imports, render_entry
from edgeroutes.config import CdnConfig, Config
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
