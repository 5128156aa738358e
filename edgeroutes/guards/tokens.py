"""Bearer tokens: JSON Web Tokens of an OpenID Connect issuer or an Amazon Cognito user pool, verified in the function.

joserfc verifies the signature; which key and algorithm, and what the claims must be, is decided here (RFC 8725).
"""

from __future__ import annotations

import json
import os
import re
import time

from edgeroutes.errors import ConfigError
from edgeroutes.guards.callers import Caller
from edgeroutes.guards.key_sets import FetchedKeys, GivenKeys, KeySetError, discover, fetch_json
from edgeroutes.guards.settings import resolve
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.names import COGNITO_VARIABLE
from edgeroutes.routing.guards import BearerConfig, CognitoConfig
from edgeroutes.runtime.loop import running_loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from edgeroutes.runtime.context import RequestScope

    KeySource = GivenKeys | FetchedKeys

_MAX_BYTES = 8192
_CHALLENGE = 'Bearer realm="api"'
# Three parts of base64url without padding. Source: RFC 7515 §3.1, §2.
_COMPACT = r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+)"
# Source: RFC 7519 §5.1, RFC 9068 §2.1; types of tokens for other purposes are refused (RFC 8725 §3.11).
_TYPES = ("jwt", "at+jwt", "application/jwt", "application/at+jwt")
_POOL_ARN = r"arn:[a-z-]+:cognito-idp:[a-z0-9-]+:[0-9]+:userpool/([a-z0-9-]+_[A-Za-z0-9]+)"
_POOL_ID = r"[a-z0-9-]+_[A-Za-z0-9]+"


class TokenError(Exception):
    """A token is not valid; its text is for the log."""


class Bearer(BearerConfig):
    """JSON Web Tokens of an OpenID Connect issuer, in `Authorization: Bearer`."""

    __slots__ = ("_audiences", "_iss", "_keys")
    _audiences: tuple[str, ...]
    _iss: str
    _keys: KeySource

    def start(self, where: str) -> None:
        """Read the variables, and the keys that are declared.

        Raises:
            ConfigError: A variable is missing, or the declared keys must not be trusted.
        """
        self._iss = resolve(self.issuer, where)
        self._audiences = tuple(resolve(each, where) for each in self.audience)
        if self.jwks is not None:
            try:
                self._keys = GivenKeys(self.jwks)
            except KeySetError as error:
                raise ConfigError(f"jwks cannot be used: {error}", where=where) from error
            return
        issuer, url = self._iss, resolve(self.jwks_url, where) if self.jwks_url else ""
        self._keys = FetchedKeys((lambda: fetch_json(url)) if url else (lambda: discover(issuer)), issuer)

    def challenge(self, scope: RequestScope) -> str:  # noqa: ARG002  # of the protocol
        """The `WWW-Authenticate` of a request without a token: no error (RFC 6750 §3.1)."""
        return _CHALLENGE

    async def authenticate(self, scope: RequestScope) -> Caller | None:
        """The token's caller; None for a request without a token.

        Raises:
            HTTPError: 400 for several credentials, 401 for a token that is not valid, 503 while no keys can be fetched.
        """
        token = read_token(scope)
        return None if token is None else await _verify(token, self, self._keys, self.algorithms, scope)

    def caller_of(self, claims: dict[str, Any]) -> Caller:
        """The caller whom verified claims name.

        Raises:
            TokenError: The token is not for this API, or not valid now.
        """
        check_claims(claims, self._iss, self.leeway_s, time.time())
        audience = claims.get("aud")
        found = audience if isinstance(audience, list) else [audience]
        if not any(each in self._audiences for each in found if isinstance(each, str)):
            raise TokenError(f"aud is {audience!r}")
        scopes, roles = _texts(claims.get(self.scope_claim)), _texts(claims.get(self.roles_claim))
        return Caller(claims["sub"], scopes=scopes, roles=roles, claims=claims, scheme="bearer")


class Cognito(CognitoConfig):
    """The tokens of an Amazon Cognito user pool, in `Authorization: Bearer`."""

    __slots__ = ("_clients", "_iss", "_keys")
    _clients: tuple[str, ...]
    _iss: str
    _keys: KeySource

    def start(self, where: str) -> None:
        """Read the ids of the user pool and its app clients.

        Raises:
            ConfigError: A variable is missing, or the pool is neither an id nor an ARN.
        """
        text = _resource(self.user_pool, where)
        arn = re.fullmatch(_POOL_ARN, text)
        pool = arn[1] if arn else text
        if not re.fullmatch(_POOL_ID, pool):
            hint = "Allowed are the pool's id, its ARN and its logical id in infra/"
            raise ConfigError(f"user_pool is {text!r}", where=where, hint=hint)
        self._clients = tuple(_resource(each, where) for each in self.client_id)
        region = pool.partition("_")[0]
        domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        host = f"cognito-idp.{region}.{domain}"
        self._iss = f"https://{host}/{pool}"
        path = f"/{pool}/.well-known/jwks.json"
        # Local AWS is one server for all services and regions, which it tells apart by the Host.
        local = os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/")
        self._keys = FetchedKeys(
            lambda: fetch_json(f"{local}{path}", host) if local else fetch_json(f"https://{host}{path}"), self._iss
        )

    def challenge(self, scope: RequestScope) -> str:  # noqa: ARG002  # of the protocol
        """The `WWW-Authenticate` of a request without a token: no error (RFC 6750 §3.1)."""
        return _CHALLENGE

    async def authenticate(self, scope: RequestScope) -> Caller | None:
        """The token's caller; None for a request without a token.

        Raises:
            HTTPError: As `Bearer.authenticate`.
        """
        if self.at == "gateway":
            from edgeroutes.guards.gateway import gateway_claims

            claims = gateway_claims(scope)
            if claims is not None:
                try:
                    return self._caller_of(claims)
                except TokenError as error:
                    raise _refusal(str(error), scope) from error
        token = read_token(scope)
        return None if token is None else await _verify(token, self, self._keys, ("RS256",), scope)

    def caller_of(self, claims: dict[str, Any]) -> Caller:
        """The caller whom verified claims name.

        Raises:
            TokenError: The token is of another pool, app client or kind, or not valid now.
        """
        check_claims(claims, self._iss, 30, time.time())
        return self._caller_of(claims)

    def _caller_of(self, claims: dict[str, Any]) -> Caller:
        if claims.get("iss") != self._iss:
            raise TokenError(f"iss is {claims.get('iss')!r}")
        if claims.get("token_use") != self.token_use:
            raise TokenError(f"token_use is {claims.get('token_use')!r}")
        # Access tokens have client_id and no aud.
        # Source: docs.aws.amazon.com/cognito "amazon-cognito-user-pools-using-tokens-verifying-a-jwt".
        name = "client_id" if self.token_use == "access" else "aud"  # noqa: S105  # the kind of token
        if claims.get(name) not in self._clients:
            raise TokenError(f"{name} is {claims.get(name)!r}")
        scopes, roles = _texts(claims.get("scope")), _texts(claims.get("cognito:groups"))
        return Caller(claims["sub"], scopes=scopes, roles=roles, claims=claims, scheme="cognito")


def read_token(scope: RequestScope) -> str | None:
    """The bearer token of a request; None without one, or with other credentials.

    Source: RFC 6750 §2.1, RFC 9110 §11.1. A token in the query or the body is not read.

    Raises:
        HTTPError: 400 for several `Authorization` fields.
    """
    sent = [value for name, value in scope.request.peek_headers().multi_items() if name == "authorization"]
    if not sent:
        return None
    scheme, _, token = sent[0].strip().partition(" ")
    # Some servers join several fields with commas; a token has none.
    if len(sent) > 1 or (scheme.lower() == "bearer" and "," in token):
        headers = {"www-authenticate": f'{_CHALLENGE}, error="invalid_request"'}
        raise HTTPError(400, "the request has several credentials", headers=headers)
    return token.strip(" ") if scheme.lower() == "bearer" else None


def read_header(token: str) -> dict[str, Any]:
    """The header of a token in the compact serialization.

    Raises:
        TokenError: It is not one, or needs what is not supported.
    """
    if len(token) > _MAX_BYTES:
        raise TokenError(f"it has {len(token)} characters")
    parts = re.fullmatch(_COMPACT, token)
    if parts is None:
        raise TokenError("it is not three parts of base64url")
    decoded = [_decode(part) for part in parts.groups()]
    header = _read_object(decoded[0])
    # Source: RFC 7515 §4.1.11: what is critical must be understood; RFC 7797 §7: b64 must be critical.
    if "crit" in header or "b64" in header:
        raise TokenError("its header has crit or b64")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise TokenError(f"typ is {str(kind)[:100]!r}")
    if not isinstance(header.get("kid"), str | None):
        raise TokenError("kid is not a string")
    return header


def verify_signature(token: str, header: dict[str, Any], keys: KeySource, algorithms: Collection[str]) -> bytes:
    """The payload of a token whose signature is right.

    The key decides which algorithm is possible, never the token alone, and keys that a token brings are not read.

    Raises:
        TokenError: It is not.
        KeySetError: No keys can be fetched.
    """
    key, name = keys.find(header.get("kid")), header.get("alg")
    if key is None:
        raise TokenError(f"kid {str(header.get('kid'))[:100]!r} is unknown")
    if name not in algorithms or name not in key.algorithms:
        raise TokenError(f"alg is {str(name)[:100]!r}")
    from joserfc.errors import JoseError
    from joserfc.jws import JWSRegistry

    signed, _, signature = token.rpartition(".")
    # Not `deserialize_compact`, which refuses headers that it does not know (RFC 7515 §4 ignores them), and warns of EdDSA at every token.
    algorithm = JWSRegistry.algorithms[name]
    try:
        algorithm.check_key(key.key)
        if not algorithm.verify(signed.encode(), _decode(signature), key.key):
            raise TokenError("its signature is wrong")
        return _decode(signed.partition(".")[2])
    except (JoseError, ValueError, TypeError) as error:
        raise TokenError(f"its signature or header is wrong: {type(error).__name__}") from error


def check_claims(claims: dict[str, Any], issuer: str, leeway_s: float, now: float) -> None:
    """Require the issuer, a subject, and that the token is valid now.

    Source: RFC 7519 §4.1; `exp` and `sub` are required here.

    Raises:
        TokenError: Something else is the case.
    """
    if claims.get("iss") != issuer:
        raise TokenError(f"iss is {claims.get('iss')!r}")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise TokenError(f"sub is {subject!r}")
    if now - leeway_s >= _time(claims, "exp"):
        raise TokenError("it has expired")
    if "nbf" in claims and now + leeway_s < _time(claims, "nbf"):
        raise TokenError("it is not valid yet")


async def _verify(
    token: str, scheme: Bearer | Cognito, keys: KeySource, algorithms: Collection[str], scope: RequestScope
) -> Caller:
    try:
        header = read_header(token)
        if keys.waits(header.get("kid")):
            await _fetch_first(keys, header.get("kid"))
        return scheme.caller_of(_read_object(verify_signature(token, header, keys, algorithms)))
    except TokenError as error:
        raise _refusal(str(error), scope) from error
    except KeySetError as error:
        from edgeroutes.runtime.log import log_warning

        log_warning(f"{error}. The request is refused.", route=scope.endpoint.route.route_path, path=scope.path)
        raise HTTPError(503, headers={"retry-after": "5"}) from error


async def _fetch_first(keys: KeySource, kid: str | None) -> None:
    """Let `find` fetch, in a thread where an event loop runs, so that other requests go on."""
    loop = running_loop()
    if loop is None:
        keys.find(kid)
    else:
        await loop.run_in_executor(None, keys.find, kid)


def _refusal(reason: str, scope: RequestScope) -> HTTPError:
    """The 401 of a token that is not valid, whose reason is in the log alone."""
    from edgeroutes.runtime.log import log_warning

    log_warning(f"A token is refused: {reason[:300]}.", route=scope.endpoint.route.route_path, path=scope.path)
    return HTTPError(
        401, "the token is not valid", headers={"www-authenticate": f'{_CHALLENGE}, error="invalid_token"'}
    )


def _decode(part: str) -> bytes:
    """The bytes of base64url that has one spelling. Source: RFC 4648 §3.5."""
    import base64

    try:
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError as error:
        raise TokenError("it is not base64url") from error
    if base64.urlsafe_b64encode(data).rstrip(b"=") != part.encode():
        raise TokenError("its base64url is not canonical")
    return data


def _read_object(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data.decode(), parse_constant=_refuse_constant)
        # A lone surrogate cannot be sent or stored later.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise TokenError("a part is not JSON") from error
    if not isinstance(found, dict):
        raise TokenError("a part is not a JSON object")
    return found


def _refuse_constant(text: str) -> float:
    raise ValueError(text)


def _time(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise TokenError(f"{name} is {str(value)[:100]!r}")
    return value


def _texts(value: object) -> list[str]:
    """The texts of a claim that is a list, or one text with spaces."""
    if isinstance(value, str):
        return value.split()
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _resource(text: str, where: str) -> str:
    """The id of a resource of infra/, which the template gives as a variable; or the setting itself."""
    return os.environ.get(f"{COGNITO_VARIABLE}{text}", "") or resolve(text, where)


# As route files name them.
bearer = Bearer
cognito = Cognito
