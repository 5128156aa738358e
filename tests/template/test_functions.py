"""Execution roles: each may write to its one log group, and what `Policies` say, as SAM would have written it."""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.adapters import origin
from edgeroutes.errors import ConfigError
from edgeroutes.names import CLIENT_HEADER, DISTRIBUTION_PARAMETER_VARIABLE, HOST_HEADER, SECRET_HEADER, SECRET_VARIABLE
from edgeroutes.plan.cloudformation import parse_infra
from edgeroutes.template.cdn import name_viewer
from edgeroutes.template.document import make_template
from edgeroutes.template.functions import (
    LENGTH,
    UnknownPolicyError,
    function_resources,
    inline_policy,
    managed_policy_arn,
    origin_headers,
    origin_secret_environment,
    origin_secret_resources,
    revalidation_environment,
)
from tests.fakes import sam
from tests.plan.projects import plan

if TYPE_CHECKING:
    from pathlib import Path

    from edgeroutes.plan.model import ProjectPlan


ALWAYS: dict[str, Any] = {
    "Handler": "edgeroutes_function.handler",
    "Runtime": "python3.13",
    "Architectures": ["arm64"],
    "MemorySize": 256,
    "LoggingConfig": {"LogGroup": {"Ref": "FunctionsLogGroup"}},
    "Tracing": {"Ref": "Tracing"},
}
SECRET = {"EDGEROUTES_ORIGIN_SECRET": {"Fn::GetAtt": ["OriginSecretValues", "Value"]}}
PLAIN_ROLE = {"Fn::GetAtt": ["FunctionsRole", "Arn"]}


def properties(files: dict[str, str], **settings: Any) -> dict[str, Any]:
    resources = function_resources(plan(files, **settings))
    return {name: value["Properties"] for name, value in resources.items() if "Function" in value["Type"]}


def test_a_function_is_built_by_make_out_of_its_routes_folder() -> None:
    made = plan({"(shop)/users/[id]/route.py": ""}, architecture="arm64", memory_mib=256, timeout_s=9)
    assert function_resources(made)["UsersIdFunction"] == {
        "Type": "AWS::Serverless::Function",
        "Metadata": {"BuildMethod": "makefile", "ContextPath": "."},
        "Properties": {
            "CodeUri": "functions/(shop)/users/[id]/",
            **ALWAYS,
            "Timeout": 9,
            "Environment": {"Variables": SECRET},
            "Role": PLAIN_ROLE,
        },
    }


def test_the_fallback_has_no_code_variables_or_properties_of_the_users() -> None:
    files = {"function.yaml": "Layers: [x]\n", "route.py": ""}
    found = properties(files, architecture="arm64", memory_mib=256, env={"STAGE": "1"})
    assert found["FallbackFunction"] == {
        "CodeUri": "functions/",
        **ALWAYS,
        "Timeout": 10,
        "Environment": {"Variables": SECRET},
        "Role": PLAIN_ROLE,
    }


def test_variables_of_function_yaml_beat_those_of_the_settings() -> None:
    files = {"a/route.py": "", "a/function.yaml": "Environment: {Variables: {A1: 2, C1: !Ref T}}\n", "b/route.py": ""}
    found = properties(files, env={"A1": "1", "B1": "1"}, cdn={"enabled": False})
    assert found["AFunction"]["Environment"] == {"Variables": {"A1": 2, "B1": "1", "C1": {"Ref": "T"}}}
    assert found["BFunction"]["Environment"] == {"Variables": {"A1": "1", "B1": "1"}}


def test_functions_that_log_by_powertools_have_the_services_name() -> None:
    made = plan({"a/route.py": "", "b/route.py": ""}, name="shop", cdn={"enabled": False})
    logs = replace(made.functions[0], features=frozenset({"logger"}))
    found = function_resources(replace(made, functions=(logs, made.functions[1])))
    assert found["AFunction"]["Properties"]["Environment"] == {"Variables": {"POWERTOOLS_SERVICE_NAME": "shop"}}
    assert "Environment" not in found["BFunction"]["Properties"]


def test_functions_with_equal_policies_share_a_role() -> None:
    one, two = "Policies: [{S3ReadPolicy: {BucketName: b}}]\n", "Policies: [AmazonS3ReadOnlyAccess]\n"
    files = {f"{name}/route.py": "" for name in "abcd"}
    files |= {"a/function.yaml": one, "b/function.yaml": one, "c/function.yaml": two}
    found = properties(files)
    roles = {name: found[f"{name}Function"]["Role"]["Fn::GetAtt"][0] for name in "ABCD"}
    assert roles == {"A": "AFunctionRole", "B": "AFunctionRole", "C": "CFunctionRole", "D": "FunctionsRole"}
    assert not any("Policies" in each for each in found.values())


def test_a_vpc_or_a_dead_letter_queue_needs_a_role_of_its_own() -> None:
    vpc = "VpcConfig: {SubnetIds: [s], SecurityGroupIds: [g]}\n"
    found = properties({"a/route.py": "", "a/function.yaml": vpc, "b/route.py": "", "b/function.yaml": vpc})
    assert "Role" not in found["AFunction"]
    statement = found["AFunction"]["AssumeRolePolicyDocument"]["Statement"][0]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert found["BFunction"]["Role"] == {"Fn::GetAtt": ["AFunctionRole", "Arn"]}
    assert found["BFunction"]["VpcConfig"] == {"SubnetIds": ["s"], "SecurityGroupIds": ["g"]}


def test_a_role_of_the_users_is_used_and_policies_beside_it_go() -> None:
    files = {"function.yaml": "Policies: [P]\n", "a/function.yaml": "Role: !GetAtt Mine.Arn\n", "a/route.py": ""}
    found = properties(files)["AFunction"]
    assert found["Role"] == {"Fn::GetAtt": ["Mine", "Arn"]}
    assert "Policies" not in found


def test_a_log_format_of_the_users_stands_beside_the_shared_log_group() -> None:
    files = {"a/route.py": "", "a/function.yaml": "LoggingConfig: {LogFormat: JSON}\n"}
    found = properties(files)["AFunction"]
    assert found["LoggingConfig"] == {"LogGroup": {"Ref": "FunctionsLogGroup"}, "LogFormat": "JSON"}
    assert found["Role"] == PLAIN_ROLE


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


POLICIES = "Policies: [{S3ReadPolicy: {BucketName: b}}]\n"
PARAMETER = {"Fn::Sub": "/${AWS::StackName}/edgeroutes/distribution"}


def revalidating(files: dict[str, str], *names: str, **settings: Any) -> ProjectPlan:
    """A plan in which these functions revalidate."""
    made = plan(files, **settings)
    uses = frozenset({"revalidation"})
    functions = [replace(each, features=uses) if each.logical_id in names else each for each in made.functions]
    return replace(made, functions=tuple(functions))


def transformed(made: ProjectPlan) -> dict[str, Any]:
    """After the transform."""
    found: dict[str, Any] = sam.transform(make_template(made).text)["Resources"]
    return found


def transformed_role(resource: dict[str, Any]) -> Any:
    return resource["Properties"]["Role"]["Fn::GetAtt"][0]


def test_only_roles_of_functions_that_revalidate_may_ask_the_distribution(tmp_path: Path) -> None:
    files = {f"{name}/route.py": "" for name in "abcd"}
    files |= {"c/function.yaml": POLICIES, "d/function.yaml": POLICIES}
    template = make_template(revalidating(files, "AFunction", "CFunction"))
    transformed = sam.transform(template.text)
    made = transformed["Resources"]
    names = {name: transformed_role(made[f"{name}Function"]) for name in "ABCD"}
    assert names == {
        "A": "RevalidatingFunctionsRole",
        "B": "FunctionsRole",
        "C": "CFunctionRole",
        "D": "DFunctionRole",
    }
    policy = made["RevalidationPolicy"]["Properties"]
    assert policy["Roles"] == [{"Ref": "CFunctionRole"}, {"Ref": "RevalidatingFunctionsRole"}]
    assert [(each["Action"], each["Resource"]["Fn::Sub"]) for each in policy["PolicyDocument"]["Statement"]] == [
        (
            "cloudfront:CreateInvalidation",
            "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}",
        ),
        (
            "ssm:GetParameter",
            "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/${AWS::StackName}/edgeroutes/distribution",
        ),
    ]
    assert len(made) == template.stack_resources
    assert sam.lint(template.text, tmp_path) == []
    assert sam.lint(transformed, tmp_path) == []  # cycles are seen here alone


def test_a_function_knows_its_distribution_by_the_name_of_a_parameter() -> None:
    made = transformed(revalidating({"a/route.py": "", "b/route.py": ""}, "AFunction"))
    variables = {name: made[f"{name}Function"]["Properties"]["Environment"]["Variables"] for name in "AB"}
    assert variables["A"]["EDGEROUTES_DISTRIBUTION_PARAMETER"] == PARAMETER
    assert "EDGEROUTES_DISTRIBUTION_PARAMETER" not in variables["B"]
    parameter = made["DistributionParameter"]["Properties"]
    assert (parameter["Name"], parameter["Value"]) == (PARAMETER, {"Ref": "Distribution"})


def test_functions_that_revalidate_share_roles_as_others_do() -> None:
    files = {f"{name}/route.py": "" for name in "ab"} | {"function.yaml": POLICIES}
    made = transformed(revalidating(files, "AFunction", "BFunction"))
    assert (transformed_role(made["AFunction"]), transformed_role(made["BFunction"])) == (
        "AFunctionRole",
        "AFunctionRole",
    )
    assert made["RevalidationPolicy"]["Properties"]["Roles"] == [{"Ref": "AFunctionRole"}]


def test_a_role_of_the_users_is_left_alone() -> None:
    files = {"a/route.py": "", "a/function.yaml": "Role: arn:aws:iam::123456789012:transformed_role/mine\n"}
    made = transformed(revalidating(files, "AFunction"))
    assert "RevalidationPolicy" not in made
    assert "DistributionParameter" in made
    assert "EDGEROUTES_DISTRIBUTION_PARAMETER" in made["AFunction"]["Properties"]["Environment"]["Variables"]


def test_where_nobody_revalidates_or_there_is_no_cdn_nothing_of_it_is_there() -> None:
    for made in (plan({"a/route.py": ""}), revalidating({"a/route.py": ""}, "AFunction", cdn={"enabled": False})):
        found = transformed(made)
        assert not {"DistributionParameter", "RevalidationPolicy", "RevalidatingFunctionsRole"} & found.keys()


CURRENT = "{{resolve:secretsmanager:${OriginSecret}:SecretString:current::${OriginSecretVersion}}}"
PREVIOUS = "{{resolve:secretsmanager:${OriginSecret}:SecretString:previous::${OriginSecretVersion}}}"


def test_cloudfront_sends_the_current_secret_and_the_functions_take_the_previous_one_too() -> None:
    assert origin_headers() == [{"HeaderName": "x-edgeroutes-origin", "HeaderValue": {"Fn::Sub": CURRENT}}]
    made = origin_secret_resources()
    assert made["OriginSecretValues"]["Properties"]["Value"] == {"Fn::Sub": f"{CURRENT} {PREVIOUS}"}


def test_at_first_there_is_no_previous_one_and_what_stands_for_it_is_too_short_to_count() -> None:
    generated = origin_secret_resources()["OriginSecret"]["Properties"]["GenerateSecretString"]
    assert json.loads(generated["SecretStringTemplate"]) == {"previous": "none"}
    assert (generated["GenerateStringKey"], generated["PasswordLength"]) == ("current", LENGTH)


def test_however_many_functions_the_references_are_fewer_than_a_template_may_hold() -> None:
    files = {f"r{number}/route.py": "" for number in range(70)}
    text = json.dumps(sam.transform(make_template(plan(files)).text))
    assert len(re.findall("{{resolve:", text)) == 3
    assert text.count('"EDGEROUTES_ORIGIN_SECRET"') == 71


def test_what_is_sent_and_set_is_what_the_functions_read() -> None:
    assert [header["HeaderName"] for header in origin_headers()] == [SECRET_HEADER]
    assert list(origin_secret_environment()) == [SECRET_VARIABLE]
    assert list(revalidation_environment()) == [DISTRIBUTION_PARAMETER_VARIABLE]
    named = name_viewer([]).source
    assert all(f"request.headers['{name}'] =" in named for name in (HOST_HEADER, CLIENT_HEADER))
    assert LENGTH >= origin.MIN_LENGTH


def test_without_a_cdn_there_is_no_secret() -> None:
    text = make_template(plan({"a/route.py": ""}, cdn={"enabled": False})).text
    assert "OriginSecret" not in text
    assert "EDGEROUTES_" not in text


@pytest.mark.parametrize(
    "properties",
    [
        "Environment:",
        "Environment: {Variables: }",
        "Environment: !If [ManageApiGatewayAccount, {Variables: {A: 1}}, !Ref AWS::NoValue]",
        "Environment: {Variables: !If [ManageApiGatewayAccount, {A: 1}, {B: 1}]}",
    ],
)
@pytest.mark.parametrize("function", ["AFunction", "FallbackFunction"])
def test_infra_cannot_take_the_secret_from_a_function(function: str, properties: str) -> None:
    infra = parse_infra({"infra/a.yaml": f"Resources:\n  {function}:\n    Properties:\n      {properties}\n"})
    with pytest.raises(ConfigError) as caught:
        make_template(plan({"a/route.py": ""}), infra)
    assert str(caught.value) == (
        f"infra/a.yaml:4: {function} has no origin secret (EDGEROUTES_ORIGIN_SECRET), and would accept requests that bypass "
        "CloudFront. Write names and values under Environment, Variables; those that edgeroutes sets stay."
    )
    assert "EDGEROUTES_ORIGIN_SECRET" not in make_template(plan({"a/route.py": ""}, cdn={"enabled": False}), infra).text
