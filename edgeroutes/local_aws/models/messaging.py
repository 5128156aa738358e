"""What moto's CloudFormation lacks of SNS and SQS: subscriptions and policies. Floor 3.

Source: docs.aws.amazon.com/AWSCloudFormation, AWS::SNS::*, AWS::SQS::QueuePolicy (read 2026-11-21).
"""

from __future__ import annotations

import json
from typing import Any

from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from edgeroutes.local_aws.models.model import Made, OwnType, Place, Properties

_SUBSCRIPTION_ATTRIBUTES = (
    "RawMessageDelivery",
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RedrivePolicy",
    "SubscriptionRoleArn",
)


def _text(value: Any) -> str:
    """As an attribute of the API: mappings are JSON, `true` is a word."""
    return value if isinstance(value, str) else json.dumps(value)


def _put_subscription(place: Place, _: str, properties: Properties, before: Made | None) -> Made:
    backend = sns_backends[place.account_id][place.region_name]
    if before is not None:
        _remove_subscription(place, before)
    made = backend.subscribe(properties["TopicArn"], properties["Endpoint"], properties["Protocol"])
    for name in _SUBSCRIPTION_ATTRIBUTES:
        if name in properties:
            backend.set_subscription_attributes(made.arn, name, _text(properties[name]))
    return Made(made.arn, {"Arn": made.arn})


def _remove_subscription(place: Place, made: Made) -> None:
    sns_backends[place.account_id][place.region_name].unsubscribe(made.physical_resource_id)


def _put_queue_policy(place: Place, name: str, properties: Properties, before: Made | None) -> Made:
    _set_queue_policies(place, properties, _text(properties["PolicyDocument"]))
    return before or Made(name, {"Id": name})


def _remove_queue_policy(place: Place, made: Made) -> None:
    _set_queue_policies(place, made.properties, "")


def _set_queue_policies(place: Place, properties: Properties, policy: str) -> None:
    backend = sqs_backends[place.account_id][place.region_name]
    for url in properties["Queues"]:
        backend.set_queue_attributes(url.rsplit("/", 1)[-1], {"Policy": policy})


def _put_topic_policy(place: Place, name: str, properties: Properties, before: Made | None) -> Made:
    backend = sns_backends[place.account_id][place.region_name]
    for arn in properties["Topics"]:
        backend.set_topic_attribute(arn, "_policy_json", properties["PolicyDocument"])
    return before or Made(name, {"Id": name})


TYPES = (
    OwnType("AWS::SNS::Subscription", _put_subscription, _remove_subscription, attributes=("Arn",)),
    OwnType("AWS::SQS::QueuePolicy", _put_queue_policy, _remove_queue_policy, attributes=("Id",)),
    OwnType("AWS::SNS::TopicPolicy", _put_topic_policy, attributes=("Id",)),
)
