"""Expands `Fn::ForEach` of AWS::LanguageExtensions as CloudFormation does.

Source: docs.aws.amazon.com/AWSCloudFormation "intrinsic-function-reference-foreach" (read 2026-11-30).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PREFIX = "Fn::ForEach"
_SECTIONS = ("Conditions", "Resources", "Outputs")


def expand_loops(document: Mapping[str, Any]) -> dict[str, Any]:
    """The template without loops. A loop over values that only CloudFormation knows is removed with its output.

    Args:
        document: A template; parameters have their defaults.
    """
    parameters = document.get("Parameters", {})
    expanded = dict(document)
    for section in _SECTIONS:
        if any(name.startswith(_PREFIX) for name in document.get(section, {})) or _has_loop(document.get(section)):
            expanded[section] = _expand(document[section], parameters)
    return expanded


def _has_loop(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(str(key).startswith(_PREFIX) or _has_loop(each) for key, each in value.items())
    return isinstance(value, list) and any(map(_has_loop, value))


def _expand(value: Any, parameters: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_expand(each, parameters) for each in value]
    if not isinstance(value, Mapping):
        return value
    made: dict[str, Any] = {}
    for key, each in value.items():
        if not key.startswith(_PREFIX):
            made[key] = _expand(each, parameters)
        elif isinstance(each, list) and len(each) == 3:
            name, values, body = each
            for turn in _values(values, parameters):
                made |= _expand(_fill(body, str(name), turn), parameters)
    return made


def _values(values: Any, parameters: Mapping[str, Any]) -> list[str]:
    if isinstance(values, Mapping) and values.keys() == {"Ref"}:
        default = (parameters.get(values["Ref"]) or {}).get("Default")
        values = [part.strip() for part in default.split(",")] if isinstance(default, str) else default
    return [str(each) for each in values if isinstance(each, str | int)] if isinstance(values, list) else []


def _fill(value: Any, name: str, turn: str) -> Any:
    """A body with this iteration's value for `${Name}`, and its letters and digits for `&{Name}`."""
    if isinstance(value, str):
        return value.replace(f"${{{name}}}", turn).replace(f"&{{{name}}}", re.sub(r"[^A-Za-z0-9]", "", turn))
    if isinstance(value, list):
        return [_fill(each, name, turn) for each in value]
    if isinstance(value, Mapping):
        if value == {"Ref": name}:
            return turn
        return {_fill(key, name, turn): _fill(each, name, turn) for key, each in value.items()}
    return value
