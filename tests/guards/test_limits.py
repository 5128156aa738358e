"""Rate limits: the algorithm, its numbers in a table, keys, and failures of the table."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from edgeroutes.errors import StoreError
from edgeroutes.guards.limits import Counter, Decision, RateLimit
from edgeroutes.guards.state import MemoryState, TableState, use_state_store
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.local_aws import atomic_items
from edgeroutes.runtime.context import RequestScope
from tests.fakes.incoming import FakeIncoming

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "state"


def finished(coroutine: Any) -> Any:
    """The value of a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waited")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A moto server with a state table."""
    atomic_items.install()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in (
        ("AWS_ENDPOINT_URL", f"http://{host}:{port}"),
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    boto3.client("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield
    boto3.client("dynamodb").delete_table(TableName=TABLE)
    server.stop()


# Source: throttled/throttled, rate_test.go: one call a second, five at once. At, cost → allowed, remaining, retry in seconds.
THROTTLED = [
    (0, 6, False, 5, 0),
    (0, 1, True, 4, 0),
    (0, 1, True, 3, 0),
    (0, 1, True, 2, 0),
    (0, 1, True, 1, 0),
    (0, 1, True, 0, 0),
    (0, 1, False, 0, 1),
    (3.0, 1, True, 2, 0),
    (3.1, 1, True, 1, 0),
    (4.0, 1, True, 1, 0),
    (8.0, 1, True, 4, 0),
    (9.5, 1, True, 4, 0),
    (9.5, 0, True, 4, 0),
    (9.5, 2, True, 2, 0),
    (9.5, 5, False, 2, 3),
]


def replay(counters: list[Counter], clock: Clock) -> list[tuple[float, int, bool, int, int]]:
    start, limit, found = clock.now, RateLimit("1/second", burst=5), []
    for turn, (at, cost, *_) in enumerate(THROTTLED):
        clock.now = start + at
        decision: Decision = finished(counters[turn % len(counters)].count("k", limit, cost))
        found.append((at, cost, decision.allowed, decision.remaining, decision.retry_after_s))
    return found


def test_the_table_of_throttled_in_memory() -> None:
    clock = Clock()
    assert replay([Counter(MemoryState(clock), clock)], clock) == THROTTLED


@pytest.mark.usefixtures("table")
def test_the_table_of_throttled_in_dynamodb_with_sandboxes_that_take_turns() -> None:
    clock = Clock()
    found = replay([Counter(TableState(TABLE), clock) for _ in range(3)], clock)
    # A sandbox refuses by the number that it last saw: that is right, and what is left may be less by then.
    assert [row[:4] if row[2] else row[:3] for row in found] == [row[:4] if row[2] else row[:3] for row in THROTTLED]


@pytest.mark.usefixtures("table")
def test_the_table_of_throttled_in_dynamodb() -> None:
    clock = Clock()
    assert replay([Counter(TableState(TABLE), clock)], clock) == THROTTLED


class CountingState(MemoryState):
    writes = 0

    def update(self, *args: Any) -> Any:
        self.writes += 1
        return super().update(*args)


def test_random_calls_of_three_sandboxes_are_decided_as_one_model_does() -> None:
    clock, rand = Clock(), random.Random(7)
    store = CountingState(clock)
    counters = [Counter(store, clock) for _ in range(3)]
    limit, step = RateLimit("10/minute", burst=4), 6.0
    until: dict[str, float] = {}
    for _ in range(3000):
        clock.now = round(clock.now + rand.random() * 2, 3)
        key, cost = rand.choice("abcdefg"), rand.choice((1, 1, 1, 2))
        decision = finished(rand.choice(counters).count(key, limit, cost))
        reached = max(until.get(key, 0.0), clock.now) + cost * step
        allowed = reached <= clock.now + 4 * step + 1e-9
        if allowed:
            until[key] = reached
        used = max(until.get(key, 0.0) - clock.now, 0.0)
        assert decision.allowed == allowed
        if allowed:
            assert decision.remaining == int((4 * step - used + 1e-6) // step)
    assert store.writes <= 1.3 * 3000


@pytest.mark.usefixtures("table")
def test_a_hundred_calls_at_once_from_twenty_sandboxes_are_counted_exactly() -> None:
    limit = RateLimit("10/hour")
    counters = [Counter(TableState(TABLE)) for _ in range(20)]
    for counter in counters:  # clients are made one after another: boto3 is not safe there
        finished(counter.count("warm", limit, 0))

    def call(turn: int) -> bool:
        for _ in range(20):  # a busy machine may pass the 300 ms
            try:
                return bool(finished(counters[turn % 20].count("k", limit, 1)).allowed)
            except StoreError:
                continue
        raise AssertionError("the server did not respond")

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(call, range(100))) == 10


def test_limits_of_one_name_with_other_rates_count_for_themselves() -> None:
    clock = Clock()
    counter = Counter(MemoryState(clock), clock)
    for _ in range(100):
        finished(counter.count("k", RateLimit("1000/minute"), 1))
    assert finished(counter.count("k", RateLimit("5/minute"), 1)).remaining == 4


def test_a_refused_key_stays_refused_without_asking_the_table() -> None:
    clock = Clock()
    store = CountingState(clock)
    counter, limit = Counter(store, clock), RateLimit("1/hour")
    for _ in range(50):
        finished(counter.count("k", limit, 1))
    assert store.writes == 1


def key_of(limit: RateLimit, incoming: FakeIncoming, caller: Any = None) -> str:
    scope = RequestScope(incoming, incoming.path, {"id": "7"}, None)  # type: ignore[arg-type]
    scope.caller = caller
    return limit._key_of(scope)


@pytest.mark.parametrize(
    ("client", "key"),
    [
        ("203.0.113.7", "client:203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "client:2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "client:2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "client:203.0.113.7"),
        ("fe80::1%eth0", "client:fe80::/64"),
        (None, "client:unknown"),
    ],
)
def test_a_client_is_its_address_or_the_network_of_it(client: str | None, key: str) -> None:
    assert key_of(RateLimit("1/second"), FakeIncoming(client=client)) == key


def test_what_a_client_sends_of_its_address_changes_nothing() -> None:
    incoming = FakeIncoming(headers=[("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=198.51.100.1")])
    assert key_of(RateLimit("1/second"), incoming) == "client:203.0.113.7"


@pytest.mark.parametrize(
    ("key", "headers", "counted"),
    [
        ("header:X-Tenant", [("x-tenant", "a")], "header:x-tenant:a"),
        ("header:x-tenant", [], "client:203.0.113.7"),
        ("segment:id", [], "segment:id:7"),
        ("caller", [], "client:203.0.113.7"),
    ],
)
def test_a_key_is_read_from_the_request(key: str, headers: list[tuple[str, str]], counted: str) -> None:
    assert key_of(RateLimit("1/second", key=key), FakeIncoming(headers=headers)) == counted


def test_a_long_key_is_counted_by_its_digest() -> None:
    counted = key_of(RateLimit("1/second", key="header:x-tenant"), FakeIncoming(headers=[("x-tenant", "a" * 5000)]))
    assert counted.startswith("header:x-tenant:sha256:")
    assert len(counted) < 100


class Unavailable(TableState):
    """A table that does not respond."""

    def update(self, *args: Any) -> Any:
        raise StoreError("no response", where="table T")


@pytest.fixture
def unavailable() -> Iterator[None]:
    restore = use_state_store(Unavailable(TABLE))
    yield
    restore()


@pytest.mark.usefixtures("unavailable")
def test_closed_refuses_while_the_table_does_not_respond() -> None:
    with pytest.raises(HTTPError) as raised:
        finished(RateLimit("2/minute", on_error="closed").hit("k"))
    assert (raised.value.status, raised.value.headers) == (503, {"retry-after": "5"})


@pytest.mark.usefixtures("unavailable")
def test_open_counts_in_memory_and_logs_once_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    limit = RateLimit("2/minute")
    allowed = [finished(limit.hit("k")).allowed for _ in range(3)]
    assert allowed == [True, True, False]
    assert capsys.readouterr().out.count("rate_limit_unavailable") == 1


@pytest.mark.parametrize("cost", [-1, 1.5, True, "1"])
def test_a_cost_that_is_not_a_whole_number_is_refused(cost: Any) -> None:
    with pytest.raises(ValueError, match="Allowed are whole numbers from 0"):
        finished(RateLimit("2/minute").hit("k", cost))


def test_a_policys_name_is_escaped_in_the_fields() -> None:
    from edgeroutes.http.response import Response

    clock = Clock()
    limit = RateLimit("1/second", name='a"b\\c')
    response = Response.json({})
    finished(Counter(MemoryState(clock), clock).count("k", limit, 1)).apply(response)
    assert response.headers["ratelimit-policy"] == '"a\\"b\\\\c";q=1;w=1'
