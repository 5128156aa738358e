"""Which routes run on an event loop: one decision for dev and the build."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.entry import needs_loop
from edgeroutes.build.modules import SearchPath
from edgeroutes.build.trace import Tracer
from edgeroutes.pipeline import plan_project
from tests.build.projects import make_project
from tests.fakes.file_tree import HANDLER, MIDDLEWARE
from tests.fakes.installer import FakeWheel

if TYPE_CHECKING:
    from pathlib import Path

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
