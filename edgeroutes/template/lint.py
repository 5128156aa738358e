"""Problems of a project's own resources that a deploy would fail at, found by SAM's translator and cfn-lint.

Both read the generated template; findings are reported at the file and line that they come from. Generated resources are left out unless a
user's resource needs them, and of functions with equal properties one is checked: hundreds of routes take the time of a few.
"""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError, Problem
from edgeroutes.names import CONFIG_FILE, TEMPLATE_FILE
from edgeroutes.template.api import API
from edgeroutes.template.merge import references
from edgeroutes.template.transform import SamError, transform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgeroutes.plan.infra import Infra
    from edgeroutes.plan.model import FunctionPlan, ProjectPlan

# Rules about unused parts: most of the template is left out.
_ABOUT_UNUSED = ("W2001", "W7001", "W8001")
# Rules about references: what SAM has refused is missing.
_ABOUT_REFERENCES = ("E1010", "E1019", "E1020", "E3005", "E6101")
_UNKNOWN_TYPE = "E3006"
# Source: docs.aws.amazon.com/cli "cloudformation package" (read 2026-11-30), the properties of functions.
_UPLOADED = frozenset({"Code", "CodeUri", "Content", "ContentUri", "DefinitionUri"})
_SAM_GLOBALS = re.compile(r"'(\w+)' is not a supported property of '(\w+)'")
_SAM_RESOURCE = re.compile(
    r"Resource with id \[(\w+)\] is invalid\. (?:Event with id \[(\w+)\] is invalid\. )?(.*)", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LintFindings:
    """Problems, which fail a deploy, and warnings."""

    problems: tuple[ConfigError, ...] = ()
    warnings: tuple[Problem, ...] = ()


def can_lint() -> bool:
    """Whether cfn-lint and SAM's translator are installed (`edgeroutes[dev]`)."""
    return find_spec("cfnlint") is not None and find_spec("samtranslator") is not None


def lint_template(document: Mapping[str, Any], plan: ProjectPlan, infra: Infra, *, region: str) -> LintFindings:
    """The problems of function.yaml and infra/.

    Args:
        document: The whole template.
        plan: The project.
        infra: The files of infra/.
        region: The region whose resource types are valid.
    """
    places = _Places(plan, infra)
    reduced = _reduce(document, plan, infra)
    if not reduced["Resources"]:
        return LintFindings()
    problems: list[ConfigError] = []
    ignored: tuple[str, ...] = _ABOUT_UNUSED
    try:
        made = transform(deepcopy(reduced), {}, region)
    except Exception as err:  # noqa: BLE001  # the translator has no common error
        causes = err.causes if isinstance(err, SamError) else [f"the translator fails: {type(err).__name__}: {err}"]
        problems += [_sam_problem(cause, places) for cause in causes]
        made, ignored = _without_sam(reduced), (*_ABOUT_UNUSED, *_ABOUT_REFERENCES)
    found_warnings: list[Problem] = []
    for rule, message, path in _run(made, region, ignored):
        where, shown = places.of(path)
        text = f"{shown}: {message} (cfn-lint {rule})" if shown else f"{message} (cfn-lint {rule})"
        if rule.startswith("E"):
            hint = _near_type(made, path, region) if rule == _UNKNOWN_TYPE else ""
            problems.append(ConfigError(text, where=where, hint=hint))
        elif rule.startswith("W"):
            found_warnings.append(Problem(text, where=where))
    return LintFindings(problems=tuple(problems), warnings=tuple(found_warnings))


def _without_sam(document: Mapping[str, Any]) -> dict[str, Any]:
    """The resources that CloudFormation reads without SAM."""
    kept = {
        name: resource
        for name, resource in document["Resources"].items()
        if not str(resource.get("Type")).startswith("AWS::Serverless::")
    }
    return {**{key: value for key, value in document.items() if key not in ("Globals", "Transform")}, "Resources": kept}


def _run(
    document: Mapping[str, Any], region: str, ignored: Sequence[str]
) -> Iterator[tuple[str, str, Sequence[str | int]]]:
    """Rule, message and path of cfn-lint's findings."""
    logging.getLogger("cfnlint").addHandler(logging.NullHandler())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cfnlint.api import ManualArgs, lint

        found = lint(json.dumps(document), config=ManualArgs(regions=[region], ignore_checks=[*ignored]))
    for match in found:
        yield (
            match.rule.id,
            match.message.replace(". Did you mean", "; did you mean"),
            list(getattr(match, "path", None) or ()),
        )


def _reduce(document: Mapping[str, Any], plan: ProjectPlan, infra: Infra) -> dict[str, Any]:
    """The template with the user's resources and what they refer to."""
    resources = document["Resources"]
    kept = (_names(infra, "Resources") | {function.logical_id for function in _unlike(plan)}) & resources.keys()
    outputs = {name: value for name, value in document.get("Outputs", {}).items() if name in _names(infra, "Outputs")}
    made = {name: _light(name, resources[name], infra) for name in kept}
    wanted = [*references([*made.values()]), *references([*outputs.values()])]
    while wanted:
        name = wanted.pop()
        if name in resources and name not in made:
            made[name] = _light(name, resources[name], infra)
            wanted += references(made[name])
    ordered = {name: made[name] for name in resources if name in made}
    return {
        **{key: value for key, value in document.items() if key != "Outputs"},
        "Resources": ordered,
        "Outputs": outputs,
    }


def _names(infra: Infra, section: str) -> set[str]:
    return {name for name, _, _ in infra.properties(section)}


def _unlike(plan: ProjectPlan) -> list[FunctionPlan]:
    """The first of functions with equal properties; one without any has the project's variables."""
    found: dict[str, FunctionPlan] = {}
    for function in plan.functions:
        properties = {key: value for key, value in function.properties.items() if key != "Timeout"}
        if properties or plan.config.env:
            found.setdefault(json.dumps(properties, sort_keys=True, default=str), function)
    return [*found.values()]


def _packaged(resource: Mapping[str, Any]) -> dict[str, Any]:
    """The resource after `sam package`: local files are in S3."""
    properties = dict(resource.get("Properties") or {})
    for key in _UPLOADED & properties.keys():
        if isinstance(properties[key], str) and not properties[key].startswith("s3://"):
            is_sam = str(resource.get("Type")).startswith("AWS::Serverless::")
            properties[key] = "s3://bucket/key" if is_sam else {"S3Bucket": "bucket", "S3Key": "key"}
    return {**resource, **({"Properties": properties} if properties else {})}


def _light(name: str, resource: Any, infra: Infra) -> Any:
    """The resource without local files, and the API without its document, which refers to all functions."""
    if not isinstance(resource, Mapping):
        return resource
    resource = _packaged(resource)
    if name != API:
        return resource
    properties = dict(resource.get("Properties") or {})
    if "DefinitionBody" not in {key for key, _, _ in infra.properties("Resources", API, "Properties")}:
        properties["DefinitionBody"] = {"openapi": "3.0.1", "info": {"title": "x", "version": "1"}, "paths": {}}
    return {**resource, "Properties": properties}


class _Places:
    """Finds the place where a part of the template was written.

    Args:
        plan: Has the function.yaml files.
        infra: Has its own lines.
    """

    def __init__(self, plan: ProjectPlan, infra: Infra) -> None:
        self._functions = {function.logical_id: function for function in (*plan.functions, plan.fallback)}
        self._infra = infra
        self._env = plan.config.env

    def of(self, path: Sequence[str | int]) -> tuple[str, str]:
        """File and line, and a name for the place."""
        if len(path) < 2:
            return TEMPLATE_FILE, ".".join(map(str, path))
        section, name = str(path[0]), self.owner(str(path[0]), str(path[1]))
        shown = ".".join(map(str, [name, *(part for part in path[2:] if part != "Properties")]))
        keys = [part for part in path[2:] if part != "Properties"]
        for document in self._infra.documents:
            found = document.where(section, name, *path[2:])
            key: tuple[str | int, ...] = ("Properties", keys[0]) if keys and path[2:3] == ["Properties"] else ()
            key = (path[2],) if section == "Globals" and keys else key
            if (section, name, *key) in document.lines:
                return found, shown
        return self._of_function(name, keys) or self._of_resource(section, name), shown

    def _of_function(self, name: str, keys: Sequence[str | int]) -> str:
        function = self._functions.get(name)
        if function is None:
            return ""
        key = str(keys[0]) if keys else ""
        if key in function.places:
            return function.places[key]
        if key == "Environment" and self._env:
            return f"{CONFIG_FILE}, [tool.edgeroutes.env]"
        return function.routes[0].source_file if function.routes else ""

    def _of_resource(self, section: str, name: str) -> str:
        for document in self._infra.documents:
            if (section, name) in document.lines:
                return document.where(section, name)
        return TEMPLATE_FILE

    def owner(self, section: str, name: str) -> str:
        """The written resource behind one that SAM created: `HelloFunction` for `HelloFunctionRole`."""
        written = {*self._functions, *_names(self._infra, section)}
        if section != "Resources" or name in written:
            return name
        return max((each for each in written if name.startswith(each)), key=len, default=name)


def _sam_problem(cause: str, places: _Places) -> ConfigError:
    match = _SAM_RESOURCE.match(cause)
    shared = _SAM_GLOBALS.search(cause)
    if shared is not None:
        where, shown = places.of(["Globals", shared[2], shared[1]])
        return ConfigError(f"{shown}: {cause.rstrip('.')} (SAM)", where=where)
    if match is None:
        return ConfigError(f"SAM refuses the template: {cause.rstrip('.')}", where=TEMPLATE_FILE)
    name, event, message = places.owner("Resources", match[1]), match[2], match[3].rstrip(".")
    event = event or match[1].removeprefix(name)  # SAM's own name for an event of a function
    named = re.search(r"[Pp]roperty '?(\w+)", message)
    key = ["Events", event] if event else [named[1]] if named else []
    where, shown = places.of(["Resources", name, "Properties", *key])
    return ConfigError(f"{shown if event else name}: {message} (SAM)", where=where)


def _near_type(document: Mapping[str, Any], path: Sequence[str | int], region: str) -> str:
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    kind = str(document["Resources"].get(path[1], {}).get("Type"))
    near = get_close_matches(kind, PROVIDER_SCHEMA_MANAGER.get_resource_types(region), n=1)
    return f"Did you mean {near[0]!r}" if near else ""
