from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from edgeroutes.cli.template import print_template
from edgeroutes.errors import ProjectError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "functions" / "a").mkdir(parents=True)
    (tmp_path / "functions" / "a" / "route.py").write_text("def GET():\n    return {}\n")
    return tmp_path


def test_it_writes_the_file_and_prints_the_counts(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_template(root, check=False, as_json=False) == 0
    size = (root / "template.yaml").stat().st_size
    counts = f"2 functions, 3 API resources, 19 stack resources (9.5 per function), {size:,} bytes\n"
    output, notes = capsys.readouterr()
    assert output == f"template.yaml written: {counts}"
    assert notes.startswith(
        "note: a deploy sets the role with which all APIs of the account and region log, and replaces"
    )
    assert notes.count("\n") == 1
    assert print_template(root, check=False, as_json=False) == 0
    assert capsys.readouterr() == (f"template.yaml is current: {counts}", "")


def test_a_project_whose_account_is_managed_elsewhere_has_no_note(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "infra").mkdir()
    (root / "infra" / "a.yaml").write_text("Parameters: {ManageApiGatewayAccount: {Default: 'false'}}\n")
    assert print_template(root, check=False, as_json=False) == 0
    assert capsys.readouterr().err == ""


def test_check_writes_nothing_and_shows_what_differs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_template(root, check=True, as_json=False) == 1
    assert not (root / "template.yaml").exists()
    output, errors = capsys.readouterr()
    assert output.startswith("--- template.yaml\n+++ template.yaml (generated)\n")
    assert output.splitlines()[-1].endswith("lines more")
    assert errors == "template.yaml: the file is not current. Run 'edgeroutes template', and commit it.\n"
    print_template(root, check=False, as_json=False)
    assert print_template(root, check=True, as_json=False) == 0


def test_json_has_the_same(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_template(root, check=True, as_json=True) == 1
    assert print_template(root, check=False, as_json=True) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    size = (root / "template.yaml").stat().st_size
    document = {
        "file": "template.yaml",
        "functions": 2,
        "api_resources": 3,
        "stack_resources": 19,
        "bytes": size,
        "notes": first["notes"],
        "warnings": [],
        "problems": [],
    }
    assert "ManageApiGatewayAccount=false" in first["notes"][0]
    assert first == {**document, "current": False, "written": False}
    assert second == {**document, "current": True, "written": True}


def test_warnings_go_to_the_error_stream(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(300):
        (root / "functions" / f"r{number}").mkdir()
        (root / "functions" / f"r{number}" / "route.py").write_text("def GET():\n    return {}\n")
    assert print_template(root, check=False, as_json=False) == 0
    assert capsys.readouterr().err.startswith("warning: the API has 303 resources, and an account allows 300")


def test_a_refused_project_leaves_the_old_file(root: Path) -> None:
    (root / "template.yaml").write_text("old")
    (root / "infra").mkdir()
    (root / "infra" / "x.yaml").write_text("Resources: [\n")
    with pytest.raises(ProjectError, match=r"infra/x\.yaml:2: the file is not YAML"):
        print_template(root, check=False, as_json=False)
    assert (root / "template.yaml").read_text() == "old"


def test_strict_makes_warnings_an_error(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_template(root, check=False, as_json=False, strict=True) == 0
    (root / "functions" / "r").mkdir()
    (root / "functions" / "r" / "route.py").write_text(
        "import os\n\nKEY = os.environ['STRIPE_KEY']\n\ndef GET():\n    return 1\n"
    )
    assert print_template(root, check=False, as_json=False) == 0
    assert print_template(root, check=False, as_json=False, strict=True) == 1
    assert "warning: functions/r/route.py:3: the variable STRIPE_KEY is read here" in capsys.readouterr().err


def test_check_refuses_what_a_deploy_would_refuse(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "infra").mkdir()
    (root / "infra" / "a.yaml").write_text("Resources:\n  Users:\n    Type: AWS::DynamoDB::Tabel\n")
    assert print_template(root, check=False, as_json=False) == 0
    assert print_template(root, check=True, as_json=False) == 1
    assert "infra/a.yaml:3: Users.Type: Resource type 'AWS::DynamoDB::Tabel' does not exist" in capsys.readouterr().err
    assert print_template(root, check=True, as_json=True) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["current"], document["problems"][0]["where"]) == (True, "infra/a.yaml:3")


def test_a_region_that_cannot_have_the_default_is_reported(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "samconfig.toml").write_text("[default.deploy.parameters]\nregion = 'us-gov-west-1'\n")
    assert print_template(root, check=False, as_json=False) == 0
    assert "AWS GovCloud (US) has no CloudFront" in capsys.readouterr().err
