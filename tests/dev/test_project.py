from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from edgeroutes.dev.gateway import HttpRequest, read_result, rest_event
from edgeroutes.dev.project import CACHE_FOLDER, Project
from edgeroutes.errors import LayoutError, ProblemsError
from tests.dev.serving import write_files

if TYPE_CHECKING:
    from pathlib import Path

FREE = "async def GET():\n    return 'text'\n"
LOOP = "async def GET():\n    import asyncio\n    await asyncio.sleep(0)\n    return 'text'\n"


@pytest.fixture
def root(tmp_path: Path):
    yield tmp_path
    if str(tmp_path) in sys.path:
        sys.path.remove(str(tmp_path))


def test_whether_a_route_needs_a_loop_is_found_out_when_it_is_first_asked_for(root: Path) -> None:
    write_files(
        root,
        {
            "free": FREE,
            "loop": LOOP,
            "wrapped/inner": FREE,
            "functions/wrapped/middleware.py": "import anyio\n\nasync def middleware(request, call_next): ...\n",
        },
    )
    routes = {route.route_path: route for route in Project(root).manifest().routes}
    (root / "functions/free/route.py").write_text(LOOP)  # nobody has asked yet
    asked = {path: route.needs_loop for path, route in routes.items()}
    (root / "functions/free/route.py").write_text(FREE)
    assert asked == {path: route.needs_loop for path, route in routes.items()}  # and is not asked again
    assert asked == {"/free": True, "/loop": True, "/wrapped/inner": True}
    assert {route.route_path: route.needs_loop for route in Project(root).manifest().routes}["/free"] is False


def test_a_file_that_does_not_parse_is_left_to_the_loader(root: Path) -> None:
    write_files(root, {"broken": "def GET(:\n", "free": FREE})
    assert [route.needs_loop for route in Project(root).manifest(strict=False).routes] == [True, False]


def test_a_route_has_no_other_attribute_of_that_kind(root: Path) -> None:
    write_files(root, {"free": FREE})
    route = Project(root).manifest().routes[0]
    assert (hasattr(route, "needs_loops"), repr(route)) == (False, "ManifestRoute('/free', 'functions/free/route.py')")


def test_a_strict_manifest_is_refused_with_all_problems(root: Path) -> None:
    write_files(root, {"broken": "def GET(:\n", "[id": FREE, "free": FREE})
    project = Project(root)
    with pytest.raises(ProblemsError) as caught:
        project.manifest()
    assert len(caught.value.problems) == 2
    assert isinstance(caught.value.problems[0], LayoutError)
    assert [route.route_path for route in project.manifest(strict=False).routes] == ["/broken", "/free"]


def test_its_handler_answers_events(root: Path) -> None:
    write_files(root, {"project_free": FREE, "pyproject.toml": "[tool.edgeroutes]\nbase_path = '/api'\n"})
    handler = Project(root).handler()
    answer = read_result(handler(rest_event(HttpRequest(method="GET", path="/api/project_free"))))
    assert (answer.status, answer.body) == (200, b"text")
    assert (root / CACHE_FOLDER).parent.name == ".edgeroutes"
