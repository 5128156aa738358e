"""Actions and resources of calls, over a table that names its sources; prefixes are read from botocore's own descriptions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml

from edgeroutes.local_aws import AccountRegion
from edgeroutes.local_aws.iam.needs import Call, Need, action_prefix, find_needs
from edgeroutes.local_aws.iam.policies import UNKNOWN

GROUPS = yaml.safe_load((Path(__file__).parents[2] / "cases" / "iam" / "needs.yaml").read_text("utf-8"))
CASES = [case for group in GROUPS for case in group["cases"]]
PLACE = AccountRegion(account_id="123456789012", region_name="eu-central-1")
SESSION = botocore.session.Session()


def expected(needs: dict[str, Any]) -> set[Need]:
    return {
        Need(action, resource.replace("?", UNKNOWN))
        for action, resources in needs.items()
        for resource in (resources if isinstance(resources, list) else [resources])
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def test_a_call_needs_these_actions_on_these_resources(case: tuple[str, str, dict[str, Any], dict[str, Any]]) -> None:
    service, operation, parameters, needs = case
    model = SESSION.get_service_model(service)
    assert operation in model.operation_names
    prefix = action_prefix(service, model.signing_name)
    found = find_needs(Call(prefix=prefix, operation=operation, parameters=parameters, place=PLACE))
    assert len(found) == len(set(found))
    assert set(found) == expected(needs)


def test_parameters_of_a_wrong_kind_are_boto3s_to_refuse() -> None:
    wrong: list[dict[str, Any]] = [
        {"TableName": 3},
        {"RequestItems": 3},
        {"TransactItems": "x"},
        {"Delete": 3, "Bucket": 1},
    ]
    for parameters in wrong:
        for prefix, operation in (
            ("dynamodb", "TransactWriteItems"),
            ("dynamodb", "BatchGetItem"),
            ("s3", "DeleteObjects"),
        ):
            find_needs(Call(prefix=prefix, operation=operation, parameters=parameters, place=PLACE))
