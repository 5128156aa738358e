"""A project's functions and template, as dev wants them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from edgeroutes.dev.function_plan import layout_of, may_need_cloud, may_need_plan, plan_functions
from edgeroutes.dev.project import Project
from tests.dev.serving import write_files

if TYPE_CHECKING:
    from pathlib import Path

HELLO = "def GET():\n    return 'hello'\n"
QUEUE = "Resources:\n  Jobs: {Type: AWS::SQS::Queue}\n"


def test_variables_are_split_into_strings_and_what_a_stack_alone_resolves(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[tool.edgeroutes.env]\nMODE = "dev"\n',
        "hello": HELLO,
        "jobs": HELLO,
        "functions/jobs/function.yaml": "Environment: {Variables: {JOBS: !Ref Jobs, SIZE: 5}}\n",
        "infra/jobs.yaml": QUEUE + "  Distribution: {Properties: {DistributionConfig: {HttpVersion: http2}}}\n",
    }
    write_files(tmp_path, files)
    found = plan_functions(Project(tmp_path))
    assert found.plain_variables == {"HelloFunction": {"MODE": "dev"}, "JobsFunction": {"MODE": "dev", "SIZE": "5"}}
    unresolved = {"HelloFunction": frozenset(), "JobsFunction": frozenset({"JOBS"})}
    assert (found.unresolved, found.resources) == (unresolved, {"Jobs": "AWS::SQS::Queue"})
    assert found.needs_cloud


def test_a_variable_may_be_a_string_of_one_function_and_a_reference_of_another(tmp_path: Path) -> None:
    files = {
        "hello": HELLO,
        "functions/hello/function.yaml": "Environment: {Variables: {JOBS: none}}\n",
        "jobs": HELLO,
        "functions/jobs/function.yaml": "Environment: {Variables: {JOBS: !Ref Jobs}}\n",
        "infra/jobs.yaml": QUEUE,
    }
    write_files(tmp_path, files)
    found = plan_functions(Project(tmp_path))
    assert found.plain_variables == {"HelloFunction": {"JOBS": "none"}, "JobsFunction": {}}
    assert found.unresolved == {"HelloFunction": frozenset(), "JobsFunction": frozenset({"JOBS"})}


def test_a_project_with_nothing_around_it_needs_no_cloud(tmp_path: Path) -> None:
    write_files(tmp_path, {"hello": HELLO})
    project = Project(tmp_path)
    assert (may_need_plan(project), plan_functions(project).needs_cloud) == (False, False)


LIMITED = "from edgeroutes.ratelimit import RateLimit\nlimit = RateLimit('5/minute'%s)\ndef GET(): ...\n"


def test_a_route_that_keeps_state_gives_dev_the_table_by_itself(tmp_path: Path) -> None:
    write_files(tmp_path, {"few": LIMITED % "", "hello": HELLO})
    project = Project(tmp_path)
    found = plan_functions(project)
    unresolved = {"FewFunction": frozenset({"EDGEROUTES_STATE_TABLE"}), "HelloFunction": frozenset()}
    assert (may_need_plan(project), may_need_cloud(project), found.needs_cloud) == (True, True, True)
    assert (found.unresolved, found.resources) == (unresolved, {"EdgeroutesState": "AWS::DynamoDB::Table"})


def test_a_limit_that_the_function_does_not_count_needs_no_cloud(tmp_path: Path) -> None:
    write_files(tmp_path, {"few": LIMITED % ", at='gateway'"})
    project = Project(tmp_path)
    assert (may_need_cloud(project), plan_functions(project).needs_cloud) == (False, False)


def test_a_guard_that_is_added_changes_the_layout_and_one_that_moves_does_not(tmp_path: Path) -> None:
    write_files(tmp_path, {"few": "def GET(): ...\n"})
    layouts = [layout_of(Project(tmp_path))]
    for text in (LIMITED % "", "\n\n" + LIMITED % "", LIMITED % ", at='gateway'"):
        write_files(tmp_path, {"few": text})
        layouts.append(layout_of(Project(tmp_path)))
    assert [before == after for before, after in pairwise(layouts)] == [False, True, False]


def test_a_broken_route_does_not_keep_the_others_from_their_variables(tmp_path: Path) -> None:
    write_files(tmp_path, {"hello": HELLO, "broken": "def GET(:\n", "infra/jobs.yaml": QUEUE})
    found = plan_functions(Project(tmp_path))
    assert ([each.logical_id for each in found.plan.functions], [*found.resources]) == (["HelloFunction"], ["Jobs"])


def test_a_reference_to_nothing_is_reported_with_its_place(tmp_path: Path) -> None:
    files = {
        "jobs": HELLO,
        "functions/jobs/function.yaml": "Environment: {Variables: {JOBS: !GetAtt Job.Arn}}\n",
        "infra/jobs.yaml": QUEUE
        + "  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !Sub ['${Own}-${Elsewhere}', {Own: x}]}}\n"
        + "  Fine: {Type: AWS::SNS::Topic, Properties: {TopicName: !Sub '${AWS::StackName}-${JobsFunctionRole}'}}\n",
    }
    write_files(tmp_path, files)
    found = plan_functions(Project(tmp_path))
    said = [str(each) for each in (*found.problems, *found.faults["/jobs"])]
    assert sorted(set(said)) == [
        (
            "functions/jobs/function.yaml:1: JobsFunction refers to 'Job', which is neither a resource nor a parameter of the"
            " template. Did you mean 'Jobs'?"
        ),
        (
            "infra/jobs.yaml:3: Topic refers to 'Elsewhere', which is neither a resource nor a parameter of the template."
            " Declare it in infra/."
        ),
    ]


def test_one_problem_is_reported_as_itself(tmp_path: Path) -> None:
    write_files(
        tmp_path, {"hello": HELLO, "infra/a.yaml": "Resources: {A: {Type: AWS::SQS::Queue, DependsOn: Nobody}}\n"}
    )
    (problem,) = plan_functions(Project(tmp_path)).problems
    assert "A refers to 'Nobody'" in str(problem)


def test_the_layout_is_another_only_where_functions_are(tmp_path: Path) -> None:
    write_files(tmp_path, {"hello": HELLO})
    before = layout_of(Project(tmp_path))
    write_files(tmp_path, {"hello": HELLO.replace("hello", "hi")})
    assert layout_of(Project(tmp_path)) == before
    write_files(tmp_path, {"hi": HELLO})
    assert layout_of(Project(tmp_path)) != before


def test_a_loop_is_made_as_cloudformation_would_make_it(tmp_path: Path) -> None:
    loop = """
Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::Tables:
    - Name
    - [Orders, Users]
    - "${Name}Table":
        Type: AWS::DynamoDB::Table
        Properties:
          BillingMode: PAY_PER_REQUEST
          AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
          KeySchema: [{AttributeName: id, KeyType: HASH}]
"""
    variables = "Environment: {Variables: {USERS_TABLE: !Ref UsersTable}}\n"
    write_files(tmp_path, {"a": HELLO, "functions/a/function.yaml": variables, "infra/foreach.yaml": loop})
    found = plan_functions(Project(tmp_path))
    assert found.resources == {"OrdersTable": "AWS::DynamoDB::Table", "UsersTable": "AWS::DynamoDB::Table"}
