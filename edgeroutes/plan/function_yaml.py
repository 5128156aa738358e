"""function.yaml: SAM's function properties for the routes at or below its folder. Reads no files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from edgeroutes.config import THROTTLES, parse_cors, variable_problem
from edgeroutes.errors import ConfigError, ProjectError
from edgeroutes.plan.cloudformation import is_intrinsic, parse_yaml
from edgeroutes.routing.conventions import GROUP_NAMES, is_group_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgeroutes.http.cors import CORS
    from edgeroutes.plan.cloudformation import Infra, YamlText

# Source: aws-sam-translator 1.115.0, samtranslator.internal.schema_source.aws_serverless_function.Properties.
FUNCTION_PROPERTIES = frozenset(
    {
        "Architectures",
        "AssumeRolePolicyDocument",
        "AutoPublishAlias",
        "AutoPublishAliasAllProperties",
        "AutoPublishCodeSha256",
        "CapacityProviderConfig",
        "CodeSigningConfigArn",
        "CodeUri",
        "DeadLetterQueue",
        "DeploymentPreference",
        "Description",
        "DurableConfig",
        "Environment",
        "EphemeralStorage",
        "EventInvokeConfig",
        "Events",
        "FileSystemConfigs",
        "FunctionName",
        "FunctionScalingConfig",
        "FunctionUrlConfig",
        "Handler",
        "ImageConfig",
        "ImageUri",
        "InlineCode",
        "KmsKeyArn",
        "Layers",
        "LoggingConfig",
        "MemorySize",
        "PackageType",
        "PermissionsBoundary",
        "Policies",
        "PropagateTags",
        "ProvisionedConcurrencyConfig",
        "PublishToLatestPublished",
        "RecursiveLoop",
        "ReservedConcurrentExecutions",
        "Role",
        "RolePath",
        "Runtime",
        "RuntimeManagementConfig",
        "SnapStart",
        "SourceKMSKeyArn",
        "Tags",
        "TenancyConfig",
        "Timeout",
        "Tracing",
        "VersionDeletionPolicy",
        "VersionDescription",
        "VpcConfig",
    }
)
THROTTLE_KEYS = ("throttle_rate", "throttle_burst")
_OWN_KEYS = ("include", "exclude", "cors", "isolate", *THROTTLE_KEYS)
# Properties that edgeroutes sets itself, with the setting to use instead.
_RESERVED = {
    "Architectures": "Set 'architecture' in [tool.edgeroutes]",
    "CodeUri": "Leave it out",
    "Handler": "Leave it out",
    "ImageConfig": "Leave it out: functions are zip files",
    "ImageUri": "Leave it out: functions are zip files",
    "InlineCode": "Leave it out",
    "PackageType": "Leave it out: functions are zip files",
    "Runtime": "Set 'runtime' in [tool.edgeroutes]",
}
# Of those, what SAM would give to our functions although they say otherwise, or beside it.
_NOT_GLOBAL = ("Architectures", "ImageConfig", "ImageUri", "InlineCode", "PackageType")
_MERGED_BY_SAM = ("Environment", "Layers")
# Properties of a function that Globals cannot set; SAM refuses them there. Source: as FUNCTION_PROPERTIES, samtranslator.plugins.globals.
_FUNCTIONS_OWN = ("Events", "FunctionName", "Policies", "Role", "VersionDescription")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSettings:
    """The settings in the function.yaml files of a route, or in one of them.

    Args:
        properties: Of `AWS::Serverless::Function`; None for one that a nearer file removes.
        include: Modules and files that ship although nothing imports them.
        exclude: Distributions and modules that stay out.
        places: The file and line that set each property last, and each key and item in it: `SnapStart.ApplyOn`, `Policies.1`.
        throttles: `throttle_rate` and `throttle_burst`, as far as they are declared; their places are in `places`.
        cors: The CORS in one file: a `CORS`, False to disable it, or None if the file does not set it. `plan.cors` decides which
            file counts.
        isolate: "route" or the name of a group; None if no file sets it.
    """

    properties: Mapping[str, Any] = field(default_factory=dict)
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    throttles: Mapping[str, int] = field(default_factory=dict)
    cors: CORS | bool | None = None
    isolate: str | None = None


def parse_function_yaml(text: str, source_file: str, problems: list[ProjectError]) -> FunctionSettings:
    """The settings in one function.yaml; problems are added to `problems`."""
    try:
        document = parse_yaml(text, source_file)
    except ConfigError as err:
        problems.append(err)
        return FunctionSettings()
    problems += [problem for key in document.value if (problem := _check_key(key, document)) is not None]
    properties = {key: value for key, value in document.value.items() if key in FUNCTION_PROPERTIES}
    for check in (_check_environment, _check_policies):
        problems += check(properties, document)
    return FunctionSettings(
        properties=properties,
        include=_read_texts("include", document, problems),
        exclude=_read_texts("exclude", document, problems),
        places=_places(document, (*properties, *THROTTLE_KEYS)),
        throttles=_read_throttles(document, problems),
        cors=_read_cors(document, problems) if "cors" in document.value else None,
        isolate=_read_isolate(document, problems) if "isolate" in document.value else None,
    )


def parse_globals(infra: Infra, problems: list[ProjectError]) -> FunctionSettings:
    """What `Globals.Function` in infra/ sets for all functions; problems are added to `problems`.

    SAM merges `Environment` and `Layers` by itself; `Runtime`, `Handler` and `CodeUri` are for functions of the author's own.
    """
    found: list[FunctionSettings] = []
    for document in infra.documents:
        shared = document.below("Globals", "Function")
        refused = [key for key in _NOT_GLOBAL if key in shared.value]
        problems += [
            ConfigError(
                f"{key!r} in Globals would be for edgeroutes' functions, too",
                where=shared.where(key),
                hint=_RESERVED[key],
            )
            for key in refused
        ]
        properties = {
            key: value for key, value in shared.value.items() if key in FUNCTION_PROPERTIES and key not in _RESERVED
        }
        problems += _check_environment(properties, shared)
        properties = {key: value for key, value in properties.items() if key not in (*_MERGED_BY_SAM, *_FUNCTIONS_OWN)}
        found.append(FunctionSettings(properties=properties, places=_places(shared, properties)))
    return merge_settings(found)


def merge_settings(settings: Iterable[FunctionSettings]) -> FunctionSettings:
    """The settings of one route, from several files.

    Args:
        settings: Outermost folder first: of two the latter wins key by key, but Policies, the variables of Environment,
            `include` and `exclude` are those of both, where neither takes back an entry of the other that stands further out. A key
            without a value takes back what stands further out.
    """
    properties: dict[str, Any] = {}
    places: dict[str, str] = {}
    include: list[str] = []
    exclude: list[str] = []
    throttles: dict[str, int] = {}
    isolate: str | None = None
    for each in settings:
        isolate = each.isolate or isolate
        throttles |= each.throttles
        places |= {key: each.places[key] for key in each.throttles}
        for key, value in each.properties.items():
            places = _merge_places(key, places, properties.get(key), each)
            if value is None:
                properties.pop(key, None)
            else:
                properties[key] = merge_property(key, properties.get(key), value)
        include = [*(entry for entry in include if entry not in each.exclude), *each.include]
        exclude = [*(entry for entry in exclude if entry not in each.include), *each.exclude]
    return FunctionSettings(
        properties=properties,
        include=tuple(dict.fromkeys(include)),
        exclude=tuple(dict.fromkeys(exclude)),
        places=places,
        throttles=throttles,
        isolate=isolate,
    )


def merge_property(key: str, outer: Any, inner: Any) -> Any:
    """The value of one property if an inner folder sets it too."""
    if outer is None:
        return inner
    if key == "Policies":
        policies = [*_as_list(outer), *_as_list(inner)]
        return [policy for index, policy in enumerate(policies) if policy not in policies[:index]]
    if key == "Environment":
        return {**outer, **inner, "Variables": {**outer.get("Variables", {}), **inner.get("Variables", {})}}
    return inner


def places_within(places: Mapping[str, str], key: str) -> dict[str, str]:
    """Of the places those of a property and of what is in it."""
    return {path: place for path, place in places.items() if path == key or path.startswith(f"{key}.")}


def _places(document: YamlText, properties: Iterable[str]) -> dict[str, str]:
    wanted = {key for key in properties if key in document.value}
    found = {
        ".".join(map(str, path)): f"{document.source_file}:{line}"
        for path, line in document.lines.items()
        if path and path[0] in wanted
    }
    return {**{key: document.where(key) for key in wanted}, **found}


def _merge_places(key: str, outer: Mapping[str, str], value: Any, inner: FunctionSettings) -> dict[str, str]:
    """The places of all properties after an inner folder has set this one."""
    added, kept = places_within(inner.places, key), dict(outer)
    if key == "Policies" and value is not None and inner.properties[key] is not None:
        kept |= {
            f"{key}.{index}": outer.get(key, "")
            for index, _ in enumerate(_as_list(value))
            if f"{key}.{index}" not in outer
        }
        added = _moved(added, _as_list(value), _as_list(inner.properties[key]))
    elif key != "Environment":
        kept = {path: place for path, place in kept.items() if path not in places_within(outer, key)}
    return {**kept, **added, key: inner.places.get(key, "")}


def _moved(places: Mapping[str, str], outer: list[Any], inner: list[Any]) -> dict[str, str]:
    """Places of an inner folder's policies, counted as they are after those of the outer one."""
    merged = merge_property("Policies", outer, inner)
    found: dict[str, str] = {}
    for index, policy in enumerate(inner):
        position = merged.index(policy)
        found[f"Policies.{position}"] = places.get(f"Policies.{index}") or places.get("Policies", "")
        below = places_within(places, f"Policies.{index}")
        found |= {
            f"Policies.{position}{path.removeprefix(f'Policies.{index}')}": place for path, place in below.items()
        }
    return found


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def _check_key(key: str, document: YamlText) -> ConfigError | None:
    where = document.where(key)
    if key in _RESERVED:
        return ConfigError(f"{key!r} is edgeroutes' own to set", where=where, hint=_RESERVED[key])
    if key in FUNCTION_PROPERTIES or key in _OWN_KEYS:
        return None
    near = get_close_matches(key, [*FUNCTION_PROPERTIES, *_OWN_KEYS], n=1, cutoff=0.5)
    folded = [known for known in FUNCTION_PROPERTIES if known.lower() == key.replace("_", "").lower()]
    own = f"{', '.join(map(repr, _OWN_KEYS[:-1]))} or {_OWN_KEYS[-1]!r}"
    problem = f"{key!r} is not a property of AWS::Serverless::Function, nor {own}"
    known = [*folded, *near]
    return ConfigError(problem, where=where, hint=f"Did you mean {known[0]!r}" if known else "Take it out")


def _check_environment(properties: dict[str, Any], document: YamlText) -> list[ConfigError]:
    environment = properties.get("Environment")
    if environment is None:
        return []
    variables = environment.get("Variables") if isinstance(environment, Mapping) else None
    if isinstance(variables, Mapping) and set(environment) == {"Variables"} and not is_intrinsic(variables):
        return check_variables(variables, document, "Environment", "Variables")
    del properties["Environment"]
    where = document.where("Environment")
    hint = "Write 'Environment:', below it 'Variables:', and below that 'NAME: value' lines"
    return [ConfigError("Environment holds no 'Variables' alone", where=where, hint=hint)]


def check_variables(variables: Mapping[str, Any], document: YamlText, *path: str) -> list[ConfigError]:
    """Problems with reserved names of environment variables.

    Args:
        variables: The variables of a function, or of all functions.
        document: The file.
        path: Their path in the file.
    """
    return [
        ConfigError(problem, where=document.where(*path, name), hint="Use another name")
        for name in variables
        if (problem := variable_problem(name))
    ]


def _check_policies(properties: dict[str, Any], document: YamlText) -> list[ConfigError]:
    policies = properties.get("Policies")
    if policies is None or all(isinstance(policy, str | Mapping) for policy in _as_list(policies)):
        return []
    del properties["Policies"]
    problem = "Policies are not names, ARNs, policy templates or policy documents"
    return [ConfigError(problem, where=document.where("Policies"), hint="Write a list of them")]


def _read_texts(key: str, document: YamlText, problems: list[ProjectError]) -> tuple[str, ...]:
    value = document.value.get(key)
    if value is None:
        return ()
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list) and all(isinstance(item, str) and item for item in value):
        return tuple(value)
    problems.append(ConfigError(f"{key!r} is {value!r}. Allowed is a list of names", where=document.where(key)))
    return ()


def _read_throttles(document: YamlText, problems: list[ProjectError]) -> dict[str, int]:
    found: dict[str, int] = {}
    for key in THROTTLE_KEYS:
        value = document.value.get(key)
        if type(value) is int and value in THROTTLES:
            found[key] = value
        elif key in document.value:
            problem = f"{key} is {value!r}. Allowed are whole numbers from {THROTTLES[0]:,} to {THROTTLES[-1]:,}"
            problems.append(ConfigError(problem, where=document.where(key)))
    return found


def _read_isolate(document: YamlText, problems: list[ProjectError]) -> str | None:
    value = document.value["isolate"]
    if is_group_name(value):
        return str(value)
    problem = f"isolate is {value!r}. Allowed: {GROUP_NAMES}"
    problems.append(ConfigError(problem, where=document.where("isolate")))
    return None


def _read_cors(document: YamlText, problems: list[ProjectError]) -> CORS | bool | None:
    value = document.value["cors"]
    if value is False:
        return value
    try:
        if not isinstance(value, Mapping):
            raise ValueError(f"cors is {value!r}. Allowed are the arguments of CORS, and false for none")  # noqa: TRY004, TRY301
        return parse_cors(value)
    except ValueError as err:
        problems.append(ConfigError(str(err), where=document.where("cors")))
        return None
