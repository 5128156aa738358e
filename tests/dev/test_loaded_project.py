from __future__ import annotations

from edgeroutes.dev.loaded_project import faults_by_route, layout_problems
from edgeroutes.routing.scan import RouteScan, scan
from tests.fakes.file_tree import HANDLER, MIDDLEWARE, FakeFileTree

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
