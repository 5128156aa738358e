"""Route files as modules, and the three ways in which they do not import."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.errors import ExportMissingError, ImportRaisedError, ModuleMissingError, RouteImportError
from edgeroutes.runtime.endpoint import load_module
from edgeroutes.runtime.failures import is_own_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

BESIDE = "from .schemas import NAME\nfrom . import schemas\ndef GET():\n    return NAME + schemas.NAME\n"


@pytest.mark.parametrize(
    ("folder", "target"),
    [
        ("[id]", "/7"),
        ("[...slug]", "/a/b"),
        ("shop/[[...slug]]", "/shop"),
        ("(group)/inner", "/inner"),
        ("(group)/(other)/[id]/deep", "/7/deep"),
        ("rss.xml", "/rss.xml"),
        (".well-known/[...rest]", "/.well-known/x"),
        ("my-page", "/my-page"),
        ("[my-id]/[...rest]", "/1/2"),
    ],
)
def test_files_beside_a_route_are_found_whatever_its_folder_is_called(project: Make, folder: str, target: str) -> None:
    routes = project({f"{folder}/route.py": BESIDE, f"{folder}/schemas.py": f"NAME = {folder!r}\n"})

    assert routes.get(target).text == folder * 2


def test_two_folders_have_each_their_own_files(project: Make) -> None:
    routes = project(
        {
            "a/[...x]/route.py": BESIDE,
            "a/[...x]/schemas.py": "NAME = 'a'\n",
            "b/[...x]/route.py": BESIDE,
            "b/[...x]/schemas.py": "NAME = 'b'\n",
        }
    )

    assert [routes.get(target).text for target in ("/a/1", "/b/1")] == ["aa", "bb"]


def test_packages_further_in_and_further_out_are_found(project: Make) -> None:
    routes = project(
        {
            "[...slug]/route.py": "from .parts.deep import NAME\nfrom ..shared import OTHER\ndef GET():\n    return NAME + OTHER\n",
            "[...slug]/parts/deep.py": "from ..schemas import NAME\n",
            "[...slug]/schemas.py": "NAME = 'deep'\n",
            "shared.py": "OTHER = 'er'\n",
        }
    )

    assert routes.get("/x").text == "deeper"


def test_project_code_is_imported_from_the_projects_root(project: Make) -> None:
    source = "from lib_of_this_test.db import find\ndef GET():\n    return find()\n"
    routes = project({"x/route.py": source, "/lib_of_this_test/db.py": "def find():\n    return 'found'\n"})

    assert routes.get("/x").text == "found"
    del sys.modules["lib_of_this_test"], sys.modules["lib_of_this_test.db"]


def test_a_module_is_loaded_once_and_knows_where_it_is(project: Make) -> None:
    routes = project({"[id]/route.py": "NAME = __name__, __package__, __file__, __spec__.origin\n"})
    source_file = f"{routes.app_dir}/[id]/route.py"

    module = load_module(str(routes.root), source_file)

    assert load_module(str(routes.root), source_file) is module
    path = str(routes.root / source_file)
    assert (f"{routes.app_dir}.[id].route", f"{routes.app_dir}.[id]", path, path) == module.NAME


def error_of(routes: RouteProject, file: str = "x/route.py") -> RouteImportError:
    with pytest.raises(RouteImportError) as raised:
        load_module(str(routes.root), f"{routes.app_dir}/{file}")
    return raised.value


def test_a_missing_module_a_missing_name_and_an_error_inside_are_three_different_things(project: Make) -> None:
    routes = project(
        {
            "a/route.py": "import json\nimport nowhere_to_be_found\n",
            "b/route.py": "from json import lods\n",
            "c/route.py": "\n\nvalue = 1 / 0\n",
            "d/route.py": "def GET(:\n",
            "e/route.py": "import sys\nraise RuntimeError('no database')\n",
            "f/route.py": "if True:\nx = 1\n",
            "g/route.py": "from json import nothing_of_this_kind\n",
            "h/route.py": "from json.nowhere import x\n",
        }
    )
    found = {letter: error_of(routes, f"{letter}/route.py") for letter in "abcdefgh"}
    place = routes.app_dir

    expected = {
        "a": (
            ModuleMissingError,
            (
                f"{place}/a/route.py:2: the module 'nowhere_to_be_found' is not there. "
                "Install the distribution that has 'nowhere_to_be_found' and declare it, or correct the name."
            ),
        ),
        "b": (
            ExportMissingError,
            f"{place}/b/route.py:1: the module 'json' has no 'lods'. Did you mean 'loads'?",
        ),
        "c": (
            ImportRaisedError,
            f"{place}/c/route.py:3: ZeroDivisionError was raised while it was imported: division by zero.",
        ),
        "d": (ImportRaisedError, f"{place}/d/route.py:1: syntax error: invalid syntax."),
        "e": (ImportRaisedError, f"{place}/e/route.py:2: RuntimeError was raised while it was imported: no database."),
        "f": (
            ImportRaisedError,
            f"{place}/f/route.py:2: syntax error: expected an indented block after 'if' statement on line 1.",
        ),
        "g": (
            ExportMissingError,
            f"{place}/g/route.py:1: the module 'json' has no 'nothing_of_this_kind'. Correct the name, or define it there.",
        ),
        "h": (
            ModuleMissingError,
            f"{place}/h/route.py:1: the module 'json.nowhere' is not there. Correct the name, or create it there.",
        ),
    }
    assert {letter: (type(error), str(error)) for letter, error in found.items()} == expected


def test_the_place_is_the_innermost_line_of_the_authors_own(project: Make) -> None:
    routes = project(
        {
            "x/route.py": "from .schemas import value\n",
            "x/schemas.py": "\nimport json\nvalue = json.loads('{')\n",
            "y/route.py": "from .schemas import value\n",
            "y/schemas.py": "def f(:\n",
            "z/route.py": "import ast\nast.literal_eval('1 +')\n",
        }
    )

    places = [error_of(routes, f"{letter}/route.py").where for letter in "xyz"]

    assert places == [f"{routes.app_dir}/{place}" for place in ("x/schemas.py:3", "y/schemas.py:1", "z/route.py:2")]


def test_two_files_that_import_each_other_are_reported(project: Make) -> None:
    routes = project(
        {
            "x/route.py": "from .a import A\n",
            "x/a.py": "from .b import B\nA = 1\n",
            "x/b.py": "from .a import A\nB = 1\n",
        }
    )

    error = error_of(routes)

    assert (type(error), error.hint) == (
        ExportMissingError,
        "The two import each other: move what both need into a third module",
    )


def test_a_module_error_that_names_no_module_is_an_error_inside(project: Make) -> None:
    error = error_of(project("raise ModuleNotFoundError('no driver')\n"))

    assert (type(error), error.problem) == (
        ImportRaisedError,
        "ModuleNotFoundError was raised while it was imported: no driver",
    )


@pytest.mark.parametrize(
    "source",
    [
        "import sys\nsys.exit(3)\n",
        "raise GeneratorExit\n",
        "import asyncio\nraise asyncio.CancelledError\n",
        "import argparse\nargparse.ArgumentParser().parse_args(['--unknown'])\n",
        "class Panic(BaseException):\n    pass\nraise Panic('rust')\n",
    ],
)
def test_a_file_that_would_end_the_process_is_an_import_error_with_its_line(project: Make, source: str) -> None:
    routes = project(source)

    with pytest.raises(ImportRaisedError) as caught:
        load_module(str(routes.root), f"{routes.app_dir}/x/route.py")
    assert f"/x/route.py:{source.count(chr(10))}" in caught.value.where


def test_a_route_that_does_not_import_responds_500_until_it_is_fixed(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    routes = project("import nowhere_to_be_found\ndef GET():\n    return 'fixed'\n")

    first, second = routes.get("/x"), routes.get("/x")
    routes.write("x/route.py", "def GET():\n    return 'fixed'\n")
    fixed = routes.get("/x")

    assert (first.status, second.status, fixed.text) == (500, 500, "fixed")
    assert [line["exception_name"] for line in log_lines()] == ["ModuleMissingError"] * 2


@pytest.mark.parametrize(
    ("path", "is_own"),
    [
        ("/p/functions/x/route.py", True),
        ("/p/lib/db.py", True),
        ("/p/functions/edgeroutes/route.py", True),
        ("/p/edgeroutes/http/url.py", False),
        ("/p/.venv/lib/python3.13/site-packages/x.py", False),
        ("/other/x.py", False),
        ("/project/x.py", False),
        ("<string>", False),
    ],
)
def test_whose_file_it_is(path: str, is_own: bool) -> None:
    assert is_own_file(path, "/p") is is_own
