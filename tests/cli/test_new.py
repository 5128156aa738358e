from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from edgeroutes.cli import main
from edgeroutes.cli.init import print_init
from edgeroutes.cli.new import print_new, read_directory, read_methods
from edgeroutes.config import load_config
from edgeroutes.errors import LayoutError, ProblemsError
from edgeroutes.routing.conventions import METHODS
from edgeroutes.routing.reading import DiskTree
from edgeroutes.routing.scan import scan

if TYPE_CHECKING:
    from pathlib import Path

# One of each kind of segment, and names that Python cannot have.
PATHS = [
    "/",
    "api/users/[id]",
    "(shop)/products/[my-id]/reviews",
    "files/[name]/[...path]",
    "docs/[[...slug]]",
    "books/[class]",
    "rss.xml",
    "%5Fnext",
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    print_init(str(tmp_path / "my-app"), as_json=True)
    return tmp_path / "my-app"


@pytest.mark.parametrize("settings", ["", 'base_path = "/v1"\ntrailing_slash = true\n'])
def test_every_route_that_it_makes_passes_the_test_that_it_makes(root: Path, settings: str) -> None:
    # The first route's own test requests /hello as it is.
    (root / "tests" / "test_hello.py").unlink()
    project = root / "pyproject.toml"
    project.write_text(project.read_text().replace("[tool.edgeroutes]\n", f"[tool.edgeroutes]\n{settings}"))
    for path in PATHS:
        assert print_new(root, path, METHODS, as_json=True) == 0
    found = scan(DiskTree(root))
    assert (found.problems, len(found.routes)) == ((), len(PATHS) + 1)
    for command in (
        ["pytest", "-q", "-p", "no:cacheprovider"],
        ["edgeroutes", "template", "--check"],
        ["edgeroutes", "typecheck"],
        ["ruff", "format", "--check", "--isolated", "--line-length", "120", "."],
        ["ruff", "check", "--isolated", "."],
    ):
        done = subprocess.run([sys.executable, "-m", *command], cwd=root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        if command[0] == "pytest":
            assert f"{len(PATHS) * len(METHODS)} passed" in done.stdout


def test_handlers_take_what_the_path_captures(root: Path) -> None:
    print_new(root, "api/users/[id]", ["GET", "POST"], as_json=True)
    assert (root / "functions/api/users/[id]/route.py").read_text() == (
        "from edgeroutes import Request, Response\n\n\n"
        "async def GET(id: str) -> dict[str, object]:\n"
        '    return {"id": id}\n\n\n'
        "async def POST(request: Request, id: str) -> Response:\n"
        '    return Response.json({"id": id, "received": await request.json()}, status=201)\n'
    )


def test_it_says_the_url_and_the_files(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "(shop)/cart", "--methods", "post,get", "--root", str(root)]) == 0
    assert capsys.readouterr().out.splitlines()[-4:] == [
        "/cart",
        "  functions/(shop)/cart/route.py  GET POST /cart",
        "  tests/test_shop_cart.py",
        "  template.yaml                   written",
    ]
    assert main(["template", "--check", "--root", str(root)]) == 0


def test_json_has_the_same(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    print_new(root, "cart", ["GET"], as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "path": "/cart",
        "made": ["functions/cart/route.py", "tests/test_cart.py"],
        "notes": [],
        "problems": [],
    }


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("hello", "functions/hello/route.py: the route exists. Add a handler to the file."),
        ("a/[id", "functions/a/[id/route.py: segment '[id' has no closing bracket. Name the folder '[id]'."),
        ("a/[request]", "takes a name that handlers use for the request itself"),
        ("[...all]/x", "catch-all '[...all]' is not the last segment"),
        ("[id]/[id]", "parameter 'id' is named twice in one path"),
        ("(g)/hello", "folders functions/(g)/hello and functions/hello have the same URL /hello"),
        ("hello/[[...rest]]", "both serve /hello"),
        ("a/_lib/x", "folder '_lib' is private and contains no routes. Name it '%5Flib'"),
        ("a b", "which API Gateway does not allow in a path"),
        ("../out", "segment '..' is resolved away by every client"),
        ("a/../b", "segment '..' is resolved away by every client"),
        ("a//b", "segment '' is empty"),
    ],
)
def test_what_routing_refuses_is_refused_and_leaves_nothing(root: Path, path: str, said: str) -> None:
    before = sorted(root.parent.rglob("*"))
    with pytest.raises(LayoutError) as raised:
        print_new(root, path, ["GET"], as_json=False)
    assert said in str(raised.value)
    assert sorted(root.parent.rglob("*")) == before


def test_all_that_is_wrong_with_a_path_is_reported_at_once(root: Path) -> None:
    with pytest.raises(ProblemsError) as raised:
        print_new(root, "a b/[id", ["GET"], as_json=False)
    assert len(raised.value.problems) == 2


def test_what_is_wrong_elsewhere_does_not_keep_a_route_from_being_made(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "functions/[bad").mkdir()
    (root / "functions/[bad/route.py").write_text("def GET():\n    return 1\n")
    before = (root / "template.yaml").read_text()
    assert print_new(root, "cart", ["GET"], as_json=False) == 1
    assert (root / "functions/cart/route.py").exists()
    assert (root / "template.yaml").read_text() == before
    assert capsys.readouterr().err.startswith("functions/[bad/route.py: segment '[bad' has no closing bracket.")


def test_without_a_template_or_with_ones_own_it_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert print_new(tmp_path, "cart", ["GET"], as_json=False) == 0
    assert not (tmp_path / "template.yaml").exists()
    (tmp_path / "template.yaml").write_text("Resources: {}\n")
    assert print_new(tmp_path, "bill", ["GET"], as_json=False) == 0
    assert (tmp_path / "template.yaml").read_text() == "Resources: {}\n"
    note = "note: template.yaml does not contain the route yet. Run 'edgeroutes template'.\n"
    assert capsys.readouterr().err == note * 2


def test_a_test_goes_beside_the_others_and_none_is_overwritten(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "tests/functions").mkdir()
    (root / "tests/functions/test_cart.py").write_text("mine = 1\n")
    print_new(root, "cart", ["GET"], as_json=False)
    assert (root / "tests/functions/test_cart.py").read_text() == "mine = 1\n"
    assert capsys.readouterr().err == "note: tests/functions/test_cart.py: the file exists, and stays as it is.\n"
    print_new(root, "bill", ["GET"], as_json=False)
    assert (root / "tests/functions/test_bill.py").exists()


@pytest.mark.parametrize(
    ("path", "directory"),
    [
        ("users/[id]", "functions/users/[id]"),
        ("/users/[id]/", "functions/users/[id]"),
        ("functions/users/[id]", "functions/users/[id]"),
        ("./functions/users/[id]/route.py", "functions/users/[id]"),
        ("/functions/x", "functions/functions/x"),
        ("functions", "functions"),
        ("/", "functions"),
    ],
)
def test_a_path_is_a_url_or_a_folder(path: str, directory: str) -> None:
    assert read_directory(path, "functions") == directory


def test_another_folder_of_routes_is_used(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.edgeroutes]\napp_dir = "src/routes"\n')
    assert load_config(tmp_path).app_dir == "src/routes"
    print_new(tmp_path, "cart", ["GET"], as_json=True)
    assert (tmp_path / "src/routes/cart/route.py").is_file()


def test_methods_stand_in_https_order_and_unknown_ones_are_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read_methods("delete, GET,,get") == ["GET", "DELETE"]
    assert main(["new", "x", "--methods", "GET,FETCH", "--root", str(tmp_path)]) == 2
    assert "'FETCH' is not a method. Allowed are GET, HEAD, POST" in capsys.readouterr().err
    assert main(["new", "x", "--methods", ",", "--root", str(tmp_path)]) == 2
