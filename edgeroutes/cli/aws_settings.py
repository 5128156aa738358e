"""What `sam deploy` would use of AWS: credentials and region, by name alone, and the account's role for API Gateway's logs.

botocore would fetch credentials from a metadata service, a program or SSO. Here only their places are looked up.
Source: docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html (read 2026-11-21).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeroutes.config import samconfig_values
from edgeroutes.errors import ConfigError
from edgeroutes.names import SAM_CONFIG_FILE
from edgeroutes.template.api import ACCOUNT_ROLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# The setting of a profile that gives credentials → what they are.
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
    """The place from which the SAM CLI would take credentials; empty where there is none, apart from an instance's role."""
    if not environment.get("AWS_PROFILE"):
        if environment.get("AWS_ACCESS_KEY_ID") and environment.get("AWS_SECRET_ACCESS_KEY"):
            return "an access key in the environment"
        if environment.get("AWS_WEB_IDENTITY_TOKEN_FILE") and environment.get("AWS_ROLE_ARN"):
            return "a web identity in the environment"
    profile = _read_profile(environment)
    kind = next((name for setting, name in _KINDS.items() if setting in profile), "")
    if kind:
        return f"{kind} of profile {_profile_name(environment)!r}"
    return "a container's role" if any(environment.get(name) for name in _CONTAINER) else ""


def find_region(environment: Mapping[str, str], root: Path) -> str:
    """The region that `sam deploy` would use, and the setting that names it; empty where none does."""
    if region := read_samconfig(root, "region"):
        return f"{region}, from {SAM_CONFIG_FILE}"
    if environment.get("AWS_DEFAULT_REGION"):
        return f"{environment['AWS_DEFAULT_REGION']}, from AWS_DEFAULT_REGION"
    in_profile = _read_profile(environment).get("region")
    return f"{in_profile}, from profile {_profile_name(environment)!r}" if in_profile else ""


def _profile_name(environment: Mapping[str, str]) -> str:
    return environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE") or "default"


def _read_profile(environment: Mapping[str, str]) -> Mapping[str, Any]:
    """The settings of the current profile, from both files."""
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
    """A parameter that `sam deploy` takes from samconfig.toml; empty where the file does not set it."""
    try:
        values = samconfig_values(root, name)
    except ConfigError:  # `sam` reports it
        return ""
    return next((value for value in reversed(values) if isinstance(value, str) and value), "")


_PATIENCE_S = 3
# CloudFormation's code for a stack, or a resource of it, that does not exist.
_ABSENT = "ValidationError"


def find_foreign_role(region: str, stack_name: str) -> str:
    """The account's role for API Gateway's logs that a deploy of this stack would replace; empty where there is none."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    settings = Config(connect_timeout=_PATIENCE_S, read_timeout=_PATIENCE_S, retries={"total_max_attempts": 1})
    try:
        account = boto3.client("apigateway", region_name=region, config=settings).get_account()
        role: str = account.get("cloudwatchRoleArn") or ""
        if not role:
            return ""
        own = _own_role_name(boto3.client("cloudformation", region_name=region, config=settings), stack_name)
    except (BotoCoreError, ClientError) as err:
        raise ConnectionError(str(err)) from err
    return "" if role.rpartition("/")[2] == own else role


def _own_role_name(cloudformation: Any, stack_name: str) -> str:
    """The name of the role that the stack created; empty without such a stack or role."""
    from botocore.exceptions import ClientError

    try:
        found = cloudformation.describe_stack_resource(StackName=stack_name, LogicalResourceId=ACCOUNT_ROLE)
    except ClientError as err:
        if err.response.get("Error", {}).get("Code") == _ABSENT:
            return ""
        raise
    return str(found["StackResourceDetail"].get("PhysicalResourceId") or "")
