"""The screens of docs/cli.md and docs/explain.md are what the command line prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from edgeroutes.cli import main
from tests.dev.serving import write_files

REPOSITORY = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Differs from run to run: a port, and how long something took.
_MEASURED = re.compile(r"(?<=127\.0\.0\.1:)\d+|\d+(?= ms)")

SHOP = {
    "pyproject.toml": "[tool.edgeroutes]\nname = 'shop'\n",
    "(marketing)": "revalidate = 3600\n\n\ndef GET():\n    return 'It runs'\n",
    "functions/api/middleware.py": "async def middleware(request, call_next):\n    return await call_next(request)\n",
    "api/users/[id]": "def GET(id: int):\n    yield f'user {id}'\n\n\ndef PUT(id: int):\n    return {'id': id}\n",
    "files/[name]": "def GET(name: str):\n    return name\n",
    "files/[...path]": "def GET(path: list[str]):\n    return path\n",
}


def screen(page: str, command: str) -> str:
    """The lines below `$ command` in the page's console blocks."""
    blocks = _BLOCK.findall((REPOSITORY / "docs" / page).read_text("utf-8"))
    lines = [block.partition("\n")[2] for block in blocks if block.startswith(f"$ {command}\n")]
    assert len(lines) == 1, f"{page} has {len(lines)} blocks of {command!r}"
    return lines[0]


def same_runs(text: str) -> str:
    return _MEASURED.sub("N", text)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    write_files(tmp_path, SHOP)
    return tmp_path


def test_dev_lists_its_routes(shop: Path) -> None:
    expected = screen("cli.md", "edgeroutes dev")
    command = [sys.executable, "-m", "edgeroutes", "dev", "--port", "0", "--no-template", "--root", str(shop)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        printed = "".join(server.stdout.readline() for _ in expected.splitlines())
        server.terminate()
    assert same_runs(printed) == same_runs(expected)


def test_routes(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["routes", "--root", str(shop)]) == 0
    assert capsys.readouterr() == (screen("cli.md", "edgeroutes routes"), "")


def test_explain(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "/", "--root", str(shop)]) == 0
    assert capsys.readouterr() == (screen("cli.md", "edgeroutes explain /"), "")


def test_explain_of_the_example_application(capsys: pytest.CaptureFixture[str]) -> None:
    target = "/api/products/1?x=1"
    assert main(["explain", target, "--root", str(REPOSITORY)]) == 0
    assert capsys.readouterr() == (screen("explain.md", f"edgeroutes explain '{target}'"), "")


def test_build_reports_all_problems(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, module in {"api/users/[id]": "stripe", "files/[name]": "lib_storage"}.items():
        write_files(shop, {name: f"import {module}\n\n{SHOP[name]}"})
    assert main(["build", "--root", str(shop)]) == 1
    assert capsys.readouterr() == ("", screen("cli.md", "edgeroutes build"))
