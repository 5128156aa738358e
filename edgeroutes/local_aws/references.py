"""Dynamic references, `{{resolve:secretsmanager:…}}` and `{{resolve:ssm:…}}`: what CloudFormation puts in their place. Floor 3.

Source: docs.aws.amazon.com/AWSCloudFormation "dynamic-references-secretsmanager", "dynamic-references-ssm" and
"dynamic-references-ssm-secure-strings" (read 2026-11-21).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Protocol

from edgeroutes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

_REFERENCE = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}")
# arn:aws:secretsmanager:region:account:secret:name has colons of its own.
_ARN_PARTS = 7


class Lookup(Protocol):
    """Where values are found."""

    def secret(self, secret_id: str, stage: str, version_id: str) -> str | None:
        """The text of a secret; stage or version may be empty."""

    def parameter(self, name: str, version: str) -> str | None:
        """The value of a parameter; an empty version means the latest."""


def resolve_references(value: Any, lookup: Lookup) -> Any:
    """The value with every dynamic reference in its texts replaced.

    Raises:
        ConfigError: What a reference names is not there.
    """
    if isinstance(value, dict):
        return {key: resolve_references(item, lookup) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve_references(item, lookup) for item in value]
    if not isinstance(value, str) or "{{resolve:" not in value:
        return value
    return _REFERENCE.sub(lambda match: _resolve(match[1], match[2].split(":"), match[0], lookup), value)


def _resolve(service: str, parts: Sequence[str], reference: str, lookup: Lookup) -> str:
    found = _parameter(parts, lookup) if service.startswith("ssm") else _secret(parts, reference, lookup)
    if found is None:
        problem = "nothing has the value that this names"
        raise ConfigError(problem, where=reference, hint="Make it in infra/, or put its value into infra/seed/")
    return found


def _parameter(parts: Sequence[str], lookup: Lookup) -> str | None:
    return lookup.parameter(parts[0], parts[1] if len(parts) > 1 else "")


def _secret(parts: Sequence[str], reference: str, lookup: Lookup) -> str | None:
    """`secret-id:secret-string:json-key:version-stage:version-id`, of which all but the first may be left out."""
    length = _ARN_PARTS if parts[0] == "arn" else 1
    secret_id, rest = ":".join(parts[:length]), [*parts[length:], "", "", "", ""]
    _, key, stage, version_id = rest[:4]
    text = lookup.secret(secret_id, stage, version_id)
    if text is None or not key:
        return text
    try:
        found = json.loads(text)[key]
    except (ValueError, KeyError, TypeError) as err:
        problem = f"the secret {secret_id!r} is no JSON object that has the key {key!r}"
        raise ConfigError(problem, where=reference) from err
    return found if isinstance(found, str) else json.dumps(found)
