"""Whether a request came through the project's distribution, and what the distribution says of it. Request wing, floor 2.

Without it anyone who knows the API's own URL could ask past the CDN, and claim to be anyone. Loaded where there is a secret to check.
"""

from __future__ import annotations

from _operator import _compare_digest as equals_in_constant_time  # hmac's own, without what hmac imports

from edgeroutes.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from edgeroutes.types import Event

    Fields = dict[str, Any]

VARIABLE = "EDGEROUTES_ORIGIN_SECRET"
SECRET_HEADER = "x-edgeroutes-origin"  # noqa: S105  # a header's name
CLIENT_HEADER = "x-edgeroutes-client"
HOST_HEADER = "x-forwarded-host"
# What is shorter stands for a secret that is not there yet (`previous` before the first rotation).
MIN_LENGTH = 32


class OriginGuard:
    """Lets in what brings one of the secrets.

    Args:
        secrets: The current and the previous one, apart by spaces.

    Raises:
        ConfigError: None of them is a secret.
    """

    __slots__ = ("_secrets",)

    def __init__(self, secrets: str) -> None:
        if "{{resolve:" in secrets:
            problem = "it holds a reference that CloudFormation has not resolved"
            hint = f"Deploy with template.yaml as it is, or take {VARIABLE} out of the function's environment"
            raise ConfigError(problem, where=f"the variable {VARIABLE}", hint=hint)
        self._secrets = [secret.encode() for secret in secrets.split() if len(secret) >= MIN_LENGTH]
        if not self._secrets:
            problem = f"it holds no secret of at least {MIN_LENGTH} characters"
            hint = "Let Secrets Manager generate one, as template.yaml does"
            raise ConfigError(problem, where=f"the variable {VARIABLE}", hint=hint)

    def admits(self, event: Event) -> bool:
        """Whether the event brings a secret; then it is told as the viewer's own, and the secret is taken out.

        Host and client's address are those that the distribution names: in an admitted event nobody else can have set them.

        Args:
            event: Of a REST API, an HTTP API, a function URL or a load balancer; changed in place.
        """
        both = [fields for fields in (event.get("multiValueHeaders"), event.get("headers")) if fields]
        sent = _last(both, SECRET_HEADER, remove=True)
        if not sent or not self._knows(sent.encode("utf-8", "replace")):
            return False
        host = _last(both, HOST_HEADER)
        if host:
            _replace(both, "host", host)
        client = _last(both, CLIENT_HEADER, remove=True)
        if client:
            _name_client(event, both, client)
        return True

    def _knows(self, sent: bytes) -> bool:
        found = False
        for secret in self._secrets:  # all of them, so that the time says nothing of which
            found |= equals_in_constant_time(secret, sent)
        return found


def _key(fields: Fields, name: str) -> str | None:
    """The name of a field as it was sent; given in lower case."""
    if name in fields:
        return name
    return next((key for key in fields if len(key) == len(name) and key.lower() == name), None)


def _last(both: list[Fields], name: str, *, remove: bool = False) -> str | None:
    """The last value of a field, in whichever form the event has it."""
    value: Any = None
    for fields in both:
        key = _key(fields, name)
        if key is not None:
            value = fields.pop(key) if remove else fields[key]
    if isinstance(value, list):
        value = value[-1] if value else None
    return value if isinstance(value, str) else None


def _replace(both: list[Fields], name: str, value: str) -> None:
    for fields in both:
        key = _key(fields, name) or name
        fields[key] = [value] if isinstance(next(iter(fields.values()), None), list) else value


def _name_client(event: Event, both: list[Fields], client: str) -> None:
    """Put the address where each kind of event has it; a load balancer's has it in a header."""
    gateway = event.get("requestContext") or {}
    place = gateway.get("identity") or gateway.get("http")
    if place is None:
        _replace(both, "x-forwarded-for", client)
    else:
        place["sourceIp"] = client


def origin_guard(environ: Mapping[str, str]) -> OriginGuard | None:
    """The guard of this function; None where there is no secret, and where no distribution stands in front: off Lambda, in `sam local`.

    Raises:
        ConfigError: The variable holds no secret.
    """
    secrets = environ.get(VARIABLE, "")
    is_deployed = "AWS_LAMBDA_RUNTIME_API" in environ and "AWS_SAM_LOCAL" not in environ
    return OriginGuard(secrets) if secrets and is_deployed else None
