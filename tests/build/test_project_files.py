"""Data beside modules, and what function.yaml includes and excludes."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from edgeroutes.build.project_files import DataFiles, matches
from edgeroutes.build.project_folders import ProjectFolders
from edgeroutes.errors import ConfigError
from tests.build.projects import HELLO, make_project

if TYPE_CHECKING:
    from pathlib import Path

FILES = (
    "README.md",
    "lib/__init__.py",
    "lib/db.py",
    "lib/queries.sql",
    "lib/py.typed",
    "lib/.env",
    "lib/templates/mail/a.html",
    "lib/templates/.hidden/b.html",
    "lib/templates/node_modules/c.html",
    "lib/code/x.py",
    "lib/code/y.py",
    "lib/code/x.txt",
    "lib/__pycache__/db.pyc",
    "functions/[id]/route.py",
    "functions/[id]/page.html",
    "functions/[id]/function.yaml",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for file in FILES:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    return tmp_path


def data(root: Path) -> DataFiles:
    return DataFiles(ProjectFolders(root))


def test_a_module_brings_the_data_beside_it_and_folders_without_python(root: Path) -> None:
    files = data(root)
    beside = files.beside(["lib/db.py", "lib/__init__.py"])
    assert beside.paths == ("lib/queries.sql", "lib/templates/mail/a.html")
    assert beside.left_out == {}
    assert files.beside(["functions/[id]/route.py"]).paths == ("functions/[id]/page.html",)
    assert files.beside(["settings.py"]).paths == ()


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("lib/queries.sql", ["lib/queries.sql"]),
        ("lib/code", ["lib/code/x.py", "lib/code/x.txt", "lib/code/y.py"]),
        ("lib/**/*.html", ["lib/templates/mail/a.html"]),
        ("./lib/code/", ["lib/code/x.py", "lib/code/x.txt", "lib/code/y.py"]),
        ("lib/code/**", ["lib/code/x.py", "lib/code/x.txt", "lib/code/y.py"]),
        ("lib/code/*", ["lib/code/x.py", "lib/code/x.txt", "lib/code/y.py"]),
        ("lib/**/**/x.t?t", ["lib/code/x.txt"]),
        ("**/*.html", ["functions/[id]/page.html", "lib/templates/mail/a.html"]),
        ("lib/templates/.hidden/*", ["lib/templates/.hidden/b.html"]),
        ("functions/[id]", ["functions/[id]/page.html", "functions/[id]/route.py"]),
        ("functions/[id]/*.html", ["functions/[id]/page.html"]),
        ("lib.db", []),
        ("nothing/*.x", []),
    ],
)
def test_an_include_is_a_file_a_folder_or_a_pattern(root: Path, entry: str, expected: list[str]) -> None:
    assert list(data(root).included(entry, where="function.yaml, include").paths) == expected


@pytest.mark.parametrize("entry", ["../x", "/etc/passwd", "lib/../../x"])
def test_an_include_stays_in_the_project(root: Path, entry: str) -> None:
    with pytest.raises(ConfigError, match="leads out of the project"):
        data(root).included(entry, where="function.yaml, include")


@pytest.mark.parametrize(
    ("path", "entry", "expected"),
    [
        ("lib/db.py", "lib/db.py", True),
        ("lib/db.py", "lib.db", True),
        ("lib/db.py", "lib", True),
        ("lib/db.py", "lib/", True),
        ("lib/db.py", "li", False),
        ("lib/db.py", "lib.d", False),
        ("lib/a/b.txt", "lib/*.txt", False),
        ("lib/b.txt", "lib/*.txt", True),
        ("lib/a/b.txt", "lib/**/*.txt", True),
        ("lib/b.txt", "lib/**/*.txt", True),
        ("lib/a/b.txt", "lib/**", True),
        ("lib/a/b.txt", "lib/*", True),
        ("lib/a/b.txt", "*.txt", True),
        ("lib/a/b.txt", "lib/a/[b].txt", True),
        ("lib/[id]/b.txt", "lib/[id]/*.txt", True),
        ("lib/__init__.py", "lib", True),
    ],
)
def test_an_exclude_is_a_path_a_folder_a_pattern_or_a_module(path: str, entry: str, expected: bool) -> None:
    assert matches(path, entry) is expected


@pytest.mark.parametrize(
    "name",
    [
        "id_rsa", "id_ed25519", "id_deploy", "id_rsa.pub", "server.key", "SERVER.KEY", "a.p12", "a.pfx", "a.jks", "store.kdbx",
        "service-account.json", "gcp_service_account.json", "credentials", "aws-credentials.csv", "prod.env", "secrets.yaml",
        "dump.sql", "dump-2026.sql.gz", "users.sql.gz", "db-backup.tar", "app.sqlite", "app.sqlite3", "terraform.tfstate",
    ],
)  # fmt: skip
def test_a_private_file_is_left_out_until_include_names_it(root: Path, name: str) -> None:
    (root / "lib" / name).write_text("x")
    files = data(root)
    found = files.beside(["lib/db.py"])
    assert f"lib/{name}" not in found.paths
    assert "name it in 'include' of its function.yaml" in found.left_out[f"lib/{name}"]
    assert f"lib/{name}" not in files.included("lib", where="f, include").paths
    assert files.included(f"lib/{name}", where="f, include").paths == (f"lib/{name}",)


@pytest.mark.parametrize(
    ("name", "content", "ships"),
    [
        ("ca.pem", "-----BEGIN CERTIFICATE-----\nMII", True),
        ("both.pem", "-----BEGIN CERTIFICATE-----\nMII\n-----BEGIN PRIVATE KEY-----\nMII", False),
        ("public.key", "-----BEGIN PUBLIC KEY-----\nMII", True),
        ("empty.pem", "", False),
        ("notes.txt", "-----BEGIN OPENSSH PRIVATE KEY-----", False),
        ("gcp.json", '{"type": "service_account", "private_key": "x"}', False),
        ("app.db", "SQLite format 3\0...", False),
        ("query.sql", "select 1", True),
        ("large.sql", "-- x" * 400_000, False),
        ("credentials.html", "<h1>", True),
        ("backup.md", "# How", True),
        ("id_map.json", "{}", True),
        ("keyboard.json", "{}", True),
    ],
)
def test_content_decides_where_a_name_does_not(root: Path, name: str, content: str, ships: bool) -> None:
    (root / "lib" / name).write_text(content)
    assert (f"lib/{name}" in data(root).beside(["lib/db.py"]).paths) is ships


def test_a_folder_of_dumps_is_left_out_until_include_names_it(root: Path) -> None:
    (root / "lib/backups").mkdir()
    (root / "lib/backups/monday.csv").touch()
    files = data(root)
    assert "its folder is called backups" in files.beside(["lib/db.py"]).left_out["lib/backups/monday.csv"]
    assert files.included("lib/backups", where="f, include").paths == ("lib/backups/monday.csv",)


@pytest.mark.parametrize("name", [".env", ".env.local", ".ENV", ".Env.production", ".envrc"])
def test_no_way_leads_an_env_file_into_a_bundle(root: Path, name: str) -> None:
    (root / "conf").mkdir()
    (root / "conf" / name).write_text("SECRET=1")
    (root / "conf/a.txt").touch()
    files = data(root)
    for entry in (
        f"conf/{name}",
        f"conf/{name}/",
        f"./conf/{name}",
        f"conf/{name[:3]}*",
        f"**/{name}",
        f"**/{name[:-1]}?",
        f"{name}",
    ):
        with pytest.raises(ConfigError, match="is never bundled"):
            files.included(entry, where="f, include")
    for entry in ("conf", "conf/*", "conf/**", "**"):
        found = files.included(entry, where="f, include")
        assert f"conf/{name}" not in found.paths
        assert "conf/a.txt" in found.paths
        assert "is never bundled" in found.left_out[f"conf/{name}"]


def test_a_pipe_and_a_broken_link_are_reported(root: Path) -> None:
    os.mkfifo(root / "lib/pipe")
    (root / "lib/gone").symlink_to("nowhere")
    assert set(data(root).beside(["lib/db.py"]).left_out) == {"lib/pipe", "lib/gone"}


def test_a_linked_folder_of_data_is_data(root: Path) -> None:
    (root / "assets/deep").mkdir(parents=True)
    (root / "assets/deep/a.txt").touch()
    (root / "assets/deep/up").symlink_to("..")
    (root / "lib/assets").symlink_to("../assets")
    assert "lib/assets/deep/a.txt" in data(root).beside(["lib/db.py"]).paths


def test_many_stars_take_no_time(root: Path) -> None:
    (root / "lib" / ("a" * 200)).touch()
    began = time.process_time()
    assert data(root).included("**/" * 30 + "*a" * 40 + "b", where="f, include").paths == ()
    assert not matches("a/" * 100 + "b", "**/a/" * 30 + "c")
    assert time.process_time() - began < 2


def test_a_folder_of_data_may_have_some_python(root: Path) -> None:
    for name in ("a.html", "b.html", "{{name}}.py", "deep/c.html"):
        (root / "lib/starter" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "lib/starter" / name).touch()
    found = {path for path in data(root).beside(["lib/db.py"]).paths if path.startswith("lib/starter")}
    assert found == {"lib/starter/a.html", "lib/starter/b.html", "lib/starter/{{name}}.py", "lib/starter/deep/c.html"}
    (root / "lib/starter/__init__.py").touch()
    assert not [path for path in data(root).beside(["lib/db.py"]).paths if path.startswith("lib/starter")]


def test_data_that_is_named_in_another_case_is_reported_with_the_line(tmp_path: Path) -> None:
    """macOS and Windows find it, and dev there works; a function does not."""
    source = (
        "from pathlib import Path\n\nTEXT = Path('data/Prices.json')\nPAGE = Path(__file__).parent / 'Pages' / 'a.html'\n"
        "GOOD = open('data/other.json')\nURL = 'Lib/names'\n\ndef GET():\n    return {}\n"
    )
    files = {"functions/a/route.py": source, "functions/a/pages/a.html": "", "lib/names.py": "", "data/prices.json": ""}
    project = make_project(tmp_path, {**files, "data/other.json": ""})
    wrong = "{} is named by functions/a/route.py:{}, and the project has {!r}: functions tell upper from lower case."
    assert list(project.build().warnings) == [
        wrong.format("data/Prices.json", 3, "data/prices.json"),
        wrong.format("functions/a/Pages/a.html", 4, "functions/a/pages/a.html"),
    ]


def test_names_that_differ_in_case_alone_are_reported_once_for_each_folder(tmp_path: Path) -> None:
    files = {
        "functions/Users/route.py": HELLO,
        "functions/users/[id]/route.py": f"import lib.names, lib.Names\n{HELLO}",
        "lib/names.py": "",
        "lib/Names.py": "",
    }
    names = "{} and {} differ only in upper and lower case: a checkout on macOS or Windows has one of them. Rename one."
    assert [each for each in make_project(tmp_path, files).build().warnings if "upper" in each] == [
        names.format("functions/Users", "functions/users"),
        names.format("lib/Names.py", "lib/names.py"),
    ]
