"""Requests to local AWS while its resources are being made."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from edgeroutes.local_aws.process import MotoProcess
from edgeroutes.local_aws.stack import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator

QUEUE = {"Resources": {"Jobs": {"Type": "AWS::SQS::Queue"}}}


class Held:
    """A server that holds requests, and what waits for it."""

    def __init__(self) -> None:
        self.waits: list[str] = []
        self.moto = MotoProcess(on_wait=self.waits.append)
        self.moto.listen()

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.moto.url,
            region_name="us-east-1",
            aws_access_key_id="edgeroutes",
            aws_secret_access_key="edgeroutes",
        )


@pytest.fixture(scope="module")
def held() -> Iterator[Held]:
    held = Held()
    yield held
    held.moto.stop()


def in_thread(call: Any) -> tuple[threading.Thread, list[Any]]:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    return thread, found


def until(is_so: Any) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_call_before_the_server_runs_waits_and_is_named_and_the_dev_servers_own_calls_do_not_wait(held: Held) -> None:
    thread, found = in_thread(lambda: held.client("dynamodb").list_tables()["TableNames"])
    held.moto.ensure()
    cloud = Cloud(held.moto.url)
    cloud.put(QUEUE)
    until(lambda: held.waits)
    assert (held.waits, found) == (["dynamodb ListTables"], [])
    held.moto.tell("open")
    thread.join(30)
    assert found == [[]]


def test_a_call_while_resources_change_waits_also_on_a_connection_that_is_open(held: Held) -> None:
    held.moto.ensure()
    held.moto.tell("open")
    client = held.client("sqs")
    client.list_queues()
    held.moto.tell("held")
    held.waits.clear()
    thread, found = in_thread(client.list_queues)
    while not thread.join(0.5) and not thread.is_alive():  # the server had not read yet that it holds requests
        thread, found = in_thread(client.list_queues)
    until(lambda: held.waits)
    time.sleep(0.2)
    assert (held.waits, found) == (["sqs ListQueues"], [])
    held.moto.tell("open")
    thread.join(30)
    assert found[0]["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize(
    ("service", "method"),
    [("dynamodb", "list_tables"), ("sqs", "list_queues"), ("s3", "list_buckets"), ("sns", "list_topics")],
)
def test_a_call_fails_with_the_reason_why_resources_cannot_be_made_and_is_not_repeated(
    held: Held, service: str, method: str
) -> None:
    held.moto.ensure()
    held.moto.tell("failed", "infra/data.yaml:3: it is wrong & <so>")
    with pytest.raises(ClientError) as caught:
        getattr(held.client(service), method)()
    response = caught.value.response
    assert (response["Error"]["Code"], response["Error"]["Message"]) == (
        "LocalAWSFailed",
        "infra/data.yaml:3: it is wrong & <so>",
    )
    assert response["ResponseMetadata"]["RetryAttempts"] == 0
