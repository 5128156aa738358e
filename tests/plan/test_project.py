from __future__ import annotations

import pytest

from edgeroutes.plan.project import MAX_LENGTH, group_id, route_id, unique_ids, warn_api_resources
from tests.plan.projects import HANDLER, STREAM, functions, plan, problems


@pytest.mark.parametrize(
    ("route_path", "logical_id"),
    [
        ("/", "RootFunction"),
        ("/api/users/[id]", "ApiUsersIdFunction"),
        ("/api/users/[userId]", "ApiUsersUserIdFunction"),
        ("/docs/[...slug]", "DocsSlugFunction"),
        ("/shop/[[...slug]]", "ShopSlugFunction"),
        ("/rss.xml", "RssXmlFunction"),
        ("/too-many_things/v1:go", "TooManyThingsV1GoFunction"),
        ("/2024/report", "2024ReportFunction"),
    ],
)
def test_a_route_is_called_by_its_path(route_path: str, logical_id: str) -> None:
    assert route_id(route_path) == logical_id


def test_a_group_is_called_by_its_name() -> None:
    assert group_id("admin-area") == "AdminAreaGroupFunction"


def test_a_long_path_and_a_path_of_other_letters_get_a_hash() -> None:
    long = route_id("/" + "/".join(["abcdefghij"] * 20))
    assert len(long) == MAX_LENGTH
    assert long != route_id("/" + "/".join(["abcdefghij"] * 21))
    assert route_id("/[größe]") == "GrEFunction"
    assert route_id("/[名]") == "Route5E12A7Function" or route_id("/[名]").startswith("Route")
    assert route_id("/[名]") != route_id("/[前]")


def test_the_first_of_equal_ids_keeps_it_and_what_the_others_get_depends_on_them_alone() -> None:
    both = unique_ids([("UsersIdFunction", "/users/id"), ("UsersIdFunction", "/users/[id]")])
    assert both[0] == "UsersIdFunction"
    assert both[1] != both[0]
    assert unique_ids([("UsersIdFunction", "/users/[id]")], reserved=["UsersIdFunction"]) == [both[1]]


def test_a_project_has_no_two_functions_with_one_id() -> None:
    files = ["users/id", "users/[id]", "a-b", "a/b", "fallback", "admin/group"]
    found = functions(
        {f"{name}/route.py": "" for name in files} | {"x/route.py": 'isolate = "admin"\ndef GET(): return {}\n'}
    )
    assert len(found) == 7
    assert {"UsersIdFunction", "ABFunction", "AdminGroupFunction"} < set(found)
    assert "FallbackFunction" not in found
    assert all(name.isalnum() and name.endswith("Function") for name in found)


def timed(seconds: int, text: str = HANDLER) -> str:
    return f"max_duration = {seconds}\n{text}"


def test_the_route_file_beats_function_yaml_beats_the_default() -> None:
    found = functions(
        {
            "a/route.py": "",
            "b/route.py": "",
            "b/function.yaml": "Timeout: 5\n",
            "c/route.py": timed(7),
            "c/function.yaml": "Timeout: 5\n",
            "d/route.py": STREAM,
            "e/route.py": timed(900, STREAM),
            "f/route.py": "",
            "f/function.yaml": "Timeout: !Ref Seconds\n",
        },
        timeout_s=12,
    )
    assert [function.properties["Timeout"] for function in found.values()] == [12, 5, 7, 300, 900, {"Ref": "Seconds"}]


def test_a_buffered_route_over_what_api_gateway_waits_is_refused() -> None:
    files = {"a/route.py": timed(30), "b/route.py": "", "b/function.yaml": "Timeout: 60\n"}
    assert problems(files) == [
        (
            "functions/a/route.py: max_duration is 30 seconds, and /a does not stream. API Gateway ends a response that "
            "does not stream after 29 seconds. Export 'streaming = True' in functions/a/route.py, or ask AWS to "
            "raise the quota "
            "'Maximum integration timeout in milliseconds' and set integration_timeout_s = 30 in [tool.edgeroutes]."
        ),
        (
            "functions/b/function.yaml:1: Timeout is 60 seconds, and /b does not stream. API Gateway ends a response "
            "that "
            "does not stream after 29 seconds. Export 'streaming = True' in functions/b/route.py, or ask AWS to "
            "raise the "
            "quota 'Maximum integration timeout in milliseconds' and set integration_timeout_s = 60 in "
            "[tool.edgeroutes]."
        ),
    ]
    assert functions(files, integration_timeout_s=60)["BFunction"].properties == {"Timeout": 60}


def test_a_timeout_that_lambda_does_not_have_is_refused() -> None:
    files = {"a/route.py": STREAM, "a/function.yaml": "Timeout: 901\n"}
    assert problems(files) == ["functions/a/function.yaml:1: Timeout is 901. Allowed are whole seconds from 1 to 900."]


def test_a_stream_has_more_time_than_the_margin_before_its_end() -> None:
    files = {
        "a/route.py": STREAM,
        "a/function.yaml": "Timeout: 5\n",
        "b/route.py": "",
        "b/function.yaml": "Timeout: 5\n",
    }
    assert functions(files, stream_margin_ms=4999)["AFunction"].properties == {"Timeout": 5}
    assert problems(files, stream_margin_ms=5000) == [
        (
            "functions/a/function.yaml:1: Timeout is 5 seconds, and stream_margin_ms in [tool.edgeroutes] is 5000: every stream of /a "
            "would be ended before it begins. Raise Timeout, or lower stream_margin_ms."
        )
    ]


def test_one_function_name_for_two_functions_is_refused() -> None:
    files = {"function.yaml": "FunctionName: x\n", "a/route.py": "", "b/route.py": ""}
    assert problems(files) == [
        (
            "functions/function.yaml:1: FunctionName 'x' is given to AFunction and BFunction. Take it out of "
            "function.yaml, or "
            "put it beside one route alone."
        )
    ]


def test_snapstart_publishes_versions_and_needs_a_python_that_has_it() -> None:
    files = {"a/route.py": "", "a/function.yaml": "SnapStart: {ApplyOn: PublishedVersions}\n", "b/route.py": ""}
    found = functions(files)
    assert found["AFunction"].properties["AutoPublishAlias"] == "live"
    assert [found[name].publishes_versions for name in ("AFunction", "BFunction")] == [True, False]
    assert problems(files, runtime="python3.11") == [
        (
            "functions/a/function.yaml:1: SnapStart is set, which python3.11 does not have. Set runtime = "
            '"python3.13" in '
            "[tool.edgeroutes], or take SnapStart out."
        )
    ]


def test_a_domain_needs_a_certificate_of_us_east_1() -> None:
    files = {"a/route.py": ""}
    assert problems(files, cdn={"domain_name": "example.com"}) == [
        (
            "pyproject.toml, [tool.edgeroutes.cdn] domain_name: domain_name is 'example.com' and certificate_arn is not set. "
            "CloudFront needs both. Set certificate_arn to a certificate of ACM in us-east-1."
        )
    ]
    arn = "arn:aws:acm:eu-central-1:123456789012:certificate/x"
    assert problems(files, cdn={"domain_name": "example.com", "certificate_arn": arn})[0].endswith(
        "CloudFront takes certificates of us-east-1 alone. Request the certificate in us-east-1."
    )


def test_over_300_api_resources_a_warning_names_the_quota() -> None:
    assert warn_api_resources(300) == []
    made = plan({f"r{number}/route.py": "" for number in range(300)})
    assert made.api_resource_count == 302
    assert [str(warning) for warning in made.warnings] == [
        (
            "the API has 302 resources, and an account allows 300 unless the quota is raised. Raise 'Resources per "
            "API' of "
            "Amazon API Gateway in the Service Quotas console before you deploy, or share one function among the "
            "routes of a folder: 'isolate: <name>' in its function.yaml."
        )
    ]


def test_all_problems_come_at_once_and_the_scans_too() -> None:
    files = {"a/route.py": "def get(): return 1\n", "b/route.py": timed(99), "b/function.yaml": "Handler: x\n"}
    said = problems(files)
    assert [text.partition(":")[0] for text in said] == [
        "functions/a/route.py",
        "functions/a/route.py",
        "functions/b/function.yaml",
        "functions/b/route.py",
    ]


def test_a_project_without_routes_has_the_fallback_alone() -> None:
    made = plan({})
    assert made.functions == ()
    assert [(each.path, each.logical_id) for each in made.api_resources] == [
        ("/", "FallbackFunction"),
        ("/{proxy+}", "FallbackFunction"),
    ]


def test_a_mounted_app_owns_its_whole_subtree() -> None:
    made = plan({"legacy/[[...path]]/route.py": "app = object()\n"})
    assert [(each.path, each.logical_id) for each in made.api_resources][1:3] == [
        ("/legacy", "LegacyPathFunction"),
        ("/legacy/{path+}", "LegacyPathFunction"),
    ]
