"""The project's settings, `[tool.edgeroutes]` in pyproject.toml, as a frozen value. Build wing, floor 2.

Functions never read it: what they need of it is in their manifest.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from inspect import signature
from pathlib import Path
from typing import Any

from edgeroutes.errors import ConfigError, ProjectError, require_no_problems, show_value
from edgeroutes.http.cors import CORS
from edgeroutes.http.headers import is_token
from edgeroutes.routing.conventions import GROUP_NAMES, is_group_name
from edgeroutes.routing.reading import read_text

FILE = "pyproject.toml"
INFRA_FOLDER = "infra"
# Of the developer's own machine: read in dev and tests, the latter wins, never bundled.
ENV_FILES = (".env", ".env.local")
PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")
ARCHITECTURES = ("x86_64", "arm64")
MAX_NAME_LENGTH = 128
NAME_RULE = f"up to {MAX_NAME_LENGTH} letters, digits and -, with a letter first and no - last"
# Source: docs.aws.amazon.com/lambda "gettingstarted-limits", read 2026-11-21.
MEMORY_MIB = range(128, 10_241)
TIMEOUT_S = range(1, 901)
PRICE_CLASSES = ("PriceClass_100", "PriceClass_200", "PriceClass_All")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})+")
# Source: docs.aws.amazon.com/apigateway "api-gateway-execution-service-limits-table", read 2026-11-21: 29 unless raised.
INTEGRATION_TIMEOUT_S = range(29, 901)
STREAM_MARGIN_MS = range(60_001)
# Requests per second and requests at once that API Gateway lets through to each method of each route. An account's own limits are
# 10,000 per second and 5,000 at once for all its APIs in a region, and 1,000 concurrent Lambda invocations: so no single route takes
# more than a tenth of the first or half of the last. Source: docs.aws.amazon.com/apigateway "api-gateway-request-throttling" and
# docs.aws.amazon.com/lambda "gettingstarted-limits" (read 2026-11-30).
THROTTLE_RATE = 1_000
THROTTLE_BURST = 500
THROTTLES = range(1, 1_000_001)
# Source: docs.aws.amazon.com/lambda "API_Environment", Variables, key pattern (read 2026-11-30). What Lambda itself sets may begin with _.
_VARIABLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]+|_HANDLER|_X_AMZN_TRACE_ID")
# Environment variables that only edgeroutes sets, but for those two: docs/caching.md, docs/revalidation.md.
_OWN_VARIABLES = "EDGEROUTES_"
_SETTABLE_VARIABLES = frozenset(
    {"EDGEROUTES_DATA_CACHE_TABLE", "EDGEROUTES_DISTRIBUTION_ID", "AWS_LAMBDA_EXEC_WRAPPER"}
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
        enabled: Whether there is one.
        tag_header: The header in which CloudFront reads cache tags.
        domain_name: One domain, or several: the first is the project's own.
        certificate_arn: Of ACM in us-east-1, for all of them.
        web_acl_arn: Of AWS WAF, scope CLOUDFRONT.
        price_class: Which of CloudFront's locations serve the project.
        log_bucket: Where standard logs go.
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
        """The domains, in the order given."""
        names = self.domain_name or ()
        return (names,) if isinstance(names, str) else tuple(names)

    @property
    def has_several_hosts(self) -> bool:
        """Whether one path may be asked of several hosts, so that an answer is one host's own."""
        return len(self.domain_names) > 1 or any(name.startswith("*.") for name in self.domain_names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`[tool.edgeroutes]`.

    Args:
        app_dir: The folder with the routes, relative to the project.
        name: Of the project; the stack is called so.
        runtime: The Python of the functions.
        architecture: Of the functions.
        memory_mib: Of each function.
        timeout_s: Of each function, seconds.
        integration_timeout_s: How long API Gateway waits for an answer that does not stream: more than 29 only where
            the account's quota is raised.
        stream_margin_ms: How long before its function's timeout a stream that goes on is ended, cleanly.
        stage: Of the API.
        isolate: `route`, or the name of a group that all routes share.
        cors: The default for routes, a table with the arguments of `CORS`.
        trailing_slash: Whether the form with the slash is the canonical one.
        base_path: The prefix under which all routes are served.
        throttle_rate: Requests per second that API Gateway lets through to each method of a route, on average.
        throttle_burst: Requests at once that it lets through to each method of a route.
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
    throttle_rate: int = THROTTLE_RATE
    throttle_burst: int = THROTTLE_BURST
    cdn: CdnConfig = field(default_factory=CdnConfig)
    env: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict, compare=False)


def load_config(root: Path) -> Config:
    """The settings of the project in `root`; the defaults where it has none.

    Raises:
        ConfigError: For the one thing that is wrong, ProblemsError for several.
    """
    try:
        text = read_text(root / FILE, FILE)
    except FileNotFoundError:
        return Config(name=plain_name(root.name))
    document = parse_toml(text, FILE)
    tools = document.get("tool", {})
    table = tools.get("edgeroutes", {}) if isinstance(tools, dict) else tools
    if not isinstance(table, dict):
        raise ConfigError(
            f"it is {show_value(table)}. Write a table, [tool.edgeroutes]", where=f"{FILE}, tool.edgeroutes"
        )
    project = document.get("project")
    named = project.get("name") if isinstance(project, dict) else None
    return parse_config(table, default_name=plain_name(str(named or root.name)), text=text)


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """A TOML file's content.

    Raises:
        ConfigError: It is not valid TOML, is nested too deeply, or has a number that TOML does not promise to carry.
    """
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


def _not_toml(error: tomllib.TOMLDecodeError, where: str) -> ConfigError:
    """Tomllib's error, with the line, which only its text has before Python 3.14."""
    said, _, place = str(error).partition(" (at line ")
    line = place.partition(",")[0]
    return ConfigError(f"not valid TOML: {said}", where=f"{where}:{line}" if line.isdecimal() else where)


def _require_small_numbers(value: Any, where: str) -> None:
    """Raise for an integer that 64 bits do not hold. Source: toml.io v1.0.0, Integer."""
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
        default_name: The project's name where the table has none.
        text: The file that it is from, to find lines in.

    Raises:
        ConfigError: For the one thing that is wrong, ProblemsError for several.
    """
    problems = [*_check(Config, table, "tool.edgeroutes", text)]
    cdn = table.get("cdn", {})
    if isinstance(cdn, Mapping):
        problems += _check(CdnConfig, cdn, "tool.edgeroutes.cdn", text)
    if isinstance(table.get("env"), Mapping):
        for name in table["env"]:
            if problem := variable_problem(name):
                where = _place("tool.edgeroutes.env", name, text)
                problems.append(ConfigError(problem, where=where, hint="Give yours another name"))
    cors = None
    if isinstance(table.get("cors"), Mapping):
        try:
            cors = parse_cors(table["cors"])
        except ValueError as error:
            problems.append(ConfigError(str(error), where=f"{FILE}, [tool.edgeroutes.cors]"))
    require_no_problems(problems)
    values = {**table, "cors": cors, "cdn": CdnConfig(**cdn), "base_path": str(table.get("base_path", "")).rstrip("/")}
    return Config(**{"name": default_name, **values}, places=_places_of(table, text))


def parse_cors(table: Mapping[str, Any]) -> CORS:
    """The `CORS` of a table with its arguments, in TOML or YAML.

    Raises:
        ValueError: For all that is wrong with them.
    """
    arguments = [*signature(CORS).parameters]
    for name in table:
        if name not in arguments:
            near = get_close_matches(str(name), arguments, n=1)
            remedy = f"Did you mean {near[0]!r}" if near else f"Known are {', '.join(arguments)}"
            raise ValueError(f"cors has no {name!r}. {remedy}")
    if "origins" not in table:
        raise ValueError("cors names no origins. Write origins = ['https://app.example.com'], or '*'")
    return CORS(**table)


def variable_problem(name: str) -> str:
    """What is wrong with the name of an author's environment variable; empty where nothing is."""
    if not _VARIABLE_NAME.fullmatch(name):
        return f"the variable {name!r} has a name that Lambda refuses. Allowed are a letter, then letters, digits and _, two at least"
    if name in _SETTABLE_VARIABLES:
        return ""
    if name.startswith(_OWN_VARIABLES):
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
                return f"{FILE}:{number}, [{header}]"
            inside = header == section
        elif inside and stripped.partition("=")[0].strip().strip("\"'") == key:
            return f"{FILE}:{number}, [{section}] {key}"
    return f"{FILE}, [{section}] {key}"


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
            near = get_close_matches(name, names, n=1)
            hint = f"Did you mean {near[0]!r}" if near else f"Take it out; {', '.join(names)} are known"
            problems.append(ConfigError("there is no such setting", where=where, hint=hint))
        elif said := _CHECKS.get(name, _text)(value):
            problems.append(ConfigError(f"the value is {show_value(value)}. {said}", where=where))
    return problems


def _text(value: Any) -> str:
    return "" if isinstance(value, str) and value else "Allowed is a text that is not empty"


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
    return "" if fits else "Allowed is a path such as /api, of letters, digits and -._:"


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
    """`text` as a CloudFormation stack may be called.

    Source: docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html, StackName (read 2026-11-21).
    """
    name = "".join(character if character.isascii() and character.isalnum() else "-" for character in text).strip("-")
    return (name if name[:1].isalpha() else f"app-{name}")[:MAX_NAME_LENGTH].rstrip("-")


def _table(value: Any) -> str:
    return "" if isinstance(value, Mapping) else "Allowed is a table"


def _env(value: Any) -> str:
    fits = isinstance(value, Mapping) and all(isinstance(each, str) for each in value.values())
    return "" if fits else "Allowed is a table of texts"


def _domain_names(value: Any) -> str:
    names = [value] if isinstance(value, str) else value
    fits = (
        isinstance(names, list) and names and all(isinstance(name, str) and _DOMAIN.fullmatch(name) for name in names)
    )
    return (
        "" if fits else "Allowed is a domain in lower case such as www.example.com or *.example.com, or a list of them"
    )


def _header_name(value: Any) -> str:
    return "" if isinstance(value, str) and is_token(value) else "Allowed is the name of a header"


_CHECKS: Mapping[str, Callable[[Any], str]] = {
    "app_dir": _app_dir,
    "name": _name,
    "runtime": _choice(PYTHONS),
    "architecture": _choice(ARCHITECTURES),
    "memory_mib": _whole(MEMORY_MIB, "MiB"),
    "timeout_s": _whole(TIMEOUT_S, "seconds"),
    "integration_timeout_s": _whole(INTEGRATION_TIMEOUT_S, "seconds"),
    "stream_margin_ms": _whole(STREAM_MARGIN_MS, "milliseconds"),
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
    "price_class": _choice(PRICE_CLASSES),
}
