"""Guards as a route file declares them: what is read, and which arguments are refused."""

from __future__ import annotations

import ast

import pytest

from edgeroutes.errors import RouteFileError
from edgeroutes.routing.bindings import read_bindings
from edgeroutes.routing.guards import (
    AnyOfConfig,
    ApiKeyConfig,
    BearerConfig,
    CognitoConfig,
    IdempotencyConfig,
    Rate,
    RateLimitConfig,
    Reference,
    parse_rates,
)
from edgeroutes.routing.python_source import read_constant

IMPORTS = """from edgeroutes import auth as schemes
from edgeroutes.auth import any_of, api_key, bearer, bearer as tokens, cognito
from edgeroutes.idempotency import Idempotency
from edgeroutes.ratelimit import RateLimit
from keys import find_client
import edgeroutes.auth
"""


def read(expression: str, name: str = "auth") -> object:
    bindings = read_bindings(ast.parse(f"{IMPORTS}{name} = {expression}\n"))
    binding = bindings.last(name)
    assert binding is not None
    return read_constant(binding, bindings, "route.py:7")


def refused(expression: str, name: str = "auth") -> str:
    with pytest.raises(RouteFileError) as raised:
        read(expression, name)
    return str(raised.value)


@pytest.mark.parametrize("name", ["bearer", "tokens", "schemes.bearer", "edgeroutes.auth.bearer"])
def test_a_scheme_is_known_by_what_its_name_stands_for(name: str) -> None:
    assert read(f"{name}('env:ISSUER', 'shop')") == BearerConfig("env:ISSUER", "shop")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (
            "bearer('https://a.example', ['a', 'b'], leeway_s=5)",
            BearerConfig("https://a.example", ["a", "b"], leeway_s=5),
        ),
        ("bearer('i', 'a', jwks={'keys': []})", BearerConfig("i", "a", jwks={"keys": []})),
        ("cognito('Users', client_id='env:CLIENT')", CognitoConfig("Users", client_id="env:CLIENT")),
        ("api_key('env:KEYS', header='x-key')", ApiKeyConfig("env:KEYS", header="x-key")),
        ("api_key({'ann': 'sha256:00'})", ApiKeyConfig({"ann": "sha256:00"})),
        ("api_key(find_client)", ApiKeyConfig(Reference("find_client"))),  # type: ignore[arg-type]
        (
            "any_of(bearer('i', 'a'), api_key('env:S'))",
            AnyOfConfig(BearerConfig("i", "a"), ApiKeyConfig("env:S")),
        ),
        ("False", False),
    ],
)
def test_auth_is_read_without_running_the_file(expression: str, value: object) -> None:
    assert read(expression) == value


def test_limits_are_read_alone_and_in_a_list() -> None:
    assert read("RateLimit('100/minute', key='caller')", "limit") == RateLimitConfig("100/minute", key="caller")
    assert read("[RateLimit('1/second'), RateLimit('9/hour', name='slow')]", "limit") == [
        RateLimitConfig("1/second"),
        RateLimitConfig("9/hour", name="slow"),
    ]


def test_idempotency_is_read() -> None:
    assert read("Idempotency(ttl_s=60)", "idempotent") == IdempotencyConfig(ttl_s=60)
    assert read("Idempotency()", "idempotent") != IdempotencyConfig(ttl_s=60)


def test_values_of_different_guards_differ() -> None:
    assert BearerConfig("i", "a") != CognitoConfig("i", client_id="a")
    assert len({RateLimitConfig("1/second"), RateLimitConfig("1/second"), RateLimitConfig("2/second")}) == 2


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("100/minute", [(100, 60)]),
        ("1/s" + "econd", [(1, 1)]),
        ("5/10 seconds", [(5, 10)]),
        ("10/second, 1000/hour", [(10, 1), (1000, 3600)]),
        (" 2 / day ", [(2, 86_400)]),
    ],
)
def test_a_rate_is_a_count_and_a_time(text: str, rates: list[tuple[int, int]]) -> None:
    assert parse_rates(text) == tuple(Rate(count, seconds) for count, seconds in rates)


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        (
            "RateLimit('100 per minute')",
            "rate has '100 per minute'. Allowed is a count and a time, such as '100/minute' or '5/10 seconds'.",
        ),
        (
            "RateLimit('100/minit')",
            "rate's time is 'minit'. Allowed are 'second', 'minute', 'hour', 'day'. Did you mean 'minute'?",
        ),
        (
            "RateLimit('0/minute')",
            "rate has '0/minute'. Allowed are at least one call, and a time from a second to a year.",
        ),
        (
            "RateLimit('1/second, 2/second')",
            "rate is '1/second, 2/second', with two counts for one time. Allowed is one for each time.",
        ),
        ("RateLimit('5/minute', cost=6)", "cost is 6. Allowed are 0 to 5."),
        ("RateLimit('50/minute', burst=5, cost=6)", "cost is 6. Allowed are 0 to 5."),
        (
            "RateLimit('5/minute', key='calller')",
            "key is 'calller'. Allowed are 'client', 'caller', 'route', 'header:NAME' and 'segment:NAME'. Did you mean 'caller'?",
        ),
        (
            "RateLimit('5/minute', key='header:')",
            "key is 'header:'. Allowed are 'client', 'caller', 'route', 'header:NAME' and 'segment:NAME'. Did you mean 'header:'?",
        ),
        ("RateLimit('5/minute', burts=2)", "RateLimit() got an unexpected keyword argument 'burts'."),
        ("RateLimit(5)", "rate is 5. Allowed is a text such as '100/minute'."),
    ],
)
def test_a_limit_that_cannot_count_is_refused(expression: str, problem: str) -> None:
    assert refused(expression, "limit") == f"route.py:7: limit: {problem}"


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("bearer('', 'a')", "issuer is ''. Allowed is a text, and 'env:NAME' for an environment variable."),
        ("bearer('i', 'env:')", "audience is 'env:'. Allowed is a text, and 'env:NAME' for an environment variable."),
        ("bearer('i', [])", "audience is []. Allowed is a list of texts."),
        ("bearer('i')", "bearer() missing 1 required positional argument: 'audience'."),
        (
            "bearer('i', 'a', algorithms=['HS256'])",
            (
                "algorithms is 'HS256'. Allowed are 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512',"
                " 'EdDSA'. Did you mean 'RS256'?"
            ),
        ),
        ("bearer('i', 'a', leeway_s=301)", "leeway_s is 301. Allowed are 0 to 300."),
        ("bearer('i', 'a', jwks={}, jwks_url='https://k')", "jwks_url and jwks are given. Allowed is one of them."),
        (
            "bearer('i', 'a', at='gateway', optional=True)",
            'optional is True with at="gateway". API Gateway refuses every request without credentials: allowed is at="function".',
        ),
        (
            "cognito('P', client_id='c', token_use='acces')",
            "token_use is 'acces'. Allowed are 'access', 'id'. Did you mean 'access'?",
        ),
        ("any_of(bearer('i', 'a'))", "any_of has 1 schemes. Allowed are two or more."),
        ("any_of(bearer('i', 'a'), 'x')", "a scheme is 'x'. Allowed are bearer, cognito and api_key."),
        (
            "any_of(bearer('i', 'a', at='gateway'), api_key('env:K'))",
            'bearer has at="gateway". Allowed in any_of is at="function".',
        ),
    ],
)
def test_a_scheme_with_arguments_that_cannot_be_is_refused(expression: str, problem: str) -> None:
    assert refused(expression) == f"route.py:7: auth: {problem}"


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("Idempotency(ttl_s=5)", "ttl_s is 5. Allowed are 60 to 3.1536e+07."),
        ("Idempotency(methods=['GET'])", "methods is 'GET'. Allowed are 'POST', 'PUT', 'PATCH', 'DELETE'."),
        (
            "Idempotency(header='Idempotency Key')",
            "header is 'Idempotency Key'. Allowed is the name of a header field.",
        ),
        ("Idempotency(scope='user')", "scope is 'user'. Allowed are 'caller', 'client', 'global'."),
    ],
)
def test_idempotency_with_arguments_that_cannot_be_is_refused(expression: str, problem: str) -> None:
    assert refused(expression, "idempotent") == f"route.py:7: idempotent: {problem}"


@pytest.mark.parametrize(
    "expression", ["make_auth()", "bearer(*pair)", "bearer(ISSUER, 'a')", "lambda: None", "bearer"]
)
def test_a_guard_that_only_running_the_file_gives_is_refused(expression: str) -> None:
    assert refused(expression).startswith(f"route.py:7: auth is {expression}")
