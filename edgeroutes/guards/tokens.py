"""Bearer tokens: `bearer` and `cognito`. joserfc verifies signatures; which key and which claims count is decided here.

Source: RFC 7515, RFC 7519 and RFC 8725 for tokens, RFC 6750 for errors.
"""

from __future__ import annotations

import json
import math
import os
import time
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64

from edgeroutes.errors import ConfigError
from edgeroutes.guards.callers import Caller
from edgeroutes.guards.key_sets import FetchedKeys, GivenKeys, KeySetError, discover, fetch_json
from edgeroutes.guards.settings import resolve
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.names import COGNITO_VARIABLE
from edgeroutes.routing.guards import VARIABLE, BearerConfig, CognitoConfig
from edgeroutes.runtime.loop import running_loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    from edgeroutes.guards.key_sets import VerificationKey
    from edgeroutes.runtime.context import RequestScope

    Find = Callable[[str | None], VerificationKey | None]

_MAX_CHARACTERS = 8192
_REALM = 'Bearer realm="api"'
_RETRY_S = 5
_COGNITO_LEEWAY_S = 30
# Types of tokens that may be access or ID tokens; others, such as `logout+jwt`, are for other uses (RFC 8725 §3.11, RFC 9068 §4).
_TYPES = ("jwt", "at+jwt", "application/jwt", "application/at+jwt")


class TokenError(Exception):
    """A token is not valid; its text is for the log."""


class SignedToken:
    """A token in its parts, not verified yet.

    Args:
        text: The compact serialization.

    Raises:
        TokenError: It is not one, or has a header that edgeroutes does not know how to obey.
    """

    __slots__ = ("algorithm", "header", "kid", "text")

    def __init__(self, text: str) -> None:
        parts = text.split(".")
        if len(text) > _MAX_CHARACTERS or len(parts) != 3:
            raise TokenError(f"{len(text)} characters in {len(parts)} parts")
        header = _read_object(_decode(parts[0]), "header")
        for part in parts[1:]:
            _decode(part)
        # Source: RFC 7515 §4.1.11: an extension that is not understood; RFC 7797: b64.
        if "crit" in header or "b64" in header:
            raise TokenError("the header has crit or b64")
        kid = header.get("kid")
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or not isinstance(kid, str | None):
            raise TokenError("alg or kid is not a string")
        self.text = text
        self.header = header
        self.kid = kid
        self.algorithm = algorithm

    def verify(self, key: VerificationKey | None, algorithms: Collection[str]) -> bytes:
        """The payload, whose signature is of the key.

        Args:
            key: That of `kid`; None for an unknown one.
            algorithms: That the route accepts.

        Raises:
            TokenError: The signature is not valid, or its algorithm is not accepted or not the key's.
        """
        if key is None:
            raise TokenError(f"the key {_short(self.kid)} is unknown")
        if self.algorithm not in algorithms or self.algorithm not in key.algorithms:
            raise TokenError(f"the algorithm {_short(self.algorithm)} is not accepted for the key {_short(self.kid)}")
        from joserfc import jws

        try:
            return jws.deserialize_compact(self.text, key.key, algorithms=[self.algorithm]).payload
        except Exception as error:  # joserfc and cryptography raise many kinds for a signature that is not valid
            raise TokenError(f"the signature: {type(error).__name__}") from error


def read_claims(token: SignedToken, payload: bytes, issuer: str, leeway_s: float, now: float) -> dict[str, Any]:
    """The claims of a verified token that is of the issuer and valid now.

    Raises:
        TokenError: It is not.
    """
    kind = token.header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise TokenError(f"typ is {_short(kind)}")
    claims = _read_object(payload, "payload")
    # Source: RFC 7519 §4.1.4 and §4.1.5: expired at `exp`, valid at `nbf`.
    if now >= _number(claims, "exp") + leeway_s:
        raise TokenError("expired")
    if "nbf" in claims and now < _number(claims, "nbf") - leeway_s:
        raise TokenError("not valid yet")
    if claims.get("iss") != issuer:
        raise TokenError(f"iss is {_short(claims.get('iss'))}")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise TokenError("sub is missing, or not a string")
    return claims


def read_words(claims: dict[str, Any], name: str) -> list[str]:
    """The items of a claim: a list, or a string with spaces between them.

    Raises:
        TokenError: It is neither.
    """
    value = claims.get(name, [])
    items = value.split() if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise TokenError(f"{name} is neither a string nor a list of strings")
    return items


def read_token(scope: RequestScope) -> str | None:
    """The token of a request, None for a request without any. A token in the query is ignored.

    Raises:
        HTTPError: 400 for two Authorization fields.
    """
    sent = [value for name, value in scope.request.peek_headers().multi_items() if name.lower() == "authorization"]
    if len(sent) > 1:
        challenge = f'{_REALM}, error="invalid_request"'
        raise HTTPError(400, "the request has two Authorization headers", headers={"www-authenticate": challenge})
    kind, _, token = (sent[0] if sent else "").strip().partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


class _Tokens:
    """How `bearer` and `cognito` authenticate: by the keys and claims of one issuer.

    Args:
        issuer: The `iss`.
        keys: Its keys.
        algorithms: The accepted ones.
        leeway_s: For clocks that differ.
        read_caller: Claims → caller; raises TokenError.
        where: The declaration, for the log.
    """

    __slots__ = ("_algorithms", "_issuer", "_keys", "_leeway_s", "_read_caller", "_where")

    def __init__(
        self,
        issuer: str,
        keys: GivenKeys | FetchedKeys,
        algorithms: Collection[str],
        leeway_s: float,
        read_caller: Callable[[dict[str, Any]], Caller],
        where: str,
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._algorithms = algorithms
        self._leeway_s = leeway_s
        self._read_caller = read_caller
        self._where = where

    async def authenticate(self, scope: RequestScope) -> Caller | None:
        """The caller; None for a request without a token.

        Raises:
            HTTPError: 400 or 401 for a token that is not valid, 503 without keys.
        """
        text = read_token(scope)
        if text is None:
            return None
        try:
            token = SignedToken(text)
            if token.algorithm not in self._algorithms:
                raise TokenError(f"the algorithm {_short(token.algorithm)} is not accepted")
            payload = token.verify(await self._find(token.kid), self._algorithms)
            return self._read_caller(read_claims(token, payload, self._issuer, self._leeway_s, time.time()))
        except TokenError as error:
            raise self.refuse(scope, error) from error
        except KeySetError as error:
            self._log(scope, f"tokens cannot be verified: {error}")
            detail = "the credentials cannot be verified at the moment"
            raise HTTPError(503, detail, headers={"retry-after": str(_RETRY_S)}) from error

    def accept(self, scope: RequestScope, claims: dict[str, Any]) -> Caller:
        """The caller of claims that API Gateway has verified.

        Raises:
            HTTPError: 401 for a token of another client or use.
        """
        try:
            return self._read_caller(claims)
        except TokenError as error:
            raise self.refuse(scope, error) from error

    def refuse(self, scope: RequestScope, error: TokenError) -> HTTPError:
        """The error for the client, after the reason is logged."""
        self._log(scope, f"a token is not valid: {error}")
        challenge = f'{_REALM}, error="invalid_token"'
        return HTTPError(401, "the token is not valid", headers={"www-authenticate": challenge})

    async def _find(self, kid: str | None) -> VerificationKey | None:
        keys = self._keys
        if running_loop() is None or isinstance(keys, GivenKeys) or keys.is_ready(kid):
            return keys.find(kid)
        import asyncio

        return await asyncio.to_thread(keys.find, kid)

    def _log(self, scope: RequestScope, message: str) -> None:
        from edgeroutes.runtime.log import log_warning

        log_warning(f"{self._where}: {message}", path=scope.path)


class Bearer(BearerConfig):
    """`bearer`, as its configuration documents it."""

    __slots__ = ("_audience", "_tokens")
    __hash__ = BearerConfig.__hash__

    def start(self, where: str) -> None:
        """Read the variables and the keys that the route declares.

        Raises:
            ConfigError: A variable is not set, or the keys must not be trusted.
        """
        issuer = resolve(self.issuer, where)
        self._audience = frozenset(resolve(each, where) for each in self.audience)
        self._tokens = _Tokens(
            issuer, self._open_keys(issuer, where), self.algorithms, self.leeway_s, self._read_caller, where
        )

    async def authenticate(self, scope: RequestScope) -> Caller | None:
        """The caller; None for a request without a token."""
        return await self._tokens.authenticate(scope)

    def challenge(self, scope: RequestScope) -> str:  # noqa: ARG002  # of the protocol
        """The challenge for a request without a token. Source: RFC 6750 §3."""
        return _REALM

    def _open_keys(self, issuer: str, where: str) -> GivenKeys | FetchedKeys:
        given: object = self.jwks
        if given is None:
            url = resolve(self.jwks_url, where) if self.jwks_url else ""
            return FetchedKeys(lambda: fetch_json(url) if url else discover(issuer), issuer)
        try:
            return GivenKeys(json.loads(resolve(given, where)) if isinstance(given, str) else given)
        except (KeySetError, ValueError) as error:
            raise ConfigError(f"jwks cannot be used: {error}", where=where) from error

    def _read_caller(self, claims: dict[str, Any]) -> Caller:
        sent = claims.get("aud")
        audience = [sent] if isinstance(sent, str) else sent
        if not isinstance(audience, list) or not any(
            isinstance(each, str) and each in self._audience for each in audience
        ):
            raise TokenError(f"aud is {_short(sent)}")
        scopes, roles = read_words(claims, self.scope_claim), read_words(claims, self.roles_claim)
        return Caller(claims["sub"], scopes=scopes, roles=roles, claims=claims, scheme=self.called)


class Cognito(CognitoConfig):
    """`cognito`, as its configuration documents it."""

    __slots__ = ("_clients", "_tokens")
    __hash__ = CognitoConfig.__hash__

    def start(self, where: str) -> None:
        """Find out the pool's id and the app clients'.

        Raises:
            ConfigError: A variable is not set, or the pool cannot be recognized.
        """
        region, suffix, pool = _read_pool(_resource(self.user_pool, where), where)
        host = f"cognito-idp.{region}.{suffix}"
        self._clients = frozenset(_resource(each, where) for each in self.client_id)
        path = f"{pool}/.well-known/jwks.json"

        def fetch() -> object:
            # Local AWS answers for every host; only the Host field tells it which service is meant.
            local = os.environ.get("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER") or os.environ.get("AWS_ENDPOINT_URL")
            return fetch_json(f"{local.rstrip('/')}/{path}", host) if local else fetch_json(f"https://{host}/{path}")

        issuer = f"https://{host}/{pool}"
        self._tokens = _Tokens(
            issuer, FetchedKeys(fetch, issuer), ("RS256",), _COGNITO_LEEWAY_S, self._read_caller, where
        )

    async def authenticate(self, scope: RequestScope) -> Caller | None:
        """The caller; None for a request without a token."""
        if self.at == "gateway":
            from edgeroutes.guards.gateway import gateway_claims

            claims = gateway_claims(scope)
            if claims is not None:
                return self._tokens.accept(scope, claims)
        return await self._tokens.authenticate(scope)

    def challenge(self, scope: RequestScope) -> str:  # noqa: ARG002  # of the protocol
        """The challenge for a request without a token. Source: RFC 6750 §3."""
        return _REALM

    def _read_caller(self, claims: dict[str, Any]) -> Caller:
        # Source: docs.aws.amazon.com/cognito "amazon-cognito-user-pools-using-the-access-token": it has client_id, and no aud.
        client = claims.get("client_id" if self.token_use == "access" else "aud")  # noqa: S105  # the kind of token
        if claims.get("token_use") != self.token_use:
            raise TokenError(f"token_use is {_short(claims.get('token_use'))}")
        if not isinstance(client, str) or client not in self._clients:
            raise TokenError(f"the token is of the client {_short(client)}")
        scopes, roles = read_words(claims, "scope"), read_words(claims, "cognito:groups")
        return Caller(claims["sub"], scopes=scopes, roles=roles, claims=claims, scheme=self.called)


def _resource(text: str, where: str) -> str:
    """The id of a resource of infra/ that a function has as a variable, or the setting itself."""
    own = "" if text.startswith(VARIABLE) else os.environ.get(f"{COGNITO_VARIABLE}{text}", "")
    return own or resolve(text, where)


def _read_pool(text: str, where: str) -> tuple[str, str, str]:
    """Region, domain and id of a user pool, by its ARN or id."""
    pool = text.rpartition("/")[2]
    region, _, name = pool.partition("_")
    if text.startswith("arn:"):
        region = text.split(":")[3] if text.count(":") >= 5 else ""
    if not region or not name or not name.isalnum() or not region.replace("-", "").isalnum():
        hint = "Allowed are the logical id of a user pool of infra/, its ARN, and its id such as eu-west-1_AbCdEf"
        raise ConfigError(f"user_pool is {text!r}", where=where, hint=hint)
    return region, "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com", pool


def _decode(part: str) -> bytes:
    """The bytes of base64url in its only form: without padding, spaces and unused bits.

    Source: RFC 7515 §2, RFC 4648 §3.5.
    """
    standard = part.replace("-", "+").replace("_", "/")
    try:
        decoded = a2b_base64(standard + "=" * (-len(part) % 4), strict_mode=True)
    except (Base64Error, ValueError) as error:
        raise TokenError("a part is not base64url") from error
    if "+" in part or "/" in part or b2a_base64(decoded, newline=False).rstrip(b"=").decode() != standard:
        raise TokenError("a part is not base64url in its only form")
    return decoded


def _read_object(data: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(data.decode(), object_pairs_hook=_without_repetition, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise TokenError(f"the {what} is not valid JSON") from error
    if not isinstance(value, dict):
        raise TokenError(f"the {what} is not an object")
    return value


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Source: RFC 7515 §5.2, RFC 7519 §4: names are unique."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _number(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TokenError(f"{name} is {_short(value)}")
    return value


def _short(value: object) -> str:
    return repr(value)[:80]
