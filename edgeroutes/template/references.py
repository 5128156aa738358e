"""What the parts of a template refer to, and what of that is not there. Build wing, floor 2."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError
from edgeroutes.plan.cloudformation import is_macro

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SAM = "AWS::Serverless-2016-10-31"
_VARIABLE = re.compile(r"\$\{([^!${}][^${}]*)\}")
# Pseudo parameters, and what SAM makes of itself. Source: aws-sam-translator 1.115.0, samtranslator.plugins.api and .model.
_ALWAYS_THERE = ("AWS::", "Serverless", "CodeDeployServiceRole", "ApiGatewayDomainName", "RecordSetGroup")
# Resources that become several, whose names begin with their own: HelloFunctionRole, HelloFunctionAliaslive.
_BECOMES_SEVERAL = re.compile(r"^AWS::Serverless::|::MODULE$")


def references(value: Any) -> Iterator[str]:
    """The logical ids, parameters and pseudo parameters that a value refers to."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if key == "Ref" and isinstance(item, str):
            yield item
        elif key == "Fn::GetAtt" and item:
            yield item.split(".")[0] if isinstance(item, str) else str(item[0]) if isinstance(item, list) else str(item)
        elif key == "Fn::Sub" and item:
            text, bound = _read_sub(item)
            yield from (name.split(".")[0] for name in _VARIABLE.findall(text) if name not in bound)
            yield from references(bound)
        elif key == "DependsOn" and _are_names(item):  # a container of ECS depends on others by mappings
            yield from [item] if isinstance(item, str) else item
        else:
            yield from references(item)


def _read_sub(value: Any) -> tuple[str, dict[str, Any]]:
    """The text of a `Fn::Sub` and the variables that it binds itself; nothing for a value that is neither of its forms."""
    text, bound = (
        (value, {}) if isinstance(value, str) else (value[0], value[-1]) if isinstance(value, list) else ("", {})
    )
    return text if isinstance(text, str) else "", bound if isinstance(bound, dict) else {}


def _are_names(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value))


def check_references(document: Mapping[str, Any], place: Callable[[str, str, str], str]) -> Iterator[ConfigError]:
    """References of resources and outputs to what the template does not have.

    Args:
        document: The whole template.
        place: Section, name in it and property → the file that says it.
    """
    resources = document.get("Resources", {})
    if document.get("Transform") != SAM or any(map(is_macro, resources)):
        return  # a macro may bring what is referred to
    known = {*resources, *document.get("Parameters", {})}
    several = tuple(name for name, each in resources.items() if _BECOMES_SEVERAL.search(str(each.get("Type"))))
    for section in ("Resources", "Outputs"):
        for name, part in document.get(section, {}).items():
            for wanted, key in _wanted(part).items():
                if wanted not in known and not wanted.startswith((*_ALWAYS_THERE, *several)):
                    problem = (
                        f"{name} refers to {wanted!r}, which is neither a resource nor a parameter of the template"
                    )
                    near = get_close_matches(wanted, known, n=1)
                    hint = f"Did you mean {near[0]!r}" if near else "Declare it in infra/"
                    yield ConfigError(problem, where=place(section, name, key), hint=hint)


def _wanted(part: Any) -> dict[str, str]:
    """What a resource or an output refers to, each with the first property that does."""
    if not isinstance(part, dict):
        return {}
    properties = part.get("Properties")
    values = {**part, **properties, "Properties": None} if isinstance(properties, dict) else part
    found: dict[str, str] = {}
    for key, value in values.items():
        for wanted in references({key: value}):
            found.setdefault(wanted, key)
    return found
