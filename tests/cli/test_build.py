"""`edgeroutes build`, `bundle` and `why` as their users see them; real uv, nothing to fetch."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgeroutes.build.session import MAKEFILE_RULE
from edgeroutes.cli.build import find_root, print_build, print_why, run_bundle, write_bundle
from edgeroutes.errors import BundleError, ConfigError
from tests.build.projects import HELLO, LONG_AGO, OWN_RUNTIME, bundle_paths, invoke

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for path, text in {
        "functions/hello/route.py": f"import lib.db\n{HELLO}",
        "lib/db.py": "from importlib import import_module\nimport_module(input)\n",
        "pyproject.toml": f'[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n',
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
        os.utime(root / path, (LONG_AGO, LONG_AGO))
    return root


def test_build_prints_what_each_function_weighs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_build(root) == 0
    table, warnings = capsys.readouterr()
    assert [line.split()[0] for line in table.splitlines()] == ["function", "HelloFunction", "FallbackFunction"]
    assert table.splitlines()[1].endswith("built")
    assert warnings.startswith("warning: lib/db.py:2: import_module(input) names its module only when it runs")
    print_build(root)
    assert not capsys.readouterr().out.splitlines()[1].endswith("built")


def test_a_hello_weighs_little(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "lib/db.py").write_text("")
    print_build(root, as_json=True)
    hello = json.loads(capsys.readouterr().out)["functions"][0]
    assert hello["zipped_bytes"] < 150 * 1024
    assert {key: hello[key] for key in ("function", "routes", "new", "distributions")} == {
        "function": "HelloFunction",
        "routes": ["/hello"],
        "new": True,
        "distributions": [],
    }


def test_bundle_puts_one_function_into_a_folder(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "lib/db.py").write_text("")
    assert write_bundle(root, "HelloFunction", tmp_path / "out", as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["function"] == "HelloFunction"
    assert bundle_paths(tmp_path / "out") == {"edgeroutes_function.py", "functions/hello/route.py", "lib/db.py"}
    assert invoke(tmp_path / "out", "/hello")["body"] == '{"hello":"world"}'


def test_a_function_that_is_not_there_is_refused(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError) as refused:
        write_bundle(root, "HeloFunction", tmp_path / "out")
    assert (
        str(refused.value)
        == "HeloFunction: no function of the project has this logical id. Did you mean 'HelloFunction'?"
    )
    assert run_bundle(["HeloFunction", "--root", str(root), "--to", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == str(refused.value)


def test_the_project_is_found_from_below_and_from_the_bundle(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(root / "functions" / "hello")
    assert find_root(tmp_path / "out") == root
    (tmp_path / "scratch").mkdir()
    monkeypatch.chdir(tmp_path / "scratch")
    assert find_root(root / ".aws-sam" / "build" / "HelloFunction") == root
    monkeypatch.chdir("/")
    with pytest.raises(ConfigError, match="there is no project here or above"):
        find_root(tmp_path / "out")


def test_why_prints_the_way(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_why(root, "hello", "lib/db.py") == 0
    assert capsys.readouterr().out == "functions/hello/route.py:1 imports lib.db\n"
    print_why(root, "hello", "lib.db", as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "route": "hello",
        "name": "lib.db",
        "because": ["functions/hello/route.py:1 imports lib.db"],
    }
    with pytest.raises(BundleError):
        print_why(root, "hello", "nothing-of-this-name")


def test_a_function_whose_route_is_gone_is_none_of_those_that_are_there(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        write_bundle(root, "XFunction", tmp_path / "out")
    assert str(caught.value) == (
        "XFunction: no function of the project has this logical id. Run 'edgeroutes template', then 'sam build' again."
    )


def test_bundle_starts_without_what_only_a_build_needs(root: Path, tmp_path: Path) -> None:
    write_bundle(root, "HelloFunction", tmp_path / "out")
    script = (
        "import sys\nfrom pathlib import Path\nfrom edgeroutes.build.session import find_sam_build\n"
        "from edgeroutes.cli.build import write_bundle\nfrom edgeroutes.build.session import is_unchanged\n"
        "print(sorted({'click', 'packaging', 'yaml', 'edgeroutes.pipeline'} & sys.modules.keys()))"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


# A "sam build" that runs make for a function twice, and fixes the project in between.
SAM = """\
import subprocess, sys
from pathlib import Path
root = Path(sys.path[0])
for number in "12":
    subprocess.run(["make", "-s", "-C", root, "build-HelloFunction", f"ARTIFACTS_DIR={root}/out/{number}"], check=False)
    (root / "lib/db.py").write_text("")
"""


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_what_is_wrong_is_found_out_once_for_each_sam_build(root: Path) -> None:
    (root / "lib/db.py").write_text("import lib.nowhere\n")
    (root / "sam").write_text(SAM)
    (root / "Makefile").write_text(f"EDGEROUTES = {sys.executable} -m edgeroutes\n{MAKEFILE_RULE}")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}

    def sam_build() -> list[str]:
        command = [sys.executable, str(root / "sam"), "build"]
        ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        return [line for line in ran.stderr.splitlines() if line.startswith("lib/")]

    assert sam_build() == ["lib/db.py:1: no module named 'lib.nowhere'. Make the file lib/nowhere.py."] * 2
    assert not (root / "out/2").exists()
    assert sam_build() == []
    assert (root / "out/1/functions/hello/route.py").is_file()
