from __future__ import annotations

from typing import Any

from edgeroutes.template.transform import expand_loops


def test_a_loop_becomes_what_cloudformation_makes_of_it() -> None:
    table = {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": {"Fn::Sub": "${AWS::StackName}-${Name}"}}}
    document = {
        "Parameters": {"Zones": {"Type": "CommaDelimitedList", "Default": "a-1, b-2"}},
        "Resources": {
            "Plain": {"Type": "AWS::SQS::Queue"},
            "Fn::ForEach::Tables": ["Name", ["Orders", "Users"], {"${Name}Table": table}],
            "Fn::ForEach::Zones": [
                "Zone",
                {"Ref": "Zones"},
                {"Queue&{Zone}": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Zone"}}}},
            ],
        },
        "Outputs": {
            "Fn::ForEach::Out": ["Name", ["Orders"], {"${Name}Arn": {"Value": {"Fn::GetAtt": ["${Name}Table", "Arn"]}}}]
        },
    }
    made = expand_loops(document)
    assert list(made["Resources"]) == ["Plain", "OrdersTable", "UsersTable", "Queuea1", "Queueb2"]
    assert made["Resources"]["UsersTable"]["Properties"] == {"TableName": {"Fn::Sub": "${AWS::StackName}-Users"}}
    assert made["Resources"]["Queueb2"]["Properties"] == {"QueueName": "b-2"}
    assert made["Outputs"] == {"OrdersArn": {"Value": {"Fn::GetAtt": ["OrdersTable", "Arn"]}}}


def test_loops_in_loops_and_in_properties() -> None:
    inner = ["B", ["1", "2"], {"${A}${B}": {"Type": "AWS::SQS::Queue"}}]
    keys = ["Key", ["x", "y"], {"${Key}": "v${Key}"}]
    document: dict[str, Any] = {
        "Resources": {
            "Fn::ForEach::Outer": ["A", ["P", "Q"], {"Fn::ForEach::Inner": inner}],
            "One": {"Type": "T", "Properties": {"Tags": {"Fn::ForEach::Tags": keys}}},
        }
    }
    made = expand_loops(document)["Resources"]
    assert list(made) == ["P1", "P2", "Q1", "Q2", "One"]
    assert made["One"]["Properties"]["Tags"] == {"x": "vx", "y": "vy"}


def test_what_only_cloudformation_knows_goes_out_and_a_template_without_loops_stays() -> None:
    unknown = {"Fn::ForEach::X": ["N", {"Fn::Split": [",", {"Ref": "P"}]}, {"${N}": {"Type": "T"}}]}
    assert expand_loops({"Resources": unknown})["Resources"] == {}
    plain = {"Resources": {"A": {"Type": "T"}}}
    assert expand_loops(plain) == plain
