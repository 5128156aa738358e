"""`why`: through what a function came to hold something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.report import explain
from edgeroutes.errors import BundleError, ConfigError
from tests.build.projects import HELLO, make_project
from tests.fakes.installer import FakeWheel

if TYPE_CHECKING:
    from edgeroutes.build.report import BuildReport

WHEELS = {
    "model": FakeWheel(requires=("core",), files={"model.py": ""}),
    "core": FakeWheel(files={"core/data.bin": "x" * 2000}),
    "starlette": FakeWheel(requires=("anyio",)),
    "anyio": FakeWheel(),
    "python-multipart": FakeWheel(),
}
FILES = {
    "functions/users/[id]/route.py": f"import lib.db\nfrom edgeroutes import Form\n{HELLO}",
    "functions/users/[id]/page.html": "",
    "functions/function.yaml": "include: [extra.txt]\n",
    "extra.txt": "",
    "lib/db.py": "def f():\n    import model\n",
}
EXPLANATIONS = [
    ("model", ["functions/users/[id]/route.py:1 imports lib.db", "lib/db.py:2 imports model (function-level)"]),
    (
        "Core",
        [
            "functions/users/[id]/route.py:1 imports lib.db",
            "lib/db.py:2 imports model (function-level)",
            "model requires core",
        ],
    ),
    (
        "anyio",
        ["functions/users/[id]/route.py:2 uses forms", "this brings starlette", "starlette requires anyio"],
    ),
    ("lib/db.py", ["functions/users/[id]/route.py:1 imports lib.db"]),
    ("lib.db", ["functions/users/[id]/route.py:1 imports lib.db"]),
    ("functions/users/[id]/route.py", ["functions/users/[id]/route.py is where the function begins"]),
    (
        "functions/users/[id]/page.html",
        [
            "functions/users/[id]/page.html (0 KB) comes from the project",
            "functions/users/[id]/page.html is data in functions/users/[id]",
        ],
    ),
    (
        "extra.txt",
        ["extra.txt (0 KB) comes from the project", "extra.txt is include in functions/function.yaml"],
    ),
    (
        "core/data.bin",
        [
            "core/data.bin (2 KB) comes from core",
            "functions/users/[id]/route.py:1 imports lib.db",
            "lib/db.py:2 imports model (function-level)",
            "model requires core",
        ],
    ),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> BuildReport:
    return make_project(tmp_path_factory.mktemp("explain"), FILES, WHEELS).build()


@pytest.mark.parametrize(("name", "because"), EXPLANATIONS, ids=[name for name, _ in EXPLANATIONS])
def test_the_way_from_the_route_is_reported(report: BuildReport, name: str, because: list[str]) -> None:
    assert explain(report, "users/[id]", name) == because


@pytest.mark.parametrize(
    "route", ["/users/[id]", "functions/users/[id]", "functions/users/[id]/route.py", "UsersIdFunction"]
)
def test_a_route_may_be_named_in_several_ways(report: BuildReport, route: str) -> None:
    assert explain(report, route, "model") == EXPLANATIONS[0][1]


def test_what_is_not_there_is_reported_with_what_is_near(report: BuildReport) -> None:
    with pytest.raises(BundleError) as absent:
        explain(report, "users/[id]", "modell")
    assert str(absent.value) == "UsersIdFunction: the function holds no 'modell'. Did you mean 'model'?"
    with pytest.raises(ConfigError) as unknown:
        explain(report, "user/[id]", "model")
    assert str(unknown.value) == "user/[id]: there is no such route. Did you mean '/users/[id]'?"
