"""Bad input of a build: one error for each problem, all at once, each with the file and the distribution at fault."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from edgeroutes.build import pins as pins_module
from edgeroutes.build.declared import parse_requirement
from edgeroutes.build.installer import UvInstaller
from edgeroutes.build.pins import own_requirements
from edgeroutes.build.store import Store, write_whole
from edgeroutes.errors import EdgeroutesError, ToolError
from tests.build.projects import HELLO, OWN_RUNTIME, make_project
from tests.fakes.installer import FakeWheel

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = f'[tool.edgeroutes]\nruntime = "{OWN_RUNTIME}"\n'
IMPORTS_A = f"import a\n{HELLO}"
LOCK = """\
version = 1
[manifest]
constraints = [{ name = "c", specifier = "<2" }]
[[package]]
name = "x"
[package.metadata]
requires-dist = [{ name = "a" }, { name = "b", index = "https://corp.example/simple" }]
"""
PROJECT = f'[project]\nname = "x"\ndependencies = ["a", "b"]\n{SETTINGS}'
NO_FILES = '[[packages]]\nname = "a"\nversion = "1"\n'
OTHER_PYTHON = (
    '[[packages]]\nname = "a"\nversion = "1"\nsdist = { url = "https://x/a-1.tar.gz", hashes = { sha256 = "0" } }\n'
    'wheels = [{ url = "https://x/a-1-cp27-cp27m-win_amd64.whl", hashes = { sha256 = "1" } }]\n'
)
REFUSED: dict[str, tuple[dict[str, str], list[str]]] = {
    "a source, a constraint and an override that uv.lock does not have": (
        {
            "uv.lock": LOCK,
            "pyproject.toml": PROJECT
            + '[tool.uv]\nconstraint-dependencies = ["c<3"]\noverride-dependencies = ["d"]\n'
            + '[tool.uv.sources]\na = { git = "https://git.example/a" }\n',
        },
        [
            "pyproject.toml:3: 'a' comes from the default index in uv.lock, and from git by [tool.uv.sources]. Run 'uv lock'.",
            "pyproject.toml:3: 'b' comes from index in uv.lock, and from the default index by [tool.uv.sources]. Run 'uv lock'.",
            "pyproject.toml: [tool.uv] constraint-dependencies is not what uv.lock has (c<2, c<3). Run 'uv lock'.",
            "pyproject.toml: [tool.uv] override-dependencies is not what uv.lock has (d). Run 'uv lock'.",
        ],
    ),
    "requirements that cannot be read": (
        {
            "requirements.txt": "a\n!!!\nfoo bar\n./vendor/x.whl\n-r more.txt\n-c limits.txt\n",
            "more.txt": "-r none.txt\n[\n",
        },
        [
            "requirements.txt:2: '!!!' is not a requirement: Expected package name at the start of dependency specifier.",
            "requirements.txt:3: 'foo bar' is not a requirement: Expected semicolon (after name with no version specifier) or end.",
            "more.txt:1: there is no file 'none.txt'. Correct the path, or remove it.",
            "more.txt:2: '[' is not a requirement: Expected package name at the start of dependency specifier.",
            "requirements.txt:6: there is no file 'limits.txt'. Correct the path, or remove it.",
        ],
    ),
    "names that no index has": (
        {"requirements.txt": "nowhere\na\nneither>1\n"},
        [
            "requirements.txt:1: no index has 'nowhere'. Correct its name.",
            "requirements.txt:3: no index has 'neither'. Correct its name.",
        ],
    ),
    "a lock of Poetry that is not current": (
        {
            "pyproject.toml": '[project]\nname = "x"\ndependencies = ["a>=2", "b", "c"]\n' + SETTINGS,
            "poetry.lock": '[[package]]\nname = "A"\nversion = "1.9"\n[[package]]\nname = "c"\nversion = "1"\n',
        },
        [
            "pyproject.toml:3: 'a>=2' is declared, and poetry.lock has a 1.9. Run 'poetry lock'.",
            "pyproject.toml:3: 'b' is declared, and poetry.lock does not have 'b'. Run 'poetry lock'.",
        ],
    ),
    "a lock of PDM that is not current": (
        {
            "pyproject.toml": '[project]\nname = "x"\ndependencies = ["b"]\n' + SETTINGS,
            "pdm.lock": '[[package]]\nname = "a"\nversion = "1"\n',
        },
        ["pyproject.toml:3: 'b' is declared, and pdm.lock does not have 'b'. Run 'pdm lock'."],
    ),
    "a lock of pipenv": (
        {"Pipfile.lock": "{}"},
        [
            (
                "Pipfile.lock: edgeroutes does not read this lock. Run 'pipenv requirements --hash > requirements.txt' after each "
                "'pipenv lock'."
            )
        ],
    ),
    "a lock without files": (
        {"pylock.toml": f'lock-version = "1.0"\n{NO_FILES}', "functions/hello/route.py": IMPORTS_A},
        ["functions/hello/route.py:1: 'a' 1 has no file in pylock.toml. Lock again."],
    ),
    "wheels for other platforms, and a source that would be compiled to be refused": (
        {"pylock.toml": f'lock-version = "1.0"\n{OTHER_PYTHON}', "functions/hello/route.py": IMPORTS_A},
        ["functions/hello/route.py:1: 'a' 1 has no wheel for python"],
    ),
    "a distribution that is declared and not installed": (
        {
            "pyproject.toml": f'[project]\nname = "x"\ndependencies = ["beautifulsoup4"]\n{SETTINGS}',
            "functions/hello/route.py": f"import bs4\nimport nowhere\n{HELLO}",
        },
        [
            (
                "functions/hello/route.py:1: no module named 'bs4': 'beautifulsoup4' is declared, and is not installed in this "
                "environment. Install the project's dependencies."
            ),
            (
                "functions/hello/route.py:2: no module named 'nowhere'. Add 'nowhere' to the project's dependencies and install it, or "
                "make the file nowhere.py."
            ),
        ],
    ),
    "a file that is not Python beside a module that is nowhere": (
        {"functions/hello/route.py": f"import lib.bad\nimport nowhere\n{HELLO}", "lib/bad.py": "def (\n"},
        [
            "lib/bad.py:1: syntax error in Python ",
            (
                "functions/hello/route.py:2: no module named 'nowhere'. Add 'nowhere' to the project's dependencies and install it, or "
                "make the file nowhere.py."
            ),
        ],
    ),
    "entries of include that name nothing": (
        {"functions/hello/function.yaml": "include: [no/x.txt, '../out', /etc/passwd]\n"},
        [
            (
                "functions/hello/function.yaml, include: there is no 'no/x.txt'. Name a file, a pattern, a module or a declared "
                "distribution."
            ),
            "functions/hello/function.yaml, include: '../out' leads out of the project. Name a file below the project's root.",
            "functions/hello/function.yaml, include: '/etc/passwd' leads out of the project. Name a file below the project's root.",
        ],
    ),
}
WHEELS = {"a": FakeWheel(files={"a.py": ""}), "b": FakeWheel(files={"b.py": ""}), "c": FakeWheel()}


@pytest.mark.parametrize("case", REFUSED)
def test_all_problems_are_reported_at_once_with_what_is_at_fault(case: str, tmp_path: Path) -> None:
    files, expected = REFUSED[case]
    project = make_project(tmp_path, {"functions/hello/route.py": HELLO, **files}, WHEELS)
    with pytest.raises(EdgeroutesError) as caught:
        project.build()
    lines = str(caught.value).splitlines()
    assert len(lines) == len(expected), lines
    assert [line for line, start in zip(lines, expected, strict=True) if not line.startswith(start)] == []


def test_an_exclude_without_effect_is_a_warning_with_its_line(tmp_path: Path) -> None:
    yaml = "exclude:\n- nowhere\n- a\n- boto3\n- lib\n- lib/*.txt\n- 'none/**'\n- ../x\n"
    files = {"functions/hello/route.py": HELLO, "functions/hello/function.yaml": yaml, "lib/x.txt": ""}
    report = make_project(tmp_path, files, WHEELS).build()
    hint = "Name a file, a pattern, a module or a distribution, or remove it."
    assert [warning for warning in report.warnings if "exclude" in warning] == [
        f"functions/hello/function.yaml:{line}: exclude has no effect for {entry!r}. {hint}"
        for line, entry in ((2, "nowhere"), (7, "none/**"), (8, "../x"))
    ]


def test_what_a_tool_pins_for_edgeroutes_alone_is_not_declared(tmp_path: Path) -> None:
    requires = ("own-need", "tool; extra == 'dev'", "absent; extra == 'other'")
    wheels = {
        "edgeroutes": FakeWheel(requires=requires),
        "own-need": FakeWheel(requires=("deep",)),
        "deep": FakeWheel(),
        "tool": FakeWheel(),
        "mine": FakeWheel(),
        **{parse_requirement(text, where="").name: FakeWheel() for text in own_requirements()},
    }
    pinned = "edgeroutes==1.0\nown-need==1.0\ndeep==1.0\ntool==1.0\nmine==1.0\n"
    project = make_project(tmp_path, {"requirements.txt": pinned, "functions/hello/route.py": HELLO}, wheels)
    by_name = {each.name: each.required_by for each in project.builder()._pins().distributions}
    assert [name for name, required_by in by_name.items() if not required_by] == ["mine"]
    project.write({"requirements.txt": pinned.replace("deep==1.0\n", "")})  # written by hand
    by_name = {each.name: each.required_by for each in project.builder()._pins().distributions}
    assert [name for name, required_by in by_name.items() if not required_by] == ["own-need", "tool", "mine"]


def test_a_cache_that_cannot_be_written_does_not_fail_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, text: str) -> None:
        raise FileNotFoundError(errno.ENOENT, "gone", str(path))

    monkeypatch.setattr(pins_module, "write_whole", refuse)
    project = make_project(tmp_path, {"requirements.txt": "a\n", "functions/hello/route.py": HELLO}, WHEELS)
    assert project.build().functions


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_disk_that_is_full_anywhere_in_a_build_is_one_line(number: int, tmp_path: Path) -> None:
    with (
        pytest.raises(ToolError, match=r"^/tmp/x: the disk is full \(.*\)\. Free some space\.$"),
        Store(tmp_path).locked(),
    ):
        raise OSError(number, os.strerror(number), "/tmp/x")


def test_a_store_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises(ToolError, match="it cannot be written"), Store(tmp_path / "store").locked():
        pass


def test_a_uv_that_the_system_ends_is_not_blamed_on_the_project(tmp_path: Path) -> None:
    program = tmp_path / "uv"
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    program.chmod(0o755)
    with pytest.raises(ToolError, match=r"uv was ended by signal 9 \(Killed\)\. Give it more memory or disk space"):
        UvInstaller({"UV": str(program)}).export_lock(tmp_path)


def test_texts_that_threads_write_at_once_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "texts" / "x.json"
    texts = [letter * 200_000 for letter in "abcdefgh"]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: write_whole(path, text), texts * 5))
    assert path.read_text() in texts
    assert list(path.parent.iterdir()) == [path]
