from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from edgeroutes.dev.gateway import HttpRequest, read_result, rest_event
from edgeroutes.dev.project import CACHE_FOLDER, Project, RememberedTree, faults_by_route, layout_problems
from edgeroutes.errors import ImportRaisedError, LayoutError, ProblemsError
from edgeroutes.routing.reading import DiskTree
from edgeroutes.routing.scan import RouteScan, scan
from tests.dev.serving import write_files
from tests.fakes.file_tree import HANDLER, MIDDLEWARE, FakeFileTree

if TYPE_CHECKING:
    from pathlib import Path


FREE = "async def GET():\n    return 'text'\n"
LOOP = "async def GET():\n    import asyncio\n    await asyncio.sleep(0)\n    return 'text'\n"


@pytest.fixture
def root(tmp_path: Path):
    yield tmp_path
    if str(tmp_path) in sys.path:
        sys.path.remove(str(tmp_path))


def test_whether_a_route_needs_a_loop_is_found_out_when_it_is_first_requested(root: Path) -> None:
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


def test_its_handler_responds_to_events(root: Path) -> None:
    write_files(root, {"project_free": FREE, "pyproject.toml": "[tool.edgeroutes]\nbase_path = '/api'\n"})
    handler = Project(root).handler()
    response = read_result(handler(rest_event(HttpRequest(method="GET", path="/api/project_free"))))
    assert (response.status, response.body) == (200, b"text")
    assert (root / CACHE_FOLDER).parent.name == ".edgeroutes"


PLAIN = "def GET():\n    return 1\n"


def test_it_sees_what_the_disk_has_links_too(tmp_path: Path) -> None:
    write_files(tmp_path, {"a": PLAIN, "b/[id]": PLAIN, "other/linked/route.py": PLAIN})
    (tmp_path / "functions/c").symlink_to(tmp_path / "other")
    (tmp_path / "functions/a/up").symlink_to(tmp_path / "functions")
    tree, disk = RememberedTree(tmp_path), DiskTree(tmp_path)
    for _ in range(2):
        assert scan(tree) == scan(disk)
        for folder in ("functions", "functions/c", "functions/c/linked", "functions/a/up"):
            assert tree.resolve(folder) == disk.resolve(folder)
            assert tree.is_directory(folder)
            assert list(tree.list_names(folder)) == list(disk.list_names(folder))
    assert not tree.is_directory("functions/a/route.py")
    assert not tree.is_directory("nothing/here")


def test_the_root_is_a_folder_like_others(tmp_path: Path) -> None:
    (tmp_path / "functions" / "a").mkdir(parents=True)
    tree = RememberedTree(tmp_path)
    assert tree.list_names("") == ("functions",)
    assert [tree.resolve(folder) for folder in ("", "functions", "functions/a")] == [
        os.path.realpath(tmp_path / folder) for folder in ("", "functions", "functions/a")
    ]


def test_it_sees_every_change(tmp_path: Path) -> None:
    write_files(tmp_path, {"a": PLAIN})
    tree = RememberedTree(tmp_path)
    seen = []
    changes = [
        {"b": PLAIN},
        {"a": "revalidate = 1\n" + PLAIN},
        {"c/d": PLAIN, "functions/middleware.py": "async def middleware(request, call_next): ...\n"},
    ]
    for change in changes:
        write_files(tmp_path, change)
        seen.append(scan(tree) == scan(DiskTree(tmp_path)))
    (tmp_path / "functions/b/route.py").unlink()
    (tmp_path / "functions/c").rename(tmp_path / "functions/e")
    seen.append(scan(tree) == scan(DiskTree(tmp_path)))
    assert seen == [True] * 4


def test_a_dropped_file_is_read_again_though_its_mtime_is_the_same(tmp_path: Path) -> None:
    write_files(tmp_path, {"a": "X = 1\n"})
    tree = RememberedTree(tmp_path)
    file = tmp_path / "functions/a/route.py"
    os.utime(file, ns=(10**18, 10**18))
    before = tree.read_text("functions/a/route.py"), tree.list_names("functions")
    file.write_text("X = 2\n")
    os.utime(file, ns=(10**18, 10**18))
    status = (tmp_path / "functions").stat()
    (tmp_path / "functions/b").mkdir()
    os.utime(tmp_path / "functions", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (tree.read_text("functions/a/route.py"), tree.list_names("functions")) == before
    tree.drop([file, tmp_path / "functions/b"])
    assert (tree.read_text("functions/a/route.py"), tree.list_names("functions")) == ("X = 2\n", ("a", "b"))


def test_what_cannot_be_read_raises_what_the_disk_raises(tmp_path: Path) -> None:
    tree = RememberedTree(tmp_path)
    (tmp_path / "bad.py").write_bytes(b"# coding: nothing\n")
    for read in (lambda: tree.list_names("absent"), lambda: tree.read_text("absent.py")):
        with pytest.raises(OSError, match="No such file"):
            read()
    with pytest.raises(ImportRaisedError, match=r"bad\.py:1: the encoding is wrong"):
        tree.read_text("bad.py")


BROKEN = "def GET(:\n"


def scanned(*folders: str, **files: str) -> RouteScan:
    routes = {f"functions/{folder}/route.py": HANDLER for folder in folders}
    return scan(FakeFileTree({**routes, **{name.replace("__", "/") + ".py": text for name, text in files.items()}}))


def test_a_good_project_has_none() -> None:
    assert faults_by_route(scanned("a", "b")) == {}


def test_a_broken_file_is_its_own_routes_fault() -> None:
    found = scanned("a", "b", functions__c__route=BROKEN)
    assert {path: [str(fault) for fault in faults] for path, faults in faults_by_route(found).items()} == {
        "/c": ["functions/c/route.py:1: the file is not Python: invalid syntax."]
    }


def test_a_broken_middleware_is_the_fault_of_all_below_it() -> None:
    found = scanned("a", "b/c", "b/d", functions__b__middleware=BROKEN, functions__middleware=MIDDLEWARE)
    assert list(faults_by_route(found)) == ["/b/c", "/b/d"]


def test_two_folders_with_one_url_are_the_fault_of_the_one_that_is_in_the_table() -> None:
    found = scanned("(one)/a", "(two)/a", "b")
    assert list(faults_by_route(found)) == ["/a"]


def test_two_names_of_one_segment_are_the_fault_of_both() -> None:
    found = scanned("users/[id]", "users/[slug]/posts", "users/me")
    assert list(faults_by_route(found)) == ["/users/[id]", "/users/[slug]/posts"]


def test_a_folder_whose_name_starts_the_same_is_another() -> None:
    found = scanned("x", "x/[[...rest]]", "xy")
    assert list(faults_by_route(found)) == ["/x", "/x/[[...rest]]"]


def test_a_folder_that_is_not_a_route_is_reported_with_a_404() -> None:
    found = scanned("users/[id", "a")
    assert faults_by_route(found) == {}
    assert [str(problem) for problem in layout_problems(found)] == [
        "functions/users/[id/route.py: segment '[id' has no closing bracket. Name the folder '[id]'."
    ]


def test_a_file_that_exports_nothing_is_not_a_problem() -> None:
    assert faults_by_route(scanned(functions__a__route="X = 1\n")) == {}
