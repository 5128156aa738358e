"""Merges the project's own template parts, infra/*.yaml, over the generated ones, and checks references."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError, ProjectError, require_no_problems, suggest
from edgeroutes.plan.cloudformation import is_intrinsic, is_macro, value_at
from edgeroutes.plan.function_yaml import check_variables
from edgeroutes.template.transform import SAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from edgeroutes.plan.cloudformation import Infra, YamlText

# Source: docs.aws.amazon.com/AWSCloudFormation "template-anatomy", docs.aws.amazon.com/serverless-application-model
# "sam-specification-template-anatomy" (read 2026-11-21), in the order of template.yaml.
_SECTIONS = (
    "AWSTemplateFormatVersion",
    "Transform",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Globals",
    "Resources",
    "Outputs",
)
_NAMED = ("Metadata", "Parameters", "Rules", "Mappings", "Conditions", "Resources", "Outputs")
# The key that decides what a part is: two of one name must agree.
_IDENTITY = {"Parameters": "Type", "Resources": "Type", "Outputs": "Value"}
_WORDS = {
    "Conditions": "condition",
    "Mappings": "mapping",
    "Metadata": "metadata key",
    "Outputs": "output",
    "Parameters": "parameter",
    "Resources": "resource",
    "Rules": "rule",
}


def merge_infra(
    template: Mapping[str, Any], infra: Infra, places: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, Any]:
    """The generated template with the project's own parts.

    Args:
        template: The generated one.
        infra: The files of infra/, merged in the order of their names.
        places: Logical id → property → the file and line that sets it, for generated resources.

    Raises:
        ConfigError: For a problem of the files; ProblemsError for several.
    """
    problems: list[ProjectError] = list(infra.problems)
    merger = _Merger(template, problems)
    for document in infra.documents:
        merger.add(document)
    merger.check_types()
    require_no_problems(problems)
    merged = {section: merger.result[section] for section in _SECTIONS if merger.result.get(section)}
    require_no_problems(list(check_references(merged, lambda *at: merger.place(*at, places=places or {}))))
    return merged


def merge_values(under: Any, over: Any) -> Any:
    """`over` merged over `under`: mappings key by key, all else replaced; a key without a value removes the key."""
    if not isinstance(under, dict) or not isinstance(over, dict) or is_intrinsic(under) or is_intrinsic(over):
        return over
    merged = {key: merge_values(under[key], value) if key in under else value for key, value in over.items()}
    result = {key: merged.get(key, value) for key, value in under.items()} | merged
    return {key: value for key, value in result.items() if value is not None}


class _Merger:
    """Merges file after file over the template, with the place of each part."""

    def __init__(self, template: Mapping[str, Any], problems: list[ProjectError]) -> None:
        self.result: dict[str, Any] = {
            section: dict(value) if isinstance(value, dict) else value for section, value in template.items()
        }
        self.own = {section: frozenset(template.get(section, {})) for section in _NAMED}
        self.problems = problems
        self.first_place: dict[tuple[str, str], str] = {}

    def add(self, document: YamlText) -> None:
        for section, content in document.value.items():
            if section not in _SECTIONS:
                self._refuse_section(section, document)
            elif content is None or section == "AWSTemplateFormatVersion":
                continue
            elif section == "Transform":
                self._add_transform(content)
            elif section == "Description":
                self.result[section] = content
            elif not isinstance(content, dict):
                problem = f"{section} is {content!r}. Allowed is a mapping of names"
                self.problems.append(ConfigError(problem, where=document.where(section)))
            elif section == "Globals":
                self._check_globals(content, document)
                self.result[section] = merge_values(self.result.get(section, {}), content)
            else:
                for name, value in content.items():
                    self._add_named(section, name, value, document)

    def _check_globals(self, content: Mapping[str, Any], document: YamlText) -> None:
        for name, value in content.items():
            if not isinstance(value, dict | None):
                problem = f"Globals has {name}: {value!r}. Allowed is a mapping of properties"
                self.problems.append(ConfigError(problem, where=document.where("Globals", name)))

    def check_types(self) -> None:
        """Check that every resource has a Type, and that parts are mappings."""
        self._check_mappings()
        own = sorted(self.own["Resources"])
        for name, resource in self.result.get("Resources", {}).items():
            if is_macro(name) or (isinstance(resource, dict) and "Type" in resource):
                continue
            hint = suggest(name, own, "Give it a Type", cutoff=0.5)
            where = self.first_place.get(("Resources", name), "")
            self.problems.append(ConfigError(f"resource {name!r} has no Type", where=where, hint=hint))

    def _check_mappings(self) -> None:
        for section in ("Parameters", "Resources", "Outputs"):
            for name, part in self.result.get(section, {}).items():
                if name.startswith("Fn::"):
                    continue
                where = self.first_place.get((section, name), "")
                if part is not None and not isinstance(part, dict):
                    problem = f"{_WORDS[section]} {name!r} is {part!r}. Allowed is a mapping"
                    self.problems.append(ConfigError(problem, where=where))
                elif not isinstance(properties := (part or {}).get("Properties", {}), dict | None):
                    problem = f"{_WORDS[section]} {name!r} has the Properties {properties!r}. Allowed is a mapping"
                    self.problems.append(ConfigError(problem, where=where))

    def place(self, section: str, name: str, key: str, *, places: Mapping[str, Mapping[str, str]]) -> str:
        """The file that sets a key of a named part: in infra/, or behind a generated one."""
        generated = places.get(name, {})
        return self.first_place.get((section, name)) or generated.get(key) or generated.get("") or name

    def _add_named(self, section: str, name: str, value: Any, document: YamlText) -> None:
        where = document.where(section, name)
        if section == "Resources" and name in self.own[section]:
            path = (section, name, "Properties", "Environment", "Variables")
            self.problems += check_variables(_variables(document, *path), document, *path)
        names = self.result.setdefault(section, {})
        if name not in names:
            names[name] = value
            self.first_place[section, name] = where
            return
        if self._conflicts(section, name, names[name], value):
            self.problems.append(self._conflict(section, name, names[name], value, where))
            return
        self.first_place.setdefault((section, name), where)
        names[name] = merge_values(names[name], value)

    def _conflicts(self, section: str, name: str, there: Any, value: Any) -> bool:
        if there == value:
            return False
        if name not in self.own[section]:
            return True  # two files of infra/ declare it
        identity = _IDENTITY.get(section)
        if identity is None:
            return False
        both = isinstance(there, dict) and isinstance(value, dict)
        return not both or value.get(identity, there.get(identity)) != there.get(identity)

    def _conflict(self, section: str, name: str, there: Any, value: Any, where: str) -> ConfigError:
        word = _WORDS[section]
        identity = _IDENTITY.get(section, "")
        if name not in self.own[section]:
            problem = f"{word} {name!r} is also declared in {self.first_place[section, name]}"
            return ConfigError(problem, where=where, hint="Rename one of the two, or remove it")
        if not isinstance(value, dict):
            problem = f"{word} {name!r} is generated, and its override is {value!r}. Allowed is a mapping"
            return ConfigError(problem, where=where, hint=f"Write the keys of the {word} below its name")
        problem = (
            f"{word} {name!r} has the {identity} {value.get(identity)!r}, and edgeroutes generates one of that name with "
            f"{there.get(identity)!r}"
        )
        return ConfigError(problem, where=where, hint="Use another name")

    def _refuse_section(self, section: str, document: YamlText) -> None:
        hint = suggest(section, _SECTIONS, f"Allowed are {', '.join(_SECTIONS)}")
        problem = f"{section!r} is not a section of a template"
        self.problems.append(ConfigError(problem, where=document.where(section), hint=hint))

    def _add_transform(self, content: Any) -> None:
        there = _as_list(self.result.get("Transform"))
        added = [name for name in _as_list(content) if name not in there]
        if added:
            # Source: docs.aws.amazon.com/AWSCloudFormation "transform-aws-languageextensions": it comes before SAM's.
            self.result["Transform"] = [*added, *there]


def _variables(document: YamlText, *path: str) -> Mapping[str, Any]:
    found = value_at(document.value, *path)
    return found if isinstance(found, Mapping) and not is_intrinsic(found) else {}


def _as_list(value: Any) -> Sequence[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


_VARIABLE = re.compile(r"\$\{([^!${}][^${}]*)\}")
# Pseudo parameters, and resources that SAM always creates. Source: aws-sam-translator 1.115.0, samtranslator.plugins.api and .model.
_ALWAYS_THERE = ("AWS::", "Serverless", "CodeDeployServiceRole", "ApiGatewayDomainName", "RecordSetGroup")
# Types that become several resources, with names that start with theirs: HelloFunctionRole, HelloFunctionAliaslive.
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
        elif key == "DependsOn" and _are_names(item):  # an ECS container has mappings here
            yield from [item] if isinstance(item, str) else item
        else:
            yield from references(item)


def _read_sub(value: Any) -> tuple[str, dict[str, Any]]:
    """The text of a `Fn::Sub` and the variables that it binds; empty for another form."""
    text, bound = (
        (value, {}) if isinstance(value, str) else (value[0], value[-1]) if isinstance(value, list) else ("", {})
    )
    return text if isinstance(text, str) else "", bound if isinstance(bound, dict) else {}


def _are_names(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value))


def check_references(document: Mapping[str, Any], place: Callable[[str, str, str], str]) -> Iterator[ConfigError]:
    """References of resources and outputs to names that the template does not have.

    Args:
        document: The whole template.
        place: Section, name and property → the file that sets it.
    """
    resources = document.get("Resources", {})
    if document.get("Transform") != SAM or any(map(is_macro, resources)):
        return  # a macro may add the names
    known = {*resources, *document.get("Parameters", {})}
    several = tuple(name for name, each in resources.items() if _BECOMES_SEVERAL.search(str(each.get("Type"))))
    for section in ("Resources", "Outputs"):
        for name, part in document.get(section, {}).items():
            for wanted, key in _wanted(part).items():
                if wanted not in known and not wanted.startswith((*_ALWAYS_THERE, *several)):
                    problem = (
                        f"{name} refers to {wanted!r}, which is neither a resource nor a parameter of the template"
                    )
                    hint = suggest(wanted, known, "Declare it in infra/")
                    yield ConfigError(problem, where=place(section, name, key), hint=hint)


def _wanted(part: Any) -> dict[str, str]:
    """The names that a resource or an output refers to, each with its first property."""
    if not isinstance(part, dict):
        return {}
    properties = part.get("Properties")
    values = {**part, **properties, "Properties": None} if isinstance(properties, dict) else part
    found: dict[str, str] = {}
    for key, value in values.items():
        for wanted in references({key: value}):
            found.setdefault(wanted, key)
    return found
