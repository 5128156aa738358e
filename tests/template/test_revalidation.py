from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from edgeroutes.template.document import make_template
from tests.fakes import sam
from tests.plan.projects import plan

if TYPE_CHECKING:
    from pathlib import Path

    from edgeroutes.plan.model import ProjectPlan

POLICIES = "Policies: [{S3ReadPolicy: {BucketName: b}}]\n"
PARAMETER = {"Fn::Sub": "/${AWS::StackName}/edgeroutes/distribution"}


def revalidating(files: dict[str, str], *names: str, **settings: Any) -> ProjectPlan:
    """A plan in which these functions revalidate."""
    made = plan(files, **settings)
    uses = frozenset({"revalidation"})
    functions = [replace(each, features=uses) if each.logical_id in names else each for each in made.functions]
    return replace(made, functions=tuple(functions))


def resources(made: ProjectPlan) -> dict[str, Any]:
    """After the transform."""
    found: dict[str, Any] = sam.transform(make_template(made).text)["Resources"]
    return found


def role(resource: dict[str, Any]) -> Any:
    return resource["Properties"]["Role"]["Fn::GetAtt"][0]


def test_only_roles_of_functions_that_revalidate_may_ask_the_distribution(tmp_path: Path) -> None:
    files = {f"{name}/route.py": "" for name in "abcd"}
    files |= {"c/function.yaml": POLICIES, "d/function.yaml": POLICIES}
    template = make_template(revalidating(files, "AFunction", "CFunction"))
    transformed = sam.transform(template.text)
    made = transformed["Resources"]
    names = {name: role(made[f"{name}Function"]) for name in "ABCD"}
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
    made = resources(revalidating({"a/route.py": "", "b/route.py": ""}, "AFunction"))
    variables = {name: made[f"{name}Function"]["Properties"]["Environment"]["Variables"] for name in "AB"}
    assert variables["A"]["EDGEROUTES_DISTRIBUTION_PARAMETER"] == PARAMETER
    assert "EDGEROUTES_DISTRIBUTION_PARAMETER" not in variables["B"]
    parameter = made["DistributionParameter"]["Properties"]
    assert (parameter["Name"], parameter["Value"]) == (PARAMETER, {"Ref": "Distribution"})


def test_functions_that_revalidate_share_roles_as_others_do() -> None:
    files = {f"{name}/route.py": "" for name in "ab"} | {"function.yaml": POLICIES}
    made = resources(revalidating(files, "AFunction", "BFunction"))
    assert (role(made["AFunction"]), role(made["BFunction"])) == ("AFunctionRole", "AFunctionRole")
    assert made["RevalidationPolicy"]["Properties"]["Roles"] == [{"Ref": "AFunctionRole"}]


def test_a_role_of_the_users_is_left_alone() -> None:
    files = {"a/route.py": "", "a/function.yaml": "Role: arn:aws:iam::123456789012:role/mine\n"}
    made = resources(revalidating(files, "AFunction"))
    assert "RevalidationPolicy" not in made
    assert "DistributionParameter" in made
    assert "EDGEROUTES_DISTRIBUTION_PARAMETER" in made["AFunction"]["Properties"]["Environment"]["Variables"]


def test_where_nobody_revalidates_or_there_is_no_cdn_nothing_of_it_is_there() -> None:
    for made in (plan({"a/route.py": ""}), revalidating({"a/route.py": ""}, "AFunction", cdn={"enabled": False})):
        found = resources(made)
        assert not {"DistributionParameter", "RevalidationPolicy", "RevalidatingFunctionsRole"} & found.keys()
