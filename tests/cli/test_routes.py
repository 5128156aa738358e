from __future__ import annotations

import json
from textwrap import dedent
from typing import TYPE_CHECKING

from edgeroutes.cli import main
from edgeroutes.cli.routes import table_lines
from edgeroutes.dev.project import Project
from tests.dev.serving import write_files

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_table_is_in_the_order_in_which_routes_are_tried(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["routes", "--root", str(project)]) == 0
    assert capsys.readouterr() == (
        dedent("""\
            Path                  Methods    File                                     Function             Config                             Middleware in
            /cut                  GET        functions/cut/route.py                   CutFunction          streaming
            /echo                 POST       functions/echo/route.py                  EchoFunction
            /exits                GET        functions/exits/route.py                 ExitsFunction
            /files/[...path]      GET        functions/files/[...path]/route.py       FilesPathFunction    streaming
            /hello                GET        functions/hello/route.py                 HelloFunction
            /mounted/[[...path]]  any (app)  functions/mounted/[[...path]]/route.py   MountedPathFunction
            /products/[id]        GET PUT    functions/(shop)/products/[id]/route.py  ProductsIdFunction   revalidate=60, tags=products|shop  functions/(shop)
            /raises               GET        functions/raises/route.py                RaisesFunction
            /stream               GET        functions/stream/route.py                StreamFunction       streaming
            """),  # noqa: E501
        "",
    )


def test_in_a_narrow_terminal_each_route_has_lines_of_its_own_and_no_name_is_broken(project: Path) -> None:
    lines = [*table_lines(Project(project).scan.routes, (), "/api", 70)]
    assert lines[-10:] == [
        "/api/mounted/[[...path]]  any (app)",
        "    functions/mounted/[[...path]]/route.py",
        "/api/products/[id]  GET PUT",
        "    functions/(shop)/products/[id]/route.py",
        "    revalidate=60, tags=products|shop",
        "    middleware in functions/(shop)",
        "/api/raises  GET",
        "    functions/raises/route.py",
        "/api/stream  GET",
        "    functions/stream/route.py  streaming",
    ]


def test_json_is_for_programs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["routes", "--root", str(project), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    routes = {route["path"]: route for route in document["routes"]}
    assert (document["base_path"], document["problems"], len(routes)) == ("", [], 9)
    assert routes["/products/[id]"] == {
        "path": "/products/[id]",
        "file": "functions/(shop)/products/[id]/route.py",
        "function": "ProductsIdFunction",
        "methods": ["GET", "PUT"],
        "app": False,
        "streaming": False,
        "config": {"revalidate": 60, "tags": ["products", "shop"]},
        "middleware": ["functions/(shop)/middleware.py"],
        "guards": {},
    }
    assert (routes["/files/[...path]"]["streaming"], routes["/files/[...path]"]["config"]) == (
        True,
        {"streaming": True},
    )
    assert (routes["/mounted/[[...path]]"]["app"], routes["/mounted/[[...path]]"]["methods"]) == (True, [])


def test_guards_are_shown_with_those_of_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    guarded = {
        "functions/middleware.py": "from edgeroutes.auth import api_key\nauth = api_key('env:KEYS')\n",
        "functions/a/route.py": (
            "from edgeroutes.idempotency import Idempotency\nfrom edgeroutes.ratelimit import RateLimit\n"
            "limit = RateLimit('5/minute', key='caller')\nidempotent = Idempotency()\ndef POST():\n    return {}\n"
        ),
        "functions/b/route.py": "auth = False\ndef GET():\n    return {}\n",
    }
    write_files(tmp_path, guarded)

    assert main(["routes", "--root", str(tmp_path)]) == 0
    assert capsys.readouterr().out == dedent("""\
        Path  Methods  File                  Function   Config  Guards
        /a    POST     functions/a/route.py  AFunction          auth=api_key, limit=5/minute by caller, idempotent
        /b    GET      functions/b/route.py  BFunction
        """)
    assert main(["routes", "--root", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["routes"][0]["guards"] == {
        "auth": "functions/middleware.py:2",
        "limit": "functions/a/route.py:3",
        "idempotent": "functions/a/route.py:4",
    }
    assert main(["explain", "/a", "-X", "POST", "--root", str(tmp_path)]) == 0
    assert [line.strip() for line in capsys.readouterr().out.splitlines() if "functions/" in line][2:] == [
        "guards     api_key(keys='env:KEYS') in functions/middleware.py:2",
        "RateLimit(key='caller', rate='5/minute') in functions/a/route.py:3",
        "Idempotency() in functions/a/route.py:4",
    ]


def test_routes_that_share_a_function_say_why(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files(
        project,
        {
            "files/[name]": "streaming = True\n\ndef GET(name):\n    return name\n",
            "a": "isolate = 'letters'\n\ndef GET():\n    return 1\n",
            "b": "isolate = 'letters'\n\ndef GET():\n    return 1\n",
        },
    )
    reason = "/files/[name] stands beside /files/[...path], and API Gateway allows one variable per level"
    assert main(["routes", "--root", str(project)]) == 0
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "",
        "LettersGroupFunction serves 2 routes: isolate = 'letters'",
        f"FilesNameFunction serves 2 routes: {reason}",
    ]
    main(["routes", "--root", str(project), "--json"])
    document = json.loads(capsys.readouterr().out)
    functions = {each["function"]: each for each in document["functions"]}
    assert functions["FilesNameFunction"] == {
        "function": "FilesNameFunction",
        "routes": ["/files/[name]", "/files/[...path]"],
        "streaming": True,
        "reason": reason,
        "throttle": None,
    }
    assert functions["HelloFunction"]["reason"] == ""
    assert {route["path"]: route["function"] for route in document["routes"]}["/b"] == "LettersGroupFunction"


def test_what_only_the_plan_refuses_is_a_problem_too(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "functions/hello/function.yaml").write_text("MemorySise: 512\n")
    assert main(["routes", "--root", str(project)]) == 1
    out, err = capsys.readouterr()
    assert "Function" not in out.splitlines()[0]
    assert err.startswith("functions/hello/function.yaml")
    assert main(["routes", "--root", str(project), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["functions"], {route["function"] for route in document["routes"]}) == ([], {None})


def test_problems_stand_below_the_table_and_make_it_1(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "functions/hello/route.py").write_text("def get():\n    return 1\n")
    (project / "functions/[id").mkdir()
    (project / "functions/[id/route.py").write_text("def GET():\n    return 1\n")
    assert main(["routes", "--root", str(project)]) == 1
    out, err = capsys.readouterr()
    assert "/hello                none" in out
    assert [line.partition(": ")[0] for line in err.splitlines()] == [
        "functions/[id/route.py",
        "functions/hello/route.py:1",
        "functions/hello/route.py",
    ]
    assert main(["routes", "--root", str(project), "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert problems[0] == {
        "kind": "LayoutError",
        "where": "functions/[id/route.py",
        "problem": "segment '[id' has no closing bracket",
        "hint": "Name the folder '[id]'",
    }


def test_revalidate_0_is_not_revalidate_false(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "functions/hello/route.py").write_text("revalidate = 0\ndef GET():\n    return 1\n")
    (project / "functions/raises/route.py").write_text("revalidate = False\ndef GET():\n    return 1\n")
    main(["routes", "--root", str(project)])
    out = capsys.readouterr().out
    assert "revalidate=0" in out
    assert "revalidate=False" in out
