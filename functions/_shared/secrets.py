"""Secrets from Secrets Manager, cached for five minutes."""

import os

from aws_lambda_powertools.utilities.parameters import SecretsProvider

from functions._shared.aws import CONFIG

_provider = SecretsProvider(boto_config=CONFIG)
MAX_AGE_SECONDS = 300
"""How long a sandbox may use an old value after a change."""


def secret(variable: str) -> bytes:
    """The secret whose ARN is in this environment variable."""
    value = _provider.get(os.environ[variable], max_age=MAX_AGE_SECONDS)
    return value if isinstance(value, bytes) else str(value).encode()
