"""Return annotations: types besides FastAPI's (tests/conformance/returns.py has those), refusals, streams, rows of databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]
    Lines = Callable[[], list[dict[str, Any]]]

MODELS = """\
import sqlite3
from collections.abc import *
from dataclasses import dataclass, field
from typing import *
import msgspec
import pydantic
from edgeroutes import Response, Status
T = TypeVar("T")
@dataclass
class Out:
    id: int
    name: str = "x"
@dataclass
class InDB(Out):
    password: str = "secret"
@dataclass
class Area:
    width: int
    height: int = 1
    size: int = field(init=False)
    def __post_init__(self):
        self.size = self.width * self.height
@dataclass
class Page(Generic[T]):
    items: list[T]
    more: Optional["Page[T]"] = None
class Struct(msgspec.Struct, rename="camel", tag="struct"):
    user_id: int
    nick_name: str = "n"
    extra: int | msgspec.UnsetType = msgspec.UNSET
class StructInDB(Struct, tag="db"):
    password: str = "secret"
class Short(msgspec.Struct, omit_defaults=True, array_like=False):
    a: int = 1
    b: int = 2
class Both(TypedDict):
    out: Out
    struct: Struct
class Own:
    def __json__(self):
        return {"own": 1}
class Plain:
    id = 3
    user_id = 3
    name = "plain"
    password = "secret"

def row():
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    found = connection.execute("select 1 as id, 'row' as name, 'secret' as password").fetchone()
    connection.close()
    return found
"""


@pytest.mark.parametrize(
    ("returns", "result", "wanted"),
    [
        ("Out", "row()", {"id": 1, "name": "row"}),
        ("list[Out]", "(each for each in [InDB(1), Plain()])", [{"id": 1, "name": "x"}, {"id": 3, "name": "plain"}]),
        ("Struct", "StructInDB(1)", {"type": "struct", "userId": 1, "nickName": "n"}),
        ("Struct", "{'userId': 1, 'password': 2}", {"type": "struct", "userId": 1, "nickName": "n"}),
        ("Struct", "Plain()", {"type": "struct", "userId": 3, "nickName": "n"}),
        ("Short", "Short(b=3)", {"b": 3}),
        ("Both", "{'out': InDB(1), 'struct': StructInDB(2), 'password': 1}",
         {"out": {"id": 1, "name": "x"}, "struct": {"type": "struct", "userId": 2, "nickName": "n"}}),
        ("Area", "{'width': 2, 'height': 3}", {"width": 2, "height": 3, "size": 6}),
        ("Area", "Area(2)", {"width": 2, "height": 1, "size": 2}),
        ("Page[Out]", "Page([InDB(1)], Page([InDB(2)]))",
         {"items": [{"id": 1, "name": "x"}], "more": {"items": [{"id": 2, "name": "x"}], "more": None}}),
        ("Page", "Page([1])", {"items": [1], "more": None}),
        ("Own", "Own()", {"own": 1}),
        ("Out | Struct", "StructInDB(1)", {"type": "struct", "userId": 1, "nickName": "n"}),
        ("Out | dict[str, int]", "{'a': 1}", {"a": 1}),
        ("Out | Annotated[pydantic.BaseModel, 'x']", "InDB(1)", {"id": 1, "name": "x"}),
        ("int | str | None", "None", None),
        ("'Out'", "InDB(1)", {"id": 1, "name": "x"}),
        ("list['Out']", "[InDB(1)]", [{"id": 1, "name": "x"}]),
        ("Awaitable[Out]", "InDB(1)", {"id": 1, "name": "x"}),
        ("Out | Response", "Response.json({'password': 1})", {"password": 1}),
        ("Annotated[Response, 'x']", "Response.json(1)", 1),
        ("Out", "Response.json({'password': 1})", {"password": 1}),
        ("Iterable[Out]", "{1: InDB(1)}.values()", [{"id": 1, "name": "x"}]),
        ("object", "InDB(1)", {"id": 1, "name": "x", "password": "secret"}),
        ("dict[str, object]", "{'a': InDB(1)}", {"a": {"id": 1, "name": "x", "password": "secret"}}),
    ],
)  # fmt: skip
def test_a_value_becomes_its_annotation(project: Make, returns: str, result: str, wanted: Any) -> None:
    response = project(f"{MODELS}\nasync def GET() -> {returns}:\n    return {result}\n").get("/x")

    assert (response.status, response.json()) == (200, wanted)


@pytest.mark.parametrize(
    ("returns", "result", "problem"),
    [
        ("Out", "{'name': 'x'}", "id: is missing"),
        ("dict[str, list[Out]]", "{'a': [InDB('x')]}", "a.0.id: must be an integer"),
        ("Out", "3", "must be Out, a mapping or an object with its attributes (got int)"),
        ("str", "{'password': 1}", "must be a str (got dict)"),
        ("dict", "[1]", "must be a mapping (got list)"),
        ("Struct", "{}", "userId: is missing"),
        ("list[Out]", "InDB(1)", "must be a list (got InDB)"),
        ("int", "'x'", "must be an integer"),
    ],
)
def test_a_value_that_does_not_fit_is_a_500_that_the_log_explains(
    project: Make, log_lines: Lines, returns: str, result: str, problem: str
) -> None:
    response = project(f"{MODELS}\nasync def GET() -> {returns}:\n    return {result}\n").get("/x")

    (line,) = log_lines()
    assert (response.status, response.json()["detail"]) == (500, "the server could not handle the request")
    assert f"a value that its return annotation does not allow: {problem}" in line["exception"]


def test_none_is_still_a_missing_return(project: Make, log_lines: Lines) -> None:
    assert project(f"{MODELS}\ndef GET() -> Out:\n    pass\n").get("/x").status == 500
    assert "the handler returned None" in log_lines()[0]["exception"]


@pytest.mark.parametrize(
    ("returns", "problem"),
    [
        ("Plain", "the return type Plain cannot be used to convert a response"),
        ("list[Plain]", "the return type Plain cannot be used"),
        ("Callable[[], int]", "cannot be used to convert a response"),
        ("Annotated[Out, Status(204)]", "status 204 has no body"),
        ("Annotated[Response, Status(201)]", "Status has no effect on a Response"),
        ("Annotated[Out, Status]", "needs one Status(…) with a number"),
        ("list[Annotated[Out, Status(201)]]", "Status has no effect inside the return annotation"),
        ("'Missing'", "'Missing' cannot be read"),
    ],
)
def test_an_annotation_without_effect_is_refused_with_its_line(
    project: Make, log_lines: Lines, returns: str, problem: str
) -> None:
    routes = project(f"{MODELS}\ndef GET() -> {returns}:\n    return {{}}\n")

    assert routes.get("/x").status == 500
    explained = log_lines()[0]["exception"]
    assert problem in explained
    assert f"x/route.py:{len(MODELS.splitlines()) + 2}, GET" in explained


@pytest.mark.parametrize("status", ["99", "600", "'201'", "True", "201.0"])
def test_a_status_outside_200_to_599_is_refused_when_the_file_is_loaded(
    project: Make, log_lines: Lines, status: str
) -> None:
    routes = project(f"{MODELS}\ndef GET() -> Annotated[Out, Status({status})]:\n    return InDB(1)\n")

    assert routes.get("/x").status == 500
    assert "the status must be a number from 200 to 599" in log_lines()[0]["exception"]


def test_a_status_is_set_with_and_without_a_model(project: Make) -> None:
    routes = project(
        {
            "a/route.py": f"{MODELS}\ndef GET() -> Annotated[Out, Status(201)]:\n    return InDB(1)\n",
            "b/route.py": f"{MODELS}\ndef GET() -> Annotated[Any, Status(202)]:\n    return 'text'\n",
            "c/route.py": f"{MODELS}\ndef GET() -> Annotated[None, Status(204)]:\n    pass\n",
            "d/route.py": f"{MODELS}\ndef GET() -> Annotated[Out | Response, Status(201)]:\n    return Response('x', 203)\n",
        }
    )

    found = [routes.get(f"/{name}") for name in "abcd"]
    assert [each.status for each in found] == [201, 202, 204, 203]
    assert (found[2].body, found[2].header("content-type")) == (b"", None)


def test_a_generator_of_models_is_ndjson_with_each_item_converted(project: Make) -> None:
    sources = {
        "a/route.py": f"{MODELS}\nasync def GET() -> AsyncIterator[Out]:\n    yield InDB(1)\n    yield Plain()\n",
        "b/route.py": f"{MODELS}\ndef GET() -> Iterator[dict[str, object]]:\n    yield {{'a': 1}}\n",
        "c/route.py": f"{MODELS}\ndef GET() -> Annotated[Iterator[str], Status(202)]:\n    yield 'text'\n",
    }
    routes = project(sources)

    first, second, third = (routes.get(f"/{name}") for name in "abc")
    assert (first.header("content-type"), first.body) == (
        "application/x-ndjson",
        b'{"id":1,"name":"x"}\n{"id":3,"name":"plain"}\n',
    )
    assert second.body == b'{"a":1}\n'
    assert (third.status, third.header("content-type"), third.body) == (202, "text/plain; charset=utf-8", b"text")


def test_names_for_type_checkers_alone_are_found_where_they_change_nothing(project: Make) -> None:
    source = """
from __future__ import annotations
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from edgeroutes import Response
async def GET() -> AsyncIterator[str] | Response:
    yield "a"
"""
    assert project(source).get("/x").body == b"a"


def test_a_wrapped_handler_has_the_annotation_that_python_reports(project: Make) -> None:
    source = f"""{MODELS}
from functools import wraps
def logged(function):
    @wraps(function)
    async def call(*args, **kwargs):
        return await function(*args, **kwargs)
    return call
@logged
async def GET() -> Out:
    return InDB(1)
"""
    assert project(source).get("/x").json() == {"id": 1, "name": "x"}


def test_a_text_of_an_annotated_type_stays_text(project: Make) -> None:
    response = project(f"{MODELS}\ndef GET() -> Literal['a', 'b']:\n    return 'a'\n").get("/x")

    assert (response.header("content-type"), response.body) == ("text/plain; charset=utf-8", b"a")
