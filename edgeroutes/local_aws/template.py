"""A project's template for local AWS: without code, and without an API that nothing refers to; and its parameters.

The dev server and the test client are the API and the CDN themselves. Tables, buckets, queues, parameters, secrets, roles with their
policies stay, and functions as names with an environment.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from edgeroutes.config import samconfig_values
from edgeroutes.errors import ConfigError, require_no_problems
from edgeroutes.names import SAM_CONFIG_FILE, TEMPLATE_FILE
from edgeroutes.template.merge import references

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path


# What stands before the functions, and where they log.
_FRONT = ("AWS::Serverless::Api", "AWS::ApiGateway::", "AWS::CloudFront::", "AWS::Logs::LogGroup")
_FUNCTION = "AWS::Serverless::Function"
_FUNCTIONS = (_FUNCTION, "AWS::Lambda::Function")
_FUNCTION_PROPERTIES = (
    "Architectures",
    "Description",
    "Environment",
    "FunctionName",
    "Handler",
    "MemorySize",
    "PermissionsBoundary",
    "Policies",
    "Role",
    "Runtime",
    "Tags",
    "Timeout",
)
# moto requires code, and never runs this.
_NO_CODE = "def handler(event, context):\n    raise NotImplementedError('the project runs its own handlers')\n"


def local_template(document: Mapping[str, Any]) -> dict[str, Any]:
    """The template without what only the API, the CDN and deployments need; the document itself is not changed."""
    resources = {name: _light(resource) for name, resource in document.get("Resources", {}).items()}
    remaining = _reachable(resources, {name for name, resource in resources.items() if not stands_in_front(resource)})
    return _only({**document, "Resources": resources}, remaining)


def _only(document: Mapping[str, Any], remaining: set[str]) -> dict[str, Any]:
    """The template with these resources, and the outputs that need no others."""
    resources = document["Resources"]
    made = {name: _depending_on(resource, remaining) for name, resource in resources.items() if name in remaining}
    outputs = {
        name: output
        for name, output in document.get("Outputs", {}).items()
        if not (set(references(output)) & set(resources)) - remaining
    }
    return {**document, "Resources": made, "Outputs": outputs}


def without_functions(document: Mapping[str, Any]) -> dict[str, Any]:
    """The template without functions and without what refers to them, directly or not."""
    resources = document.get("Resources", {})
    standing = {
        name
        for name in resources
        if not any(resources[each].get("Type") in _FUNCTIONS for each in _reachable(resources, {name}))
    }
    return _only(document, standing)


def without_dependents(document: Mapping[str, Any], names: Collection[str]) -> tuple[dict[str, Any], set[str]]:
    """The template without these parameters and the resources that need them, and the logical ids of the latter."""
    resources: Mapping[str, Any] = document.get("Resources", {})
    if set(references(document.get("Globals", {}).get("Function", {}))) & set(names):
        dropped = {name for name, each in resources.items() if each.get("Type") == _FUNCTION}
    else:
        dropped = set()
    while more := {
        name for name, each in resources.items() if name not in dropped and set(references(each)) & {*names, *dropped}
    }:
        dropped |= more
    remaining = _only(document, set(resources) - dropped)
    outputs = {name: each for name, each in remaining["Outputs"].items() if not set(references(each)) & set(names)}
    # A condition may use the parameter: then it stays declared, with an empty value.
    used_in_conditions = {name for name in names if name in set(references(document.get("Conditions", {})))}
    parameters = {
        name: {**each, "Default": ""} if name in used_in_conditions else each
        for name, each in document.get("Parameters", {}).items()
        if name in used_in_conditions or name not in names
    }
    return {**remaining, "Parameters": parameters, "Outputs": outputs}, dropped


def _light(resource: Mapping[str, Any]) -> dict[str, Any]:
    if resource.get("Type") != _FUNCTION:
        return _unprotected(resource)
    properties = {name: value for name, value in resource.get("Properties", {}).items() if name in _FUNCTION_PROPERTIES}
    properties["InlineCode"] = _NO_CODE
    return {**{key: value for key, value in resource.items() if key != "Metadata"}, "Properties": properties}


def _unprotected(resource: Mapping[str, Any]) -> dict[str, Any]:
    """The resource without its protection against deletion, because local data follows the template."""
    properties = resource.get("Properties")
    if not isinstance(properties, dict) or "DeletionProtectionEnabled" not in properties:
        return dict(resource)
    remaining = {key: value for key, value in properties.items() if key != "DeletionProtectionEnabled"}
    return {**resource, "Properties": remaining}


def stands_in_front(resource: Mapping[str, Any]) -> bool:
    """Whether a resource belongs to the API, the CDN or the logs, which dev and tests replace."""
    return str(resource.get("Type")).startswith(_FRONT)


def _reachable(resources: Mapping[str, Any], roots: set[str]) -> set[str]:
    """The roots and everything that they refer to. `DependsOn` is only an order."""
    found, waiting = set(roots), list(roots)
    while waiting:
        resource = resources[waiting.pop()]
        wanted = {name for name in references({**resource, "DependsOn": []}) if name in resources} - found
        found |= wanted
        waiting += wanted
    return found


def _depending_on(resource: dict[str, Any], remaining: set[str]) -> dict[str, Any]:
    if "DependsOn" not in resource:
        return resource
    named = resource["DependsOn"]
    still = [name for name in ([named] if isinstance(named, str) else named) if name in remaining]
    rest = {key: value for key, value in resource.items() if key != "DependsOn"}
    return {**rest, "DependsOn": still} if still else rest


_HINT = f"Give it a Default, or a value by parameter_overrides in {SAM_CONFIG_FILE}; in tests, also by the fixture edgeroutes_parameters"


def require_parameters(root: Path, template: Mapping[str, Any], given: Mapping[str, str] | None) -> dict[str, str]:
    """The given values, and those of samconfig.toml that the template also needs.

    Raises:
        ConfigError: A parameter without a default has no value; all of them at once.
    """
    values, missing = read_parameters(root, template, given)
    require_no_problems([missing_parameter(name, TEMPLATE_FILE) for name in missing])
    return values


def missing_parameter(name: str, where: str) -> ConfigError:
    return ConfigError(f"the parameter {name!r} has no value", where=where, hint=_HINT)


def read_parameters(
    root: Path, template: Mapping[str, Any], given: Mapping[str, str] | None = None
) -> tuple[dict[str, str], list[str]]:
    """The values of the template's parameters without a default, and the names of those without a value.

    Raises:
        ConfigError: samconfig.toml cannot be read.
    """
    given = given or {}
    declared: Mapping[str, Any] = template.get("Parameters") or {}
    wanted = [name for name, parameter in declared.items() if "Default" not in parameter and name not in given]
    overrides = read_overrides(root) if wanted else {}
    missing = [name for name in wanted if name not in overrides]
    return {**{name: overrides[name] for name in wanted if name in overrides}, **given}, missing


def read_overrides(root: Path) -> dict[str, str]:
    """The `parameter_overrides` of samconfig.toml; values in another file (`file://`) are not read.

    Raises:
        ConfigError: The file is not valid TOML, or a quote in its overrides has no end.

    Source: docs.aws.amazon.com/serverless-application-model "AWS SAM CLI configuration file" (read 2026-11-21).
    """
    found: dict[str, str] = {}
    try:
        for value in samconfig_values(root, "parameter_overrides"):
            found.update(_pairs(value))
    except ValueError as err:  # of shlex
        raise ConfigError(f"parameter_overrides cannot be read: {err}", where=SAM_CONFIG_FILE) from err
    return found


def _pairs(value: Any) -> Iterator[tuple[str, str]]:
    """`"A=1 B=2"`, `"ParameterKey=A,ParameterValue=1"`, `{A = 1}`, or a list of these."""
    if isinstance(value, dict):
        yield from ((name, _text(each)) for name, each in value.items())
    elif isinstance(value, list):
        for each in value:
            yield from _pairs(each)
    elif isinstance(value, str):
        for word in shlex.split(value):
            name, _, rest = word.removeprefix("ParameterKey=").replace(",ParameterValue=", "=", 1).partition("=")
            yield name, rest


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(_text(each) for each in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
