"""Idempotency: a request with a key runs once, and repetitions get its response.

The key is claimed before the handler runs, by one conditional write. The claim is a lease: it ends a second after the function's time
does, so a run that dies frees its key. A token fences it: a run that has outlived its lease can neither overwrite nor delete the record
of a later one. An item of the state table has these attributes::

    key          replay#<digest of whose key it is, and the key>
    state        running | done
    token        which run has claimed it
    lease_until  when the claim ends, in milliseconds since the epoch
    fingerprint  digest of method, path, query and body; empty for webhooks
    expires_at   when the record ends, in seconds since the epoch
    status       of the response, 0 for one that is too large to keep
    headers      of the response, as JSON pairs, without set-cookie
    body         of the response, compressed (zlib)

Source: draft-ietf-httpapi-idempotency-key-header-07; docs.stripe.com "Idempotent requests" for keys without quotes.
"""

from __future__ import annotations

import json
import re
import time
import zlib

from edgeroutes.errors import StoreError
from edgeroutes.guards.state import EXPIRES_AT, absent, compare, either, every, state_store, without_blocking
from edgeroutes.http.interrupts import HTTPError, Redirect, find_interrupt
from edgeroutes.http.request import read_body
from edgeroutes.http.response import Response
from edgeroutes.routing.guards import IdempotencyConfig
from edgeroutes.runtime.log import log_exception, log_warning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from edgeroutes.guards.state import Condition, Item, StateStore
    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.types import Clock

    Respond = Callable[[RequestScope], Awaitable[Response]]

REPLAYED = "idempotent-replayed"
_MAX_KEY_CHARACTERS = 255
# An item has 400 KB at most, with its other attributes.
_MAX_BODY_BYTES = 350 * 1024
_MAX_HEADER_BYTES = 16 * 1024
_LEASE_MARGIN_MS = 1000
_LEASE_MS = 300_000  # where the platform sets no time limit
_UNAVAILABLE_RETRY_S = "5"
# Source: RFC 9651 §3.3.3, a String of structured fields.
_QUOTED = r'"((?:[ !#-\[\]-~]|\\["\\])*)"'
_BARE = r"[!-~]+(?: +[!-~]+)*"


class Idempotency(IdempotencyConfig):
    """Which requests run once: `idempotent = Idempotency()`. Its arguments are those of `IdempotencyConfig`."""

    __slots__ = ()

    async def respond(self, scope: RequestScope, respond: Respond) -> Response:
        """The response, or the one that an earlier request with the same key got.

        Raises:
            HTTPError: 400 for a key that is missing or not valid, 409 while another request with it runs, 422 for one with other
                content, 503 while keys cannot be claimed.
        """
        if self.key == "webhook":
            return await self._respond_to_event(scope, respond)
        key = read_key(scope, self.header)
        if key is None:
            if self.required:
                raise HTTPError(
                    400, f"the header {self.header} is missing: a key of your own that names this operation"
                )
            return await respond(scope)
        run = Run(self, self._owner(scope), key, fingerprint(scope), _lease_ms(scope))
        try:
            earlier: Response | None = await without_blocking(run.claim)
        except StoreError as error:
            self.unavailable(error)
            return await respond(scope)
        if earlier is not None:
            return earlier
        return await _run(scope, respond, run)

    async def _respond_to_event(self, scope: RequestScope, respond: Respond) -> Response:
        """The same for the event of a webhook, whose id `verify` finds while the handler runs."""
        event = _Event(self, scope)
        scope.claim_event = event.claim
        try:
            response = await _responded(scope, respond)
        except Replayed as replayed:
            return replayed.response
        except BaseException:
            if event.run is not None:
                await event.run.free()
            raise
        if event.run is not None:
            await event.run.finish(response)
        elif event.event_id is None and response.status < 400:
            problem = "idempotent has key='webhook', and the handler did not call verify(): it ran without a claim"
            log_warning(f"{scope.where}: {problem}")
        return response

    def _owner(self, scope: RequestScope) -> str:
        """Whose keys are distinguished from others'."""
        if self.scope == "global":
            return "global"
        if self.scope == "caller" and scope.caller is not None:
            return f"caller#{scope.caller.scheme}#{scope.caller.subject}"
        return f"client#{scope.incoming.client_host() or ''}"

    def unavailable(self, error: StoreError) -> None:
        """Log that keys cannot be claimed.

        Raises:
            HTTPError: 503, with `on_error="closed"`.
        """
        log_warning("idempotency_unavailable", error=str(error), on_error=self.on_error)
        if self.on_error == "closed":
            raise HTTPError(503, headers={"retry-after": _UNAVAILABLE_RETRY_S}) from error


class _Event:
    """The event of one delivery, claimed when its signature is verified.

    Args:
        config: Of the route.
        scope: The request.
    """

    def __init__(self, config: Idempotency, scope: RequestScope) -> None:
        self._config = config
        self._scope = scope
        self.event_id: str | None = None
        self.run: Run | None = None

    def claim(self, event_id: str) -> None:
        """Claim an event.

        Raises:
            Replayed: It has been handled.
            HTTPError: 409 while it is being handled, 400 without an id where one is required, 503 while it cannot be claimed.
        """
        if event_id == self.event_id:
            return  # verified twice in one request
        self.event_id = event_id
        where = self._scope.endpoint.route
        if not event_id:
            if self._config.required:
                raise HTTPError(400, "the event has no id")
            log_warning(f"{where.source_file}: an event without an id is handled each time that it is delivered")
            return
        run = Run(self._config, "event", f"{where.route_path}#{event_id}", "", _lease_ms(self._scope))
        try:
            earlier = run.claim()
        except StoreError as error:
            self._config.unavailable(error)
            return
        if earlier is not None:
            raise Replayed(earlier)
        self.run = run


class Replayed(BaseException):
    """Raised by `verify` in a handler for an event that has been handled: its response is sent again.

    It is not an Exception, so that a handler with `except Exception` does not handle the event a second time.
    """

    def __init__(self, response: Response) -> None:
        super().__init__("the event has been handled: its response is sent again")
        self.response = response


class Run:
    """One attempt to run a request with a key.

    Args:
        config: How long a response is kept.
        owner: Whose key it is.
        key: The key.
        content: The digest of the request; empty where it is not compared.
        lease_ms: For how long the key is claimed, in milliseconds.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        config: IdempotencyConfig,
        owner: str,
        key: str,
        content: str,
        lease_ms: int,
        *,
        store: StateStore | None = None,
        clock: Clock = time.time,
    ) -> None:
        import os

        self._config = config
        self._key = f"replay#{_digest(owner, key)}"
        self._content = content
        self._lease_ms = lease_ms
        self._store = store or state_store()
        self._clock = clock
        self._token = os.urandom(16).hex()

    def claim(self) -> Response | None:
        """None where the key is claimed now, or the response of the request that had it before.

        Raises:
            HTTPError: 409 while that runs, or where its response was too large to keep; 422 where it was another request.
            StoreError: The store did not respond.
        """
        now_ms = int(self._clock() * 1000)
        lease_until = now_ms + self._lease_ms
        is_dead = every(compare("state", "=", "running"), compare("lease_until", "<", now_ms))
        is_free = either(absent("state"), compare(EXPIRES_AT, "<", now_ms // 1000), is_dead)
        item: Item = {
            "state": "running",
            "token": self._token,
            "lease_until": lease_until,
            "fingerprint": self._content,
            EXPIRES_AT: lease_until // 1000 + 1,
        }
        old = self._store.put(self._key, item, is_free)
        if old is None:
            return None
        if old.get("fingerprint") != self._content:
            raise HTTPError(422, "the idempotency key belongs to another request")
        if old.get("state") == "running":
            raise HTTPError(409, "a request with this idempotency key is running", headers={"retry-after": "1"})
        return _stored_response(old)

    async def finish(self, response: Response) -> None:
        """Keep the response, or free the key where a repetition should run again."""
        if response.status >= 500:
            await self.free()
        elif response.is_stream:
            log_warning("a response that streams cannot be kept for repetitions: its idempotency key is free again")
            await self.free()
        else:
            await self._change(lambda: self._store.put(self._key, self._record(response), self._is_mine()))

    async def free(self) -> None:
        """Let the next request with the key run."""
        await self._change(lambda: self._store.delete(self._key, self._is_mine()))

    def _record(self, response: Response) -> Item:
        body = response.body or b""
        content = zlib.compress(body.encode() if isinstance(body, str) else bytes(body), 1)  # type: ignore[arg-type]
        headers = json.dumps([[name, value] for name, value in response.headers.multi_items() if name != "set-cookie"])
        item: Item = {
            "state": "done",
            "token": self._token,
            "fingerprint": self._content,
            EXPIRES_AT: int(self._clock()) + self._config.ttl_s,
        }
        if len(content) > _MAX_BODY_BYTES or len(headers) > _MAX_HEADER_BYTES:
            return {**item, "status": 0}
        return {**item, "status": response.status, "headers": headers, "body": content}

    def _is_mine(self) -> Condition:
        return compare("token", "=", self._token)

    async def _change(self, change: Callable[[], Item | None]) -> None:
        """A write after the handler ran: whatever becomes of it, the client gets the response."""
        try:
            refused = await without_blocking(change)
        except StoreError as error:
            log_exception(
                error,
                "the response could not be kept: a repetition is refused until the claim ends, and then runs again",
            )
            return
        if refused is not None:
            log_warning("a request outlived the claim of its idempotency key: a repetition may have run beside it")


async def _run(scope: RequestScope, respond: Respond, run: Run) -> Response:
    try:
        response = await _responded(scope, respond)
    except BaseException:
        await run.free()
        raise
    await run.finish(response)
    return response


async def _responded(scope: RequestScope, respond: Respond) -> Response:
    """The handler's response, also one that it raised; what was refused before it began is raised again."""
    try:
        return await respond(scope)
    except Exception as error:
        interrupt = find_interrupt(error)
        if interrupt is None or not scope.has_begun or not isinstance(interrupt, HTTPError | Redirect):
            raise
        return scope.endpoint.interrupted(scope, error)


def read_key(scope: RequestScope, header: str) -> str | None:
    """The key in a request's header; None without one.

    Raises:
        HTTPError: 400 for one that is not valid.
    """
    sent = [value for name, value in scope.incoming.header_items() if name == header.lower()]
    if not sent:
        return None
    text = sent[0].strip(" \t")
    quoted = re.fullmatch(_QUOTED, text)
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted is not None else text
    is_valid = quoted is not None or (not text.startswith('"') and re.fullmatch(_BARE, text) is not None)
    if len(sent) > 1 or not key or len(key) > _MAX_KEY_CHARACTERS or not is_valid:
        raise HTTPError(
            400, f"the header {header} is not valid: send 1 to {_MAX_KEY_CHARACTERS} printable ASCII characters"
        )
    return key


def fingerprint(scope: RequestScope) -> str:
    """The digest of a request's method, path, query and body."""
    incoming = scope.incoming
    return _digest(incoming.method, incoming.path, incoming.query_string(), read_body(incoming))


def _digest(*parts: str | bytes) -> str:
    import hashlib

    digest = hashlib.sha256()
    for part in parts:
        content = part.encode(errors="surrogatepass") if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def _lease_ms(scope: RequestScope) -> int:
    context: Any = scope.incoming.aws_context
    remaining = _LEASE_MS if context is None else int(context.get_remaining_time_in_millis())
    return remaining + _LEASE_MARGIN_MS


def _stored_response(item: Item) -> Response:
    status, headers, body = item.get("status"), item.get("headers"), item.get("body")
    if not isinstance(status, int) or not status or not isinstance(headers, str) or not isinstance(body, bytes):
        raise HTTPError(409, "the request with this idempotency key is done, and its response was too large to keep")
    response = Response(zlib.decompress(body) or None, status, [(name, value) for name, value in json.loads(headers)])
    response.headers[REPLAYED] = "true"
    return response
