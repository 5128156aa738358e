"""Rate limits: how often a client, a caller or whatever the key says may call.

The generic cell rate algorithm keeps one number per key and policy: the moment until which the calls so far are paid for, in
microseconds since the epoch. A request moves it by one conditional update, so any number of sandboxes count exactly. The number is
either in the past (the key is idle: it is set) or in the future (it is busy: it is added to); which of the two is remembered, and a
refusal is remembered until it ends.
"""

from __future__ import annotations

import time

from edgeroutes.errors import StoreError
from edgeroutes.guards.rate_fields import Quota, add_rate_fields, quota_exceeded, reduced_capacity
from edgeroutes.guards.state import (
    EXPIRES_AT,
    MemoryState,
    absent,
    compare,
    either,
    every,
    state_store,
    without_blocking,
)
from edgeroutes.routing.guards import RateLimitConfig
from edgeroutes.runtime.log import log_warning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from edgeroutes.guards.state import Condition, Item, StateStore
    from edgeroutes.http.interrupts import HTTPError
    from edgeroutes.http.response import Response
    from edgeroutes.routing.guards import Rate
    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.types import Clock

_SECOND = 1_000_000  # of the times below, in microseconds
_TRIES = 4
_KNOWN_KEYS = 10_000
_KEY_CHARACTERS = 100
_UNAVAILABLE_RETRY_S = 5
_WARN_EVERY_S = 60


class Decision:
    """What a limit has decided about a request.

    Args:
        allowed: Whether it may go on.
        quotas: What is left of each policy; empty where the requests could not be counted.
        violated: The names of the policies that it exceeds.
        retry_after_s: When the request would be allowed, in whole seconds from now; 0 for one that is, and for one that never will be.
    """

    __slots__ = ("allowed", "quotas", "retry_after_s", "violated")

    def __init__(
        self, *, allowed: bool, quotas: tuple[Quota, ...] = (), violated: tuple[str, ...] = (), retry_after_s: int = 0
    ) -> None:
        self.allowed = allowed
        self.quotas = quotas
        self.violated = violated
        self.retry_after_s = retry_after_s

    @property
    def remaining(self) -> int:
        """How many calls are left of the policy that has the fewest."""
        return min((each.remaining for each in self.quotas), default=0)

    def apply(self, response: Response) -> None:
        """Add the RateLimit fields."""
        if self.quotas:
            add_rate_fields(response, self.quotas)

    def refusal(self) -> HTTPError:
        """The error for a request that is not allowed."""
        return quota_exceeded(self.violated, self.retry_after_s)

    def __repr__(self) -> str:
        return f"Decision(allowed={self.allowed}, quotas={self.quotas!r}, retry_after_s={self.retry_after_s})"


class RateLimit(RateLimitConfig):
    """How often a key may call: `limit = RateLimit("100/minute")`. Its arguments are those of `RateLimitConfig`."""

    __slots__ = ()

    async def check(self, scope: RequestScope) -> Decision:
        """Count a request by the key of the limit.

        Raises:
            HTTPError: 503 while requests cannot be counted, with `on_error="closed"`.
        """
        return await self._count(self._key_of(scope), self.cost)

    async def hit(self, key: str, cost: int | None = None) -> Decision:
        """Count a call by a key of one's own, in a handler; its response is not changed.

        Args:
            key: What is counted together.
            cost: How much it counts; None for the limit's. 0 counts nothing, and says what is left.

        Raises:
            HTTPError: 503 while calls cannot be counted, with `on_error="closed"`.
            ValueError: The cost is not a whole number from 0.
        """
        wanted: object = self.cost if cost is None else cost
        if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 0:
            raise ValueError(f"cost is {wanted!r}. Allowed are whole numbers from 0")
        return await self._count(f"key:{_shortened(key)}", wanted)

    async def _count(self, key: str, cost: int) -> Decision:
        counter = _counter()
        place = f"limit#{self.name}#{key}"
        try:
            return await counter.count(place, self, cost)
        except StoreError as error:
            counter.report(error)
            if self.on_error == "closed":
                raise reduced_capacity(_UNAVAILABLE_RETRY_S) from error
            return await counter.count_here(place, self, cost)

    def _key_of(self, scope: RequestScope) -> str:
        if self.key == "caller":
            return f"caller:{_shortened(scope.caller.subject)}" if scope.caller is not None else _client_key(scope)
        if self.key == "client":
            return _client_key(scope)
        if self.key == "route":
            return f"route:{scope.endpoint.route.route_path}"
        kind, _, name = self.key.partition(":")
        if kind == "header":
            value = scope.incoming.header(name)
            return f"{self.key}:{_shortened(value)}" if value else _client_key(scope)
        return f"{self.key}:{_shortened(str(scope.params.get(name, '')))}"


def _client_key(scope: RequestScope) -> str:
    """The client's address; of IPv6 the first 64 bits, which one subscriber has."""
    host = scope.incoming.client_host()
    if host is None:
        log_warning("a request without a client's address is counted with all others like it", path=scope.path)
        return "client:unknown"
    if ":" not in host:
        return f"client:{host}"
    from ipaddress import IPv6Address

    try:
        address = IPv6Address(host.partition("%")[0])
    except ValueError:
        return f"client:{_shortened(host)}"
    mapped = address.ipv4_mapped
    return f"client:{mapped}" if mapped is not None else f"client:{IPv6Address(int(address) >> 64 << 64)}/64"


def _shortened(text: str) -> str:
    """A text as part of a key: long ones as their digest."""
    if len(text) <= _KEY_CHARACTERS and text.isprintable():
        return text
    import hashlib

    return f"sha256:{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"


class Counter:
    """Counts in a store.

    Args:
        store: Where the numbers are.
        clock: Seconds since the epoch.
    """

    def __init__(self, store: StateStore, clock: Clock = time.time) -> None:
        self._store = store
        self._clock = clock
        self._here = store if isinstance(store, MemoryState) else MemoryState(clock)
        self._known: dict[str, dict[str, int]] = {}  # key → the numbers that were last seen
        self._warned_at = 0.0

    async def count(self, key: str, limit: RateLimitConfig, cost: int) -> Decision:
        """Count a call.

        Raises:
            StoreError: The store did not respond.
        """
        return await self._counted(self._store, key, limit, cost)

    async def count_here(self, key: str, limit: RateLimitConfig, cost: int) -> Decision:
        """Count a call in this process's memory."""
        return await self._counted(self._here, key, limit, cost)

    def report(self, error: StoreError) -> None:
        """Log once a minute that calls cannot be counted."""
        now = self._clock()
        if now - self._warned_at >= _WARN_EVERY_S:
            self._warned_at = now
            log_warning("rate_limit_unavailable", error=str(error))

    async def _counted(self, store: StateStore, key: str, limit: RateLimitConfig, cost: int) -> Decision:
        policies = [_Policy(rate, limit, len(limit.rates) > 1) for rate in limit.rates]
        if not cost:
            now = int(self._clock() * _SECOND)
            item = await without_blocking(store.read, key) or {}
            return _decided(policies, _numbers(item), now, allowed=True)
        for _ in range(_TRIES):
            now = int(self._clock() * _SECOND)
            numbers = self._known.get(key, {})
            refused = _refusal(policies, numbers, now, cost)
            if refused is not None:
                return refused
            set_to, add, condition = _change(policies, numbers, now, cost)
            is_counted, item = await without_blocking(store.update, key, set_to, add, condition)
            self._remember(key, _numbers(item))
            if is_counted:
                return _decided(policies, _numbers(item), now, allowed=True)
        raise StoreError("the number changed at every try", where=key)

    def _remember(self, key: str, numbers: dict[str, int]) -> None:
        self._known.pop(key, None)
        if len(self._known) >= _KNOWN_KEYS:
            del self._known[next(iter(self._known))]
        self._known[key] = numbers


class _Policy:
    """One rate of a limit, in microseconds."""

    __slots__ = ("burst", "count", "label", "name", "step", "window_s")

    def __init__(self, rate: Rate, limit: RateLimitConfig, is_one_of_several: bool) -> None:  # noqa: FBT001
        self.name = f"until_{rate.count}_{rate.seconds}s"
        self.label = f"{limit.name}-{rate.seconds}s" if is_one_of_several else limit.name
        self.count = rate.count
        self.window_s = rate.seconds
        self.burst = (
            rate.count if limit.burst is None else min(limit.burst, rate.count) if is_one_of_several else limit.burst
        )
        self.step = max(rate.seconds * _SECOND // rate.count, 1)

    def latest(self, now: int, cost: int) -> int:
        """The latest number to which this cost can be added."""
        return now + (self.burst - cost) * self.step

    def after(self, numbers: Mapping[str, int], now: int, cost: int) -> int:
        return max(numbers.get(self.name, 0), now) + cost * self.step


def _numbers(item: Mapping[str, Any]) -> dict[str, int]:
    return {name: value for name, value in item.items() if name.startswith("until_")}


def _change(policies: list[_Policy], numbers: Mapping[str, int], now: int, cost: int) -> tuple[Item, Item, Condition]:
    """What to set, what to add to, and the condition under which that is right."""
    set_to: Item = {}
    add: Item = {}
    conditions = []
    latest = now
    for policy in policies:
        amount = cost * policy.step
        if numbers.get(policy.name, 0) < now:
            set_to[policy.name] = now + amount
            conditions.append(either(absent(policy.name), compare(policy.name, "<", now)))
        else:
            add[policy.name] = amount
            conditions.append(
                every(compare(policy.name, ">=", now), compare(policy.name, "<=", policy.latest(now, cost)))
            )
        latest = max(latest, policy.after(numbers, now, cost), now + policy.burst * policy.step)
    set_to[EXPIRES_AT] = latest // _SECOND + 1
    return set_to, add, every(*conditions)


def _refusal(policies: list[_Policy], numbers: Mapping[str, int], now: int, cost: int) -> Decision | None:
    """The decision about a call that the numbers do not allow; None where they do."""
    waits = {each: max(numbers.get(each.name, 0), now) - each.latest(now, cost) for each in policies}
    violated = [each for each in policies if waits[each] > 0]
    if not violated:
        return None
    is_possible = all(cost <= each.burst for each in policies)
    retry = max(waits.values()) if is_possible else 0
    return _decided(policies, numbers, now, allowed=False, violated=violated, retry_us=retry)


def _decided(
    policies: list[_Policy],
    numbers: Mapping[str, int],
    now: int,
    *,
    allowed: bool,
    violated: list[_Policy] | None = None,
    retry_us: int = 0,
) -> Decision:
    return Decision(
        allowed=allowed,
        quotas=tuple(_quota(each, numbers.get(each.name, 0), now) for each in policies),
        violated=tuple(each.label for each in violated or ()),
        retry_after_s=_whole_seconds(retry_us),
    )


def _quota(policy: _Policy, number: int, now: int) -> Quota:
    used = max(number - now, 0)
    remaining = max((policy.burst * policy.step - used) // policy.step, 0)
    until_more = used - (policy.burst - remaining - 1) * policy.step if remaining < policy.burst else 0
    return Quota(
        policy.label,
        count=policy.count,
        window_s=policy.window_s,
        remaining=remaining,
        until_more_s=_whole_seconds(until_more),
    )


def _whole_seconds(microseconds: int) -> int:
    return -(-microseconds // _SECOND)


_counters: list[tuple[StateStore, Counter]] = []


def _counter() -> Counter:
    """The counter of the current store."""
    store = state_store()
    if not _counters or _counters[-1][0] is not store:
        _counters[:] = [(store, Counter(store))]
    return _counters[-1][1]
