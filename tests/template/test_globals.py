"""`Globals.Function` of infra/: what it sets, our functions have, unless a nearer file says otherwise; through SAM's transform."""

from __future__ import annotations

from typing import Any

import pytest

from edgeroutes.errors import ProblemsError, ProjectError
from edgeroutes.plan.cloudformation import parse_infra
from edgeroutes.template.document import make_template
from tests.fakes import sam
from tests.plan.projects import STREAM, plan


def transform(text: str, files: dict[str, str] | None = None, **settings: Any) -> dict[str, Any]:
    """The resources after the transform."""
    infra = parse_infra({"infra/a.yaml": f"Globals:\n  Function: {text}\n"})
    template = make_template(plan(files or {"a/route.py": "", "b/route.py": ""}, infra, **settings), infra)
    made: dict[str, Any] = sam.transform(template.text)["Resources"]
    assert len(made) == template.stack_resources
    return made


def properties(made: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = made[name]["Properties"]
    return found


def problems(text: str, files: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ProjectError) as caught:
        transform(text, files)
    error = caught.value
    return [str(problem) for problem in (error.problems if isinstance(error, ProblemsError) else (error,))]


def test_what_globals_set_all_functions_have() -> None:
    made = transform(
        "{MemorySize: 2048, Timeout: 12, Tracing: Active, EphemeralStorage: {Size: 1024}, Tags: {team: x}}"
    )
    for name in ("AFunction", "FallbackFunction"):
        found = properties(made, name)
        assert (found["MemorySize"], found["TracingConfig"]) == (2048, {"Mode": "Active"})
        assert found["EphemeralStorage"] == {"Size": 1024}
        assert {"Key": "team", "Value": "x"} in found["Tags"]
    assert properties(made, "AFunction")["Timeout"] == 12
    assert properties(made, "FallbackFunction")["Timeout"] == 10


def test_function_yaml_and_the_route_file_are_nearer() -> None:
    files = {
        "a/route.py": "",
        "a/function.yaml": "MemorySize: 256\n",
        "b/route.py": "max_duration = 5\ndef GET(): ...\n",
        "c/route.py": "",
    }
    made = transform("{MemorySize: 2048, Timeout: 12}", files, memory_mib=128)
    found = {
        name: (each["MemorySize"], each["Timeout"]) for name in "ABC" for each in [properties(made, f"{name}Function")]
    }
    assert found == {"A": (256, 12), "B": (2048, 5), "C": (2048, 12)}


def test_variables_layers_and_the_log_format_are_merged_by_sam() -> None:
    text = "{Environment: {Variables: {SHARED: s, OWN: shared}}, Layers: [one], LoggingConfig: {LogFormat: JSON}}"
    files = {"a/route.py": "", "a/function.yaml": "Layers: [two]\nEnvironment: {Variables: {OWN: own}}\n"}
    found = properties(transform(text, files), "AFunction")
    variables = found["Environment"]["Variables"]
    assert (variables["SHARED"], variables["OWN"], "EDGEROUTES_ORIGIN_SECRET" in variables) == ("s", "own", True)
    assert found["Layers"] == ["one", "two"]
    assert found["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": {"Ref": "FunctionsLogGroup"}}


def test_a_log_group_of_globals_is_the_one_that_the_roles_allow() -> None:
    made = transform("{LoggingConfig: {LogGroup: mine}}")
    assert properties(made, "BFunction")["LoggingConfig"] == {"LogGroup": "mine"}
    role = properties(made, "BFunction")["Role"]["Fn::GetAtt"][0]
    assert "'Name': 'mine'" in str(properties(made, role)["Policies"])


def test_a_vpc_for_all_is_written_once_and_allowed_everywhere() -> None:
    made = transform("{VpcConfig: {SubnetIds: [s], SecurityGroupIds: [g]}}")
    for name in ("AFunction", "BFunction", "FallbackFunction"):
        assert properties(made, name)["VpcConfig"] == {"SubnetIds": ["s"], "SecurityGroupIds": ["g"]}
        role = properties(made, properties(made, name)["Role"]["Fn::GetAtt"][0])
        assert "AWSLambdaVPCAccessExecutionRole" in str(role["ManagedPolicyArns"])
        assert "aws:SourceAccount" in str(role["AssumeRolePolicyDocument"])


def test_snapstart_for_all_is_called_by_its_alias() -> None:
    made = transform("{SnapStart: {ApplyOn: PublishedVersions}}")
    uris = [
        item["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
        for item in properties(made, "Api")["Body"]["paths"].values()
    ]
    assert all(":live/" in uri for uri in uris)
    assert {"AFunctionAliaslive", "FallbackFunctionAliaslive"} <= made.keys()


def test_a_boundary_for_all_is_on_all_roles_of_functions() -> None:
    made = transform("{PermissionsBoundary: arn:aws:iam::1:policy/edge, RolePath: /shop/}")
    roles = {properties(made, name)["Role"]["Fn::GetAtt"][0] for name in ("AFunction", "BFunction", "FallbackFunction")}
    for role in roles:
        found = properties(made, role)
        assert (found["PermissionsBoundary"], found["Path"]) == ("arn:aws:iam::1:policy/edge", "/shop/")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{Architectures: [arm64]}",
            (
                "'Architectures' in Globals would be for edgeroutes' functions, too. Set 'architecture' in "
                "[tool.edgeroutes]."
            ),
        ),
        (
            "{PackageType: Image}",
            (
                "'PackageType' in Globals would be for edgeroutes' functions, too. Leave it out: functions are "
                "zip files."
            ),
        ),
        (
            "{Environment: {Variables: {EDGEROUTES_ORIGIN_SECRET: ''}}}",
            ("the variable 'EDGEROUTES_ORIGIN_SECRET' is reserved: edgeroutes sets it. Use another name."),
        ),
    ],
)
def test_what_would_break_our_functions_is_refused_with_its_line(text: str, expected: str) -> None:
    assert problems(text) == [f"infra/a.yaml:2: {expected}"]


def test_a_timeout_that_api_gateway_does_not_wait_for_is_refused_where_it_stands() -> None:
    (problem,) = problems("{Timeout: 60}", {"a/route.py": ""})
    assert problem.startswith("infra/a.yaml:2: Timeout is 60 seconds, and /a does not stream.")
    assert properties(transform("{Timeout: 60}", {"a/route.py": STREAM}), "AFunction")["Timeout"] == 60


def test_runtime_and_handler_of_globals_are_for_functions_of_the_authors_own() -> None:
    found = properties(transform("{Runtime: nodejs22.x, Handler: index.handler}"), "AFunction")
    assert (found["Runtime"], found["Handler"]) == ("python3.13", "edgeroutes_function.handler")
