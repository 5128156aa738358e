"""Constraints in annotations (U1): enforced wherever a value comes from, or an error before anything runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

IMPORTS = """\
import enum
import math
import msgspec
import annotated_types as at
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, NewType, Optional, TypedDict, NotRequired
from typing_extensions import Doc, TypeAliasType
from pydantic import (
    AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field, HttpUrl, PositiveInt, StrictInt, StringConstraints,
    SecretStr, conint, conlist, constr, condecimal, RootModel,
)
import pydantic.dataclasses
from edgeroutes.http.parameters import Body
from edgeroutes import Cookie, Form, Header, Query, RouteContext
class Level(enum.IntEnum):
    LOW = 1
    HIGH = 9
def even(value):
    if value % 2:
        raise ValueError("must be even")
    return value
def is_odd(value):
    return value % 2 == 1
Page = NewType("Page", Annotated[int, at.Ge(1)])
Size = TypeAliasType("Size", Annotated[int, at.Le(9)])
"""
SLUG = "Annotated[str, Query(pattern='^[a-z]+$')]"
# Annotation; a value that fits; one that does not; the message.
SCALARS: list[tuple[str, str, str, str]] = [
    ("Annotated[int, Field(ge=1, le=100)]", "1", "0", "must be >= 1"),
    ("Annotated[int, Field(ge=1, le=100)]", "100", "101", "must be <= 100"),
    ("Annotated[int, at.Ge(1)]", "1", "0", "must be >= 1"),
    ("Annotated[int, at.Gt(1)]", "2", "1", "must be > 1"),
    ("Annotated[int, at.Le(1)]", "1", "2", "must be <= 1"),
    ("Annotated[int, at.Lt(1)]", "0", "1", "must be < 1"),
    ("Annotated[int, at.Interval(gt=0, lt=9)]", "8", "9", "must be < 9"),
    ("Annotated[int, at.MultipleOf(5)]", "15", "16", "must be a multiple of 5"),
    ("Annotated[float, at.MultipleOf(0.1)]", "0.3", "0.35", "must be a multiple of 0.1"),
    ("Annotated[Decimal, at.MultipleOf(Decimal('0.01'))]", "0.03", "0.035", "must be a multiple of 0.01"),
    ("Annotated[float, at.Ge(0.5)]", "0.5", "0.4", "must be >= 0.5"),
    ("Annotated[Decimal, at.Ge(1)]", "1.0", "0.9", "must be >= 1"),
    ("Annotated[date, at.Ge(date(2020, 1, 1))]", "2020-01-01", "2019-12-31", "must be >= 2020-01-01"),
    ("Annotated[str, at.MinLen(2)]", "ab", "a", "must have at least 2 characters"),
    ("Annotated[str, at.MaxLen(1)]", "a", "ab", "must have at most 1 character"),
    ("Annotated[str, at.Len(2, 3)]", "abc", "abcd", "must have at most 3 characters"),
    ("Annotated[int, at.Predicate(is_odd)]", "3", "4", "must satisfy is_odd"),
    ("Annotated[int, at.Predicate(lambda n: n > 3)]", "4", "3", "has a value that is not allowed"),
    ("Annotated[int, at.Predicate(at.Not(is_odd))]", "4", "3", "has a value that is not allowed"),
    ("Annotated[int, at.Not(is_odd)]", "4", "3", "has a value that is not allowed"),
    ("at.LowerCase[str]", "a", "A", "must satisfy str.islower"),
    ("Annotated[datetime, at.Timezone(None)]", "2020-01-01T00:00:00", "2020-01-01T00:00:00+00:00", "must not have a timezone"),
    ("Annotated[datetime, at.Timezone(...)]", "2020-01-01T00:00:00+00:00", "2020-01-01T00:00:00", "must have a timezone"),
    ("Annotated[datetime, at.Timezone('UTC')]", "2020-01-01T00:00:00+00:00", "2020-01-01T00:00:00+01:00", "must have the timezone UTC"),
    ("Annotated[int, msgspec.Meta(ge=1, description='d')]", "1", "0", "must be >= 1"),
    ("Annotated[str, msgspec.Meta(pattern='^a')]", "ab", "ba", "must match the pattern ^a"),
    ("Annotated[datetime, msgspec.Meta(tz=True)]", "2020-01-01T00:00:00+00:00", "2020-01-01T00:00:00", "must have a timezone"),
    ("PositiveInt", "1", "0", "must be > 0"),
    ("conint(ge=1, multiple_of=2)", "2", "3", "must be a multiple of 2"),
    ("constr(min_length=2)", "ab", "a", "must have at least 2 characters"),
    ("constr(pattern='^a+$')", "aa", "b", "String should match pattern '^a+$'"),
    ("Annotated[str, Field(pattern='^a+$')]", "aa", "b", "String should match pattern '^a+$'"),
    ("Annotated[str, StringConstraints(to_upper=True, max_length=2)]", "ab", "abc", "String should have at most 2 characters"),
    ("condecimal(max_digits=3)", "12.3", "12.34", "Decimal input should have no more than 3 digits in total"),
    ("Annotated[int, AfterValidator(even)]", "2", "3", "Value error, must be even"),
    ("Annotated[int, AfterValidator(even), Query(le=4)]", "4", "6", "must be <= 4"),
    ("Annotated[int, BeforeValidator(lambda text: int(str(text), 16)), at.Le(16)]", "10", "11", "Input should be less than or equal to 16"),
    ("AwareDatetime", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00", "Input should have timezone info"),
    ("HttpUrl", "https://a.example/", "ftp://a.example/", "URL scheme should be 'http' or 'https'"),
    ("Page", "1", "0", "must be >= 1"),
    ("Size", "9", "10", "must be <= 9"),
    ("Annotated[Page, at.Le(9)]", "9", "10", "must be <= 9"),
    ("Annotated[Level, at.Ge(5)]", "9", "1", "must be >= 5"),
    ("Annotated[Literal[1, 2, 3], at.Le(2)]", "2", "3", "must be <= 2"),
    ("Annotated[int | None, Field(ge=1)]", "1", "0", "must be >= 1"),
    ("Optional[Annotated[int, Field(ge=1)]]", "1", "0", "must be >= 1"),
    ("Annotated[int, at.Ge(1)] | Annotated[str, at.MaxLen(2)]", "ab", "abc", "must be an integer or must have at most 2 characters"),
    ("Annotated[int | float, at.Ge(1)]", "1.5", "0.5", "must be >= 1"),
    ("Annotated[int, at.Ge(1), 'documentation', Doc('more'), at.Unit('px')]", "1", "0", "must be >= 1"),
]  # fmt: skip


def route(source: str) -> dict[str, str]:
    return {"x/route.py": IMPORTS + source}


def messages(response: Any) -> list[dict[str, str]]:
    assert response.status == 400, response.text
    errors: list[dict[str, str]] = response.json()["errors"]
    return errors


@pytest.mark.parametrize(("annotation", "good", "bad", "message"), SCALARS)
def test_a_constraint_holds_for_a_string_from_the_query_and_in_a_list(
    project: Make, annotation: str, good: str, bad: str, message: str
) -> None:
    one = project(route(f"async def GET(a: {annotation}):\n    return 'fits'\n"))
    assert one.get(f"/x?a={quote(good)}").text == "fits"
    assert messages(one.get(f"/x?a={quote(bad)}")) == [{"field": "a", "message": message}]

    if "None" not in annotation and "Optional" not in annotation:
        many = project(route(f"async def GET(a: Annotated[list[{annotation}], Query()]):\n    return 'fits'\n"))
        assert many.get(f"/x?a={quote(good)}").text == "fits"
        assert messages(many.get(f"/x?a={quote(good)}&a={quote(bad)}")) == [{"field": "a", "message": message}]


@pytest.mark.parametrize(("annotation", "good", "bad", "message"), SCALARS)
def test_a_constraint_holds_in_the_fields_of_a_query_model_and_of_a_form(
    project: Make, annotation: str, good: str, bad: str, message: str
) -> None:
    routes = project(
        route(
            f"@dataclass\nclass Model:\n    a: {annotation}\n"
            "async def GET(m: Annotated[Model, Query()]):\n    return 'fits'\n"
            "async def POST(m: Model):\n    return 'fits'\n"
        )
    )
    assert routes.get(f"/x?a={quote(good)}").text == "fits"
    assert messages(routes.get(f"/x?a={quote(bad)}")) == [{"field": "a", "message": message}]
    assert routes.post_form("/x", f"a={quote(good)}").text == "fits"
    assert messages(routes.post_form("/x", f"a={quote(bad)}")) == [{"field": "a", "message": message}]


JSON_VALUES = [row for row in SCALARS if "BeforeValidator" not in row[0]]


def as_json(value: str, annotation: str) -> str:
    is_text = any(
        kind in annotation for kind in ("str", "date", "Date", "Len", "Lower", "constr", "Url", "Decimal", "decimal")
    )
    return f'"{value}"' if is_text or not value[0].isdigit() else value


@pytest.mark.parametrize("row", JSON_VALUES, ids=str)
@pytest.mark.parametrize(
    ("source", "shape", "field"),
    [
        ("@dataclass\nclass Model:\n    a: {0}\n", '{{"a": {0}}}', "a"),
        ("class Model(TypedDict):\n    a: NotRequired[{0}]\n", '{{"a": {0}}}', "a"),
        ("class Model(NamedTuple):\n    a: {0}\n", "[{0}]", "a"),
        ("@dataclass\nclass Model:\n    a: dict[str, list[{0}]]\n", '{{"a": {{"k": [{0}]}}}}', "a.k.0"),
    ],
)
def test_a_constraint_holds_in_the_fields_of_a_body(
    project: Make, row: tuple[str, str, str, str], source: str, shape: str, field: str
) -> None:
    annotation, good, bad, message = row
    routes = project(route(source.format(annotation) + "async def POST(m: Model):\n    return 'fits'\n"))
    assert routes.post_json("/x", json.loads(shape.format(as_json(good, annotation)))).text == "fits"
    (error,) = messages(routes.post_json("/x", json.loads(shape.format(as_json(bad, annotation)))))
    assert error["field"] == field
    assert message in error["message"] or "|" in annotation


@pytest.mark.parametrize(
    ("argument", "sent"),
    [
        ("a: Annotated[int, Query(ge=2, lt=9)]", "query"),
        ("a: Annotated[int, Header(ge=2, lt=9)]", "header"),
        ("a: Annotated[int, Cookie(ge=2, lt=9)]", "cookie"),
        ("a: Annotated[int, Form(ge=2, lt=9)]", "form"),
        ("a: Annotated[int, Body(ge=2, lt=9)]", "json"),
    ],
)
def test_our_own_markers_take_constraints(project: Make, argument: str, sent: str) -> None:
    routes = project(route(f"async def POST({argument}):\n    return 'fits'\nGET = POST\n"))

    def send(value: str) -> Any:
        if sent == "form":
            return routes.post_form("/x", f"a={value}")
        if sent == "json":
            return routes.post_json("/x", int(value))
        headers = {"header": [("A", value)], "cookie": [("Cookie", f"a={value}")]}.get(sent, [])
        return routes.get(f"/x?a={value}", headers)

    assert [send(value).text for value in ("2", "8")] == ["fits", "fits"]
    assert [messages(send(value))[0]["message"] for value in ("1", "9")] == ["must be >= 2", "must be < 9"]


@pytest.mark.parametrize(
    ("signature", "query", "expected"),
    [
        (f"a: {SLUG}", "a=Ab", "must match the pattern ^[a-z]+$"),
        ("a: Annotated[list[int], Query(min_length=2)]", "a=1", "must have at least 2 items"),
        ("a: Annotated[list[int], Query(min_length=1)]", "", "must have at least 1 item"),
        ("a: Annotated[set[int], Query(max_length=1)]", "a=1&a=2", "must have at most 1 item"),
        ("a: conlist(int, max_length=1)", "a=1&a=2", "must have at most 1 item"),
        ("a: Annotated[list[Annotated[int, at.Ge(1)]], at.MaxLen(2)]", "a=0", "must be >= 1"),
        ("a: Annotated[list[int], AfterValidator(sorted), Field(max_length=1)]", "a=1&a=2", "should have at most 1 item"),
        ("a: Annotated[str, Query(min_length=3)] = 'none'", "a=", "must have at least 3 characters"),
        ("a: Annotated[str, Query(min_length=3)] = 'none'", "", None),
        ("a: Annotated[int, Query(ge=3)] = 1", "a=", None),
    ],
)  # fmt: skip
def test_lengths_and_defaults(project: Make, signature: str, query: str, expected: str | None) -> None:
    response = project(route(f"async def GET({signature}):\n    return 'fits'\n")).get(f"/x?{query}")
    if expected is None:
        assert response.text == "fits"
    else:
        assert expected in messages(response)[0]["message"]


@pytest.mark.parametrize(
    ("annotation", "captured", "statuses"),
    [
        ("Annotated[int, Field(ge=1)]", ("1", "0"), [200, 404]),
        ("PositiveInt", ("1", "0"), [200, 404]),
        ("Annotated[str, at.MinLen(2)]", ("ab", "a"), [200, 404]),
        ("Annotated[str, Field(pattern='^a')]", ("ab", "b"), [200, 404]),
        ("Annotated[int, AfterValidator(even)]", ("2", "3"), [200, 404]),
    ],
)
def test_a_segment_that_breaks_a_constraint_is_a_404(
    project: Make, annotation: str, captured: tuple[str, ...], statuses: list[int]
) -> None:
    source = f"{IMPORTS}async def GET(id: {annotation}):\n    return 'fits'\n"
    rest = f"{IMPORTS}async def GET(rest: Annotated[list[{annotation}], at.MaxLen(2)]):\n    return 'fits'\n"
    routes = project({"one/[id]/route.py": source, "all/[...rest]/route.py": rest})

    assert [routes.get(f"/one/{value}").status for value in captured] == statuses
    assert [routes.get(f"/all/{captured[0]}/{value}").status for value in captured] == statuses
    assert routes.get("/all/" + "/".join(captured[:1] * 3)).status == 404


def test_a_validator_may_change_the_value_once(project: Make) -> None:
    source = (
        "Plus = Annotated[int, AfterValidator(lambda n: n + 1)]\n@dataclass\nclass M:\n    a: Plus\n"
        "async def POST(m: M):\n    return m\nasync def GET(a: Plus):\n    return {'a': a}\n"
    )
    routes = project(route(source))
    assert routes.get("/x?a=1").json() == {"a": 2}
    assert routes.post_json("/x", {"a": 1}).json() == {"a": 2}
    assert routes.post_form("/x", "a=1").json() == {"a": 2}


REFUSED = [
    ("a: Annotated[int, Query(min_length=1)]", "min_length=1 is not possible for int"),
    ("a: Annotated[str, Query(ge=1)]", "ge=1 is not possible for str"),
    ("a: Annotated[bool, Query(ge=1)]", "ge=1 is not possible for bool"),
    ("a: Annotated[int, Query(pattern='x')]", "pattern='x' is not possible for int"),
    ("a: Annotated[str, Query(pattern='(')]", "pattern='(' is not a regular expression"),
    ("a: Annotated[int, Query(ge='1')]", "ge='1' is not possible for int"),
    ("a: Annotated[int | str, at.Ge(1)]", "ge=1 is not possible for str"),
    ("a: Annotated[list[int], Query(ge=1)]", "Constrain the items"),
    ("a: Annotated[str, Query(min_length=-1)]", "min_length=-1 is not possible"),
    ("a: Annotated[int, Query(multiple_of=0)]", "multiple_of=0 is not possible"),
    ("a: Annotated[int, Query(ge=5, le=4)]", "ge=5 and le=4 allow no value"),
    ("a: Annotated[str, Query(min_length=5, max_length=4)]", "min_length=5 and max_length=4 allow no value"),
    ("a: Annotated[date, at.Ge(1)]", "ge=1 is not possible for date"),
    ("a: Annotated[Any, at.Ge(1)]", "ge=1 is not possible for"),
    ("a: Annotated[str, at.Timezone(None)]", "tz=None is not possible for str"),
    ("a: Annotated[int, at.Ge]", "may be a constraint, and edgeroutes cannot enforce it"),
    ("a: Annotated[int, is_odd]", "may be a constraint, and edgeroutes cannot enforce it"),
    ("a: Annotated[int, Strange()]", "may be a constraint, and edgeroutes cannot enforce it"),
    ("a: Annotated[int, Field(alias='b')]", "Field(alias='b') has no effect here"),
    ("a: Annotated[int, Field(default=3)]", "Field(default=…) has no effect here"),
    ("a: int = Query(ge=1)", "Allowed are values. Write 'a: Annotated[T, …] = value'"),
    ("a: int = Field(1, ge=1)", "Allowed are values. Write 'a: Annotated[T, …] = value'"),
    ("a: Annotated[int, Field(min_length=1), AfterValidator(even)]", "min_length=1 is not possible for int"),
    ("a: Defaulted", "Defaulted.n: its default is"),
    ("a: OfStruct", "msgspec does not enforce"),
    ("a: OfModel", "pydantic does not enforce"),
    ("a: OfOurs", "has no effect inside a model of a library"),
    ("a: Annotated[Plain, Query(ge=1)]", "ge=1 is not possible for Plain"),
    ("a: Annotated[Nested, Query()]", "Plain cannot be read from a query"),
    ("a: Annotated[NestedModel, Query()]", "Deep cannot be read from a query"),
    ("a: dict, b: list[Plain]", "the body cannot be a and b at once"),
    ("a: Annotated[int, Body('n')]", "Body('n') has a name"),
    ("a: Wrong", "Wrong.n: min_length=1 is not possible for int"),
]
CLASSES = """\
class Strange:
    min_length = 3
@dataclass
class Plain:
    n: int = 0
@dataclass
class Nested:
    plain: Plain
@dataclass
class Defaulted:
    n: int = Field(1, ge=1)
@dataclass
class Wrong:
    n: Annotated[int, at.MinLen(1)]
class OfStruct(msgspec.Struct):
    n: PositiveInt
class OfModel(BaseModel):
    n: list[Annotated[int, msgspec.Meta(ge=1)]]
class Deep(BaseModel):
    any: BaseModel
class NestedModel(BaseModel):
    inner: Deep | None = None
class OfOurs(BaseModel):
    n: Annotated[int, Query(ge=1)]
"""


@pytest.mark.parametrize(("signature", "expected"), REFUSED)
def test_what_cannot_be_enforced_is_an_error_of_the_route_file(
    project: Make, caplog: pytest.LogCaptureFixture, signature: str, expected: str
) -> None:
    routes = project(route(f"{CLASSES}async def GET({signature}):\n    return 1\n"), debug=True)
    response = routes.get("/x?a=1")

    assert response.status == 500
    assert expected in response.text.replace('\\"', '"')


def test_a_pydantic_dataclass_validates_itself(project: Make) -> None:
    source = (
        "@pydantic.dataclasses.dataclass\nclass M:\n    n: Annotated[int, Field(ge=1)]\n"
        "async def POST(m: M):\n    return m\n"
    )
    routes = project(route(source))
    assert routes.post_json("/x", {"n": 1}).json() == {"n": 1}
    assert messages(routes.post_json("/x", {"n": 0})) == [
        {"field": "n", "message": "Input should be greater than or equal to 1"}
    ]
