"""API keys: a secret that each client sends in a header, compared by its digest."""

from __future__ import annotations

import re

from edgeroutes.errors import ConfigError
from edgeroutes.guards.callers import Caller
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.routing.guards import ApiKeyConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edgeroutes.guards.settings import Setting
    from edgeroutes.runtime.context import RequestScope


class ApiKey(ApiKeyConfig):
    """`api_key`, as it runs."""

    __slots__ = ("_digests", "_read_text", "_setting", "_where")

    def start(self, where: str) -> None:
        """Read the keys.

        Raises:
            ConfigError: A variable or secret is missing, or the keys are not names with digests.
        """
        self._where = where
        self._setting: Setting | None = None
        self._read_text = ""
        self._digests: dict[str, str] = {}
        keys: Any = self.keys
        if callable(keys):
            return
        if isinstance(keys, str):
            from edgeroutes.guards.settings import Setting

            self._setting = Setting(keys, where)
            self._read_text = self._setting.value()
            keys = _parse(self._read_text, where)
        self._digests = _digests(keys, where)

    async def authenticate(self, scope: RequestScope) -> Caller | None:
        """The caller whose key the request has; None without a key.

        Raises:
            HTTPError: 401 for a key that is not known.
        """
        key = scope.request.peek_headers().get(self.header)
        if key is None:
            return None
        found = await self._ask(key) if callable(self.keys) else self._find(key)
        if found is None:
            raise HTTPError(401, "the API key is not valid")
        return found

    def challenge(self, scope: RequestScope) -> str:  # noqa: ARG002  # the protocol of schemes
        """Empty: no registered scheme of `WWW-Authenticate` is for keys in a header."""
        return ""

    async def _ask(self, key: str) -> Caller | None:
        keys: Any = self.keys
        found = keys(key)
        if hasattr(found, "__await__"):
            found = await found
        if found is None or isinstance(found, Caller):
            return found
        raise TypeError(f"{self._where}: keys gave {type(found).__name__}. Allowed are a Caller and None")

    def _find(self, key: str) -> Caller | None:
        from hashlib import sha256
        from hmac import compare_digest

        self._refresh()
        digest = sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
        found = ""
        for name, expected in self._digests.items():  # all of them, so that the time does not tell which
            if compare_digest(digest, expected):
                found = name
        return Caller(found, scheme="api_key") if found else None

    def _refresh(self) -> None:
        """Take keys over that a secret has since the last request."""
        if self._setting is None or (text := self._setting.value()) == self._read_text:
            return
        self._read_text = text
        try:
            self._digests = _digests(_parse(text, self._where), self._where)
        except ConfigError as error:
            from edgeroutes.runtime.log import log_warning

            log_warning(f"{error} The keys before are used.")


def _parse(text: str, where: str) -> object:
    import json

    try:
        return json.loads(text)
    except ValueError:  # without the text and the cause, which could show a secret
        raise ConfigError("keys is not JSON", where=where, hint=_HINT) from None


def _digests(keys: object, where: str) -> dict[str, str]:
    if not hasattr(keys, "items"):
        raise ConfigError("keys is not an object", where=where, hint=_HINT)
    found: dict[str, str] = {}
    for name, value in keys.items():
        valid = isinstance(value, str) and re.fullmatch(r"sha256:[0-9a-fA-F]{64}", value)
        if not isinstance(name, str) or not name or not valid:
            raise ConfigError(f"the key {name!r} has no SHA-256 digest", where=where, hint=_HINT)
        found[name] = value.removeprefix("sha256:").lower()
    return found


_HINT = 'Write {"name": "sha256:…"} with 64 hexadecimal digits'


# As route files name it.
api_key = ApiKey
