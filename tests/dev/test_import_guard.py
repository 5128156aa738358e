"""What a route imports and its bundle would lack."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.builder import Builder
from edgeroutes.dev.project import Project
from edgeroutes.dev.reload import ImportGuard
from edgeroutes.errors import ProjectError
from edgeroutes.pipeline import plan_project
from tests.dev.serving import Recorder, serving, write_files

if TYPE_CHECKING:
    from pathlib import Path

DECLARES = '[project]\nname = "shop"\nversion = "1"\ndependencies = ["starlette"]\n'
UNDECLARED = "import httpx\n\ndef GET():\n    return httpx.__name__\n"
DECLARED = "import starlette\nimport json\n\ndef GET():\n    return starlette.__name__\n"
OPTIONAL = "try:\n    import httpx\nexcept ImportError:\n    httpx = None\n\ndef GET():\n    return 'fine'\n"
SAID = (
    "functions/bad/route.py:1: 'httpx' comes from 'httpx', which is installed here and not declared (the environment)."
)


def test_what_is_not_declared_is_refused_until_it_is(tmp_path: Path) -> None:
    files = {"pyproject.toml": DECLARES, "bad": UNDECLARED, "good": DECLARED, "optional": OPTIONAL}
    with serving(tmp_path, files) as served:
        refused = served.get("/bad")
        assert (refused.status_code, refused.json()["detail"]) == (
            500,
            f"{SAID} Add 'httpx' to [project] dependencies in pyproject.toml.",
        )
        assert [served.get(path).text for path in ("/good", "/optional")] == ["starlette", "fine"]
        served.saved({"pyproject.toml": DECLARES.replace('"starlette"', '"starlette", "httpx"')})
        assert served.get("/bad").text == "httpx"


def test_it_says_what_sam_build_says(tmp_path: Path) -> None:
    write_files(
        tmp_path, {"pyproject.toml": DECLARES, "bad": UNDECLARED, "functions/bad/helper.py": "import nowhere\n"}
    )
    write_files(tmp_path, {"bad": "from .helper import x\n" + UNDECLARED})
    project = Project(tmp_path)
    (route,) = project.scan.routes
    found = ImportGuard(tmp_path, Recorder()).problems(project, route)
    with pytest.raises(ProjectError) as refused:
        Builder(tmp_path, plan_project(tmp_path)).build()
    assert "\n".join(map(str, found or ())) == str(refused.value)


def test_where_the_declarations_cannot_be_read_it_says_so_once_and_refuses_nothing(tmp_path: Path) -> None:
    write_files(tmp_path, {"pyproject.toml": DECLARES, "bad": UNDECLARED, "requirements.txt": "not a requirement !!\n"})
    told = Recorder()
    guard, project = ImportGuard(tmp_path, told), Project(tmp_path)
    assert [guard.problems(project, route) for route in (*project.scan.routes, *project.scan.routes)] == [(), ()]
    (logged,) = told.logged
    assert logged.message.startswith("what routes import is not compared with what the project declares: ")


@pytest.mark.parametrize("error", [BrokenPipeError("gone"), ValueError("I/O operation on closed file")])
def test_a_server_whose_output_is_closed_ends_without_an_exception_in_its_thread(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def report(_: object) -> None:
        raise error

    raised: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", raised.append)
    write_files(tmp_path, {"pyproject.toml": DECLARES, "bad": UNDECLARED, "requirements.txt": "not a requirement !!\n"})
    guard, project = ImportGuard(tmp_path, report), Project(tmp_path)
    assert [guard.problems(project, route) for route in project.scan.routes] == [()]
    while any(thread.name == "edgeroutes-pins" for thread in threading.enumerate()):
        time.sleep(0.01)
    assert raised == []
