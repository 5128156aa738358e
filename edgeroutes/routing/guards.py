"""Guards as route files declare them: who may call, how often, and which requests run once.

A route file or a folder's middleware.py declares `auth`, `limit` and `idempotent`; the nearest declaration applies, and False takes it
back. The build reads these values from the source without running it. `edgeroutes.guards` has the classes that act at run time, derived
from these.
"""

from __future__ import annotations

import re

from edgeroutes.errors import suggest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Final

    JsonObject = Mapping[str, Any]

VARIABLE: Final = "env:"

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_TOKEN_USES: Final = ("access", "id")
_SAME_SITES: Final = ("lax", "strict", "none")
_LIMIT_KEYS: Final = ("client", "caller", "route")
_LIMIT_KEY_PREFIXES: Final = ("header:", "segment:")
_PERIODS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_RATE: Final = r"\s*([0-9]{1,9})\s*/\s*(?:([0-9]{1,6})\s*)?([a-z]+?)s?\s*"
# Source: draft-ietf-httpapi-ratelimit-headers, RFC 9651 §3.3.3: a policy's name is a String, of printable ASCII characters.
_NAME: Final = r"[ -~]{1,100}"
_FIELD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
IDEMPOTENT_METHODS: Final = ("POST", "PUT", "PATCH", "DELETE")


class Reference:
    """A name in the source that stands for a value that only running the file gives, such as a function.

    Args:
        name: As it is written.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return self.name


class GuardConfig:
    """A declared guard: an attribute for each argument; values with the same arguments are equal."""

    __slots__ = ()
    called = ""
    """The public name, for messages."""

    def arguments(self) -> dict[str, Any]:
        """Name → value of each argument."""
        names = (name for kind in reversed(type(self).__mro__) for name in getattr(kind, "__slots__", ()))
        return {name: getattr(self, name) for name in names if not name.startswith("_")}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GuardConfig) or other.called != self.called:
            return NotImplemented
        return GuardConfig.arguments(self) == GuardConfig.arguments(other)

    def __hash__(self) -> int:
        return hash((self.called, repr(self.arguments())))

    def __repr__(self) -> str:
        from inspect import signature

        defaults = {name: each.default for name, each in signature(type(self)).parameters.items()}
        given = {
            name: value for name, value in self.arguments().items() if name in defaults and value != defaults[name]
        }
        shown = {name: "{…}" if isinstance(value, dict) else repr(value) for name, value in given.items()}
        return f"{self.called}({', '.join(f'{name}={text}' for name, text in shown.items())})"


class AuthConfig(GuardConfig):
    """A way to authenticate callers.

    Attributes:
        optional: Whether requests without credentials are let through.
        at: "function", or "gateway" for an authorizer of API Gateway.
    """

    __slots__ = ("at", "optional")
    optional: bool
    at: str

    @property
    def schemes(self) -> tuple[AuthConfig, ...]:
        """Itself, or the alternatives of `any_of`."""
        return (self,)


class BearerConfig(AuthConfig):
    """`bearer`: JSON Web Tokens of an OpenID Connect issuer, in `Authorization: Bearer`.

    Args:
        issuer: The `iss` of its tokens, exactly, or "env:NAME".
        audience: One that `aud` must contain, or several of which it must contain one; "env:NAME" stands for a variable.
        jwks_url: Where its keys are; empty to read it from the issuer's OpenID configuration.
        jwks: Its keys, a JSON Web Key Set; nothing is fetched then.
        algorithms: The accepted signature algorithms.
        leeway_s: How far the clocks of issuer and function may differ, in seconds, at most 300.
        scope_claim: The claim with the scopes: a text with spaces, or a list.
        roles_claim: The claim with the roles: a list, or a text with spaces.
        optional: Whether requests without a token are let through; a token that is not valid is refused all the same.
        at: "function", or "gateway": an authorizer of API Gateway verifies the token, before the function is invoked.

    Raises:
        ValueError: An argument is not allowed.
    """

    __slots__ = ("algorithms", "audience", "issuer", "jwks", "jwks_url", "leeway_s", "roles_claim", "scope_claim")
    called = "bearer"

    def __init__(
        self,
        issuer: str,
        audience: str | Sequence[str],
        *,
        jwks_url: str = "",
        jwks: JsonObject | None = None,
        algorithms: Sequence[str] = ("RS256", "ES256", "EdDSA"),
        leeway_s: float = 30,
        scope_claim: str = "scope",
        roles_claim: str = "roles",
        optional: bool = False,
        at: str = "function",
    ) -> None:
        self.issuer = _text("issuer", issuer)
        audiences = (audience,) if isinstance(audience, str) else _items("audience", audience)
        self.audience = tuple(_text("audience", each) for each in audiences)
        self.jwks_url = jwks_url
        self.jwks = jwks
        if jwks_url and jwks is not None:
            raise ValueError("jwks_url and jwks are given. Allowed is one of them")
        self.algorithms = tuple(_choice("algorithms", each, ALGORITHMS) for each in _items("algorithms", algorithms))
        self.leeway_s = _number("leeway_s", leeway_s, 0, 300)
        self.scope_claim = _text("scope_claim", scope_claim)
        self.roles_claim = _text("roles_claim", roles_claim)
        self.optional = _flag("optional", optional)
        self.at = _place(at, optional=optional)


class CognitoConfig(AuthConfig):
    """`cognito`: the tokens of an Amazon Cognito user pool, in `Authorization: Bearer`.

    Args:
        user_pool: Its logical id in infra/, its ARN, or "env:NAME" with its id or ARN.
        client_id: The app client whose tokens are accepted, its logical id in infra/, or "env:NAME"; several as a list.
        token_use: "access" or "id".
        optional: As for `bearer`.
        at: "function", or "gateway" for API Gateway's own Cognito authorizer.

    Raises:
        ValueError: An argument is not allowed.
    """

    __slots__ = ("client_id", "token_use", "user_pool")
    called = "cognito"

    def __init__(
        self,
        user_pool: str,
        *,
        client_id: str | Sequence[str],
        token_use: str = "access",  # noqa: S107  # the kind of token
        optional: bool = False,
        at: str = "function",
    ) -> None:
        self.user_pool = _text("user_pool", user_pool)
        clients = (client_id,) if isinstance(client_id, str) else _items("client_id", client_id)
        self.client_id = tuple(_text("client_id", each) for each in clients)
        self.token_use = _choice("token_use", token_use, _TOKEN_USES)
        self.optional = _flag("optional", optional)
        self.at = _place(at, optional=optional)


class ApiKeyConfig(AuthConfig):
    """`api_key`: a secret that each client sends in a header.

    Args:
        keys: Name → `sha256:` and the key's digest in hexadecimal; the same as JSON, or "env:NAME" with it; or a function from a key to a
            Caller or None, sync or async.
        header: The header with the key.
        optional: Whether requests without a key are let through.

    Raises:
        ValueError: An argument is not allowed.
    """

    __slots__ = ("header", "keys")
    called = "api_key"

    def __init__(
        self,
        keys: Mapping[str, str] | str | Callable[[str], object],
        *,
        header: str = "x-api-key",
        optional: bool = False,
    ) -> None:
        self.keys = keys
        self.header = _header("header", header)
        self.optional = _flag("optional", optional)
        self.at = "function"


class CookieSessionConfig(AuthConfig):
    """`cookie_session`: a signed cookie that `sign_in` sets.

    Args:
        secret: "env:NAME" with at least 32 random bytes as text; several, separated by spaces or as a JSON list, rotate: the first signs,
            all verify.
        name: The cookie's name.
        max_age_s: How long a session lasts from sign-in, in seconds.
        idle_s: How long it lasts without a request, in seconds; None for no such limit.
        encrypt: Whether the client must not read the session's claims.
        store: "cookie", or "table" to keep the claims in the state table and only an id in the cookie.
        same_site: "lax", "strict" or "none".
        trusted_origins: Other origins whose pages may send requests that change something.
        optional: Whether requests without a session are let through.

    Raises:
        ValueError: An argument is not allowed.
    """

    __slots__ = ("encrypt", "idle_s", "max_age_s", "name", "same_site", "secret", "store", "trusted_origins")
    called = "cookie_session"

    def __init__(
        self,
        secret: str,
        *,
        name: str = "__Host-session",
        max_age_s: int = 28_800,
        idle_s: int | None = None,
        encrypt: bool = False,
        store: str = "cookie",
        same_site: str = "lax",
        trusted_origins: Sequence[str] = (),
        optional: bool = True,
    ) -> None:
        self.secret = _text("secret", secret)
        if not re.fullmatch(_FIELD, name):
            raise ValueError(f"name is {name!r}. Allowed are letters, digits and !#$%&'*+.^_`|~-")
        self.name = name
        self.max_age_s = int(_number("max_age_s", max_age_s, 1, 34_560_000))
        self.idle_s = None if idle_s is None else int(_number("idle_s", idle_s, 1, max_age_s))
        self.encrypt = _flag("encrypt", encrypt)
        self.store = _choice("store", store, ("cookie", "table"))
        self.same_site = _choice("same_site", same_site, _SAME_SITES)
        self.trusted_origins = tuple(_items("trusted_origins", trusted_origins, may_be_empty=True))
        self.optional = _flag("optional", optional)
        self.at = "function"


class AnyOfConfig(AuthConfig):
    """`any_of`: the first scheme whose credentials a request has; optional where one of them is.

    Args:
        schemes: At least two of `bearer`, `cognito` and `api_key`, verified in the function.

    Raises:
        ValueError: An argument is not allowed.
    """

    __slots__ = ("_schemes",)
    called = "any_of"

    def __init__(self, *schemes: AuthConfig) -> None:
        given: tuple[object, ...] = schemes
        for scheme in given:
            if not isinstance(scheme, AuthConfig) or isinstance(scheme, AnyOfConfig):
                raise ValueError(f"a scheme is {scheme!r}. Allowed are bearer, cognito and api_key")  # noqa: TRY004
            if scheme.at == "gateway":
                raise ValueError(f'{scheme.called} has at="gateway". Allowed in any_of is at="function"')
        if len(schemes) < 2:
            raise ValueError(f"any_of has {len(schemes)} schemes. Allowed are two or more")
        self._schemes = schemes
        self.optional = any(scheme.optional for scheme in schemes)
        self.at = "function"

    @property
    def schemes(self) -> tuple[AuthConfig, ...]:
        return self._schemes

    def arguments(self) -> dict[str, Any]:
        """Position → scheme."""
        return {str(place): scheme for place, scheme in enumerate(self._schemes)}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AnyOfConfig) and other.schemes == self.schemes

    def __hash__(self) -> int:
        return hash(self._schemes)

    def __repr__(self) -> str:
        return f"any_of({', '.join(map(repr, self._schemes))})"


class Rate:
    """One policy of a limit.

    Args:
        count: How many calls.
        seconds: In which time.
    """

    __slots__ = ("count", "seconds")

    def __init__(self, count: int, seconds: int) -> None:
        self.count = count
        self.seconds = seconds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rate) and (other.count, other.seconds) == (self.count, self.seconds)

    def __hash__(self) -> int:
        return hash((self.count, self.seconds))

    def __repr__(self) -> str:
        return f"Rate({self.count}, {self.seconds})"


class RateLimitConfig(GuardConfig):
    """`RateLimit`: how often a key may call.

    Args:
        rate: Such as "100/minute", "5/10 seconds", or several as "10/second, 1000/hour".
        key: "client" (its address; of IPv6 the first 64 bits), "caller", "route" (all together), "header:NAME" or "segment:NAME".
        burst: How many calls may come at once; None for the rate's count.
        cost: How much one request counts.
        name: In the RateLimit header fields; limits with one name, rate and key count together, on whatever routes.
        on_error: "open" to let requests through while the table does not respond, "closed" to refuse them with a 503.
        at: "function", "gateway" (API Gateway's throttling of the route, all clients together) or "waf" (a rule of AWS WAF for each
            address).

    Raises:
        ValueError: An argument is not allowed.
    """

    __slots__ = ("at", "burst", "cost", "key", "name", "on_error", "rate", "rates")
    called = "RateLimit"

    def __init__(
        self,
        rate: str,
        *,
        key: str = "client",
        burst: int | None = None,
        cost: int = 1,
        name: str = "default",
        on_error: str = "open",
        at: str = "function",
    ) -> None:
        self.rate = rate
        self.rates = parse_rates(rate)
        self.key = _limit_key(key)
        least = min(each.count for each in self.rates)
        self.burst = None if burst is None else int(_number("burst", burst, 1, 1_000_000_000))
        self.cost = int(_number("cost", cost, 0, self.burst or least))
        self.name = _policy_name(name)
        self.on_error = _choice("on_error", on_error, ("open", "closed"))
        self.at = _choice("at", at, ("function", "gateway", "waf"))

    def arguments(self) -> dict[str, Any]:
        """Name → value of each argument."""
        return {name: value for name, value in super().arguments().items() if name != "rates"}


class IdempotencyConfig(GuardConfig):
    """`Idempotency`: requests with one key run once, and repetitions get the first response.

    Args:
        ttl_s: How long a response is kept, in seconds.
        required: Whether a request without a key is refused.
        header: The header with the key.
        key: "header", or "webhook" for the event's id that `webhooks.verify` has found.
        scope: Whose keys are distinguished: "caller" (the client's address where nobody is signed in), "client" or "global".
        on_error: "closed" to refuse requests with a key by a 503 while the table does not respond, "open" to run them.
        methods: To which it applies.

    Raises:
        ValueError: An argument is not allowed.
    """

    __slots__ = ("header", "key", "methods", "on_error", "required", "scope", "ttl_s")
    called = "Idempotency"

    def __init__(
        self,
        *,
        ttl_s: int = 86_400,
        required: bool = False,
        header: str = "Idempotency-Key",
        key: str = "header",
        scope: str = "caller",
        on_error: str = "closed",
        methods: Sequence[str] = ("POST", "PATCH"),
    ) -> None:
        self.ttl_s = int(_number("ttl_s", ttl_s, 60, 31_536_000))
        self.required = _flag("required", required)
        self.header = _header("header", header)
        self.key = _choice("key", key, ("header", "webhook"))
        self.scope = _choice("scope", scope, ("caller", "client", "global"))
        self.on_error = _choice("on_error", on_error, ("closed", "open"))
        self.methods = tuple(_choice("methods", each, IDEMPOTENT_METHODS) for each in _items("methods", methods))


def parse_rates(text: str) -> tuple[Rate, ...]:
    """The policies of a rate.

    Raises:
        ValueError: It cannot be read.
    """
    if not isinstance(text, str):
        raise ValueError(f"rate is {text!r}. Allowed is a text such as '100/minute'")  # noqa: TRY004
    rates = []
    for part in text.split(","):
        match = re.fullmatch(_RATE, part)
        if match is None:
            raise ValueError(
                f"rate has {part.strip()!r}. Allowed is a count and a time, such as '100/minute' or '5/10 seconds'"
            )
        period = _choice("rate's time", match[3], tuple(_PERIODS))
        count, seconds = int(match[1]), int(match[2] or 1) * _PERIODS[period]
        if not count or not seconds or seconds > 31_536_000:
            raise ValueError(
                f"rate has {part.strip()!r}. Allowed are at least one call, and a time from a second to a year"
            )
        rates.append(Rate(count, seconds))
    if len({each.seconds for each in rates}) < len(rates):
        raise ValueError(f"rate is {text!r}, with two counts for one time. Allowed is one for each time")
    return tuple(rates)


def _place(at: object, *, optional: bool) -> str:
    if at == "gateway" and optional:
        raise ValueError(
            'optional is True with at="gateway". API Gateway refuses every request without credentials: allowed is at="function"'
        )
    return _choice("at", at, ("function", "gateway"))


def _limit_key(key: object) -> str:
    if isinstance(key, str):
        prefix, _, name = key.partition(":")
        if key in _LIMIT_KEYS or (f"{prefix}:" in _LIMIT_KEY_PREFIXES and re.fullmatch(_FIELD, name)):
            return key.lower() if prefix == "header" else key
    allowed = "'client', 'caller', 'route', 'header:NAME' and 'segment:NAME'"
    hint = suggest(str(key), (*_LIMIT_KEYS, *_LIMIT_KEY_PREFIXES))
    raise ValueError(f"key is {key!r}. Allowed are {allowed}{_sentence(hint)}")


def _policy_name(name: object) -> str:
    if not isinstance(name, str) or not re.fullmatch(_NAME, name):
        raise ValueError(f"name is {name!r}. Allowed are 1 to 100 printable ASCII characters")
    return name


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or value == VARIABLE:
        raise ValueError(f"{name} is {value!r}. Allowed is a text, and 'env:NAME' for an environment variable")
    return value


def _items(name: str, value: object, *, may_be_empty: bool = False) -> Sequence[Any]:
    if not isinstance(value, list | tuple) or not (value or may_be_empty):
        raise ValueError(f"{name} is {value!r}. Allowed is a list of texts")
    for item in value:
        if not isinstance(item, str):
            raise ValueError(f"{name} has {item!r}. Allowed is a list of texts")  # noqa: TRY004
    return value


def _choice(name: str, value: object, allowed: Sequence[str]) -> str:
    if isinstance(value, str) and value in allowed:
        return value
    hint = suggest(str(value), allowed)
    raise ValueError(f"{name} is {value!r}. Allowed are {', '.join(map(repr, allowed))}{_sentence(hint)}")


def _number(name: str, value: object, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ValueError(f"{name} is {value!r}. Allowed are {least:g} to {most:g}")
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name} is {value!r}. Allowed are True and False")  # noqa: TRY004
    return value


def _header(name: str, value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(_FIELD, value):
        raise ValueError(f"{name} is {value!r}. Allowed is the name of a header field")
    return value


def _sentence(hint: str) -> str:
    return f". {hint}" if hint else ""
