"""The finder of AWS calls over sources; services and methods are as they are written, for it knows no AWS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from edgeroutes.build.aws_calls import AwsCall, AwsUse, find_aws_calls
from edgeroutes.build.aws_values import Variable
from edgeroutes.build.modules import SearchPath
from edgeroutes.build.trace import Tracer

CASES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "iam" / "sources.yaml").read_text("utf-8"))


def found(root: Path, files: dict[str, str]) -> AwsUse:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    entries = [Path(name) for name in files if name.startswith("functions/")]
    return find_aws_calls(Tracer(SearchPath(project_root=root)).trace(entries))


def rendered(call: AwsCall) -> str:
    given = [repr(each) if isinstance(each, str) else shown(each) for each in call.identifiers]
    given += [shown(each) for each in call.arguments]
    given += [f"{name}={shown(value)}" for name, value in call.parameters.items()]
    given += ["**"] if call.is_open else []
    return f"{call.where} {'.'.join([call.service, *call.path, call.method])}({', '.join(given)})"


def shown(value: Any) -> str:
    if isinstance(value, Variable):
        return f"${value.name}"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {shown(each)}' for key, each in value.items())}}}"
    return "?" if value is None else str(value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_calls_are_found_in_sources(case: dict[str, Any], tmp_path: Path) -> None:
    use = found(tmp_path, case.get("files") or {"functions/a/route.py": case["source"]})
    assert [rendered(call) for call in use.calls] == case["calls"]
    assert [f"{each.where} {each.problem}" for each in use.unread] == case.get("unread", [])
