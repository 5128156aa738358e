"""Execution roles: each may write to its one log group, and what `Policies` say, as SAM would have written it."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest

from edgeroutes.plan.infra import parse_infra
from edgeroutes.template.document import make_template
from edgeroutes.template.roles import UnknownPolicyError, inline_policy, managed_policy_arn
from tests.fakes import sam
from tests.plan.projects import plan

ACCOUNT_ONLY = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
SHARED_GROUP = {"Fn::GetAtt": ["FunctionsLogGroup", "Arn"]}
TRACES = {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AWSXRayDaemonWriteAccess"}


def resources(files: dict[str, str], infra: str = "", **settings: Any) -> dict[str, Any]:
    """After the transform."""
    template = make_template(plan(files, **settings), parse_infra({"infra/a.yaml": infra}))
    found: dict[str, Any] = sam.transform(template.text)["Resources"]
    assert len(found) == template.stack_resources
    return found


def role(resources: dict[str, Any], name: str) -> dict[str, Any]:
    made: dict[str, Any] = resources[name]["Properties"]
    return made


def log_groups(role: dict[str, Any]) -> list[tuple[str, Any]]:
    """What the role may write: action and resource."""
    (logs,) = [each["PolicyDocument"]["Statement"] for each in role["Policies"] if each["PolicyName"] == "logs"]
    return [(each["Action"], each["Resource"]) for each in logs]


def test_no_role_of_ours_may_write_to_another_log_group_or_be_assumed_for_another_account() -> None:
    policies = "Policies: [{DynamoDBReadPolicy: {TableName: t}}, AmazonS3ReadOnlyAccess]\n"
    made = resources({"a/route.py": "", "a/function.yaml": policies, "b/route.py": ""})
    for name in ("FunctionsRole", "AFunctionRole"):
        found = role(made, name)
        assert log_groups(found) == [("logs:CreateLogStream", SHARED_GROUP), ("logs:PutLogEvents", SHARED_GROUP)]
        (statement,) = found["AssumeRolePolicyDocument"]["Statement"]
        assert (statement["Principal"], statement["Condition"]) == ({"Service": "lambda.amazonaws.com"}, ACCOUNT_ONLY)
    assert "AWSLambdaBasicExecutionRole" not in json.dumps(made)


def test_api_gateways_roles_have_no_source_account_because_it_does_not_send_one() -> None:
    made = resources({"a/route.py": ""})
    for name in ("ApiInvokeRole", "ApiGatewayAccountRole"):
        (statement,) = role(made, name)["AssumeRolePolicyDocument"]["Statement"]
        assert statement == {
            "Effect": "Allow",
            "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }


def test_a_policy_template_is_what_sam_makes_of_it() -> None:
    policies = pytest.importorskip("samtranslator.policy_template_processor.processor").PolicyTemplatesProcessor
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        processor = policies(policies.get_default_policy_templates_json())
    for name, template in processor.policy_templates.items():
        values = {parameter: {"Ref": f"{parameter}Of{name}"} for parameter in template.parameters}
        assert inline_policy({name: values}) == processor.convert(name, values), name
    assert len(processor.policy_templates) > 80


@pytest.mark.parametrize(
    "policy",
    [{"NoSuchPolicy": {}}, {"S3ReadPolicy": {}}, {"S3ReadPolicy": None}, {"S3ReadPolicy": "b"}, {}, {"a": 1, "b": 2}],
)
def test_what_is_not_in_sams_tables_is_left_to_sam(policy: dict[str, Any]) -> None:
    with pytest.raises(UnknownPolicyError):
        inline_policy(policy)


def test_a_managed_policy_is_of_the_stacks_partition() -> None:
    path = "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"
    assert managed_policy_arn("AWSLambdaSQSQueueExecutionRole") == {"Fn::Sub": path}
    assert managed_policy_arn("arn:aws:iam::1:policy/mine") == "arn:aws:iam::1:policy/mine"
    with pytest.raises(UnknownPolicyError):
        managed_policy_arn("OfThisAccount")


def test_a_policy_that_only_sam_knows_leaves_the_role_to_sam() -> None:
    made = resources({"a/route.py": "", "a/function.yaml": "Policies: [OfThisAccount]\n"})
    assert "OfThisAccount" in role(made, "AFunctionRole")["ManagedPolicyArns"]
    (statement,) = role(made, "AFunctionRole")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"] == ACCOUNT_ONLY


def test_a_role_has_the_path_the_boundary_the_trust_and_the_tags_of_its_function() -> None:
    text = """
    Policies: [!Ref Mine, !Ref Mine, {Statement: [{Effect: Deny, Action: "*", Resource: "*"}]}]
    RolePath: /shop/
    PermissionsBoundary: arn:aws:iam::1:policy/edge
    AssumeRolePolicyDocument: {Statement: []}
    Tags: {team: shop}
    """
    infra = "Resources: {Mine: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {}}}}"
    found = role(resources({"a/route.py": "", "a/function.yaml": text}, infra), "AFunctionRole")
    assert found["ManagedPolicyArns"][1:] == [{"Ref": "Mine"}]
    assert found["Policies"][1:] == [
        {
            "PolicyName": "AFunctionRolePolicy2",
            "PolicyDocument": {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]},
        }
    ]
    assert (found["Path"], found["PermissionsBoundary"]) == ("/shop/", "arn:aws:iam::1:policy/edge")
    assert (found["AssumeRolePolicyDocument"], found["Tags"]) == (
        {"Statement": []},
        [{"Key": "team", "Value": "shop"}],
    )


@pytest.mark.parametrize(
    ("tracing", "expected"),
    [
        ("", [{"Fn::If": ["TracingActive", TRACES, {"Ref": "AWS::NoValue"}]}]),
        ("Tracing: Active\n", [TRACES]),
        ("Tracing: Disabled\n", None),
    ],
)
def test_only_a_function_that_is_traced_may_send_traces(tracing: str, expected: Any) -> None:
    made = resources({"a/route.py": "", "a/function.yaml": f"RolePath: /x/\n{tracing}"})
    assert role(made, "AFunctionRole").get("ManagedPolicyArns") == expected


def test_a_log_group_of_the_users_is_the_one_that_the_function_may_write_to() -> None:
    text = "LoggingConfig: {LogGroup: !Ref Own}\n"
    infra = "Resources: {Own: {Type: AWS::Logs::LogGroup}}"
    made = resources({"a/route.py": "", "a/function.yaml": text, "b/route.py": ""}, infra)
    name = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${Name}:*"
    arn = {"Fn::Sub": [name, {"Name": {"Ref": "Own"}}]}
    assert log_groups(role(made, "AFunctionRole")) == [("logs:CreateLogStream", arn), ("logs:PutLogEvents", arn)]
    assert log_groups(role(made, "FunctionsRole"))[0][1] == SHARED_GROUP


def test_policies_that_infra_lays_over_a_function_are_in_its_role() -> None:
    """SAM ignores Policies beside a Role."""
    infra = "Resources: {BFunction: {Properties: {Policies: [{S3ReadPolicy: {BucketName: mine}}]}}}"
    files = {"a/route.py": "", "b/route.py": "", "b/function.yaml": "Policies: [{SQSPollerPolicy: {QueueName: q}}]\n"}
    made = resources(files, infra)
    assert role(made, "BFunction")["Role"] == {"Fn::GetAtt": ["BFunctionRole", "Arn"]}
    text = json.dumps(role(made, "BFunctionRole"))
    assert ("s3:GetObject" in text, "sqs:" in text) == (True, False)
    assert role(made, "AFunction")["Role"] == {"Fn::GetAtt": ["FunctionsRole", "Arn"]}


def test_infra_may_change_a_role() -> None:
    infra = "Resources: {FunctionsRole: {Properties: {Path: /mine/}}, AFunctionRole: {Properties: {Path: /its/}}}"
    made = resources({"a/route.py": "", "a/function.yaml": "Policies: [AmazonS3ReadOnlyAccess]\n"}, infra)
    assert (role(made, "FunctionsRole")["Path"], role(made, "AFunctionRole")["Path"]) == ("/mine/", "/its/")
