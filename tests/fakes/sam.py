"""SAM's transform and cfn-lint's rules over a template, without an account. Skips where they are not installed."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.plan.cloudformation import parse_yaml

if TYPE_CHECKING:
    from pathlib import Path

REGION = "eu-central-1"


def transform(text: str) -> dict[str, Any]:
    """The template that CloudFormation makes of a SAM template."""
    pytest.importorskip("samtranslator", reason="aws-sam-translator is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from samtranslator.parser.parser import Parser
        from samtranslator.translator.translator import Translator

    class Session:
        region_name = REGION

    document = parse_yaml(text, "template.yaml").value
    parameters = {name: value.get("Default") for name, value in document.get("Parameters", {}).items()}
    for resource in document["Resources"].values():
        # What `sam package` does: the translator wants code in S3.
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    translator = Translator(managed_policy_map={}, sam_parser=Parser(), boto_session=Session())
    made = translator.translate(document, parameter_values=parameters)
    return json.loads(json.dumps(made))


def lint(text_or_template: str | dict[str, Any], tmp_path: Path) -> list[str]:
    """What cfn-lint says of a template; its info level is left out."""
    pytest.importorskip("cfnlint", reason="cfn-lint is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cfnlint.api import ManualArgs, lint_file

        is_text = isinstance(text_or_template, str)
        path = tmp_path / ("template.yaml" if is_text else "template.json")
        path.write_text(text_or_template if is_text else json.dumps(text_or_template, indent=1))
        found = lint_file(path, config=ManualArgs(regions=[REGION]))
    return [f"{match.rule.id} {match.message} {getattr(match, 'path', '')}" for match in found]
