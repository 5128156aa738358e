"""The project's settings, `[tool.edgeroutes]` in pyproject.toml.

Functions never read it: their manifest has what they need.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from inspect import signature
from pathlib import Path
from typing import Any

from edgeroutes.errors import ConfigError, ProjectError, require_no_problems, show_value, suggest
from edgeroutes.http.cors import CORS
from edgeroutes.http.headers import is_token
from edgeroutes.names import (
    CONFIG_FILE,
    DATA_CACHE_TABLE_VARIABLE,
    DISTRIBUTION_ID_VARIABLE,
    OWN_VARIABLES,
    SAM_CONFIG_FILE,
    STATE_TABLE_VARIABLE,
)
from edgeroutes.routing.conventions import GROUP_NAMES, is_group_name
from edgeroutes.routing.reading import read_text

PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")
ARCHITECTURES = ("x86_64", "arm64")
_MAX_NAME_LENGTH = 128
NAME_RULE = f"up to {_MAX_NAME_LENGTH} letters, digits and -, with a letter first and no - last"
# Source: docs.aws.amazon.com/lambda "gettingstarted-limits", read 2026-11-21.
_MEMORY_MIB = range(128, 10_241)
_TIMEOUT_S = range(1, 901)
_PRICE_CLASSES = ("PriceClass_100", "PriceClass_200", "PriceClass_All")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})+")
# Source: docs.aws.amazon.com/apigateway "api-gateway-execution-service-limits-table", read 2026-11-21: 29 unless raised.
_INTEGRATION_TIMEOUT_S = range(29, 901)
_STREAM_MARGIN_MS = range(60_001)
# API Gateway's limits for each method of each route, in requests per second and in concurrent requests. An account's limits are 10,000
# per second and 5,000 at once for all its APIs in a region, and 1,000 concurrent Lambda invocations. So no route takes more than a tenth
# of the first or half of the last. Source: docs.aws.amazon.com/apigateway "api-gateway-request-throttling" and
# docs.aws.amazon.com/lambda "gettingstarted-limits" (read 2026-11-30).
_THROTTLE_RATE = 1_000
_THROTTLE_BURST = 500
THROTTLES = range(1, 1_000_001)
# Source: docs.aws.amazon.com/lambda "API_Environment", Variables, key pattern (read 2026-11-30). Lambda's own may start with _.
_VARIABLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]+|_HANDLER|_X_AMZN_TRACE_ID")
# Variables of edgeroutes and Lambda that users may set: docs/caching.md, docs/revalidation.md.
_SETTABLE_VARIABLES = frozenset(
    {DATA_CACHE_TABLE_VARIABLE, DISTRIBUTION_ID_VARIABLE, STATE_TABLE_VARIABLE, "AWS_LAMBDA_EXEC_WRAPPER"}
)
# Source: docs.aws.amazon.com/lambda "configuration-envvars", Defined runtime environment variables (read 2026-11-21).
_LAMBDA_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CdnConfig:
    """`[tool.edgeroutes.cdn]`: CloudFront in front of the API.

    Args:
        enabled: Whether the project has a distribution.
        tag_header: The header in which CloudFront reads cache tags.
        domain_name: One domain or several; the first is the canonical one.
        certificate_arn: An ACM certificate in us-east-1, for all of them.
        web_acl_arn: An AWS WAF web ACL of scope CLOUDFRONT.
        price_class: CloudFront's locations that serve the project.
        log_bucket: The bucket for standard logs.
    """

    enabled: bool = True
    tag_header: str = "x-cache-tag"
    domain_name: str | Sequence[str] | None = None
    certificate_arn: str | None = None
    web_acl_arn: str | None = None
    price_class: str | None = None
    log_bucket: str | None = None

    @property
    def domain_names(self) -> tuple[str, ...]:
        names = self.domain_name or ()
        return (names,) if isinstance(names, str) else tuple(names)

    @property
    def has_several_hosts(self) -> bool:
        """Whether several hosts serve the same path, so that a response belongs to one host."""
        return len(self.domain_names) > 1 or any(name.startswith("*.") for name in self.domain_names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`[tool.edgeroutes]`.

    Args:
        app_dir: The folder with the routes, relative to the project.
        name: The project's name, and the stack's.
        runtime: The functions' Python.
        architecture: The functions' architecture.
        memory_mib: Each function's memory.
        timeout_s: Each function's timeout.
        integration_timeout_s: API Gateway's timeout for a response that does not stream; more than 29 needs a raised quota.
        stream_margin_ms: How long before its function's timeout a stream is ended cleanly.
        stage: The API's stage.
        isolate: `route`, or the name of a group whose routes share a function.
        cors: The default for routes, a table with the arguments of `CORS`.
        trailing_slash: Whether canonical URLs end with a slash.
        base_path: The prefix of all routes.
        throttle_rate: Requests per second, on average, that API Gateway allows for each method of a route.
        throttle_burst: Concurrent requests that it allows for each method of a route.
        cdn: CloudFront.
        env: Plain variables for every function.
        places: The file and line of each setting that is set: `timeout_s`, `cdn.domain_name`, `env.NAME`.
    """

    app_dir: str = "functions"
    name: str = "app"
    runtime: str = "python3.13"
    architecture: str = "x86_64"
    memory_mib: int = 512
    timeout_s: int = 30
    integration_timeout_s: int = 29
    stream_margin_ms: int = 1000
    stage: str = "live"
    isolate: str = "route"
    cors: CORS | None = None
    trailing_slash: bool = False
    base_path: str = ""
    throttle_rate: int = _THROTTLE_RATE
    throttle_burst: int = _THROTTLE_BURST
    cdn: CdnConfig = field(default_factory=CdnConfig)
    env: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict, compare=False)


def load_config(root: Path) -> Config:
    """The settings of the project in `root`, or the defaults.

    Raises:
        ConfigError: For a problem; ProblemsError for several.
    """
    try:
        text = read_text(root / CONFIG_FILE, CONFIG_FILE)
    except FileNotFoundError:
        return Config(name=plain_name(root.name))
    document = parse_toml(text, CONFIG_FILE)
    tools = document.get("tool", {})
    table = tools.get("edgeroutes", {}) if isinstance(tools, dict) else tools
    if not isinstance(table, dict):
        raise ConfigError(
            f"the value is {show_value(table)}. Allowed is a table, [tool.edgeroutes]",
            where=f"{CONFIG_FILE}, tool.edgeroutes",
        )
    project = document.get("project")
    named = project.get("name") if isinstance(project, dict) else None
    return parse_config(table, default_name=plain_name(str(named or root.name)), text=text)


def parse_toml(text: str, where: str) -> dict[str, Any]:
    try:
        document = tomllib.loads(text)
        _require_small_numbers(document, where)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(error, where) from error
    except RecursionError as error:
        raise ConfigError("not valid TOML: it is nested too deeply", where=where) from error
    except ValueError as error:  # a date such as 2026-13-45, an integer of more than 4300 digits
        raise ConfigError(f"not valid TOML: {error}", where=where) from error
    return document


def samconfig_values(root: Path, name: str) -> list[Any]:
    """The values of a parameter of `sam deploy` in samconfig.toml: for all commands, then for `deploy`, which wins.

    Raises:
        ConfigError: The file is not valid TOML.
    """
    try:
        document = parse_toml(read_text(root / SAM_CONFIG_FILE, SAM_CONFIG_FILE), SAM_CONFIG_FILE)
    except FileNotFoundError:
        return []
    found: list[Any] = []
    for command in ("global", "deploy"):
        value: Any = document
        for key in ("default", command, "parameters", name):
            value = value.get(key) if isinstance(value, dict) else None
        found += [] if value is None else [value]
    return found


def _not_toml(error: tomllib.TOMLDecodeError, where: str) -> ConfigError:
    """Tomllib's error, with its line, which only the message has before Python 3.14."""
    message, _, place = str(error).partition(" (at line ")
    line = place.partition(",")[0]
    return ConfigError(f"not valid TOML: {message}", where=f"{where}:{line}" if line.isdecimal() else where)


def _require_small_numbers(value: Any, where: str) -> None:
    """Raise for an integer of more than 64 bits. Source: toml.io v1.0.0, Integer."""
    if isinstance(value, dict):
        for each in value.values():
            _require_small_numbers(each, where)
    elif isinstance(value, list):
        for each in value:
            _require_small_numbers(each, where)
    elif isinstance(value, int) and value.bit_length() > 63:
        raise ConfigError("not valid TOML: an integer has more than 64 bits", where=where)


def parse_config(table: Mapping[str, Any], *, default_name: str = "app", text: str = "") -> Config:
    """The settings in a `[tool.edgeroutes]` table.

    Args:
        table: The table.
        default_name: The name of a project without one.
        text: The file's content, for line numbers.

    Raises:
        ConfigError: For a problem; ProblemsError for several.
    """
    problems = [*_check(Config, table, "tool.edgeroutes", text)]
    cdn = table.get("cdn", {})
    if isinstance(cdn, Mapping):
        problems += _check(CdnConfig, cdn, "tool.edgeroutes.cdn", text)
    if isinstance(table.get("env"), Mapping):
        for name in table["env"]:
            if problem := variable_problem(name):
                where = _place("tool.edgeroutes.env", name, text)
                problems.append(ConfigError(problem, where=where, hint="Use another name"))
    cors = None
    if isinstance(table.get("cors"), Mapping):
        try:
            cors = parse_cors(table["cors"])
        except ValueError as error:
            problems.append(ConfigError(str(error), where=f"{CONFIG_FILE}, [tool.edgeroutes.cors]"))
    require_no_problems(problems)
    values = {**table, "cors": cors, "cdn": CdnConfig(**cdn), "base_path": str(table.get("base_path", "")).rstrip("/")}
    return Config(**{"name": default_name, **values}, places=_places_of(table, text))


def parse_cors(table: Mapping[str, Any]) -> CORS:
    """The `CORS` of a table with its arguments, from TOML or YAML.

    Raises:
        ValueError: For all problems of the arguments.
    """
    arguments = [*signature(CORS).parameters]
    for name in table:
        if name not in arguments:
            hint = suggest(str(name), arguments, f"Allowed are {', '.join(arguments)}")
            raise ValueError(f"cors has no {name!r}. {hint}")
    if "origins" not in table:
        raise ValueError("cors has no origins. Write origins = ['https://app.example.com'], or '*'")
    return CORS(**table)


def variable_problem(name: str) -> str:
    """The problem of a user's variable name; empty where there is none."""
    if not _VARIABLE_NAME.fullmatch(name):
        return f"Lambda does not accept the variable name {name!r}. Allowed are a letter, then at least one letter, digit or _"
    if name in _SETTABLE_VARIABLES:
        return ""
    if name.startswith(OWN_VARIABLES):
        owner = "edgeroutes sets it"
    elif name == "AWS_SAM_LOCAL":
        owner = "'sam local' sets it, and functions then check less"
    elif name in _LAMBDA_VARIABLES or name.startswith("AWS_LAMBDA_"):
        owner = "Lambda sets it"
    else:
        return ""
    return f"the variable {name!r} is reserved: {owner}"


def _place(section: str, key: str, text: str) -> str:
    """`pyproject.toml:7, [tool.edgeroutes] stage`; without the line where the text does not show it."""
    inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped.startswith("["):
            header = stripped.partition("#")[0].strip().strip("[]").replace('"', "").replace(" ", "")
            if header == f"{section}.{key}":
                return f"{CONFIG_FILE}:{number}, [{header}]"
            inside = header == section
        elif inside and stripped.partition("=")[0].strip().strip("\"'") == key:
            return f"{CONFIG_FILE}:{number}, [{section}] {key}"
    return f"{CONFIG_FILE}, [{section}] {key}"


def _places_of(table: Mapping[str, Any], text: str) -> dict[str, str]:
    places = {name: _place("tool.edgeroutes", name, text) for name in table}
    for section in ("cdn", "env"):
        inner = table.get(section, {})
        places |= {f"{section}.{name}": _place(f"tool.edgeroutes.{section}", name, text) for name in inner}
    return places


def _check(kind: type, table: Mapping[str, Any], section: str, text: str) -> list[ProjectError]:
    names = [each.name for each in fields(kind) if each.name != "places"]
    problems: list[ProjectError] = []
    for name, value in table.items():
        where = _place(section, name, text)
        if name not in names:
            hint = suggest(name, names, f"Remove it; the settings are {', '.join(names)}")
            problems.append(ConfigError("the setting does not exist", where=where, hint=hint))
        elif allowed := _CHECKS.get(name, _text)(value):
            problems.append(ConfigError(f"the value is {show_value(value)}. {allowed}", where=where))
    return problems


def _text(value: Any) -> str:
    return "" if isinstance(value, str) and value else "Allowed is a non-empty string"


def _flag(value: Any) -> str:
    return "" if isinstance(value, bool) else "Allowed are true and false"


def _choice(allowed: tuple[str, ...]) -> Callable[[Any], str]:
    return lambda value: "" if value in allowed else f"Allowed are {', '.join(allowed)}"


def _whole(allowed: range, unit: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        fits = isinstance(value, int) and not isinstance(value, bool) and value in allowed
        return "" if fits else f"Allowed are whole {unit} from {allowed.start} to {allowed.stop - 1}"

    return check


def _base_path(value: Any) -> str:
    parts = value.strip("/").split("/") if isinstance(value, str) else []
    fits = isinstance(value, str) and (
        value in ("", "/") or (value.startswith("/") and all(_is_plain(part) for part in parts))
    )
    return "" if fits else "Allowed is a path such as /api, with letters, digits and -._:"


def _app_dir(value: Any) -> str:
    fits = (
        isinstance(value, str)
        and value.isprintable()
        and bool(Path(value).parts)
        and not Path(value).is_absolute()
        and ".." not in Path(value).parts
    )
    return "" if fits else "Allowed is a folder inside the project"


def _is_plain(part: str) -> bool:
    return bool(part) and part.isascii() and all(character.isalnum() or character in "-._:" for character in part)


def _name(value: Any) -> str:
    return "" if isinstance(value, str) and plain_name(value) == value else f"Allowed are {NAME_RULE}"


def plain_name(text: str) -> str:
    """`text` as a name that a CloudFormation stack may have.

    Source: docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html, StackName (read 2026-11-21).
    """
    name = "".join(character if character.isascii() and character.isalnum() else "-" for character in text).strip("-")
    return (name if name[:1].isalpha() else f"app-{name}")[:_MAX_NAME_LENGTH].rstrip("-")


def _table(value: Any) -> str:
    return "" if isinstance(value, Mapping) else "Allowed is a table"


def _env(value: Any) -> str:
    fits = isinstance(value, Mapping) and all(isinstance(each, str) for each in value.values())
    return "" if fits else "Allowed is a table of strings"


def _domain_names(value: Any) -> str:
    names = [value] if isinstance(value, str) else value
    fits = (
        isinstance(names, list) and names and all(isinstance(name, str) and _DOMAIN.fullmatch(name) for name in names)
    )
    return (
        "" if fits else "Allowed is a domain in lower case such as www.example.com or *.example.com, or a list of them"
    )


def _header_name(value: Any) -> str:
    return "" if isinstance(value, str) and is_token(value) else "Allowed is a header name"


_CHECKS: Mapping[str, Callable[[Any], str]] = {
    "app_dir": _app_dir,
    "name": _name,
    "runtime": _choice(PYTHONS),
    "architecture": _choice(ARCHITECTURES),
    "memory_mib": _whole(_MEMORY_MIB, "MiB"),
    "timeout_s": _whole(_TIMEOUT_S, "seconds"),
    "integration_timeout_s": _whole(_INTEGRATION_TIMEOUT_S, "seconds"),
    "stream_margin_ms": _whole(_STREAM_MARGIN_MS, "milliseconds"),
    "cors": _table,
    "trailing_slash": _flag,
    "base_path": _base_path,
    "throttle_rate": _whole(THROTTLES, "requests per second"),
    "throttle_burst": _whole(THROTTLES, "requests"),
    "cdn": _table,
    "env": _env,
    "enabled": _flag,
    "isolate": lambda value: "" if is_group_name(value) else f"Allowed: {GROUP_NAMES}",
    "tag_header": _header_name,
    "domain_name": _domain_names,
    "price_class": _choice(_PRICE_CLASSES),
}
