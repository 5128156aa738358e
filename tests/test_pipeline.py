from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from edgeroutes import pipeline
from edgeroutes.errors import ConfigError, LayoutError, ProblemsError, ToolError

if TYPE_CHECKING:
    from pathlib import Path

HANDLER = "def GET():\n    return {}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "functions" / "users" / "[id]"
    folder.mkdir(parents=True)
    (folder / "route.py").write_text(HANDLER)
    (folder / "function.yaml").write_text("MemorySize: 256\n")
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "tables.yaml").write_text("Resources: {T: {Type: AWS::SQS::Queue}}\n")
    (tmp_path / "infra" / "README.md").write_text("not a part")
    return tmp_path


def test_a_project_is_planned_from_its_folder(root: Path) -> None:
    (function,) = pipeline.plan_project(root).functions
    assert function.logical_id == "UsersIdFunction"
    assert function.properties == {"MemorySize": 256, "Timeout": 30}


def test_its_template_holds_its_own_parts(root: Path) -> None:
    text = pipeline.project_template(root).text
    assert "  T:\n    Type: AWS::SQS::Queue\n" in text
    assert pipeline.project_template(root).text == text


def test_a_template_is_written_once_and_found_current(root: Path) -> None:
    text = pipeline.project_template(root).text
    assert pipeline.write_template(root, text)
    assert (root / "template.yaml").read_bytes() == text.encode()
    assert not pipeline.write_template(root, text)
    assert pipeline.check_template(root, text) == []
    assert sorted(path.name for path in root.iterdir()) == ["functions", "infra", "template.yaml"]


def test_a_difference_is_shown_as_a_diff(root: Path) -> None:
    text = pipeline.project_template(root).text
    (root / "template.yaml").write_bytes(text.replace("MemorySize: 256", "MemorySize: 1").encode())
    found = pipeline.check_template(root, text)
    assert "-      MemorySize: 1" in found
    assert "+      MemorySize: 256" in found
    (root / "template.yaml").write_bytes(text.replace("\n", "\r\n").encode())
    assert pipeline.check_template(root, text) == []


def test_a_folder_that_cannot_be_written_leaves_nothing_behind(root: Path) -> None:
    (root / "template.yaml").mkdir()
    before = sorted(path.name for path in root.iterdir())
    with pytest.raises(ToolError, match=r"template\.yaml: the file cannot be written: .* Free space, or make"):
        pipeline.write_template(root, "x")
    assert sorted(path.name for path in root.iterdir()) == before


def test_a_binary_file_is_named(root: Path) -> None:
    (root / "infra" / "tables.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"infra/tables\.yaml:1: byte 0xff is not UTF-8\."):
        pipeline.project_template(root)
    (root / "infra" / "tables.yaml").unlink()
    (root / "functions" / "users" / "[id]" / "function.yaml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"function\.yaml:1: byte 0xff is not UTF-8\."):
        pipeline.project_template(root)


def test_a_project_without_routes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="functions: the folder does not exist"):
        pipeline.project_template(tmp_path)


def test_all_problems_of_a_project_come_at_once(root: Path) -> None:
    (root / "functions" / "[id").mkdir()
    (root / "functions" / "[id" / "route.py").write_text(HANDLER)
    (root / "functions" / "users" / "[id]" / "function.yaml").write_text("MemorySice: 1\n")
    with pytest.raises(ProblemsError) as caught:
        pipeline.project_template(root)
    assert len(caught.value.problems) == 2


def test_a_function_that_revalidates_with_a_role_of_the_users_is_warned_of(root: Path) -> None:
    folder = root / "functions" / "users" / "[id]"
    (folder / "route.py").write_text("from edgeroutes import revalidate_tag\n\ndef PUT():\n    revalidate_tag('a')\n")
    assert pipeline.project_template(root).warnings == ()
    (folder / "function.yaml").write_text("Role: arn:aws:iam::123456789012:role/mine\n")
    assert [str(warning) for warning in pipeline.project_template(root).warnings] == [
        (
            "functions/users/[id]/function.yaml:1: it revalidates, and its role is one that function.yaml names. Let that role do "
            "cloudfront:CreateInvalidation and ssm:GetParameter, as docs/revalidation.md says."
        )
    ]


PARSED = """
import ast, builtins, collections, json, sys

compile, parsed = builtins.compile, collections.Counter()

def counting(source, filename, mode, flags=0, *arguments, **options):
    if flags & ast.PyCF_ONLY_AST:
        parsed[source if isinstance(source, str) else source.decode()] += 1
    return compile(source, filename, mode, flags, *arguments, **options)

from edgeroutes.cli import main

builtins.compile = counting
code = main(["template", "--check", "--root", sys.argv[1]])
print(json.dumps([code, parsed]))
"""


def test_a_check_of_the_template_parses_each_file_once(root: Path) -> None:
    files = {
        "lib/table.py": "import os\n\nTABLE = os.environ['T']\n",
        "functions/middleware.py": "import lib.table\n\nasync def middleware(request, call_next):\n    return await call_next(request)\n",
        "functions/a/route.py": "import os\n\nfrom lib.table import TABLE\n\ndef GET():\n    return os.environ.get('A')\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    pipeline.write_template(root, pipeline.project_template(root).text)
    done = subprocess.run([sys.executable, "-c", PARSED, str(root)], capture_output=True, text=True, check=True)
    code, parsed = json.loads(done.stdout.splitlines()[-1])
    assert code == 0
    assert {text: parsed.get(text) for text in files.values()} == dict.fromkeys(files.values(), 1)
