"""Whether a request came through the project's distribution, and the client and host that the distribution names.

Without it anyone who knows the API's own URL could ask past the CDN, and claim to be anyone. Loaded where there is a secret to check.
"""

from __future__ import annotations

from _operator import _compare_digest as equals_in_constant_time  # hmac's own, without what hmac imports

from edgeroutes.errors import ConfigError
from edgeroutes.names import CLIENT_HEADER, HOST_HEADER, SECRET_HEADER, SECRET_VARIABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from edgeroutes.types import Event

    Fields = dict[str, Any]

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
            problem = "it contains a reference that CloudFormation has not resolved"
            hint = f"Deploy with template.yaml as it is, or take {SECRET_VARIABLE} out of the function's environment"
            raise ConfigError(problem, where=f"the variable {SECRET_VARIABLE}", hint=hint)
        self._secrets = [secret.encode() for secret in secrets.split() if len(secret) >= MIN_LENGTH]
        if not self._secrets:
            problem = f"it contains no secret of at least {MIN_LENGTH} characters"
            hint = "Let Secrets Manager generate one, as template.yaml does"
            raise ConfigError(problem, where=f"the variable {SECRET_VARIABLE}", hint=hint)

    def admits(self, event: Event) -> bool:
        """Whether the event brings a secret; if so, client and host become the viewer's and the secret is removed.

        Host and client's address are those that the distribution names: in an admitted event nobody else can have set them.

        Args:
            event: Of a REST API, an HTTP API, a function URL or a load balancer; changed in place.
        """
        headers: Fields = event.get("headers") or {}
        repeated: Fields = event.get("multiValueHeaders") or {}
        sent = _take(headers, repeated, SECRET_HEADER)
        if not isinstance(sent, str) or not self._knows(sent.encode("utf-8", "replace")):
            return False
        client = _take(headers, repeated, CLIENT_HEADER)
        if client:
            _name_client(event, client)
        host = _take(headers, repeated, HOST_HEADER)
        if host:
            _put(headers, repeated, HOST_HEADER, host)
            _put(headers, repeated, "host", host)
        return True

    def _knows(self, sent: bytes) -> bool:
        return any([equals_in_constant_time(secret, sent) for secret in self._secrets])  # noqa: C419  # all, in constant time


def _take(headers: Fields, repeated: Fields, name: str) -> Any:
    """The last value of a field, taken out of both forms in which an event may have it."""
    value = headers.pop(name, None)
    values = repeated.pop(name, None)
    if value is None and values is None:  # somebody on the way writes it otherwise
        value = headers.pop(_find(headers, name), None)
        values = repeated.pop(_find(repeated, name), None)
    return values[-1] if value is None and values else value


def _put(headers: Fields, repeated: Fields, name: str, value: str) -> None:
    if headers:
        headers[_find(headers, name)] = value
    if repeated:
        repeated[_find(repeated, name)] = [value]


def _find(fields: Fields, name: str) -> str:
    """The name of a field as it was sent; the given name in lower case if the field is absent."""
    if name in fields:
        return name
    titled = name.title()  # as most write it
    if titled in fields:
        return titled
    for key in fields:
        if len(key) == len(name) and key.lower() == name:
            return key
    return name


def _name_client(event: Event, client: str) -> None:
    """Put the address where each kind of event has it; a load balancer's has it in a header."""
    gateway = event.get("requestContext") or {}
    place = gateway.get("identity") or gateway.get("http")
    if place is None:
        _put(event.get("headers") or {}, event.get("multiValueHeaders") or {}, "x-forwarded-for", client)
    else:
        place["sourceIp"] = client


def origin_guard(environ: Mapping[str, str]) -> OriginGuard | None:
    """The guard of this function; None where the variable is not set, and off Lambda and in `sam local`, where no distribution is.

    Raises:
        ConfigError: The variable holds no secret, or is empty: a guard that is meant to be there is never left out.
    """
    is_deployed = "AWS_LAMBDA_RUNTIME_API" in environ and "AWS_SAM_LOCAL" not in environ
    return OriginGuard(environ[SECRET_VARIABLE]) if SECRET_VARIABLE in environ and is_deployed else None
