from __future__ import annotations

import pytest

from edgeroutes.plan.logical_ids import MAX_LENGTH, group_id, route_id, unique_ids
from tests.plan.projects import functions


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
