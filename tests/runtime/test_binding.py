"""Arguments by name or annotation: product.md "A route file"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

IMPORTS = """\
import enum
from datetime import date, datetime
from typing import Annotated, Any, Literal, Optional
from uuid import UUID
from edgeroutes import Cookie, Header, Query, Request, Response, RouteContext
class Colour(enum.Enum):
    RED = "red"
"""
SOME_UUID = "12345678-1234-5678-1234-567812345678"


def handler(signature: str, result: str, *, future: bool = False) -> str:
    lines = "from __future__ import annotations\n" if future else ""
    return f"{lines}{IMPORTS}async def GET({signature}):\n    return {result}\n"


@pytest.mark.parametrize("future", [False, True])
@pytest.mark.parametrize(
    ("signature", "result"),
    [
        ("request", "request.path"),
        ("request: Request", "request.path"),
        ("asked: Request", "asked.path"),
        ("request: Any", "request.path"),
        ("context", "'/' + context.params['id']"),
        ("context: RouteContext", "'/' + context.params['id']"),
        ("about: RouteContext", "'/' + about.params['id']"),
        ("params", "'/' + params['id']"),
        ("params: dict[str, str]", "'/' + params['id']"),
        ("id", "'/' + id"),
        ("id, params, request, context", "request.path"),
    ],
)
def test_reserved_names_and_annotations_give_what_they_name(
    project: Make, signature: str, result: str, future: bool
) -> None:
    assert project({"[id]/route.py": handler(signature, result, future=future)}).get("/seven").text == "/seven"


@pytest.mark.parametrize("future", [False, True])
@pytest.mark.parametrize(
    ("annotation", "sent", "shown"),
    [
        ("str", "a%2Fb", "'a/b'"),
        ("int", "7", "7"),
        ("float", "1.5", "1.5"),
        ("bool", "true", "True"),
        ("UUID", SOME_UUID, f"UUID('{SOME_UUID}')"),
        ("date", "2026-01-02", "datetime.date(2026, 1, 2)"),
        ("Colour", "red", "<Colour.RED: 'red'>"),
        ("Literal['a', 'b']", "b", "'b'"),
        ("Literal[1, 2]", "2", "2"),
        ("int | str", "x", "'x'"),
        ("Annotated[int, 'documented']", "7", "7"),
        ("Any", "x", "'x'"),
    ],
)
def test_a_segment_is_converted_by_its_annotation(
    project: Make, annotation: str, sent: str, shown: str, future: bool
) -> None:
    routes = project({"[id]/route.py": handler(f"id: {annotation}", "repr(id)", future=future)})

    assert routes.get(f"/{sent}").text == shown


@pytest.mark.parametrize(
    ("annotation", "sent"),
    [
        ("int", "x"),
        ("int", "1.5"),
        ("bool", "maybe"),
        ("UUID", "1"),
        ("date", "2026-02-30"),
        ("Colour", "RED"),
        ("Literal['a']", "b"),
    ],
)
def test_a_segment_that_does_not_convert_is_a_404(project: Make, annotation: str, sent: str) -> None:
    response = project({"[id]/route.py": handler(f"id: {annotation}, page: int", "1")}).get(f"/{sent}?page=x")

    assert (response.status, response.json()["title"], "errors" in response.json()) == (404, "Not Found", False)


def test_a_segment_is_looked_at_before_the_body_is(project: Make) -> None:
    source = "from dataclasses import dataclass\n@dataclass\nclass M:\n    a: int\nasync def PUT(m: M, id: int):\n    return {}\n"

    assert project({"[id]/route.py": source}).request("PUT", "/x", body=b"{").status == 404


@pytest.mark.parametrize(
    ("signature", "target", "shown"),
    [
        ("rest", "/a/b%2Fc", "['a', 'b/c']"),
        ("rest: list", "/a", "['a']"),
        ("rest: list[str]", "/a/b", "['a', 'b']"),
        ("rest: list[int]", "/1/2", "[1, 2]"),
        ("params", "/1/2", "{'rest': ['1', '2']}"),
    ],
)
def test_a_catch_all_is_a_list(project: Make, signature: str, target: str, shown: str) -> None:
    source = handler(signature, f"repr({signature.partition(':')[0]})")

    assert project({"[...rest]/route.py": source}).get(target).text == shown


def test_a_catch_all_whose_items_do_not_convert_is_a_404(project: Make) -> None:
    assert project({"[...rest]/route.py": handler("rest: list[int]", "rest")}).get("/1/x").status == 404


@pytest.mark.parametrize("annotation", ["str", "int", "set[str]"])
def test_a_catch_all_that_is_annotated_as_anything_else_is_an_error_of_the_route_file(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]], annotation: str
) -> None:
    assert project({"[[...rest]]/route.py": handler(f"rest: {annotation}", "1")}).get("/a").status == 500

    (line,) = log_lines()
    problem = f"it is a catch-all, a list of strings, not {annotation}. Annotate it list[str]."
    assert problem in line["exception"]


@pytest.mark.parametrize(
    ("signature", "shown"),
    [
        ("rest", "[]"),
        ("rest: list[str]", "[]"),
        ("rest: list[str] | None", "None"),
        ("rest: list[str] = ()", "()"),
        ("params", "{}"),
    ],
)
def test_an_optional_catch_all_at_its_base_path_is_empty_none_or_its_default(
    project: Make, signature: str, shown: str
) -> None:
    source = handler(signature, f"repr({signature.partition(':')[0]})")

    assert project({"shop/[[...rest]]/route.py": source}).get("/shop").text == shown


def test_a_segment_with_a_dash_is_among_the_params(project: Make) -> None:
    assert project({"[my-id]/route.py": handler("params", "params['my-id']")}).get("/seven").text == "seven"


@pytest.mark.parametrize("future", [False, True])
@pytest.mark.parametrize(
    ("signature", "query", "shown"),
    [
        ("a: str", "?a=x", "'x'"),
        ("a: str", "?a=", "''"),
        ("a: str", "?a=1&a=2", "'2'"),
        ("a: int", "?a=7", "7"),
        ("a: int = 1", "", "1"),
        ("a: int = 1", "?a=2", "2"),
        ("a=1", "?a=2", "2"),
        ("a=1.5", "?a=2", "2.0"),
        ("a=True", "?a=off", "False"),
        ("a='x'", "?a=2", "'2'"),
        ("a=None", "?a=2", "'2'"),
        ("a: int | None", "", "None"),
        ("a: Optional[int]", "?a=3", "3"),
        ("a: int | None = 5", "", "5"),
        ("a: bool = False", "?a=on", "True"),
        ("a: UUID", f"?a={SOME_UUID}", f"UUID('{SOME_UUID}')"),
        ("a: Colour", "?a=red", "<Colour.RED: 'red'>"),
        ("a: Literal['asc', 'desc'] = 'asc'", "?a=desc", "'desc'"),
        ("a: datetime", "?a=2026-01-02T03:04:05", "datetime.datetime(2026, 1, 2, 3, 4, 5)"),
        ("a: list[str]", "?a=1&b=2&a=3", "['1', '3']"),
        ("a: list[int]", "", "[]"),
        ("a: list", "?a=x", "['x']"),
        ("a: set[int]", "?a=1&a=1", "{1}"),
        ("a: tuple[int, ...]", "?a=1&a=2", "(1, 2)"),
        ("a: tuple", "?a=1", "('1',)"),
        ("a: list[int] | None", "", "None"),
        ("a: list[int] = (1,)", "", "(1,)"),
        ("a: Annotated[list[str], Query('tag')]", "?tag=1&tag=2", "['1', '2']"),
        ("a: Annotated[int, Query] = 3", "?a=4", "4"),
        ("a: Annotated[int, Query()] | None", "?a=4", "4"),
        ("a: Any", "?a=4", "'4'"),
        ("*, a: int", "?a=4", "4"),
        ("a: str", "?a=%C3%A4+b%26", "'ä b&'"),
    ],
)
def test_any_other_scalar_is_a_query_parameter(
    project: Make, signature: str, query: str, shown: str, future: bool
) -> None:
    assert project(handler(signature, "repr(a)", future=future)).get(f"/x{query}").text == shown


@pytest.mark.parametrize(
    ("signature", "headers", "shown"),
    [
        ("user_agent: Annotated[str, Header()]", [("User-Agent", "curl")], "'curl'"),
        ("user_agent: Annotated[str, Header]", [("User-Agent", "curl")], "'curl'"),
        ("user_agent: Annotated[str | None, Header()]", [], "None"),
        ("user_agent: Annotated[str, Header()] | None", [], "None"),
        ("user_agent: Annotated[str, Header()] = 'none'", [], "'none'"),
        ("user_agent: Annotated[int, Header('X-Number')]", [("x-number", "7")], "7"),
        ("user_agent: Annotated[str, Header('X')]", [("x", "1"), ("X", "2")], "'1, 2'"),
        ("user_agent: Annotated[list[str], Header('X')]", [("x", "1"), ("X", "2")], "['1', '2']"),
        ("user_agent: Annotated[str, Cookie('n')]", [("Cookie", "n=%20v")], "' v'"),
        ("user_agent: Annotated[int, Cookie]", [("Cookie", "user_agent=7")], "7"),
        ("user_agent: Annotated[str | None, Cookie()]", [("Cookie", "other=7")], "None"),
    ],
)
def test_a_marker_takes_it_from_a_header_or_cookie(
    project: Make, signature: str, headers: list[tuple[str, str]], shown: str
) -> None:
    assert project(handler(signature, "repr(user_agent)")).get("/x", headers).text == shown


def test_every_problem_is_named_with_its_field(project: Make) -> None:
    signature = (
        "page: int, limit: int, tags: list[int], fine: int = 1, sort: Literal['asc', 'desc'] = 'asc', "
        "user_agent: Annotated[str, Header()] = '', number: Annotated[int, Header('X-Number')] = 0, session: Annotated[str, Cookie()] = ''"
        ", *, key: Annotated[str, Cookie()]"
    )

    response = project(handler(signature, "1")).get("/x?page=x&tags=1&tags=y&sort=up", [("x-number", "z")])

    assert (response.status, response.header("content-type")) == (400, "application/problem+json")
    assert response.json() == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "the request has fields that are not valid",
        "instance": "/x",
        "request_id": "request-1",
        "errors": [
            {"field": "page", "message": "must be an integer"},
            {"field": "limit", "message": "is required"},
            {"field": "tags", "message": "must be an integer"},
            {"field": "sort", "message": "must be one of asc, desc"},
            {"field": "X-Number", "message": "must be an integer"},
            {"field": "key", "message": "is required"},
        ],
    }


@pytest.mark.parametrize(
    ("signature", "problem"),
    [
        (
            "ids",
            "argument 'ids': it is not a captured segment and has neither annotation nor default. Rename it to 'id', or",
        ),
        (
            "reqest",
            "argument 'reqest': it is not a captured segment and has neither annotation nor default. Rename it to 'request'",
        ),
        ("wholly_other", "Annotate it as a query parameter or a body, or take id, request, params or context."),
        ("a: bytes", "argument 'a': bytes is not a supported parameter type. Use str, int, float"),
        ("a: tuple[int, int]", "repeated values have no fixed number. Write tuple[T, ...] or list[T]."),
        ("a: Missing", "its annotation 'Missing' cannot be read: name 'Missing' is not defined. Import it outside"),
        (
            "id: list[str]",
            "argument 'id': it is one segment, not list[str]. Annotate it str, or name its folder '[...name]'.",
        ),
        ("id, /", "a handler's arguments are given by name. Remove the '/' from its signature."),
        ("a: A, b: B", "the body cannot be a and b at once. Make one model with a field for each"),
    ],
)
def test_an_argument_that_nothing_can_fill_is_an_error_of_the_route_file(
    project: Make, log_lines: Callable[[], list[dict[str, Any]]], signature: str, problem: str
) -> None:
    models = "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\nB = dataclass(type('B', (), {}))\n"
    source = handler(signature, "1", future=True).replace(IMPORTS, f"{IMPORTS}{models}")

    assert project({"[id]/route.py": source}).get("/7").status == 500
    (line,) = log_lines()
    assert line["exception_name"] == "RouteFileError"
    assert problem in line["exception"]


@pytest.mark.parametrize(
    ("signature", "target", "shown"),
    [
        ("a: int = 3", "?a=", "3"),
        ("a: int | None = None", "?a=", "None"),
        ("a: int | None", "?a=", "None"),
        ("a: int = 3", "?a=1&a=", "1"),
        ("a: Annotated[list[int], Query()] = []", "?a=&a=1", "[1]"),
        ("a: list[int]", "?a=", "[]"),
        ("a: bool = True", "?a=", "True"),
        ("a: date | None = None", "?a=", "None"),
        ("a: Literal['x', 'y'] = 'y'", "?a=", "'y'"),
        ("a: Literal['', 'y'] = 'y'", "?a=", "''"),
        ("a: str = 'x'", "?a=", "''"),
        ("a: str | None = None", "?a=", "''"),
        ("a: list[str] = ['x']", "?a=", "['']"),
        ("a: int | str = 3", "?a=", "''"),
    ],
)
def test_an_empty_value_is_absent_where_there_is_a_default_and_the_type_has_no_empty_value(
    project: Make, signature: str, target: str, shown: str
) -> None:
    assert project({"x/route.py": handler(signature, "repr(a)")}).get(f"/x{target}").text == shown


def test_an_empty_value_without_a_default_is_a_problem(project: Make) -> None:
    response = project({"x/route.py": handler("a: int", "repr(a)")}).get("/x?a=")

    assert response.json()["errors"] == [{"field": "a", "message": "must be an integer"}]


@pytest.mark.parametrize(
    ("signature", "cookie", "status", "shown"),
    [
        ("a: Annotated[int, Cookie()] = 3", "a=old", 200, "3"),
        ("a: Annotated[int | None, Cookie()]", "a=old", 200, "None"),
        ("a: Annotated[int, Cookie()] = 3", "a=", 200, "3"),
        ("a: Annotated[int, Cookie()] = 3", "a=4", 200, "4"),
        ("a: Annotated[int, Cookie()]", "a=old", 400, None),
    ],
)
def test_a_stale_cookie_counts_as_absent_where_there_is_a_default(
    project: Make, signature: str, cookie: str, status: int, shown: str | None
) -> None:
    routes = project({"x/route.py": handler(signature, "repr(a)")})

    response = routes.request("GET", "/x", [("cookie", cookie)])

    assert (response.status, response.text if shown else None) == (status, shown)


@pytest.mark.parametrize(
    "signature",
    [
        "a: Annotated[list[str], Query()] = ['x']",
        "a: Annotated[set[str], Query()] = {'x'}",
        "a: Annotated[list[str], Header()] = ['x']",
        "a: Annotated[list[str] | None, Header()] = ['x']",
        "a: list[str]",
    ],
)
def test_a_default_that_a_handler_changes_is_fresh_for_each_request(project: Make, signature: str) -> None:
    routes = project(
        {"x/route.py": handler(signature, "len(list(map((getattr(a, 'append', 0) or a.add), 'yz'))) and sorted(a)")}
    )

    assert routes.get("/x").json() == routes.get("/x").json() != ["y", "z", "y", "z"]


def test_the_default_of_a_catch_all_is_fresh_for_each_request(project: Make) -> None:
    for signature in ("rest: list[str]", "rest: list[str] = ['a']"):
        routes = project({"[[...rest]]/route.py": handler(signature, "rest.append('b') or rest")})

        assert routes.get("/").json() == routes.get("/").json()


def test_a_default_that_cannot_be_copied_is_the_same_for_all(project: Make) -> None:
    source = (
        IMPORTS
        + "import threading\nlock = [threading.Lock()]\nasync def GET(a: Annotated[Any, Query()] = lock):\n    return str(a is lock)\n"
    )

    assert project({"x/route.py": source}).get("/x").text == "True"
