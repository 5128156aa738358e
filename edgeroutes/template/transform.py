"""SAM's transform: AWS::Serverless types become CloudFormation's own, after the loops of AWS::LanguageExtensions."""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError
from edgeroutes.names import TEMPLATE_FILE
from edgeroutes.plan.cloudformation import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    PolicyArns = Callable[[], dict[str, str]]


SAM = "AWS::Serverless-2016-10-31"


class SamError(ConfigError):
    """SAM refuses the template.

    Args:
        causes: One message for each resource.
    """

    def __init__(self, causes: list[str]) -> None:
        super().__init__(f"SAM refuses the template: {'; '.join(causes)}", where=TEMPLATE_FILE)
        self.causes = causes


def parse_template(text: str) -> dict[str, Any]:
    """The values of a template in YAML or JSON, with functions in the long form.

    Raises:
        ConfigError: It is not valid.
    """
    if text.lstrip().startswith("{"):
        try:
            parsed: dict[str, Any] = json.loads(text)
        except ValueError as err:
            raise ConfigError(f"the template is not valid JSON: {err}", where="template") from err
        return parsed
    return dict(parse_yaml(text, "template").value)


def transform(
    document: dict[str, Any], parameters: Mapping[str, Any], region_name: str, policy_arns: PolicyArns | None = None
) -> dict[str, Any]:
    """The template without AWS::Serverless types; the same one where it has no transform.

    Args:
        document: A template.
        parameters: Values over the defaults.
        region_name: The stack's region.
        policy_arns: Returns ARNs of managed policies that SAM's table lacks, by name.

    Raises:
        SamError: SAM refuses it.
    """
    document = expand_loops(document)
    transforms = document.get("Transform")
    if transforms != SAM and SAM not in (transforms or ()):
        return document
    values = {name: parameter.get("Default") for name, parameter in document.get("Parameters", {}).items()}
    return _translate(document, {**values, **parameters}, region_name, policy_arns)


def _translate(
    document: dict[str, Any], parameters: dict[str, Any], region_name: str, policy_arns: PolicyArns | None
) -> dict[str, Any]:
    # Without a handler its own log would reach the terminal.
    logging.getLogger("samtranslator").addHandler(logging.NullHandler())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from samtranslator.model.exceptions import InvalidDocumentException  # type: ignore[import-untyped]
        from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
        from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]

    translator = Translator({}, Parser(), boto_session=_Session(region_name))
    try:
        made = translator.translate(document, parameters, get_managed_policy_map=policy_arns)
    except InvalidDocumentException as err:
        raise SamError([cause.message for cause in err.causes] or [str(err)]) from err
    return dict(json.loads(json.dumps(made)))


class _Session:
    """The part of a boto3 session that the translator reads."""

    def __init__(self, region_name: str) -> None:
        self.region_name = region_name


_PREFIX = "Fn::ForEach"
_SECTIONS = ("Conditions", "Resources", "Outputs")


def expand_loops(document: Mapping[str, Any]) -> dict[str, Any]:
    """The template without `Fn::ForEach`, as CloudFormation expands it.

    A loop over values that only CloudFormation knows is removed with its output.
    Source: docs.aws.amazon.com/AWSCloudFormation "intrinsic-function-reference-foreach" (read 2026-11-30).

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
