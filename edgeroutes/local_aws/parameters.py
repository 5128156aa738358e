"""Values for the parameters of a project's template that have no default, as `sam deploy` finds them. Floor 3."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from edgeroutes.config import parse_toml
from edgeroutes.errors import ConfigError, require_no_problems
from edgeroutes.routing.reading import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FILE = "samconfig.toml"
_HINT = f"Give it a Default, or a value by parameter_overrides in {FILE}; in tests, the fixture edgeroutes_parameters does, too"


def require_parameters(root: Path, template: Mapping[str, Any], given: Mapping[str, str] | None) -> dict[str, str]:
    """What is given, and of samconfig.toml what else the template cannot do without.

    Raises:
        ConfigError: A parameter without a default has no value; all of them at once.
    """
    values, missing = read_parameters(root, template, given)
    require_no_problems([missing_parameter(name, "template.yaml") for name in missing])
    return values


def missing_parameter(name: str, where: str) -> ConfigError:
    """The error for a parameter that has no value."""
    return ConfigError(f"the parameter {name!r} has no value", where=where, hint=_HINT)


def read_parameters(
    root: Path, template: Mapping[str, Any], given: Mapping[str, str] | None = None
) -> tuple[dict[str, str], list[str]]:
    """The values of the template's parameters that have no default, and the names of those without a value.

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
    """What `sam deploy` would take for parameters, by samconfig.toml; values that another file has (`file://`) are not looked up.

    Raises:
        ConfigError: The file is no TOML, or a quote in its overrides has no end.

    Source: docs.aws.amazon.com/serverless-application-model "AWS SAM CLI configuration file" (read 2026-11-21).
    """
    try:
        document = parse_toml(read_text(root / FILE, FILE), FILE)
    except FileNotFoundError:
        return {}
    try:
        return _overrides(document)
    except ValueError as err:  # of shlex
        raise ConfigError(f"parameter_overrides cannot be read: {err}", where=FILE) from err


def _overrides(document: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for command in ("global", "deploy"):
        settings: Any = document
        for key in ("default", command, "parameters"):
            settings = settings.get(key) if isinstance(settings, dict) else None
        found.update(_pairs(settings.get("parameter_overrides") if isinstance(settings, dict) else None))
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
