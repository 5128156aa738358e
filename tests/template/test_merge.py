"""What the parts of a template refer to, and what of that is not there."""

from __future__ import annotations

from typing import Any

import pytest

from edgeroutes.errors import ProblemsError, ProjectError
from edgeroutes.plan.cloudformation import parse_infra
from edgeroutes.template import merge
from edgeroutes.template.merge import SAM, check_references, merge_values, references

OWN: dict[str, Any] = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Parameters": {"Days": {"Type": "Number", "Default": 30, "AllowedValues": [1, 30]}},
    "Conditions": {"Is": {"Fn::Equals": ["a", "a"]}},
    "Resources": {
        "Api": {"Type": "AWS::Serverless::Api", "Properties": {"Name": {"Ref": "AWS::StackName"}, "Tags": {"a": "1"}}},
        "RootFunction": {"Type": "AWS::Serverless::Function", "Properties": {"MemorySize": 512, "Layers": ["x"]}},
    },
    "Outputs": {"ApiUrl": {"Value": "https://x"}},
}


def merge_infra(own: dict[str, Any], texts: dict[str, str]) -> dict[str, Any]:
    return merge.merge_infra(own, parse_infra(texts))


def problems(**files: str) -> list[str]:
    with pytest.raises(ProjectError) as caught:
        merge_infra(OWN, {f"infra/{name}.yaml": text for name, text in files.items()})
    error = caught.value
    return [str(problem) for problem in (error.problems if isinstance(error, ProblemsError) else (error,))]


def test_without_files_the_template_stays_as_it_is() -> None:
    assert merge_infra(OWN, {}) == OWN
    assert merge_infra(OWN, {"infra/a.yaml": ""}) == OWN


def test_what_is_not_ours_is_added_and_what_is_ours_is_laid_over() -> None:
    text = """
    Description: Shop
    Parameters:
      Days: {Default: 90}
      Stage: {Type: String}
    Mappings: {M: {a: {b: c}}}
    Conditions: {Off: !Not [!Condition Is]}
    Globals: {Function: {Tags: {team: x}}}
    Resources:
      Table: {Type: AWS::DynamoDB::Table}
      Api:
        Properties:
          Name: shop
          Tags: {b: '2'}
      RootFunction:
        DependsOn: Table
        Properties: {Layers: [y], MemorySize: !If [Is, 1024, 512]}
    Outputs:
      ApiUrl: {Export: {Name: url}}
      TableName: {Value: !Ref Table}
    """
    assert merge_infra(OWN, {"infra/a.yaml": text}) == {
        "Transform": "AWS::Serverless-2016-10-31",
        "Description": "Shop",
        "Parameters": {
            "Days": {"Type": "Number", "Default": 90, "AllowedValues": [1, 30]},
            "Stage": {"Type": "String"},
        },
        "Mappings": {"M": {"a": {"b": "c"}}},
        "Conditions": {
            "Is": {"Fn::Equals": ["a", "a"]},
            "Off": {"Fn::Not": [{"Condition": "Is"}]},
        },
        "Globals": {"Function": {"Tags": {"team": "x"}}},
        "Resources": {
            "Api": {"Type": "AWS::Serverless::Api", "Properties": {"Name": "shop", "Tags": {"a": "1", "b": "2"}}},
            "RootFunction": {
                "Type": "AWS::Serverless::Function",
                "Properties": {"MemorySize": {"Fn::If": ["Is", 1024, 512]}, "Layers": ["y"]},
                "DependsOn": "Table",
            },
            "Table": {"Type": "AWS::DynamoDB::Table"},
        },
        "Outputs": {
            "ApiUrl": {"Value": "https://x", "Export": {"Name": "url"}},
            "TableName": {"Value": {"Ref": "Table"}},
        },
    }
    assert OWN["Parameters"]["Days"]["Default"] == 30


def test_two_files_may_lay_themselves_over_one_resource_of_ours() -> None:
    files = {
        "infra/b.yaml": "Resources: {RootFunction: {Properties: {MemorySize: 2}}}",
        "infra/a.yaml": "Resources: {RootFunction: {Properties: {MemorySize: 1, Timeout: 3}}}",
    }
    merged = merge_infra(OWN, files)["Resources"]["RootFunction"]["Properties"]
    assert merged == {"MemorySize": 2, "Layers": ["x"], "Timeout": 3}


def test_functions_are_replaced_and_a_key_without_a_value_goes() -> None:
    assert merge_values({"a": {"Ref": "x"}, "b": 1, "c": {"d": 1}}, {"a": {"Ref": "y"}, "b": None, "c": {"e": 2}}) == {
        "a": {"Ref": "y"},
        "c": {"d": 1, "e": 2},
    }


def test_another_transform_stands_before_sams() -> None:
    files = {"infra/a.yaml": "Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]"}
    assert merge_infra(OWN, files)["Transform"] == ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"]


def test_conflicts_between_two_files_name_both() -> None:
    same = "Parameters: {P: {Type: String}}\nOutputs:\n  O: {Value: 1}\nResources:\n  T: {Type: A::B::C}\n"
    other = "Parameters: {P: {Type: Number}}\nOutputs:\n  O: {Value: 2}\nResources:\n  T: {Type: A::B::C, X: 1}\n"
    assert problems(a=same, b=other) == [
        "infra/b.yaml:1: parameter 'P' is also declared in infra/a.yaml:1. Rename one of the two, or remove it.",
        "infra/b.yaml:3: output 'O' is also declared in infra/a.yaml:3. Rename one of the two, or remove it.",
        "infra/b.yaml:5: resource 'T' is also declared in infra/a.yaml:5. Rename one of the two, or remove it.",
    ]
    assert merge_infra(OWN, {"a": same, "b": same})["Parameters"]["P"] == {"Type": "String"}


def test_conflicts_with_ours_say_what_ours_is() -> None:
    text = """
Parameters: {Days: {Type: String}}
Outputs: {ApiUrl: {Value: x}}
Resources:
  RootFunction: {Type: AWS::DynamoDB::Table}
  Api: nothing
"""
    assert problems(a=text) == [
        (
            "infra/a.yaml:2: parameter 'Days' has the Type 'String', and edgeroutes generates one of that name with "
            "'Number'. "
            "Use another name."
        ),
        (
            "infra/a.yaml:3: output 'ApiUrl' has the Value 'x', and edgeroutes generates one of that name with "
            "'https://x'. "
            "Use another name."
        ),
        (
            "infra/a.yaml:5: resource 'RootFunction' has the Type 'AWS::DynamoDB::Table', and edgeroutes generates one "
            "of that "
            "name with 'AWS::Serverless::Function'. Use another name."
        ),
        (
            "infra/a.yaml:6: resource 'Api' is generated, and its override is 'nothing'. Allowed is a mapping. Write the "
            "keys of "
            "the resource below its name."
        ),
    ]


def test_a_resource_that_is_meant_for_ours_but_misses_it_gets_a_suggestion() -> None:
    assert problems(a="Resources:\n  RotFunction:\n    Properties: {MemorySize: 1}\n  T: {}\n") == [
        "infra/a.yaml:2: resource 'RotFunction' has no Type. Did you mean 'RootFunction'?",
        "infra/a.yaml:4: resource 'T' has no Type. Give it a Type.",
    ]


def test_broken_files_are_named_with_their_lines_all_at_once() -> None:
    assert problems(a="Resources:\n  T: [\n", b="Resorces: {}\n", c="Resources: []\n", d="Conditions: x\n") == [
        (
            "infra/a.yaml:3: the file is not YAML: while parsing a flow node expected the node content, but found "
            "'<stream end>'."
        ),
        "infra/b.yaml:1: 'Resorces' is not a section of a template. Did you mean 'Resources'?",
        "infra/c.yaml:1: Resources is []. Allowed is a mapping of names.",
        "infra/d.yaml:1: Conditions is 'x'. Allowed is a mapping of names.",
    ]


def test_variables_that_somebody_else_sets_are_refused_for_our_functions() -> None:
    b = """
    Resources:
      RootFunction:
        Properties:
          Environment:
            Variables:
              AWS_SAM_LOCAL: 1
              EDGEROUTES_DATA_CACHE_TABLE: t
      Worker:
        Type: AWS::Serverless::Function
        Properties: {Environment: {Variables: {EDGEROUTES_DISTRIBUTION_PARAMETER: of another stack}}}
    """
    assert problems(b=b) == [
        (
            "infra/b.yaml:7: the variable 'AWS_SAM_LOCAL' is reserved: 'sam local' sets it, and functions then check less. Use "
            "another name."
        )
    ]


def test_loops_and_macros_among_the_names_pass_through() -> None:
    text = """
    Transform: AWS::LanguageExtensions
    Resources:
      Fn::ForEach::Tables: [Name, [Orders, Users], {"${Name}Table": {Type: AWS::DynamoDB::Table}}]
      Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/k}}
    Outputs:
      Fn::ForEach::Names: [Name, [Orders], {"${Name}Name": {Value: !Ref "${Name}Table"}}]
    Mappings:
      Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/m}}
    """
    merged = merge_infra(OWN, {"infra/a.yaml": text})
    assert merged["Resources"]["Fn::ForEach::Tables"] == [
        "Name",
        ["Orders", "Users"],
        {"${Name}Table": {"Type": "AWS::DynamoDB::Table"}},
    ]
    assert merged["Resources"]["Fn::Transform"]["Name"] == "AWS::Include"
    assert merged["Mappings"] == {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://b/m"}}}
    assert "Fn::ForEach::Names" in merged["Outputs"]
    assert merged["Transform"] == ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"]


RESOURCES = {
    "Jobs": {"Type": "AWS::SQS::Queue"},
    "HelloFunction": {"Type": "AWS::Serverless::Function"},
    "Net": {"Type": "My::Own::Net::MODULE"},
}


def reference_problems(part: dict[str, Any], section: str = "Resources", transform: Any = SAM) -> list[str]:
    document: dict[str, Any] = {"Transform": transform, "Parameters": {"Size": {}}, "Resources": dict(RESOURCES)}
    document.setdefault(section, {})["It"] = part
    return [str(each) for each in check_references(document, lambda *at: " ".join(at))]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"Ref": "A"}, ["A"]),
        ({"Fn::GetAtt": "A.Arn"}, ["A"]),
        ({"Fn::GetAtt": ["A", "Arn"]}, ["A"]),
        ({"Fn::Sub": "${A}-${B.Arn}-${!Kept}"}, ["A", "B"]),
        ({"Fn::Sub": ["${A}-${B}", {"B": {"Ref": "C"}}]}, ["A", "C"]),
        ({"Fn::Join": ["", [{"Ref": "A"}, {"Fn::If": ["IsIt", {"Ref": "B"}, {"Ref": "AWS::NoValue"}]}]]},
         ["A", "B", "AWS::NoValue"]),
        ({"DependsOn": "A"}, ["A"]),
        ({"DependsOn": ["A", "B"]}, ["A", "B"]),
        ({"Containers": [{"DependsOn": [{"ContainerName": {"Ref": "A"}, "Condition": "START"}]}]}, ["A"]),
        ({"Ref": 5, "Fn::GetAtt": [], "Fn::Sub": None}, []),
        ("Ref", []),
    ],
)  # fmt: skip
def test_references_are_found_in_every_form(value: Any, found: list[str]) -> None:
    assert list(references(value)) == found


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Jobs"},
        {"Ref": "Size"},
        {"Ref": "AWS::Region"},
        {"Ref": "HelloFunctionRole"},
        {"Ref": "NetQueue"},
        {"Ref": "ServerlessRestApi"},
    ],
)
def test_resources_parameters_and_what_sam_or_a_module_makes_are_there(value: Any) -> None:
    assert reference_problems({"Type": "AWS::SNS::Topic", "Properties": {"TopicName": value}}) == []


def test_what_is_not_there_is_reported_once_with_the_property_that_wants_it() -> None:
    part = {
        "Type": "AWS::Serverless::Function",
        "Properties": {"MemorySize": {"Ref": "Sizes"}, "Tags": {"a": {"Ref": "Sizes"}, "b": {"Ref": "Elsewhere"}}},
        "DependsOn": "Nobody",
    }
    said = "which is neither a resource nor a parameter of the template"
    assert sorted(reference_problems(part)) == [
        f"Resources It DependsOn: It refers to 'Nobody', {said}. Declare it in infra/.",
        f"Resources It MemorySize: It refers to 'Sizes', {said}. Did you mean 'Size'?",
        f"Resources It Tags: It refers to 'Elsewhere', {said}. Declare it in infra/.",
    ]


def test_outputs_are_read_too() -> None:
    said = "It refers to 'Job', which is neither a resource nor a parameter of the template. Did you mean 'Jobs'?"
    assert reference_problems({"Value": {"Fn::GetAtt": "Job.Arn"}}, "Outputs") == [f"Outputs It Value: {said}"]


def test_with_a_macro_anything_may_be_there() -> None:
    assert (
        reference_problems({"Properties": {"A": {"Ref": "Nobody"}}}, transform=["AWS::LanguageExtensions", SAM]) == []
    )
