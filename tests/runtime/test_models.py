from __future__ import annotations

import json
import resource
from typing import Annotated, Any, Literal

import msgspec
import pydantic
import pytest

from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.problem import Problems, render_path
from edgeroutes.runtime.models import fields_converter, json_reader, model_annotations, model_validator


class Item(pydantic.BaseModel):
    n: int


class Order(pydantic.BaseModel):
    title: Annotated[str, pydantic.Field(min_length=2)]
    items: list[Item] = []
    first_name: str = pydantic.Field(default="", alias="firstName")

    @pydantic.model_validator(mode="after")
    def check(self) -> Order:
        if self.title == "no":
            raise ValueError("no is not a title")
        return self


class ItemStruct(msgspec.Struct):
    n: int


class OrderStruct(msgspec.Struct, rename="camel"):
    title: Annotated[str, msgspec.Meta(min_length=2)]
    items: list[ItemStruct] = []
    first_name: str = ""


def read(model: Any, body: bytes) -> tuple[Any, list[list[str]]]:
    problems = Problems()
    return json_reader(model, "x")(body, problems), shown(problems)


def shown(problems: Problems) -> list[list[str]]:
    return [[render_path(path), message] for path, message in problems]


def test_a_body_becomes_the_model() -> None:
    body = b'\xef\xbb\xbf {"title": "ab", "items": [{"n": 1}], "firstName": "Ada"}'

    assert read(Order, body) == (Order(title="ab", items=[Item(n=1)], firstName="Ada"), [])
    assert read(OrderStruct, body) == (OrderStruct("ab", [ItemStruct(1)], "Ada"), [])


@pytest.mark.parametrize(
    ("model", "body", "problems"),
    [
        (
            Order,
            b'{"title": "a", "items": [{"n": 1}, {"n": "x"}, {}]}',
            [
                ["title", "String should have at least 2 characters"],
                ["items.1.n", "Input should be a valid integer, unable to parse string as an integer"],
                ["items.2.n", "Field required"],
            ],
        ),
        (Order, b'{"title": "no"}', [["", "Value error, no is not a title"]]),
        (Order, b"[]", [["", "Input should be an object"]]),
        (
            OrderStruct,
            b'{"title": "ab", "items": [{"n": 1}, {"n": "x"}]}',
            [["items.1.n", "Expected `int`, got `str`"]],
        ),
        (OrderStruct, b'{"items": []}', [["title", "is required"]]),
        (OrderStruct, b'{"title": "ab", "items": [{}]}', [["items.0.n", "is required"]]),
        (OrderStruct, b"[]", [["", "Expected `object`, got `array`"]]),
    ],
)
def test_the_librarys_problems_have_our_form(model: Any, body: bytes, problems: list[list[str]]) -> None:
    assert read(model, body) == (None, problems)


@pytest.mark.parametrize("model", [Order, OrderStruct])
@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"title": "ab"} x'])
def test_a_body_that_is_not_json_is_reported(model: Any, body: bytes) -> None:
    with pytest.raises(HTTPError, match="400 the request body is not valid JSON: "):
        read(model, body)


def test_a_value_inside_another_model_is_validated_too() -> None:
    problems = Problems()

    assert model_validator(Item, "x")({"n": 1}, problems) == Item(n=1)
    assert model_validator(ItemStruct, "x")({"n": 1}, problems) == ItemStruct(1)
    assert problems == []
    assert model_validator(ItemStruct, "x")({"n": "1"}, problems) is None
    assert shown(problems) == [["n", "Expected `int`, got `str`"]]


def test_a_forms_texts_are_converted_by_the_library() -> None:
    problems = Problems()

    assert fields_converter(Item, "x")({"n": "1"}, problems) == Item(n=1)
    assert fields_converter(ItemStruct, "x")({"n": "1"}, problems) == ItemStruct(1)
    assert problems == []
    assert fields_converter(ItemStruct, "x")({}, problems) is None
    assert shown(problems) == [["n", "is required"]]


def test_fields_have_the_names_that_a_form_has_for_them() -> None:
    assert list(model_annotations(Order, "x")) == ["title", "items", "first_name", "firstName"]
    assert list(model_annotations(OrderStruct, "x")) == ["title", "items", "firstName"]


class Prices(pydantic.BaseModel):
    net: float = pydantic.Field(alias="netPrice")
    more: dict[str, float] = {}
    inner: list[Prices] = []


class Unlimited(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(allow_inf_nan=True)
    limit: float


FINITE = "must be a finite number of at most 4300 digits"


@pytest.mark.parametrize("number", ['"inf"', '"-Infinity"', '" NaN "', '"1e400"'])
def test_a_string_that_pydantic_takes_for_an_infinity_is_a_problem_of_its_field(number: str) -> None:
    body = f'{{"netPrice": 1, "more": {{"a": {number}}}, "inner": [{{"netPrice": {number}}}]}}'.encode()

    problems = read(Prices, body)[1]

    assert sorted(problems) == [["inner.0.netPrice", FINITE], ["more.a", FINITE]]
    assert model_validator(Prices, "x")({"netPrice": "inf"}, nested := Problems()) is not None
    assert shown(nested) == [["netPrice", FINITE]]
    assert fields_converter(Prices, "x")({"netPrice": "inf"}, posted := Problems()) is not None
    assert shown(posted) == [["netPrice", FINITE]]


def test_a_model_that_wants_infinities_gets_them_from_strings() -> None:
    assert read(Unlimited, b'{"limit": "inf"}') == (Unlimited(limit=float("inf")), [])


@pytest.mark.parametrize("model", [Order, OrderStruct])
@pytest.mark.parametrize("number", [b"1e400", b"NaN", b"-Infinity", rb'"\ud800"'])
def test_what_no_response_could_hold_is_400_with_its_field_for_libraries_too(model: Any, number: bytes) -> None:
    with pytest.raises(HTTPError) as raised:
        read(model, b'{"title": "ab", "items": [{"n": ' + number + b"}]}")

    assert [error["field"] for error in raised.value.errors] == ["items.0.n"]


def test_of_many_problems_pydantics_first_ones_are_listed_and_of_very_many_none() -> None:
    many = read(Order, b'{"title": "ab", "items": [' + b"1," * 999 + b"1]}")[1]
    too_many = read(Order, b'{"title": "ab", "items": [' + b"1," * 99_999 + b"1]}")[1]

    assert (len(many), many[100][0]) == (101, "items.100")
    assert too_many == [["", "has 100000 problems, too many to list"]]


class Named(pydantic.BaseModel):
    numbers: dict[str, dict[str, int]]


def test_problems_with_long_paths_are_not_listed_with_each_path_repeated() -> None:
    value = {"numbers": {"k" * 9_000: {str(number): "x" for number in range(3_000)}}}
    problems = [read(Named, json.dumps(value).encode())[1], Problems()]
    model_validator(Named, "x")(value, problems[1])
    assert [len(each) for each in problems] == [1, 1]
    short = read(Named, json.dumps({"numbers": {"k": {str(number): "x" for number in range(9_990)}}}).encode())[1]
    assert (len(short), short[0][0]) == (101, "numbers.k.0")


def test_a_body_of_long_paths_is_not_given_to_pydantic() -> None:
    """It would make a gigabyte of problems before anybody can stop it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(HTTPError, match="400 the body has too many values under long names"):
        read(Named, json.dumps({"numbers": {"k" * 100_000: dict.fromkeys(map(str, range(9_990)), "x")}}).encode())
    with pytest.raises(HTTPError, match="too deep in each other"):
        read(Node, b'{"children":[' * 100 + b"1," * 100_000 + b"1" + b"]}" * 100)
    with pytest.raises(HTTPError, match="too many values under long names"):
        model_validator(Named, "x")(
            {"numbers": {"k" * 100_000: dict.fromkeys(map(str, range(9_990)), "x")}}, Problems()
        )
    assert read(Named, json.dumps({"numbers": {"k" * 100: dict.fromkeys(map(str, range(9_990)), 1)}}).encode())[1] == []
    assert read(Node, b'{"children":[' * 5 + b"{}," * 10_000 + b"{}" + b"]}" * 5)[1] == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


class Both(pydantic.BaseModel):
    both: list[Both | Either | str]


class Either(pydantic.BaseModel):
    both: list[Both | Either | str]


class Early(pydantic.BaseModel):
    """Its schema waits for what is defined after it."""

    parts: list[Early | Late | Later] = []


class Late(pydantic.BaseModel):
    late: int
    parts: list[Early | Late | Later] = []


class Later(pydantic.BaseModel):
    later: int
    parts: list[Early | Late | Later] = []


class Deferred(pydantic.BaseModel, defer_build=True):
    parts: list[Deferred | Deferring | str] = []


class Deferring(pydantic.BaseModel, defer_build=True):
    parts: list[Deferred | Deferring | str] = []


class Tagged(pydantic.BaseModel):
    kind: Literal["tagged"]
    parts: list[Annotated[Tagged | Other, pydantic.Field(discriminator="kind")]]


class Other(pydantic.BaseModel):
    kind: Literal["other"]
    parts: list[Annotated[Tagged | Other, pydantic.Field(discriminator="kind")]]


class Node(pydantic.BaseModel):
    children: list[Node | str] = []


def tree(levels: int, name: str, more: str = "") -> bytes:
    return (f'{{{more}"{name}":[' * levels + "]}" * levels).encode()


def test_a_recursive_union_without_discriminator_is_not_given_a_deep_body(capsys: pytest.CaptureFixture[str]) -> None:
    assert read(Both, tree(12, "both"))[1] == []
    with pytest.raises(HTTPError, match="400 the body is nested too deep: 12 objects in each other are allowed"):
        read(Both, tree(13, "both"))
    assert "discriminator" in capsys.readouterr().out
    with pytest.raises(HTTPError, match="nested too deep"):
        model_validator(Both, "x")(json.loads(tree(13, "both")), Problems())


@pytest.mark.parametrize("model", [Early, Late, Later, Deferred, Deferring])
def test_a_model_whose_schema_is_not_built_yet_is_not_either(model: Any) -> None:
    body = tree(14, "parts")
    with pytest.raises(HTTPError, match="nested too deep"):
        read(model, body)
    with pytest.raises(HTTPError, match="nested too deep"):
        model_validator(model, "x")(json.loads(body), Problems())


def test_a_recursive_union_is_not_given_many_objects_in_each_other() -> None:
    """Each of the innermost ones would be tried 3⁵ times."""
    assert read(Early, b'{"parts":[' * 5 + b"{}," * 100 + b"{}" + b"]}" * 5)[1] == []
    with pytest.raises(HTTPError, match="400 the body has too many objects in each other"):
        read(Early, b'{"parts":[' * 5 + b"{}," * 300_000 + b"{}" + b"]}" * 5)


@pytest.mark.parametrize(
    ("model", "body"), [(Tagged, tree(60, "parts", '"kind":"tagged",')), (Node, tree(60, "children"))]
)
def test_other_models_nest_as_deep_as_pydantic_takes(model: Any, body: bytes) -> None:
    assert read(model, body)[1] == []


@pytest.mark.parametrize("model", [Node, Order, OrderStruct])
def test_what_is_nested_too_deep_for_the_library_is_400(model: Any) -> None:
    with pytest.raises(HTTPError, match="400 "):
        read(model, b'{"title": "ab", "children": ' + b"[" * 100_000)
