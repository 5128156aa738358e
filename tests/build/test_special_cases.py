"""What marks a feature of edgeroutes in a file, and what goes along with what."""

from __future__ import annotations

import ast

import pytest

from edgeroutes.build.imports import parse_imports
from edgeroutes.build.special_cases import companions, find_features, stdlib_companions

CASES = [
    ("from edgeroutes import Form", {"forms": 1}),
    ("from edgeroutes.http.parameters import File as F", {"forms": 1}),
    ("import edgeroutes\n\ndef f(x: edgeroutes.Form): ...", {"forms": 1}),
    ("import edgeroutes", {}),
    ("from edgeroutes import Request, Response, after", {}),
    ("from elsewhere import Form", {}),
    ("async def f(request):\n    return (await request\n        .form())", {"forms": 2}),
    ("form = 1\nx.form", {}),
    ("def POST(user: User): ...", {}),
    ("from edgeroutes import logger, metrics", {"logger": 1, "metrics": 1}),
    ("from edgeroutes import cached", {"the data cache": 1}),
    ("from edgeroutes import fetch", {"the data cache": 1, "fetch": 1}),
    ("from edgeroutes import revalidate_tag", {"revalidation": 1}),
    ("import edgeroutes.idempotency", {"idempotency": 1}),
]


@pytest.mark.parametrize(("source", "expected"), CASES, ids=[case[0] for case in CASES])
def test_a_feature_is_marked_in_a_route_file(source: str, expected: dict[str, int]) -> None:
    imports = parse_imports(source, where="route.py")
    uses = find_features(source.encode(), ast.parse(source), imports)
    assert {use.feature.name: use.line for use in uses} == expected


def test_an_exported_app_is_marked_where_the_scan_found_it() -> None:
    imports = parse_imports("", where="route.py")
    uses = find_features(b"", ast.parse(""), imports, app_line=7)
    assert [(use.feature.name, use.line) for use in uses] == [("a mounted app", 7)]


def test_an_app_means_nothing_in_other_files() -> None:
    source = "app = Starlette()\n"
    assert list(find_features(source.encode(), ast.parse(source), parse_imports(source, where="x.py"))) == []


def test_what_is_imported_by_name_alone_goes_along_where_it_is_declared() -> None:
    assert companions("sqlalchemy", {"asyncpg", "pymysql", "requests"}) == ["asyncpg", "pymysql"]
    assert companions("sqlalchemy", ()) == []
    assert companions("requests", {"asyncpg"}) == []
    assert list(stdlib_companions(["json", "zoneinfo"], {"tzdata"})) == [("tzdata", "zoneinfo")]
