"""Secrets from the environment."""

import os


def secret(name: str) -> bytes:
    """The secret in the environment variable `name`.

    On a developer's machine one that is not set has a known value, so that everything runs at once. On Lambda that
    value would let anyone sign anything, so there a missing secret is an error.
    """
    value = os.environ.get(name)
    if value:
        return value.encode()
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        raise RuntimeError(f"the environment variable {name} is not set")
    return f"{name}-for-development-only".encode()
