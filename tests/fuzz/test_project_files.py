# ruff: noqa: E501
"""Broken project files: each ends in one clear error that names the file, and soon."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgeroutes.cli import main
from tests.fuzz.project_doors import doors_of, refusals

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

HELLO = "def GET():\n    return {}\n"
FILES = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\ndependencies = []\n[tool.edgeroutes]\nname = "shop"\nruntime = "python3.13"\n[tool.edgeroutes.env]\nMODE = "1"\n',
    "functions/hello/route.py": f"from lib.db import load\nrevalidate = 60\ntags = ['a']\n\n{HELLO}",
    "functions/users/[id]/route.py": "def GET(id: int, page: int = 1):\n    return id\n",
    "functions/users/middleware.py": "matcher = ['/users/[id]']\n\nasync def middleware(request, call_next):\n    return await call_next(request)\n",
    "functions/users/function.yaml": "MemorySize: 512\nTimeout: 10\nPolicies:\n  - AmazonS3ReadOnlyAccess\nEnvironment:\n  Variables: {PLACE: !Ref 'AWS::Region'}\n",
    "lib/__init__.py": "",
    "lib/db.py": "def load():\n    return 1\n",
    "lib/queries.sql": "select 1\n",
    "infra/tables.yaml": "Resources:\n  Table:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      TableName: !Sub '${AWS::StackName}-t'\nOutputs:\n  T: {Value: !GetAtt Table.Arn}\n",
    "infra/seed/data.yaml": "Table:\n  - {id: 1}\n",
    "samconfig.toml": 'version = 0.1\n[default.deploy.parameters]\nparameter_overrides = "A=1 B=2"\n',
    ".env": "SECRET=1\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


def write_project(root: Path) -> Path:
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


def test_the_project_itself_is_let_in_everywhere(project: Path) -> None:
    assert set(refusals(project).values()) == {""}


def replace(root: Path, name: str, make: Callable[[Path], object]) -> None:
    path = root / name
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    make(path)


def _socket(path: Path) -> None:
    listening, here = socket.socket(socket.AF_UNIX), Path.cwd()
    os.chdir(path.parent)  # the name of a socket may have 108 bytes
    try:
        listening.bind(path.name)
    finally:
        os.chdir(here)
        listening.close()


KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "folder": (Path.mkdir, "a folder"),
    "pipe": (os.mkfifo, "a named pipe"),
    "socket": (_socket, "a socket"),
    "device": (lambda path: path.symlink_to("/dev/zero"), ""),  # also a link out of the project, whichever is reported
    "loop": (lambda path: path.symlink_to(path.name), "this link leads back to itself"),
    "broken link": (lambda path: path.symlink_to("nothing-there"), "links to 'nothing-there', which does not exist"),
    "not UTF-8": (lambda path: path.write_bytes(b"# fine\n\xff\xfe"), "2: "),
    "huge": (lambda path: path.write_bytes(b"#" * 2**23), "At most"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "doors"),
    [
        ("pyproject.toml", {"routes", "template", "build", "dev"}),
        ("functions/hello/route.py", {"routes", "template", "build"}),
        ("functions/users/middleware.py", {"routes", "template", "build"}),
        ("functions/users/function.yaml", {"template", "build"}),
        ("infra/tables.yaml", {"template"}),
        ("infra/seed/data.yaml", {"seeds"}),
        ("samconfig.toml", {"parameters"}),
        (".env", {"dev"}),
        ("lib/db.py", {"build"}),
    ],
)
def test_what_is_not_a_readable_file_is_named(project: Path, name: str, kind: str, doors: set[str]) -> None:
    make, said = KINDS[kind]
    replace(project, name, make)
    if kind == "folder" and name.startswith(("functions", "lib")):
        # A folder of that name is not a file of that meaning: 'route.py' may be a part of a URL.
        refusals(project, doors_of(name))
        return
    found = refusals(project, doors)
    for door in doors:
        assert name in found[door], (door, found[door])
        assert said in found[door], (door, found[door])


TEXTS = {
    "dependencies is a number": ("pyproject.toml", "[project]\ndependencies = 5\n", "build", "project.dependencies"),
    "a dependency is a number": ("pyproject.toml", "[project]\ndependencies = [5]\n", "build", "project.dependencies"),
    "a dependency is not a requirement": ("pyproject.toml", '[project]\ndependencies = ["!"]\n', "build", "'!'"),
    "project is a number": ("pyproject.toml", "project = 5\n", "build", "project"),
    "groups is a list": ("pyproject.toml", "dependency-groups = [1]\n", "build", "dependency-groups"),
    "optional is a list": ("pyproject.toml", "[project]\noptional-dependencies = [1]\n", "build", "optional"),
    "deep": ("pyproject.toml", f"a = {'[' * 3000}{']' * 3000}\n", "routes", "nested too deeply"),
    "deep tables": ("pyproject.toml", f"[{'a.' * 3000}a]\n", "routes", ""),
    "digits": ("pyproject.toml", f"[tool.edgeroutes]\ntimeout_s = {'9' * 5000}\n", "routes", "pyproject.toml"),
    "hex": ("pyproject.toml", f"[tool.edgeroutes]\ntimeout_s = 0x{'f' * 5000}\n", "routes", "more than 64 bits"),
    "tool is a number": ("pyproject.toml", "tool = 5\n", "routes", "tool"),
    "env is huge": ("pyproject.toml", "[tool.edgeroutes]\nenv = 5\n", "routes", "env"),
    "cors is odd": ("pyproject.toml", "[tool.edgeroutes]\ncors = {origins = [5]}\n", "routes", "cors"),
    "app_dir is a NUL": ("pyproject.toml", '[tool.edgeroutes]\napp_dir = "a\\u0000b"\n', "routes", "app_dir"),
    "app_dir is out": ("pyproject.toml", '[tool.edgeroutes]\napp_dir = "/etc"\n', "routes", "app_dir"),
    "revalidate hex": ("functions/hello/route.py", f"revalidate = 0x{'f' * 5000}\n{HELLO}", "routes", "route.py:1"),
    "revalidate digits": ("functions/hello/route.py", f"revalidate = {'9' * 5000}\n{HELLO}", "routes", "route.py:1"),
    "tags hex": ("functions/hello/route.py", f"tags = [0x{'f' * 5000}]\n{HELLO}", "routes", "route.py:1"),
    "default hex": ("functions/hello/route.py", f"def GET(n: int = 0x{'f' * 5000}):\n    return n\n", "", ""),
    "annotation hex": ("functions/hello/route.py", f"def GET(n: 0x{'f' * 5000}):\n    return n\n", "", ""),
    "cors hex": ("functions/hello/route.py", f"from edgeroutes import CORS\ncors = CORS(max_age=0x{'f' * 5000})\n{HELLO}", "routes", "cors"),
    "nested": ("functions/hello/route.py", f"x = {'(' * 5000}1{')' * 5000}\n{HELLO}", "routes", "route.py"),
    "long chain": ("functions/hello/route.py", f"x = {'+'.join(['1'] * 20_000)}\n{HELLO}", "", ""),
    "many dots": ("functions/hello/route.py", f"x = a{'.b' * 20_000}\n{HELLO}", "", ""),
    "NUL": ("functions/hello/route.py", f"x = 1\0\n{HELLO}", "routes", "route.py"),
    "not Python": ("functions/hello/route.py", "def GET(:\n", "routes", "route.py:1"),
    "a module is nested": ("lib/db.py", f"x = {'(' * 5000}1{')' * 5000}\n", "build", "lib/db.py"),
    "timeout digits": ("functions/users/function.yaml", f"Timeout: {'9' * 5000}\n", "template", "function.yaml:1"),
    "timeout hex": ("functions/users/function.yaml", f"Timeout: 0x{'f' * 5000}\n", "template", "function.yaml:1"),
    "timeout float": ("functions/users/function.yaml", "Timeout: .inf\n", "template", "function.yaml:1"),
    "memory is a mapping": ("functions/users/function.yaml", "MemorySize: {a: 1}\n", "", ""),
    "odd bool": ("functions/users/function.yaml", "Timeout: !!bool maybe\n", "template", "function.yaml:1"),
    "odd float": ("functions/users/function.yaml", "Timeout: !!float x\n", "template", "function.yaml:1"),
    "odd int": ("functions/users/function.yaml", "Timeout: !!int ''\n", "template", "function.yaml:1"),
    "odd date": ("functions/users/function.yaml", "Timeout: !!timestamp x\n", "template", "function.yaml:1"),
    "binary": ("functions/users/function.yaml", "Timeout: !!binary x\n", "template", "function.yaml:1"),
    "python": ("functions/users/function.yaml", "Timeout: !!python/name:os.system ''\n", "template", "function.yaml:1"),
    "a set": ("functions/users/function.yaml", "Tags: !!set {a, b}\n", "", ""),
    "deep yaml": ("functions/users/function.yaml", f"Tags: {'[' * 1200}{']' * 1200}\n", "template", "function.yaml"),
    "include is odd": ("functions/users/function.yaml", "include: [1]\n", "template", "include"),
    "include is a NUL": ("functions/users/function.yaml", 'include: ["a\\0b"]\n', "build", "include"),
    "include is deep": ("functions/users/function.yaml", f"include: ['{'**/' * 50}x']\n", "build", "include"),
    "include is long": ("functions/users/function.yaml", f"include: ['{'a' * 5000}']\n", "build", "include"),
    "variables": ("functions/users/function.yaml", "Environment: {Variables: [1]}\n", "template", "function.yaml:1"),
    "sub": ("infra/tables.yaml", "Resources:\n  A: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Sub ['${a}', 5]}}\n", "", ""),
    "sub of number": ("infra/tables.yaml", "Resources:\n  A: {Type: 'AWS::SQS::Queue', Properties: {QueueName: {'Fn::Sub': 5}}}\n", "", ""),
    "sub of numbers": ("infra/tables.yaml", "Resources:\n  A: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Sub [5, [1]]}}\n", "", ""),
    "getatt of mapping": ("infra/tables.yaml", "Resources:\n  A: {Type: 'AWS::SQS::Queue', Properties: {QueueName: {'Fn::GetAtt': {a: 1}}}}\n", "", ""),
    "globals": ("infra/tables.yaml", "Globals: {Function: 5}\n", "template", "infra/tables.yaml"),
    "globals env": ("infra/tables.yaml", "Globals: {Function: {Environment: 5}}\n", "", ""),
    "globals deep": ("infra/tables.yaml", "Globals: {Function: {Environment: {Variables: 5}}}\n", "", ""),
    "resources": ("infra/tables.yaml", "Resources: 5\n", "template", "infra/tables.yaml:1"),
    "a resource": ("infra/tables.yaml", "Resources: {A: 5}\n", "template", "infra/tables.yaml:1"),
    "type": ("infra/tables.yaml", "Resources: {A: {Type: 5}}\n", "", ""),
    "type is a list": ("infra/tables.yaml", "Resources: {A: {Type: [1]}}\n", "", ""),
    "properties": ("infra/tables.yaml", "Resources: {A: {Type: 'AWS::SQS::Queue', Properties: 5}}\n", "", ""),
    "function properties": ("infra/tables.yaml", "Resources: {A: {Type: 'AWS::Serverless::Function', Properties: 5}}\n", "", ""),
    "parameters": ("infra/tables.yaml", "Parameters: {A: 5}\n", "", ""),
    "outputs": ("infra/tables.yaml", "Outputs: {A: 5}\n", "", ""),
    "conditions": ("infra/tables.yaml", "Conditions: {A: 5}\n", "", ""),
    "transform": ("infra/tables.yaml", "Transform: {a: 1}\n", "", ""),
    "transform of number": ("infra/tables.yaml", "Transform: 5\n", "", ""),
    "transform of numbers": ("infra/tables.yaml", "Transform: [5, [1]]\n", "", ""),
    "metadata": ("infra/tables.yaml", "Metadata: {A: [1]}\n", "", ""),
    "our api": ("infra/tables.yaml", "Resources: {Api: {Properties: 5}}\n", "", ""),
    "our function": ("infra/tables.yaml", "Resources: {HelloFunction: {Properties: {Environment: 5}}}\n", "", ""),
    "version": ("infra/tables.yaml", "AWSTemplateFormatVersion: {a: 1}\nDescription: {b: 1}\n", "", ""),
    "bomb": (
        "infra/tables.yaml",
        "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(8)),
        "template",
        "infra/tables.yaml",
    ),
    "merge bomb": (
        "functions/users/function.yaml",
        "a: &a {x: 1}\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} {{<<: [{', '.join([f'*{chr(97 + n)}'] * 9)}]}}\n" for n in range(8)),
        "template",
        "function.yaml",
    ),
    "seed is a list": ("infra/seed/data.yaml", "[1]\n", "seeds", "infra/seed/data.yaml:1"),
    "overrides": ("samconfig.toml", "[default.deploy]\nparameters = 5\n", "", ""),
    "default": ("samconfig.toml", "default = 5\n", "", ""),
    "quote": ("samconfig.toml", "[default.deploy.parameters]\nparameter_overrides = \"A='\"\n", "parameters", "samconfig"),
}  # fmt: skip


@pytest.mark.parametrize("case", TEXTS)
def test_a_broken_text_is_named_with_its_line(project: Path, case: str) -> None:
    name, text, door, said = TEXTS[case]
    replace(project, name, lambda path: path.write_text(text, "utf-8"))
    found = refusals(project, doors_of(name))
    if door:
        assert said in found[door]
        assert found[door]


def test_a_tree_of_odd_folders_ends(project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "x").mkdir(parents=True)
    (outside / "x/route.py").write_text(HELLO)
    (project / "functions/root").symlink_to("/")
    (project / "functions/out").symlink_to(outside)
    (project / "functions/up").symlink_to("..")
    (project / "functions/self").symlink_to("self")
    (project / "functions/a").symlink_to("b")
    (project / "functions/b").symlink_to("a")
    found = refusals(project, ("routes", "template", "build"))
    for door in found:
        assert "functions/root: this links to '/', outside the project" in found[door]
        assert f"functions/out: this links to '{outside}', outside the project" in found[door]


def test_links_from_each_folder_to_each_other_end(project: Path) -> None:
    folders = [project / f"functions/f{number}" for number in range(12)]
    for folder in folders:
        folder.mkdir()
        for other in folders:
            (folder / f"to-{other.name}").symlink_to(other)
    assert "more than 32 paths lead to this folder" in refusals(project, ("routes",))["routes"]


def test_deep_folders_end(project: Path) -> None:
    here = Path.cwd()
    os.chdir(project / "functions")
    try:
        for _ in range(1200):
            Path("d").mkdir()
            os.chdir("d")
    finally:
        os.chdir(here)
    assert "more than 100 folders deep" in refusals(project, ("routes",))["routes"]
    subprocess.run(["rm", "-rf", project / "functions/d"], check=True)  # shutil cannot


@pytest.mark.parametrize(
    "name",
    [
        b"functions/\xff",
        b"lib/\xff.txt",
        b"lib/\xff.py",
        b"infra/\xff.yaml",
        b"infra/seed/\xff.yaml",
        b"functions/hello/\xff.html",
    ],
)
def test_a_name_that_is_not_utf_8_ends_in_words(project: Path, name: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    path = os.fsencode(project) + b"/" + name
    if b"." not in name:
        os.mkdir(path)  # noqa: PTH102
        path += b"/route.py"
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(HELLO.encode() if path.endswith(b".py") else b"")
    refusals(project, doors_of(os.fsdecode(name)))
    assert main(["routes", "--root", str(project)]) in (0, 1)
    assert "Traceback" not in capfd.readouterr().err


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that others may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
@pytest.mark.parametrize(
    "name",
    [
        "functions/hello/route.py",
        "functions/users",
        "functions/users/function.yaml",
        "infra",
        "infra/tables.yaml",
        "infra/seed",
        "infra/seed/data.yaml",
        "pyproject.toml",
        "lib/db.py",
        "lib",
        "lib/queries.sql",
        ".env",
        "samconfig.toml",
    ],
)
@pytest.mark.parametrize("mode", [0o000, 0o444])
def test_what_may_not_be_read_is_named(
    open_folder: Path, name: str, mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(open_folder))  # cfn-lint looks for its settings there
    project = write_project(open_folder / "project")
    for path in (open_folder, project, *project.rglob("*")):
        os.chown(path, 65534, 65534)
    refusals(project, doors_of(name))  # loads all that is imported late, while we may
    shutil.rmtree(project / ".edgeroutes", ignore_errors=True)
    (project / name).chmod(mode)
    os.seteuid(65534)
    try:
        found = refusals(project, doors_of(name))
    finally:
        os.seteuid(0)
    if mode == 0:
        assert any(name in said or name.partition("/")[0] in said for said in found.values()), found


MUTANTS = ["\0", "\ufeff", "\u2028", "'", '"', "[", "]", "{", "}", "(", ":", "&a ", "*a", "!Ref ", "!Sub ", "!!int ", "<<: ", "- ", "? ", "| ", "%", "@", "`", "#", "=", "\\", "0x", "1e999", "999999999999999999999", "null", "~", "true", ".inf", ".nan", "2026-13-45", "lambda: 0", "*", "**", "async ", "yield ", "x = ", "from . import ", "import ", "\t", "\r", "\n", "\n  ", "é", "\U0001f600", "__", "..", "/", "${a}", "${", "Fn::Sub: ", "5"]  # fmt: skip


def mutate(text: str, chance: random.Random) -> str:
    """A text with a few things put in, left out, doubled or swapped."""
    for _ in range(chance.randint(1, 4)):
        start, end = sorted(chance.randint(0, len(text)) for _ in range(2))
        end = min(end, start + chance.choice([0, 1, 5, 40]))
        piece = text[start:end]
        replacement = chance.choice(
            [chance.choice(MUTANTS), piece * 2, piece[::-1], "", chance.choice(MUTANTS) * chance.choice([2, 50])]
        )
        text = text[:start] + replacement + text[end:]
    return text


def test_random_changes_end_in_words(tmp_path: Path, fuzz_random: random.Random, fuzz_seconds: float) -> None:
    project = write_project(tmp_path / "project")
    until = time.monotonic() + fuzz_seconds
    tried = 0
    while time.monotonic() < until:
        tried += 1
        name = fuzz_random.choice([*FILES])
        text = mutate(FILES[name], fuzz_random)
        (project / name).write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            refusals(project, doors_of(name))
        except Exception as error:
            raise AssertionError(f"{name} with this text: {text!r}") from error
        (project / name).write_text(FILES[name], "utf-8")
    assert tried > 3
