"""A data cache of its own for each test, with a clock that the test moves; projects of routes as the runtime's tests have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from edgeroutes.services.cache_table import EXPIRES_AT, KEY, TableStore
from edgeroutes.services.data_cache import DataCache, use_data_cache
from tests.fakes.clock import FakeClock
from tests.runtime.conftest import log_lines, project

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["log_lines", "project"]

TABLE = "data-cache"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def cache(clock: FakeClock) -> Iterator[DataCache]:
    """What `cached` and `fetch` use in this test; in memory."""
    made = DataCache(clock=clock)
    end = use_data_cache(made)
    yield made
    end()


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """moto's DynamoDB, with the table as the documentation has users make it."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": KEY, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": KEY, "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        client.update_time_to_live(
            TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRES_AT}
        )
        yield client


class Sandboxes:
    """Several sandboxes over one table; `cached` and `fetch` run in the one that was entered last."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self._made: dict[str, DataCache] = {}

    def enter(self, name: str) -> DataCache:
        cache = self._made.setdefault(name, DataCache(TableStore(TABLE), clock=self.clock))
        self.leave()
        self.leave = use_data_cache(cache)
        return cache

    def leave(self) -> None:
        """Nothing is entered yet."""


@pytest.fixture
def sandboxes(dynamodb: Any, clock: FakeClock) -> Iterator[Sandboxes]:
    made = Sandboxes(clock)
    yield made
    made.leave()
