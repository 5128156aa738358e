"""The state table: made where a route needs it, and permitted to no other function."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.plan.cloudformation import parse_infra
from edgeroutes.plan.project import warn_foreign_roles
from edgeroutes.template.document import make_document, make_template
from tests.fakes import sam
from tests.plan.projects import HANDLER, plan

if TYPE_CHECKING:
    from pathlib import Path

    from edgeroutes.plan.model import ProjectPlan

LIMIT = "from edgeroutes.ratelimit import RateLimit\nlimit = RateLimit('5/minute')\n" + HANDLER
AT_GATEWAY = "from edgeroutes.ratelimit import RateLimit\nlimit = RateLimit('5/minute', at='gateway')\n" + HANDLER
POST = "def POST():\n    return {}\n"
ONCE = "from edgeroutes.idempotency import Idempotency\nidempotent = Idempotency()\n" + POST
BEARER = "from edgeroutes.auth import bearer\nauth = bearer('https://issuer.example', 'api')\n" + HANDLER
TABLE: dict[str, Any] = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
    },
}


def with_features(made: ProjectPlan, **features: str) -> ProjectPlan:
    """The plan with what the trace of functions would find."""
    functions = (
        replace(each, features=frozenset(features.get(each.logical_id, "").split())) for each in made.functions
    )
    return replace(made, functions=tuple(functions))


def using(made: ProjectPlan) -> set[str]:
    """The functions that know the table."""
    resources = make_document(made)["Resources"]
    return {
        name
        for name, each in resources.items()
        if "EDGEROUTES_STATE_TABLE" in each.get("Properties", {}).get("Environment", {}).get("Variables", {})
    }


@pytest.mark.parametrize("source", [LIMIT, ONCE])
def test_a_route_that_keeps_state_has_the_table_made_and_permitted_to_its_function_alone(
    source: str, tmp_path: Path
) -> None:
    template = make_template(plan({"a/route.py": source, "b/route.py": ""}))
    made = sam.transform(template.text)["Resources"]
    assert made["EdgeroutesState"] == TABLE
    assert made["EdgeroutesStatePolicy"] == {
        "Type": "AWS::IAM::Policy",
        "Properties": {
            "PolicyName": "edgeroutes-state",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": [
                            "dynamodb:GetItem",
                            "dynamodb:PutItem",
                            "dynamodb:UpdateItem",
                            "dynamodb:DeleteItem",
                        ],
                        "Resource": {"Fn::GetAtt": ["EdgeroutesState", "Arn"]},
                    }
                ],
            },
            "Roles": [{"Ref": "StateFunctionsRole"}],
        },
    }
    seen = {name: made[name]["Properties"] for name in ("AFunction", "BFunction")}
    assert {name: each["Role"]["Fn::GetAtt"][0] for name, each in seen.items()} == {
        "AFunction": "StateFunctionsRole",
        "BFunction": "FunctionsRole",
    }
    assert {name: each["Environment"]["Variables"].get("EDGEROUTES_STATE_TABLE") for name, each in seen.items()} == {
        "AFunction": {"Ref": "EdgeroutesState"},
        "BFunction": None,
    }
    assert len(made) == template.stack_resources
    assert sam.lint(template.text, tmp_path) == []


@pytest.mark.parametrize("source", ["", AT_GATEWAY, BEARER])
def test_where_no_route_keeps_state_there_is_neither_table_nor_permission(source: str) -> None:
    resources = make_document(plan({"a/route.py": source}))["Resources"]
    assert not {"EdgeroutesState", "EdgeroutesStatePolicy", "StateFunctionsRole"} & resources.keys()
    assert "AFunction" not in using(plan({"a/route.py": source}))


def test_code_that_counts_by_itself_needs_the_table() -> None:
    assert using(
        with_features(plan({"a/route.py": "", "b/route.py": ""}), AFunction="ratelimit hit", BFunction="ratelimit")
    ) == {"AFunction"}


def test_a_function_may_revalidate_and_keep_state() -> None:
    resources = make_document(with_features(plan({"a/route.py": LIMIT}), AFunction="revalidation"))["Resources"]
    roles = [{"Ref": "RevalidatingStateFunctionsRole"}]
    assert resources["EdgeroutesStatePolicy"]["Properties"]["Roles"] == roles
    assert resources["RevalidationPolicy"]["Properties"]["Roles"] == roles


def test_infra_changes_the_table() -> None:
    infra = parse_infra(
        {"infra/state.yaml": "Resources: {EdgeroutesState: {Properties: {TableClass: STANDARD_INFREQUENT_ACCESS}}}\n"}
    )
    table = make_document(plan({"a/route.py": LIMIT}), infra)["Resources"]["EdgeroutesState"]
    assert table == {**TABLE, "Properties": {**TABLE["Properties"], "TableClass": "STANDARD_INFREQUENT_ACCESS"}}


def test_a_project_that_names_a_table_of_its_own_gets_none() -> None:
    resources = make_document(plan({"a/route.py": LIMIT}, env={"EDGEROUTES_STATE_TABLE": "mine"}))["Resources"]
    variables: Any = resources["AFunction"]["Properties"]["Environment"]["Variables"]
    assert "EdgeroutesState" not in resources
    assert variables["EDGEROUTES_STATE_TABLE"] == "mine"


def test_a_role_of_function_yaml_has_to_permit_the_table_itself() -> None:
    files = {"a/route.py": LIMIT, "a/function.yaml": "Role: arn:aws:iam::123456789012:role/mine\n"}
    made = plan(files)
    assert "EdgeroutesStatePolicy" not in make_document(made)["Resources"]
    (warning,) = warn_foreign_roles(made.functions)
    assert str(warning) == (
        "functions/a/function.yaml:1: it uses the state table, and its role is one that function.yaml names. Allow that role "
        "dynamodb:GetItem, PutItem, UpdateItem and DeleteItem on the table EdgeroutesState: docs/guards.md."
    )
