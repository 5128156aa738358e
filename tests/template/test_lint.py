"""What a deploy would refuse, found by SAM's translator and cfn-lint, and told where the author wrote it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from edgeroutes.config import parse_config, parse_toml
from edgeroutes.plan.cloudformation import parse_infra
from edgeroutes.plan.project import make_plan
from edgeroutes.routing.scan import scan
from edgeroutes.template.document import make_document
from edgeroutes.template.lint import LintFindings, lint_template
from tests.fakes.file_tree import FakeFileTree
from tests.plan.projects import HANDLER, STREAM, plan

pytest.importorskip("cfnlint", reason="cfn-lint is not installed")


def lint(files: dict[str, str], infra: str = "", **settings: Any) -> LintFindings:
    parts = parse_infra({"infra/a.yaml": infra})
    planned = plan(files, parts, **settings)
    return lint_template(make_document(planned, parts), planned, parts, region="eu-central-1")


def problems(function_yaml: str = "", infra: str = "", **settings: Any) -> list[str]:
    files = {"hello/route.py": "", "other/route.py": STREAM} | (
        {"hello/function.yaml": function_yaml} if function_yaml else {}
    )
    return [str(problem) for problem in lint(files, infra, **settings).problems]


def test_what_edgeroutes_makes_is_clean() -> None:
    files = {
        "a/route.py": "",
        "b/[id]/route.py": STREAM,
        "a/function.yaml": "Policies: [{DynamoDBCrudPolicy: {TableName: t}}]\nSnapStart: {ApplyOn: PublishedVersions}\n",
        "b/function.yaml": "VpcConfig: {SubnetIds: [subnet-12345678], SecurityGroupIds: [sg-12345678]}\nthrottle_rate: 5\n",
    }
    assert lint(files, env={"STAGE": "live"}) == LintFindings()
    assert lint(files, cdn={"enabled": False}) == LintFindings()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Tags: {a: b}\nEphemeralStorage: {Size: 100}\n",
            "2: HelloFunction.EphemeralStorage.Size: 100 is less than the minimum of 512",
        ),
        ("FunctionName: bad name!\n", "1: HelloFunction.FunctionName: 'bad name!' does not match"),
        ("MemorySize: lots\n", "1: HelloFunction.MemorySize: 'lots' is not of type 'integer'"),
        ("MemorySize: 64\n", "1: HelloFunction.MemorySize: 64 is less than the minimum of 128"),
        (
            "ReservedConcurrentExecutions: -1\n",
            "1: HelloFunction.ReservedConcurrentExecutions: -1 is less than the minimum of 0",
        ),
        ("Layers: arn:a\n", "1: HelloFunction: Type of property 'Layers' is invalid"),
        ("Tags: [a]\n", "1: HelloFunction: Property 'Tags' should be a map"),
        ("SnapStart: {ApplyOn: Never}\n", "1: HelloFunction"),
        (
            "\nEvents: {Jobs: {Type: SQS, Properties: {Queu: x}}}\n",
            "2: HelloFunction.Events.Jobs: property Queu not defined",
        ),
        (
            "Environment: {Variables: {BIG: '" + "x" * 4_200 + "'}}\n",
            ("1: HelloFunction.Environment.Variables: Lambda environment variables total size"),
        ),
    ],
)
def test_a_value_that_a_deploy_would_refuse_is_reported_at_its_line(text: str, expected: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith(f"functions/hello/function.yaml:{expected}")


def test_what_is_right_is_left_alone() -> None:
    text = "MemorySize: '512'\nTimeout: 5\nTracing: Active\nReservedConcurrentExecutions: !Ref Limit\n"
    assert problems(text, "Parameters: {Limit: {Type: Number, Default: 5}}") == []


def test_resources_of_infra_are_read_with_all_problems_at_once() -> None:
    infra = """
Resources:
  Users:
    Type: AWS::DynamoDB::Tabel
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      BilingMode: x
      AttributeDefinitions: [{AttributeName: id, AttributeType: Q}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Api:
    Properties:
      MinimumCompressionSize: lots
  HelloFunction:
    Properties:
      MemorySice: 12
Outputs:
  Url: {Value: !GetAtt Orders.NoSuchThing}
"""
    assert sorted(problems(infra=infra)) == [
        "infra/a.yaml:10: Orders.AttributeDefinitions.0.AttributeType: 'Q' is not one of ['B', 'N', 'S'] (cfn-lint E3030).",
        "infra/a.yaml:14: Api: Type of property 'MinimumCompressionSize' is invalid (SAM).",
        "infra/a.yaml:17: HelloFunction: property MemorySice not defined for resource of type AWS::Serverless::Function (SAM).",
        (
            "infra/a.yaml:4: Users.Type: Resource type 'AWS::DynamoDB::Tabel' does not exist in 'eu-central-1' (cfn-lint E3006). Did "
            "you mean 'AWS::DynamoDB::Table'?"
        ),
        (
            "infra/a.yaml:9: Orders.BilingMode: Additional properties are not allowed ('BilingMode' was unexpected; did you mean "
            "'BillingMode'?) (cfn-lint E3002)."
        ),
    ]


def test_outputs_and_conditions_are_read() -> None:
    infra = """
Resources:
  Orders: {Type: AWS::SQS::Queue}
Outputs:
  Url: {Value: !GetAtt Orders.NoSuchThing}
"""
    (problem,) = problems(infra=infra)
    assert problem.startswith("infra/a.yaml:5: Url.Value.Fn::GetAtt.1: 'NoSuchThing' is none of the 19 allowed values")


def test_variables_of_the_settings_are_reported_in_pyproject() -> None:
    (problem,) = problems(env={"BIG": "x" * 4_200})
    assert problem.startswith(
        "pyproject.toml, [tool.edgeroutes] env: HelloFunction.Environment.Variables: Lambda environment"
    )


def test_code_on_this_machine_and_loops_are_as_sam_leaves_them() -> None:
    infra = """
Transform: AWS::LanguageExtensions
Resources:
  Worker: {Type: AWS::Serverless::Function, Properties: {CodeUri: worker/, Handler: a.b, Runtime: python3.13}}
  Shared: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer/}}
  Plain:
    Type: AWS::Lambda::Function
    Properties: {Code: plain/, Handler: a.b, Runtime: python3.13, Role: !GetAtt WorkerRole.Arn}
  Fn::ForEach::Queues: [Name, [One, Two], {"${Name}Queue": {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 5000}}}]
"""
    found = problems(infra=infra)
    assert [problem.partition(": ")[2] for problem in found] == [
        "OneQueue.DelaySeconds: 5000 is greater than the maximum of 900 (cfn-lint E3034).",
        "TwoQueue.DelaySeconds: 5000 is greater than the maximum of 900 (cfn-lint E3034).",
    ]


def test_warnings_are_distinguished() -> None:
    infra = "Resources: {Orders: {Type: AWS::SQS::Queue, UpdateReplacePolicy: Retain}}"
    found = lint({"a/route.py": ""}, infra)
    assert (found.problems, len(found.warnings)) == ((), 1)
    assert str(found.warnings[0]).startswith(
        "infra/a.yaml:1: Orders: Both 'UpdateReplacePolicy' and 'DeletionPolicy' are needed"
    )


def test_four_hundred_routes_take_about_as_long_as_one() -> None:
    def cpu_seconds(count: int) -> float:
        files = {f"r{number}/route.py": "" for number in range(count)} | {"function.yaml": "MemorySize: 256\n"}
        began = time.process_time()
        assert lint(files) == LintFindings()
        return time.process_time() - began

    cpu_seconds(1)  # imports
    assert cpu_seconds(400) < 5 * cpu_seconds(1) + 2


@pytest.mark.parametrize(
    ("infra", "expected"),
    [
        ("Globals:\n  Function:\n    Policies: [P]\n", "infra/a.yaml:3: Function.Policies: "),
        ("Globals:\n  Function:\n    MemorySise: 1\n", "infra/a.yaml:3: Function.MemorySise: "),
        ("Resources:\n  A1:\n    Type: [AWS::SQS::Queue]\n", "infra/a.yaml:"),
    ],
)
def test_what_nobody_foresees_is_an_error_with_its_place_and_no_traceback(infra: str, expected: str) -> None:
    found = problems("MemorySize: 256\n", infra)
    assert found
    assert all(each.startswith(expected) for each in found), found


def test_a_function_without_properties_is_not_a_traceback() -> None:
    infra = "Resources:\n  AFunction:\n    Properties:\n"
    parts = parse_infra({"infra/a.yaml": infra})
    planned = plan({"a/route.py": ""}, parts, cdn={"enabled": False})
    assert "Properties" not in make_document(planned, parts)["Resources"]["AFunction"]


_FUNCTION_YAML = """Tracing: Activ
DeadLetterQueue:
  Type: SQQS
  TargetArn: arn:aws:sqs:eu-central-1:123456789012:q
FunctionUrlConfig:
  AuthType: NONE
  Cors:
    AllowOrigin: "*"
Policies:
  - DynamoDBCrudPolic: {TableName: x}
EventInvokeConfig:
  MaximumRetryAttempts: 77
Events:
  J:
    Type: Schedule
    Properties:
      Schedule: rate(5 minutes)
      Enable: yes
  K:
    Type: SQS
    Properties:
      Queue: arn:aws:sqs:eu-central-1:123456789012:q
      BatchSize: 100000
VpcConfig:
  SecurityGroup: []
EphemeralStorage:
  Size: big
"""


def test_all_wrong_properties_of_a_function_are_found_at_once_each_at_its_line() -> None:
    """SAM stops at what it refuses and renames what it takes; the route file is never the one to blame."""
    files = {
        "function.yaml": "Policies: [AWSXrayWriteOnlyAccess]\nMemorySize: 64\n",
        "a/function.yaml": _FUNCTION_YAML,
        "a/route.py": "",
    }
    found = [str(each) for each in lint(files).problems]
    assert sorted(each.partition(" ")[0] for each in found) == [
        "functions/a/function.yaml:10:",  # the policy, the second one with that of the folder above
        "functions/a/function.yaml:12:",
        "functions/a/function.yaml:18:",
        "functions/a/function.yaml:1:",
        "functions/a/function.yaml:23:",
        "functions/a/function.yaml:25:",
        "functions/a/function.yaml:27:",
        "functions/a/function.yaml:2:",
        "functions/a/function.yaml:8:",
        "functions/function.yaml:2:",
    ], found


def test_what_every_function_inherits_is_wrong_once_and_where_it_is_written() -> None:
    files = {"a/route.py": "", "b/route.py": "", "b/function.yaml": "Timeout: 5\n"}
    infra = """
Globals:
  Function:
    Tracing: Activ
    EphemeralStorage:
      Size: 100
Resources:
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: worker/
      Handler: a.b
      Runtime: python3.13
      Tracing: Activ
Parameters:
  P: {Type: Strin}
"""
    found = [str(each) for each in lint(files, infra).problems]
    assert sorted(each.partition(" ")[0] for each in found) == [
        "infra/a.yaml:14:",
        "infra/a.yaml:16:",
        "infra/a.yaml:4:",
        "infra/a.yaml:6:",
    ], found
    assert any("'Strin' is none of the 50 allowed values; did you mean 'String'?" in each for each in found)


def test_settings_are_reported_at_their_line_of_pyproject() -> None:
    text = "[tool.edgeroutes]\n[tool.edgeroutes.env]\nSHORT = 'a'\nBIG = '" + "x" * 4_200 + "'\n"
    settings = parse_toml(text, "pyproject.toml")["tool"]["edgeroutes"]
    planned = make_plan(
        parse_config(settings, text=text),
        scan(FakeFileTree({"functions/a/route.py": HANDLER})),
        {"functions/a/route.py": HANDLER},
        None,
    )
    found = lint_template(make_document(planned), planned, parse_infra({}), region="eu-central-1").problems
    assert [str(each).partition(": ")[0] for each in found] == ["pyproject.toml:2, [tool.edgeroutes.env]"]
