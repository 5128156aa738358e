"""Whole builds of small projects: what goes in, what is rebuilt, what is refused, and that bundles run by themselves."""

from __future__ import annotations

import json
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from edgeroutes.build import report
from edgeroutes.build.bytecode import packed_modules
from edgeroutes.build.report import explain
from edgeroutes.build.session import is_unchanged
from edgeroutes.build.store import FOLDER, Store
from edgeroutes.errors import (
    BundleError,
    ConfigError,
    DependencyError,
    ImportRaisedError,
    ModuleMissingError,
    ProblemsError,
    ProjectError,
    ToolError,
)
from tests.build.projects import HELLO, OWN_RUNTIME, Project, bundle_paths, invoke, make_project, settle
from tests.fakes.installer import FakeInstaller, FakeWheel

if TYPE_CHECKING:
    from pathlib import Path

MODEL = FakeWheel(files={"model/__init__.py": "from model.core import NAME\n", "model/core.py": "NAME = 'model'\n"})
STARLETTE = FakeWheel(
    files={"starlette/__init__.py": ""}, requires=("anyio>=3", "typing-extensions; python_version < '3.0'")
)
WHEELS = {
    "model": FakeWheel(version="2.1", requires=("core-of-model",), files=MODEL.files),
    "core-of-model": FakeWheel(files={"core_of_model.py": "X = 1\n"}),
    "starlette": STARLETTE,
    "anyio": FakeWheel(files={"anyio/__init__.py": ""}),
    "python-multipart": FakeWheel(files={"python_multipart/__init__.py": ""}),
    "mangum": FakeWheel(files={"mangum/__init__.py": ""}),
    "boto3": FakeWheel(requires=("botocore", "jmespath"), files={"boto3/__init__.py": ""}),
    "botocore": FakeWheel(requires=("jmespath",), files={"botocore/__init__.py": ""}),
    "jmespath": FakeWheel(files={"jmespath/__init__.py": ""}),
    "queries": FakeWheel(requires=("jmespath",), files={"queries.py": ""}),
}


def bundle(project: Project, logical_id: str, to: Path) -> set[str]:
    return bundle_paths(project.link(project.build(), logical_id, to))


def test_a_bundle_holds_what_its_route_reaches_and_runs_alone(tmp_path: Path) -> None:
    files = {
        "functions/users/[id]/route.py": (
            "from lib.db import find\nfrom .schemas import shape\n\ndef GET(id: int):\n    return shape(find(id))\n"
        ),
        "functions/users/[id]/schemas.py": "def shape(name):\n    return {'name': name}\n",
        "functions/middleware.py": "async def middleware(request, call_next):\n    return await call_next(request)\n",
        "lib/db.py": (
            "from pathlib import Path\nimport model\n\n"
            "def find(id):\n    return Path(__file__).with_name('names.txt').read_text().split()[id]\n"
        ),
        "lib/names.txt": "ada bob",
        "lib/unused.py": "raise SystemExit\n",
        "functions/hello/route.py": HELLO,
    }
    project = make_project(tmp_path, files, WHEELS)
    built = project.build()
    users = project.link(built, "UsersIdFunction", tmp_path / "users")
    hello = project.link(built, "HelloFunction", tmp_path / "hello")
    fallback = project.link(built, "FallbackFunction", tmp_path / "fallback")

    assert bundle_paths(users) == {
        "core_of_model-1.0.dist-info/METADATA",
        "core_of_model-1.0.dist-info/top_level.txt",
        "core_of_model.py",
        "edgeroutes_function.py",
        "functions/middleware.py",
        "functions/users/[id]/route.py",
        "functions/users/[id]/schemas.py",
        "lib/db.py",
        "lib/names.txt",
        "model-2.1.dist-info/METADATA",
        "model-2.1.dist-info/top_level.txt",
        "model/__init__.py",
        "model/core.py",
    }
    assert bundle_paths(hello) == {"edgeroutes_function.py", "functions/hello/route.py", "functions/middleware.py"}
    assert invoke(users, "/users/1")["body"] == '{"name":"bob"}'
    assert invoke(hello, "/hello")["body"] == '{"hello":"world"}'
    assert bundle_paths(fallback) == {"edgeroutes_function.py"}
    assert invoke(fallback, "/nope")["status"] == 404
    redirect = invoke(fallback, "/nope/")
    assert (redirect["status"], redirect["headers"]["location"]) == (308, ["/nope"])


def test_constraints_hold_in_a_bundle(tmp_path: Path) -> None:
    route = (
        "from dataclasses import dataclass\nfrom typing import Annotated, NewType\nfrom edgeroutes import Query\n"
        "@dataclass\nclass Filters:\n    id: Annotated[int, Query(ge=2)]\n"
        "def GET(id: Annotated[int, Query(ge=2)], params: Filters):\n    return [id, params.id]\n"
    )
    project = make_project(tmp_path, {"functions/[id]/route.py": route})
    function = project.link(project.build(), "IdFunction", tmp_path / "out")

    assert [invoke(function, path)["status"] for path in ("/1", "/x")] == [404, 404]
    assert invoke(function, "/2")["body"] == "[2,2]"


def test_a_bundle_holds_the_middleware_above_its_routes_and_no_other(tmp_path: Path) -> None:
    passing = "async def middleware(request, call_next):\n    return await call_next(request)\n"
    folders = ("", "(site)/", "(site)/shop/", "(site)/shop/[id]/", "api/", "api/beside/")
    files = {
        **{f"functions/{folder}middleware.py": passing for folder in folders},
        "functions/(site)/shop/route.py": HELLO,
        "functions/api/route.py": HELLO,
    }
    project = make_project(tmp_path, {**files, "functions/(site)/shop/[id]/route.py": HELLO})
    built = project.build()
    held = {
        name: {
            path for path in bundle_paths(project.link(built, name, tmp_path / name)) if path.endswith("middleware.py")
        }
        for name in ("ShopFunction", "ShopIdFunction", "ApiFunction", "FallbackFunction")
    }

    site = {"functions/middleware.py", "functions/(site)/middleware.py", "functions/(site)/shop/middleware.py"}
    assert held == {
        "ShopFunction": site,
        "ShopIdFunction": {*site, "functions/(site)/shop/[id]/middleware.py"},
        "ApiFunction": {"functions/middleware.py", "functions/api/middleware.py"},
        "FallbackFunction": set(),
    }
    assert invoke(tmp_path / "ShopIdFunction", "/shop/1")["status"] == 200


def test_edgeroutes_ships_its_runtime_side_alone_as_one_file_of_bytecode(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"functions/hello/route.py": HELLO})
    hello = project.link(project.build(), "HelloFunction", tmp_path / "hello")

    assert {path.name for path in hello.glob("edgeroutes/**/*")} == {"__init__.pyc", "modules.bin"}
    own = {name.split(".")[1] for name in packed_modules(hello)}
    assert own - {"_facade", "errors", "names"} == {"adapters", "http", "routing", "runtime"}


MODULES = """
import sys
from importlib.util import find_spec
import edgeroutes
import edgeroutes.http
from edgeroutes import HTTPError, Response, http

def GET():
    module = sys.modules[Response.__module__]
    try:
        edgeroutes.nothing
    except AttributeError as error:
        problem = str(error)
    return {
        "same": module is edgeroutes.http.response and http is edgeroutes.http,
        "file": module.__file__.rpartition("/edgeroutes/")[2],
        "packages": [http.__package__, module.__package__, http.__path__[0].rpartition("/")[2]],
        "specs": [find_spec(f"edgeroutes.{name}") is not None for name in ("http.headers", "http.nothing", "cli")],
        "documented": HTTPError.__doc__,
        "all": "Response" in edgeroutes.__all__ and "Response" in dir(edgeroutes),
        "problem": problem,
    }
"""


def test_modules_of_the_packed_file_are_like_others(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"functions/x/route.py": MODULES})
    bundle = project.link(project.build(), "XFunction", tmp_path / "x")

    assert json.loads(invoke(bundle, "/x")["body"]) == {
        "same": True,
        "file": "http/response.pyc",
        "packages": ["edgeroutes.http", "edgeroutes.http", "http"],
        "specs": [True, False, False],
        "documented": None,
        "all": True,
        "problem": "module 'edgeroutes' has no attribute 'nothing'",
    }


def test_what_several_bundles_share_has_its_bytecode_in_each(tmp_path: Path) -> None:
    files = {
        "functions/_shared/text.py": "TEXT = 'shared'\n",
        "functions/a/route.py": "from functions._shared.text import TEXT\n\ndef GET():\n    return TEXT\n",
        "functions/b/route.py": "from functions._shared.text import TEXT\nONE = 1\n\ndef GET():\n    return TEXT\n",
        "functions/c/[[...path]]/route.py": "def make():\n    return None\n\napp = make()\n",  # brings more of edgeroutes than the others
    }
    project = make_project(tmp_path, files, WHEELS)
    built = project.build()
    for logical_id in ("AFunction", "BFunction", "CPathFunction", "FallbackFunction"):
        bundle = project.link(built, logical_id, tmp_path / logical_id)
        assert not list(bundle.glob("edgeroutes/**/*.py"))
        sources = {path for path in bundle.rglob("*.py") if path.stat().st_size}
        assert sources == {path for path in sources if list(path.parent.glob(f"__pycache__/{path.stem}.*.pyc"))}


def test_without_an_interpreter_the_sources_ship_with_a_warning(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"functions/hello/route.py": HELLO})
    project.installer.pythons = {}
    built = project.build()
    hello = project.link(built, "HelloFunction", tmp_path / "hello")

    assert not list(hello.rglob("*.pyc"))
    assert invoke(hello, "/hello")["status"] == 200
    version = OWN_RUNTIME.removeprefix("python")
    assert [warning.partition(",")[0] for warning in built.warnings] == [
        f"there is no Python {version} on this machine"
    ]


def test_the_same_project_gives_the_same_bytes(tmp_path: Path) -> None:
    files = {"functions/hello/route.py": f"import model\n{HELLO}", "lib/x.py": ""}
    contents = []
    for name in ("one", "two"):
        project = make_project(tmp_path / name, files, WHEELS)
        out = project.link(project.build(), "HelloFunction", tmp_path / name / "out")
        contents.append(
            {
                path.relative_to(out).as_posix(): (path.read_bytes(), path.stat().st_mtime)
                for path in out.rglob("*.*")
                if path.is_file()
            }
        )
    assert contents[0] == contents[1]


def test_only_the_function_that_changed_is_built_again(tmp_path: Path) -> None:
    files = {
        "functions/a/route.py": f"import lib.a\n{HELLO}",
        "functions/b/route.py": HELLO,
        "lib/a.py": "A = 1\n",
        "lib/data.txt": "1",
    }
    project = make_project(tmp_path, files)
    assert [each.logical_id for each in project.build().functions if each.is_new] == [
        "AFunction",
        "BFunction",
        "FallbackFunction",
    ]
    assert [each.logical_id for each in project.build().functions if each.is_new] == []
    for changed in ("lib/a.py", "lib/data.txt", "lib/more.txt", "functions/a/route.py"):
        project.write({changed: f"{files.get(changed, '')}# 2\n"})
        assert [each.logical_id for each in project.build().functions if each.is_new] == ["AFunction"]
    (project.root / "lib/more.txt").unlink()
    assert [each.logical_id for each in project.build().functions if each.is_new] == ["AFunction"]


def test_what_changed_is_noticed_without_looking_again_at_everything(tmp_path: Path) -> None:
    files = {"functions/a/route.py": f"import lib.a, model\n{HELLO}", "lib/a.py": "A = 1\n", "lib/data.txt": "1"}
    project = make_project(tmp_path, files, WHEELS)
    store = Store(project.root / FOLDER)
    settle()
    project.build()
    assert is_unchanged(store)
    changes: list[dict[str, str] | Path] = [
        {"lib/a.py": "A = 2\n"},  # the same size and date: the inode's own date tells
        {"lib/data.txt": "2"},
        {"lib/data2.txt": ""},
        {"functions/b/route.py": HELLO},
        {"lib.py": ""},
        {"requirements.txt": "model\n"},
        project.site_packages / "new.py",
        store.folder / "functions" / "BFunction",
    ]
    for change in changes:
        if isinstance(change, dict):
            project.write(change)
        elif change.exists():
            change.unlink()
        else:
            change.touch()
        assert not is_unchanged(store)
        if (project.root / "lib.py").exists():
            (project.root / "lib.py").unlink()
        settle()
        project.build()
        assert is_unchanged(store)
    for tree in store.function_trees("AFunction"):
        (store.folder / "trees" / f"{tree.name}.json").unlink()
        assert not is_unchanged(store)
        project.build()
        assert is_unchanged(store)


def test_a_file_written_while_the_build_runs_is_looked_at_again(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"functions/a/route.py": HELLO})
    project.build()  # just after the files were written
    assert not is_unchanged(Store(project.root / FOLDER))


def test_a_function_that_is_gone_is_removed(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"functions/a/route.py": HELLO, "functions/b/route.py": HELLO})
    project.build()
    (project.root / "functions/b/route.py").unlink()
    project.build()
    assert Store(project.root / FOLDER).functions() == ["AFunction", "FallbackFunction"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from edgeroutes import Form\n", {"starlette", "anyio", "python-multipart"}),
        (
            "async def POST(request):\n    return len(await request.form())\n",
            {"starlette", "anyio", "python-multipart"},
        ),
        ("def POST(user: User):\n    return 1\n", set()),
        ("def POST(n: int, when: 'datetime'):\n    return 1\n", set()),
        ("app = make()\n", {"mangum"}),
        ("import boto3\n", set()),
        ("import boto3, queries\n", {"queries", "jmespath"}),
        ("import boto3, jmespath\n", {"jmespath"}),
        ("try:\n    import boto3\nexcept ImportError:\n    import nothing\n", set()),
    ],
)
def test_features_and_what_lambda_has_decide_about_distributions(
    source: str, expected: set[str], tmp_path: Path
) -> None:
    route = source if "POST" in source or "app" in source else source + HELLO
    project = make_project(tmp_path, {"functions/a/[[...path]]/route.py": route}, WHEELS)
    function = project.build().functions[0]
    assert set(function.requirements) == expected


def test_boto3_ships_where_the_project_pins_or_includes_it(tmp_path: Path) -> None:
    files = {"functions/a/route.py": f"import boto3\n{HELLO}", "functions/a/function.yaml": "include: [boto3]\n"}
    project = make_project(tmp_path / "included", files, WHEELS)
    assert set(project.build().functions[0].requirements) == {"boto3", "botocore", "jmespath"}

    settings = f'[project]\nname = "x"\nversion = "1"\ndependencies = ["boto3==1.0"]\n[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n'
    files = {"functions/a/route.py": f"import boto3\n{HELLO}", "pyproject.toml": settings}
    project = make_project(tmp_path / "pinned", files, WHEELS)
    assert set(project.build().functions[0].requirements) == {"boto3", "botocore", "jmespath"}


def test_include_and_exclude_of_function_yaml(tmp_path: Path) -> None:
    files = {
        "functions/a/route.py": f"import model, lib.a\n{HELLO}",
        "functions/a/function.yaml": (
            "include: [templates/**/*.html, lib.plugins, config.json, queries]\nexclude: [core-of-model, lib/notes.txt]\n"
        ),
        "lib/a.py": "",
        "lib/notes.txt": "",
        "lib/plugins/__init__.py": "",
        "lib/plugins/one.py": "import lib.used_by_one\n",
        "lib/used_by_one.py": "",
        "templates/mail/a.html": "",
        "templates/mail/a.txt": "",
        "config.json": "{}",
    }
    project = make_project(tmp_path, files, WHEELS)
    assert bundle(project, "AFunction", tmp_path / "out") == {
        "config.json",
        "edgeroutes_function.py",
        "functions/a/route.py",
        "jmespath-1.0.dist-info/METADATA",
        "jmespath-1.0.dist-info/top_level.txt",
        "jmespath/__init__.py",
        "lib/a.py",
        "lib/plugins/__init__.py",
        "lib/plugins/one.py",
        "lib/used_by_one.py",
        "model-2.1.dist-info/METADATA",
        "model-2.1.dist-info/top_level.txt",
        "model/__init__.py",
        "model/core.py",
        "queries-1.0.dist-info/METADATA",
        "queries-1.0.dist-info/top_level.txt",
        "queries.py",
        "templates/mail/a.html",
    }


REFUSED: list[tuple[str, dict[str, str], type[ProjectError], str]] = [
    (
        "a missing module",
        {"functions/a/route.py": "import lib.dbb\n" + HELLO, "lib/db.py": ""},
        ModuleMissingError,
        "functions/a/route.py:1: no module named 'lib.dbb'. Import 'lib.db' instead.",
    ),
    (
        "an include of nothing",
        {"functions/a/route.py": HELLO, "functions/a/function.yaml": "include: [modell]\n"},
        ConfigError,
        "functions/a/function.yaml, include: there is no 'modell'. Did you mean 'model'?",
    ),
    (
        "an include outside",
        {"functions/a/route.py": HELLO, "functions/a/function.yaml": "include: [../secrets]\n"},
        ConfigError,
        "functions/a/function.yaml, include: '../secrets' leads out of the project. Name a file below the project's root.",
    ),
    (
        "the wrong side",
        {"functions/a/route.py": "import edgeroutes.config\n" + HELLO},
        BundleError,
        (
            "functions/a/route.py:1: 'edgeroutes.config' never goes into a function. "
            "Import it in tests and tools, not in what a route reaches."
        ),
    ),
]


@pytest.mark.parametrize(
    ("files", "kind", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_what_cannot_be_built_is_refused(
    files: dict[str, str], kind: type[ProjectError], message: str, tmp_path: Path
) -> None:
    project = make_project(tmp_path, files, WHEELS)
    with pytest.raises(kind) as refused:
        project.build()
    assert str(refused.value) == message
    assert Store(project.root / FOLDER).functions() == []


def test_an_import_of_what_is_installed_and_not_declared_is_refused(tmp_path: Path) -> None:
    files = {
        "functions/a/route.py": f"import model\nimport queries\n{HELLO}",
        "functions/b/route.py": f"try:\n    import queries\nexcept ImportError:\n    pass\n{HELLO}",
        "uv.lock": "",
    }
    project = make_project(tmp_path, files, WHEELS, lock="model==2.1\ncore-of-model==1.0\n")
    with pytest.raises(DependencyError) as refused:
        project.build()
    assert str(refused.value) == (
        "functions/a/route.py:2: 'queries' comes from 'queries', which is installed here and not declared (uv.lock). Run 'uv add queries'."
    )


def test_the_import_that_wants_an_unobtainable_wheel_is_named(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"functions/a/route.py": f"import model\n{HELLO}"}, WHEELS)
    del project.installer.wheels["model"]
    with pytest.raises(DependencyError) as refused:
        project.build()
    assert str(refused.value) == "functions/a/route.py:1: no index has 'model'. Correct its name."


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    files = {f"functions/{name}/route.py": f"import lib.missing_{name}\n{HELLO}" for name in ("a", "b")}
    project = make_project(tmp_path, {**files, "functions/c/route.py": HELLO})
    with pytest.raises(ProblemsError) as refused:
        project.build()
    assert [problem.where for problem in refused.value.problems] == ["functions/a/route.py:1", "functions/b/route.py:1"]


def test_syntax_that_only_a_newer_python_knows_is_explained(tmp_path: Path) -> None:
    newer = f"{sys.version_info[0]}.{min(sys.version_info[1] + 1, 14)}"
    if newer == OWN_RUNTIME.removeprefix("python"):
        pytest.skip("Lambda has no newer Python")
    files = {"functions/a/route.py": f"import lib.new\n{HELLO}", "lib/new.py": "x = = 1\n"}
    project = make_project(tmp_path, files)
    project.write({"pyproject.toml": f'[tool.edgeroutes]\nruntime = "python{newer}"\n'})
    with pytest.raises(ImportRaisedError) as refused:
        project.build()
    assert refused.value.where == "lib/new.py:1"
    assert refused.value.hint == f"If it is Python {newer}, which the functions run on, run edgeroutes with that, too"


def test_a_bundle_over_the_limit_names_its_biggest_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "UNZIPPED_LIMIT_BYTES", 1_000)
    wheels = {
        "model": FakeWheel(requires=("big",), files=MODEL.files),
        "big": FakeWheel(files={"big.bin": "x" * 5_000_000}),
    }
    project = make_project(tmp_path, {"functions/a/route.py": f"import model\n{HELLO}"}, wheels)
    with pytest.raises(ProblemsError) as refused:
        project.build()
    lines = str(refused.value.problems[0]).splitlines()
    assert re.match(r"AFunction: 5\.\d MB unzipped are more than Lambda's 1 KB\. The biggest files:", lines[0])
    assert lines[1] == "     4.8 MB  big.bin  (big, which model requires: functions/a/route.py:1 imports model)"
    assert len(lines) == 11


def test_a_zip_that_only_s3_takes_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "ZIPPED_LIMIT_BYTES", 1_000)
    project = make_project(tmp_path, {"functions/a/route.py": HELLO})
    first, *files = project.build().warnings[0].splitlines()
    assert first.startswith("AFunction: ")
    assert first.endswith(
        "KB zipped are more than the 1 KB that Lambda takes directly; 'sam deploy' goes through S3. The biggest files:"
    )
    assert re.fullmatch(r" +\d+ KB  edgeroutes/modules\.bin  \(edgeroutes itself\)", files[0])


def test_an_interrupted_build_leaves_nothing_that_counts(tmp_path: Path) -> None:
    class Interrupted(FakeInstaller):
        def install(self, *arguments: object, **options: object) -> None:
            super().install(*arguments, **options)  # type: ignore[arg-type]
            raise KeyboardInterrupt

    project = make_project(tmp_path, {"functions/a/route.py": f"import model\n{HELLO}"}, WHEELS)
    interrupted = Project(root=project.root, site_packages=project.site_packages, installer=Interrupted(WHEELS))
    with pytest.raises(KeyboardInterrupt):
        interrupted.build()
    store = Store(project.root / FOLDER)
    assert store.functions() == []
    half = store.folder / "trees" / "model-2.1-half"
    half.mkdir(parents=True)  # a folder without its note, as a killed process leaves it
    (store.folder / "trees" / ".new-abc" / "all").mkdir(parents=True)
    assert bundle(project, "AFunction", tmp_path / "out") >= {"model/core.py"}
    assert not (store.folder / "trees" / ".new-abc").exists()


def test_builds_at_the_same_time_wait_for_each_other(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"functions/a/route.py": f"import model\n{HELLO}"}, WHEELS)
    with ThreadPoolExecutor(4) as pool:
        builds = list(pool.map(lambda _: project.build(), range(4)))
    assert sorted(each.is_new for built in builds for each in built.functions) == [False] * 6 + [True] * 2
    assert len(project.installer.installed) == 1


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_store_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"functions/a/route.py": HELLO})
    project.root.chmod(0o555)
    with pytest.raises(ToolError, match="it cannot be written"):
        project.build()


def test_an_edited_bundle_is_in_no_later_one(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"functions/a/route.py": HELLO, "functions/b/route.py": HELLO})
    bundle = project.link(project.build(), "AFunction", tmp_path / "out")
    with (bundle / "edgeroutes_function.py").open("a") as file:
        file.write("evil = 1\n")
    store = Store(project.root / FOLDER)
    for tree in store.function_trees("AFunction"):  # as where the store's own file is written to
        for name in tree.sizes:
            (tree.folder / name).chmod(0o644)
            with (tree.folder / name).open("ab") as file:
                file.write(b"evil")
    report = project.build()
    assert any("was changed after it was built, and is built again" in warning for warning in report.warnings)
    again = project.link(report, "AFunction", tmp_path / "again")
    assert not [path for path in again.rglob("*") if path.is_file() and b"evil" in path.read_bytes()]
    assert not project.build().warnings


def test_keys_links_and_env_files_stay_out_of_bundles(tmp_path: Path) -> None:
    files = {
        "functions/a/route.py": f"import lib.db\n{HELLO}", "functions/a/local.env": "", "lib/db.py": "", "lib/id_rsa": "",
        "lib/service-account.json": "", "lib/keys/server.pem": "key", "lib/dump.sql": "", "lib/sql/q.sql": "", "lib/.env": "",
    }  # fmt: skip
    project = make_project(tmp_path, files)
    report = project.build()
    assert bundle_paths(project.link(report, "AFunction", tmp_path / "out")) == {
        "edgeroutes_function.py", "functions/a/route.py", "lib/db.py", "lib/sql/q.sql",
    }  # fmt: skip
    said = "\n".join(report.warnings)
    for name in (
        "functions/a/local.env",
        "lib/id_rsa",
        "lib/service-account.json",
        "lib/keys/server.pem",
        "lib/dump.sql",
    ):
        assert f"{name} is left out: " in said
    project.write({"functions/a/function.yaml": "include: [lib/keys/server.pem]\n"})
    report = project.build()
    assert "server.pem" not in "\n".join(report.warnings)
    assert "lib/keys/server.pem" in bundle_paths(project.link(report, "AFunction", tmp_path / "out2"))


@pytest.mark.parametrize(
    ("link", "target", "said"),
    [
        ("lib/link.cfg", "/etc/passwd", "lib/link.cfg: this links to '/etc/passwd', outside the project"),
        ("lib/up", "../..", "lib/up: this links to "),
        ("lib/other.py", "../../outside.py", "lib/other.py: this links to "),
        ("lib/conf.txt", "../.env", "lib/conf.txt: it links to '.env', which is never bundled"),
        ("functions/a/deep/host.txt", "/etc/hostname", "functions/a/deep/host.txt: this links to "),
    ],
)
def test_a_link_out_of_the_project_or_to_an_env_file_is_refused(
    tmp_path: Path, link: str, target: str, said: str
) -> None:
    files = {
        "functions/a/route.py": f"import lib.db\ntry:\n    import lib.other\nexcept ImportError: pass\n{HELLO}",
        "lib/db.py": "",
        ".env": "A=1",
    }
    project = make_project(tmp_path, files)
    (tmp_path / "outside.py").write_text("")
    (project.root / link).parent.mkdir(exist_ok=True)
    (project.root / link).symlink_to(target)
    with pytest.raises(ProjectError) as caught:
        project.build()
    assert said in str(caught.value)


def test_data_that_is_new_since_the_last_build_is_reported_once(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"functions/a/route.py": HELLO, "functions/a/one.txt": ""})
    assert project.build().new_data == ("functions/a/one.txt",)
    assert project.build().new_data == ()
    project.write({"functions/a/two.txt": ""})
    assert project.build().new_data == ("functions/a/two.txt",)


def test_a_projects_programs_can_be_run_in_its_bundle(tmp_path: Path) -> None:
    route = (
        "import subprocess\nfrom pathlib import Path\n\ndef GET():\n    tool = Path(__file__).parent / 'tools/tool'\n"
        "    return subprocess.run([tool], capture_output=True, text=True).stdout\n"
    )
    project = make_project(
        tmp_path, {"functions/a/route.py": route, "functions/a/tools/tool": "#!/bin/sh\necho own tool\n"}
    )
    settle()
    without = {tree.name for tree in project.build().functions[0].trees}
    (project.root / "functions/a/tools/tool").chmod(0o755)
    report = project.build()
    assert {tree.name for tree in report.functions[0].trees} != without
    assert invoke(project.link(report, "AFunction", tmp_path / "out"), "/a")["body"] == "own tool\n"


def test_python_that_is_data_ships_as_it_is(tmp_path: Path) -> None:
    files = {
        "functions/a/route.py": HELLO, "functions/a/starter/{{name}}.py": "import {{name}}\n", "functions/a/starter/a.txt": "",
        "functions/a/starter/b.txt": "",
    }  # fmt: skip
    project = make_project(tmp_path, files)
    report = project.build()
    bundle = project.link(report, "AFunction", tmp_path / "out")
    assert (bundle / "functions/a/starter/{{name}}.py").read_text() == "import {{name}}\n"
    assert not (bundle / "functions/a/starter/__pycache__").exists()
    assert "functions/a/starter/{{name}}.py" in report.new_data


METADATA_ROUTE = """
from importlib.metadata import distribution, entry_points, packages_distributions, version

def GET():
    points = [f"{each.name}={each.value}" for each in entry_points(group="shop.plugins")]
    return [version("my-shop"), points, distribution("my-shop").metadata["Summary"], packages_distributions().get("model")]
"""


@pytest.mark.parametrize(
    ("more", "is_package"),
    [
        ('[build-system]\nrequires = ["hatchling"]\n', True),
        ("[tool.uv]\npackage = true\n", True),
        ("", False),
        ('[build-system]\nrequires = ["hatchling"]\n[tool.uv]\npackage = false\n', False),
        ('[build-system]\nrequires = ["poetry-core"]\n[tool.poetry]\npackage-mode = false\n', False),
    ],
)
def test_only_a_package_has_a_version_whether_it_is_installed_here_or_not(
    more: str, is_package: bool, tmp_path: Path
) -> None:
    """Where a tool never installs the project, dev has no metadata of it; a bundle has none, too."""
    project = make_project(tmp_path, {"functions/a/route.py": HELLO})
    settings = (project.root / "pyproject.toml").read_text()
    project.write({"pyproject.toml": f'[project]\nname = "shop"\nversion = "1"\n{settings}{more}'})
    bundle = project.link(project.build(), "AFunction", tmp_path / "out")
    assert (bundle / "shop-1.dist-info").exists() is is_package


def test_a_bundle_knows_the_projects_version_and_entry_points(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"functions/a/route.py": f"import model\n{METADATA_ROUTE}"}, WHEELS)
    settings = (project.root / "pyproject.toml").read_text()
    project.write(
        {
            "pyproject.toml": f"""[project]
name = "my-shop"
version = "1.2.3"
description = "A shop"
dependencies = ["model"]
entry-points."shop.plugins" = {{ one = "lib.one:run" }}
[build-system]
requires = ["hatchling"]
{settings}"""
        }
    )
    bundle = project.link(project.build(), "AFunction", tmp_path / "out")
    assert json.loads(invoke(bundle, "/a")["body"]) == ["1.2.3", ["one=lib.one:run"], "A shop", ["model"]]


def test_a_file_at_the_root_that_a_module_names_ships(tmp_path: Path) -> None:
    route = (
        "from pathlib import Path\n\ndef GET():\n    return (Path(__file__).parents[2] / 'config.yaml').read_text()\n"
    )
    files = {
        "functions/a/route.py": route,
        "config.yaml": "a: 1",
        "other.yaml": "b: 1",
        "id_rsa": "",
        "functions/b/route.py": HELLO,
    }
    project = make_project(tmp_path, files)
    report = project.build()
    assert invoke(project.link(report, "AFunction", tmp_path / "out"), "/a")["body"] == "a: 1"
    assert not (tmp_path / "out/other.yaml").exists()
    assert not (project.link(report, "BFunction", tmp_path / "b") / "config.yaml").exists()


PAGES = {"pages/a.html", "pages/b/c.html"}
NAMED_DATA: dict[str, tuple[str, set[str]]] = {
    "a folder of a template loader": ("from jinja import FileSystemLoader\nLOADER = FileSystemLoader('pages')\n", PAGES),
    "a folder": ("from pathlib import Path\nDATA = Path('pages')\n", PAGES),
    "a file in a folder": ("TEXT = open('pages/a.html').read()\n", {"pages/a.html"}),
    "a folder of resources": ("from importlib.resources import files\nTEXT = files('pages')\n", PAGES),
    "a word": ("NAME = 'pages'\n", set()),
}  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), NAMED_DATA.values(), ids=NAMED_DATA)
def test_a_folder_or_file_at_the_root_ships_where_a_string_names_it_as_a_path(
    source: str, expected: set[str], tmp_path: Path
) -> None:
    jinja = FakeWheel(files={"jinja.py": "def FileSystemLoader(path): return path\n"})
    files = {
        "functions/x/route.py": source + HELLO,
        "functions/y/route.py": HELLO,
        "pages/a.html": "a",
        "pages/b/c.html": "c",
    }
    pyproject = f'[project]\nname = "p"\nversion = "0"\ndependencies = ["jinja"]\n[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n'
    project = make_project(tmp_path, {"pyproject.toml": pyproject, **files}, {"jinja": jinja})
    report = project.build()
    bundle = project.link(report, "XFunction", tmp_path / "x")
    assert {path for path in bundle_paths(bundle) if path.startswith("pages")} == expected
    assert not (project.link(report, "YFunction", tmp_path / "y") / "pages").exists()
    if expected:
        assert "functions/x/route.py:" in explain(report, "/x", "pages/a.html")[-1]


def test_a_package_that_is_named_as_a_path_is_warned_of_with_the_line_to_write(tmp_path: Path) -> None:
    files = {
        "functions/x/route.py": f"from pathlib import Path\nPLUGINS = Path('plugins')\n{HELLO}",
        "plugins/__init__.py": "",
        "plugins/a.py": "",
        "plugins/b.py": "",
    }
    project = make_project(tmp_path, files)
    said = (
        "plugins is left out, although functions/x/route.py:2 names it: it holds Python. If the function needs it, add "
        "'include: [plugins]' to its function.yaml."
    )
    assert said in project.build().warnings
    project.write({"functions/x/function.yaml": "include: [plugins]\n"})
    report = project.build()
    assert said not in report.warnings
    assert {"plugins/a.py", "plugins/b.py"} <= bundle_paths(project.link(report, "XFunction", tmp_path / "x"))


def test_the_stub_of_a_package_that_attaches_it_ships(tmp_path: Path) -> None:
    lazy = FakeWheel(
        files={"lazy_loader.py": "def attach_stub(name, file):\n    return open(file + 'i').read(), name, []\n"}
    )
    package = "import lazy_loader as lazy\n__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)\n"
    pyproject = f'[project]\nname = "p"\nversion = "0"\ndependencies = ["lazy-loader"]\n[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n'
    files = {
        "pyproject.toml": pyproject,
        "functions/x/route.py": f"import lib\nimport other\n{HELLO}",
        "lib/__init__.py": package,
        "lib/__init__.pyi": "from .a import x\n",
        "lib/a.py": "x = 1\n",
        "other/__init__.py": "",
        "other/__init__.pyi": "",
    }
    project = make_project(tmp_path, files, {"lazy-loader": lazy})
    bundle = project.link(project.build(), "XFunction", tmp_path / "x")
    assert {"lib/__init__.pyi", "lib/a.py"} <= bundle_paths(bundle)
    assert "other/__init__.pyi" not in bundle_paths(bundle)
    assert invoke(bundle, "/x")["status"] == 200


def test_what_python_runs_at_its_start_is_warned_of(tmp_path: Path) -> None:
    nspkg = "import sys, types, os;has_mfs = sys.version_info > (3, 5);p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('a',))\n"
    hooked = FakeWheel(
        files={"hooked.py": "", "hooked.pth": "# on\nimport hooked; hooked.install()\n", "old-nspkg.pth": nspkg}
    )
    pyproject = f'[project]\nname = "p"\nversion = "0"\ndependencies = ["hooked"]\n[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n'
    files = {"pyproject.toml": pyproject, "functions/x/route.py": f"import hooked\n{HELLO}"}
    project = make_project(tmp_path, files, {"hooked": hooked})
    (project.site_packages / "far.egg-link").write_text(f"{tmp_path}/far\n.")
    (project.site_packages / "own.egg-link").write_text(f"{project.root}\n.")
    code = (
        "hooked.pth:2 of hooked runs 'import hooked; hooked.install()' when Python starts, which Lambda does not do. If the functions need "
        "it, run the same at the top of their route files."
    )
    link = (
        f"far.egg-link: {tmp_path}/far was installed by 'setup.py develop', and functions get nothing of it: such a link does not say "
        f"which modules it has. Install it again with 'pip install -e {tmp_path}/far' (pip 21.3 or newer), or with uv."
    )
    assert project.build().warnings == (code, link)


def test_what_a_file_behind_a_guard_misses_is_a_warning(tmp_path: Path) -> None:
    """A function never takes the branch, or catches what the import raises."""
    route = (
        "import sys\nif sys.platform == 'win32':\n    import windows\ntry:\n    import fast\nexcept ImportError:\n    fast = None\n"
        "\ndef GET():\n    return [fast is None]\n"
    )
    files = {
        "functions/a/route.py": route,
        "windows.py": "import deeper\n",
        "deeper.py": "import pywin\n",
        "fast.py": "import nowhere\n",
    }
    project = make_project(tmp_path, files)
    report = project.build()
    assert [each.partition(". ")[0] for each in report.warnings] == [
        "fast.py:1: no module named 'nowhere', and this file is imported behind a guard",
        "deeper.py:1: no module named 'pywin', and this file is imported behind a guard",
    ]
    assert json.loads(invoke(project.link(report, "AFunction", tmp_path / "out"), "/a")["body"]) == [True]


_PACKAGE_DATA = {
    "a package by one word": ("from importlib.resources import files\nread = files('res').joinpath('tables/a.csv').read_text", "1"),
    "pkgutil": ("import pkgutil\nread = lambda: pkgutil.get_data('res', 'tables/a.csv').decode()", "1"),
    "Python among the data": (
        "from importlib.resources import files\nread = lambda: sorted(e.name for e in files('res.starter').iterdir() if e.is_file())",
        ["app.tmpl", "conf.py"],
    ),
    "a folder": ("from importlib.resources import files\nread = files('space.assets').joinpath('a.txt').read_text", "A"),
}  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), _PACKAGE_DATA.values(), ids=_PACKAGE_DATA)
def test_a_package_that_only_its_data_is_read_of_ships(source: str, expected: object, tmp_path: Path) -> None:
    files = {
        "functions/a/route.py": f"{source}\n\ndef GET():\n    return [read()]\n",
        "res/__init__.py": "",
        "res/tables/a.csv": "1",
        "res/starter/app.tmpl": "",
        "res/starter/conf.py": "x = {{ y }}\n",
        "space/assets/a.txt": "A",
        "space/code.py": "",
    }
    project = make_project(tmp_path, files)
    report = project.build()
    assert json.loads(invoke(project.link(report, "AFunction", tmp_path / "out"), "/a")["body"]) == [expected]
    assert report.warnings == ()
