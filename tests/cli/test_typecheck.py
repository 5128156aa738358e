from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgeroutes.cli.typecheck import module_name, source_files

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = "[tool.mypy]\nstrict = true\npackages = ['elsewhere']\n[tool.edgeroutes]\nname = 'shop'\n"


def write_project(root: Path, files: dict[str, str]) -> None:
    for name, text in {"pyproject.toml": SETTINGS, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.fixture(scope="module", autouse=True)
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYPY_CACHE_DIR", str(tmp_path_factory.mktemp("mypy_cache")))
        yield


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edgeroutes", "typecheck", "--root", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def check(root: Path, *arguments: str) -> tuple[int, list[str]]:
    done = run(root, *arguments)
    return done.returncode, sorted((done.stdout + done.stderr).splitlines())


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("functions/route.py", "functions.route"),
        ("functions/users/[id]/route.py", "functions.users.[id].route"),
        ("functions/(shop)/[[...rest]]/middleware.py", "functions.(shop).[[\u2024\u2024\u2024rest]].middleware"),
        ("functions/rss.xml/route.py", "functions.rss\u2024xml.route"),
        ("functions/_shared/__init__.py", "functions._shared"),
    ],
)
def test_a_file_has_the_name_that_the_runtime_gives_it(file: str, name: str) -> None:
    assert module_name(Path(file)) == name


def test_hidden_folders_are_left_out(tmp_path: Path) -> None:
    write_project(tmp_path, {"functions/a/route.py": "", "functions/a/notes.txt": "", "functions/.cache/b.py": ""})
    assert source_files(tmp_path, "functions") == [Path("functions/a/route.py")]


def test_many_route_files_and_what_they_import_are_checked_at_once(tmp_path: Path) -> None:
    handler = "async def GET() -> str:\n    return {}\n"
    write_project(
        tmp_path,
        {
            "lib/prices.py": "def price() -> int:\n    return 1\n",
            "functions/_shared/greeting.py": "from lib.prices import price\n\ndef greet() -> str:\n    return f'{price()}'\n",
            "functions/hello/route.py": handler.format("len(greet())").replace(
                "async", "from functions._shared.greeting import greet\n\nasync"
            ),
            "functions/users/[id]/schemas.py": "from dataclasses import dataclass\n\n@dataclass\nclass User:\n    age: int\n",
            "functions/users/[id]/route.py": "from .schemas import User\n\n" + handler.format("User(age=1).age"),
            "functions/rss.xml/feed.py": "TITLE: bytes = b''\n",
            "functions/rss.xml/route.py": "from .feed import TITLE\n\n" + handler.format("TITLE"),
            "functions/(shop)/[...rest]/route.py": "from edgeroutes import Request\n\n"
            "async def GET(request: Request) -> str:\n    return request.method\n",
            "functions/middleware.py": "async def middleware(request, call_next):\n    return await call_next(request)\n",
        },
    )
    assert check(tmp_path) == (
        1,
        [
            "Type errors: 4, in 8 files and what they import",
            'functions/hello/route.py:4: error: Incompatible return value type (got "int", expected "str")  [return-value]',
            "functions/middleware.py:1: error: Function is missing a type annotation  [no-untyped-def]",
            'functions/rss.xml/route.py:4: error: Incompatible return value type (got "bytes", expected "str")  [return-value]',
            'functions/users/[id]/route.py:4: error: Incompatible return value type (got "int", expected "str")  [return-value]',
        ],
    )


def test_a_project_without_faults_passes(tmp_path: Path) -> None:
    route = "async def GET() -> dict[str, str]:\n    return {}\n"
    write_project(tmp_path, {"functions/a/route.py": route, "functions/b/route.py": route})
    assert check(tmp_path) == (0, ["No type errors in 2 files"])


def test_options_after_two_dashes_win_over_the_configuration(tmp_path: Path) -> None:
    write_project(tmp_path, {"functions/a/route.py": "def GET():\n    return 1\n"})
    assert check(tmp_path)[0] == 1
    assert check(tmp_path, "--", "--allow-untyped-defs") == (0, ["No type errors in 1 files"])


def test_an_option_that_mypy_does_not_have_is_a_wrong_command_line(tmp_path: Path) -> None:
    write_project(tmp_path, {"functions/a/route.py": ""})
    done = run(tmp_path, "--", "--no-such-option")
    assert done.returncode == 2
    assert "--no-such-option" in done.stderr


def test_a_note_is_not_an_error(tmp_path: Path) -> None:
    write_project(tmp_path, {"functions/a/route.py": "reveal_type(1)\n"})
    code, lines = check(tmp_path)
    assert (code, lines[0]) == (0, "No type errors in 1 files")


@pytest.mark.parametrize(("source", "line"), [("def GET() -> int:\n    return ''\n", 2), ("def GET(:\n", 1)])
def test_json_has_the_file_and_line_of_each_error(tmp_path: Path, source: str, line: int) -> None:
    write_project(tmp_path, {"functions/[id]/route.py": source, "functions/b/route.py": ""})
    done = run(tmp_path, "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["files"]) == (1, 2)
    assert {(each["file"], each["severity"]) for each in document["errors"]} == {("functions/[id]/route.py", "error")}
    assert document["errors"][0]["line"] == line


def test_a_project_without_mypy_learns_what_to_install(tmp_path: Path) -> None:
    write_project(tmp_path, {"functions/a/route.py": ""})
    (tmp_path / "mypy").mkdir()
    (tmp_path / "mypy" / "__init__.py").touch()
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from edgeroutes.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "typecheck", "--root", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "type checking: mypy is not installed. Add mypy to the project's development group.\n"


def test_a_file_that_has_a_syntax_error_is_named(tmp_path: Path) -> None:
    write_project(tmp_path, {"functions/[id]/route.py": "async def GET(:\n    pass\n"})
    code, lines = check(tmp_path)
    assert code == 1
    assert lines[-1].startswith("functions/[id]/route.py:1: error: ")


def test_a_folder_without_routes_is_reported(tmp_path: Path) -> None:
    write_project(tmp_path, {})
    assert check(tmp_path) == (1, [f"{tmp_path}: there is no Python file to check. Name the project's folder."])
