"""An update of a stack that fails halfway."""

from __future__ import annotations

from typing import Any

import moto
import pytest

from edgeroutes.errors import ConfigError
from edgeroutes.local_aws.stack import Cloud

QUEUE: dict[str, Any] = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}}
REFUSED = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "not a name"}}


def template(**resources: Any) -> dict[str, Any]:
    return {"Resources": resources}


def test_the_stack_stays_as_it_was_and_the_next_update_works() -> None:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "news"}}
    with moto.mock_aws():
        cloud = Cloud()
        cloud.put(template(Topic=topic))
        before = dict(cloud.resources)
        with pytest.raises(ConfigError, match="alphanumeric"):
            cloud.put(template(Topic=topic, Jobs=QUEUE, Refused=REFUSED))
        cloud.read()
        assert cloud.resources == before
        cloud.put(template(Topic=topic, Jobs=QUEUE))
        assert sorted(cloud.resources) == ["Jobs", "Topic"]
        assert len(cloud.client("sqs").list_queues()["QueueUrls"]) == 1


def test_what_the_failed_update_took_away_is_made_again() -> None:
    with moto.mock_aws():
        cloud = Cloud()
        cloud.put(template(Jobs=QUEUE))
        with pytest.raises(ConfigError):
            cloud.put(template(Refused=REFUSED))
        cloud.put(template(Jobs=QUEUE))
        assert cloud.client("sqs").get_queue_url(QueueName="jobs")["QueueUrl"] == cloud.resources["Jobs"].physical_id
