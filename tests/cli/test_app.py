"""Exit codes and error messages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from edgeroutes._version import __version__
from edgeroutes.cli import main
from edgeroutes.cli.app import app

ROOT = Path(__file__).parents[2]


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"edgeroutes {__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["dev", "--help"], ["invoke", "--help"], ["routes", "-h"]])
def test_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith("Usage: edgeroutes")


def test_what_each_command_does_fits_into_a_line_of_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert main(["doctor", "--help"]) == 0
    assert "..." not in capsys.readouterr().out.replace("[OPTIONS] COMMAND [ARGS]...", "").replace(
        "[COMMAND] [ARGS]...", ""
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Usage: edgeroutes"),
        (["deploy"], "'deploy' is not a command of edgeroutes. Run 'sam build && sam deploy'."),
        (["logs", "-t"], "Run 'sam logs --tail'."),
        (["start"], "Run 'edgeroutes dev'."),
        (["rouets"], "'rouets' is not a command of edgeroutes. Did you mean 'routes'?"),
        (["routes", "--jsn"], "No such option"),
        (["routes", "--root", "/no/such/folder"], "does not exist"),
        (["dev", "--port", "70000"], "70000"),
        (["invoke", "GET"], "Missing argument 'PATH'"),
        (["invoke", "GET", "hello"], "the path is 'hello'. A path starts with '/'"),
        (["invoke", "G T", "/"], "the method is 'G T'. Use letters, digits"),
        (["invoke", "GET", "/", "-H", "no-colon"], "the header is 'no-colon'. Write 'Name: value'"),
        (
            ["invoke", "POST", "/", "-d", "@/no/such/file"],
            "/no/such/file: the file cannot be read: No such file or directory",
        ),
    ],
)
def test_what_is_used_wrongly_is_2(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", [["routes"], ["dev"], ["invoke", "GET", "/"]])
def test_what_is_refused_is_1_and_said_as_it_is(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = (
        f"{tmp_path}: there is no folder 'functions' with routes."
        " Create 'functions/hello/route.py', go to your project's folder, or name it with --root."
    )
    assert main([*command, "--root", str(tmp_path)]) == 1
    assert capsys.readouterr() == ("", f"{said}\n")
    assert main([*command, "--root", str(tmp_path), "--json"]) == 1
    out, err = capsys.readouterr()
    assert (json.loads(out)["problems"][0]["kind"], err) == ("LayoutError", f"{said}\n")


def test_several_problems_are_a_line_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.edgeroutes]\nnmae = 'x'\nstage = 1\n")
    assert main(["routes", "--root", str(tmp_path)]) == 1
    assert capsys.readouterr().err == dedent("""\
        pyproject.toml:2, [tool.edgeroutes] nmae: the setting does not exist. Did you mean 'name'?
        pyproject.toml:3, [tool.edgeroutes] stage: the value is 1. Allowed is a non-empty string.
        """)


def test_a_bug_of_ours_is_70_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    @app.command("fail")
    def fail() -> None:
        raise RuntimeError("ours")

    try:
        assert main(["fail"]) == 70
    finally:
        del app.commands["fail"]
    said = capsys.readouterr().err
    assert "RuntimeError: ours" in said
    assert said.endswith(f"This is a bug of edgeroutes {__version__}. Please report it, with the lines above.\n")


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.mark.parametrize("module", ["click", "uvicorn", "yaml"])
def test_without_the_extra_it_says_how_to_get_it(module: str) -> None:
    command = "dev" if module == "uvicorn" else "routes"
    ended = run_python(
        f"import sys\nsys.modules[{module!r}] = None\nfrom edgeroutes.cli import main\nsys.exit(main([{command!r}]))\n"
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"edgeroutes: the module '{module}")
    assert ended.stderr.endswith("is not installed. Run pip install 'edgeroutes[dev]'.\n")


def test_a_command_loads_only_what_it_needs() -> None:
    code = (
        "import sys\nfrom edgeroutes.cli import main\nmain(['--version'])\n"
        "print(sorted({'uvicorn', 'asyncio', 'pydantic', 'typer', 'boto3'} & set(sys.modules)))"
    )
    assert run_python(code).stdout.splitlines()[-1] == "[]"
    code = code.replace("main(['--version'])", "import edgeroutes.cli.dev")
    assert run_python(code).stdout.splitlines()[-1] == "['asyncio', 'uvicorn']"


def test_whoever_stops_reading_is_not_an_error() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as nobody:
        ended = subprocess.run(
            [sys.executable, "-m", "edgeroutes", "routes", "--json"],
            stdout=nobody,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            check=False,
        )
    assert (ended.returncode in (0, 1), b"BrokenPipe" in ended.stderr) == (True, False)


def test_persist_says_what_took_its_place_and_no_file_of_it_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / ".edgeroutes" / "cloud" / "kept"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"not a pickle")
    assert main(["dev", "--persist", "--root", str(tmp_path)]) == 2
    assert "--persist was removed" in capsys.readouterr().err
    assert kept.read_bytes() == b"not a pickle"
