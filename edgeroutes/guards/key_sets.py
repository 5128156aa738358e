"""Key sets: the public keys with which an issuer's tokens are verified (RFC 7517), given or fetched."""

from __future__ import annotations

import json
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from joserfc.jwk import Key

    from edgeroutes.types import Clock

REFETCH_S = 30
"""After an attempt to fetch, how long an unknown key id or a failure leads to no other."""
_FRESH_S = 3600
_LAST_GOOD_S = 24 * 3600
_TIMEOUT_S = 3
_MAX_BYTES = 256 * 1024
_MAX_KEYS = 100
_MIN_RSA_BITS = 2048
# Key types, and the algorithms that their keys can have. Source: RFC 7518 §3.1, RFC 8037 §3.1.
_CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA", "Ed448": "EdDSA"}
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_PUBLIC = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y"), "OKP": ("kty", "crv", "x")}


class KeySetError(Exception):
    """A key set cannot be used or fetched; its text is for the log."""


class VerificationKey:
    """One public key.

    Args:
        key: Of joserfc.
        algorithms: With which tokens may be signed by it.
    """

    __slots__ = ("algorithms", "key")

    def __init__(self, key: Key, algorithms: tuple[str, ...]) -> None:
        self.key = key
        self.algorithms = algorithms


Keys = dict[str | None, VerificationKey]


def read_keys(document: object) -> Keys:
    """Key id → key, of the keys in a set that can verify signatures; the id is None for the only key of a set that has none.

    Keys for encryption and of types that edgeroutes does not know are left out (RFC 7517 §5).

    Raises:
        KeySetError: The document is not a key set, or one of its keys must not be trusted: a secret, a weak key, or an id that two have.
    """
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list) or len(entries) > _MAX_KEYS:
        raise KeySetError(f"the key set has no list 'keys' of at most {_MAX_KEYS} keys")
    keys: Keys = {}
    for entry in entries:
        if not isinstance(entry, dict):
            raise KeySetError("the key set has a key that is not an object")
        if entry.get("kty") == "oct":
            raise KeySetError("the key set has a secret (kty 'oct'), which whoever reads it could sign with")
        key = _read_key(entry) if _verifies(entry) else None
        if key is None:
            continue
        kid = entry.get("kid")
        if not isinstance(kid, str | None) or kid in keys:
            raise KeySetError(f"the key set has two keys with the id {kid!r}, or an id that is not a string")
        keys[kid] = key
    if not keys:
        raise KeySetError("the key set has no key that verifies signatures")
    if None in keys and len(keys) > 1:
        raise KeySetError("the key set has several keys, and one without an id")
    return keys


def _verifies(entry: Mapping[str, Any]) -> bool:
    """Whether a key is for signatures. Source: RFC 7517 §4.2, §4.3."""
    operations = entry.get("key_ops", ["verify"])
    return entry.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _read_key(entry: Mapping[str, Any]) -> VerificationKey | None:
    kind = entry.get("kty")
    members = _PUBLIC.get(kind) if isinstance(kind, str) else None
    allowed = _algorithms(entry)
    if members is None or not allowed:
        return None
    from joserfc.jwk import import_key

    try:
        # The public members alone: whatever else an issuer puts into its set decides nothing.
        key = import_key({name: entry[name] for name in members})
        if kind == "RSA":
            _require_strong(key)
    except KeySetError:
        raise
    except Exception as error:  # joserfc and cryptography raise many kinds for a broken key
        raise KeySetError(f"the key {entry.get('kid')!r} cannot be read: {type(error).__name__}") from error
    return VerificationKey(key, allowed)


def _algorithms(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The algorithms of a key, by its type and curve, and its `alg` where it has one."""
    curve = entry.get("crv")
    possible = _RSA if entry.get("kty") == "RSA" else (_CURVES.get(curve, "") if isinstance(curve, str) else "",)
    own = entry.get("alg")
    return tuple(each for each in possible if each and own in (None, each))


def _require_strong(key: Any) -> None:
    numbers = key.public_key.public_numbers()
    if numbers.n.bit_length() < _MIN_RSA_BITS or numbers.e < 3:
        raise KeySetError(f"the key set has an RSA key of {numbers.n.bit_length()} bits with the exponent {numbers.e}")


class GivenKeys:
    """Keys that the route declares.

    Raises:
        KeySetError: As `read_keys`.
    """

    __slots__ = ("_keys",)

    def __init__(self, document: object) -> None:
        self._keys = read_keys(document)

    def waits(self, kid: str | None) -> bool:  # noqa: ARG002  # as FetchedKeys
        """False: the keys are here."""
        return False

    def find(self, kid: str | None) -> VerificationKey | None:
        """The key with an id; a token without one fits a set of one key."""
        return choose(self._keys, kid)


def choose(keys: Keys, kid: str | None) -> VerificationKey | None:
    """The key for a token's `kid`; None for an unknown one. A token or a set without ids fits a set of one key."""
    if len(keys) == 1 and (kid is None or None in keys):
        return next(iter(keys.values()))
    return keys.get(kid)


class FetchedKeys:
    """Keys that are fetched when they are first needed, hourly, and once for an unknown id, never twice in 30 seconds.

    A set that was fetched in the last 24 hours is used while the issuer cannot be reached. Requests at the same time share a fetch.

    Args:
        fetch: The key set's document; raises KeySetError.
        name: The issuer, for the log.
        clock: Monotonic seconds.
    """

    __slots__ = ("_clock", "_failure", "_fetch", "_fetched_at", "_keys", "_lock", "_name", "_tried_at")

    def __init__(self, fetch: Callable[[], object], name: str, clock: Clock = time.monotonic) -> None:
        self._fetch = fetch
        self._name = name
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Keys | None = None
        self._fetched_at = 0.0
        self._tried_at: float | None = None
        self._failure = ""

    def find(self, kid: str | None) -> VerificationKey | None:
        """The key with an id; None for an unknown one. It may block for a fetch.

        Raises:
            KeySetError: No set could be fetched in the last 24 hours.
        """
        keys = self._keys
        if keys is not None and self._is_ready(kid):
            return choose(keys, kid)
        with self._lock:
            if self._is_due(kid):
                self._refresh()
            keys = self._keys
            if keys is None or self._clock() - self._fetched_at > _LAST_GOOD_S:
                raise KeySetError(f"no keys of {self._name}: {self._failure}")
            return choose(keys, kid)

    def waits(self, kid: str | None) -> bool:
        """Whether `find` would fetch, or wait for a fetch of another thread."""
        return not self._is_ready(kid) and (self._lock.locked() or self._is_due(kid))

    def _is_ready(self, kid: str | None) -> bool:
        keys = self._keys
        return keys is not None and self._clock() - self._fetched_at <= _FRESH_S and choose(keys, kid) is not None

    def _is_due(self, kid: str | None) -> bool:
        now = self._clock()
        if self._tried_at is not None and now - self._tried_at < REFETCH_S:
            return False
        return self._keys is None or now - self._fetched_at > _FRESH_S or choose(self._keys, kid) is None

    def _refresh(self) -> None:
        self._tried_at = self._clock()
        try:
            self._keys = read_keys(self._fetch())
            self._fetched_at = self._clock()
        except KeySetError as error:
            from edgeroutes.runtime.log import log_warning

            self._failure = str(error)
            log_warning(f"the keys of {self._name} cannot be fetched: {error}", issuer=self._name)


def fetch_json(url: str, host: str = "") -> dict[str, Any]:
    """A JSON object from another server, without redirects.

    Args:
        url: HTTPS; HTTP of this machine alone.
        host: The Host to send, where it is not the URL's.

    Raises:
        KeySetError: The server does not respond with 200 and a JSON object, or too late, or with too much.
    """
    import urllib3

    if not _is_safe(url) and not host:
        raise KeySetError(f"{url} is not an https:// URL")
    timeout = urllib3.Timeout(total=_TIMEOUT_S)
    try:
        with urllib3.PoolManager(num_pools=1) as pool:
            response = pool.request(
                "GET",
                url,
                headers={"accept": "application/json", **({"host": host} if host else {})},
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            body = response.read(_MAX_BYTES + 1, decode_content=True)
            status = response.status
            response.close()
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise KeySetError(f"{url} does not respond: {type(error).__name__}") from error
    if status != 200 or len(body) > _MAX_BYTES:
        raise KeySetError(f"{url} has sent the status {status} and {len(body)} bytes")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise KeySetError(f"{url} has not sent JSON") from error
    if not isinstance(document, dict):
        raise KeySetError(f"{url} has not sent a JSON object")
    return document


def discover(issuer: str) -> dict[str, Any]:
    """The key set of an issuer, by its OpenID configuration.

    Source: OpenID Connect Discovery 1.0 §4: the issuer in the document must be the one in its URL.

    Raises:
        KeySetError: As `fetch_json`; or the configuration is another issuer's.
    """
    document = fetch_json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if document.get("issuer") != issuer:
        raise KeySetError(f"the OpenID configuration of {issuer} has the issuer {document.get('issuer')!r}")
    url = document.get("jwks_uri")
    if not isinstance(url, str):
        raise KeySetError(f"the OpenID configuration of {issuer} has no jwks_uri")
    return fetch_json(url)


def _is_safe(url: str) -> bool:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and host in ("localhost", "127.0.0.1", "::1"))
    )
