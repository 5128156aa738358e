"""SAM's policy templates and the names of AWS's managed policies → IAM documents and ARNs, by SAM's own tables. Floor 2.

The tables are read as files: importing samtranslator takes longer than all else that makes a template.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any


class UnknownPolicyError(Exception):
    """A policy that is not in SAM's tables; SAM or CloudFormation may know it."""


def inline_policy(policy: Mapping[str, Any]) -> Any:
    """The IAM document of an entry of `Policies`: of a policy template, or the entry itself.

    Raises:
        UnknownPolicyError: It is neither.
    """
    if "Statement" in policy:
        return policy
    name, values = next(iter(policy.items())) if len(policy) == 1 else ("", None)
    template = _policy_templates().get(name)
    values = {} if values is None else values
    if template is None or not isinstance(values, Mapping) or template["Parameters"].keys() - values.keys():
        raise UnknownPolicyError
    return _fill(template["Definition"], {name: values[name] for name in template["Parameters"]})


def managed_policy_arn(name: str) -> Any:
    """The ARN of a managed policy of AWS's; an ARN stays as it is.

    Raises:
        UnknownPolicyError: AWS has no policy of this name, as far as SAM's tables know.
    """
    if name.startswith("arn:"):
        return name
    arn = _managed_policies().get(name)
    if arn is None:
        raise UnknownPolicyError
    return {"Fn::Sub": arn.replace("arn:aws:", "arn:${AWS::Partition}:", 1)}


def _fill(value: Any, values: Mapping[str, Any]) -> Any:
    """A definition with values in the places of its parameters."""
    if isinstance(value, list):
        return [_fill(item, values) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Ref"} and value["Ref"] in values:
        return values[value["Ref"]]
    return {key: _fill(item, values) for key, item in value.items()}


@cache
def _policy_templates() -> Mapping[str, Any]:
    document = _read("policy_templates_data/policy_templates.json")
    return {name: {"Parameters": {}, **template} for name, template in document.get("Templates", {}).items()}


@cache
def _managed_policies() -> Mapping[str, str]:
    policies: Mapping[str, str] = _read("internal/data/aws_managed_policies.json").get("aws", {})
    return policies


def _read(name: str) -> dict[str, Any]:
    """A table of aws-sam-translator; an empty one where it is not installed, or has moved the table."""
    spec = find_spec("samtranslator")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder, name)
        if path.is_file():
            document: dict[str, Any] = json.loads(path.read_text("utf-8"))
            return document
    return {}
