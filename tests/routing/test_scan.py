from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgeroutes.errors import ImportRaisedError, LayoutError
from edgeroutes.routing.conventions import SegmentConfig
from edgeroutes.routing.exports import read_exports, read_middleware
from edgeroutes.routing.patterns import parse_pattern
from edgeroutes.routing.scan import RouteFile, RouteScan, scan
from edgeroutes.routing.table import RouteTable
from tests.fakes.file_tree import HANDLER, MIDDLEWARE, FakeFileTree, draw_tree

TESTS = Path(__file__).parents[1]
LAYOUTS = json.loads((TESTS / "cases" / "routing" / "layouts.json").read_text())["layouts"]
NEXT_CASES = TESTS.parents[1] / "shared" / "cases" / "nextjs.json"


def routes_in(*folders: str) -> FakeFileTree:
    files = [f"functions/{folder}/route.py".replace("/./", "/") for folder in folders]
    return FakeFileTree(dict.fromkeys(files, HANDLER) | {"functions/README.md": ""})


@pytest.mark.parametrize(("folders", "route_paths", "problems"), LAYOUTS, ids=lambda value: str(value)[:50])
def test_a_layout_gives_routes_or_says_what_is_wrong(
    folders: list[str], route_paths: list[str], problems: list[str]
) -> None:
    found = scan(routes_in(*folders))
    assert [str(problem) for problem in found.problems] == problems
    assert [route.route_path for route in found.routes] == route_paths
    RouteTable((route.route_path, route) for route in found.routes)


def test_everything_about_a_route_is_one_value() -> None:
    tree = draw_tree("""
        functions/
          middleware.py
          function.yaml
          (shop)/
            function.yaml
            users/
              middleware.py
              [id]/
                route.py
                function.yaml
                schemas.py
    """)
    source_file = "functions/(shop)/users/[id]/route.py"
    middleware = ("functions/middleware.py", "functions/(shop)/users/middleware.py")
    route = RouteFile(
        route_path="/users/[id]",
        pattern=parse_pattern("/users/[id]"),
        directory="functions/(shop)/users/[id]",
        source_file=source_file,
        exports=read_exports(HANDLER, source_file),
        middleware_files=middleware,
        function_yaml_files=(
            "functions/function.yaml",
            "functions/(shop)/function.yaml",
            "functions/(shop)/users/[id]/function.yaml",
        ),
        wraps=tuple(read_middleware(MIDDLEWARE, file) for file in middleware),
    )
    assert scan(tree) == RouteScan(routes=(route,), problems=(), nothing_exported=())
    assert route.config == SegmentConfig()


@pytest.mark.parametrize(
    "file",
    [
        "page.py",
        "route.ts",
        "route.pyc",
        "Route.py",
        "routes.py",
        "route.py.bak",
        "route.py/x",
        "schemas.py",
        "layout.py",
    ],
)
def test_other_files_are_not_routes(file: str) -> None:
    scanned = scan(FakeFileTree({f"functions/x/{file}": HANDLER}))
    assert (scanned.routes, scanned.problems) == ((), ())


@pytest.mark.parametrize("folder", ["my data", "[broken", "@slot", "[]"])
def test_a_folder_without_routes_may_have_any_name(folder: str) -> None:
    files = {
        f"functions/{folder}/data.json": "",
        f"functions/{folder}/middleware.py": "",
        "functions/route.py": HANDLER,
    }
    assert scan(FakeFileTree(files)).problems == ()


def test_middleware_that_wraps_no_route_is_not_read() -> None:
    assert scan(FakeFileTree({"functions/x/middleware.py": "= ="})) == RouteScan(routes=())


def test_other_folders_of_the_project_are_not_looked_at() -> None:
    tree = FakeFileTree({"lib/x/route.py": HANDLER, "functions/a/route.py": HANDLER, "functions2/b/route.py": HANDLER})
    assert [route.source_file for route in scan(tree).routes] == ["functions/a/route.py"]


@pytest.mark.parametrize("app_dir", ["src/app", "src/app/", "/src/app"])
def test_the_folder_of_the_routes_can_be_another(app_dir: str) -> None:
    tree = FakeFileTree({"src/app/users/route.py": HANDLER, "src/app/middleware.py": MIDDLEWARE})
    (route,) = scan(tree, app_dir).routes
    assert (route.route_path, route.middleware_files) == ("/users", ("src/app/middleware.py",))


@pytest.mark.parametrize("app_dir", ["Functions", "SRC/functions"])
def test_the_folder_of_the_routes_in_another_case_is_refused_on_every_file_system(app_dir: str) -> None:
    tree = FakeFileTree({"functions/a/route.py": HANDLER, "src/functions/a/route.py": HANDLER})
    (problem,) = scan(tree, app_dir).problems
    assert str(problem) == (
        f"{app_dir}: the folder does not exist. The folder is {app_dir.lower()!r}: functions distinguish upper and lower case. "
        "Set app_dir to it in [tool.edgeroutes]."
    )


def test_a_missing_folder_is_the_only_problem() -> None:
    found = scan(FakeFileTree({}), "app")
    assert [str(problem) for problem in found.problems] == [
        "app: the folder does not exist. Create 'app/route.py', or set 'app_dir' in [tool.edgeroutes]."
    ]


def test_a_handler_may_ask_for_what_its_path_captures() -> None:
    tree = FakeFileTree({"functions/[team]/x/[id]/route.py": "def GET(team, id, ide): ..."})
    assert [str(problem) for problem in scan(tree).problems] == [
        (
            "functions/[team]/x/[id]/route.py:1: argument 'ide' of GET is not a captured segment and has neither"
            " annotation nor default. Rename it to 'id', or annotate it as a query parameter or a body."
        )
    ]


def test_the_problems_of_all_files_are_reported_together_and_broken_routes_stay_routes() -> None:
    tree = FakeFileTree(
        {
            "functions/[id/route.py": HANDLER,
            "functions/a/route.py": "def GET(:",
            "functions/b/route.py": "revalidate = -1\nmaxDuration = 4\ndef GET(): ...",
            "functions/c/route.py": "",
            "functions/c/middleware.py": "",
        }
    )
    found = scan(tree)
    assert [str(problem).split(". ")[0] for problem in found.problems] == [
        "functions/[id/route.py: segment '[id' has no closing bracket",
        "functions/c/middleware.py: no function 'middleware' is exported",
        "functions/a/route.py:1: the file is not Python: invalid syntax.",
        "functions/b/route.py:1: revalidate is -1",
        "functions/b/route.py:2: 'maxDuration' is not a segment config",
        "functions/c/route.py: no handler is exported",
    ]
    assert [route.route_path for route in found.routes] == ["/a", "/b", "/c"]


def test_a_route_without_handlers_does_not_block() -> None:
    found = scan(FakeFileTree({"functions/a/route.py": "", "functions/b/route.py": "def get(): ..."}))
    assert len(found.problems) == 3
    assert [str(problem).partition(":")[0] for problem in found.nothing_exported] == [
        "functions/a/route.py",
        "functions/b/route.py",
    ]
    assert [problem.where for problem in found.blocking_problems] == ["functions/b/route.py:1"]


def test_an_app_owns_what_its_folder_says() -> None:
    tree = FakeFileTree(
        {"functions/admin/[[...path]]/route.py": "app = make()", "functions/one/route.py": "app = make()"}
    )
    found = scan(tree)
    assert [(route.route_path, route.exports.app is not None) for route in found.routes] == [
        ("/admin/[[...path]]", True),
        ("/one", True),
    ]
    assert found.problems == ()


def test_a_link_to_another_folder_is_followed() -> None:
    tree = FakeFileTree({"functions/a/x/route.py": HANDLER}, links={"functions/b": "functions/a"})
    assert [route.source_file for route in scan(tree).routes] == ["functions/a/x/route.py", "functions/b/x/route.py"]


def test_a_link_that_leads_back_up_is_not_followed() -> None:
    tree = FakeFileTree(
        {"functions/a/x/route.py": HANDLER}, links={"functions/a/x/loop": "functions/a", "functions/root": "functions"}
    )
    assert [route.source_file for route in scan(tree).routes] == ["functions/a/x/route.py"]


def test_a_folder_that_cannot_be_read_is_a_problem() -> None:
    found = scan(
        FakeFileTree(
            {"functions/a/route.py": HANDLER}, unreadable=["functions/secret"], links={"functions/secret/x": "y"}
        )
    )
    assert [str(problem) for problem in found.problems] == [
        "functions/secret: the folder cannot be read: Permission denied."
    ]
    assert [type(problem) for problem in found.problems] == [LayoutError]
    assert [route.route_path for route in found.routes] == ["/a"]


class UnreadableFiles(FakeFileTree):
    def read_text(self, path: str) -> str:
        raise ImportRaisedError("the encoding is wrong", where=path)


def test_files_that_cannot_be_read_are_problems() -> None:
    found = scan(UnreadableFiles({"functions/a/route.py": "", "functions/middleware.py": ""}))
    assert [(type(problem), problem.where) for problem in found.problems] == [
        (ImportRaisedError, "functions/middleware.py"),
        (ImportRaisedError, "functions/a/route.py"),
    ]


def next_layout_cases() -> list[dict[str, object]]:
    cases = json.loads(NEXT_CASES.read_text()) if NEXT_CASES.exists() else []
    return [case for case in cases if case["id"].startswith("build-")]


def test_the_cases_of_next_are_here() -> None:
    if not NEXT_CASES.exists():
        pytest.skip("../shared/cases/nextjs.json is not here")
    assert len(next_layout_cases()) == 9


@pytest.mark.parametrize("case", next_layout_cases(), ids=[case["id"] for case in next_layout_cases()])
def test_a_layout_builds_where_it_builds_in_next(case: dict[str, object]) -> None:
    reasons = {
        "build-route-and-page": "there are no pages: page.py is the author's own file",
        "build-static-handler-throws": "nothing is prerendered at build time (decisions.md)",
    }
    if case["id"] in reasons:
        pytest.skip(reasons[str(case["id"])])
    if case["id"] == "build-config-not-literal":
        assert read_exports("revalidate = 60 * 10\ndef GET(): ...", "x/route.py").problems != ()
        return
    route, expect = case["route"], case["expect"]
    assert isinstance(route, list)
    assert isinstance(expect, dict)
    folders = [text.removesuffix("/route").strip("/") or "." for text in route]
    assert (scan(routes_in(*folders)).problems == ()) is (expect["build"] == "ok")
