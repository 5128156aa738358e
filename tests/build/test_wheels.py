"""Distributions in bundles: which files of them, with what they require, and which of the project's own folders."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.wheels import shipped_files
from tests.build.projects import HELLO, OWN_RUNTIME, bundle_paths, invoke, make_project
from tests.fakes.installer import FakeInstaller, FakeWheel, write_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.build.projects import Project


def test_two_distributions_of_one_namespace_lie_in_one_folder(tmp_path: Path) -> None:
    wheels = {
        "space-a": FakeWheel(files={"space/a/__init__.py": "A = 1\n"}),
        "space-b": FakeWheel(files={"space/b.py": "B = 2\n"}),
    }
    source = "from space.a import A\nfrom space.b import B\n\ndef GET():\n    return [A, B]\n"
    project = make_project(tmp_path, {"functions/a/route.py": source}, wheels)
    out = project.link(project.build(), "AFunction", tmp_path / "out")
    assert {path for path in bundle_paths(out) if path.startswith("space/")} == {"space/a/__init__.py", "space/b.py"}
    assert invoke(out, "/a")["body"] == "[1,2]"


def test_the_projects_file_wins_over_a_distributions(tmp_path: Path) -> None:
    wheels = {"one": FakeWheel(files={"one.py": "", "lib/x.py": "X = 'wheel'\n"})}
    source = "import one\nfrom lib.x import X\n\ndef GET():\n    return X\n"
    project = make_project(tmp_path, {"functions/a/route.py": source, "lib/x.py": "X = 'project'\n"}, wheels)
    out = project.link(project.build(), "AFunction", tmp_path / "out")
    assert invoke(out, "/a")["body"] == "project"


EXTRAS = {
    "server": FakeWheel(requires=("fast; extra == 'standard'", "slow; extra == 'other'"), files={"server.py": ""}),
    "fast": FakeWheel(requires=("core[more]>=1",)),
    "slow": FakeWheel(),
    "core": FakeWheel(requires=("deep; extra == 'more' and python_version > '3'", "old; python_version < '3'")),
    "deep": FakeWheel(),
    "old": FakeWheel(),
    "sqlalchemy": FakeWheel(files={"sqlalchemy.py": ""}),
    "asyncpg": FakeWheel(),
    "pymysql": FakeWheel(),
}


def requirements(project: Project) -> set[str]:
    return set(project.build().functions[0].requirements)


def test_extras_that_are_requested_count_with_what_they_need(tmp_path: Path) -> None:
    settings = f'[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n[project]\nname = "x"\ndependencies = '
    for name, dependencies, expected in (
        ("plain", ["server"], {"server"}),
        ("extra", ["Server[standard]>=1"], {"server", "fast", "core", "deep"}),
    ):
        files = {
            "functions/a/route.py": f"import server\n{HELLO}",
            "pyproject.toml": settings + json.dumps(dependencies),
        }
        assert requirements(make_project(tmp_path / name, files, EXTRAS)) == expected


def test_a_driver_that_only_a_url_names_goes_along_where_it_is_declared(tmp_path: Path) -> None:
    settings = f'[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n[project]\nname = "x"\ndependencies = ["sqlalchemy", "asyncpg"]\n'
    files = {"functions/a/route.py": f"import sqlalchemy\n{HELLO}", "pyproject.toml": settings}
    assert requirements(make_project(tmp_path, files, EXTRAS)) == {"sqlalchemy", "asyncpg"}


@pytest.fixture
def with_local(tmp_path: Path) -> Project:
    """A project beside whose folder lies a distribution that is installed editable."""
    source = "from shared.names import NAME\n\ndef GET():\n    return NAME\n"
    wheels = {"core": FakeWheel(files={"core.py": ""})}
    project = make_project(tmp_path, {"functions/a/route.py": source}, wheels)
    for path, text in {
        "shared/__init__.py": "",
        "shared/names.py": "import core\nNAME = 'one'\n",
        "shared/data.txt": "",
    }.items():
        (tmp_path / "libs" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "libs" / path).write_text(text)
    write_wheel(
        "shared", FakeWheel(requires=("core",), files={"_shared.pth": f"{tmp_path / 'libs'}\n"}), project.site_packages
    )
    origin = json.dumps({"url": (tmp_path / "libs").as_uri(), "dir_info": {"editable": True}})
    (project.site_packages / "shared-1.0.dist-info" / "direct_url.json").write_text(origin)
    return project


def test_a_distribution_that_is_a_folder_ships_as_it_lies_there(with_local: Project, tmp_path: Path) -> None:
    out = with_local.link(with_local.build(), "AFunction", tmp_path / "out")
    assert bundle_paths(out) == {
        "core-1.0.dist-info/METADATA",
        "core-1.0.dist-info/top_level.txt",
        "core.py",
        "edgeroutes_function.py",
        "functions/a/route.py",
        "shared-1.0.dist-info/METADATA",
        "shared/__init__.py",
        "shared/data.txt",
        "shared/names.py",
    }
    assert invoke(out, "/a")["body"] == "one"
    assert with_local.installer.installed == [["core==1.0"]]

    (tmp_path / "libs/shared/names.py").write_text("NAME = 'two'\n")
    again = with_local.link(with_local.build(), "AFunction", tmp_path / "again")
    assert invoke(again, "/a")["body"] == "two"


def test_another_index_fetches_anew_what_has_no_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"functions/a/route.py": "import one\n\ndef GET():\n    return one.VALUE\n"}
    project = make_project(tmp_path, files, {"one": FakeWheel(files={"one.py": "VALUE = 'a'\n"})})
    assert invoke(project.link(project.build(), "AFunction", tmp_path / "a"), "/a")["body"] == "a"
    other = FakeInstaller({"one": FakeWheel(files={"one.py": "VALUE = 'b'\n"})})
    project = replace(project, installer=other)
    assert invoke(project.link(project.build(), "AFunction", tmp_path / "again"), "/a")["body"] == "a"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://other.example/simple")
    assert invoke(project.link(project.build(), "AFunction", tmp_path / "b"), "/a")["body"] == "b"


TESTS = ["pkg/tests/__init__.py", "pkg/tests/runner.py", "pkg/tests/test_it.py"]
# What a file of the package says → whether its tests ship.
IMPORTS = {
    "from .tests.runner import Runner": True,  # astropy's __init__
    "from . import tests": True,
    "from pkg.tests import runner": True,
    "import pkg.tests.runner as r": True,
    "try:\n    from .tests import runner\nexcept ImportError: ...": True,
    "def data():\n    from .tests.runner import DATA": True,
    "RUNNER = 'pkg.tests.runner:Runner'": True,
    "def test():\n    from .tests import runner": False,
    "def run_tests(args):\n    from pkg.tests import runner": False,
    "if __name__ == '__main__':\n    from pkg.tests import runner": False,
    "'''See pkg.tests.runner.'''  # from .tests import runner": False,
    "from .testing import x": False,
    "from other.tests import x": False,
    "from .tests import {{ template }}": False,
}


def test_tests_scripts_caches_and_metadata_stay_behind() -> None:
    paths = [
        "../../bin/run",
        "bin/run",
        "pkg-1.dist-info/METADATA",
        "pkg-1.dist-info/RECORD",
        "pkg-1.dist-info/entry_points.txt",
        "pkg-1.dist-info/licenses/LICENSE",
        "pkg/__init__.py",
        "pkg/__pycache__/__init__.cpython-313.pyc",
        "pkg/native.so",
        "pkg/py.typed",
        "pkg/sub/tests/data.json",
        "pkg/sub/tests/test_it.py",
        "pkg/test/conftest.py",
        "pkg/test/help.py",
        "pkg/testing/__init__.py",
        "pkg/tests/fixtures.py",
        "test_pkg.py",
    ]
    assert shipped_files(paths, lambda _: b"") == [
        "pkg-1.dist-info/METADATA",
        "pkg-1.dist-info/entry_points.txt",
        "pkg/__init__.py",
        "pkg/native.so",
        "pkg/py.typed",
        "pkg/testing/__init__.py",
        "pkg/tests/fixtures.py",  # a folder called so, and nothing in it says that it holds tests
        "test_pkg.py",
    ]


@pytest.mark.parametrize(("source", "ships"), IMPORTS.items(), ids=IMPORTS)
def test_tests_that_the_rest_of_the_distribution_imports_ship(source: str, ships: bool) -> None:
    files = {"pkg/__init__.py": source, **dict.fromkeys(TESTS, "")}
    expected = sorted(files) if ships else ["pkg/__init__.py"]
    assert shipped_files(files, lambda path: files[path].encode()) == expected


def test_tests_that_shipped_tests_import_ship_too_and_others_do_not() -> None:
    files = {
        "pkg/__init__.py": "from .tests.runner import Runner",
        "pkg/tests/runner.py": "from pkg.sub.tests.helper import help",
        "pkg/tests/test_it.py": "from pkg.more.tests.helper import help",
        "pkg/sub/tests/helper.py": "",
        "pkg/sub/tests/test_sub.py": "",
        "pkg/more/tests/helper.py": "",
        "pkg/more/tests/conftest.py": "",
    }
    kept = shipped_files(files, lambda path: files[path].encode())
    assert set(files) - set(kept) == {"pkg/more/tests/helper.py", "pkg/more/tests/conftest.py"}


def test_a_file_that_is_recorded_and_not_there_imports_nothing() -> None:
    def read(path: str) -> bytes:
        raise FileNotFoundError(path)

    assert shipped_files(["pkg/__init__.py", *TESTS], read) == ["pkg/__init__.py"]
