"""The state of guards in tests: with `aws` the project's table, permitted by its template; without it memory; new for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.testing import Aws, RouteClient
from edgeroutes.testing.client import Functions
from tests.testing.projects import write_project

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = {
    "functions/few/route.py": (
        "from edgeroutes.ratelimit import RateLimit\n\nlimit = RateLimit('2/hour')\n\n\ndef GET():\n    return {}\n"
    ),
    "functions/hits/route.py": (
        "from edgeroutes.ratelimit import RateLimit\n\nper_name = RateLimit('1/hour', on_error='closed')\n\n\n"
        "async def GET(name: str):\n    return [(await per_name.hit(name)).allowed]\n"
    ),
}


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Functions:
    return Functions(write_project(tmp_path_factory.mktemp("shop"), FILES))


@pytest.fixture(scope="module")
def made(functions: Functions) -> Iterator[Aws]:
    aws = Aws(functions)
    yield aws
    aws.close()


@pytest.fixture
def aws(made: Aws, functions: Functions) -> Iterator[Aws]:
    with made.for_one_test() as found:
        yield found
        functions.close()


@pytest.fixture
def routes(functions: Functions) -> Iterator[RouteClient]:
    yield RouteClient(functions=functions)
    functions.close()


@pytest.mark.parametrize("_", [1, 2])
def test_a_limit_counts_in_the_projects_table_which_is_new_for_each_test(aws: Aws, routes: RouteClient, _: int) -> None:
    assert [routes.get("/few").status_code for _ in range(3)] == [200, 200, 429]
    (item,) = aws.table("EdgeroutesState").scan()["Items"]
    assert {"key", "expires_at"} < item.keys()


def test_code_that_counts_by_itself_has_the_table_and_the_permission(aws: Aws, routes: RouteClient) -> None:
    assert [routes.get(f"/hits?name={name}").json() for name in ("a", "a", "b")] == [[True], [False], [True]]
    assert len(aws.table("EdgeroutesState").scan()["Items"]) == 2


@pytest.mark.parametrize("_", [1, 2])
def test_without_aws_a_limit_counts_in_memory_which_is_new_for_each_test(routes: RouteClient, _: int) -> None:
    assert [routes.get("/few").status_code for _ in range(3)] == [200, 200, 429]
