from __future__ import annotations

from dataclasses import replace
from typing import Any

from edgeroutes.template.functions import function_resources
from tests.plan.projects import plan

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
