"""China and GovCloud: what is different is told, and nothing names the commercial partition."""

from __future__ import annotations

import pytest

from edgeroutes.config import parse_config
from edgeroutes.template.cdn import warn_region
from edgeroutes.template.document import make_template
from tests.plan.projects import STREAM, plan


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("us-gov-west-1", "AWS GovCloud (US) has no CloudFront"),
        ("cn-north-1", "CloudFront in China needs a domain with an ICP registration"),
        ("eu-central-1", ""),
        ("", ""),
    ],
)
def test_regions_where_the_default_cannot_be_deployed_have_a_warning(region: str, expected: str) -> None:
    found = [str(warning) for warning in warn_region(parse_config({}), region)]
    assert len(found) == bool(expected)
    assert all(expected in each and f"goes to {region}" in each and "enabled = false" in each for each in found)
    assert warn_region(parse_config({"cdn": {"enabled": False}}), region) == []


def test_no_arn_and_no_host_is_of_one_partition() -> None:
    files = {
        "a/route.py": "",
        "b/route.py": STREAM,
        "a/function.yaml": "Policies: [AmazonS3ReadOnlyAccess, {DynamoDBCrudPolicy: {TableName: t}}, {SQSPollerPolicy: {QueueName: q}}]\n",
        "b/function.yaml": "LoggingConfig: {LogGroup: mine}\n",
    }
    text = make_template(plan(files)).text
    assert "arn:aws:" not in text
    assert "amazonaws.com" not in text.replace("lambda.amazonaws.com", "").replace("apigateway.amazonaws.com", "")
