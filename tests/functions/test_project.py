from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


ROOT = Path(__file__).parents[2]


def test_the_project_has_no_problems(client: RouteClient) -> None:
    assert client.project.scan.problems == ()


def test_a_folder_with_an_underscore_is_private(client: RouteClient) -> None:
    assert client.get("/_shared").status_code == 404
    assert not [route for route in client.project.scan.routes if "_shared" in route.source_file]


def test_the_table_in_the_documentation_has_every_route_once(client: RouteClient) -> None:
    page = (ROOT / "docs/example-application.md").read_text()
    named = re.findall(r"^\|[^|]*\|[^|]*\| `(functions/[^`]*/route\.py)` \|", page, re.MULTILINE)
    assert sorted(named) == sorted(route.source_file for route in client.project.scan.routes)


def test_the_urls_in_that_table_are_those_of_the_routes(client: RouteClient) -> None:
    page = (ROOT / "docs/example-application.md").read_text()
    rows = re.findall(r"^\|[^|]*\| `([^`]*)` \| `(functions/[^`]*/route\.py)` \|", page, re.MULTILINE)
    assert {file: url for url, file in rows} == {
        route.source_file: route.route_path for route in client.project.scan.routes
    }
