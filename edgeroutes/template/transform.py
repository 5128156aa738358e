"""SAM's transform: AWS::Serverless types become CloudFormation's own."""

from __future__ import annotations

import json
import logging
import warnings
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError
from edgeroutes.names import TEMPLATE_FILE
from edgeroutes.plan.cloudformation import parse_yaml
from edgeroutes.plan.loops import expand_loops

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
