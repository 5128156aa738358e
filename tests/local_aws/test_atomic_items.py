"""Concurrent conditional writes to moto in this process."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from edgeroutes.local_aws import atomic_items

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "counts"


@pytest.fixture(autouse=True)
def _threads_that_take_turns_often() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # without the lock more than ten are let through then
    yield
    sys.setswitchinterval(interval)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def test_of_a_hundred_hits_at_once_on_a_limit_of_ten_ten_are_let_through() -> None:
    atomic_items.install()
    with mock_aws():
        client: Any = boto3.Session().client("dynamodb", "us-east-1")
        client.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        client.put_item(TableName=TABLE, Item={"key": {"S": "k"}, "hits": {"N": "0"}})
        together = threading.Barrier(20)

        def hit(_: int) -> bool:
            together.wait(30)
            try:
                client.update_item(
                    TableName=TABLE,
                    Key={"key": {"S": "k"}},
                    UpdateExpression="SET hits = hits + :one",
                    ConditionExpression="hits < :most",
                    ExpressionAttributeValues={":one": {"N": "1"}, ":most": {"N": "10"}},
                )
            except ClientError:
                return False
            return True

        with ThreadPoolExecutor(20) as pool:
            assert sum(pool.map(hit, range(100))) == 10
