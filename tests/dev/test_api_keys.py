"""API keys, and several schemes for one route."""

from __future__ import annotations

import asyncio
import json
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest

from edgeroutes.auth import Caller, any_of, api_key
from edgeroutes.errors import ConfigError
from edgeroutes.http.interrupts import HTTPError

KEYS = {"ci": "sha256:" + sha256(b"k").hexdigest()}
CI = Caller("ci", scheme="api_key")


def authenticate(scheme: Any, headers: dict[str, str]) -> Caller | None:
    scheme.start("route.py, auth")
    scope: Any = SimpleNamespace(request=SimpleNamespace(peek_headers=lambda: headers))
    return asyncio.run(scheme.authenticate(scope))


def find(key: str) -> Caller | None:
    return CI if key == "k" else None


async def find_later(key: str) -> Caller | None:
    return find(key)


@pytest.mark.parametrize("keys", [KEYS, json.dumps(KEYS), "env:API_KEYS", find, find_later])
def test_a_known_key_gives_its_caller_and_any_other_is_refused(keys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEYS", json.dumps(KEYS))
    assert authenticate(api_key(keys), {"x-api-key": "k"}) == CI
    assert authenticate(api_key(keys), {}) is None
    for wrong in ("K", "", "k, k", KEYS["ci"]):
        with pytest.raises(HTTPError) as caught:
            authenticate(api_key(keys), {"x-api-key": wrong})
        assert caught.value.status == 401


@pytest.mark.parametrize("keys", ["{", "[]", "env:NO_SUCH_KEYS", {"ci": "k"}, {"ci": "sha256:"}, {"": KEYS["ci"]}])
def test_keys_that_cannot_be_read_do_not_start(keys: Any) -> None:
    with pytest.raises(ConfigError):
        api_key(keys).start("route.py, auth")


def test_a_function_that_gives_something_else_lets_nobody_in() -> None:
    with pytest.raises(TypeError, match="keys gave bool"):
        authenticate(api_key(lambda _: True), {"x-api-key": "k"})


def test_wrong_credentials_of_one_scheme_are_refused_though_another_scheme_has_valid_ones() -> None:
    both = any_of(api_key(KEYS), api_key(find, header="x-other"))
    assert authenticate(both, {"x-other": "k"}) == CI
    assert authenticate(both, {}) is None
    with pytest.raises(HTTPError):
        authenticate(both, {"x-api-key": "wrong", "x-other": "k"})
