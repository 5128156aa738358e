"""Settings of guards: a text as it is written, a variable's value for "env:NAME", and the secret or parameter whose ARN it is."""

from __future__ import annotations

import os
import re
import time

from edgeroutes.errors import ConfigError
from edgeroutes.routing.guards import VARIABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edgeroutes.types import Clock

_KEPT_S = 300
_TIMEOUT_S = 3
# Source: docs.aws.amazon.com/service-authorization/latest/reference, resource types of Secrets Manager and Systems Manager.
_SECRET = r"arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]+:secret:.+"  # noqa: S105  # the form of an ARN
_SERVICES = r"arn:[^:]*:(secretsmanager|ssm):"
_PARAMETER = r"arn:[a-z-]+:ssm:[a-z0-9-]+:[0-9]+:parameter(/.+)"


class Setting:
    """One setting, whose value may change while the process runs if it is a secret or a parameter.

    Args:
        text: As declared.
        where: The declaration, for messages.
        clock: Seconds since the epoch.

    Raises:
        ConfigError: The variable is not set, or the secret cannot be read.
    """

    __slots__ = ("_clock", "_read_at", "_text", "_value", "_where")

    def __init__(self, text: str, where: str, clock: Clock = time.time) -> None:
        self._where = where
        self._clock = clock
        self._text = _variable(text.removeprefix(VARIABLE), where) if text.startswith(VARIABLE) else text
        self._read_at = 0.0
        self._value = self._text
        if re.match(_SERVICES, self._text) is not None:
            self._value = self._read()

    def value(self) -> str:
        """The current value; of a secret or parameter at most 300 seconds old, and an older one while it cannot be read."""
        if self._read_at and self._clock() - self._read_at >= _KEPT_S:
            try:
                self._value = self._read()
            except ConfigError as error:
                from edgeroutes.runtime.log import log_warning

                self._read_at = self._clock()
                log_warning(f"{error} The value before is used.")
        return self._value

    def _read(self) -> str:
        value = _read_arn(self._text, self._where)
        self._read_at = self._clock()
        return value


def resolve(text: str, where: str) -> str:
    """The value of a setting now.

    Raises:
        ConfigError: As `Setting`.
    """
    return Setting(text, where).value()


def _variable(name: str, where: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        hint = "Set it for functions in [tool.edgeroutes.env], and for dev in .env"
        raise ConfigError(f"the variable {name} is not set", where=where, hint=hint)
    return value


def _read_arn(arn: str, where: str) -> str:
    """The text of a secret or parameter, without spaces at its ends, which editors and shells add."""
    parameter = re.fullmatch(_PARAMETER, arn)
    if parameter is None and re.fullmatch(_SECRET, arn) is None:
        raise ConfigError(f"{arn} is not the ARN of a secret or parameter", where=where)
    value = (_read_parameter(arn, where) if parameter is not None else _read_secret(arn, where)).strip()
    if not value:
        raise ConfigError(f"{arn} is empty", where=where)
    return value


def _read_parameter(arn: str, where: str) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return str(_client("ssm", arn).get_parameter(Name=arn, WithDecryption=True)["Parameter"]["Value"])
    except (BotoCoreError, ClientError) as error:
        raise _unreadable(arn, error, where) from error


def _read_secret(arn: str, where: str) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found = _client("secretsmanager", arn).get_secret_value(SecretId=arn)
    except (BotoCoreError, ClientError) as error:
        raise _unreadable(arn, error, where) from error
    if "SecretString" not in found:
        raise ConfigError(f"{arn} is a binary secret", where=where, hint="Store a text")
    return str(found["SecretString"])


def _client(service: str, arn: str) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=_TIMEOUT_S, read_timeout=_TIMEOUT_S, retries={"total_max_attempts": 2})
    make: Any = boto3.client
    return make(service, config=config, region_name=arn.split(":")[3])


def _unreadable(arn: str, error: Exception, where: str) -> ConfigError:
    return ConfigError(f"{arn} cannot be read: {error}".rstrip("."), where=where)
