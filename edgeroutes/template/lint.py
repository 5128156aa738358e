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

from edgeroutes.errors import ConfigError, Problem, suggest
from edgeroutes.names import TEMPLATE_FILE
from edgeroutes.plan.cloudformation import value_at
from edgeroutes.template.api import API
from edgeroutes.template.merge import references
from edgeroutes.template.transform import SamError, transform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgeroutes.plan.cloudformation import Infra
    from edgeroutes.plan.model import FunctionPlan, ProjectPlan

# Rules about unused parts: most of the template is left out.
_ABOUT_UNUSED = ("W2001", "W7001", "W8001")
# Rules about references: what SAM has refused is missing.
_ABOUT_REFERENCES = ("E1010", "E1019", "E1020", "E3005", "E6101")
# Here SAM has been there before.
_ABOUT_TRANSFORM = "E3038"
_UNKNOWN_TYPE = "E3006"
# Rules about what is missing in a resource: SAM may have refused it.
_ABOUT_REQUIRED = ("E3003", "E3639")
_ALTERNATIVES = re.compile(r"'([^']*)' is not one of \[(.*)\]")
_SHOWN_VALUES = 12
# What SAM calls properties of a function otherwise, and by the ends of their names the resources that it makes of properties.
# Source: aws-sam-translator 1.115.0, samtranslator.model.sam_resources.SamFunction.
_SAM_KEYS = {
    "TracingConfig": "Tracing", "DeadLetterConfig": "DeadLetterQueue", "Code": "CodeUri",
}  # fmt: skip
_SAM_RESOURCES = {
    "Url": "FunctionUrlConfig", "UrlPublicPermissions": "FunctionUrlConfig", "EventInvokeConfig": "EventInvokeConfig", "Role": "Policies",
}  # fmt: skip
# The maximum number of runs of SAM's translator to find all errors.
_SAM_ROUNDS = 10
# Which settings of pyproject.toml are behind a property of a function.
_FUNCTION_SETTINGS = {
    "MemorySize": "memory_mib", "Timeout": "timeout_s", "Runtime": "runtime", "Architectures": "architecture", "Environment": "env",
}  # fmt: skip
# Source: docs.aws.amazon.com/cli "cloudformation package" (read 2026-11-30), of what has to do with functions.
_UPLOADED = frozenset({"Code", "CodeUri", "Content", "ContentUri", "DefinitionUri"})
_SAM_GLOBALS = re.compile(r"'(\w+)' is not a supported property of '(\w+)'")
_SAM_ITEM = re.compile(r"at index (\d+)")
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
    made, refused = _translate(reduced, places, region, problems)
    ignored = (*_ABOUT_UNUSED, _ABOUT_TRANSFORM, *(_ABOUT_REFERENCES if refused else ()))
    found_warnings: list[Problem] = []
    seen: set[tuple[str | int, ...]] = set()
    for rule, message, path in _run(made, region, ignored):
        if rule in _ABOUT_REQUIRED and places.owner(*map(str, path[:2])) in refused:
            continue
        where, shown = places.of(path)
        if len(path) > 1 and places.is_inherited(path, where):
            finding = (where, rule, message, *path[3:])
            if finding in seen:
                continue
            seen.add(finding)
        text = f"{shown}: {message} (cfn-lint {rule})" if shown else f"{message} (cfn-lint {rule})"
        if rule.startswith("E"):
            hint = _near_type(made, path, region) if rule == _UNKNOWN_TYPE else ""
            problems.append(ConfigError(text, where=where, hint=hint))
        elif rule.startswith("W"):
            found_warnings.append(Problem(text, where=where))
    return LintFindings(problems=tuple(problems), warnings=tuple(found_warnings))


def _translate(
    document: dict[str, Any], places: _Places, region: str, problems: list[ConfigError]
) -> tuple[dict[str, Any], set[str]]:
    """What SAM makes of the template, and the resources that it refused in part.

    SAM stops at what it refuses: that is added to `problems` and taken out, and the rest is tried again.
    """
    document, refused = deepcopy(document), set[str]()
    for _ in range(_SAM_ROUNDS):
        try:
            return transform(deepcopy(document), {}, region), refused
        except SamError as err:
            causes = [_read_cause(cause, document, places) for cause in err.causes]
        except Exception as err:  # noqa: BLE001  # what nobody has foreseen makes the translator stumble in many ways
            problems += [_sam_problem(_Cause(message=f"the translator fails: {type(err).__name__}: {err}"), places)]
            break
        # What SAM then misses in a resource that has lost something is not the author's.
        problems += [_sam_problem(each, places) for each in causes if each.is_written or each.resource not in refused]
        refused |= {each.resource for each in causes}
        taken_out = [_take_out(document, each) for each in causes]
        if not all(taken_out):
            break
    return _without_sam(document), {*document["Resources"], *refused}


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
            _ALTERNATIVES.sub(_shorten, match.message.replace(". Did you mean", "; did you mean")),
            list(getattr(match, "path", None) or ()),
        )


def _shorten(match: re.Match[str]) -> str:
    """A long list of allowed values as their number, with the nearest one."""
    allowed = re.findall(r"'([^']*)'", match[2])
    if len(allowed) <= _SHOWN_VALUES:
        return match[0]
    near = get_close_matches(match[1], allowed, n=1)
    return f"'{match[1]}' is none of the {len(allowed)} allowed values" + (
        f"; did you mean {near[0]!r}?" if near else ""
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
        self._settings = plan.config.places
        self._shared = {
            f"{document.source_file}:{line}"
            for document in infra.documents
            for path, line in document.lines.items()
            if path[:1] == ("Globals",)
        }

    def of(self, path: Sequence[str | int]) -> tuple[str, str]:
        """File and line, and a name for the place."""
        if len(path) < 2:
            return TEMPLATE_FILE, ".".join(map(str, path))
        path = [*path]
        section, made = str(path[0]), str(path[1])
        name = self.owner(section, made)
        shown = ".".join(map(str, [name, *(part for part in path[2:] if part != "Properties")]))
        keys = [*path[3:]] if path[2:3] == ["Properties"] else [*path[2:]]
        written = [keys] if section != "Resources" else self._written(keys, made.removeprefix(name))
        place = next(filter(None, (self._of_infra(section, name, each, path) for each in written)), "")
        place = place or next(filter(None, map(self._of_globals, written)), "")
        if not place and name in self._functions:
            place = self._of_function(self._functions[name], written)
        return place or self._of_resource(section, name), shown

    def _written(self, keys: Sequence[str | int], suffix: str) -> list[Sequence[str | int]]:
        """How the author may have written a property that SAM has renamed, or made a resource of."""
        if not keys:
            return [keys]
        found = [keys, [_SAM_KEYS.get(str(keys[0]), keys[0]), *keys[1:]]]
        if not suffix:
            return found
        if suffix in _SAM_RESOURCES:
            return [[_SAM_RESOURCES[suffix], *keys]]
        return [["Events", suffix, "Properties", *keys], ["AutoPublishAlias", *keys]]

    def _of_infra(self, section: str, name: str, keys: Sequence[str | int], path: Sequence[str | int]) -> str:
        """The line in infra/ that has the outermost key."""
        inner = ["Properties", *keys] if path[2:3] == ["Properties"] and keys else [*path[2:]]
        for document in self._infra.documents:
            outermost = inner[:2] if inner[:1] == ["Properties"] else inner[:1] if section == "Globals" else []
            if (section, name, *outermost) in document.lines:
                return document.where(section, name, *inner)
        return ""

    def _of_globals(self, keys: Sequence[str | int]) -> str:
        """The line of `Globals` that sets a property of functions."""
        for document in self._infra.documents:
            if keys and ("Globals", "Function", keys[0]) in document.lines:
                return document.where("Globals", "Function", *keys)
        return ""

    def _of_function(self, function: FunctionPlan, written: Sequence[Sequence[str | int]]) -> str:
        for keys in written:
            for length in range(len(keys), 0, -1):
                place = function.places.get(".".join(map(str, keys[:length])))
                if place:
                    return place
        setting = next(filter(None, (self._of_setting(keys) for keys in written)), "")
        return setting or (function.routes[0].source_file if function.routes else "")

    def _of_setting(self, keys: Sequence[str | int]) -> str:
        """The line of pyproject.toml that sets a property; empty where none does."""
        name = next((name for key, name in _FUNCTION_SETTINGS.items() if key in keys), "")
        if name != "env":
            return self._settings.get(name, "")
        named = (self._settings.get(f"env.{key}") for key in keys)
        return next(filter(None, named), self._settings.get("env", ""))

    def _of_resource(self, section: str, name: str) -> str:
        for document in self._infra.documents:
            if (section, name) in document.lines:
                return document.where(section, name)
        return TEMPLATE_FILE

    def is_inherited(self, path: Sequence[str | int], where: str) -> bool:
        """Whether functions share what is wrong: it is written above all of them."""
        return where in self._shared or self.owner(*map(str, path[:2])) in self._functions

    def owner(self, section: str, name: str) -> str:
        """The written resource behind one that SAM created: `HelloFunction` for `HelloFunctionRole`."""
        written = {*self._functions, *_names(self._infra, section)}
        if section != "Resources" or name in written:
            return name
        return max((each for each in written if name.startswith(each)), key=len, default=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cause:
    """One thing that SAM refuses.

    Args:
        message: Without the resource's name.
        resource: As it was written; empty where SAM names none.
        path: The path of the error in the template; that of the resource if nothing more exact is known.
    """

    message: str
    resource: str = ""
    path: tuple[str, ...] = ()

    @property
    def is_written(self) -> bool:
        """Whether it is about something that stands in the template, not about something that is missing."""
        return len(self.path) > 2


def _read_cause(cause: str, document: Mapping[str, Any], places: _Places) -> _Cause:
    match, shared = _SAM_RESOURCE.match(cause), _SAM_GLOBALS.search(cause)
    if shared is not None:
        return _Cause(message=cause.rstrip("."), path=("Globals", shared[2], shared[1]))
    if match is None:
        return _Cause(message=f"SAM refuses the template: {cause.rstrip('.')}")
    name, event, message = places.owner("Resources", match[1]), match[2], match[3].rstrip(".")
    event = event or match[1].removeprefix(name)  # SAM's own name for an event of a function
    path: tuple[str, ...] = ("Resources", name)
    properties = value_at(document, *path, "Properties")
    if event and value_at(properties, "Events", event) is not None:
        path = (*path, "Properties", "Events", event)
        return _Cause(
            message=message, resource=name, path=(*path, *_find_key(value_at(document, *path), _words(message)))
        )
    found = _find_key(properties, _words(message))
    item = _SAM_ITEM.search(message)
    found = (*found, item[1]) if found and item is not None else found
    return _Cause(message=message, resource=name, path=(*path, "Properties", *found) if found else path)


def _words(message: str) -> list[str]:
    """What a message of SAM's may call a property, the likeliest first: in quotes, after the word, with a capital."""
    patterns = (r"'(\w+)'", r"[Pp]roperty (\w+)", r"\b([A-Z]\w+)")
    return [word for pattern in patterns for word in re.findall(pattern, message)]


def _find_key(value: Any, words: Sequence[str]) -> tuple[str, ...]:
    """The path of the outermost key that is one of these words, the first that there is."""
    for word in words:
        level: list[tuple[tuple[str, ...], Any]] = [((), value)]
        while level:
            inner = [
                ((*path, str(key)), each)
                for path, holder in level
                for key, each in (holder.items() if isinstance(holder, Mapping) else _numbered(holder))
            ]
            found = next((path for path, _ in inner if path[-1] == word), ())
            if found:
                return found
            level = inner
    return ()


def _numbered(value: Any) -> Iterator[tuple[str, Any]]:
    yield from ((str(index), each) for index, each in enumerate(value if isinstance(value, list) else ()))


def _take_out(document: dict[str, Any], cause: _Cause) -> bool:
    """Remove what SAM refuses: the property or event, else the resource; whether there was anything to remove."""
    path = cause.path[:5] if cause.path[3:4] == ("Events",) else cause.path[:4]
    holder = value_at(document, *path[:-1])
    if not path or not isinstance(holder, dict) or path[-1] not in holder:
        return False
    del holder[path[-1]]
    return True


def _sam_problem(cause: _Cause, places: _Places) -> ConfigError:
    if not cause.path:
        return ConfigError(cause.message, where=TEMPLATE_FILE)
    where, shown = places.of(cause.path)[0], places.of(cause.path[:5])[1]
    is_exact = cause.path[:1] == ("Globals",) or "Events" in cause.path
    return ConfigError(f"{shown if is_exact else cause.resource}: {cause.message} (SAM)", where=where)


def _near_type(document: Mapping[str, Any], path: Sequence[str | int], region: str) -> str:
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    kind = str(document["Resources"].get(path[1], {}).get("Type"))
    return suggest(kind, PROVIDER_SCHEMA_MANAGER.get_resource_types(region))
