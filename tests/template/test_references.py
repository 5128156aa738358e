"""What the parts of a template refer to, and what of that is not there."""

from __future__ import annotations

from typing import Any

import pytest

from edgeroutes.template.merge import SAM, check_references, references

RESOURCES = {
    "Jobs": {"Type": "AWS::SQS::Queue"},
    "HelloFunction": {"Type": "AWS::Serverless::Function"},
    "Net": {"Type": "My::Own::Net::MODULE"},
}


def problems(part: dict[str, Any], section: str = "Resources", transform: Any = SAM) -> list[str]:
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
    assert problems({"Type": "AWS::SNS::Topic", "Properties": {"TopicName": value}}) == []


def test_what_is_not_there_is_told_once_with_the_property_that_wants_it() -> None:
    part = {
        "Type": "AWS::Serverless::Function",
        "Properties": {"MemorySize": {"Ref": "Sizes"}, "Tags": {"a": {"Ref": "Sizes"}, "b": {"Ref": "Elsewhere"}}},
        "DependsOn": "Nobody",
    }
    said = "which is neither a resource nor a parameter of the template"
    assert sorted(problems(part)) == [
        f"Resources It DependsOn: It refers to 'Nobody', {said}. Declare it in infra/.",
        f"Resources It MemorySize: It refers to 'Sizes', {said}. Did you mean 'Size'?",
        f"Resources It Tags: It refers to 'Elsewhere', {said}. Declare it in infra/.",
    ]


def test_outputs_are_read_too() -> None:
    said = "It refers to 'Job', which is neither a resource nor a parameter of the template. Did you mean 'Jobs'?"
    assert problems({"Value": {"Fn::GetAtt": "Job.Arn"}}, "Outputs") == [f"Outputs It Value: {said}"]


def test_with_a_macro_anything_may_be_there() -> None:
    assert problems({"Properties": {"A": {"Ref": "Nobody"}}}, transform=["AWS::LanguageExtensions", SAM]) == []
