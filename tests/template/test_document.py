"""Variables that functions read and would not have on Lambda: through a project on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeroutes import pipeline
from edgeroutes.errors import ConfigError, ProblemsError
from edgeroutes.pipeline import project_template, read_env_names
from edgeroutes.plan.cloudformation import SHORT_TAGS, parse_infra, parse_yaml
from edgeroutes.template.document import HEADER, count_stack_resources, make_template, render_yaml
from tests.fakes import sam
from tests.plan.projects import STREAM, plan

GOLDEN = Path(__file__).parents[1] / "cases" / "template"
SNAPSTART = "SnapStart: {ApplyOn: PublishedVersions}\n"


@pytest.mark.parametrize("project", sorted(path.parent.name for path in GOLDEN.glob("*/template.yaml")))
def test_a_project_gives_its_golden_template(project: str) -> None:
    """After a change that is meant: python -m edgeroutes template --root tests/cases/template/<project>."""
    assert pipeline.check_template(GOLDEN / project, pipeline.project_template(GOLDEN / project).text) == []


@pytest.mark.parametrize("project", sorted(path.parent.name for path in GOLDEN.glob("*/template.yaml")))
def test_a_golden_template_is_what_cloudformation_takes(project: str, tmp_path: Path) -> None:
    template = pipeline.project_template(GOLDEN / project)
    made = sam.transform(template.text)
    assert len(made["Resources"]) == template.stack_resources
    assert sam.lint(template.text, tmp_path) == []
    assert sam.lint(made, tmp_path) == []  # cycles are seen here alone


def test_the_same_project_gives_the_same_bytes() -> None:
    files = {"a/route.py": "", "b/[id]/route.py": STREAM, "a/function.yaml": "Tags: {b: 1, a: 2}\n"}
    backwards = dict(reversed(files.items()))
    assert make_template(plan(files)).text == make_template(plan(backwards)).text


def integrations(made: dict[str, Any]) -> dict[str, Any]:
    paths = made["Resources"]["Api"]["Properties"]["Body"]["paths"]
    key = "x-amazon-apigateway-integration"
    return {path: item["x-amazon-apigateway-any-method"][key] for path, item in paths.items()}


def test_streaming_and_buffered_integrations_are_such_after_the_transform() -> None:
    made = integrations(sam.transform(make_template(plan({"a/route.py": STREAM, "b/route.py": ""})).text))
    assert (made["/a"]["responseTransferMode"], made["/a"]["timeoutInMillis"]) == ("STREAM", 300_000)
    assert made["/a"]["uri"]["Fn::Sub"].endswith("2021-11-15/functions/${AFunction.Arn}/response-streaming-invocations")
    assert made["/b"].keys() == {"type", "httpMethod", "uri", "credentials", "passthroughBehavior"}
    assert made["/b"]["uri"]["Fn::Sub"].endswith("2015-03-31/functions/${BFunction.Arn}/invocations")


def test_after_the_transform_there_is_one_stage_no_permission_and_the_logs_wait_for_the_account() -> None:
    made = sam.transform(make_template(plan({"a/route.py": ""})).text)["Resources"]
    kinds = [resource["Type"] for resource in made.values()]
    assert kinds.count("AWS::ApiGateway::Stage") == 1
    assert "AWS::Lambda::Permission" not in kinds
    assert "ApiGatewayAccount" in json.dumps(made["Api"])
    assert made["ApiliveStage"]["Properties"]["RestApiId"] == {"Ref": "Api"}


def test_snapstart_is_an_alias_that_the_api_calls_and_may_call(tmp_path: Path) -> None:
    template = make_template(plan({"a/route.py": "", "a/function.yaml": SNAPSTART, "b/route.py": ""}))
    made = sam.transform(template.text)
    resources = made["Resources"]
    assert len(resources) == template.stack_resources
    assert resources["AFunctionAliaslive"]["Properties"]["Name"] == "live"
    assert resources["AFunction"]["Properties"]["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert "/functions/${AFunction.Arn}:live/" in integrations(made)["/a"]["uri"]["Fn::Sub"]
    allowed = resources["ApiInvokePolicy"]["Properties"]["PolicyDocument"]["Statement"][0]["Resource"]
    assert allowed == [
        {"Ref": "AFunctionAliaslive"},
        {"Fn::GetAtt": ["BFunction", "Arn"]},
        {"Fn::GetAtt": ["FallbackFunction", "Arn"]},
    ]
    assert sam.lint(made, tmp_path) == []


def test_a_role_that_sam_makes_is_the_one_that_others_use(tmp_path: Path) -> None:
    policies = "Policies: [{S3ReadPolicy: {BucketName: b}}]\n"
    template = make_template(plan({"function.yaml": policies, "a/route.py": "", "b/route.py": ""}))
    made = sam.transform(template.text)
    assert made["Resources"]["AFunctionRole"]["Type"] == "AWS::IAM::Role"
    assert made["Resources"]["BFunction"]["Properties"]["Role"] == {"Fn::GetAtt": ["AFunctionRole", "Arn"]}
    assert len(made["Resources"]) == template.stack_resources
    assert sam.lint(made, tmp_path) == []


def test_four_hundred_routes_fit_in_one_stack(tmp_path: Path) -> None:
    files = {
        f"area{number % 20}/[id]/part{number}/route.py": STREAM if number % 7 == 0 else "" for number in range(400)
    }
    files["function.yaml"] = "Environment: {Variables: {TABLE: !Ref AWS::StackName}}\n"
    template = make_template(plan(files, env={"STAGE": "live"}))
    made = sam.transform(template.text)
    assert template.functions == 401
    assert len(made["Resources"]) == template.stack_resources == 426
    assert template.size_bytes < 600_000
    assert len(json.dumps(made)) < 1_000_000
    assert template.api_resources == 442
    assert "Resources per API" in str(template.warnings[0])


def test_over_five_hundred_stack_resources_the_folders_to_group_are_named() -> None:
    files = {f"{folder}/r{number}/route.py": "" for folder in ("api", "web") for number in range(300)}
    with pytest.raises(ConfigError) as caught:
        make_template(plan(files))
    assert str(caught.value) == (
        "template.yaml: the stack has 632 resources. CloudFormation allows 500. Write 'isolate: <name>' into the "
        "function.yaml of functions/api (300 functions)."
    )


def test_a_line_per_folder_fits_a_thousand_routes_into_a_stack() -> None:
    files = {f"area{number % 10}/part{number}/route.py": "" for number in range(1_000)}
    with pytest.raises(
        ProblemsError, match=r"into the function\.yaml of functions/area0 \(100 functions\), functions/area1"
    ):
        make_template(plan(files))
    files |= {f"area{number}/function.yaml": f"isolate: area{number}\n" for number in range(10)}
    template = make_template(plan(files))
    assert template.functions == 11
    assert template.stack_resources < 60


def test_the_advice_for_folders_with_streaming_routes_names_them() -> None:
    files = {f"api/r{number}/route.py": "" if number else STREAM for number in range(500)}
    with pytest.raises(ConfigError) as caught:
        make_template(plan(files))
    assert caught.value.hint == (
        "Write 'isolate: <name>' into the function.yaml of functions/api (499 functions), and 'isolate = \"route\"' into "
        "streaming routes there"
    )
    files["api/function.yaml"] = "isolate: api\n"
    files["api/r0/route.py"] = 'isolate = "route"\n' + STREAM
    assert make_template(plan(files)).functions == 3


def test_over_a_megabyte_the_template_is_refused() -> None:
    parameters = "".join(f"  P{number}: {{Type: String, Description: {'x' * 4_000}}}\n" for number in range(260))
    with pytest.raises(ConfigError, match=r"the template has 1,0\d\d,\d\d\d bytes. CloudFormation allows 1,000,000"):
        make_template(
            plan({"a/route.py": "", "b/route.py": ""}), parse_infra({"infra/a.yaml": f"Parameters:\n{parameters}"})
        )


INFRA = """
Resources:
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: worker/
      Handler: worker.handler
      Runtime: python3.13
      AutoPublishAlias: live
      EventInvokeConfig: {MaximumRetryAttempts: 1}
      Events:
        Jobs: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}
        Daily: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
  Queue: {Type: AWS::SQS::Queue}
  Table: {Type: AWS::Serverless::SimpleTable}
"""


def test_what_sam_makes_of_the_users_own_resources_is_counted() -> None:
    template = make_template(plan({"a/route.py": ""}), parse_infra({"infra/a.yaml": INFRA}))
    assert len(sam.transform(template.text)["Resources"]) == template.stack_resources
    assert count_stack_resources(parse_yaml(template.text, "x").value) == template.stack_resources


def test_a_cycle_in_the_users_part_is_seen_after_the_transform(tmp_path: Path) -> None:
    infra = "Resources: {AFunction: {Properties: {Environment: {Variables: {URL: !Sub 'https://${Api}'}}}}}"
    made = sam.transform(make_template(plan({"a/route.py": ""}), parse_infra({"infra/a.yaml": infra})).text)
    assert any(line.startswith("E3004") for line in sam.lint(made, tmp_path))


def test_functions_have_their_short_tags() -> None:
    value = {
        "A": {"Ref": "AWS::StackName"},
        "B": {"Fn::GetAtt": ["Api", "Arn"]},
        "C": {"Fn::Sub": "${A}: b"},
        "D": {"Fn::If": ["Is", {"Ref": "X"}, {"Ref": "AWS::NoValue"}]},
        "E": {"Fn::Sub": ["${x}", {"x": 1}]},
        "F": {"Fn::Base64": {"Fn::Sub": "x"}},
        "G": {"Condition": "Is"},
        "H": {"Fn::Select": [0, {"Fn::GetAZs": ""}]},
    }
    assert render_yaml(value) == HEADER + (
        "A: !Ref AWS::StackName\n"
        "B: !GetAtt Api.Arn\n"
        "C: !Sub '${A}: b'\n"
        "D: !If\n"
        "  - Is\n"
        "  - !Ref X\n"
        "  - !Ref AWS::NoValue\n"
        "E: !Sub\n"
        "  - ${x}\n"
        "  - x: 1\n"
        "F:\n"
        "  Fn::Base64: !Sub x\n"
        "G:\n"
        "  Condition: Is\n"
        "H: !Select\n"
        "  - 0\n"
        "  - Fn::GetAZs: ''\n"
    )


def test_what_yaml_would_read_as_something_else_is_quoted() -> None:
    value = {"Version": "2012-10-17", "a": "yes", "b": "1", "c": "", "d": "*/*", "e": "null", "f": "line\nline\n"}
    text = render_yaml(value)
    assert "Version: '2012-10-17'" in text
    assert "f: |\n  line\n  line\n" in text
    assert parse_yaml(text, "x").value == value


def test_the_same_list_twice_is_written_twice() -> None:
    both = ["x"]
    assert "&" not in render_yaml({"a": both, "b": both})


_texts = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12) | st.sampled_from(
    ["yes", "on", "0x1f", "1e3", "2012-10-17", "a: b", "a #b", "- a", "!Ref x", "${A}", "a\nb\n", "a\n b", " a ", "|"]
)
_scalars = _texts | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
_functions = st.builds(
    lambda name, value: {name: value},
    st.sampled_from(sorted(set(SHORT_TAGS.values()) - {"Fn::GetAtt"})),
    st.lists(_scalars, max_size=3) | _texts,
)
_values: Any = st.recursive(
    _scalars | _functions | st.just({"Fn::GetAtt": ["Api", "Arn"]}),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_texts.filter(lambda key: key != "<<"), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(st.sampled_from(["A", "b c", "200", "on"]), _values, min_size=1, max_size=3))
def test_what_is_written_is_read_as_it_was(value: dict[str, Any]) -> None:
    text = render_yaml(value)
    assert parse_yaml(text, "x").value == value
    assert render_yaml(value) == text


@pytest.mark.parametrize("value", [{"Ref": 1}, {"Fn::GetAtt": ["A", {"Ref": "B"}]}, {"Fn::Sub": None}, {"Ref": ""}])
def test_what_no_short_tag_can_say_keeps_its_long_form(value: dict[str, Any]) -> None:
    assert parse_yaml(render_yaml({"A": value}), "x").value == {"A": value}


READS = "import os\n\ndef GET():\n    return os.environ['STRIPE_KEY']\n"


def warnings(root: Path, files: dict[str, str]) -> list[str]:
    (root / "functions").mkdir(exist_ok=True)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return [str(warning) for warning in project_template(root).warnings]


def warning(where: str, name: str, source: str, functions: str) -> str:
    return (
        f"{where}: the variable {name} is read here, and {source}: {functions} would not have it on Lambda. Set it under "
        "Environment in function.yaml, or in [tool.edgeroutes.env] for all functions: docs/configuration.md."
    )


def test_what_only_dot_env_provides_is_a_warning_with_its_line(tmp_path: Path) -> None:
    files = {
        "functions/pay/route.py": READS.replace("environ['STRIPE_KEY']", "getenv('STRIPE_KEY')"),
        ".env": "STRIPE_KEY=sk_1\n",
    }
    assert warnings(tmp_path, files) == [
        warning("functions/pay/route.py:4", "STRIPE_KEY", "only .env sets it", "PayFunction")
    ]
    (tmp_path / ".env").unlink()
    assert warnings(tmp_path, {}) == []  # without it nothing of this machine is different


def test_what_a_function_needs_and_nothing_provides_is_reported_too(tmp_path: Path) -> None:
    assert warnings(tmp_path, {"functions/pay/route.py": READS}) == [
        warning("functions/pay/route.py:4", "STRIPE_KEY", "nothing sets it", "PayFunction")
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("functions/function.yaml", "Environment: {Variables: {STRIPE_KEY: x}}\n"),
        ("functions/pay/function.yaml", "Environment: {Variables: {STRIPE_KEY: !Ref AWS::StackName}}\n"),
        ("infra/a.yaml", "Globals: {Function: {Environment: {Variables: {STRIPE_KEY: x}}}}\n"),
        ("infra/a.yaml", "Resources: {PayFunction: {Properties: {Environment: {Variables: {STRIPE_KEY: x}}}}}\n"),
        ("pyproject.toml", "[tool.edgeroutes.env]\nSTRIPE_KEY = 'x'\n"),
        (
            "functions/middleware.py",
            "import os\nos.environ.setdefault('STRIPE_KEY', 'x')\n\nasync def middleware(request, call_next): ...\n",
        ),
    ],
)
def test_what_the_project_provides_is_fine(path: str, text: str, tmp_path: Path) -> None:
    assert warnings(tmp_path, {"functions/pay/route.py": READS, ".env": "STRIPE_KEY=sk_1\n", path: text}) == []


def test_a_module_that_many_import_is_reported_once(tmp_path: Path) -> None:
    route = "from lib.keys import KEY\n\ndef GET():\n    return KEY\n"
    files = {f"functions/r{number}/route.py": route for number in range(3)}
    files |= {"lib/keys.py": "import os\nKEY = os.environ['STRIPE_KEY']\n", ".env.local": "export STRIPE_KEY = 1\n"}
    assert warnings(tmp_path, files) == [
        warning("lib/keys.py:2", "STRIPE_KEY", "only .env.local sets it", "R0Function and 2 more functions")
    ]


def test_a_function_of_a_module_that_another_route_uses_is_not(tmp_path: Path) -> None:
    module = "import os\n\ndef pay():\n    return os.environ['STRIPE_KEY']\n\ndef price():\n    return 1\n"
    files = {
        "lib/shop.py": module,
        "functions/pay/route.py": "from lib.shop import pay\n\ndef GET():\n    return pay()\n",
        "functions/price/route.py": "from lib.shop import price\n\ndef GET():\n    return price()\n",
        "functions/pay/function.yaml": "Environment: {Variables: {STRIPE_KEY: x}}\n",
    }
    assert warnings(tmp_path, files) == []


def test_what_lambda_and_edgeroutes_set_is_fine(tmp_path: Path) -> None:
    names = ("AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "TZ", "EDGEROUTES_ORIGIN_SECRET")
    lines = "\n".join(f"os.environ['{name}']" for name in names)
    assert warnings(tmp_path, {"functions/a/route.py": f"import os\n{lines}\ndef GET(): ...\n"}) == []


def test_names_in_a_dot_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# C=1\nA1=1\n export B_2 = 'x y'\nnot a line\n=1\n")
    assert read_env_names(tmp_path / ".env") == {"A1", "B_2"}
    assert read_env_names(tmp_path) == read_env_names(tmp_path / "none") == frozenset()
