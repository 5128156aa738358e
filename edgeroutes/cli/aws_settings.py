"""Where AWS credentials and the region would come from, by name alone. Roof; asks nobody, and reads no secret.

botocore would answer by fetching: from an instance's metadata service, from a program, from SSO. Here only the places are looked at.
Source: docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html (read 2026-11-21).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeroutes.config import parse_toml
from edgeroutes.errors import ConfigError
from edgeroutes.routing.reading import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# What in a profile gives credentials, by the setting that is its mark.
_KINDS = {
    "aws_access_key_id": "an access key",
    "sso_session": "SSO",
    "sso_start_url": "SSO",
    "login_session": "a login",
    "web_identity_token_file": "a web identity",
    "credential_process": "a program",
    "role_arn": "a role",
}
_CONTAINER = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")


def find_credentials(environment: Mapping[str, str]) -> str:
    """Where the SAM CLI would take credentials from; empty where there are none, an instance's role aside."""
    if not environment.get("AWS_PROFILE"):
        if environment.get("AWS_ACCESS_KEY_ID") and environment.get("AWS_SECRET_ACCESS_KEY"):
            return "an access key in the environment"
        if environment.get("AWS_WEB_IDENTITY_TOKEN_FILE") and environment.get("AWS_ROLE_ARN"):
            return "a web identity in the environment"
    profile = _read_profile(environment)
    kind = next((said for mark, said in _KINDS.items() if mark in profile), "")
    if kind:
        return f"{kind}, of profile {_profile_name(environment)!r}"
    return "a container's role" if any(environment.get(name) for name in _CONTAINER) else ""


def find_region(environment: Mapping[str, str], root: Path) -> str:
    """The region that `sam deploy` would take, and who says so; empty where nobody does."""
    said = read_samconfig(root, "region")
    if said:
        return f"{said}, of samconfig.toml"
    if environment.get("AWS_DEFAULT_REGION"):
        return f"{environment['AWS_DEFAULT_REGION']}, of AWS_DEFAULT_REGION"
    region = _read_profile(environment).get("region")
    return f"{region}, of profile {_profile_name(environment)!r}" if region else ""


def _profile_name(environment: Mapping[str, str]) -> str:
    return environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE") or "default"


def _read_profile(environment: Mapping[str, str]) -> Mapping[str, Any]:
    """The settings of the profile that counts, from both files."""
    from botocore.configloader import load_config, raw_config_parse
    from botocore.exceptions import ConfigNotFound, ConfigParseError

    name = _profile_name(environment)
    settings: dict[str, Any] = {}
    try:
        loaded = load_config(environment.get("AWS_CONFIG_FILE") or "~/.aws/config")
        settings.update(loaded["profiles"].get(name, {}))
    except (ConfigNotFound, ConfigParseError):
        pass
    try:
        loaded = raw_config_parse(environment.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials")
        settings.update(loaded.get(name, {}))
    except (ConfigNotFound, ConfigParseError):
        pass
    return settings


def read_samconfig(root: Path, name: str) -> str:
    """A parameter that `sam deploy` without options takes from samconfig.toml; empty where the file does not set it."""
    try:
        document: Any = parse_toml(read_text(root / "samconfig.toml", "samconfig.toml"), "samconfig.toml")
    except (FileNotFoundError, ConfigError):  # `sam` itself will complain
        return ""
    for command in ("deploy", "global"):
        value = document
        for key in ("default", command, "parameters", name):
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str) and value:
            return value
    return ""
