"""Code that is loaded by its path: migrations, plugins and jobs that a string or a configuration file names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.report import explain
from tests.build.projects import HELLO, OWN_RUNTIME, bundle_paths, make_project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.build.projects import Project

FILES = {
    "migrations/env.py": "import lib.models\nimport not_there\n",
    "migrations/script.py.mako": "${up_revision}\n",
    "migrations/versions/001_first.py": "import lib.columns\n",
    "migrations/versions/0002.second.py": "revision = '2'\n",
    "migrations/versions/scaffold.py": "not Python {{ name }}\n",
    "migrations/test_env.py": "",
    "lib/models.py": "",
    "lib/columns.py": "",
    "lib/unused.py": "",
}
SHIPPED = {each for each in FILES if each != "lib/unused.py"}
NAMED = {
    "from the root": {"functions/x/route.py": f"PATH = 'migrations/'\n{HELLO}"},
    "from the file's folder": {"functions/x/route.py": f"load(directory='../../migrations')\n{HELLO}"},
    "from a folder above": {
        "functions/x/route.py": f"from lib import run\n{HELLO}",
        "lib/run.py": "from pathlib import Path\nHERE = Path(__file__).parent\nPATH = HERE.parent / 'migrations'\n",
    },
    "in a configuration file": {
        "functions/x/route.py": f"load('tool.ini')\n{HELLO}", "tool.ini": "[tool]\n# jobs/x.py\nscript_location = %(here)s/migrations\n",
    },
    "in a configuration file in a folder": {
        "functions/x/route.py": f"load('conf/tool.yaml')\n{HELLO}", "conf/tool.yaml": "folders:\n  - ../migrations\n",
    },
}  # fmt: skip


def project_of(tmp_path: Path, files: dict[str, str]) -> Project:
    settings = f'[project]\nname = "p"\nversion = "0"\n[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n'
    return make_project(tmp_path, {"pyproject.toml": settings, **files})


def shipped(project: Project, to: Path) -> set[str]:
    paths = bundle_paths(project.link(project.build(), "XFunction", to))
    return {path for path in paths if path in project_paths(project)}


def project_paths(project: Project) -> set[str]:
    return {path.relative_to(project.root).as_posix() for path in project.root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("files", NAMED.values(), ids=NAMED)
def test_a_folder_that_is_named_ships_with_what_its_files_import(files: dict[str, str], tmp_path: Path) -> None:
    project = project_of(tmp_path, {**FILES, **files})
    assert shipped(project, tmp_path / "x") & FILES.keys() == SHIPPED
    assert [each for each in project.build().warnings if "left out" in each] == []


def test_a_file_that_is_named_ships_with_what_it_imports(tmp_path: Path) -> None:
    files = {
        "functions/x/route.py": f"import runpy\nrunpy.run_path('jobs/one.py')\n{HELLO}",
        "jobs/one.py": "import lib.one\n",
        "jobs/two.py": "",
        "lib/one.py": "",
    }
    project = project_of(tmp_path, files)
    assert shipped(project, tmp_path / "x") == {"functions/x/route.py", "jobs/one.py", "lib/one.py"}
    assert explain(project.build(), "/x", "lib/one.py") == [
        "functions/x/route.py:2 looks into the folder of jobs.one", "jobs/one.py:1 imports lib.one",
    ]  # fmt: skip


def test_a_group_of_the_project_that_is_named_brings_its_entry_points(tmp_path: Path) -> None:
    """As stevedore reads them, which is given the group."""
    files = {
        "functions/x/route.py": f"Manager('shop.drivers', 'cash')\n{HELLO}",
        "lib/cash.py": "",
        "lib/other.py": "",
    }
    project = project_of(tmp_path, files)
    with (project.root / "pyproject.toml").open("a") as stream:
        stream.write('[project.entry-points."shop.drivers"]\ncash = "lib.cash:Cash"\n')
        stream.write('[project.entry-points."shop.others"]\nother = "lib.other:Other"\n')
    assert shipped(project, tmp_path / "x") == {"functions/x/route.py", "lib/cash.py"}


def test_the_settings_of_an_app_bring_the_app(tmp_path: Path) -> None:
    """Django finds commands, template tags and migrations by their folders."""
    files = {
        "functions/x/route.py": f"APPS = ['shop.apps.ShopConfig', 'bank.views.Pay']\n{HELLO}",
        **dict.fromkeys(
            ("shop/__init__.py", "shop/apps.py", "shop/management/commands/hello.py", "shop/models.py"), ""
        ),
        **dict.fromkeys(("bank/__init__.py", "bank/views.py", "bank/models.py"), ""),
    }
    found = shipped(project_of(tmp_path, files), tmp_path / "x")
    assert found == files.keys() - {"bank/models.py"}


@pytest.mark.parametrize(
    "source",
    [
        "(ROOT / 'jobs' / name).open()",
        "(ROOT / 'jobs').glob('*.sql')",
        "ROOT / 'functions'",
        "ROOT / 'pack'",
        "ROOT / 'tree'",
    ],
)
def test_a_folder_of_other_things_brings_no_code(source: str, tmp_path: Path) -> None:
    """A part of a path, one with routes, a package, and one with more modules than anyone writes by hand."""
    files = {
        "functions/x/route.py": f"from pathlib import Path\nROOT = Path(__file__).parents[2]\nname = ''\nX = {source}\n{HELLO}",
        "functions/y/route.py": HELLO,
        "functions/y/other.py": "",
        "jobs/one.py": "",
        "pack/__init__.py": "",
        "pack/one.py": "",
        **{f"tree/a{n}.py": "" for n in range(201)},
    }
    project = project_of(tmp_path, files)
    assert shipped(project, tmp_path / "x") == {"functions/x/route.py"}
