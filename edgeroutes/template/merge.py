"""The user's own parts of the template, infra/*.yaml, merged over edgeroutes'. Build wing, floor 2; reads no files."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError, ProjectError, require_no_problems
from edgeroutes.plan.cloudformation import is_intrinsic, is_macro
from edgeroutes.plan.function_yaml import check_variables
from edgeroutes.plan.infra import value_at
from edgeroutes.template.references import check_references

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeroutes.plan.cloudformation import YamlText
    from edgeroutes.plan.infra import Infra

# Source: docs.aws.amazon.com/AWSCloudFormation "template-anatomy", docs.aws.amazon.com/serverless-application-model
# "sam-specification-template-anatomy" (read 2026-11-21), in the order in which we write them.
SECTIONS = (
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
# What two may not say differently of one name: it decides what the thing is.
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
    """Our template with the project's own parts in it.

    Args:
        template: What edgeroutes made.
        infra: The files of infra/, merged in the order of their names.
        places: Of our resources, the file and line that says a property: logical id → property → place.

    Raises:
        ConfigError: For the one thing that is wrong with the files or between them, ProblemsError for several.
    """
    problems: list[ProjectError] = list(infra.problems)
    merger = _Merger(template, problems)
    for document in infra.documents:
        merger.add(document)
    merger.check_types()
    require_no_problems(problems)
    merged = {section: merger.result[section] for section in SECTIONS if merger.result.get(section)}
    require_no_problems(list(check_references(merged, lambda *at: merger.place(*at, places=places or {}))))
    return merged


def merge_values(under: Any, over: Any) -> Any:
    """`over` laid over `under`: mappings key by key, all else replaced; a key without a value takes the key out."""
    if not isinstance(under, dict) or not isinstance(over, dict) or is_intrinsic(under) or is_intrinsic(over):
        return over
    merged = {key: merge_values(under[key], value) if key in under else value for key, value in over.items()}
    result = {key: merged.get(key, value) for key, value in under.items()} | merged
    return {key: value for key, value in result.items() if value is not None}


class _Merger:
    """Lays file after file over the template, remembering who said what."""

    def __init__(self, template: Mapping[str, Any], problems: list[ProjectError]) -> None:
        self.result: dict[str, Any] = {
            section: dict(value) if isinstance(value, dict) else value for section, value in template.items()
        }
        self.own = {section: frozenset(template.get(section, {})) for section in _NAMED}
        self.problems = problems
        self.first_place: dict[tuple[str, str], str] = {}

    def add(self, document: YamlText) -> None:
        for section, content in document.value.items():
            if section not in SECTIONS:
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
        """Every resource needs a Type; one without is meant for a resource that edgeroutes does not make. Its parts are mappings."""
        self._check_mappings()
        own = sorted(self.own["Resources"])
        for name, resource in self.result.get("Resources", {}).items():
            if is_macro(name) or (isinstance(resource, dict) and "Type" in resource):
                continue
            near = get_close_matches(name, own, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}" if near else "Give it a Type"
            where = self.first_place.get(("Resources", name), "")
            self.problems.append(ConfigError(f"resource {name!r} has no Type", where=where, hint=hint))

    def _check_mappings(self) -> None:
        """What CloudFormation takes as mappings alone, and what is laid out as such here."""
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
        """Who says a key of a named part: infra/, else the file behind ours."""
        said = places.get(name, {})
        return self.first_place.get((section, name)) or said.get(key) or said.get("") or name

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
            return True  # two files of infra/ make the same thing
        identity = _IDENTITY.get(section)
        if identity is None:
            return False
        both = isinstance(there, dict) and isinstance(value, dict)
        return not both or value.get(identity, there.get(identity)) != there.get(identity)

    def _conflict(self, section: str, name: str, there: Any, value: Any, where: str) -> ConfigError:
        word = _WORDS[section]
        identity = _IDENTITY.get(section, "")
        if name not in self.own[section]:
            problem = f"{word} {name!r} stands in {self.first_place[section, name]} too"
            return ConfigError(problem, where=where, hint="Rename one of the two, or remove it")
        if not isinstance(value, dict):
            problem = f"{word} {name!r} is edgeroutes' own, and what is laid over it is no mapping"
            return ConfigError(problem, where=where, hint=f"Write the keys of the {word} below its name")
        problem = (
            f"{word} {name!r} has the {identity} {value.get(identity)!r}, and edgeroutes makes one of that name with "
            f"{there.get(identity)!r}"
        )
        return ConfigError(problem, where=where, hint="Give yours another name")

    def _refuse_section(self, section: str, document: YamlText) -> None:
        near = get_close_matches(section, SECTIONS, n=1)
        hint = f"Did you mean {near[0]!r}" if near else f"Allowed are {', '.join(SECTIONS)}"
        problem = f"{section!r} is no section of a template"
        self.problems.append(ConfigError(problem, where=document.where(section), hint=hint))

    def _add_transform(self, content: Any) -> None:
        there = _as_list(self.result.get("Transform"))
        added = [name for name in _as_list(content) if name not in there]
        if added:
            # Source: docs.aws.amazon.com/AWSCloudFormation "transform-aws-languageextensions": it stands before SAM's.
            self.result["Transform"] = [*added, *there]


def _variables(document: YamlText, *path: str) -> Mapping[str, Any]:
    found = value_at(document.value, *path)
    return found if isinstance(found, Mapping) and not is_intrinsic(found) else {}


def _as_list(value: Any) -> Sequence[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
