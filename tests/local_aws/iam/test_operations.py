"""Calls as sources have them → operations of AWS, by boto3's own descriptions."""

from __future__ import annotations

from typing import Any

import pytest

from edgeroutes.build.aws_calls import AwsCall
from edgeroutes.build.aws_values import Variable
from edgeroutes.local_aws import AccountRegion
from edgeroutes.local_aws.iam.review import find_operations

PLACE = AccountRegion(account_id="123456789012", region_name="us-east-1")


def operations(service: str, method: str, **found: Any) -> list[tuple[str, str, dict[str, Any]]]:
    call = AwsCall(where="a.py:1", service=service, method=method, **found)
    return [
        (each.prefix, each.operation, dict(each.parameters)) for each in find_operations(call, {"T": "users"}, PLACE)
    ]


@pytest.mark.parametrize(
    ("service", "method", "found", "expected"),
    [
        ("dynamodb", "put_item", {"parameters": {"TableName": Variable("T")}}, [("PutItem", {"TableName": "users"})]),
        ("dynamodb", "put_item", {"parameters": {"TableName": Variable("X")}}, [("PutItem", {"TableName": None})]),
        ("dynamodb", "get_item", {"is_open": True}, [("GetItem", {"TableName": None, "Key": None})]),
        ("dynamodb", "table_exists", {"parameters": {"TableName": "t"}}, [("DescribeTable", {"TableName": "t"})]),
        (
            "dynamodb",
            "batch_get_item",
            {"parameters": {"RequestItems": {Variable("T"): {}}}},
            [("BatchGetItem", {"RequestItems": {"users": {}}})],
        ),
        ("dynamodb", "scan", {"path": ("Table",), "identifiers": (Variable("T"),)}, [("Scan", {"TableName": "users"})]),
        ("dynamodb", "load", {"path": ("Table",), "identifiers": ("t",)}, [("DescribeTable", {"TableName": "t"})]),
        (
            "dynamodb",
            "batch_writer",
            {"path": ("Table",), "identifiers": ("t",)},
            [("BatchWriteItem", {"RequestItems": {"t": []}})],
        ),
        ("s3", "upload_file", {"arguments": ("f", "b", None)}, [("PutObject", {"Bucket": "b", "Key": None})]),
        (
            "s3",
            "upload_file",
            {"path": ("Bucket",), "identifiers": ("b",), "arguments": ("f", "k")},
            [("PutObject", {"Bucket": "b", "Key": "k"})],
        ),
        (
            "s3",
            "download_file",
            {"path": ("Object",), "identifiers": ("b", "k")},
            [("GetObject", {"Bucket": "b", "Key": "k"})],
        ),
        (
            "s3",
            "get",
            {"path": ("Bucket", "Object"), "identifiers": ("b", "k")},
            [("GetObject", {"Bucket": "b", "Key": "k"})],
        ),
        ("s3", "all", {"path": ("Bucket", "objects"), "identifiers": ("b",)}, [("ListObjects", {"Bucket": "b"})]),
        (
            "s3",
            "delete",
            {"path": ("Bucket", "objects"), "identifiers": ("b",)},
            [("ListObjects", {"Bucket": "b"}), ("DeleteObjects", {"Bucket": "b"})],
        ),
        ("sqs", "send_message", {"path": ("Queue",), "identifiers": ("u",)}, [("SendMessage", {"QueueUrl": "u"})]),
        ("dynamodb", "no_such_method", {}, []),
        ("dynamodb", "no_such", {"path": ("Table",)}, []),
        ("no-such-service", "get", {}, []),
        ("kms", "encrypt", {"path": ("Key",)}, []),
    ],
)
def test_a_call_in_a_source_is_these_operations(
    service: str, method: str, found: dict[str, Any], expected: Any
) -> None:
    assert [(name, given) for _, name, given in operations(service, method, **found)] == expected


def test_the_prefix_is_the_one_of_actions() -> None:
    assert [each[0] for each in operations("cloudwatch", "put_metric_data")] == ["cloudwatch"]
    assert [each[0] for each in operations("stepfunctions", "start_execution")] == ["states"]
    assert [each[0] for each in operations("bedrock-runtime", "converse")] == ["bedrock"]
